//! How a driver handles messages from above: opening sockets for calls and for the listener, and
//! sending bytes. Results arrive later, as network events.

use winsock::{
    EventHandle, FlowLabel, NetworkEvents, Payload, SocketAddress, SocketError, SocketHandle,
};

use crate::blocks::wait_array;
use crate::build::decision::{ConnectFailureAction, WakeTiming};
use crate::build::{ConnectFailure, Generation, Structure, StructureOperation};
use crate::coverage::Stimulus;
use crate::layout::{BlockId, BlockState, FAMILY_INTERNET, NONE, field};
use crate::message::{ToDriver, Tpkts};
use crate::record::{EventEntry, LogLine, MessageType, SocketFunction};
use crate::shared::{PORT, log, log_event, log_socket_error};
use crate::sockets;

use super::driver_state::Driver;

/// `FD_ACCEPT`, `FD_CLOSE` and `FD_CONNECT`: `Ac/Cl/Cn` in Winsock.log.
pub(crate) const CONNECT_EVENTS: NetworkEvents = NetworkEvents::ACCEPT
    .union(NetworkEvents::CLOSE)
    .union(NetworkEvents::CONNECT);
/// `FD_READ`, `FD_WRITE` and `FD_CLOSE`: `R/W/Cl` in Winsock.log.
pub(crate) const DATA_EVENTS: NetworkEvents = NetworkEvents::READ
    .union(NetworkEvents::WRITE)
    .union(NetworkEvents::CLOSE);

impl Driver<'_> {
    pub(crate) async fn on_message(&mut self, message: ToDriver) {
        match message {
            ToDriver::Listen(block) => self.listen(block).await,
            ToDriver::Open {
                block,
                peer,
                flow_label,
            } => self.open(block, peer, flow_label).await,
            ToDriver::Receive(block) => self.select_data_events(block).await,
            ToDriver::Send(block, packets) => {
                self.state.unsent(block).push_back(packets);
                self.flush(block).await;
            }
            ToDriver::Writable(block) => self.flush(block).await,
            ToDriver::Broken(block) => {
                // 4.0 is synchronous (Q193760): a send() that waits for buffer space ends with the
                // connection, and reports why (9224).
                self.flush(block).await;
                self.disconnect(block).await;
                self.state.clear(block);
            }
            ToDriver::ConnectFailed(block, error) => {
                self.on_connect_failed(block, SocketFunction::ConnectEvent, error)
                    .await;
            }
            ToDriver::Close(block) => {
                self.on_close_message(block).await;
                self.state.clear(block);
            }
        }
    }

    async fn listen(&mut self, block: BlockId) {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        let Some(socket) = self.create_socket(block, BlockState::Listening).await else {
            return;
        };
        if let Err(error) = sockets::listen(t, socket, PORT).await {
            log_socket_error(t, SocketFunction::Accept, Some(error), block.index);
        }
        shared
            .notify(t, thread_block, WakeTiming::BeforeChange)
            .await;
        wait_array::add(t, shared, thread_block, shared.address(block.index)).await;
        shared
            .notify(t, thread_block, WakeTiming::AfterChange)
            .await;
    }

    /// Begins an outgoing call.
    async fn open(&mut self, block: BlockId, peer: SocketAddress, flow_label: FlowLabel) {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        let address = shared.address(block.index);
        let Some(socket) = self.create_socket(block, BlockState::Connecting).await else {
            return;
        };
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        t.write(address + field::PEER, peer.host).await;
        t.write(address + field::PEER_PORT, u32::from(peer.port))
            .await;
        t.write(address + field::PEER_FAMILY, FAMILY_INTERNET).await;
        shared.flow_labels.set(block.index, flow_label);
        shared.unlock(t, lock).await;
        shared
            .notify(t, thread_block, WakeTiming::BeforeChange)
            .await;
        // The entry is added before connect(): otherwise the FD_CONNECT of a fast failure could come
        // while no thread waits for it.
        wait_array::add(t, shared, thread_block, address).await;
        if let Err(error) = sockets::connect(t, socket, peer, flow_label).await {
            self.on_connect_failed(block, SocketFunction::Connect, error)
                .await;
        }
        shared
            .notify(t, thread_block, WakeTiming::AfterChange)
            .await;
    }

    /// Creates the socket of a block and its event object, and selects connection events. `None` if
    /// that fails, or if the block was reused meanwhile.
    async fn create_socket(&mut self, block: BlockId, state: BlockState) -> Option<SocketHandle> {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let socket = match sockets::socket(t).await {
            Ok(socket) => socket,
            Err(error) => {
                log_socket_error(t, SocketFunction::Connect, Some(error), block.index);
                return None;
            }
        };
        log(t, LogLine::SocketCreated(socket, block.index));
        if shared.keep_alive {
            // SO_KEEPALIVE cannot fail on a new socket.
            let _set = sockets::keep_alive(t, socket).await;
        }
        let event = sockets::create_event(t).await.unwrap_or(EventHandle(0));
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let stimulus = if state == BlockState::Listening {
            Stimulus::Listen
        } else {
            Stimulus::OpenRequest
        };
        let current = shared.state(t, block, stimulus).await;
        let is_allocated = current == Some(BlockState::Allocated);
        if is_allocated {
            t.write(address + field::SOCKET, socket.0).await;
            t.write(address + field::EVENT, event.0).await;
            t.write(address + field::STATE, state.word()).await;
        }
        shared.unlock(t, lock).await;
        if !is_allocated {
            // Two threads have allocated the same block, and the other was faster (Q157701).
            if let Some(state) = current {
                log_event(
                    t,
                    EventEntry::BadMessage(MessageType::Open, block.index, state),
                );
            }
            // Or the block was closed before it was opened. No other thread knows these handles.
            let _closed = (
                sockets::close(t, socket).await,
                sockets::close_event(t, event).await,
            );
            return None;
        }
        log(t, LogLine::ConnectEvents(block.index, socket, event));
        let selected = sockets::event_select(t, socket, event, CONNECT_EVENTS).await;
        selected.is_ok().then_some(socket)
    }

    /// Handles a failed connect(): schedules another on the same socket, or gives up. Q193894 saw a
    /// leak whenever a connection took more than one attempt. `reported_by` is the call itself or the
    /// network event.
    pub(crate) async fn on_connect_failed(
        &mut self,
        block: BlockId,
        reported_by: SocketFunction,
        error: SocketError,
    ) {
        let (t, shared) = (self.t, self.shared);
        self.log_connect_failure(block, reported_by, error);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let found = shared.state(t, block, Stimulus::ConnectFailed).await;
        // A session timeout may have taken the block out of service meanwhile; whoever closes it ends the attempts.
        let connecting = found == Some(BlockState::Connecting);
        let attempt = t.read(address + field::RETRIES).await.wrapping_add(1);
        let failure = ConnectFailure {
            attempt,
            allowed: shared.connect_attempts,
            error,
        };
        let action = shared.build.on_connect_failure(failure);
        if connecting && action == ConnectFailureAction::Retry {
            t.write(address + field::RETRIES, attempt).await;
        }
        shared.unlock(t, lock).await;
        if !connecting {
            return;
        }
        match (action, shared.build.generation()) {
            (ConnectFailureAction::Retry, _) => {
                self.state.retry(t.now() + shared.connect_pause, block);
            }
            (ConnectFailureAction::GiveUp, Generation::Single) => self.give_up(block).await,
            (ConnectFailureAction::GiveUp, Generation::Pairs) => {
                self.disconnect(block).await;
                self.state.clear(block);
            }
        }
    }

    fn log_connect_failure(&self, block: BlockId, reported_by: SocketFunction, error: SocketError) {
        let shown = match (self.shared.build.generation(), reported_by) {
            // 5.5 and later report WSAGetLastError(). When a network event brings the failure, no
            // call on this thread has failed: "Socket error 0" (Q303102).
            (Generation::Single, SocketFunction::ConnectEvent) => None,
            // A connect() that fails at once has left its code there (Q170056), and 4.0 reports the
            // code in both cases (Q152941).
            _ => Some(error),
        };
        log_socket_error(self.t, reported_by, shown, block.index);
    }

    /// Calls connect() again, on the same socket: WinSock allows it after 10051, 10060 and 10061.
    pub(crate) async fn connect_again(&mut self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let found = shared.state(t, block, Stimulus::ConnectAgain).await;
        let connecting = found == Some(BlockState::Connecting);
        let socket = t.read(address + field::SOCKET).await;
        let host = t.read(address + field::PEER).await;
        let retries = t.read(address + field::RETRIES).await;
        let port = t.read(address + field::PEER_PORT).await;
        // connect() takes a whole sockaddr_in; the family is the same in every block.
        let _family = t.read(address + field::PEER_FAMILY).await;
        let flow_label = shared.flow_labels.for_retry(block.index, retries);
        shared.unlock(t, lock).await;
        if !connecting || socket == NONE {
            return;
        }
        let peer = SocketAddress::new(host, port as u16);
        let begun = sockets::connect(t, SocketHandle(socket), peer, flow_label).await;
        if let Err(error) = begun {
            // Boxed, because the two methods call each other and a future has a finite size.
            Box::pin(self.on_connect_failed(block, SocketFunction::Connect, error)).await;
        }
    }

    /// Switches a connection to data events: on message type 243 for an accepted call, on
    /// `FD_CONNECT` for an outgoing one.
    pub(crate) async fn select_data_events(&mut self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let state = shared.state(t, block, Stimulus::ReceiveRequest).await;
        let socket = t.read(address + field::SOCKET).await;
        let event = t.read(address + field::EVENT).await;
        let is_live =
            matches!(state, Some(BlockState::Connecting | BlockState::Open)) && socket != NONE;
        if is_live {
            t.write(address + field::STATE, BlockState::Open.word())
                .await;
        }
        shared.unlock(t, lock).await;
        if is_live {
            log(t, LogLine::DataEvents(block.index, EventHandle(event)));
            let (socket, event) = (SocketHandle(socket), EventHandle(event));
            // A new WSAEventSelect() clears the recorded events and records again what still holds.
            // It fails only if another thread has just closed the socket.
            let _selected = sockets::event_select(t, socket, event, DATA_EVENTS).await;
        }
    }

    /// Sends the unsent bytes of a connection while the socket has buffer space.
    pub(crate) async fn flush(&mut self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let is_open = shared.state(t, block, Stimulus::Send).await == Some(BlockState::Open);
        let socket = t.read(address + field::SOCKET).await;
        shared.unlock(t, lock).await;
        if !is_open || socket == NONE {
            return self.state.clear(block);
        }
        while let Some(packets) = self.state.unsent(block).pop_front() {
            let bytes = packets.into_bytes();
            match sockets::send(t, SocketHandle(socket), bytes.clone()).await {
                Ok(count) if count < bytes.len() => {
                    let rest = bytes.slice(count..bytes.len());
                    self.keep_unsent(block, rest);
                }
                Ok(_) => {}
                // FD_WRITE reports when there is space again.
                Err(SocketError::WouldBlock) => {
                    return self.keep_unsent(block, bytes);
                }
                Err(error) => {
                    log_socket_error(t, SocketFunction::Send, Some(error), block.index);
                    self.disconnect(block).await;
                    return self.state.clear(block);
                }
            }
        }
    }

    /// Puts back bytes that the socket did not take.
    fn keep_unsent(&mut self, block: BlockId, bytes: Payload) {
        let unsent = self.state.unsent(block);
        unsent.push_front(Tpkts::Bytes(bytes));
    }
}
