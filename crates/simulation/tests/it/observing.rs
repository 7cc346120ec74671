//! Observing a run shows what happened and does not change the run.

use std::collections::BTreeMap;

use config::file;
use config::plan::Scenario;
use simulation::observers::access_context::ContextCause;
use simulation::observers::packet_capture::Fate;
use simulation::observers::thread_intervals::ThreadActivity;
use simulation::record::Record;
use simulation::{Observations, Observe, Options, Outcome, Run, run};

const EVERYTHING: Observe = Observe {
    packets: true,
    threads: true,
};

fn scenario(name: &str, set: &[&str]) -> Scenario {
    let path = format!("{}/../../sims/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("a scenario of the tree");
    let set: Vec<String> = set.iter().map(|it| (*it).to_owned()).collect();
    file::load(name, &bytes, &set).expect("a scenario")
}

fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("canary/late-close-5.5.toml", &[]),
        scenario("canary/unguarded-4.0.toml", &["duration=5m"]),
        scenario("smoke/faults.toml", &[]),
        scenario("smoke/bad-links.toml", &["duration=30m", "healing=1h"]),
    ]
}

fn observed(scenario: &Scenario) -> (Outcome, Observations) {
    Run::new(scenario, scenario.seed)
        .observed(EVERYTHING)
        .expect("it runs")
}

#[test]
fn observing_does_not_change_a_run() {
    for scenario in scenarios() {
        let plain = Options {
            keep_records: false,
        };
        let alone = run(&scenario, scenario.seed, plain).expect("it runs");
        let (outcome, seen) = observed(&scenario);
        assert_eq!(outcome.divergence_from(&alone), None, "{}", scenario.title);
        assert_eq!(outcome.violations, alone.violations);
        assert!(!seen.packets.is_empty() && !seen.intervals.is_empty());
        let none = Run::new(&scenario, scenario.seed)
            .observed(Observe::default())
            .expect("it runs");
        let none = none.1;
        let is_empty = none.packets.is_empty() && none.intervals.is_empty();
        assert!(is_empty, "nothing is observed by default");
    }
}

#[test]
fn every_packet_on_a_link_is_captured_once_with_its_fate() {
    for scenario in scenarios() {
        let (outcome, seen) = observed(&scenario);
        let (mut offered, mut lost) = (0, 0);
        for packet in &seen.packets {
            match &packet.fate {
                Fate::Carried(_) => offered += 1,
                Fate::Lost(_) => (offered, lost) = (offered + 1, lost + 1),
                Fate::Damaged { .. } | Fate::FromRouter => {}
            }
        }
        let counts = outcome.links.values();
        // A packet without a route counts at the withdrawn link, and no link is there to capture it on.
        let counted = counts.fold((0, 0), |sum, it| {
            let withdrawn = it.lost_by.get(&net::DropReason::NoRoute).unwrap_or(&0);
            (sum.0 + it.offered - withdrawn, sum.1 + it.lost - withdrawn)
        });
        assert_eq!((offered, lost), counted, "{}", scenario.title);
        let in_order = seen.packets.is_sorted_by_key(|packet| packet.at);
        assert!(in_order, "packets are in the order of time");
    }
}

#[test]
fn bytes_are_those_of_the_wire() {
    let scenario = scenario("smoke/bad-links.toml", &["duration=30m", "healing=1h"]);
    let (outcome, seen) = observed(&scenario);
    let mut damaged = 0;
    for packet in &seen.packets {
        let (header, body) = packet
            .bytes
            .split_first_chunk::<20>()
            .expect("an IP packet");
        let header = net::ipv4::Header::decode(header).expect("its checksum is right");
        assert_eq!(usize::from(header.length), packet.bytes.len());
        let segment = tcp::wire::decode(body, header.source.into(), header.destination.into());
        let is_damaged = matches!(packet.fate, Fate::Damaged { .. });
        assert_eq!(segment.is_err(), is_damaged, "{packet:?}: {segment:?}");
        damaged += u64::from(is_damaged);
    }
    let records = outcome.records.iter();
    let refused = records.filter(|entry| matches!(entry.record, Record::PacketDamaged(..)));
    assert_eq!(damaged, refused.count() as u64);
    assert!(damaged > 0, "the scenario corrupts packets");
}

#[test]
fn a_thread_does_one_thing_at_a_time() {
    for scenario in scenarios() {
        let (_, seen) = observed(&scenario);
        let mut until = BTreeMap::new();
        let mut intervals: Vec<_> = seen.intervals.iter().collect();
        intervals.sort_by_key(|it| (it.host, it.thread, it.from, it.to));
        for interval in intervals {
            let key = (interval.host, interval.thread);
            let before = until.insert(key, interval.to);
            assert!(interval.from <= interval.to, "{interval:?}");
            assert!(
                before <= Some(interval.from),
                "{interval:?} before {before:?}"
            );
        }
        let runs = seen
            .intervals
            .iter()
            .filter(|it| it.activity == ThreadActivity::Runs);
        assert!(runs.count() > 0, "{}: some thread runs", scenario.title);
    }
}

#[test]
fn a_race_shows_both_of_its_accesses() {
    let scenario = scenario("canary/unguarded-4.0.toml", &["duration=5m"]);
    let (outcome, seen) = observed(&scenario);
    assert!(!outcome.violations.is_empty(), "the scenario has races");
    let mut races = 0;
    for context in &seen.contexts {
        let ContextCause::Finding {
            kind,
            access,
            against,
        } = &context.cause
        else {
            continue;
        };
        let Some(faulty) = context.faulty else {
            continue;
        };
        let seen = &context.accesses[faulty];
        assert_eq!((seen.at, seen.address), (access.at, access.address));
        assert_eq!((seen.name, seen.thread), (access.name, access.thread));
        let against = against.as_ref().expect("a race has two accesses");
        assert_ne!(against.thread, access.thread);
        assert!(against.at <= access.at);
        // A use after free names the block that was freed, and the word in it that was used.
        if kind == "data race" {
            assert_eq!(against.address, access.address);
            races += 1;
        }
    }
    assert!(races > 0, "the scenario has races");
    assert_eq!(seen.dropped, 0);
}
