//! What a user sees of a bug in mtasim itself: a panic, or a run that is not reproduced.
//!
//! Nothing is planted in the program: a user's build panics, and a capsule has the digest of another
//! run.

use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use config::file;
use explore::repro::capsule::Capsule;
use explore::run_builds;
use mta::{
    BlockState, Build, CloseAction, LockName, Shipped, Structure, StructureOperation, TimeoutAction,
};
use simulation::Options;

use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";

/// A build that panics as soon as a session's timer expires.
#[derive(Debug)]
struct Faulty(Shipped);

impl Build for Faulty {
    fn base(&self) -> Shipped {
        self.0
    }

    fn guard(&self, structure: Structure, operation: StructureOperation) -> Option<LockName> {
        self.0.guard(structure, operation)
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        panic!("no answer for {state:?}")
    }

    fn on_close_request(&self, state: BlockState) -> CloseAction {
        self.0.on_close_request(state)
    }

    fn checks_instance(&self) -> bool {
        self.0.checks_instance()
    }

    fn asserts_owner(&self) -> bool {
        self.0.asserts_owner()
    }
}

#[test]
fn a_panic_names_time_scenario_and_seed() {
    let bytes = include_bytes!("../sims/casebook/q303102-cb-leak.toml");
    let scenario = file::load(LEAK, bytes, &[]).expect("a scenario");
    let builds: Vec<Rc<dyn Build>> = vec![
        Rc::new(Shipped::EXCHANGE_5_5_2655_16),
        Rc::new(Faulty(Shipped::EXCHANGE_5_5_2653_23)),
    ];
    let options = Options {
        keep_records: false,
    };
    let run = AssertUnwindSafe(|| run_builds(&scenario, 1, &builds, options));
    let cause = panic::catch_unwind(run).expect_err("a timer expires in every run");
    let reported = cause.downcast_ref::<String>().expect("a text");
    let (at, rest) = reported
        .strip_prefix("at ")
        .and_then(|it| it.split_once(" of "))
        .expect("a time comes first");
    // The session's timer takes 120 s, so none can expire before.
    assert!(at.starts_with("0:") && at > "0:02:00", "{reported}");
    assert_eq!(
        rest,
        "\"Control blocks leak until none is left\", seed 1: no answer for Connecting"
    );
}

#[test]
fn a_run_that_is_not_what_it_was_ends_with_code_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let some = ["sweep", LEAK, "--seeds", "0..1", "--set", "duration=1h"];
    let rest = ["--set", "workload.mail.end=1h", "--set", "fault={}"];
    let kept = ["--out", argument(&out)];
    // Whether the short run is as expected does not matter here.
    mtasim(&[&some[..], &rest, &kept].concat());
    let capsules = std::fs::read_dir(out.join("capsules")).expect("capsules");
    let path = capsules.map(|it| it.expect("one").path()).next();
    let path = path.expect("the run fails");
    code(&mtasim(&["replay", argument(&path)]), 0);
    // The same build saved a run of another seed under this one's name.
    let mut capsule = Capsule::parse(&std::fs::read(&path).expect("a file")).expect("a capsule");
    capsule.seed += 1;
    let other = folder.path().join("other.toml");
    std::fs::write(&other, capsule.to_text()).expect("it can be written");
    let output = mtasim(&["replay", argument(&other)]);
    code(&output, 3);
    assert!(text(&output.stdout).contains("FAIL: nondeterminism: same build, different run"));
}
