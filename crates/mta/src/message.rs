//! The BASE messages that the MTA's threads send each other, one enum for each recipient.
//!
//! [`crate::record::MessageType`] has the numbers that Winsock.log prints for some of them.

use winsock::{FlowLabel, Payload, SocketAddress, SocketError};

use crate::config::{Submission, Timer};
use crate::content::ContentRange;
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

/// To MAIN BASE, the thread of the association manager.
#[derive(Clone, Debug)]
pub enum ToMain {
    /// A message was submitted for transfer.
    Submit(Submission),
    /// A call from this address was accepted.
    Called(BlockId, u32),
    /// The transport connection is open.
    Connected(BlockId),
    /// A session unit (SPDU) has arrived.
    Unit(BlockId, Vec<u8>),
    /// The transport connection has ended, or was never open.
    Ended(BlockId),
    /// A timer has expired.
    Expired(Timer),
}

/// To POP4 UP, the receiving thread of the transport.
#[derive(Clone, Debug)]
pub enum ToUp {
    /// MAIN BASE is opening a connection that is bound to this thread control block.
    Opening(BlockId, u32),
    /// The driver accepted a call.
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
    /// A TPDU has arrived.
    Tpdu(BlockId, Vec<u8>),
    /// The driver has closed the socket and waits for the transport's close request.
    CloseIndication(BlockId),
    /// The driver has carried out a close request.
    CloseConfirm(BlockId),
    /// MAIN BASE asks for the connection to be closed.
    Disconnect(BlockId),
}

/// To POP4 DOWN, the sending thread of the transport.
#[derive(Clone, Debug)]
pub enum ToDown {
    /// Send one session unit (SPDU).
    Unit(BlockId, Vec<u8>),
    /// Send these bytes of a message, in as many session units as needed.
    Content(BlockId, ContentRange),
}

/// Packets that wait for a socket.
///
/// A message may have a gigabyte, and without checkpoints all of it waits at once. So content is kept as
/// its range, and its packets are made when the socket is offered them.
#[derive(Clone, Debug)]
pub enum Tpkts {
    /// These bytes.
    Bytes(Payload),
    /// The Data TPDUs of these bytes of a message.
    Content(ContentRange),
}

/// To a driver thread.
#[derive(Clone, Debug)]
pub enum ToDriver {
    /// Listen for calls.
    Listen(BlockId),
    /// Open a connection: message type 1.
    Open {
        /// The block of the connection.
        block: BlockId,
        /// The address to call.
        peer: SocketAddress,
        /// The key of the network's random choices for the connection.
        flow_label: FlowLabel,
    },
    /// Begin to receive on an accepted connection: message type 243.
    Receive(BlockId),
    /// Send these packets.
    Send(BlockId, Tpkts),
    /// The socket has buffer space again. Only the Async Notify of a pair sends this.
    Writable(BlockId),
    /// The connection has ended. Only the Async Notify of a pair sends this.
    Broken(BlockId),
    /// The connect() has failed. Only the Async Notify of a pair sends this.
    ConnectFailed(BlockId, SocketError),
    /// Close: message type 2.
    Close(BlockId),
}
