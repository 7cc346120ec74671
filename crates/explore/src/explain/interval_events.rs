//! What happened between two moments of a run, in words.
//!
//! Owns the choice of what is told of it: the last of what was written down, and where a link's
//! outage begins or ends. It refuses to weigh: what is too much is counted.

use config::plan::Scenario;
use kernel::Instant;
use logs::sentence::sentence;
use simulation::record::Record;
use simulation::{Outcome, timeline};

/// Sentences told of one interval.
const TOLD_MAX: usize = 6;

/// What happened from `first` to `last`, both included, the last of it if it is much. The
/// run's records have to be kept.
pub(crate) fn between(
    (scenario, seed): (&Scenario, u64),
    outcome: &Outcome,
    (first, last): (Instant, Instant),
) -> Vec<String> {
    let is_within = |at: Instant| first <= at && at <= last;
    let mut told = outages(scenario, seed, is_within);
    let records = outcome.records.iter();
    let records: Vec<String> = records
        .filter(|(at, _)| is_within(*at))
        .map(|(_, record)| sentence(scenario, outcome, record))
        .collect();
    let left_out = records.len().saturating_sub(TOLD_MAX);
    if left_out > 0 {
        told.push(format!("{left_out} other things happen, and then"));
    }
    told.extend(records.into_iter().skip(left_out));
    told
}

/// What a program wrote down last before `first`, and first after `last`, with its time.
pub(crate) fn neighbours(
    scenario: &Scenario,
    outcome: &Outcome,
    (first, last): (Instant, Instant),
) -> [Option<String>; 2] {
    let own = || {
        let records = outcome.records.iter();
        records.filter(|(_, record)| matches!(record, Record::Mta(..)))
    };
    let tell = |(at, record): &(Instant, Record)| {
        format!("{at} s  {}", sentence(scenario, outcome, record))
    };
    let before = own().take_while(|(at, _)| *at < first).last();
    let after = own().find(|(at, _)| *at > last);
    [before.map(tell), after.map(tell)]
}

fn outages(scenario: &Scenario, seed: u64, is_within: impl Fn(Instant) -> bool) -> Vec<String> {
    let windows = timeline::outages(scenario, seed).unwrap_or_default();
    let changes = windows.iter().flat_map(|window| {
        let (link, from, to) = (&window.link, window.from, window.to);
        let begins = format!("an outage of {link} begins, which lasts until {to} s");
        let ends = format!("an outage of {link} ends, which began at {from} s");
        [(from, begins), (to, ends)]
    });
    let changes = changes.filter(|(at, _)| is_within(*at));
    changes.map(|(_, told)| told).take(TOLD_MAX).collect()
}
