//! The records of the MTA's threads: lines of Winsock.log, entries of the application event log, and
//! facts for oracles and statistics.
//!
//! Records are typed data. The `logs` crate formats both logs from them.

use std::hash::{Hash, Hasher};

use winsock::{EventHandle, NetworkEvents, SocketError, SocketHandle};

use crate::layout::{BlockId, BlockIndex, BlockState, Instance};
use crate::version::Version;

// The digest of a run covers these records through `Hash`. Reordering variants or fields of any type
// in this file changes every digest.

/// One record of a thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A line of Winsock.log.
    Log(LogLine),
    /// An entry of the application event log.
    Event(EventEntry),
    /// A change of an association, a block or a message. It appears in no log.
    Fact(Fact),
}

/// A line of Winsock.log. All forms are from Q303102.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogLine {
    /// `CB 18 (instance 21) allocated`
    Allocated(BlockId),
    /// `Use thread cb 0 for Winsock cb 18`
    UseThreadBlock(u32, BlockIndex),
    /// `Message type 1 for cb 18`
    Message(MessageType, BlockIndex),
    /// `Socket 13020 created on cb 18`
    SocketCreated(SocketHandle, BlockIndex),
    /// `Ac/Cl/Cn events for cb 18, socket 13020, handle 12636`
    ConnectEvents(BlockIndex, SocketHandle, EventHandle),
    /// `WSAAccept OK, 0 events on new socket 11340 on cb 2`
    Accepted(SocketHandle, BlockIndex),
    /// `Wait for cb 2, handle 10848`
    WaitFor(BlockIndex, EventHandle),
    /// `R/W/Cl events on cb 2, handle 10848`
    DataEvents(BlockIndex, EventHandle),
    /// `Events 3 notified for cb 2 using handle 10848`
    Notified(NetworkEvents, BlockIndex, EventHandle),
    /// `Receive header for cb 2 at offset 0`
    ReceiveHeader(BlockIndex, u32),
    /// `Header done, TPKT data length 14 bytes`
    HeaderDone(u32),
    /// `WSARecv on cb 2, offset 24`
    ReceiveBody(BlockIndex, u32),
    /// `WSARecv returned 14 bytes`
    Received(u32),
    /// `Entire TPKT received`
    EntireTpkt,
    /// `ioctlsocket returned 0, cb 2`
    Readable(u32, BlockIndex),
    /// `No more data`
    NoMoreData,
    /// `Issue Disconnect for cb 2`
    IssueDisconnect(BlockIndex),
    /// `close socket 11340 on cb 2, handle 10848`; without a socket `-1`, without an event `0`.
    CloseSocket(Option<SocketHandle>, BlockIndex, Option<EventHandle>),
}

/// The type of a BASE message as Winsock.log prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 1: an Open request for an outgoing call, or the Open response to an incoming one.
    Open,
    /// 2: a Close request or response.
    Close,
    /// 243: begin to receive. The meaning of the number is not documented.
    Receive,
}

/// The WinSock function in a sockets-error event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketFunction {
    /// accept(), event 9202.
    Accept,
    /// closesocket(), event 9214.
    CloseSocket,
    /// connect() fails at once, event 9215.
    Connect,
    /// `FD_CONNECT` reports a failed connect(), event 9215.
    ConnectEvent,
    /// `WSARecvEx`(), event 9221.
    Receive,
    /// send(), event 9224.
    Send,
    /// select(), event 9234.
    Select,
}

/// An entry of the application event log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventEntry {
    /// 9202, 9214, 9215, 9221, 9224, 9234: a socket call failed. `None` is "sockets error 0": the
    /// error path ran although no call on that thread had failed.
    Sockets(SocketFunction, Option<SocketError>, BlockIndex),
    /// 9156: the pool is empty; the configured count.
    NoFreeBlocks(u32),
    /// 9225: a message type that is not allowed in this state.
    BadMessage(MessageType, BlockIndex, BlockState),
    /// 9301: no connector has the address of this caller.
    UnknownCaller(u32),
    /// 9405 `SBPDSCLS:CB TID=0,calling TID=1.`: a thread closes a block that it does not own.
    WrongThread {
        /// The thread control block that owns it.
        owner: u32,
        /// The thread control block of the caller.
        caller: u32,
    },
    /// 9405 `ExchHeapFree Failure.`: the header of a freed heap block does not look allocated.
    HeapFreeFailure,
    /// 9298: the service has started.
    StartupComplete(Version),
    /// 9299: the service has stopped.
    ClosedownComplete(Version),
    /// 57: the limit of associations to an entity is reached.
    AssociationLimit {
        /// Which connector.
        connector: u32,
        /// The limit.
        limit: u32,
    },
    /// 289: a connection to an entity could not be opened.
    NotOpened {
        /// Which connector.
        connector: u32,
    },
    /// 1294: an association ended abnormally.
    EndedAbnormally {
        /// Which connector.
        connector: u32,
    },
    /// 290: a message is returned, because it could not be transferred in time.
    NonDelivery {
        /// Which connector.
        connector: u32,
        /// Which message.
        message: u32,
    },
}

/// A change of an association, a block or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The association manager begins an association as the initiator.
    AssociationBegun(AssociationIndex, ConnectorIndex),
    /// The association manager uses this block for an association.
    BlockBound(AssociationIndex, BlockId),
    /// The association is open at both ends, as this end sees it.
    AssociationOpened(AssociationIndex),
    /// The association has ended, and its manager has forgotten it.
    AssociationEnded(AssociationIndex, AssociationEnd),
    /// An association was refused, because no block was free.
    AssociationRefused,
    /// The transport has created a connection on this block.
    TransportBegun(BlockId),
    /// The transport has forgotten the connection on this block.
    TransportEnded(BlockId),
    /// The block was allocated.
    BlockAllocated(BlockId),
    /// The block was taken out of service by a timeout.
    BlockOutOfService(BlockId),
    /// WinSock's entry dropped a close request of the transport for this block (Q303102).
    CloseRequestDropped(BlockId),
    /// The block was released to the pool.
    BlockReleased(BlockId),
    /// A close request for one instance of a block was carried out on another, or on the same.
    CloseApplied {
        /// The block.
        block: BlockIndex,
        /// The instance that the request names.
        meant: Instance,
        /// The instance that was closed.
        found: Instance,
    },
    /// A message was submitted.
    MessageSubmitted(u32),
    /// A message has arrived completely.
    MessageArrived {
        /// The sender's address.
        from: u32,
        /// Which message.
        message: u32,
        /// Its size in bytes.
        length: u32,
        /// The hash of its bytes: [`crate::content::hash`] if it is intact.
        hash: u64,
    },
    /// The sender has received the acknowledgment of the message.
    MessageAcknowledged(u32),
    /// The sender has given the message up and returned it.
    MessageReturned(u32),
}

/// The index of an association, counted from the start of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssociationIndex(pub u32);

/// A connector of the host, by number. It is not part of digests: what the association does says the
/// same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectorIndex(pub u32);

impl Hash for ConnectorIndex {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// How an association ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssociationEnd {
    /// Orderly, by FINISH and DISCONNECT.
    Orderly,
    /// It was never opened.
    NotOpened,
    /// It was open and broke off.
    Broken,
}

impl MessageType {
    /// The number in the log.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Open => 1,
            Self::Close => 2,
            Self::Receive => 243,
        }
    }
}

impl SocketFunction {
    /// The id of the event that reports its failure.
    #[must_use]
    pub const fn event_id(self) -> u32 {
        match self {
            Self::Accept => 9202,
            Self::CloseSocket => 9214,
            Self::Connect | Self::ConnectEvent => 9215,
            Self::Receive => 9221,
            Self::Send => 9224,
            Self::Select => 9234,
        }
    }
}

impl EventEntry {
    /// Its id in the application event log.
    #[must_use]
    pub const fn id(&self) -> u32 {
        match self {
            Self::Sockets(function, ..) => function.event_id(),
            Self::NoFreeBlocks(_) => 9156,
            Self::BadMessage(..) => 9225,
            Self::UnknownCaller(_) => 9301,
            Self::WrongThread { .. } | Self::HeapFreeFailure => 9405,
            Self::StartupComplete(_) => 9298,
            Self::ClosedownComplete(_) => 9299,
            Self::AssociationLimit { .. } => 57,
            Self::NotOpened { .. } => 289,
            Self::EndedAbnormally { .. } => 1294,
            Self::NonDelivery { .. } => 290,
        }
    }
}
