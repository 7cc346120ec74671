//! Builds whose records say that all is well: the oracles find what memory and packets say.
//!
//! Each canary is judged twice: by the oracles, and by its own records alone, as oracles that believe
//! them would. The second judgment must find nothing, or the canary hides nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an oracle that believes records looks at a few of them"
)]

use kernel::JournalEntry;
use std::collections::{BTreeMap, BTreeSet};

use config::file;
use config::plan::{Build, Keyword, Scenario, ViolationKind};
use mta::{BlockIndex, EventEntry, Fact, Instance, content};
use simulation::record::Record;
use simulation::{Options, Outcome, run};

fn scenario(name: &str) -> Scenario {
    let path = format!(
        "{}/../../sims/canary/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(path).expect("a scenario of the tree");
    file::load(name, &bytes, &[]).expect("a scenario")
}

fn outcome(name: &str) -> Outcome {
    let scenario = scenario(name);
    let keep = Options { keep_records: true };
    run(&scenario, scenario.seed, keep).expect("it runs")
}

/// What the records alone say of a run.
#[derive(Debug, Default)]
struct Believed {
    in_use: BTreeMap<(u32, BlockIndex), Instance>,
    /// Blocks whose association and connection have ended and that were not released.
    forgotten: BTreeSet<(u32, BlockIndex)>,
    submitted: BTreeSet<u32>,
    arrived: BTreeSet<u32>,
    found: BTreeSet<ViolationKind>,
}

impl Believed {
    fn of(outcome: &Outcome) -> BTreeSet<ViolationKind> {
        let mut believed = Self::default();
        for JournalEntry { record, .. } in &outcome.records {
            match record {
                Record::Mta(host, _, mta::Record::Fact(fact)) => believed.add(host.0, *fact),
                Record::Mta(_, _, mta::Record::Event(entry)) => believed.add_event(entry),
                _ => {}
            }
        }
        if !believed.forgotten.is_empty() {
            believed.found.insert(ViolationKind::ControlBlockLeak);
        }
        if !believed.submitted.is_empty() {
            believed.found.insert(ViolationKind::Liveness);
        }
        believed.found
    }

    fn add(&mut self, host: u32, fact: Fact) {
        match fact {
            Fact::BlockAllocated(block) => {
                self.in_use.insert((host, block.index), block.instance);
            }
            Fact::TransportEnded(block) => {
                let place = (host, block.index);
                if self.in_use.get(&place) == Some(&block.instance) {
                    self.forgotten.insert(place);
                }
            }
            Fact::BlockReleased(block) => {
                let place = (host, block.index);
                self.forgotten.remove(&place);
                if self.in_use.remove(&place) != Some(block.instance) {
                    self.found.insert(ViolationKind::DoubleRelease);
                }
            }
            Fact::CloseApplied { meant, found, .. } if meant != found => {
                self.found.insert(ViolationKind::StaleInstance);
            }
            Fact::MessageSubmitted(message) => {
                self.submitted.insert(message);
            }
            Fact::MessageArrived {
                message,
                length,
                hash,
                ..
            } => {
                let is_intact = content::hash(message, length) == hash;
                if !is_intact || !self.arrived.insert(message) {
                    self.found.insert(ViolationKind::Delivery);
                }
            }
            Fact::MessageAcknowledged(message) => {
                self.submitted.remove(&message);
                if !self.arrived.contains(&message) {
                    self.found.insert(ViolationKind::Delivery);
                }
            }
            Fact::MessageReturned(message) => {
                self.submitted.remove(&message);
            }
            _ => {}
        }
    }

    fn add_event(&mut self, entry: &EventEntry) {
        match entry {
            EventEntry::WrongThread { .. } => {
                self.found.insert(ViolationKind::WrongThread);
            }
            EventEntry::NoFreeBlocks(_) => {
                self.found.insert(ViolationKind::ControlBlockExhaustion);
            }
            _ => {}
        }
    }
}

#[test]
fn what_the_records_hide_is_found() {
    for (name, kind) in [
        ("unmade-release-5.5", ViolationKind::ControlBlockLeak),
        ("second-release-5.5", ViolationKind::DoubleRelease),
        ("other-instance-5.5", ViolationKind::StaleInstance),
        ("unchecked-owner-4.0", ViolationKind::WrongThread),
        ("empty-pool-5.5", ViolationKind::ControlBlockExhaustion),
        ("lost-message-5.5", ViolationKind::Liveness),
        ("early-arrival-5.5", ViolationKind::Delivery),
        ("untold-end-5.5", ViolationKind::ControlBlockLeak),
    ] {
        let outcome = outcome(name);
        let count = |kind| {
            let violations = outcome.violations.iter();
            violations.filter(|it| it.kind == kind).count()
        };
        assert_eq!(count(kind), 1, "{name}: {:?}", outcome.violations);
        let believed = Believed::of(&outcome);
        assert!(
            !believed.contains(&kind),
            "the records of {name} hide {kind:?}"
        );
        let fixed = self::outcome(&format!("{name}-fixed"));
        assert!(fixed.violations.is_empty(), "{name}-fixed");
    }
}

/// A name in a scenario file is that of its build's version, and what a canary does otherwise.
#[test]
fn every_build_of_the_format_is_known_by_its_name() {
    for build in Build::ALL {
        let name = build.as_str();
        let found = mta::named(name).unwrap_or_else(|| panic!("{name} is unknown"));
        assert!(name.starts_with(&found.version().to_string()), "{name}");
    }
    assert!(mta::named("5.5.2655.16-").is_none());
}

/// The second judgment is none that finds nothing anywhere.
#[test]
fn what_the_records_do_not_hide_is_believed() {
    for (name, kind) in [
        ("late-close-5.5", ViolationKind::ControlBlockLeak),
        ("two-owners-4.0", ViolationKind::WrongThread),
    ] {
        let outcome = outcome(name);
        let believed = Believed::of(&outcome);
        assert!(believed.contains(&kind), "{name}: {believed:?}");
    }
}
