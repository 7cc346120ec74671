//! The parameters of one host's socket layer. Those of TCP are in [`tcp::Profile`].

use std::ops::RangeInclusive;

/// What a backlog counts, and what a listener does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullBacklog {
    /// As NT: half-open connections count, and a SYN beyond them is answered with RST. The client may get
    /// 10061.
    Reset,
    /// As Linux: only established connections count, one more than the limit fits, and what arrives beyond
    /// them is dropped: a SYN, and the acknowledgment that would establish a half-open connection. The
    /// client retransmits its SYN; after a lost acknowledgment it believes that it is connected.
    Ignore,
}

/// The WinSock version that the program requested from `WSAStartup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WinsockVersion {
    /// WinSock 1.1: a second connect while one is pending fails with 10022.
    V1_1,
    /// WinSock 2.0: it fails with 10037 (connect page of the Platform SDK).
    V2_0,
}

/// The parameters of one host's socket layer.
#[derive(Clone, Debug)]
pub struct Config {
    /// The host's IPv4 address, from which it connects unless a socket is bound to another; not zero.
    pub address: u32,
    /// Its other addresses.
    pub further_addresses: Vec<u32>,
    /// The host's TCP.
    pub profile: tcp::Profile,
    /// Ports for sockets that did not bind one; not empty, without zero. NT: 1024 to 5000
    /// (`MaxUserPort`, Q149532).
    pub ephemeral_ports: RangeInclusive<u16>,
    /// The maximum backlog of a listener; `listen` reduces its argument to it. NT 3.5x: 100, NT 4
    /// Server: 200, Workstation: 5 (Q127144).
    pub backlog_limit: u32,
    /// What happens to a SYN beyond the backlog.
    pub full_backlog: FullBacklog,
    /// The WinSock version of the program.
    pub version: WinsockVersion,
    /// The lowest handle: a multiple of 4, not zero. A process has other handles before its first
    /// socket.
    pub first_handle: u32,
    /// The maximum number of open sockets and event objects; another one fails with 10024.
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
            // WinSock 2 came with NT 4.
            version: WinsockVersion::V1_1,
            ..nt4
        }
    }

    /// NT 4.0 Server.
    #[must_use]
    pub fn nt4(address: u32) -> Self {
        Self {
            address,
            further_addresses: Vec::new(),
            profile: *tcp::Profile::nt4(),
            ephemeral_ports: 1024..=5000,
            backlog_limit: 200,
            full_backlog: FullBacklog::Reset,
            version: WinsockVersion::V2_0,
            // Ten handles of a process before its first socket [I].
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

    /// A current Linux host with the same calls: a typical peer that is not NT.
    #[must_use]
    pub fn linux(address: u32) -> Self {
        Self {
            profile: *tcp::Profile::linux(),
            // `ip_local_port_range` and `somaxconn` of current kernels.
            ephemeral_ports: 32_768..=60_999,
            backlog_limit: 4096,
            full_backlog: FullBacklog::Ignore,
            ..Self::nt4(address)
        }
    }
}
