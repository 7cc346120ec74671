//! Threads for the page: when each runs, and what it waits for.

use std::collections::BTreeMap;

use kernel::Instant;
use net::HostId;
use serde::Serialize;
use simulation::observers::thread_intervals::{
    EndedBy, ThreadActivity, ThreadInterval, WaitTarget,
};

use crate::finished_run::FinishedRun;

use super::columns::{Texts, Times};
use super::selection::{self, DrawnCount};

/// Intervals of one thread. More are joined where the pauses between them are shortest.
const INTERVALS_MAX: usize = 6_000;

/// The intervals of a thread.
#[derive(Debug, Default, Serialize)]
pub(super) struct Thread {
    number: u16,
    name: String,
    /// Alternating start and end.
    runs: Times,
    /// Nanoseconds. Runs with shorter pauses between them are joined.
    grain: u64,
    /// Alternating start and end.
    waits: Times,
    /// What each wait is for.
    text: Vec<u32>,
    /// The thread that ended each wait, or zero.
    by: Vec<u16>,
    /// How many waits are drawn.
    #[serde(skip)]
    pub(super) waits_drawn: DrawnCount,
}

/// A wait for another thread.
struct Wait<'a> {
    interval: &'a ThreadInterval,
    text: String,
    /// The thread that ended it, or zero.
    by: u16,
}

/// The threads of a host.
pub(super) fn threads(
    run: &FinishedRun<'_>,
    host: HostId,
    findings: &[u64],
    texts: &mut Texts,
) -> Vec<Thread> {
    let mut intervals: BTreeMap<u16, Vec<&ThreadInterval>> = BTreeMap::new();
    for interval in run
        .observations
        .intervals
        .iter()
        .filter(|it| it.host == host)
    {
        intervals
            .entry(interval.thread.0)
            .or_default()
            .push(interval);
    }
    let view = &run.outcome.hosts[host.0 as usize];
    let threads = view.threads.iter().map(|(number, name)| {
        let mut thread = Thread {
            number: number.0,
            name: name.clone(),
            ..Thread::default()
        };
        if let Some(intervals) = intervals.get_mut(&number.0) {
            intervals.sort_by_key(|it| (it.from, it.to));
            thread.add_runs(intervals);
            thread.add_waits(intervals, findings, texts);
        }
        thread
    });
    threads.collect()
}

impl Thread {
    fn add_runs(&mut self, intervals: &[&ThreadInterval]) {
        let runs = intervals
            .iter()
            .filter(|it| it.activity == ThreadActivity::Runs);
        let mut runs: Vec<(u64, u64)> = runs.map(|it| (it.from.nanos(), it.to.nanos())).collect();
        // Coarser and coarser until they fit: four times at once, so that a run of millions of intervals needs
        // few rounds.
        while runs.len() > INTERVALS_MAX {
            self.grain = (self.grain * 4).max(1_000);
            runs = joined(&runs, self.grain);
        }
        for (from, to) in runs {
            self.runs.push_nanos(from);
            self.runs.push_nanos(to);
        }
    }

    fn add_waits(&mut self, intervals: &[&ThreadInterval], findings: &[u64], texts: &mut Texts) {
        let waits: Vec<Wait<'_>> = intervals.iter().filter_map(|it| Wait::of(it)).collect();
        let times: Vec<Instant> = waits.iter().map(|it| it.interval.from).collect();
        let is_drawn = selection::selected(&times, findings, INTERVALS_MAX);
        self.waits_drawn = DrawnCount {
            drawn: is_drawn.iter().filter(|it| **it).count() as u64,
            all: is_drawn.len() as u64,
        };
        for (wait, _) in waits.into_iter().zip(is_drawn).filter(|it| it.1) {
            self.waits.push(wait.interval.from);
            self.waits.push(wait.interval.to);
            self.text.push(texts.index(wait.text));
            self.by.push(wait.by);
        }
    }
}

/// Joins intervals with pauses of at most `grain` nanoseconds between them.
fn joined(intervals: &[(u64, u64)], grain: u64) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for &(from, to) in intervals {
        match joined.last_mut() {
            Some((_, until)) if from <= until.saturating_add(grain) => *until = to.max(*until),
            _ => joined.push((from, to)),
        }
    }
    joined
}

impl<'a> Wait<'a> {
    /// The wait of an interval. Waits that the network or the clock ends are left out: the gaps
    /// between runs show them.
    fn of(interval: &'a ThreadInterval) -> Option<Self> {
        let ThreadActivity::Waits { on, name, ended_by } = interval.activity else {
            return None;
        };
        let by = match ended_by {
            Some(EndedBy::Thread(thread)) => thread.0,
            Some(EndedBy::Time | EndedBy::World) | None => 0,
        };
        let text = match on {
            WaitTarget::Lock => format!("waits for critical section {name}"),
            WaitTarget::Object => format!("waits for {name}"),
            WaitTarget::Message => format!("waits for a message: {name}"),
            WaitTarget::Network | WaitTarget::Time => return None,
        };
        // A thread that waits for work is idle, which the gap between its runs shows. A wait for a lock that
        // nothing ends may be a deadlock.
        let is_shown = by != 0 || on == WaitTarget::Lock;
        is_shown.then_some(Self { interval, text, by })
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn only_short_pauses_are_joined() {
        let intervals = [(0, 10), (12, 20), (30, 40)];
        assert_eq!(joined(&intervals, 0), intervals);
        assert_eq!(joined(&intervals, 2), [(0, 20), (30, 40)]);
        assert_eq!(joined(&intervals, 10), [(0, 40)]);
        assert_eq!(joined(&[(0, 50), (10, 20)], 0), [(0, 50)]);
    }
}
