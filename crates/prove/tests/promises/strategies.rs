//! What is made up can be run, and shows itself as a file that says the same.

use mta::Shipped;
use mtasim_prove::{Case, cases, never_corrupts};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_case_is_the_file_it_shows_itself_as(case in cases(&Shipped::EXCHANGE_4_0_994_2)) {
        prop_assert_eq!(case.scenario.check(), vec![]);
        let shown = format!("{case:?}");
        prop_assert_eq!(Case::read("shown", &shown), Ok(case));
    }
}

#[test]
#[ignore]
fn timings() {
    use proptest::strategy::ValueTree;
    for build in Shipped::ALL {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let strategy = cases(&build);
        let start = std::time::Instant::now();
        let (mut leaks, mut corrupts, mut acks, mut heals) = (0, 0, 0, 0);
        let mut slow = (0, String::new());
        for _ in 0..100 {
            let case = strategy.new_tree(&mut runner).unwrap().current();
            let begun = std::time::Instant::now();
            let outcome = case.run(build).unwrap();
            let took = begun.elapsed().as_millis();
            if took > slow.0 {
                slow = (
                    took,
                    format!("{case:?} {} {}", outcome.events, outcome.steps),
                );
            }
            leaks += u32::from(mtasim_prove::never_leaks(&outcome).is_err());
            corrupts += u32::from(never_corrupts(&outcome).is_err());
            acks += u32::from(mtasim_prove::every_acknowledged_message_arrives(&outcome).is_err());
            if let Err(e) = mtasim_prove::recovers_after_healing(&outcome) {
                heals += 1;
                println!("{e} {case:?}");
            }
        }
        println!(
            "{} {:?} leaks {leaks} corrupts {corrupts} acks {acks} heals {heals} slow {} {}",
            build.version(),
            start.elapsed(),
            slow.0,
            slow.1
        );
    }
}
