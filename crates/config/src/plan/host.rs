//! The host: a machine with one MTA process, or with a program of the user.

use std::net::Ipv4Addr;

use kernel::{Duration, Ratio};

use super::quantity::{HOUR, Offset, SECOND};
use crate::format::declare::keywords;
use crate::format::declare::{choice, section};
use crate::format::key::Section;
use crate::format::keyword::Keyword;

keywords! {
    /// A build of the MTA, by the version of Emsmta.exe. The last six never shipped: their records hide
    /// a planted defect from who believes them (sims/canary).
    pub enum Build {
        /// Exchange 4.0 SP2 before the fix of Q152941.
        V4_0_993_6 = "4.0.993.6",
        /// Exchange 4.0 with the fix of Q152941.
        V4_0_994_2 = "4.0.994.2",
        /// Exchange 5.5 SP1, before the fix of Q193894.
        V5_5_2232_18 = "5.5.2232.18",
        /// Exchange 5.5 SP2, at the time of Q200259.
        V5_5_2448_1 = "5.5.2448.1",
        /// Exchange 5.5 SP4 before the fix of Q303102.
        V5_5_2653_23 = "5.5.2653.23",
        /// The same build in reading B of Q303102 (docs/model.md).
        V5_5_2653_23B = "5.5.2653.23-b",
        /// Exchange 5.5 with the fix of Q303102.
        V5_5_2655_16 = "5.5.2655.16",
        /// Exchange 2000 SP1 before the fix of Q303101.
        V6_0_4712_0 = "6.0.4712.0",
        /// Exchange 2000 with the fix of Q303101.
        V6_0_4720_14 = "6.0.4720.14",
        /// A canary: 5.5.2655.16, but it records releases that it does not make.
        V5_5_2655_16UnmadeRelease = "5.5.2655.16-unmade-release",
        /// A canary: 5.5.2655.16, but it releases each block twice and records it once.
        V5_5_2655_16SecondRelease = "5.5.2655.16-second-release",
        /// A canary: 5.5.2655.16, but it closes another use of a block than it records.
        V5_5_2655_16OtherInstance = "5.5.2655.16-other-instance",
        /// A canary: 4.0.993.6, but it does not look who owns a block (Q157701).
        V4_0_993_6UncheckedOwner = "4.0.993.6-unchecked-owner",
        /// A canary: 5.5.2655.16, but it writes no event 9156.
        V5_5_2655_16EmptyPool = "5.5.2655.16-empty-pool",
        /// A canary: 5.5.2655.16, but it loses messages and records that they were acknowledged.
        V5_5_2655_16LostMessage = "5.5.2655.16-lost-message",
        /// A canary: 5.5.2655.16, but it records the arrival of a message before it has its bytes.
        V5_5_2655_16EarlyArrival = "5.5.2655.16-early-arrival",
        /// A canary: 5.5.2653.23, but it records no end of an association or a connection.
        V5_5_2653_23UntoldEnd = "5.5.2653.23-untold-end",
    }
}

keywords! {
    /// An operating system, for the constants of its TCP.
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

choice! {
    /// What runs on a host.
    pub enum HostProgram {
        /// The MTA's build, by the version of Emsmta.exe.
        "build" => Build(build: Build), source "Q163294, Q152941, Q303102, Q303101";
        /// `true`: a tokio program of yours, registered under the host's name with `mtasim::guest`.
        "guest" => Guest(guest: bool);
    }
}

section! {
    /// A machine and its MTA process.
    pub struct Host {
        /// What runs on it.
        #[key(flatten)]
        program: HostProgram;
        /// The operating system whose TCP constants the host has.
        tcp: TcpProfile = TcpProfile::Nt4,
            default "by build: `nt4` for 4.0 and 5.5, `w2k` for 6.0; `linux` for a guest";
        /// WinSock control blocks in the pool: one per association, and one to listen. 4.0 builds have
        /// at most 62.
        control_blocks: u32 = 20, in 2..=1_250, source "Q166602, Q243632";
        /// Processors.
        cpus: u32 = 1, in 1..=32;
        /// Driver threads at the start of the process; in 4.0 builds, pairs of Driver and Async Notify
        /// thread.
        driver_threads: u32 = 1, default "by build: 2 for 4.0, else 1", in 1..=64,
            source "Exchange Analyzer aa995716";
        /// Time slice: how long a thread runs while others are ready.
        quantum: Duration = Duration::from_millis(120), in 1..=HOUR;
        /// Modeled time of one access to shared memory.
        call_cost: Duration = Duration::from_nanos(400), in 0..=SECOND;
        /// Largest deviation of a call's cost, up or down, as a fraction of the cost.
        call_jitter: Ratio = Ratio::new(1, 2).expect("a half is a fraction");
        /// Interrupts that a busy processor gets in a second on average. Each prolongs the call under way.
        interrupts: u32 = 500, in 0..=100_000;
        /// Mean length of an interrupt with its deferred procedure calls, exponentially distributed.
        interrupt_length: Duration = Duration::from_micros(50), in 0..=SECOND;
        /// Whether data races and memory errors are detected and reported.
        race_detector: bool = true;
        /// connect() calls per open request.
        connect_attempts: u32 = 7, in 1..=1_000, source "inferred from Q193894, Q200259";
        /// Pause between two connect() calls of one open request.
        connect_pause: Duration = Duration::ZERO, in 0..=HOUR;
        /// Whether TCP sends keep-alive probes on idle connections.
        keep_alive: bool = false;
        /// When the ticks of the host's TCP timers come: this long after a multiple of the tick (100 ms, on
        /// Linux 1 ms). Only the remainder after division by the tick counts.
        tick_phase: Option<Duration> = None, default "drawn for each host", in 0..=SECOND;
        /// How far the host's clock is ahead of true time; negative if it is behind.
        clock_offset: Offset = Offset::default();
        /// The host's IP address.
        address: Ipv4Addr = Ipv4Addr::UNSPECIFIED, default "10.0.0.1 upwards in the order of names";
        /// All IP addresses of a guest, in the order in which a lookup of its name gives them; the first is
        /// its `address`.
        addresses: Option<Vec<Ipv4Addr>> = None, default "its `address` alone", in 1..=64;
        /// Further names, for lookups of guests. A name that several hosts have is looked up to all their
        /// addresses, in the order of the hosts' names.
        aliases: Option<Vec<String>> = None, default "none";
    }
    impl {
        fn defaults<'a>(&self, _: &'a Self) -> Cow<'a, Self> {
            Cow::Owned(Self::of(self.program.clone()))
        }
    }
}

impl Build {
    /// Whether this is an Exchange 4.0 build.
    #[must_use]
    pub fn is_4_0(self) -> bool {
        self.as_str().starts_with("4.0.")
    }

    /// The TCP of the operating system that the build usually ran on.
    #[must_use]
    pub const fn default_tcp(self) -> TcpProfile {
        match self {
            Self::V6_0_4712_0 | Self::V6_0_4720_14 => TcpProfile::W2k,
            Self::V5_5_2655_16UnmadeRelease
            | Self::V5_5_2655_16SecondRelease
            | Self::V5_5_2655_16OtherInstance
            | Self::V4_0_993_6UncheckedOwner
            | Self::V5_5_2655_16EmptyPool
            | Self::V5_5_2655_16LostMessage
            | Self::V5_5_2655_16EarlyArrival
            | Self::V5_5_2653_23UntoldEnd
            | Self::V4_0_993_6
            | Self::V4_0_994_2
            | Self::V5_5_2232_18
            | Self::V5_5_2448_1
            | Self::V5_5_2653_23
            | Self::V5_5_2653_23B
            | Self::V5_5_2655_16 => TcpProfile::Nt4,
        }
    }

    /// The driver threads (4.0: pairs) that the build starts with by default.
    #[must_use]
    pub fn default_driver_threads(self) -> u32 {
        if self.is_4_0() { 2 } else { 1 }
    }
}

impl HostProgram {
    /// The build, if it is one.
    #[must_use]
    pub const fn build(&self) -> Option<Build> {
        match self {
            Self::Build(build) => Some(*build),
            Self::Guest(_) => None,
        }
    }
}

impl Host {
    /// The most control blocks of a 4.0 build: TCP/IP and TP4 share 64, of which each has at least 2
    /// (Q166602, Q151412).
    pub const CONTROL_BLOCKS_4_0: u32 = 62;

    /// A host with every other setting at the build's default. Its address is unspecified
    /// (`0.0.0.0`); [`file::load`](crate::file::load) assigns one.
    #[must_use]
    pub fn new(build: Build) -> Self {
        Self {
            program: HostProgram::Build(build),
            tcp: build.default_tcp(),
            driver_threads: build.default_driver_threads(),
            ..Section::blank()
        }
    }

    /// A host that runs a program of the user.
    #[must_use]
    pub fn guest() -> Self {
        Self {
            program: HostProgram::Guest(true),
            tcp: TcpProfile::Linux,
            // The call costs of modeled threads have no effect on a guest.
            call_jitter: Ratio::ZERO,
            ..Section::blank()
        }
    }

    /// A host with this program, and every other setting at its default.
    #[must_use]
    pub fn of(program: HostProgram) -> Self {
        match program {
            HostProgram::Build(build) => Self::new(build),
            HostProgram::Guest(_) => Self {
                program,
                ..Self::guest()
            },
        }
    }

    /// All addresses of the host, the first of them first.
    pub fn all_addresses(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        let further = self.addresses.iter().flatten().skip(1);
        std::iter::once(self.address).chain(further.copied())
    }

    /// Whether the host has this further name.
    #[must_use]
    pub fn has_alias(&self, name: &str) -> bool {
        self.aliases.iter().flatten().any(|it| it == name)
    }

    /// The build of the MTA that the host runs; `None` for a guest.
    #[must_use]
    pub const fn build(&self) -> Option<Build> {
        self.program.build()
    }
}
