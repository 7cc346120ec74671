//! Either way of giving turns, behind one face.

use kernel::{Choices, Duration, Instant};

use crate::call::ThreadId;
use crate::config::Config;
use crate::schedulers::Strategy;
use crate::schedulers::controlled::Controlled;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PreparedCall;
use crate::schedulers::pending_call::{Enabledness, PendingCall};
use crate::schedulers::timed::Timed;

/// The thread whose call takes place next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dispatch {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
}

/// Whose call takes place next.
#[derive(Debug)]
pub(crate) enum Dispatcher {
    Timed(Timed),
    Controlled(Controlled),
}

impl Dispatcher {
    pub(crate) fn new(config: &Config, strategy: Strategy) -> Self {
        match strategy {
            Strategy::Timed => Self::Timed(Timed::new(
                config.processors,
                config.quantum,
                config.switch_cost,
            )),
            Strategy::Controlled(scheduler) => Self::Controlled(Controlled::new(scheduler)),
        }
    }

    /// As new; a scheduler keeps what it remembers.
    pub(crate) fn reset(&mut self, config: &Config) {
        match self {
            Self::Timed(_) => *self = Self::new(config, Strategy::Timed),
            Self::Controlled(chosen) => chosen.reset(),
        }
    }

    /// From now on luck is that of `choices`; modeled time draws none for turns.
    pub(crate) fn reseed(&mut self, choices: Choices) {
        match self {
            Self::Timed(_) => {}
            Self::Controlled(chosen) => chosen.reseed(choices),
        }
    }

    /// The thread can make its call from `at` on.
    pub(crate) fn ready(&mut self, candidates: &mut EnabledSet, at: Instant, thread: ThreadId) {
        match self {
            Self::Timed(timed) => timed.ready(thread, at),
            Self::Controlled(chosen) => chosen.ready(candidates, at, thread),
        }
    }

    /// When the next call takes place.
    pub(crate) fn next_time(&self, candidates: &EnabledSet) -> Option<Instant> {
        match self {
            Self::Timed(timed) => timed.next_time(),
            Self::Controlled(chosen) => chosen.next_time(candidates),
        }
    }

    /// Gives the turn to whose call takes place next, if that is not after `until`. `enabledness` says
    /// what a thread's call would come to.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        candidates: &mut EnabledSet,
        until: Instant,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> Option<Dispatch> {
        match self {
            Self::Timed(timed) => timed.next(until),
            Self::Controlled(chosen) => chosen.next(candidates, until, enabledness),
        }
    }

    /// Nobody has anything to do now.
    pub(crate) fn on_idle(&mut self) {
        match self {
            Self::Timed(_) => {}
            Self::Controlled(chosen) => chosen.on_idle(),
        }
    }

    /// Whether another thread than the one that has the turn could make its call now.
    pub(crate) fn is_contended(&self, candidates: &EnabledSet) -> bool {
        match self {
            Self::Timed(timed) => timed.is_contended(),
            Self::Controlled(_) => candidates.len() > 1,
        }
    }

    /// The turn is taken away without a call, in favour of the thread with the key `to`.
    pub(crate) fn pass_over(&mut self, turn: Dispatch, to: Option<u64>) {
        match self {
            Self::Timed(timed) => timed.pass_over(),
            Self::Controlled(chosen) => chosen.pass_over(turn, to),
        }
    }

    /// The call of whoever has the turn cost so much. One of the three methods below must follow.
    pub(crate) fn spent(&mut self, cost: Duration) {
        match self {
            Self::Timed(timed) => timed.spent(cost),
            Self::Controlled(chosen) => chosen.spent(cost),
        }
    }

    /// The thread that has the turn goes on with another call.
    #[inline(always)]
    pub(crate) fn goes_on(
        &mut self,
        candidates: &mut EnabledSet,
        thread: ThreadId,
        asked: &PreparedCall,
    ) {
        match self {
            Self::Timed(_) => candidates.announce(thread, asked),
            Self::Controlled(_) => candidates.goes_on(thread, asked),
        }
    }

    /// The thread that has the turn cannot go on.
    pub(crate) fn stopped(&mut self, candidates: &mut EnabledSet) {
        match self {
            Self::Timed(timed) => timed.stopped(),
            Self::Controlled(chosen) => chosen.stopped(candidates),
        }
    }

    /// The environment has the word on the call of whoever has the turn.
    pub(crate) fn asked(&mut self, candidates: &mut EnabledSet) {
        match self {
            Self::Timed(timed) => timed.asked(),
            Self::Controlled(chosen) => chosen.stopped(candidates),
        }
    }

    /// The environment has had its chance to answer at once.
    pub(crate) fn stop_asking(&mut self) {
        match self {
            Self::Timed(timed) => timed.stop_asking(),
            Self::Controlled(_) => {}
        }
    }
}
