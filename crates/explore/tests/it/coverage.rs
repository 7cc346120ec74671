//! Coverage of a sweep: covered pairs, uncovered pairs, growth, faults that were never injected.

use std::sync::Arc;

use explore::sweep::summary::Summary;
use explore::{ShippedBuilds, sweep};
use mta::{BlockState, Coverage, Fact, LogLine, MessageType, Stimulus};
use simulation::Options;
use simulation::record::Record;

use crate::fixture::{plan, plan_with};

/// Records are an independent count: WinSock's entry drops each message type 2 or logs it, and a block
/// is out of service only after a session timeout.
#[test]
fn coverage_agrees_with_the_records() {
    let scenario = plan("0..1", &[]).points[0].scenario.clone();
    let (mut closes, mut timeouts) = (0, 0);
    for seed in 0..6 {
        let keep = Options { keep_records: true };
        let outcome = explore::run(&scenario, seed, keep).expect("it runs");
        let count = |is_selected: fn(&mta::Record) -> bool| {
            let records = outcome.records.iter();
            let own = records.filter(
                |entry| matches!(&entry.record, Record::Mta(_, _, record) if is_selected(record)),
            );
            own.count() as u64
        };
        let occurrences = |stimulus| {
            let states = Coverage::STATES.into_iter();
            states
                .map(|state| outcome.coverage.of(state, stimulus))
                .sum::<u64>()
        };
        let sent = count(|it| {
            matches!(
                it,
                mta::Record::Log(LogLine::Message(MessageType::Close, _))
            )
        });
        let dropped = count(|it| matches!(it, mta::Record::Fact(Fact::CloseRequestDropped(_))));
        let messages = occurrences(Stimulus::CloseRequest) + occurrences(Stimulus::CloseResponse);
        assert_eq!(messages, sent + dropped);
        let out = count(|it| matches!(it, mta::Record::Fact(Fact::BlockOutOfService(..))));
        let connecting = Some(BlockState::Connecting);
        assert!(
            outcome.coverage.of(connecting, Stimulus::SessionTimeout)
                <= occurrences(Stimulus::SessionTimeout)
        );
        assert_eq!(
            outcome.coverage.of(connecting, Stimulus::SessionTimeout),
            out
        );
        let accepted = count(|it| matches!(it, mta::Record::Log(LogLine::Accepted(..))));
        assert!(
            outcome
                .coverage
                .of(Some(BlockState::Listening), Stimulus::Accept)
                >= accepted
        );
        closes += sent;
        timeouts += out;
    }
    assert!(
        closes > 0 && timeouts > 0,
        "{closes} closes, {timeouts} timeouts"
    );
}

/// In build 5.5.2653.23 a close request for a block out of service arrives at WinSock's entry, and
/// never at the driver (Q303102).
#[test]
fn the_table_shows_the_hole_in_the_state_machine() {
    let pair = |plan, event: &str| {
        let swept = sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("it runs");
        let coverage = Summary::of(&swept.statistics).coverage;
        let covered = coverage.covered.iter();
        let mut covered = covered.filter(|it| it.pair.state == "out" && it.pair.event == event);
        let uncovered = coverage.uncovered.iter();
        let mut uncovered = uncovered.filter(|it| it.state == "out" && it.event == event);
        (
            covered.next().map_or(0, |it| it.times),
            uncovered.next().is_some(),
        )
    };
    let (times, is_uncovered) = pair(plan("0..8", &[]), "close request");
    assert!(times > 0 && !is_uncovered);
    assert_eq!(pair(plan("0..8", &[]), "close message"), (0, true));
}

#[test]
fn growth_is_reported_at_every_doubling_and_at_the_end() {
    let swept = sweep(&plan("0..11", &[]), Arc::new(ShippedBuilds), |_| {}).expect("it runs");
    let summary = Summary::of(&swept.statistics);
    let growth = &summary.coverage.growth;
    let runs: Vec<u64> = growth.iter().map(|it| it.runs).collect();
    assert_eq!(runs, [1, 2, 4, 8, 11]);
    assert!(growth.is_sorted_by_key(|it| it.signatures));
    assert!(growth.is_sorted_by_key(|it| it.pairs));
    let last = growth.last().expect("a point");
    assert_eq!(last.signatures, summary.signatures.len() as u64);
    assert_eq!(last.pairs, summary.coverage.covered.len() as u64);
    // The list of discoveries gives the same counts.
    for point in growth {
        let seen = summary
            .discoveries
            .iter()
            .filter(|it| it.runs <= point.runs);
        assert_eq!(seen.count() as u64, point.signatures);
    }
    let alone = summary
        .signatures
        .iter()
        .filter(|it| it.proportion.runs == 1);
    assert_eq!(alone.count() as u64, summary.coverage.seen_once);
}

#[test]
fn a_fault_that_was_never_injected_is_reported() {
    let rare = "fault={ rare = { reset = { link = \"wan\" }, random = { mean_interval = \"8000h\" } }, sure = { reset = { link = \"wan\" }, at = \"5m\" } }";
    let plan = plan_with("0..4", &[rare]);
    let swept = sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("it runs");
    let page = Summary::of(&swept.statistics).to_human(|_| String::new());
    assert!(
        page.contains("fault rare was never injected, so it tested nothing"),
        "{page}"
    );
    assert!(
        page.contains("fault sure was injected 4 times in 4 runs"),
        "{page}"
    );
}
