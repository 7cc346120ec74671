//! One processor whose next call a [`Scheduler`] chooses.
//!
//! Owns its clock and the list of candidates. Which thread is chosen depends on who can run,
//! never on what a call costs; time only says who can run already. Private calls are made at
//! once, without a choice.

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant};

use crate::call::{Operation, ThreadId};
use crate::scheduler::{Candidate, Prospect, Scheduler, Turn};

#[derive(Debug)]
pub(crate) struct Chosen {
    scheduler: Box<dyn Scheduler>,
    clock: Instant,
    step: u64,
    runnable: Vec<Candidate>,
    /// How many of them are about to make a private call.
    private: usize,
    later: BTreeMap<(Instant, ThreadId), Candidate>,
    /// Who has the turn.
    turn: Option<ThreadId>,
    /// Who lost the turn and is left out of the next choice.
    passed_over: Option<Candidate>,
    /// The key of whoever is chosen next whatever the scheduler would do.
    heir: Option<u64>,
}

impl Chosen {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>) -> Self {
        Self {
            scheduler,
            clock: Instant::ZERO,
            step: 0,
            runnable: Vec::new(),
            private: 0,
            later: BTreeMap::new(),
            turn: None,
            passed_over: None,
            heir: None,
        }
    }

    /// From now on luck is that of `choices`.
    pub(crate) fn renew(&mut self, choices: Choices) {
        self.scheduler.renew(choices);
    }

    /// As new, in the room it has taken.
    pub(crate) fn restart(&mut self, scheduler: Box<dyn Scheduler>) {
        self.runnable.clear();
        let runnable = std::mem::take(&mut self.runnable);
        *self = Self {
            runnable,
            ..Self::new(scheduler)
        };
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

    /// Gives the turn; `prospect` says what a call would come to now.
    pub(crate) fn next(
        &mut self,
        until: Instant,
        prospect: impl Fn(ThreadId, &Operation, Instant) -> Prospect,
    ) -> Option<Turn> {
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
        let index = match self.eager() {
            Some(index) => index,
            None => self.choose(prospect),
        };
        let chosen = self.runnable.get(index).unwrap_or_else(|| {
            let (count, scheduler) = (self.runnable.len(), &self.scheduler);
            panic!("{scheduler:?} chose number {index} of {count} threads")
        });
        let thread = chosen.thread;
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

    /// Who is about to make a private call, if anybody is.
    fn eager(&self) -> Option<usize> {
        if self.private == 0 {
            return None;
        }
        let private = |one: &Candidate| one.request.operation.is_private();
        self.runnable.iter().position(private)
    }

    fn choose(&mut self, prospect: impl Fn(ThreadId, &Operation, Instant) -> Prospect) -> usize {
        for one in &mut self.runnable {
            one.prospect = prospect(one.thread, &one.request.operation, self.clock);
        }
        let step = self.step;
        self.step += 1;
        let key = self.heir.take();
        let heir = key.and_then(|key| self.runnable.iter().position(|one| one.key == key));
        match heir {
            // The scheduler is shown whom it chooses.
            Some(index) => index + self.scheduler.choose(step, &self.runnable[index..=index]),
            None => self.scheduler.choose(step, &self.runnable),
        }
    }

    pub(crate) fn rest(&mut self) {
        self.scheduler.rest();
    }

    pub(crate) fn pass_over(&mut self, to: Option<u64>) {
        self.heir = to;
        let thread = self.turn.take().expect("somebody has the turn");
        let index = self.find(thread).expect("who has the turn can run");
        self.passed_over = Some(self.runnable[index]);
    }

    pub(crate) fn spent(&mut self, cost: Duration, next: Candidate) {
        let thread = self.turn.take().expect("somebody had the turn");
        assert_eq!(thread, next.thread, "who had the turn goes on");
        let index = self.find(thread).expect("who had the turn can run");
        let place = &mut self.runnable[index];
        let was_private = place.request.operation.is_private();
        let stretch = if was_private {
            place.stretch + cost
        } else {
            Duration::ZERO
        };
        *place = Candidate { stretch, ..next };
        let is_private = next.request.operation.is_private();
        self.private = self.private + usize::from(is_private) - usize::from(was_private);
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
        self.private += usize::from(candidate.request.operation.is_private());
    }

    fn remove(&mut self, thread: ThreadId) {
        let index = self.find(thread).expect("who is removed could run");
        let removed = self.runnable.remove(index);
        self.private -= usize::from(removed.request.operation.is_private());
    }

    fn find(&self, thread: ThreadId) -> Result<usize, usize> {
        self.runnable
            .binary_search_by_key(&thread, |one| one.thread)
    }
}
