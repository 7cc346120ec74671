//! What the outcome of a run is held against.
//!
//! Owns [`Expectations`] and the kinds of violation there are. It refuses to judge: counting
//! and comparing are the outcome's.

use std::collections::BTreeMap;
use std::fmt;

use super::keyword::keywords;
use super::quantity::CountRange;

keywords! {
    /// A kind of broken promise.
    pub enum ViolationKind {
        /// A control block that nobody will ever release (Q303102).
        ControlBlockLeak = "control-block-leak",
        /// No control block was free (event 9156).
        ControlBlockExhaustion = "control-block-exhaustion",
        /// Two accesses to one word, one of them a write, unordered (Q152941).
        DataRace = "data-race",
        /// A control block or heap block was given back twice.
        DoubleRelease = "double-release",
        /// A message meant for an earlier instance of a control block took effect.
        StaleInstance = "stale-instance",
        /// The heap's own words no longer agree.
        HeapCorruption = "heap-corruption",
        /// A freed heap block was touched.
        UseAfterFree = "use-after-free",
        /// A socket that nobody will ever close.
        SocketLeak = "socket-leak",
        /// Bytes lost, altered, repeated or out of order above TCP.
        Delivery = "delivery",
        /// Progress was owed and did not come.
        Liveness = "liveness",
        /// A thread closed a control block it does not own (Q157701).
        WrongThread = "wrong-thread",
        /// Threads wait for each other's critical sections in a circle.
        Deadlock = "deadlock",
    }
}

/// What is expected; whatever is not named may happen, but for violations while `only` is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// Violations by kind.
    pub violations: BTreeMap<ViolationKind, CountRange>,
    /// Exceptions of the modeled processes by code.
    pub exceptions: BTreeMap<ExceptionCode, CountRange>,
    /// Event-log entries by event id.
    pub events: BTreeMap<u32, CountRange>,
    /// Associations by fate.
    pub associations: AssociationCounts,
    /// Whether a violation of a kind not named is unexpected.
    pub only: bool,
}

/// An exception of a modeled process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionCode {
    /// All of them together.
    Any,
    /// One code, such as `0xc0000005`.
    Code(u32),
}

/// How many associations there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssociationCounts {
    /// Opened.
    pub opened: Option<CountRange>,
    /// Given up.
    pub failed: Option<CountRange>,
}

impl Default for Expectations {
    fn default() -> Self {
        Self {
            violations: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            events: BTreeMap::new(),
            associations: AssociationCounts::default(),
            only: true,
        }
    }
}

/// `any`, or eight hexadecimal digits as event 9405 prints them.
impl fmt::Display for ExceptionCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Code(code) => write!(formatter, "{code:08x}"),
        }
    }
}
