//! Builds of the MTA as data: the decisions in which they differ.
//!
//! A build decides which lock guards which structure, which thread waits for network events, what a
//! timeout does to a block, and what a late close request does. To try a fix, implement [`Build`].
//! The other modules call this trait and never compare versions. [`decision`] has the possible
//! answers.

use std::fmt;
use std::rc::Rc;

use machine::Duration;
use winsock::SocketError;

use crate::layout::BlockState;
use crate::record::Record;
pub use crate::version::{Generation, Version};

mod canary;
pub mod decision;
pub mod release;

use decision::{
    CloseAction, ConnectFailureAction, EmptyPoolAction, EventReset, FreeList, TimeoutAction,
    WaitArrayScan, WakeTiming,
};
use release::{Release, ReleaseStep};

/// The decisions of one build.
///
/// A variant is based on a shipped build, its [`base`](Build::base), and overrides some decisions;
/// the base makes all others. The answers must not change while a process runs: each method is
/// called many times, and the locks are created once, from what [`guard`](Build::guard) returns at
/// the start.
///
/// ```
/// use mta::{BlockState, Build, CloseAction, Shipped};
///
/// /// 5.5.2653.23, except that a close request also releases a block that is out of service.
/// #[derive(Clone, Debug)]
/// struct LateCloseReleases;
///
/// impl Build for LateCloseReleases {
///     fn base(&self) -> Shipped {
///         Shipped::EXCHANGE_5_5_2653_23
///     }
///
///     fn on_close_request(&self, state: BlockState) -> CloseAction {
///         match state {
///             BlockState::OutOfService => CloseAction::Close,
///             other => self.base().on_close_request(other),
///         }
///     }
/// }
///
/// let fixed = Shipped::EXCHANGE_5_5_2655_16;
/// for state in [BlockState::Open, BlockState::Closing, BlockState::OutOfService] {
///     assert_eq!(LateCloseReleases.on_close_request(state), fixed.on_close_request(state));
/// }
/// ```
pub trait Build: fmt::Debug {
    /// The shipped build that this one is based on.
    fn base(&self) -> Shipped;

    /// The version, as event 9298 and reports show it.
    fn version(&self) -> Version {
        self.base().version()
    }

    /// The product generation. It decides which threads wait for network events, and how threads
    /// and events are named.
    fn generation(&self) -> Generation {
        self.version().generation()
    }

    /// The lock that is held during `operation` on `structure`, if any (Q152941). Equal names are
    /// one lock. Locks are critical sections: the thread that holds one may enter it again.
    fn guard(&self, structure: Structure, operation: StructureOperation) -> Option<LockName> {
        self.base().guard(structure, operation)
    }

    /// What happens to a block in this state when the session's disconnect timer expires before
    /// the association is open (Q303102).
    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        self.base().on_session_timeout(state)
    }

    /// How long the session waits for an association to open, given the `configured` value of the
    /// connector. A longer wait is the workaround of Q193894 and Q200259.
    fn session_timer(&self, configured: Duration) -> Duration {
        configured
    }

    /// The state of a block while it waits for the transport's answer, after the last connect() of
    /// an open request has failed: [`BlockState::Closing`] or [`BlockState::OutOfService`]
    /// (Q303102, reading B).
    fn block_after_connect_failure(&self) -> BlockState {
        self.base().block_after_connect_failure()
    }

    /// What a close request of the transport does when it finds the block in this state (Q303102).
    /// WinSock's entry asks first, on the transport's thread; if it does not drop the request, the
    /// driver asks again when it carries the request out.
    fn on_close_request(&self, state: BlockState) -> CloseAction {
        self.base().on_close_request(state)
    }

    /// What the driver does after a connect() for an open request has failed. Only a timeout is
    /// worth another attempt (Q193894): after any other error the next would fail at once too.
    fn on_connect_failure(&self, failure: ConnectFailure) -> ConnectFailureAction {
        if failure.error != SocketError::TimedOut || failure.attempt >= failure.allowed {
            ConnectFailureAction::GiveUp
        } else {
            ConnectFailureAction::Retry
        }
    }

    /// Whether a block is released although its connect() was repeated (Q193894).
    fn releases_after_retry(&self) -> bool {
        self.base().releases_after_retry()
    }

    /// What the driver does with an incoming call when no block is free (event 9156).
    fn on_empty_pool(&self) -> EmptyPoolAction {
        EmptyPoolAction::Refuse
    }

    /// How the pool's free list is synchronized, and which free block is allocated first.
    fn free_list(&self) -> FreeList {
        FreeList::Guarded
    }

    /// How a driver thread locks the wait array and the blocks while it reads them.
    fn wait_array_scan(&self) -> WaitArrayScan {
        WaitArrayScan::LocksInTurn
    }

    /// When the thread that waits for a wait array is woken: after the array changes, or before.
    fn wake_timing(&self) -> WakeTiming {
        WakeTiming::AfterChange
    }

    /// When a driver thread of 5.5 or Exchange 2000 resets its wake-up event.
    fn event_reset(&self) -> EventReset {
        EventReset::BeforeDraining
    }

    /// Whether a message for an earlier instance of a block is dropped.
    fn checks_instance(&self) -> bool {
        self.base().checks_instance()
    }

    /// Whether closing a block raises an exception if the caller does not own it, as `SBPDSCLS`
    /// does (Q157701).
    fn asserts_owner(&self) -> bool {
        self.base().asserts_owner()
    }

    /// Whether the process heap is serialized, as NT heaps are by default.
    fn serializes_heap(&self) -> bool {
        true
    }

    /// Puts a block that is no longer used back into the pool, and records it.
    fn release<'a>(&'a self, block: &'a dyn Release) -> ReleaseStep<'a, ()> {
        Box::pin(async {
            let instance = block.put_back().await;
            block.record(instance);
        })
    }

    /// Whether this message goes back to its queue after its association broke off.
    fn requeues(&self, _message: u32) -> bool {
        true
    }

    /// Passes a record on to whoever reads the records of this process. A build that passes on
    /// anything else is a canary: an oracle that believes records finds nothing.
    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        reader(record);
    }
}

/// The build with this name in scenario files: one that shipped, such as `5.5.2653.23`, or a canary
/// with a planted defect.
#[must_use]
pub fn named(name: &str) -> Option<Rc<dyn Build>> {
    match Shipped::named(name) {
        Some(build) => Some(Rc::new(build)),
        None => canary::named(name),
    }
}

/// A connect() of an open request that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectFailure {
    /// Which connect() of the open request, from 1.
    pub attempt: u32,
    /// The host's `connect_attempts`.
    pub allowed: u32,
    /// Its error.
    pub error: SocketError,
}

/// A structure that several threads use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structure {
    /// The free list of the control-block pool and its counters.
    Pool,
    /// The fields of the control blocks.
    Blocks,
    /// The wait arrays of the thread control blocks.
    WaitArrays,
}

/// What a thread does to a [`Structure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StructureOperation {
    /// Allocating a block, or adding an entry.
    Allocate,
    /// Releasing a block, or removing an entry.
    Release,
    /// Any other read or write.
    Use,
}

/// The name of a lock; equal names are one lock.
pub type LockName = &'static str;

/// A build that shipped, and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shipped {
    version: Version,
    /// Whether the shared structures are guarded by critical sections (Q152941).
    synchronised: bool,
    /// Which timeouts take a block out of service (Q303102).
    out_of_service: OutOfService,
    /// Whether a close request releases a block that is out of service (Q303102).
    releases_late: bool,
    /// Whether a block is released after its connect() was repeated (Q193894).
    releases_after_retry: bool,
}

/// Which timeouts take a block out of service: the readings of Q303102 in docs/model.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum OutOfService {
    /// None. 4.0 has no timeout path.
    Never,
    /// That of the session: its disconnect timer expires while the driver still connects.
    SessionTimeout,
    /// That of the connection: the last connect() of an open request has failed.
    ConnectionTimeout,
    /// Both.
    AnyTimeout,
}

impl Shipped {
    /// 4.0 Service Pack 2: nothing is guarded (Q152941).
    pub const EXCHANGE_4_0_993_6: Self = Self {
        synchronised: false,
        out_of_service: OutOfService::Never,
        releases_late: false,
        ..Self::fixed(Version::new(4, 0, 993, 6))
    };
    /// 4.0, the fix of Q152941: critical sections.
    pub const EXCHANGE_4_0_994_2: Self = Self {
        out_of_service: OutOfService::Never,
        ..Self::fixed(Version::new(4, 0, 994, 2))
    };
    /// 5.5 Service Pack 1: the leak of Q193894 as well as that of Q200259.
    pub const EXCHANGE_5_5_2232_18: Self = Self {
        releases_after_retry: false,
        ..Self::EXCHANGE_5_5_2448_1.renumbered(Version::new(5, 5, 2232, 18))
    };
    /// 5.5 Service Pack 2: a session timeout before the close request leaks the block (Q200259).
    pub const EXCHANGE_5_5_2448_1: Self =
        Self::EXCHANGE_5_5_2653_23.renumbered(Version::new(5, 5, 2448, 1));
    /// 5.5 Service Pack 4: a timeout before the close request leaks the block (Q303102, reading A).
    pub const EXCHANGE_5_5_2653_23: Self = Self {
        out_of_service: OutOfService::SessionTimeout,
        releases_late: false,
        ..Self::fixed(Version::new(5, 5, 2653, 23))
    };
    /// The same build in reading B of Q303102: the timeout of the connection takes the block out of
    /// service, and a close request that crosses its indication is dropped.
    pub const EXCHANGE_5_5_2653_23_B: Self = Self {
        out_of_service: OutOfService::ConnectionTimeout,
        ..Self::EXCHANGE_5_5_2653_23
    };
    /// 5.5, the fix of Q303102 in both readings.
    pub const EXCHANGE_5_5_2655_16: Self = Self::fixed(Version::new(5, 5, 2655, 16));
    /// Exchange 2000 before the fix of Q303101; the build number is that of Service Pack 1.
    pub const EXCHANGE_6_0_4712_0: Self = Self {
        out_of_service: OutOfService::SessionTimeout,
        releases_late: false,
        ..Self::fixed(Version::new(6, 0, 4712, 0))
    };
    /// Exchange 2000, the fix of Q303101.
    pub const EXCHANGE_6_0_4720_14: Self = Self::fixed(Version::new(6, 0, 4720, 14));

    /// All of them, oldest first.
    pub const ALL: [Self; 9] = [
        Self::EXCHANGE_4_0_993_6,
        Self::EXCHANGE_4_0_994_2,
        Self::EXCHANGE_5_5_2232_18,
        Self::EXCHANGE_5_5_2448_1,
        Self::EXCHANGE_5_5_2653_23,
        Self::EXCHANGE_5_5_2653_23_B,
        Self::EXCHANGE_5_5_2655_16,
        Self::EXCHANGE_6_0_4712_0,
        Self::EXCHANGE_6_0_4720_14,
    ];

    /// A build with every fix.
    const fn fixed(version: Version) -> Self {
        Self {
            version,
            synchronised: true,
            out_of_service: OutOfService::AnyTimeout,
            releases_late: true,
            releases_after_retry: true,
        }
    }

    const fn renumbered(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// The name in scenario files: the version, and the reading of Q303102 if it is not A.
    #[must_use]
    pub fn name(self) -> String {
        let variant = match self.out_of_service {
            OutOfService::ConnectionTimeout => "-b",
            OutOfService::Never | OutOfService::SessionTimeout | OutOfService::AnyTimeout => "",
        };
        format!("{}{variant}", self.version)
    }

    /// The build with this name, such as `5.5.2653.23`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|build| build.name() == name)
    }
}

// These are inherent methods and not overrides of `Build`, because the defaults of the trait call
// them: a default that called the trait of the base again would not end.
/// The decisions of the builds that shipped.
impl Shipped {
    /// Its version.
    #[must_use]
    pub const fn version(self) -> Version {
        self.version
    }

    /// See [`Build::generation`].
    #[must_use]
    pub const fn generation(self) -> Generation {
        self.version.generation()
    }

    /// See [`Build::guard`]: a critical section for each structure, or none at all.
    #[must_use]
    pub fn guard(self, structure: Structure, _operation: StructureOperation) -> Option<LockName> {
        let lock = match structure {
            Structure::Pool => "control block pool",
            Structure::Blocks => "control blocks",
            Structure::WaitArrays => "wait arrays",
        };
        self.synchronised.then_some(lock)
    }

    /// See [`Build::on_session_timeout`].
    #[must_use]
    pub const fn on_session_timeout(self, state: BlockState) -> TimeoutAction {
        match (self.out_of_service, state) {
            (OutOfService::SessionTimeout | OutOfService::AnyTimeout, BlockState::Connecting) => {
                TimeoutAction::TakeOutOfService
            }
            _ => TimeoutAction::RequestClose,
        }
    }

    /// See [`Build::block_after_connect_failure`].
    #[must_use]
    pub const fn block_after_connect_failure(self) -> BlockState {
        match self.out_of_service {
            OutOfService::ConnectionTimeout | OutOfService::AnyTimeout => BlockState::OutOfService,
            OutOfService::Never | OutOfService::SessionTimeout => BlockState::Closing,
        }
    }

    /// See [`Build::releases_after_retry`].
    #[must_use]
    pub const fn releases_after_retry(self) -> bool {
        self.releases_after_retry
    }

    /// See [`Build::on_close_request`].
    #[must_use]
    pub fn on_close_request(self, state: BlockState) -> CloseAction {
        match state {
            BlockState::Free => CloseAction::Refuse,
            BlockState::OutOfService if !self.releases_late => CloseAction::Drop,
            BlockState::OutOfService
            | BlockState::Allocated
            | BlockState::Connecting
            | BlockState::Listening
            | BlockState::Open
            | BlockState::Closing => CloseAction::Close,
        }
    }

    /// See [`Build::checks_instance`].
    #[must_use]
    pub const fn checks_instance(self) -> bool {
        self.synchronised
    }

    /// See [`Build::asserts_owner`].
    #[must_use]
    pub const fn asserts_owner(self) -> bool {
        !self.synchronised
    }
}

impl Build for Shipped {
    fn base(&self) -> Shipped {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_finds_every_build_by_its_name() {
        for build in Shipped::ALL {
            assert_eq!(Shipped::named(&build.name()), Some(build));
        }
        assert_eq!(Shipped::named("5.5.2650.24"), None);
    }

    #[test]
    fn only_a_fix_releases_a_block_whose_close_request_comes_late() {
        let late = |build: Shipped| build.on_close_request(BlockState::OutOfService);
        assert_eq!(late(Shipped::EXCHANGE_5_5_2653_23), CloseAction::Drop);
        assert_eq!(late(Shipped::EXCHANGE_5_5_2653_23_B), CloseAction::Drop);
        assert_eq!(late(Shipped::EXCHANGE_5_5_2655_16), CloseAction::Close);
        assert_eq!(late(Shipped::EXCHANGE_6_0_4712_0), CloseAction::Drop);
        assert_eq!(late(Shipped::EXCHANGE_6_0_4720_14), CloseAction::Close);
    }

    #[test]
    fn only_4_0_before_its_fix_guards_nothing() {
        for build in Shipped::ALL {
            let guarded = build
                .guard(Structure::Pool, StructureOperation::Allocate)
                .is_some();
            assert_eq!(
                guarded,
                build.version() != Shipped::EXCHANGE_4_0_993_6.version(),
                "{}",
                build.version()
            );
        }
    }
}
