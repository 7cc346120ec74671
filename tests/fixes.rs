//! The gallery of wrong fixes: each is caught by a property, and the right ones are not.
//!
//! Owns the variants, what they are caught by and within how many made-up cases. Every one is an
//! honest attempt: it decides some question of the socket layer otherwise, and what becomes of
//! that is up to messages, timers and interleavings. It refuses a variant that fails on purpose.
//!
//! - `closes`: what timeouts and close requests do to a block.
//! - `locks`: what guards the shared structures.
//! - `wakes`: who is told what, and when.
//! - `right`: variants that repair the same defects and must survive.

mod closes;
mod locks;
mod right;
mod wakes;

use mta::{Build, Shipped};
use mtasim::prelude::*;
use mtasim::proptest::test_runner::TestRunner;

#[test]
#[ignore]
fn explore() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let cases_n: u32 = std::env::var("CASES")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(100);
    fn one(name: &str, build: impl Build + Clone + Send + Sync + 'static, only: &str, n: u32) {
        if !name.contains(only) {
            return;
        }
        let properties: [(&str, Property); 4] = [
            ("leaks", never_leaks),
            ("corrupts", never_corrupts),
            ("arrives", every_acknowledged_message_arrives),
            ("recovers", recovers_after_healing),
        ];
        for family in ["any", "hostile", "stalls", "clean"] {
            let minute = Duration::from_secs(60);
            let span = Duration::from_secs(1200);
            let cases = Cases::of(&build);
            let cases = match family {
                "any" => cases,
                "hostile" => cases.scheduled(hostile()),
                "stalls" => cases.over(bursty(1..=8, 30..=240)).under(stalls(4, span)),
                _ => cases
                    .over(clean())
                    .under(calm())
                    .carrying(workloads(8, minute))
                    .lasting(minute, Duration::ZERO, minute),
            }
            .strategy();
            let mut runner = TestRunner::deterministic();
            let mut counts = [0; 4];
            let mut first = [0; 4];
            let mut say: [String; 4] = Default::default();
            let start = std::time::Instant::now();
            for i in 0..n {
                use mtasim::proptest::strategy::ValueTree;
                let case = cases.new_tree(&mut runner).unwrap().current();
                let outcome = case.run(build.clone()).unwrap();
                for (k, (_, p)) in properties.iter().enumerate() {
                    if let Err(e) = p(&outcome) {
                        counts[k] += 1;
                        if first[k] == 0 {
                            first[k] = i + 1;
                            say[k] = e.to_string().chars().take(300).collect();
                        }
                    }
                }
            }
            println!(
                "{name:28} {family:8} {:?} first {:?} in {:?}",
                counts,
                first,
                start.elapsed()
            );
            if family == "any" {
                for s in say {
                    if !s.is_empty() {
                        println!("      {s}");
                    }
                }
            }
        }
    }
    one("OnlyAllocation", locks::OnlyAllocation, &only, cases_n);
    one("TwoLocks", locks::TwoLocks, &only, cases_n);
    one("LeftBetweenSteps", locks::LeftBetweenSteps, &only, cases_n);
    one("ReadsUnguarded", locks::ReadsUnguarded, &only, cases_n);
    one("HeapUnserialized", locks::HeapUnserialized, &only, cases_n);
    one("OnePicture", locks::OnePicture, &only, cases_n);
    one("InterlockedHead", locks::InterlockedHead, &only, cases_n);
    one(
        "ReleasedAtTimeout",
        closes::ReleasedAtTimeout,
        &only,
        cases_n,
    );
    one(
        "ReleasedAtTimeoutChecked",
        closes::ReleasedAtTimeoutChecked,
        &only,
        cases_n,
    );
    one("InstanceIgnored", closes::InstanceIgnored, &only, cases_n);
    one(
        "InstanceIgnored40",
        closes::InstanceIgnored40,
        &only,
        cases_n,
    );
    one("SocketLeftOpen", closes::SocketLeftOpen, &only, cases_n);
    one("ReleasedByBoth", closes::ReleasedByBoth, &only, cases_n);
    one("RestsBeforeReuse", closes::RestsBeforeReuse, &only, cases_n);
    one("LongerTimer", closes::LongerTimer, &only, cases_n);
    one("FewerAttempts", closes::FewerAttempts, &only, cases_n);
    one(
        "NoticeBeforeChange",
        wakes::NoticeBeforeChange,
        &only,
        cases_n,
    );
    one(
        "ResetAfterLooking",
        wakes::ResetAfterLooking,
        &only,
        cases_n,
    );
    one("CallsLeftWaiting", wakes::CallsLeftWaiting, &only, cases_n);
    one("R_LateClose", right::LateCloseReleases, &only, cases_n);
    one("R_TimeoutAsks", right::TimeoutOnlyAsks, &only, cases_n);
    one("R_OneLock", right::OneLock, &only, cases_n);
    one("R_CountingHead", right::CountingHead, &only, cases_n);
    one("R_Queue", right::Queue, &only, cases_n);
    one(
        "R_OnePictureOneLock",
        right::OnePictureOneLock,
        &only,
        cases_n,
    );
}
