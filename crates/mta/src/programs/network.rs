//! How a driver handles network events: accepting, connecting, receiving, and the end of a
//! connection. Whole TPDUs go up to the transport.

use winsock::{EventHandle, NetworkEvents, Payload, SocketError, SocketHandle};

use crate::blocks::pool;
use crate::blocks::wait_array;
use crate::blocks::wait_entry::WaitEntry;
use crate::build::decision::EmptyPoolAction;
use crate::build::{Generation, Structure, StructureOperation};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::iso::tpkt;
use crate::layout::{BlockId, BlockState, field};
use crate::message::{ToDriver, ToUp};
use crate::record::{EventEntry, Fact, LogLine, SocketFunction};
use crate::shared::{log, log_event, log_socket_error, record_fact};
use crate::sockets;

use super::driver_state::Driver;
use super::requests::CONNECT_EVENTS;

/// The offset of a packet's body in a buffer element: the headers of lower layers go before it
/// (`WSARecv on cb 2, offset 24` in Q303102).
const BODY_OFFSET: u32 = 24;

/// Network events as stimuli of a block's state machine.
const STIMULI: [(NetworkEvents, Stimulus); 5] = [
    (NetworkEvents::ACCEPT, Stimulus::Accept),
    (NetworkEvents::CONNECT, Stimulus::Connect),
    (NetworkEvents::READ, Stimulus::Read),
    (NetworkEvents::WRITE, Stimulus::Write),
    (NetworkEvents::CLOSE, Stimulus::Close),
];

/// Why the receive loop stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReceiveEnd {
    /// All available bytes are read.
    All,
    /// The stream has ended, the connection is broken, or the bytes are not a TPKT.
    End,
}

impl Driver<'_> {
    /// Handles the network events of an entry. The block is read again first: a build that does not
    /// check instance numbers acts on its present use.
    pub(crate) async fn on_network_events(&mut self, entry: WaitEntry) {
        let (t, shared) = (self.t, self.shared);
        let Some(current) = wait_array::read_again(t, shared, entry).await else {
            return;
        };
        let WaitEntry {
            block,
            state,
            socket: Some(socket),
            event: handle,
        } = current
        else {
            return;
        };
        let found = match sockets::enumerate_events(t, socket, handle).await {
            Ok(found) => found,
            // 10038: a corrupted array leads to a socket that is already closed (Q170006).
            Err(error) => {
                log_socket_error(t, SocketFunction::Select, Some(error), block.index);
                let address = shared.address(block.index);
                wait_array::remove(t, shared, self.thread_block, address).await;
                return;
            }
        };
        let events = found.events;
        for (event, stimulus) in STIMULI {
            if events.contains(event) {
                shared.coverage.count(state, stimulus);
            }
        }
        match state {
            Some(BlockState::Listening) if events.contains(NetworkEvents::ACCEPT) => {
                log(t, LogLine::Notified(events, block.index, handle));
                self.accept(socket, block).await;
            }
            Some(BlockState::Connecting) if events.contains(NetworkEvents::CONNECT) => {
                match found.connect {
                    None => {
                        log(t, LogLine::Notified(events, block.index, handle));
                        self.select_data_events(block).await;
                        shared.post_up(t, ToUp::Connected(block)).await;
                    }
                    // In a pair, the Driver reports event 9215 and tries again (Q152941).
                    Some(error) if shared.build.generation() == Generation::Pairs => {
                        let failed = ToDriver::ConnectFailed(block, error);
                        shared.post_driver(t, block, failed).await;
                    }
                    Some(error) => {
                        self.on_connect_failed(block, SocketFunction::ConnectEvent, error)
                            .await;
                    }
                }
            }
            Some(BlockState::Open) if !events.is_empty() => {
                log(t, LogLine::Notified(events, block.index, handle));
                self.on_data_events(block, socket, events).await;
            }
            Some(
                BlockState::Free
                | BlockState::Allocated
                | BlockState::Connecting
                | BlockState::Listening
                | BlockState::Open
                | BlockState::Closing
                | BlockState::OutOfService,
            )
            | None => {}
        }
    }

    async fn on_data_events(
        &mut self,
        block: BlockId,
        socket: SocketHandle,
        events: NetworkEvents,
    ) {
        // FD_CLOSE does not say whether unread data is left, and FD_READ need not come with it.
        let is_readable = events.intersects(NetworkEvents::READ | NetworkEvents::CLOSE);
        let mut has_ended = events.contains(NetworkEvents::CLOSE);
        if is_readable && self.receive(block, socket).await == ReceiveEnd::End {
            has_ended = true;
        }
        if has_ended {
            self.state.clear(block);
            match self.shared.build.generation() {
                Generation::Single => self.disconnect(block).await,
                // In a pair, the Driver sends and closes.
                Generation::Pairs => {
                    let broken = ToDriver::Broken(block);
                    self.shared.post_driver(self.t, block, broken).await;
                }
            }
        } else if events.contains(NetworkEvents::WRITE) {
            match self.shared.build.generation() {
                Generation::Single => self.flush(block).await,
                // In a pair, the Driver has the unsent bytes.
                Generation::Pairs => {
                    let writable = ToDriver::Writable(block);
                    self.shared.post_driver(self.t, block, writable).await;
                }
            }
        }
    }

    /// Accepts one call. The block is allocated first; without one the build decides whether the
    /// call is refused or stays in the backlog.
    async fn accept(&mut self, listener: SocketHandle, listening: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let block = pool::allocate(t, shared).await;
        if block.is_none() && shared.build.on_empty_pool() == EmptyPoolAction::LeaveInBacklog {
            return;
        }
        let accepted = sockets::accept(t, listener).await;
        let (socket, from) = match (accepted, block) {
            (Ok((socket, from)), Some(_)) if shared.peers.contains(&from.host) => {
                (socket, from.host)
            }
            (Ok((socket, from)), Some(block)) => {
                // No connector has this address: event 9301, then 9202 with error 0, because no
                // call has failed (Q193380, Q189345).
                log_event(t, EventEntry::UnknownCaller(from.host));
                log_socket_error(t, SocketFunction::Accept, None, block.index);
                let _closed = sockets::close(t, socket).await;
                return pool::release(t, shared, shared.address(block.index)).await;
            }
            (Ok((socket, _)), None) => {
                record_fact(t, Fact::AssociationRefused);
                let _closed = sockets::close(t, socket).await;
                return;
            }
            (Err(error), block) => {
                if error != SocketError::WouldBlock {
                    log_socket_error(t, SocketFunction::Accept, Some(error), listening.index);
                }
                if let Some(block) = block {
                    pool::release(t, shared, shared.address(block.index)).await;
                }
                return;
            }
        };
        let block = block.expect("the other arms of the match return");
        // The thread that accepts keeps the call, unless its array is full (Q276222).
        let thread_block = match shared.build.generation() {
            Generation::Single => wait_array::bind(t, shared, Some(self.thread_block)).await,
            Generation::Pairs => self.thread_block,
        };
        self.set_up_accepted(block, socket, thread_block).await;
        let accepted = ToUp::Accepted {
            block,
            from,
            thread_block,
        };
        shared.post_up(t, accepted).await;
    }

    /// Puts an accepted socket into its block.
    async fn set_up_accepted(&mut self, block: BlockId, socket: SocketHandle, thread_block: u32) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        log(t, LogLine::Accepted(socket, block.index));
        // A process without handles left goes on with none, and fails where it uses it, as programs
        // of the time do.
        let handle = sockets::create_event(t).await.unwrap_or(EventHandle(0));
        // An accepted socket inherits event object and mask of the listener. They are cleared before
        // it gets its own: "0 events on new socket" (Q303102).
        let _cleared = sockets::event_select(t, socket, handle, NetworkEvents::empty()).await;
        log(t, LogLine::ConnectEvents(block.index, socket, handle));
        let _selected = sockets::event_select(t, socket, handle, CONNECT_EVENTS).await;
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        t.write(address + field::SOCKET, socket.0).await;
        t.write(address + field::EVENT, handle.0).await;
        t.write(address + field::OWNER, thread_block).await;
        t.write(address + field::STATE, BlockState::Open.word())
            .await;
        shared.unlock(t, lock).await;
        log(t, LogLine::UseThreadBlock(thread_block, block.index));
        wait_array::add(t, shared, thread_block, address).await;
    }

    /// Reads packets until no bytes are left, and sends each complete one up.
    async fn receive(&mut self, block: BlockId, socket: SocketHandle) -> ReceiveEnd {
        let (t, shared) = (self.t, self.shared);
        loop {
            let tpdu = match self.receive_packet(block, socket).await {
                Ok(Some(tpdu)) => tpdu,
                Ok(None) => return ReceiveEnd::All,
                Err(error) => {
                    if let Some(error) = error {
                        log_socket_error(t, SocketFunction::Receive, Some(error), block.index);
                    }
                    return ReceiveEnd::End;
                }
            };
            log(t, LogLine::EntireTpkt);
            let left = sockets::bytes_readable(t, socket).await;
            // Before the result of ioctlsocket() is looked at: the packet is whole, whatever became
            // of the socket.
            shared.post_up(t, ToUp::Tpdu(block, tpdu)).await;
            let Ok(left) = left else {
                return ReceiveEnd::End;
            };
            let shown = u32::try_from(left).unwrap_or(u32::MAX);
            log(t, LogLine::Readable(shown, block.index));
            if left == 0 {
                log(t, LogLine::NoMoreData);
                return ReceiveEnd::All;
            }
        }
    }

    /// Reads more of the incoming packet and returns its TPDU once it is complete; `None` if the
    /// rest has not arrived.
    ///
    /// The error is the socket's; `None` means the end of the stream, or bytes that are not
    /// a TPKT.
    async fn receive_packet(
        &mut self,
        block: BlockId,
        socket: SocketHandle,
    ) -> Result<Option<Vec<u8>>, Option<SocketError>> {
        let t = self.t;
        while self.state.receiving(block).header_missing() > 0 {
            let missing = self.state.receiving(block).header_missing();
            let offset = (tpkt::HEADER_BYTES - missing) as u32;
            log(t, LogLine::ReceiveHeader(block.index, offset));
            let Some(bytes) = receive_some(t, socket, missing).await? else {
                return Ok(None);
            };
            let packet = self.state.receiving(block);
            packet.header.extend_from_slice(bytes.as_slice());
            if let Ok(header) = <[u8; tpkt::HEADER_BYTES]>::try_from(packet.header.as_slice()) {
                // A header that is not one of TPKT: the stream cannot be read any further (RFC 1006 section 6).
                packet.length = tpkt::body_length(header).map_err(|_| None)?;
                log(t, LogLine::HeaderDone(packet.length as u32));
            }
        }
        while self.state.receiving(block).body_missing() > 0 {
            let missing = self.state.receiving(block).body_missing();
            let offset = BODY_OFFSET + self.state.receiving(block).body.len() as u32;
            log(t, LogLine::ReceiveBody(block.index, offset));
            let Some(bytes) = receive_some(t, socket, missing).await? else {
                return Ok(None);
            };
            log(t, LogLine::Received(bytes.len() as u32));
            self.state
                .receiving(block)
                .body
                .extend_from_slice(bytes.as_slice());
        }
        let packet = std::mem::take(self.state.receiving(block));
        Ok(Some(packet.body))
    }
}

/// At least one byte; `None` if there is none yet.
async fn receive_some(
    t: &Thread,
    socket: SocketHandle,
    limit: usize,
) -> Result<Option<Payload>, Option<SocketError>> {
    match sockets::receive(t, socket, limit).await {
        // recv() returns 0 bytes at the end of the stream.
        Ok(bytes) if bytes.is_empty() => Err(None),
        Ok(bytes) => Ok(Some(bytes)),
        Err(SocketError::WouldBlock) => Ok(None),
        Err(error) => Err(Some(error)),
    }
}
