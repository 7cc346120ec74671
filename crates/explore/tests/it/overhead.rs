//! The overhead of a sweep over its runs.

#![expect(clippy::print_stdout, reason = "a measurement is made for its number")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "how long it takes is what is measured"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use explore::{ShippedBuilds, Subject, sweep};
use simulation::Options;

use crate::fixture::{plan_with, swept};

const REPETITIONS: usize = 5;

/// Times the same seeds alone, in a sweep with statistics only, and in one that writes results and
/// capsules, alternating. Prints the median overhead of each.
#[test]
#[ignore = "measures: for a release build on a quiet machine"]
fn overhead_of_a_sweep() {
    let mut plan = plan_with("0..40", &["duration=10h", "workload.mail.end=8h"]);
    plan.recheck = 0;
    let mut added = [Vec::new(), Vec::new()];
    for _ in 0..REPETITIONS {
        let alone = time(|| {
            for seed in 0..40 {
                let options = Options {
                    keep_records: false,
                };
                let outcome = ShippedBuilds.run(&plan.points[0].scenario, seed, options);
                assert!(outcome.is_ok(), "the link can be calibrated");
            }
        });
        let counted = time(|| {
            sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("it needs no folder");
        });
        let folder = tempfile::tempdir().expect("a folder");
        let kept = time(|| {
            swept(&plan, folder.path());
        });
        for (added, swept) in added.iter_mut().zip([counted, kept]) {
            added.push(swept.as_secs_f64() / alone.as_secs_f64() - 1.0);
        }
    }
    for (name, mut added) in ["counting", "with --out"].into_iter().zip(added) {
        added.sort_by(f64::total_cmp);
        println!(
            "{name}: {:.1} % (median of {added:.3?})",
            100.0 * added[REPETITIONS / 2]
        );
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}
