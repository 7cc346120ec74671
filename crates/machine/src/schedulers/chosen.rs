//! One processor whose next call a [`Scheduler`] chooses.
//!
//! Owns its clock and the list of candidates. Which thread is chosen depends on who can run,
//! never on what a call costs; time only says who can run already. Private calls are made at
//! once, without a choice.

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant};

use crate::call::{Operation, Request, ThreadId};
use crate::scheduler::{Candidate, Prospect, Scheduler, Turn};

#[derive(Debug)]
pub(crate) struct Chosen {
    scheduler: Box<dyn Scheduler>,
    clock: Instant,
    step: u64,
    runnable: Vec<Candidate>,
    /// How many of them are about to make a private call, and one that may have to wait.
    private: usize,
    patient: usize,
    later: BTreeMap<(Instant, ThreadId), Candidate>,
    /// The place of whoever has the turn.
    turn: Option<usize>,
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
            patient: 0,
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
        if !self.later.is_empty() {
            self.admit_whose_time_has_come();
        }
        let index = match self.passed_over.take() {
            Some(passed) => self.pick_without(&passed, prospect),
            None => self.pick(prospect),
        };
        self.turn = Some(index);
        let thread = self.runnable[index].thread;
        Some(Turn { thread, at })
    }

    #[inline(never)]
    fn admit_whose_time_has_come(&mut self) {
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= self.clock
        {
            let candidate = entry.remove();
            self.admit(candidate);
        }
    }

    /// The place of who goes next.
    fn pick(&mut self, prospect: impl Fn(ThreadId, &Operation, Instant) -> Prospect) -> usize {
        let index = match self.eager() {
            Some(index) => index,
            None => self.choose(prospect),
        };
        let (count, scheduler) = (self.runnable.len(), &self.scheduler);
        assert!(
            index < count,
            "{scheduler:?} chose number {index} of {count} threads"
        );
        index
    }

    /// The same where somebody is left out, unless there is nobody else.
    #[cold]
    fn pick_without(
        &mut self,
        passed: &Candidate,
        prospect: impl Fn(ThreadId, &Operation, Instant) -> Prospect,
    ) -> usize {
        if self.runnable.len() == 1 {
            return self.pick(prospect);
        }
        let place = self.find(passed.thread).expect("who is left out could run");
        self.remove(place);
        let index = self.pick(prospect);
        self.admit(*passed);
        index + usize::from(place <= index)
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
        if self.patient > 0 {
            for one in &mut self.runnable {
                one.prospect = prospect(one.thread, &one.request.operation, self.clock);
            }
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
        let index = self.turn.take().expect("somebody has the turn");
        self.passed_over = Some(self.runnable[index]);
    }

    /// The thread that had the turn goes on to `request`, having made so many `calls`.
    pub(crate) fn spent(&mut self, cost: Duration, calls: u64, request: &Request) {
        let index = self.turn.take().expect("somebody had the turn");
        let stretch = self.runnable[index].stretch;
        let was_private = self.runnable[index].request.operation.is_private();
        self.discount(index);
        let place = &mut self.runnable[index];
        place.calls = calls;
        place.request = *request;
        place.prospect = Prospect::Done;
        place.stretch = if was_private {
            stretch + cost
        } else {
            Duration::ZERO
        };
        self.count(index);
        self.clock += cost;
    }

    pub(crate) fn stopped(&mut self, cost: Duration) {
        let index = self.turn.take().expect("somebody had the turn");
        self.remove(index);
        self.clock += cost;
    }

    fn admit(&mut self, candidate: Candidate) {
        match self.find(candidate.thread) {
            Ok(_) => panic!("{:?} can run already", candidate.thread),
            Err(index) => {
                self.runnable.insert(index, candidate);
                self.count(index);
            }
        }
    }

    fn remove(&mut self, index: usize) {
        self.discount(index);
        self.runnable.remove(index);
    }

    fn count(&mut self, index: usize) {
        let operation = &self.runnable[index].request.operation;
        self.private += usize::from(operation.is_private());
        self.patient += usize::from(operation.may_wait());
    }

    fn discount(&mut self, index: usize) {
        let operation = &self.runnable[index].request.operation;
        self.private -= usize::from(operation.is_private());
        self.patient -= usize::from(operation.may_wait());
    }

    fn find(&self, thread: ThreadId) -> Result<usize, usize> {
        self.runnable
            .binary_search_by_key(&thread, |one| one.thread)
    }
}
