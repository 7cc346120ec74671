//! Which lines are selected as evidence.

use kernel::{Duration, Instant, JournalEntry};
use mta::{BlockIndex, EventEntry, SocketFunction};
use net::HostId;
use winsock::SocketError;

use super::{Evidence, evidence};
use config::plan::{Build, Host, Scenario, ViolationKind};
use simulation::Options;
use simulation::outcome::{Exception, Outcome, Violation};
use simulation::record::{Record, ThreadNumber};

/// A run of one host without records.
fn quiet() -> (Scenario, Outcome) {
    let mut scenario = Scenario::new("t", "w", Duration::from_secs(1));
    let host = Host::new(Build::V4_0_993_6);
    scenario.hosts.insert("PARIS".to_owned(), host);
    let options = Options {
        keep_records: false,
    };
    let mut outcome = simulation::run(&scenario, 1, options).expect("there is no link");
    // The start of an unguarded build has races.
    outcome.violations.clear();
    (scenario, outcome)
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn violation(kind: ViolationKind, location: &str, detail: &str) -> Violation {
    Violation {
        kind,
        host: "PARIS".to_owned(),
        at: at(7),
        location: location.to_owned(),
        block: None,
        detail: detail.to_owned(),
    }
}

#[test]
fn a_crash_shows_the_last_events_before_it() {
    let (scenario, mut outcome) = quiet();
    let entry = |block| {
        EventEntry::Sockets(
            SocketFunction::Connect,
            Some(SocketError::TimedOut),
            BlockIndex(block),
        )
    };
    outcome.records = (0..9)
        .map(|block| {
            let record = mta::Record::Event(entry(block));
            let record = Record::Mta(HostId(0), ThreadNumber(10), record);
            JournalEntry {
                at: at(u64::from(block)),
                record,
            }
        })
        .collect();
    outcome.exceptions.push(Exception {
        code: 0xe002_0002,
        host: "PARIS".to_owned(),
        at: at(6),
        thread: "TCP/IP DRVR".to_owned(),
        number: 10,
        cause: "raised by a consistency check".to_owned(),
    });
    let shown = evidence(&scenario, &outcome);
    assert_eq!(shown.len(), 1);
    assert_eq!(
        shown[0].title,
        "The event log of PARIS before exception e0020002 on TCP/IP DRVR 10:"
    );
    let blocks = (2..=6).map(|block| format!("Control block index: {block}."));
    assert_eq!(shown[0].lines.len(), 5);
    for (line, block) in shown[0].lines.iter().zip(blocks) {
        assert!(line.contains(&block), "{line}");
    }
}

#[test]
fn a_race_shows_both_accesses_and_a_kind_appears_at_most_twice() {
    let (scenario, mut outcome) = quiet();
    let detail = "data race: write of a at 4, against read of a at 2";
    for location in ["one", "one", "two", "three"] {
        let race = violation(ViolationKind::DataRace, location, detail);
        outcome.violations.push(race);
    }
    let mail = violation(ViolationKind::Delivery, "mail", "message 1");
    outcome.violations.push(mail);
    let shown = evidence(&scenario, &outcome);
    let race = Evidence {
        signature: "data-race: one".to_owned(),
        title: "data-race on PARIS at 0:00:07:".to_owned(),
        lines: vec![
            "data race: write of a at 4,".to_owned(),
            "against read of a at 2".to_owned(),
        ],
    };
    let second = Evidence {
        signature: "data-race: two".to_owned(),
        ..race.clone()
    };
    assert_eq!(shown[..2], [race, second]);
    assert_eq!(shown[2].lines, ["message 1"]);
    assert_eq!(shown.len(), 3);
}
