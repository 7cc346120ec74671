//! Schedulers: modeled time, and adversaries that choose the order of calls.
//!
//! Only modeled time says something about rates. All other schedulers look for bugs; how often they
//! find one says nothing about how often it would happen. An adversary, here, is any scheduler that
//! chooses the order itself. To add one for scenarios: docs/CONTRIBUTING.md.
//!
//! | module | contents |
//! |---|---|
//! | `dispatcher` | picks the thread whose call takes place next, under either strategy |
//! | `timed`, `controlled` | modeled time; one processor under a [`Scheduler`] |
//! | [`priority_increment`] | NT's priority increments, which modeled time uses |
//! | [`pending_call`], [`enabled_set`] | what a scheduler sees |
//! | [`random`], [`pct`], [`pos`], [`surw`], [`delay_bounding`] | published adversaries |
//! | [`reads_from`] | a published search that learns from its earlier schedules |
//! | [`preempting`], [`time_weighted`], [`parallel`], [`portfolio`] | our own adversaries |
//! | [`round_robin`], [`cooperative`] | schedules without random choices |
//! | [`counts`] | call counts of pilot runs, which some adversaries need |

pub(crate) mod controlled;
pub mod cooperative;
pub mod counts;
pub mod delay_bounding;
pub(crate) mod dispatcher;
pub mod enabled_set;
pub mod parallel;
pub mod pct;
pub mod pending_call;
pub mod portfolio;
pub mod pos;
pub mod preempting;
pub mod priority_increment;
pub mod random;
pub mod reads_from;
pub mod round_robin;
pub(crate) mod scheduling_decision;
pub mod surw;
pub mod time_weighted;
pub(crate) mod timed;

use std::fmt::Debug;

use kernel::Choices;

use crate::schedulers::enabled_set::EnabledSet;

pub use cooperative::Cooperative;
pub use counts::{CallCounter, Counts};
pub use delay_bounding::DelayBounding;
pub use parallel::Parallel;
pub use pct::Pct;
pub use portfolio::Portfolio;
pub use pos::Pos;
pub use preempting::Preempting;
pub use priority_increment::Increment;
pub use random::Random;
pub use reads_from::{ReadsFrom, ReadsFromSearch};
pub use round_robin::RoundRobin;
pub use surw::{InterestingCalls, Surw};
pub use time_weighted::TimeWeighted;

/// Chooses the thread that makes the next call, on one processor.
///
/// It is asked before every call that other threads can observe. Private calls
/// ([`Operation::is_private`](crate::Operation::is_private)) are made without a choice, as soon as a
/// thread comes to them: their order cannot matter.
pub trait Scheduler: Debug {
    /// Returns the index of the thread that goes next.
    ///
    /// `enabled` is never empty. `step` counts the choices of this run from zero. If a
    /// [`Preemption`](crate::Preemption) cancels a choice, the thread is missing from the next
    /// choice, which has the next step.
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize;

    /// All threads are blocked or not ready yet; time is about to pass. Most schedulers ignore it.
    fn on_idle(&mut self) {}

    /// Takes all random choices from `choices` from now on. A scheduler that makes no more random
    /// choices ignores it.
    fn reseed(&mut self, _choices: Choices) {}
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        (**self).choose(step, enabled)
    }

    fn on_idle(&mut self) {
        (**self).on_idle();
    }

    fn reseed(&mut self, choices: Choices) {
        (**self).reseed(choices);
    }
}

/// What decides the order of calls.
#[derive(Debug)]
pub enum Strategy {
    /// Modeled time: processors with clocks, random costs, and NT's priorities and quantum.
    Timed,
    /// One processor, whose every call a scheduler chooses.
    Controlled(Box<dyn Scheduler>),
}
