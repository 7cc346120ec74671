//! Generated scenarios of every shape: no run panics, message counts agree, and the fixed builds
//! violate no property under any scheduler.

mod generator;
mod unexpected_findings;

use std::collections::BTreeMap;

use generator::Builds;
use unexpected_findings::check;

fn campaign(cases: std::ops::Range<u64>, builds: Builds) {
    let mut wrong: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let (mut opened, mut faults) = (0, 0);
    for case in cases.clone() {
        let checked = std::panic::catch_unwind(|| check(case, builds));
        let found = match checked {
            Ok((outcome, found)) => {
                opened += outcome.associations.opened;
                faults += outcome.faults.values().sum::<u64>();
                found
            }
            Err(_) => vec!["panic".to_owned()],
        };
        for what in found {
            let name = what.split(" on ").next().unwrap_or(&what).to_owned();
            wrong.entry(name).or_default().push(case);
        }
    }
    let count = cases.end - cases.start;
    assert!(opened > count && faults > count, "the cases do too little");
    assert!(wrong.is_empty(), "cases by what is wrong: {wrong:#?}");
}

#[test]
fn fixed_builds_violate_no_property() {
    campaign(0..40, Builds::Fixed);
}

#[test]
fn no_build_makes_us_panic() {
    campaign(0..40, Builds::All);
}

#[test]
#[ignore = "campaign: minutes"]
fn fixed_builds_violate_no_property_in_many_cases() {
    campaign(1_000..4_000, Builds::Fixed);
}

#[test]
#[ignore = "campaign: minutes"]
fn no_build_makes_us_panic_in_many_cases() {
    campaign(1_000..4_000, Builds::All);
}
