//! Looking on shows what happened, and changes nothing of it.

use std::collections::BTreeMap;

use config::file;
use config::plan::Scenario;
use simulation::record::Record;
use simulation::watch::passage::Fate;
use simulation::watch::scene::About;
use simulation::watch::stay::Doing;
use simulation::{Options, Outcome, Run, Seen, Watch, run};

const WHOLE: Watch = Watch {
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

fn watched(scenario: &Scenario) -> (Outcome, Seen) {
    Run::new(scenario, scenario.seed)
        .observed(WHOLE)
        .expect("it runs")
}

#[test]
fn watched_or_not_a_run_is_the_same() {
    for scenario in scenarios() {
        let plain = Options {
            keep_records: false,
        };
        let alone = run(&scenario, scenario.seed, plain).expect("it runs");
        let (outcome, seen) = watched(&scenario);
        assert_eq!(outcome.divergence_from(&alone), None, "{}", scenario.title);
        assert_eq!(outcome.violations, alone.violations);
        assert!(!seen.passages.is_empty() && !seen.stays.is_empty());
        let none = Run::new(&scenario, scenario.seed)
            .observed(Watch::default())
            .expect("it runs");
        let (passages, stays) = (none.1.passages.len(), none.1.stays.len());
        assert_eq!((passages, stays), (0, 0), "nothing is seen unasked");
    }
}

#[test]
fn every_packet_put_on_a_link_passes_once_with_its_fate() {
    for scenario in scenarios() {
        let (outcome, seen) = watched(&scenario);
        let (mut offered, mut lost) = (0, 0);
        for passage in &seen.passages {
            match &passage.fate {
                Fate::Carried(_) => offered += 1,
                Fate::Lost(_) => (offered, lost) = (offered + 1, lost + 1),
                Fate::Damaged { .. } => {}
            }
        }
        let counts = outcome.links.values();
        let counted = counts.fold((0, 0), |sum, it| (sum.0 + it.offered, sum.1 + it.lost));
        assert_eq!((offered, lost), counted, "{}", scenario.title);
        let in_order = seen.passages.is_sorted_by_key(|passage| passage.at);
        assert!(in_order, "packets pass in the order of time");
    }
}

#[test]
fn bytes_are_those_of_the_wire() {
    let scenario = scenario("smoke/bad-links.toml", &["duration=30m", "healing=1h"]);
    let (outcome, seen) = watched(&scenario);
    let mut damaged = 0;
    for passage in &seen.passages {
        let (header, body) = passage
            .bytes
            .split_first_chunk::<20>()
            .expect("an IP packet");
        let header = net::ipv4::Header::decode(header).expect("its checksum is right");
        assert_eq!(usize::from(header.length), passage.bytes.len());
        let segment = tcp::wire::decode(body, header.source.into(), header.destination.into());
        let is_damaged = matches!(passage.fate, Fate::Damaged { .. });
        assert_eq!(segment.is_err(), is_damaged, "{passage:?}: {segment:?}");
        damaged += u64::from(is_damaged);
    }
    let records = outcome.records.iter();
    let refused = records.filter(|(_, record)| matches!(record, Record::PacketDamaged(..)));
    assert_eq!(damaged, refused.count() as u64);
    assert!(damaged > 0, "corruption is ordered");
}

#[test]
fn a_thread_does_one_thing_at_a_time() {
    for scenario in scenarios() {
        let (_, seen) = watched(&scenario);
        let mut until = BTreeMap::new();
        let mut stays: Vec<_> = seen.stays.iter().collect();
        stays.sort_by_key(|stay| (stay.host, stay.thread, stay.from, stay.to));
        for stay in stays {
            let place = (stay.host, stay.thread);
            let before = until.insert(place, stay.to);
            assert!(stay.from <= stay.to, "{stay:?}");
            assert!(before <= Some(stay.from), "{stay:?} before {before:?}");
        }
        let runs = seen.stays.iter().filter(|stay| stay.doing == Doing::Runs);
        assert!(runs.count() > 0, "{}: somebody runs", scenario.title);
    }
}

#[test]
fn a_race_is_seen_with_both_its_sides() {
    let scenario = scenario("canary/unguarded-4.0.toml", &["duration=5m"]);
    let (outcome, seen) = watched(&scenario);
    assert!(!outcome.violations.is_empty(), "unguarded structures race");
    let mut races = 0;
    for scene in &seen.scenes {
        let About::Finding {
            access, against, ..
        } = &scene.about
        else {
            continue;
        };
        let Some(this) = scene.this else {
            continue;
        };
        let seen = &scene.around[this];
        assert_eq!((seen.at, seen.address), (access.at, access.address));
        assert_eq!((seen.name, seen.thread), (access.name, access.thread));
        let against = against.as_ref().expect("a race has two sides");
        assert_ne!(against.thread, access.thread);
        assert!(against.at <= access.at && against.address == access.address);
        races += 1;
    }
    assert!(races > 0, "no race was seen");
    assert_eq!(seen.missed, 0);
}
