//! The messages that the MTA's threads send each other.
//!
//! Owns the closed set of BASE messages, one enum for each addressee. The numbers that
//! Winsock.log prints for some of them are in [`crate::record::MessageType`]. It refuses to
//! know who waits for them.

use winsock::{FlowLabel, SocketAddress, SocketError};

use crate::config::{Submission, Timer};
use crate::layout::BlockId;

/// A message of any kind.
#[derive(Clone, Debug)]
pub enum Message {
    /// To MAIN BASE.
    Main(ToMain),
    /// To POP4 UP.
    Up(ToUp),
    /// To POP4 DOWN.
    Down(ToDown),
    /// To TIMER.
    Timer(Timer),
    /// To a driver.
    Driver(ToDriver),
}

/// To the association manager.
#[derive(Clone, Debug)]
pub enum ToMain {
    /// A message to transfer.
    Submit(Submission),
    /// A call was taken from this address.
    Called(BlockId, u32),
    /// The transport connection is open.
    Connected(BlockId),
    /// A session unit has arrived.
    Unit(BlockId, Vec<u8>),
    /// The transport connection has ended, or was never opened.
    Ended(BlockId),
    /// A timer has run out.
    Expired(Timer),
}

/// To the transport's receiving thread.
#[derive(Clone, Debug)]
pub enum ToUp {
    /// MAIN BASE is opening a connection, bound to this thread control block.
    Opening(BlockId, u32),
    /// The driver took a call.
    Accepted {
        /// The connection.
        block: BlockId,
        /// The caller's address.
        from: u32,
        /// The thread control block it is bound to.
        thread_block: u32,
    },
    /// The socket is connected.
    Connected(BlockId),
    /// One TPDU has arrived.
    Tpdu(BlockId, Vec<u8>),
    /// The driver has closed the socket and awaits the transport's Close.
    CloseIndication(BlockId),
    /// The driver has closed as asked.
    CloseConfirm(BlockId),
    /// MAIN BASE wants the connection closed.
    Disconnect(BlockId),
}

/// To the transport's sending thread.
#[derive(Clone, Debug)]
pub enum ToDown {
    /// One session unit.
    Unit(BlockId, Vec<u8>),
    /// Bytes of a message, as many session units as it takes.
    Content {
        /// The connection.
        block: BlockId,
        /// Which message.
        message: u32,
        /// From which byte on.
        offset: u32,
        /// How many bytes.
        length: u32,
    },
}

/// To a driver.
#[derive(Clone, Debug)]
pub enum ToDriver {
    /// Await calls.
    Listen(BlockId),
    /// Open a connection: message type 1.
    Open(BlockId, SocketAddress, FlowLabel),
    /// Begin to receive on an accepted connection: message type 243.
    Receive(BlockId),
    /// Send these bytes.
    Send(BlockId, Vec<u8>),
    /// The socket has room again; only a pair's Async Notify says so.
    Writable(BlockId),
    /// The connect has failed; only a pair's Async Notify says so.
    ConnectFailed(BlockId, SocketError),
    /// Close: message type 2.
    Close(BlockId),
}
