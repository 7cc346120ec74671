//! Sweeps: workers, resuming, nondeterminism, grids.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use config::plan::ViolationKind;
use explore::sweep::results_error::ResultsError;
use explore::sweep::summary::Summary;
use explore::sweep::{StopReason, SweepError, SweepPlan};
use explore::{Custom, ShippedBuilds, sweep};
use simulation::Options;
use simulation::outcome::{Stop, Violation};
use tempfile::tempdir;

use crate::fixture::{assert_same, files, plan, swept};

#[test]
fn results_do_not_depend_on_the_number_of_workers() {
    let folder = tempdir().expect("a folder");
    let plan = plan("0..24", &[]);
    let one = folder.path().join("one");
    let alone = swept(&plan, &one);
    assert_eq!(alone.stop_reason, StopReason::Complete);
    let total = alone.statistics.total();
    assert_eq!(total.runs, 24);
    assert!(0 < total.failing && total.failing < 24, "{}", total.failing);
    assert!(0 < total.rechecked && total.rechecked <= total.runs);
    for jobs in [2, 5] {
        let many = folder.path().join(jobs.to_string());
        let plan = SweepPlan {
            jobs: NonZeroUsize::new(jobs).expect("some"),
            ..plan.clone()
        };
        swept(&plan, &many);
        assert_same(&one, &many);
    }
}

#[test]
fn a_stopped_sweep_resumes() {
    let folder = tempdir().expect("a folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let plan = plan("3..19", &["host.PARIS.cpus=1,2"]);
    swept(&plan, &whole);
    let early = SweepPlan {
        stop_after: Some(2),
        ..plan.clone()
    };
    let stopped = swept(&early, &parts);
    assert_eq!(stopped.stop_reason, StopReason::EnoughFailures);
    assert_eq!(stopped.statistics.total().failing, 2);
    assert!(!Summary::of(&stopped.statistics).complete);
    // As if the process had been killed in the middle of a line.
    let results = parts.join("seeds.jsonl");
    let length = fs::metadata(&results).expect("results").len();
    let file = OpenOptions::new()
        .write(true)
        .open(&results)
        .expect("results");
    file.set_len(length - 7).expect("a shorter file");
    let resumed = swept(&plan, &parts);
    assert_eq!(resumed.resumed + 1, stopped.statistics.total().runs);
    assert_same(&whole, &parts);
    // Once more, with nothing left to do.
    assert_eq!(swept(&plan, &parts).resumed, 32);
    assert_same(&whole, &parts);
}

#[test]
fn a_directory_with_something_else_is_rejected_and_unchanged() {
    let folder = tempdir().expect("a folder");
    let out = folder.path().join("out");
    swept(&plan("0..4", &[]), &out);
    let before = files(&out);
    let rejection = |plan: SweepPlan| {
        let out = Some(out.clone());
        let plan = SweepPlan { out, ..plan };
        match sweep(&plan, Arc::new(ShippedBuilds), |_| {}) {
            Err(SweepError::Results(ResultsError::Foreign(_, what))) => what,
            other => panic!("{other:?}"),
        }
    };
    let seeds = rejection(plan("0..5", &[]));
    assert_eq!(seeds, "it holds another sweep: seeds 0..4 instead of 0..5");
    let varied = rejection(plan("0..4", &["host.PARIS.cpus=1,2"]));
    assert!(
        varied.contains("axes [] instead of [host.PARIS.cpus=1,2]"),
        "{varied}"
    );
    assert_eq!(files(&out), before);
    // A foreign file with a name that a sweep would write stays as it is.
    for name in ["seeds.jsonl", "summary.json", "grid.csv"] {
        let strange = folder.path().join(format!("with {name}"));
        fs::create_dir(&strange).expect("a folder");
        fs::write(strange.join(name), "mine\n").expect("a file");
        let plan = SweepPlan {
            out: Some(strange.clone()),
            ..plan("0..4", &[])
        };
        match sweep(&plan, Arc::new(ShippedBuilds), |_| {}) {
            Err(SweepError::Results(error)) => {
                let what = format!("it has a {name} but no sweep.json; it is left as it is");
                assert!(error.to_string().ends_with(&what), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let mine = [(name.to_owned(), b"mine\n".to_vec())];
        assert_eq!(files(&strange), mine.into());
    }
}

#[test]
fn a_directory_that_cannot_be_created_is_reported() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let plan = SweepPlan {
        out: Some(file.join("below")),
        ..plan("0..4", &[])
    };
    match sweep(&plan, Arc::new(ShippedBuilds), |_| {}) {
        Err(SweepError::Results(ResultsError::Io(path, _))) => assert_eq!(path, file.join("below")),
        other => panic!("{other:?}"),
    }
}

/// The subject runs every second time with another seed.
#[test]
fn nondeterminism_stops_a_sweep_and_names_the_first_difference() {
    let calls = AtomicU64::new(0);
    let shaky = Custom(move |plan: &config::plan::Scenario, seed, options| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        let mut outcome = explore::run(plan, seed + call % 2, options)?;
        outcome.seed = seed;
        Ok(outcome)
    });
    let plan = SweepPlan {
        recheck: 1,
        ..plan("5..9", &[])
    };
    let ended = sweep(&plan, Arc::new(shaky), |_| {}).expect("it runs");
    assert_eq!(ended.stop_reason, StopReason::Nondeterminism);
    assert_eq!(ended.nondeterministic.len(), 1);
    assert_eq!(ended.nondeterministic[0].seed, 5);
    assert_eq!(
        ended.statistics.total().runs,
        0,
        "a nondeterministic run is not counted"
    );
    let message = ended.nondeterministic[0].divergence.to_string();
    assert!(message.contains("first differing record: "), "{message}");
}

/// A sample so small that no seed of these tests is in it.
const NO_SAMPLE: u64 = 1 << 40;

#[test]
fn the_first_run_of_a_signature_is_made_twice() {
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    let counted = Custom(move |plan: &config::plan::Scenario, seed, options| {
        counter.fetch_add(1, Ordering::Relaxed);
        explore::run(plan, seed, options)
    });
    let plan = SweepPlan {
        recheck: NO_SAMPLE,
        ..plan("0..12", &[])
    };
    let ended = sweep(&plan, Arc::new(counted), |_| {}).expect("it runs");
    let total = ended.statistics.total();
    let signatures = total.signatures.len() as u64;
    assert!(total.failing > signatures, "several runs fail alike");
    assert!(0 < total.rechecked && total.rechecked <= signatures);
    assert_eq!(calls.load(Ordering::Relaxed), total.runs + total.rechecked);
}

/// Every run but the first of a seed has another seed.
#[test]
fn a_first_failure_that_does_not_come_again_stops_a_sweep() {
    let seen = Mutex::new(BTreeSet::new());
    let shaky = Custom(move |plan: &config::plan::Scenario, seed: u64, options| {
        let is_first = seen.lock().expect("no panic").insert(seed);
        let seed_of_run = if is_first { seed } else { seed + 1_000 };
        let mut outcome = explore::run(plan, seed_of_run, options)?;
        outcome.seed = seed;
        Ok(outcome)
    });
    let plan = SweepPlan {
        recheck: NO_SAMPLE,
        ..plan("0..12", &[])
    };
    let ended = sweep(&plan, Arc::new(shaky), |_| {}).expect("it runs");
    assert_eq!(ended.stop_reason, StopReason::Nondeterminism);
    assert_eq!(ended.nondeterministic.len(), 1);
    assert_eq!(ended.statistics.total().failing, 0, "it is not counted");
}

#[test]
fn until_first_ends_a_run_at_its_first_failure_and_changes_nothing_before() {
    let scenario = &plan("0..1", &[]).points[0].scenario;
    let options = Options {
        keep_records: false,
    };
    let run = |until_first: Option<&str>, seed| {
        let scenario = config::plan::Scenario {
            until_first: until_first.map(str::to_owned),
            ..scenario.clone()
        };
        explore::run(&scenario, seed, options).expect("it runs")
    };
    let mut failing = 0;
    for seed in 0..12 {
        let whole = run(None, seed);
        assert_eq!(run(Some("exception"), seed).digest, whole.digest);
        let leak = |it: &&Violation| it.kind == ViolationKind::ControlBlockLeak;
        let Some(first) = whole.violations.iter().find(leak) else {
            assert_eq!(run(Some("control-block-leak"), seed).digest, whole.digest);
            continue;
        };
        failing += 1;
        for name in ["control-block-leak", &first.signature()] {
            let early = run(Some(name), seed);
            assert_eq!(early.stop, Stop::FirstFailure, "{name}, seed {seed}");
            assert!(early.violations.contains(first), "{name}, seed {seed}");
            assert!(early.simulated >= first.at && early.events < whole.events);
            let same = early.violations.len();
            assert_eq!(early.violations, whole.violations[..same]);
        }
    }
    assert!(failing > 0);
}

#[test]
fn a_panic_names_its_seed_and_earlier_results_are_kept() {
    let folder = tempdir().expect("a folder");
    let faulty = Custom(|plan: &config::plan::Scenario, seed, options| {
        assert_ne!(seed, 6, "this panic is intended");
        explore::run(plan, seed, options)
    });
    let plan = SweepPlan {
        out: Some(folder.path().to_owned()),
        jobs: NonZeroUsize::new(3).expect("some"),
        ..plan("4..40", &[])
    };
    match sweep(&plan, Arc::new(faulty), |_| {}) {
        Err(SweepError::Panicked(6)) => {}
        other => panic!("{other:?}"),
    }
    let results = fs::read_to_string(folder.path().join("seeds.jsonl")).expect("results");
    assert_eq!(results.lines().count(), 2);
}

#[test]
fn a_grid_has_a_line_for_each_point() {
    let axis = "connector.paris-lyon.session_disconnect=120s,600s";
    let plan = plan("0..12", &[axis]);
    let done = sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("it runs");
    let summary = Summary::of(&done.statistics);
    let [short, long] = &summary.grid[..] else {
        panic!("{:?}", summary.grid);
    };
    assert_eq!((short.runs, long.runs), (12, 12));
    // Q193894, Q200259: a longer timer is the workaround.
    assert!(short.failing.runs > 0);
    assert_eq!(long.failing.runs, 0);
    let table = summary.to_csv().expect("a grid");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].starts_with("connector.paris-lyon.session_disconnect,runs,failing,unknown,rate,")
    );
    assert!(
        lines[2].starts_with("600s,12,0,0,0.000000,"),
        "{}",
        lines[2]
    );
    let page = summary.to_human(|_| String::new());
    assert!(page.contains("session_disconnect=600s"), "{page}");
}

/// With two jobs two runs execute at the same time: each waits in the middle of its run for the
/// other.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "one run waits for the other to start"
)]
fn two_jobs_are_two_runs_at_once() {
    let under_way = Arc::new(AtomicU64::new(0));
    let met = Arc::new(AtomicU64::new(0));
    let (counted, seen) = (Arc::clone(&under_way), Arc::clone(&met));
    let subject = Custom(move |scenario: &config::plan::Scenario, seed, options| {
        counted.fetch_add(1, Ordering::SeqCst);
        for _ in 0..2_000 {
            if counted.load(Ordering::SeqCst) == 2 {
                seen.fetch_add(1, Ordering::SeqCst);
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let outcome = explore::run(scenario, seed, options);
        counted.fetch_sub(1, Ordering::SeqCst);
        outcome
    });
    let plan = SweepPlan {
        jobs: NonZeroUsize::new(2).expect("some"),
        recheck: 0,
        ..plan("0..2", &[])
    };
    sweep(&plan, Arc::new(subject), |_| {}).expect("it runs");
    assert!(met.load(Ordering::SeqCst) >= 1);
    assert_eq!(under_way.load(Ordering::SeqCst), 0);
}
