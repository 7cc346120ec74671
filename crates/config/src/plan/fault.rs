//! Faults: what goes wrong besides packet loss. They act on links, hosts, services and threads, never
//! on the memory of the system under test.

use kernel::{Duration, Instant};

use super::quantity::{DAY, MILLISECOND, Offset};
use crate::format::declare::keywords;
use crate::format::declare::{choice, section};
use crate::format::key::scalar::YEAR;

keywords! {
    /// A kind of thread of the modeled process.
    pub enum ThreadKind {
        /// The association manager; it also allocates control blocks for outgoing associations.
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

section! {
    /// A fault and when it starts.
    pub struct Fault {
        /// What happens.
        #[key(flatten)]
        kind: FaultKind;
        /// When it happens.
        #[key(flatten)]
        when: When;
    }
}

choice! {
    /// What happens. Hosts and links are named as in the scenario's tables.
    pub enum FaultKind {
        /// A link carries nothing.
        "cut" => Cut {
            /// The name of the link.
            link: String, names "link";
            /// Whether the route stays, so that packets vanish without an ICMP message.
            silent: bool = false;
            /// The end whose packets the link does not carry; they vanish, as with `silent`.
            from: Option<String> = None, default "both ends", names "host";
            /// Length of the cut.
            #[key("for")]
            length: Option<Duration> = None,
                default "as `window` or `random` says, else the rest of the run", in 1..=YEAR;
        };
        /// Open connections receive a RST.
        "reset" => Reset(scope: ResetScope);
        /// A machine stops at once, without closing connections.
        "crash" => Crash {
            /// The name of the host.
            host: String, names "host";
            /// How long the machine is down.
            restart_after: Option<Duration> = None,
                default "as `window` or `random` says, else the rest of the run",
                in MILLISECOND..=YEAR;
        };
        /// The MTA service is stopped and started.
        "restart-service" => RestartService {
            /// The name of the host.
            host: String, names "host";
        };
        /// A thread gets no processor time.
        "stall" => Stall {
            /// The name of the host.
            host: String, names "host";
            /// The thread; a guest is stalled as a whole.
            thread: Option<ThreadKind> = None, default "required, except for a guest";
            /// Length of the stall; required with `at`.
            #[key("for")]
            length: Option<Duration> = None, default "as `window` or `random` says", in 1..=DAY;
        };
        /// The clock is set to another offset, and set back when the fault ends.
        "clock-offset" => ClockOffset {
            /// The name of the host.
            host: String, names "host";
            /// How far the clock is ahead of true time; negative if it is behind.
            offset: Offset;
        };
        /// Guests' lookups of a name fail or take long.
        "lookup" => Lookup {
            /// A host, or an alias of hosts.
            name: String;
            /// The host whose lookups are affected.
            on: Option<String> = None, default "every host", names "host";
            /// Whether the lookup fails: "temporary failure in name resolution".
            fails: bool = true;
            /// How long the answer, or the failure, takes.
            takes: Duration = Duration::ZERO, in 0..=DAY;
            /// Length of the fault.
            #[key("for")]
            length: Option<Duration> = None,
                default "as `window` or `random` says, else the rest of the run", in 1..=YEAR;
        };
    }
}

choice! {
    /// Whose connections are reset.
    pub enum ResetScope {
        /// All connections of this host.
        "host" => Host(host: String), names "host";
        /// All connections that cross this link.
        "link" => Link(link: String), names "link";
    }
}

choice! {
    /// When a fault starts.
    pub enum When {
        /// At these times.
        "at" => At(times: Vec<Instant>), in 1..=100_000;
        /// From the first time up to the second. A fault without a length starts once, at a time drawn
        /// uniformly from the window.
        "window" => Window(window: [Instant; 2]);
        /// Repeatedly, after exponentially distributed times.
        "random" => Random {
            /// Mean time from the end of one fault to the start of the next.
            mean_interval: Duration, in MILLISECOND..=YEAR;
            /// Mean length of each fault, exponentially distributed; for faults that last and have no
            /// length of their own.
            mean_duration: Option<Duration> = None, default "-", in MILLISECOND..=YEAR;
        };
    }
}

impl FaultKind {
    /// Whether the fault lasts; the others happen in an instant.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        match self {
            Self::Cut { .. }
            | Self::Crash { .. }
            | Self::Stall { .. }
            | Self::ClockOffset { .. }
            | Self::Lookup { .. } => true,
            Self::Reset(_) | Self::RestartService { .. } => false,
        }
    }

    /// The length that the fault itself has, whenever it starts.
    #[must_use]
    pub const fn length(&self) -> Option<Duration> {
        match self {
            Self::Cut { length, .. } | Self::Stall { length, .. } | Self::Lookup { length, .. } => {
                *length
            }
            Self::Crash { restart_after, .. } => *restart_after,
            Self::Reset(_) | Self::RestartService { .. } | Self::ClockOffset { .. } => None,
        }
    }
}
