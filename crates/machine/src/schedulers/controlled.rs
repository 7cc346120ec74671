//! One processor whose next call a [`Scheduler`] chooses.
//!
//! Owns its clock. Which thread is chosen depends on who can run,
//! never on what a call costs; time only says who can run already. Private calls are made at
//! once, without a choice.

use std::collections::BTreeSet;

use kernel::{Choices, Duration, Instant};

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::dispatcher::Dispatch;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::{Enabledness, PendingCall};

#[derive(Debug)]
pub(crate) struct Controlled {
    scheduler: Box<dyn Scheduler>,
    clock: Instant,
    step: u64,
    /// Who can make its call once that time has come.
    later: BTreeSet<(Instant, ThreadId)>,
    /// The place of whoever has the turn.
    place: usize,
    /// Who lost the turn and is left out of the next choice.
    passed_over: Option<ThreadId>,
    /// The key of whoever is chosen next whatever the scheduler would do.
    heir: Option<u64>,
    /// Whether there is anybody of these three.
    is_special: bool,
}

impl Controlled {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>) -> Self {
        Self {
            scheduler,
            clock: Instant::ZERO,
            step: 0,
            later: BTreeSet::new(),
            place: 0,
            passed_over: None,
            heir: None,
            is_special: false,
        }
    }

    /// As new, but for its scheduler.
    pub(crate) fn reset(&mut self) {
        self.clock = Instant::ZERO;
        self.step = 0;
        if self.is_special {
            self.later.clear();
            self.passed_over = None;
            self.heir = None;
            self.is_special = false;
        }
    }

    /// From now on luck is that of `choices`.
    pub(crate) fn reseed(&mut self, choices: Choices) {
        self.scheduler.reseed(choices);
    }

    pub(crate) fn ready(&mut self, candidates: &mut EnabledSet, at: Instant, thread: ThreadId) {
        if at <= self.clock {
            candidates.admit(thread);
        } else {
            self.later.insert((at, thread));
            self.is_special = true;
        }
    }

    pub(crate) fn next_time(&self, candidates: &EnabledSet) -> Option<Instant> {
        if candidates.is_empty() {
            let (first, _) = self.later.first()?;
            Some(self.clock.max(*first))
        } else {
            Some(self.clock)
        }
    }

    /// Gives the turn; `enabledness` says what a call would come to now.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        candidates: &mut EnabledSet,
        until: Instant,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> Option<Dispatch> {
        if self.is_special && !self.wait(candidates, until) {
            return None;
        }
        let at = self.clock;
        if candidates.is_empty() || at > until {
            return None;
        }
        self.place = if self.is_special {
            self.pick_specially(candidates, enabledness)
        } else {
            self.pick(candidates, enabledness)
        };
        let Some(thread) = candidates.thread_at(self.place) else {
            self.refuse_place(candidates.len());
        };
        Some(Dispatch { thread, at })
    }

    /// Lets time come until somebody can go on, but not beyond `until`: false if nobody can then.
    #[inline(never)]
    fn wait(&mut self, candidates: &mut EnabledSet, until: Instant) -> bool {
        match self.next_time(candidates) {
            Some(at) if at <= until => self.clock = at,
            Some(_) | None => return false,
        }
        while let Some(&(at, thread)) = self.later.first()
            && at <= self.clock
        {
            self.later.pop_first();
            candidates.admit(thread);
        }
        true
    }

    /// The place of who goes next.
    #[inline(always)]
    fn pick(
        &mut self,
        candidates: &mut EnabledSet,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> usize {
        if !candidates.are_plain() {
            if let Some(place) = candidates.eager() {
                return place;
            }
            candidates.foresee(|one| enabledness(one, self.clock));
        }
        let step = self.step;
        self.step += 1;
        self.scheduler.choose(step, candidates)
    }

    /// The same where somebody may be left out, unless there is nobody else, or be chosen whatever the
    /// scheduler would do.
    #[inline(never)]
    fn pick_specially(
        &mut self,
        candidates: &mut EnabledSet,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> usize {
        let passed = self.passed_over.take().filter(|_| candidates.len() > 1);
        let left_out = passed.map(|passed| {
            let place = candidates.place_of(passed);
            let place = place.expect("who is left out could run");
            candidates.remove(place);
            (place, passed)
        });
        let is_eager = !candidates.are_plain() && candidates.eager().is_some();
        let heir = self.heir.take_if(|_| !is_eager);
        let heir = heir.and_then(|heir| candidates.iter().position(|one| one.key == heir));
        let place = match heir {
            // The scheduler is shown whom it chooses.
            Some(place) => candidates.alone(place, |only| place + self.pick(only, enabledness)),
            None => self.pick(candidates, enabledness),
        };
        self.is_special = self.heir.is_some() || !self.later.is_empty();
        left_out.map_or(place, |(left_out, passed)| {
            candidates.admit(passed);
            place + usize::from(left_out <= place)
        })
    }

    #[cold]
    fn refuse_place(&self, count: usize) -> ! {
        let Self {
            scheduler, place, ..
        } = self;
        panic!("{scheduler:?} chose number {place} of {count} threads");
    }

    pub(crate) fn on_idle(&mut self) {
        self.scheduler.on_idle();
    }

    /// The turn goes to the thread with the key `to`, or whomever the scheduler likes better.
    pub(crate) fn pass_over(&mut self, turn: Dispatch, to: Option<u64>) {
        self.heir = to;
        self.passed_over = Some(turn.thread);
        self.is_special = true;
    }

    /// What the thread that has the turn did took so long.
    pub(crate) fn spent(&mut self, cost: Duration) {
        self.clock += cost;
    }

    /// The thread that had the turn cannot go on.
    pub(crate) fn stopped(&mut self, candidates: &mut EnabledSet) {
        candidates.remove(self.place);
    }
}
