//! The constants of one host's socket layer.
//!
//! Owns [`Config`] and the two ways hosts differ above TCP. Constants of the protocol itself
//! are `tcp::Profile`'s.

use std::ops::RangeInclusive;

/// What a listener does with a SYN when its backlog is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullBacklog {
    /// Answers RST, as NT does: the caller may see 10061.
    Reset,
    /// Drops it, as Linux does: the caller sends it again.
    Ignore,
}

/// Which WinSock the program asked `WSAStartup` for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// WinSock 1.1: a second connect while one is pending fails with 10022.
    OneOne,
    /// WinSock 2: it fails with 10037 (connect page of the Platform SDK).
    Two,
}

/// One host's socket layer.
#[derive(Clone, Debug)]
pub struct Config {
    /// The host's IPv4 address, not zero.
    pub address: u32,
    /// The host's TCP.
    pub profile: tcp::Profile,
    /// Ports given to sockets that did not bind one. NT: 1024 to 5000 (`MaxUserPort`,
    /// Q149532). Not empty, not zero.
    pub ephemeral_ports: RangeInclusive<u16>,
    /// The most connections one listener may hold that were not accepted yet; `listen` cuts
    /// its argument down to this. NT 3.5x: 100, NT 4 Server: 200, Workstation: 5 (Q127144).
    pub backlog_limit: u32,
    /// What happens to one more.
    pub full_backlog: FullBacklog,
    /// The WinSock the program speaks.
    pub version: Version,
    /// The lowest handle number: a multiple of 4, not zero. A process has some handles before
    /// its first socket.
    pub first_handle: u32,
    /// The most sockets and event objects open at once; one more fails with 10024.
    pub handle_limit: u32,
}

impl Config {
    /// NT 3.51 Server.
    #[must_use]
    pub fn nt351(address: u32) -> Self {
        let nt4 = Self::nt4(address);
        Self {
            profile: *tcp::Profile::nt351(),
            backlog_limit: 100,
            version: Version::OneOne,
            ..nt4
        }
    }

    /// NT 4.0 Server.
    #[must_use]
    pub fn nt4(address: u32) -> Self {
        Self {
            address,
            profile: *tcp::Profile::nt4(),
            ephemeral_ports: 1024..=5000,
            backlog_limit: 200,
            full_backlog: FullBacklog::Reset,
            version: Version::Two,
            first_handle: 0x2C,
            handle_limit: 16_384,
        }
    }

    /// Windows 2000 Server.
    #[must_use]
    pub fn w2k(address: u32) -> Self {
        Self {
            profile: *tcp::Profile::w2k(),
            ..Self::nt4(address)
        }
    }

    /// A Linux host of today behind the same calls: the usual correspondent that is no NT.
    #[must_use]
    pub fn linux(address: u32) -> Self {
        Self {
            profile: *tcp::Profile::linux(),
            ephemeral_ports: 32_768..=60_999,
            backlog_limit: 4096,
            full_backlog: FullBacklog::Ignore,
            ..Self::nt4(address)
        }
    }
}
