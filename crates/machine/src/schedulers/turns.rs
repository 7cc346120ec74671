//! Either way of giving turns, behind one face.

use kernel::{Choices, Duration, Instant};

use crate::call::{Operation, Request, ThreadId};
use crate::config::Config;
use crate::scheduler::{Candidate, Prospect, Strategy, Turn};
use crate::schedulers::chosen::Chosen;
use crate::schedulers::timed::Timed;

/// Whose call takes place next.
#[derive(Debug)]
pub(crate) enum Turns {
    Timed(Timed),
    Chosen(Chosen),
}

impl Turns {
    pub(crate) fn new(config: &Config, strategy: Strategy) -> Self {
        let timed = Timed::new(config.processors, config.quantum, config.switch_cost);
        match strategy {
            Strategy::Timed => Self::Timed(timed),
            Strategy::Chosen(scheduler) => Self::Chosen(Chosen::new(scheduler)),
        }
    }

    /// From now on luck is that of `choices`; modeled time draws none for turns.
    pub(crate) fn renew(&mut self, choices: Choices) {
        match self {
            Self::Timed(_) => {}
            Self::Chosen(chosen) => chosen.renew(choices),
        }
    }

    /// As new, with another strategy.
    pub(crate) fn restart(&mut self, config: &Config, strategy: Strategy) {
        match (self, strategy) {
            (Self::Chosen(chosen), Strategy::Chosen(scheduler)) => chosen.restart(scheduler),
            (turns, strategy) => *turns = Self::new(config, strategy),
        }
    }

    /// The candidate's thread can make its call from `at` on.
    pub(crate) fn ready(&mut self, at: Instant, candidate: Candidate) {
        match self {
            Self::Timed(timed) => timed.ready(candidate.thread, at),
            Self::Chosen(chosen) => chosen.ready(at, candidate),
        }
    }

    /// When the next call takes place.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        match self {
            Self::Timed(timed) => timed.next_time(),
            Self::Chosen(chosen) => chosen.next_time(),
        }
    }

    /// Gives the turn to whose call takes place next, if that is not after `until`. One of the
    /// four methods below must follow. `prospect` says what a
    /// thread's call would come to.
    pub(crate) fn next(
        &mut self,
        until: Instant,
        prospect: impl Fn(ThreadId, &Operation, Instant) -> Prospect,
    ) -> Option<Turn> {
        match self {
            Self::Timed(timed) => timed.next(until),
            Self::Chosen(chosen) => chosen.next(until, prospect),
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
    pub(crate) fn is_contended(&self) -> bool {
        match self {
            Self::Timed(timed) => timed.is_contended(),
            Self::Chosen(chosen) => chosen.is_contended(),
        }
    }

    /// The turn is taken away without a call, in favour of the thread with the key `to`.
    pub(crate) fn pass_over(&mut self, to: Option<u64>) {
        match self {
            Self::Timed(timed) => timed.pass_over(),
            Self::Chosen(chosen) => chosen.pass_over(to),
        }
    }

    /// The call cost so much and the thread, having made so many `calls`, goes on with the next.
    pub(crate) fn spent(&mut self, cost: Duration, calls: u64, next: &Request) {
        match self {
            Self::Timed(timed) => timed.spent(cost),
            Self::Chosen(chosen) => chosen.spent(cost, calls, next),
        }
    }

    /// The call cost so much and the thread cannot go on.
    pub(crate) fn stopped(&mut self, cost: Duration) {
        match self {
            Self::Timed(timed) => timed.stopped(cost),
            Self::Chosen(chosen) => chosen.stopped(cost),
        }
    }

    /// The call cost so much and the environment has the word.
    pub(crate) fn asked(&mut self, cost: Duration) {
        match self {
            Self::Timed(timed) => timed.asked(cost),
            Self::Chosen(chosen) => chosen.stopped(cost),
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
