//! One processor whose next call a [`Scheduler`] chooses.
//!
//! Owns its clock and the list of candidates. Which thread is chosen depends on who can run,
//! never on what a call costs; time only says who can run already.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};

use crate::call::ThreadId;
use crate::scheduler::{Candidate, Scheduler, Turn};

#[derive(Debug)]
pub(crate) struct Chosen {
    scheduler: Box<dyn Scheduler>,
    clock: Instant,
    step: u64,
    runnable: Vec<Candidate>,
    later: BTreeMap<(Instant, ThreadId), Candidate>,
    /// Who has the turn.
    turn: Option<ThreadId>,
    /// Who lost the turn and is left out of the next choice.
    passed_over: Option<Candidate>,
}

impl Chosen {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>) -> Self {
        Self {
            scheduler,
            clock: Instant::ZERO,
            step: 0,
            runnable: Vec::new(),
            later: BTreeMap::new(),
            turn: None,
            passed_over: None,
        }
    }

    pub(crate) fn ready(&mut self, at: Instant, candidate: Candidate) {
        if at <= self.clock {
            self.admit(candidate);
        } else {
            self.later.insert((at, candidate.thread), candidate);
        }
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        if self.runnable.is_empty() {
            let (first, _) = self.later.first_key_value()?;
            Some(first.0.max(self.clock))
        } else {
            Some(self.clock)
        }
    }

    pub(crate) fn next(&mut self, until: Instant) -> Option<Turn> {
        let at = self.next_time().filter(|at| *at <= until)?;
        self.clock = at;
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= at
        {
            let candidate = entry.remove();
            self.admit(candidate);
        }
        if self.runnable.len() > 1
            && let Some(passed) = self.passed_over
        {
            self.remove(passed.thread);
        }
        let index = self.scheduler.choose(self.step, &self.runnable);
        let chosen = self.runnable.get(index).unwrap_or_else(|| {
            let (count, scheduler) = (self.runnable.len(), &self.scheduler);
            panic!("{scheduler:?} chose number {index} of {count} threads")
        });
        let thread = chosen.thread;
        self.step += 1;
        if let Some(passed) = self.passed_over.take()
            && passed.thread != thread
        {
            self.admit(passed);
        }
        self.turn = Some(thread);
        Some(Turn { thread, at })
    }

    pub(crate) fn is_contended(&self) -> bool {
        self.runnable.len() > 1
    }

    pub(crate) fn pass_over(&mut self) {
        let thread = self.turn.take().expect("somebody has the turn");
        let index = self.find(thread).expect("who has the turn can run");
        self.passed_over = Some(self.runnable[index]);
    }

    pub(crate) fn spent(&mut self, cost: Duration, next: Candidate) {
        let thread = self.turn.take().expect("somebody had the turn");
        assert_eq!(thread, next.thread, "who had the turn goes on");
        let index = self.find(thread).expect("who had the turn can run");
        self.runnable[index] = next;
        self.clock += cost;
    }

    pub(crate) fn stopped(&mut self, cost: Duration) {
        let thread = self.turn.take().expect("somebody had the turn");
        self.remove(thread);
        self.clock += cost;
    }

    fn admit(&mut self, candidate: Candidate) {
        match self.find(candidate.thread) {
            Ok(_) => panic!("{:?} can run already", candidate.thread),
            Err(index) => self.runnable.insert(index, candidate),
        }
    }

    fn remove(&mut self, thread: ThreadId) {
        let index = self.find(thread).expect("who is removed could run");
        self.runnable.remove(index);
    }

    fn find(&self, thread: ThreadId) -> Result<usize, usize> {
        self.runnable
            .binary_search_by_key(&thread, |one| one.thread)
    }
}
