//! Who goes next.
//!
//! Owns the trait [`Scheduler`], by which a strategy chooses among the threads that can run, and
//! [`Strategy`], which says whether chance in modeled time or such a chooser decides. It refuses
//! to let a strategy see more than the pending calls, or change anything.

use std::fmt::Debug;

use kernel::{Choices, Duration};

use crate::call::{Deed, ThreadId};
use crate::candidates::Candidates;

/// A strategy for one processor, asked before every call that others may notice. Private calls
/// ([`Operation::is_private`](crate::Operation::is_private)) are made as soon as a thread comes
/// to them: no order of them makes a difference.
pub trait Scheduler: Debug {
    /// The place of the candidate that goes next.
    ///
    /// `runnable` is never empty. `step` counts the choices of this run from
    /// zero; a thread whose turn is taken away by a [`Preemption`] is missing from the choice
    /// that follows, which has the next step.
    fn choose(&mut self, step: u64, runnable: &Candidates) -> usize;

    /// All threads wait, or their time has not come: the world goes on. Most strategies do not
    /// care.
    fn rest(&mut self) {}

    /// From now on luck is that of `choices`. A strategy that draws nothing any more has none to
    /// change.
    fn renew(&mut self, _choices: Choices) {}
}

/// What decides the order of calls.
#[derive(Debug)]
pub enum Strategy {
    /// Modeled time: processors with clocks, costs with jitter, a ready queue, a quantum. Rates
    /// measured in such runs mean something.
    Timed,
    /// A chooser, asked before every call, on one processor. It finds bugs; its rates mean nothing.
    Chosen(Box<dyn Scheduler>),
}

/// The order to take the processor from a thread just before one of its calls. Honoured by every
/// strategy: timed, the thread goes to the back of the ready queue; chosen, it is left out of
/// one choice, or that choice is made for it. Without another thread that can run nothing happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preemption {
    /// The stable key of the thread.
    pub key: u64,
    /// Before what.
    pub before: Before,
    /// How long it makes no call then: nothing for a mere change of turns, or as long as it waits
    /// for a page, or a busier process has the processor.
    pub length: Duration,
    /// The stable key of the thread that goes on instead, if that is not left to the strategy.
    /// Only chosen strategies honour it.
    pub to: Option<u64>,
}

/// What a preemption stands before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Before {
    /// A call by its number, counted from one: exact, and another one when the program changes.
    Call(u64),
    /// A call by what it does to what: what the program does in between may change.
    Deed {
        /// What is done.
        deed: Deed,
        /// The name of the place, or of the critical section.
        of: String,
        /// The how-manieth such call of the thread, counted from one.
        ordinal: u64,
    },
}

/// The thread whose call takes place next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) thread: ThreadId,
    pub(crate) at: kernel::Instant,
}
