//! Faults begin, last and end as the scenario says, for every kind of fault.
//!
//! One scenario with a clean link has a single fault: at given times, in a window, and at random.

use std::collections::BTreeSet;

use config::file;
use kernel::{Duration, Instant, JournalEntry};
use mta::{EventEntry, SocketFunction};
use simulation::record::{Record, Stage, ThreadNumber};
use simulation::{Options, Outcome};

const CLEAN: &str = r#"
title = "A clean link"
why = "One fault at a time"
duration = "1h"

[host.PARIS]
build = "5.5.2655.16"
[host.LYON]
build = "5.5.2655.16"

[link.wan]
between = ["PARIS", "LYON"]

[connector.paris-lyon]
from = "PARIS"
to = "LYON"
open_interval = "30s"
transfer_interval = "30s"

[workload.mail]
connector = "paris-lyon"
every = "20s"
"#;

/// Every kind that lasts, and every kind that is instantaneous.
const LASTING: [&str; 4] = [
    "cut = { link = \"wan\" }",
    "crash = { host = \"LYON\" }",
    "stall = { host = \"LYON\", thread = \"TCP/IP DRVR\" }",
    "clock-offset = { host = \"LYON\", offset = \"-30s\" }",
];
const STRIKING: [&str; 3] = [
    "reset = { link = \"wan\" }",
    "reset = { host = \"LYON\" }",
    "restart-service = { host = \"LYON\" }",
];

fn run(rest: &str, seed: u64) -> Outcome {
    let text = format!("{CLEAN}\n{rest}\n");
    let scenario = match file::load("faults.toml", text.as_bytes(), &[]) {
        Ok(scenario) => scenario,
        Err(mistakes) => panic!("{rest}: {mistakes:?}"),
    };
    let options = Options { keep_records: true };
    explore::run(&scenario, seed, options).expect("the link can be calibrated")
}

fn fault(kind: &str, when: &str, seed: u64) -> Outcome {
    run(&format!("[fault.f]\n{kind}\n{when}"), seed)
}

/// When faults began and ended, in order.
fn stages(outcome: &Outcome) -> Vec<(Stage, u64)> {
    let stages = outcome
        .records
        .iter()
        .filter_map(|JournalEntry { at, record }| {
            let &Record::Fault(_, stage) = record else {
                return None;
            };
            Some((stage, at.nanos() / 1_000_000_000))
        });
    stages.collect()
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

/// How many records of that kind fall between these seconds.
fn count(outcome: &Outcome, from: u64, to: u64, is_meant: impl Fn(&Record) -> bool) -> usize {
    let within = outcome
        .records
        .iter()
        .filter(|JournalEntry { at: time, record }| {
            (at(from)..at(to)).contains(time) && is_meant(record)
        });
    within.count()
}

fn by_driver_of_lyon(outcome: &Outcome) -> impl Fn(&Record) -> bool {
    let lyon = outcome.host_named("LYON").expect("it is there");
    move |record| matches!(record, Record::Mta(host, ThreadNumber(8), _) if *host == lyon)
}

#[test]
fn a_lasting_fault_in_a_window_lasts_for_the_whole_window() {
    for kind in LASTING {
        let outcome = fault(kind, "window = [\"10m\", \"20m\"]", 1);
        let expected = [(Stage::Starts, 600), (Stage::Ends, 1_200)];
        assert_eq!(stages(&outcome), expected, "{kind}");
        assert_eq!(outcome.faults["f"], 1);
        assert_eq!(
            outcome.messages.arrived, outcome.messages.submitted,
            "{kind}"
        );
    }
}

#[test]
fn an_instantaneous_fault_in_a_window_occurs_once_at_a_random_time() {
    for kind in STRIKING {
        let moments: Vec<u64> = (1..=6)
            .map(|seed| {
                let outcome = fault(kind, "window = [\"10m\", \"20m\"]", seed);
                let stages = stages(&outcome);
                let [(Stage::Starts, moment)] = stages[..] else {
                    panic!("{kind}: {stages:?}")
                };
                assert!((600..1_200).contains(&moment), "{kind} at {moment} s");
                moment
            })
            .collect();
        assert!(moments.iter().any(|it| *it != moments[0]), "{moments:?}");
    }
}

#[test]
fn a_fault_ends_after_its_length_and_another_occurrence_prolongs_it() {
    let own = [
        "cut = { link = \"wan\", for = \"2m\" }",
        "crash = { host = \"LYON\", restart_after = \"2m\" }",
        "stall = { host = \"LYON\", thread = \"TCP/IP DRVR\", for = \"2m\" }",
    ];
    for kind in own {
        let outcome = fault(kind, "at = [\"10m\", \"11m\", \"20m\"]", 1);
        let expected = [
            (Stage::Starts, 600),
            (Stage::Starts, 660),
            (Stage::Ends, 780),
            (Stage::Starts, 1_200),
            (Stage::Ends, 1_320),
        ];
        assert_eq!(stages(&outcome), expected, "{kind}");
    }
}

#[test]
fn what_has_no_length_lasts_for_the_rest_of_the_run() {
    for kind in [LASTING[0], LASTING[1], LASTING[3]] {
        let outcome = fault(kind, "at = \"50m\"", 1);
        assert_eq!(stages(&outcome), [(Stage::Starts, 3_000)], "{kind}");
    }
    let dead = fault(LASTING[0], "at = \"50m\"", 1);
    assert!(dead.messages.arrived < dead.messages.submitted);
}

#[test]
fn random_faults_of_every_kind_recur_and_end_in_between() {
    for kind in LASTING {
        let when = "random = { mean_interval = \"5m\", mean_duration = \"1m\" }";
        let found = stages(&fault(kind, when, 1));
        assert!(found.len() > 6, "{kind}: {found:?}");
        for (place, (stage, _)) in found.iter().enumerate() {
            let expected = [Stage::Starts, Stage::Ends][place % 2];
            assert_eq!(*stage, expected, "{kind}: {found:?}");
        }
    }
    for kind in STRIKING {
        let found = stages(&fault(kind, "random.mean_interval = \"5m\"", 1));
        assert!(found.len() > 3, "{kind}: {found:?}");
        assert!(found.iter().all(|(stage, _)| *stage == Stage::Starts));
    }
}

#[test]
fn a_machine_that_is_down_sends_nothing_and_starts_when_the_window_is_over() {
    let outcome = fault(LASTING[1], "window = [\"10m\", \"20m\"]", 1);
    let lyon = outcome.host_named("LYON").expect("it is there");
    let by_lyon = |record: &Record| matches!(record, Record::PacketSent(host, ..) | Record::Mta(host, ..) if *host == lyon);
    assert_eq!(count(&outcome, 600, 1_200, by_lyon), 0);
    assert!(count(&outcome, 1_200, 1_201, by_lyon) > 0);
    assert_eq!(outcome.events_logged[&9_298], 3, "two at first, one again");
}

#[test]
fn two_crashes_at_once_hold_a_machine_down_until_the_later_one_is_over() {
    let one = "[fault.one]\ncrash = { host = \"LYON\" }\nwindow = [\"10m\", \"20m\"]";
    let two = "[fault.two]\ncrash = { host = \"LYON\" }\nwindow = [\"15m\", \"30m\"]";
    let outcome = run(&format!("{one}\n{two}"), 1);
    let lyon = outcome.host_named("LYON").expect("it is there");
    let by_lyon = |record: &Record| matches!(record, Record::Mta(host, ..) if *host == lyon);
    assert_eq!(count(&outcome, 600, 1_800, by_lyon), 0);
    assert!(count(&outcome, 1_800, 3_600, by_lyon) > 0);
}

#[test]
fn a_stalled_thread_makes_no_call_and_goes_on_afterwards() {
    let outcome = fault(LASTING[2], "window = [\"10m\", \"20m\"]", 1);
    let by_driver = by_driver_of_lyon(&outcome);
    assert!(count(&outcome, 0, 600, &by_driver) > 0);
    // A call in progress when the window began still reports its result.
    assert_eq!(count(&outcome, 601, 1_200, &by_driver), 0);
    assert!(count(&outcome, 1_200, 1_260, &by_driver) > 0);
}

/// Healing ends a stall that would outlast it by hours; otherwise liveness could not be checked.
#[test]
fn healing_ends_every_fault() {
    let faults = [
        "[fault.a]\nstall = { host = \"LYON\", thread = \"MAIN BASE\", for = \"24h\" }\nat = \"55m\"",
        "[fault.b]\ncut = { link = \"wan\" }\nat = \"56m\"",
        "[fault.c]\ncrash = { host = \"PARIS\" }\nat = \"57m\"",
        "[fault.d]\nclock-offset = { host = \"PARIS\", offset = \"1h\" }\nat = \"58m\"",
    ];
    let text = CLEAN.replace("duration = \"1h\"", "duration = \"1h\"\nhealing = \"2h\"");
    let text = format!("{text}\n{}\n", faults.join("\n"));
    let scenario = file::load("faults.toml", text.as_bytes(), &[]).expect("a scenario");
    let options = Options { keep_records: true };
    let outcome = explore::run(&scenario, 1, options).expect("it runs");
    let ceased = stages(&outcome)
        .into_iter()
        .filter(|it| *it == (Stage::Ends, 3_600));
    assert_eq!(ceased.count(), 4);
    assert_eq!(outcome.violations, []);
    assert_eq!(outcome.messages.acknowledged, outcome.messages.submitted);
}

/// The errors that event 9215 names on a host of 4.0, whose connects all fail.
fn connect_errors(outcome: &Outcome) -> BTreeSet<String> {
    let failed = outcome
        .records
        .iter()
        .filter_map(|JournalEntry { record, .. }| {
            let Record::Mta(_, _, mta::Record::Event(event)) = record else {
                return None;
            };
            let EventEntry::Sockets(_, Some(error), _) = event else {
                return None;
            };
            if event.id() != SocketFunction::Connect.event_id() {
                return None;
            }
            Some(error.code().to_string())
        });
    failed.collect()
}

/// NICE is between PARIS and LYON, and its link to LYON is cut.
fn cut_behind_a_router(cut: &str) -> Outcome {
    let text = CLEAN.replace("5.5.2655.16", "4.0.994.2").replace(
        "between = [\"PARIS\", \"LYON\"]",
        "between = [\"PARIS\", \"NICE\"]",
    );
    let rest = format!(
        "[host.NICE]\nbuild = \"4.0.994.2\"\n[link.far]\nbetween = [\"NICE\", \"LYON\"]\n\
         [fault.f]\n{cut}\nwindow = [\"0s\", \"1h\"]\n"
    );
    let scenario = file::load("faults.toml", format!("{text}\n{rest}").as_bytes(), &[]);
    let scenario = scenario.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let options = Options { keep_records: true };
    explore::run(&scenario, 1, options).expect("nothing is to be calibrated")
}

/// Every host knows of a withdrawn route at once, whether the cut is next to it or behind a
/// router. A link that silently drops packets is reported to no host.
#[test]
fn a_withdrawn_route_gives_10051_and_a_silent_link_10060() {
    let near = CLEAN.replace("5.5.2655.16", "4.0.994.2");
    let near =
        format!("{near}\n[fault.f]\ncut = {{ link = \"wan\" }}\nwindow = [\"0s\", \"1h\"]\n");
    let scenario = file::load("faults.toml", near.as_bytes(), &[]).expect("a scenario");
    let options = Options { keep_records: true };
    let outcome = explore::run(&scenario, 1, options).expect("it runs");
    assert_eq!(
        connect_errors(&outcome),
        BTreeSet::from(["10051".to_owned()])
    );
    let withdrawn = "cut = { link = \"far\" }";
    let silent = "cut = { link = \"far\", silent = true }";
    for (cut, code) in [(withdrawn, "10051"), (silent, "10060")] {
        let outcome = cut_behind_a_router(cut);
        let expected = BTreeSet::from([code.to_owned()]);
        assert_eq!(connect_errors(&outcome), expected, "{cut}");
    }
}
