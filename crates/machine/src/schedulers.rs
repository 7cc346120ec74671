//! The strategies, without an edge between them.
//!
//! Timed, they say something about rates; all others are adversaries: they find bugs, and how
//! often they do says nothing about how often it would happen.

pub(crate) mod controlled;
pub mod cooperative;
pub mod counts;
pub(crate) mod dispatcher;
pub mod enabled_set;
pub mod parallel;
pub mod pct;
pub mod pending_call;
pub mod portfolio;
pub mod pos;
pub mod preempting;
pub mod random;
pub mod round_robin;
pub mod surw;
pub mod time_weighted;
pub(crate) mod timed;

use std::fmt::Debug;

use kernel::Choices;

use crate::schedulers::enabled_set::EnabledSet;

pub use cooperative::Cooperative;
pub use counts::{Counts, Tally};
pub use parallel::Parallel;
pub use pct::Pct;
pub use portfolio::Portfolio;
pub use pos::Pos;
pub use preempting::Preempting;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use surw::{Selection, Surw};
pub use time_weighted::TimeWeighted;

/// A strategy for one processor, asked before every call that others may notice. Private calls
/// ([`Operation::is_private`](crate::Operation::is_private)) are made as soon as a thread comes
/// to them: no order of them makes a difference.
pub trait Scheduler: Debug {
    /// The place of the candidate that goes next.
    ///
    /// `runnable` is never empty. `step` counts the choices of this run from
    /// zero; a thread whose turn is taken away by a [`Preemption`] is missing from the choice
    /// that follows, which has the next step.
    fn choose(&mut self, step: u64, runnable: &EnabledSet) -> usize;

    /// All threads wait, or their time has not come: the world goes on. Most strategies do not
    /// care.
    fn on_idle(&mut self) {}

    /// From now on luck is that of `choices`. A strategy that draws nothing any more has none to
    /// change.
    fn reseed(&mut self, _choices: Choices) {}
}

/// What decides the order of calls.
#[derive(Debug)]
pub enum Strategy {
    /// Modeled time: processors with clocks, costs with jitter, a ready queue, a quantum. Rates
    /// measured in such runs mean something.
    Timed,
    /// A chooser, asked before every call, on one processor. It finds bugs; its rates mean nothing.
    Controlled(Box<dyn Scheduler>),
}
