//! One machine with its MTA.
//!
//! Owns [`Host`] and the builds and TCP profiles it may name. It refuses what a build does
//! differently: that is the subject's.

use std::net::Ipv4Addr;

use kernel::{Duration, Ratio};

use super::keyword::{Keyword, keywords};
use super::quantity::Offset;

keywords! {
    /// A build of the MTA, by the version of Emsmta.exe.
    pub enum Build {
        /// Exchange 4.0 SP2 before the fix of Q152941.
        V4_0_993_6 = "4.0.993.6",
        /// Exchange 4.0 with the fix of Q152941.
        V4_0_994_2 = "4.0.994.2",
        /// Exchange 5.5 SP4 before the fix of Q303102.
        V5_5_2653_23 = "5.5.2653.23",
        /// Exchange 5.5 with the fix of Q303102.
        V5_5_2655_16 = "5.5.2655.16",
        /// Exchange 2000 SP1 before the fix of Q303101.
        V6_0_4712_0 = "6.0.4712.0",
        /// Exchange 2000 with the fix of Q303101.
        V6_0_4720_14 = "6.0.4720.14",
    }
}

keywords! {
    /// Whose TCP constants a host has.
    pub enum TcpProfile {
        /// Windows NT 3.51.
        Nt351 = "nt351",
        /// Windows NT 4.0.
        Nt4 = "nt4",
        /// Windows 2000.
        W2k = "w2k",
        /// Linux.
        Linux = "linux",
    }
}

/// A machine and the one MTA process it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The MTA's build.
    pub build: Build,
    /// Whose TCP the machine speaks.
    pub tcp: TcpProfile,
    /// WinSock control blocks in the pool.
    pub control_blocks: u32,
    /// Processors.
    pub cpus: u32,
    /// Driver threads (4.0: Driver / Async Notify pairs) the process starts with.
    pub driver_threads: u32,
    /// How long a thread may run while others wait.
    pub quantum: Duration,
    /// Modeled time of one access to shared memory.
    pub call_cost: Duration,
    /// By how much, up and down, a call's cost varies, as a share of it.
    pub call_jitter: Ratio,
    /// connect() calls the driver makes for one open request.
    pub connect_attempts: u32,
    /// Rest between two of them.
    pub connect_pause: Duration,
    /// How far the host's clock is off.
    pub clock_offset: Offset,
    /// Whether connections probe an idle peer.
    pub keep_alive: bool,
    /// Where the host is reached; unspecified (`0.0.0.0`) until one is assigned.
    pub address: Ipv4Addr,
    /// Whether data races and the like are looked for and reported.
    pub race_detector: bool,
}

impl Build {
    /// Whether this is an Exchange 4.0 build.
    #[must_use]
    pub fn is_4_0(self) -> bool {
        self.as_str().starts_with("4.0.")
    }

    /// The TCP of the system that the build usually ran on.
    #[must_use]
    pub const fn usual_tcp(self) -> TcpProfile {
        match self {
            Self::V4_0_993_6 | Self::V4_0_994_2 | Self::V5_5_2653_23 | Self::V5_5_2655_16 => {
                TcpProfile::Nt4
            }
            Self::V6_0_4712_0 | Self::V6_0_4720_14 => TcpProfile::W2k,
        }
    }

    /// The driver threads (4.0: pairs) the build starts with unless told otherwise.
    #[must_use]
    pub fn usual_driver_threads(self) -> u32 {
        if self.is_4_0() { 2 } else { 1 }
    }
}

impl Host {
    /// A host of this build with every other setting at its default.
    #[must_use]
    pub fn new(build: Build) -> Self {
        Self {
            build,
            tcp: build.usual_tcp(),
            control_blocks: 20,
            cpus: 1,
            driver_threads: build.usual_driver_threads(),
            quantum: Duration::from_millis(120),
            call_cost: Duration::from_nanos(400),
            call_jitter: Ratio::new(1, 2).expect("a half is a share"),
            connect_attempts: 7,
            connect_pause: Duration::ZERO,
            clock_offset: Offset::default(),
            keep_alive: false,
            address: Ipv4Addr::UNSPECIFIED,
            race_detector: true,
        }
    }
}
