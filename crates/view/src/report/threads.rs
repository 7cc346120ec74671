//! Threads for the page: when each ran, and for what it waited.
//!
//! Owns how much of that a page can hold: where a thread ran in more pieces than are shown, pieces
//! with the shortest pauses between them are joined. It refuses waits shorter than that.

use std::collections::BTreeMap;

use net::HostId;
use serde::Serialize;
use simulation::observers::thread_intervals::{
    EndedBy, ThreadActivity, ThreadInterval, WaitTarget,
};

use crate::shown::Shown;

use super::columns::{Texts, Times};

/// Pieces of one thread in the page.
const PIECES_MAX: usize = 6_000;

/// A thread's time.
#[derive(Debug, Default, Serialize)]
pub(super) struct Thread {
    number: u16,
    name: String,
    /// When it runs: from and to, by turns.
    runs: Times,
    /// Pauses shorter than this, in nanoseconds, are not shown.
    grain: u64,
    /// When it waits for another thread: from and to, by turns.
    waits: Times,
    /// For what, and who ended it.
    text: Vec<u32>,
    /// The thread that ended it, zero for none.
    by: Vec<u16>,
}

/// The threads of a host, by number.
pub(super) fn threads(run: &Shown<'_>, host: HostId, texts: &mut Texts) -> Vec<Thread> {
    let view = &run.outcome.hosts[host.0 as usize];
    let mut stays: BTreeMap<u16, Vec<&ThreadInterval>> = BTreeMap::new();
    for stay in run.seen.intervals.iter().filter(|it| it.host == host) {
        stays.entry(stay.thread.0).or_default().push(stay);
    }
    let threads = view.threads.iter().map(|(number, name)| {
        let mut thread = Thread {
            number: number.0,
            name: name.clone(),
            ..Thread::default()
        };
        if let Some(stays) = stays.get_mut(&number.0) {
            stays.sort_by_key(|stay| (stay.from, stay.to));
            thread.fill(stays, texts);
        }
        thread
    });
    threads.collect()
}

impl Thread {
    fn fill(&mut self, stays: &[&ThreadInterval], texts: &mut Texts) {
        let runs = stays
            .iter()
            .filter(|stay| stay.activity == ThreadActivity::Runs);
        let mut pieces: Vec<(u64, u64)> = runs
            .map(|stay| (stay.from.nanos(), stay.to.nanos()))
            .collect();
        while pieces.len() > PIECES_MAX {
            self.grain = (self.grain * 4).max(1_000);
            pieces = joined(&pieces, self.grain);
        }
        for (from, to) in pieces {
            self.runs.push_nanos(from);
            self.runs.push_nanos(to);
        }
        let mut waits: Vec<(&&ThreadInterval, String, u16)> =
            stays.iter().filter_map(|stay| wait(stay)).collect();
        if waits.len() > PIECES_MAX {
            // The longest say the most.
            waits.sort_by_key(|(stay, ..)| std::cmp::Reverse(stay.to.saturating_since(stay.from)));
            waits.truncate(PIECES_MAX);
            waits.sort_by_key(|(stay, ..)| stay.from);
        }
        for (stay, text, by) in waits {
            self.waits.push(stay.from);
            self.waits.push(stay.to);
            self.text.push(texts.number(text));
            self.by.push(by);
        }
    }
}

fn joined(pieces: &[(u64, u64)], grain: u64) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for &(from, to) in pieces {
        match joined.last_mut() {
            Some((_, until)) if from <= until.saturating_add(grain) => *until = to.max(*until),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// What a thread waits for, in words, and which thread ended the wait. Waits that time or the
/// network ended stand between the pieces in which the thread runs, and need no words.
fn wait<'a, 'b>(stay: &'a &'b ThreadInterval) -> Option<(&'a &'b ThreadInterval, String, u16)> {
    let ThreadActivity::Waits { on, name, ended_by } = stay.activity else {
        return None;
    };
    let by = match ended_by {
        Some(EndedBy::Thread(thread)) => thread.0,
        Some(EndedBy::Time | EndedBy::World) | None => 0,
    };
    let what = match on {
        WaitTarget::Lock => format!("waits for critical section {name}"),
        WaitTarget::Object => format!("waits for {name}"),
        WaitTarget::Message => format!("waits for a message: {name}"),
        WaitTarget::Network | WaitTarget::Time => return None,
    };
    (by != 0 || on == WaitTarget::Lock).then_some((stay, what, by))
}
