//! Either way of giving turns, behind one face.

use kernel::{Choices, Duration, Instant};

use crate::call::ThreadId;
use crate::config::Config;
use crate::schedulers::Strategy;
use crate::schedulers::controlled::Chosen;
use crate::schedulers::enabled_set::Candidates;
use crate::schedulers::pending_call::Asked;
use crate::schedulers::pending_call::{Candidate, Prospect};
use crate::schedulers::timed::Timed;

/// The thread whose call takes place next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
}

/// Whose call takes place next.
#[derive(Debug)]
pub(crate) enum Turns {
    Timed(Timed),
    Chosen(Chosen),
}

impl Turns {
    pub(crate) fn new(config: &Config, strategy: Strategy) -> Self {
        match strategy {
            Strategy::Timed => Self::Timed(Timed::new(
                config.processors,
                config.quantum,
                config.switch_cost,
            )),
            Strategy::Chosen(scheduler) => Self::Chosen(Chosen::new(scheduler)),
        }
    }

    /// As new; a scheduler keeps what it remembers.
    pub(crate) fn restart(&mut self, config: &Config) {
        match self {
            Self::Timed(_) => *self = Self::new(config, Strategy::Timed),
            Self::Chosen(chosen) => chosen.restart(),
        }
    }

    /// From now on luck is that of `choices`; modeled time draws none for turns.
    pub(crate) fn renew(&mut self, choices: Choices) {
        match self {
            Self::Timed(_) => {}
            Self::Chosen(chosen) => chosen.renew(choices),
        }
    }

    /// The thread can make its call from `at` on.
    pub(crate) fn ready(&mut self, candidates: &mut Candidates, at: Instant, thread: ThreadId) {
        match self {
            Self::Timed(timed) => timed.ready(thread, at),
            Self::Chosen(chosen) => chosen.ready(candidates, at, thread),
        }
    }

    /// When the next call takes place.
    pub(crate) fn next_time(&self, candidates: &Candidates) -> Option<Instant> {
        match self {
            Self::Timed(timed) => timed.next_time(),
            Self::Chosen(chosen) => chosen.next_time(candidates),
        }
    }

    /// Gives the turn to whose call takes place next, if that is not after `until`. `prospect` says
    /// what a thread's call would come to.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        candidates: &mut Candidates,
        until: Instant,
        prospect: impl Fn(&Candidate, Instant) -> Prospect,
    ) -> Option<Turn> {
        match self {
            Self::Timed(timed) => timed.next(until),
            Self::Chosen(chosen) => chosen.next(candidates, until, prospect),
        }
    }

    /// Nobody has anything to do now.
    pub(crate) fn rest(&mut self) {
        match self {
            Self::Timed(_) => {}
            Self::Chosen(chosen) => chosen.rest(),
        }
    }

    /// Whether another thread than the one that has the turn could make its call now.
    pub(crate) fn is_contended(&self, candidates: &Candidates) -> bool {
        match self {
            Self::Timed(timed) => timed.is_contended(),
            Self::Chosen(_) => candidates.len() > 1,
        }
    }

    /// The turn is taken away without a call, in favour of the thread with the key `to`.
    pub(crate) fn pass_over(&mut self, turn: Turn, to: Option<u64>) {
        match self {
            Self::Timed(timed) => timed.pass_over(),
            Self::Chosen(chosen) => chosen.pass_over(turn, to),
        }
    }

    /// The call of whoever has the turn cost so much. One of the three methods below must follow.
    pub(crate) fn spent(&mut self, cost: Duration) {
        match self {
            Self::Timed(timed) => timed.spent(cost),
            Self::Chosen(chosen) => chosen.spent(cost),
        }
    }

    /// The thread that has the turn goes on with another call.
    #[inline(always)]
    pub(crate) fn goes_on(&mut self, candidates: &mut Candidates, thread: ThreadId, asked: &Asked) {
        match self {
            Self::Timed(_) => candidates.announce(thread, asked),
            Self::Chosen(_) => candidates.goes_on(thread, asked),
        }
    }

    /// The thread that has the turn cannot go on.
    pub(crate) fn stopped(&mut self, candidates: &mut Candidates) {
        match self {
            Self::Timed(timed) => timed.stopped(),
            Self::Chosen(chosen) => chosen.stopped(candidates),
        }
    }

    /// The environment has the word on the call of whoever has the turn.
    pub(crate) fn asked(&mut self, candidates: &mut Candidates) {
        match self {
            Self::Timed(timed) => timed.asked(),
            Self::Chosen(chosen) => chosen.stopped(candidates),
        }
    }

    /// The environment has had its chance to answer at once.
    pub(crate) fn stop_asking(&mut self) {
        match self {
            Self::Timed(timed) => timed.stop_asking(),
            Self::Chosen(_) => {}
        }
    }
}
