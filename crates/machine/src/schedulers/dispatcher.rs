//! The dispatcher decides which thread makes its call next, and when.
//!
//! It hides from the engine whether modeled time or a scheduler decides.

use kernel::{Choices, Duration, Instant};

use crate::call::ThreadId;
use crate::config::Config;
use crate::schedulers::Strategy;
use crate::schedulers::controlled::Controlled;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::{Enabledness, PendingCall, PreparedCall};
use crate::schedulers::priority_increment::Increment;
use crate::schedulers::scheduling_decision::SchedulingDecision;
use crate::schedulers::timed::Timed;

/// See the module documentation.
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

    /// Makes it as new; a scheduler keeps what it has learned.
    pub(crate) fn reset(&mut self, config: &Config) {
        match self {
            Self::Timed(_) => *self = Self::new(config, Strategy::Timed),
            Self::Controlled(controlled) => controlled.reset(),
        }
    }

    /// Takes random choices from `choices` from now on. Modeled time makes none here.
    pub(crate) fn reseed(&mut self, choices: Choices) {
        match self {
            Self::Timed(_) => {}
            Self::Controlled(controlled) => controlled.reseed(choices),
        }
    }

    /// A thread can make its pending call from `at` on. `woken_with` is the increment of what ended
    /// its wait; `None` if it did not wait.
    pub(crate) fn ready(
        &mut self,
        enabled: &mut EnabledSet,
        at: Instant,
        thread: ThreadId,
        woken_with: Option<Increment>,
    ) {
        match self {
            Self::Timed(timed) => timed.ready(thread, at, woken_with),
            Self::Controlled(controlled) => controlled.ready(enabled, at, thread),
        }
    }

    /// Whether a woken thread does nothing before it is dispatched. An adversary must know what it
    /// chooses from, so there its program runs up to the next call as soon as it is woken.
    pub(crate) fn dispatches_woken_threads(&self) -> bool {
        matches!(self, Self::Timed(_))
    }

    /// The time of the next call.
    pub(crate) fn next_time(&self, enabled: &EnabledSet) -> Option<Instant> {
        match self {
            Self::Timed(timed) => timed.next_time(),
            Self::Controlled(controlled) => controlled.next_time(enabled),
        }
    }

    /// The next decision, if a call takes place until `until`. `enabledness` says what a call would
    /// do at an instant.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        enabled: &mut EnabledSet,
        until: Instant,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> Option<SchedulingDecision> {
        match self {
            Self::Timed(timed) => timed.next(until),
            Self::Controlled(controlled) => controlled.next(enabled, until, enabledness),
        }
    }

    /// No thread can make a call now.
    pub(crate) fn on_idle(&mut self) {
        match self {
            Self::Timed(_) => {}
            Self::Controlled(controlled) => controlled.on_idle(),
        }
    }

    /// Whether another thread than the dispatched one could make its call now.
    pub(crate) fn is_contended(&self, enabled: &EnabledSet) -> bool {
        match self {
            Self::Timed(timed) => timed.is_contended(),
            Self::Controlled(_) => enabled.len() > 1,
        }
    }

    /// Takes the decision back before the call is made, in favour of the thread with key `to`.
    pub(crate) fn preempt(&mut self, dispatch: SchedulingDecision, to: Option<u64>) {
        match self {
            Self::Timed(timed) => timed.preempt(),
            Self::Controlled(controlled) => controlled.preempt(dispatch, to),
        }
    }

    /// Charges the cost of the dispatched thread's call. One of the next three methods must follow.
    pub(crate) fn charge(&mut self, cost: Duration) {
        match self {
            Self::Timed(timed) => timed.charge(cost),
            Self::Controlled(controlled) => controlled.charge(cost),
        }
    }

    /// The dispatched thread announces its next call.
    #[inline(always)]
    pub(crate) fn continue_with(
        &mut self,
        enabled: &mut EnabledSet,
        thread: ThreadId,
        call: &PreparedCall,
    ) {
        match self {
            // Modeled time keeps its own ready queue and leaves the set empty.
            Self::Timed(_) => enabled.set_pending(thread, call),
            Self::Controlled(_) => enabled.replace_pending(thread, call),
        }
    }

    /// The dispatched thread cannot continue.
    pub(crate) fn deschedule(&mut self, enabled: &mut EnabledSet) {
        match self {
            Self::Timed(timed) => timed.deschedule(),
            Self::Controlled(controlled) => controlled.deschedule(enabled),
        }
    }

    /// The dispatched thread waits for the environment's reply.
    pub(crate) fn await_reply(&mut self, enabled: &mut EnabledSet) {
        match self {
            Self::Timed(timed) => timed.await_reply(),
            Self::Controlled(controlled) => controlled.deschedule(enabled),
        }
    }

    /// The environment has had its chance to reply at once.
    pub(crate) fn end_reply_window(&mut self) {
        match self {
            Self::Timed(timed) => timed.end_reply_window(),
            Self::Controlled(_) => {}
        }
    }
}
