//! What goes wrong besides the links' own loss.
//!
//! Owns [`Fault`]: one kind of trouble and when it strikes. It refuses to touch the subject's
//! memory: faults act on links, hosts, services and threads, as the world could.

use kernel::{Duration, Instant};

use super::keyword::keywords;
use super::quantity::Offset;

keywords! {
    /// A kind of thread of the modeled process.
    pub enum ThreadName {
        /// The association manager, and allocation for outgoing associations.
        MainBase = "MAIN BASE",
        /// The timers.
        Timer = "TIMER",
        /// Transport class 0, downwards.
        Pop4Down = "POP4 DOWN",
        /// Transport class 0, upwards.
        Pop4Up = "POP4 UP",
        /// The first driver thread.
        Driver = "TCP/IP DRVR",
        /// The first Async Notify thread; Exchange 4.0 builds only (Q170006).
        AsyncNotify = "TCP/IP ASYNC",
    }
}

/// Trouble, and when it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// When.
    pub when: When,
}

/// What happens. Names are those of the scenario's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The link carries nothing.
    Cut {
        /// Which link.
        link: String,
        /// Whether the route stays, so that packets vanish without an answer.
        silent: bool,
        /// How long; `None` for the rest of the run, or as [`When`] says.
        length: Option<Duration>,
    },
    /// Open connections receive a RST.
    Reset(ResetScope),
    /// The machine stops at once and, maybe, starts again.
    Crash {
        /// Which host.
        host: String,
        /// How long it is down; `None` for the rest of the run, or as [`When`] says.
        restart_after: Option<Duration>,
    },
    /// The MTA service is stopped and started.
    RestartService {
        /// Which host.
        host: String,
    },
    /// A thread gets no processor.
    Stall {
        /// Which host.
        host: String,
        /// Which thread.
        thread: ThreadName,
        /// How long; `None` as [`When`] says.
        length: Option<Duration>,
    },
    /// The clock is set to another offset.
    ClockOffset {
        /// Which host.
        host: String,
        /// Ahead of true time; negative for behind.
        offset: Offset,
    },
}

/// Whose connections are reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResetScope {
    /// All of a host.
    Host(String),
    /// All that cross a link.
    Link(String),
}

impl FaultKind {
    /// Whether it goes on until it ceases; the others are over when they have struck.
    #[must_use]
    pub fn lasts(&self) -> bool {
        match self {
            Self::Cut { .. }
            | Self::Crash { .. }
            | Self::Stall { .. }
            | Self::ClockOffset { .. } => true,
            Self::Reset(_) | Self::RestartService { .. } => false,
        }
    }

    /// How long it lasts by itself, whenever it strikes.
    #[must_use]
    pub fn length(&self) -> Option<Duration> {
        match self {
            Self::Cut { length, .. } | Self::Stall { length, .. } => *length,
            Self::Crash { restart_after, .. } => *restart_after,
            Self::Reset(_) | Self::RestartService { .. } | Self::ClockOffset { .. } => None,
        }
    }
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At these times.
    At(Vec<Instant>),
    /// From one time to another; what does not last strikes once, at any time between.
    Window {
        /// It begins.
        from: Instant,
        /// It is over.
        to: Instant,
    },
    /// Again and again, exponentially distributed.
    Random {
        /// Mean time from the end of one to the start of the next.
        mean_interval: Duration,
        /// Mean length of each; only for kinds that last, and for those without their own.
        mean_duration: Option<Duration>,
    },
}
