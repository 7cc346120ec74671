//! Describes what happened in an interval of a run: the last records, and the outages that begin or
//! end.

use config::plan::Scenario;
use kernel::{Instant, JournalEntry};
use logs::sentence;
use simulation::record::Record;
use simulation::{Outcome, timeline};

/// The maximum number of records, and of outages, described.
const SENTENCES_MAX: usize = 6;

/// An interval of virtual time, both ends included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeInterval {
    pub(crate) first: Instant,
    pub(crate) last: Instant,
}

/// Describes an interval of the run of `scenario` and `seed`; of many records only the last. The
/// outcome must have its records.
pub(crate) fn describe(
    scenario: &Scenario,
    seed: u64,
    outcome: &Outcome,
    interval: TimeInterval,
) -> Vec<String> {
    let is_within = |at: Instant| interval.first <= at && at <= interval.last;
    let mut sentences = outages(scenario, seed, interval);
    let records = outcome.records.iter();
    let records: Vec<String> = records
        .filter(|entry| is_within(entry.at))
        .map(|entry| sentence::record(scenario, outcome, &entry.record))
        .collect();
    let omitted = records.len().saturating_sub(SENTENCES_MAX);
    if omitted > 0 {
        sentences.push(format!("{omitted} other records, and then"));
    }
    sentences.extend(records.into_iter().skip(omitted));
    sentences
}

/// The last record of a program before the interval, and the first after it, with their times.
pub(crate) fn neighbours(
    scenario: &Scenario,
    outcome: &Outcome,
    interval: TimeInterval,
) -> [Option<String>; 2] {
    let own = || {
        let records = outcome.records.iter();
        records.filter(|entry| matches!(entry.record, Record::Mta(..)))
    };
    let show = |JournalEntry { at, record }: &JournalEntry<Record>| {
        format!("{at:#}  {}", sentence::record(scenario, outcome, record))
    };
    let before = own().take_while(|entry| entry.at < interval.first).last();
    let after = own().find(|entry| entry.at > interval.last);
    [before.map(show), after.map(show)]
}

/// The outages that begin or end in an interval.
fn outages(scenario: &Scenario, seed: u64, interval: TimeInterval) -> Vec<String> {
    let is_within = |at: Instant| interval.first <= at && at <= interval.last;
    let moments = [interval.first, interval.last];
    let max = timeline::LISTED_MAX;
    let links = timeline::outages_around(scenario, seed, Instant::MAX, &moments, max);
    let links = links.unwrap_or_default();
    let windows = links.iter().flat_map(|it| &it.windows);
    let changes = windows.flat_map(|window| {
        let (link, from, to) = (&window.link, window.from, window.to);
        let begins = format!("an outage of {link} begins; it lasts until {to}");
        let ends = format!("an outage of {link} ends; it began at {from}");
        [(from, begins), (to, ends)]
    });
    let changes = changes.filter(|(at, _)| is_within(*at));
    changes
        .map(|(_, sentence)| sentence)
        .take(SENTENCES_MAX)
        .collect()
}
