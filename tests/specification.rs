//! Recorded runs against the specification of the control block: each record must be one that the
//! specification allows where it stands.
//!
//! - `traces`: the records of a run as lines of the specification, and the check.

mod traces;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use mtasim::file::load;
use mtasim::prelude::*;
use mtasim::property::cases as cases_of;
use mtasim::run;

use crate::fixes::closes::{
    DelayedReuse, FewerAttempts, InstanceIgnored, LongerTimer, ReleasedAtTimeout, ReleasedByBoth,
    SocketLeftOpen,
};
use crate::fixes::right::{LateCloseReleases, ReleasedWhileConnecting, TimeoutOnlyAsks};
use specification::{Forbidden, Law, Model};
use traces::{Automaton, Checked, check_run, model_of};

const FIXED: Shipped = Shipped::EXCHANGE_5_5_2655_16;
const UNFIXED: Shipped = Shipped::EXCHANGE_5_5_2653_23;
const READING_B: Shipped = Shipped::EXCHANGE_5_5_2653_23_B;

/// Runs of generated scenarios with `ran`, held against the specification with the decisions of `told`.
fn check_cases(
    ran: impl Build + Clone + Send + Sync + 'static,
    told: &impl Build,
    seed: u64,
    cases: u32,
) -> Checked {
    let mut allowed = Automaton::new(&model_of(told));
    let builds = Builds::everywhere(ran.clone());
    let mut sum = Checked::default();
    let family = cases_of(&ran);
    let all = RefCell::new((&mut sum, &mut allowed));
    let search = CaseSearch {
        seed,
        cases,
        shrink_runs: 0,
    };
    search.run(&family, |case| {
        let options = Options { keep_records: true };
        let outcome = builds.run(&case.scenario, case.scenario.seed, options);
        let outcome = outcome.expect("a generated case can be run");
        let (sum, allowed) = &mut *all.borrow_mut();
        sum.add(check_run(allowed, &outcome));
        Ok(())
    });
    sum
}

#[test]
fn recorded_runs_are_allowed() {
    for (seed, build) in [(1, FIXED), (2, UNFIXED), (3, READING_B)] {
        let checked = check_cases(build, &build, seed, 16);
        assert_eq!(checked.rejected, Vec::<String>::new(), "{}", build.name());
        assert!(checked.lines > 1_000, "{checked:?}");
    }
    for fix in 0..3 {
        let checked = match fix {
            0 => check_cases(LateCloseReleases, &LateCloseReleases, 4, 2),
            1 => check_cases(TimeoutOnlyAsks, &TimeoutOnlyAsks, 4, 2),
            _ => check_cases(ReleasedWhileConnecting, &ReleasedWhileConnecting, 4, 2),
        };
        assert_eq!(checked.rejected, Vec::<String>::new());
    }
}

#[test]
#[ignore = "campaign: 10,000 recorded runs"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_of_recorded_runs() {
    for (seed, build, cases) in [
        (11, FIXED, 4_000),
        (12, UNFIXED, 4_000),
        (13, READING_B, 2_000),
    ] {
        let checked = check_cases(build, &build, seed, cases);
        println!(
            "{}: {cases} runs, {} blocks, {} lines, {} rejected",
            build.name(),
            checked.blocks,
            checked.lines,
            checked.rejected.len()
        );
        assert_eq!(checked.rejected, Vec::<String>::new());
    }
}

/// Without this the check could accept everything: a run in which one record is missing is not allowed.
#[test]
fn a_run_without_one_of_its_records_is_rejected() {
    let mut tried = 0;
    let mut rejected = BTreeMap::new();
    let mut allowed = Automaton::new(&model_of(&UNFIXED));
    let outcome = casebook("q303102-cb-leak.toml");
    for trace in traces::of(&outcome)
        .into_iter()
        .filter(|it| it.len() >= 30)
        .take(1)
    {
        for missing in 0..30 {
            let mut shorter = trace[..40.min(trace.len())].to_vec();
            let line = shorter.remove(missing);
            tried += 1;
            let kind = format!("{line:?}");
            let kind = kind.split('(').next().unwrap_or_default().to_owned();
            let (all, found) = rejected.entry(kind).or_insert((0, 0));
            *all += 1;
            *found += u32::from(allowed.rejected_at(&shorter).is_some());
        }
    }
    let found: u32 = rejected.values().map(|it| it.1).sum();
    assert!(found * 10 >= tried * 7, "{found} of {tried}: {rejected:?}");
}

fn casebook(name: &str) -> Outcome {
    let path = format!("{}/sims/casebook/{name}", crate::ROOT);
    let text = fs::read(&path).expect("a scenario");
    let scenario = load(&path, &text, &[]).expect("it is valid");
    run(&scenario, 1, Options { keep_records: true }).expect("it can be run")
}

/// The gallery of wrong fixes that decide something in the protocol: the specification finds what each
/// does wrong in some order.
#[test]
fn the_specification_rejects_each_wrong_fix_of_closes() {
    let wrong: [(&dyn Build, Option<Forbidden>); 7] = [
        (&ReleasedAtTimeout, Some(Forbidden::ReleasesFreeBlock)),
        (&InstanceIgnored, Some(Forbidden::ReleasesOtherInstance)),
        (&DelayedReuse, Some(Forbidden::ReleasesOtherInstance)),
        (&SocketLeftOpen, Some(Forbidden::LeavesSocket)),
        (&ReleasedByBoth, Some(Forbidden::ReleasesFreeBlock)),
        (&LongerTimer, None),
        (&FewerAttempts, None),
    ];
    for (build, wrong) in wrong {
        let found = one_block(build).check();
        let is_found = match wrong {
            Some(wrong) => found.wrong.contains(&wrong),
            None => found.counterexamples.contains_key(&Law::NoBlockLeaks),
        };
        assert!(is_found, "{build:?}: {found:?}");
    }
    let right: [&dyn Build; 4] = [
        &FIXED,
        &LateCloseReleases,
        &TimeoutOnlyAsks,
        &ReleasedWhileConnecting,
    ];
    for build in right {
        let found = one_block(build).check().counterexamples;
        assert!(found.is_empty(), "{build:?}: {found:?}");
    }
}

/// A block that is used twice is enough to be leaked, and to be closed for an earlier use.
fn one_block(build: &dyn Build) -> Model {
    Model {
        blocks: 1,
        ..model_of(build)
    }
}
