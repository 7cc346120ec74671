//! Builds of the MTA as data: what each decides where they differ.
//!
//! Owns the decisions of the socket layer that changed between builds: which lock guards which
//! structure, who waits for network events, what a timeout does to a block and what a close
//! request does when it comes late. A variant of one's own implements [`Build`]; nothing else
//! in this crate asks which build it is.

use std::fmt;

use crate::block::BlockState;

/// The decisions of one build.
pub trait Build: fmt::Debug {
    /// Its version.
    fn version(&self) -> Version;

    /// Who waits for network events, and in which style threads and events are named.
    fn generation(&self) -> Generation {
        self.version().generation()
    }

    /// The lock that is held during `operation` on `structure`, if any.
    fn guard(&self, structure: Structure, operation: Operation) -> Option<LockName>;

    /// What the session's disconnect timer does to a block in this state when it runs out
    /// before the association is open.
    fn on_session_timeout(&self, state: BlockState) -> OnTimeout;

    /// What a close request from the transport does that finds the block in this state.
    fn on_close_request(&self, state: BlockState) -> OnClose;

    /// Whether a message for a block is dropped when the block has another user by now.
    fn checks_instance(&self) -> bool;

    /// Whether closing a block raises an exception when the caller does not own it, as
    /// `SBPDSCLS` does (Q157701), or leaves it to the owner.
    fn asserts_owner(&self) -> bool;

    /// Whether the process heap is serialised, as the heaps of NT are by default.
    fn serializes_heap(&self) -> bool {
        true
    }
}

/// A version as the start-up event prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The product: 4.0, 5.5 or 6.0.
    pub product: (u16, u16),
    /// The build: 993.6, 2653.23.
    pub build: (u16, u16),
}

/// Who waits for network events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Exchange 4.0: each thread control block belongs to a pair, a Driver for messages from
    /// above and an Async Notify for events from the network (Exchange Server Analyzer).
    Pairs,
    /// Exchange 5.5 and 2000: one driver thread for each thread control block does both.
    Single,
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

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Taking a block, or an entry, into use.
    Allocate,
    /// Giving it back.
    Release,
    /// Looking at it or changing it in between.
    Use,
}

/// A lock, by its name; equal names are one lock.
pub type LockName = &'static str;

/// What a session timeout does to a block whose connection is not open yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnTimeout {
    /// The block leaves service at once and waits for the transport's close request.
    TakeOutOfService,
    /// The transport is asked to close, and nothing else is touched.
    RequestClose,
    /// The block goes back to the pool at once. No shipped build does this.
    Release,
}

/// What a close request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnClose {
    /// The driver closes the socket and gives the block back.
    Close,
    /// It is answered as done: whoever took the block out of service is believed to have
    /// released it.
    Acknowledge,
    /// The driver gives the block back but leaves the socket open. No shipped build does this.
    ReleaseOnly,
}

/// The builds that shipped, and what is known of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shipped {
    version: Version,
    /// Whether the shared structures are guarded by critical sections (Q152941).
    synchronised: bool,
    /// Whether a late close request releases a block out of service (Q303102).
    releases_late: bool,
}

impl Shipped {
    /// 4.0 Service Pack 2: nothing is guarded (Q152941).
    pub const EXCHANGE_4_0_993_6: Self = Self::unfixed((4, 0), (993, 6));
    /// 4.0, the fix of Q152941: critical sections.
    pub const EXCHANGE_4_0_994_2: Self = Self::unfixed((4, 0), (994, 2))
        .with_critical_sections()
        .with_late_release();
    /// 5.5 Service Pack 4: a timeout that beats the close request leaks the block (Q303102).
    pub const EXCHANGE_5_5_2653_23: Self =
        Self::unfixed((5, 5), (2653, 23)).with_critical_sections();
    /// 5.5, the fix of Q303102.
    pub const EXCHANGE_5_5_2655_16: Self = Self::unfixed((5, 5), (2655, 16))
        .with_critical_sections()
        .with_late_release();
    /// Exchange 2000 before the fix of Q303101; the build number is that of Service Pack 1.
    pub const EXCHANGE_6_0_4712_0: Self = Self::unfixed((6, 0), (4712, 0)).with_critical_sections();
    /// Exchange 2000, the fix of Q303101.
    pub const EXCHANGE_6_0_4720_14: Self = Self::unfixed((6, 0), (4720, 14))
        .with_critical_sections()
        .with_late_release();

    /// All of them, oldest first.
    pub const ALL: [Self; 6] = [
        Self::EXCHANGE_4_0_993_6,
        Self::EXCHANGE_4_0_994_2,
        Self::EXCHANGE_5_5_2653_23,
        Self::EXCHANGE_5_5_2655_16,
        Self::EXCHANGE_6_0_4712_0,
        Self::EXCHANGE_6_0_4720_14,
    ];

    /// A build with both defects.
    const fn unfixed(product: (u16, u16), build: (u16, u16)) -> Self {
        Self {
            version: Version { product, build },
            synchronised: false,
            releases_late: false,
        }
    }

    const fn with_critical_sections(mut self) -> Self {
        self.synchronised = true;
        self
    }

    const fn with_late_release(mut self) -> Self {
        self.releases_late = true;
        self
    }

    /// The shipped build of this version text, such as `5.5.2653.23`.
    #[must_use]
    pub fn named(version: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|build| build.version.to_string() == version)
    }
}

impl Build for Shipped {
    fn version(&self) -> Version {
        self.version
    }

    fn guard(&self, structure: Structure, _operation: Operation) -> Option<LockName> {
        let lock = match structure {
            Structure::Pool => "control block pool",
            Structure::Blocks => "control blocks",
            Structure::WaitArrays => "wait arrays",
        };
        self.synchronised.then_some(lock)
    }

    /// 4.0 has no timeout path of its own: its driver asks for a close like anybody else.
    fn on_session_timeout(&self, state: BlockState) -> OnTimeout {
        match (self.generation(), state) {
            (Generation::Single, BlockState::Connecting) => OnTimeout::TakeOutOfService,
            _ => OnTimeout::RequestClose,
        }
    }

    fn on_close_request(&self, state: BlockState) -> OnClose {
        if state == BlockState::OutOfService && !self.releases_late {
            OnClose::Acknowledge
        } else {
            OnClose::Close
        }
    }

    fn checks_instance(&self) -> bool {
        self.synchronised
    }

    fn asserts_owner(&self) -> bool {
        !self.synchronised
    }
}

impl Version {
    const fn generation(self) -> Generation {
        match self.product.0 {
            0..=4 => Generation::Pairs,
            _ => Generation::Single,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            product: (major, minor),
            build: (build, revision),
        } = self;
        write!(formatter, "{major}.{minor}.{build}.{revision}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_found_by_its_version() {
        for build in Shipped::ALL {
            assert_eq!(Shipped::named(&build.version().to_string()), Some(build));
        }
        assert_eq!(Shipped::named("5.5.2650.24"), None);
    }

    #[test]
    fn only_a_fix_releases_a_block_whose_close_request_comes_late() {
        let late = |build: Shipped| build.on_close_request(BlockState::OutOfService);
        assert_eq!(late(Shipped::EXCHANGE_5_5_2653_23), OnClose::Acknowledge);
        assert_eq!(late(Shipped::EXCHANGE_5_5_2655_16), OnClose::Close);
        assert_eq!(late(Shipped::EXCHANGE_6_0_4712_0), OnClose::Acknowledge);
        assert_eq!(late(Shipped::EXCHANGE_6_0_4720_14), OnClose::Close);
    }

    #[test]
    fn only_4_0_before_its_fix_guards_nothing() {
        for build in Shipped::ALL {
            let guarded = build.guard(Structure::Pool, Operation::Allocate).is_some();
            assert_eq!(
                guarded,
                build != Shipped::EXCHANGE_4_0_993_6,
                "{}",
                build.version()
            );
        }
    }
}
