//! Printing and loading are inverse to each other; the content hash.

use proptest::prelude::*;

use super::{FULL, SMALL, load};
use crate::format::key::printer::{self, Detail};

#[test]
fn every_key_survives_print_and_load() {
    for text in [FULL, SMALL] {
        let scenario = load(text);
        let brief = scenario.to_toml();
        assert_eq!(load(&brief), scenario, "{brief}");
        assert_eq!(load(&brief).to_toml(), brief);
        let full = printer::document(&scenario, Detail::Full);
        assert_eq!(load(&full), scenario, "{full}");
    }
}

#[test]
fn the_full_file_prints_as_it_was_reviewed() {
    insta::assert_snapshot!("canonical", load(FULL).to_toml());
}

#[test]
fn the_hash_sees_every_setting_and_no_layout() {
    let scenario = load(SMALL);
    let spaced = SMALL.replace('\n', "\n\n# a remark\n");
    assert_eq!(load(&spaced).content_hash(), scenario.content_hash());
    let explicit = SMALL.replace("duration =", "seed = 1\nduration =");
    assert_eq!(load(&explicit).content_hash(), scenario.content_hash());
    let other = SMALL.replace("duration =", "seed = 2\nduration =");
    assert_ne!(load(&other).content_hash(), scenario.content_hash());
}

#[test]
fn files_of_other_systems_mean_the_same() {
    let scenario = load(SMALL);
    assert_eq!(load(&SMALL.replace('\n', "\r\n")), scenario);
    assert_eq!(load(&format!("\u{feff}{SMALL}")), scenario);
}

#[test]
fn a_known_scenario_keeps_its_hash() {
    // Reports and capsules contain hashes: a change of this one needs a new HASH_CONTEXT.
    let hash = load(SMALL).content_hash();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digits,
        "ab273710dc58f3cdbd0693b6829f80f19e4f951357999ab78390830d26137347"
    );
}

fn any_duration() -> impl Strategy<Value = kernel::Duration> {
    (1_u64..86_400_000_000_000).prop_map(kernel::Duration::from_nanos)
}

fn any_ratio() -> impl Strategy<Value = kernel::Ratio> {
    (0_u64..=50, 50_u64..=100).prop_map(|(above, below)| {
        kernel::Ratio::new(above, below).expect("above is not more than below")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_plans_survive_too(
        title in "[^\\x00]{1,40}",
        seed in any::<u64>(),
        delays in (any_duration(), any_duration()),
        shares in (any_ratio(), any_ratio()),
        offset in -1_000_000_000_i64..1_000_000_000,
        flow in any::<u64>(),
        queue in 1_500_u64..1_000_000,
    ) {
        let mut scenario = load(FULL);
        scenario.title = title;
        scenario.seed = seed;
        let link = scenario.links.get_mut("wan").expect("the file has it");
        link.forward.delay = kernel::Duration::from_nanos(delays.0.nanos() / 24);
        link.backward.jitter = kernel::Duration::from_nanos(delays.1.nanos() / 24);
        link.forward.corrupt = shares.0;
        link.backward.duplicate = shares.1;
        link.backward.queue = crate::plan::ByteSize(queue);
        let host = scenario.hosts.get_mut("LYON").expect("the file has it");
        host.clock_offset.nanos = offset;
        scenario.pins.drop[0].flow = flow;
        let text = scenario.to_toml();
        let again = crate::file::load("again", text.as_bytes(), &[]);
        prop_assert_eq!(again.as_ref().ok(), Some(&scenario), "{}", text);
    }
}
