//! How a driver closes a connection.
//!
//! Either the driver disconnects, and the transport answers its close indication, or the transport
//! sends a close request first. In both cases message type 2 releases the block. WinSock's entry may
//! have dropped it before it comes here (Q303102).

use machine::Address;
use winsock::{EventHandle, SocketHandle};

use crate::blocks::{pool, wait_array};
use crate::build::decision::{CloseAction, WakeTiming};
use crate::build::{Generation, Structure, StructureOperation};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, NONE, field};
use crate::message::ToUp;
use crate::record::{EventEntry, Fact, LogLine, MessageType, SocketFunction};
use crate::shared::{INCONSISTENT, log, log_event, log_socket_error, record_fact};
use crate::sockets;

use super::driver_state::Driver;

/// The handles of a block. They are removed from it first, so that no other thread closes them.
pub(crate) struct Handles {
    socket: Option<SocketHandle>,
    event: Option<EventHandle>,
}

impl Driver<'_> {
    /// Closes the connection and sends a close indication up. The block stays allocated until the
    /// transport has answered.
    pub(crate) async fn disconnect(&mut self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let handles = match shared.state(t, block, Stimulus::Disconnect).await {
            Some(BlockState::Connecting | BlockState::Open) => {
                Some(self.take_from_service(address, BlockState::Closing).await)
            }
            Some(
                BlockState::Free
                | BlockState::Allocated
                | BlockState::Listening
                | BlockState::Closing
                | BlockState::OutOfService,
            )
            | None => None,
        };
        shared.unlock(t, lock).await;
        let Some(handles) = handles else { return };
        log(t, LogLine::IssueDisconnect(block.index));
        close_handles(t, block, handles).await;
        shared.post_up(t, ToUp::CloseIndication(block)).await;
    }

    /// The last connect() of an open request has failed: closes the socket and sends a close
    /// indication up. Winsock.log says nothing about it, since the failing sample of Q303102 does not;
    /// event 9214 does.
    pub(crate) async fn give_up(&mut self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let found = shared.state(t, block, Stimulus::Disconnect).await;
        if found != Some(BlockState::Connecting) {
            return shared.unlock(t, lock).await;
        }
        let state = shared.build.block_after_connect_failure();
        let handles = self.take_from_service(address, state).await;
        shared.unlock(t, lock).await;
        if state == BlockState::OutOfService {
            record_fact(t, Fact::BlockOutOfService(block));
        }
        release_handles(t, block, &handles).await;
        self.state.clear(block);
        shared.post_up(t, ToUp::CloseIndication(block)).await;
    }

    /// Takes the handles out of a block and its entry out of the wait array. The caller holds the
    /// lock of the blocks.
    async fn take_from_service(&mut self, address: Address, state: BlockState) -> Handles {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        self.check_owner(address).await;
        t.write(address + field::STATE, state.word()).await;
        // The entry is removed under the same lock: a thread that finds the block closing releases
        // it at once, and the entry of its next use must not be removed instead.
        wait_array::remove(t, shared, thread_block, address).await;
        take_handles(t, address).await
    }

    /// Carries out a message type 2 of the transport.
    pub(crate) async fn on_close_message(&mut self, block: BlockId) {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        let address = shared.address(block.index);
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Release)
            .await;
        let state = shared.state(t, block, Stimulus::CloseMessage).await;
        let owner = t.read(address + field::OWNER).await;
        let found = Instance(t.read(address + field::INSTANCE).await);
        let retries = t.read(address + field::RETRIES).await;
        let is_released = retries == 0 || shared.build.releases_after_retry();
        let Some(state) = state else {
            // The block was reused: this request is for an earlier instance.
            shared.unlock(t, lock).await;
            return shared.post_up(t, ToUp::CloseConfirm(block)).await;
        };
        if state != BlockState::Free {
            self.check_owner(address).await;
        }
        let action = shared.build.on_close_request(state);
        let handles = match action {
            CloseAction::Refuse => None,
            // The entry took the message, so it counts, whatever has happened to the block since.
            CloseAction::Close | CloseAction::Drop | CloseAction::ReleaseOnly => {
                Some(begin_closing(t, address).await)
            }
        };
        shared.unlock(t, lock).await;
        match handles {
            None => log_event(
                t,
                EventEntry::BadMessage(MessageType::Close, block.index, state),
            ),
            Some(handles) => {
                let applied = Fact::CloseApplied {
                    block: block.index,
                    meant: block.instance,
                    found,
                };
                record_fact(t, applied);
                // In 4.0 the Async Notify is another thread: it must drop the entry from its set.
                let is_paired = shared.build.generation() == Generation::Pairs;
                if is_paired {
                    shared
                        .notify(t, thread_block, WakeTiming::BeforeChange)
                        .await;
                }
                // `take_from_service` has removed the entry of a block that the driver closed.
                if !matches!(state, BlockState::Closing | BlockState::OutOfService) {
                    wait_array::remove(t, shared, owner, address).await;
                }
                if action != CloseAction::ReleaseOnly {
                    close_handles(t, block, handles).await;
                }
                if is_released {
                    pool::release(t, shared, address).await;
                }
                if is_paired {
                    shared
                        .notify(t, thread_block, WakeTiming::AfterChange)
                        .await;
                }
            }
        }
        shared.post_up(t, ToUp::CloseConfirm(block)).await;
    }

    /// Raises an exception if this thread control block does not own the block, as `SBPDSCLS` does
    /// before it closes (Q157701, Q154301).
    async fn check_owner(&self, address: Address) {
        let (t, caller) = (self.t, self.thread_block);
        if !self.shared.build.asserts_owner() {
            return;
        }
        let owner = t.read(address + field::OWNER).await;
        if owner != caller {
            log_event(t, EventEntry::WrongThread { owner, caller });
            match t.raise(INCONSISTENT).await {}
        }
    }
}

/// Marks the block as closing and takes its handles. The caller holds the lock of the blocks.
pub(crate) async fn begin_closing(t: &Thread, address: Address) -> Handles {
    t.write(address + field::STATE, BlockState::Closing.word())
        .await;
    take_handles(t, address).await
}

/// Takes socket and event object out of the block. The caller holds the lock of the blocks.
async fn take_handles(t: &Thread, address: Address) -> Handles {
    let socket = t.read(address + field::SOCKET).await;
    let event = t.read(address + field::EVENT).await;
    t.write(address + field::SOCKET, NONE).await;
    t.write(address + field::EVENT, 0).await;
    let socket = (socket != NONE).then_some(SocketHandle(socket));
    Handles {
        socket,
        event: (event != 0).then_some(EventHandle(event)),
    }
}

/// Logs the line about closing a socket, and closes it.
pub(crate) async fn close_handles(t: &Thread, block: BlockId, handles: Handles) {
    // Without a socket the line reads `close socket -1 on cb 2, handle 0` (Q303102).
    let line = LogLine::CloseSocket(handles.socket, block.index, handles.event);
    log(t, line);
    release_handles(t, block, &handles).await;
}

/// Shuts the socket down, closes it, and closes its event object.
async fn release_handles(t: &Thread, block: BlockId, handles: &Handles) {
    let &Handles { socket, event } = handles;
    if let Some(socket) = socket {
        // shutdown() on a socket that was never connected fails with 10057, which closesocket()
        // cannot return. Event 9214 reports it as a failure of closesocket() (Q303102).
        let shut = sockets::shutdown(t, socket).await;
        let closed = sockets::close(t, socket).await;
        if let Err(error) = shut.and(closed) {
            log_socket_error(t, SocketFunction::CloseSocket, Some(error), block.index);
        }
    }
    if let Some(event) = event {
        // This fails only if another thread has closed the event object already.
        let _closed = sockets::close_event(t, event).await;
    }
}
