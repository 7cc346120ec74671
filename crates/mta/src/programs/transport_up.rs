//! POP4 UP: the transport's receiving thread.
//!
//! Owns the transport connections of class 0: it confirms and asks for them, puts session units
//! together and sends the Close down to WinSock, message type 2. It refuses to close a socket:
//! that is the driver's part.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::build::decision::CloseAction;
use crate::build::{Operation, Structure};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::iso::tpdu::{self, SIZE_EXPONENT, Tpdu};
use crate::iso::tpkt;
use crate::layout::BlockId;
use crate::message::{Message, ToDriver, ToMain, ToUp};
use crate::record::{Fact, LogLine, MessageType};
use crate::shared::{Shared, fact, log};

/// A session unit longer than this ends the connection: no association of ours sends one.
const UNIT_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Default)]
struct Connection {
    /// The thread control block it is bound to: its driver closes it.
    thread_block: u32,
    /// The session unit that is being put together.
    unit: Vec<u8>,
    /// A Close has gone down.
    closing: bool,
}

/// The thread's private view: which transport connections there are.
struct Transport<'a> {
    t: &'a Thread,
    shared: &'a Shared,
    connections: BTreeMap<BlockId, Connection>,
}

pub(crate) async fn run(t: Thread, shared: Rc<Shared>) {
    let mut transport = Transport {
        t: &t,
        shared: &shared,
        connections: BTreeMap::new(),
    };
    loop {
        t.declare_state(&transport.connections);
        let message = t.receive(shared.queues.up).await;
        let Message::Up(message) = message else {
            panic!("POP4 UP was sent {message:?}");
        };
        transport.take_in(message).await;
    }
}

impl Transport<'_> {
    async fn take_in(&mut self, message: ToUp) {
        match message {
            ToUp::Opening(block, thread_block) => self.begin(block, thread_block),
            ToUp::Accepted {
                block,
                from,
                thread_block,
            } => {
                self.begin(block, thread_block);
                self.shared
                    .post_main(self.t, ToMain::Called(block, from))
                    .await;
            }
            ToUp::Connected(block) if self.connections.contains_key(&block) => {
                let source = reference(block);
                let request = Tpdu::ConnectionRequest {
                    source,
                    size_exponent: SIZE_EXPONENT,
                };
                self.send(block, &request).await;
            }
            ToUp::Connected(_) => {}
            ToUp::Tpdu(block, bytes) => self.on_tpdu(block, &bytes).await,
            ToUp::CloseIndication(block) => self.on_close_indication(block).await,
            ToUp::CloseConfirm(block) => self.end(block).await,
            ToUp::Disconnect(block) => self.disconnect(block).await,
        }
    }

    fn begin(&mut self, block: BlockId, thread_block: u32) {
        let connection = Connection {
            thread_block,
            ..Connection::default()
        };
        self.connections.insert(block, connection);
        fact(self.t, Fact::TransportBegun(block.index, block.instance));
    }

    async fn on_tpdu(&mut self, block: BlockId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&block) else {
            return;
        };
        match tpdu::decode(bytes) {
            Ok(Tpdu::ConnectionRequest { source, .. }) => {
                let confirm = Tpdu::ConnectionConfirm {
                    destination: source,
                    source: reference(block),
                    size_exponent: SIZE_EXPONENT,
                };
                self.send(block, &confirm).await;
            }
            Ok(Tpdu::ConnectionConfirm { .. }) => {
                self.shared
                    .post_main(self.t, ToMain::Connected(block))
                    .await;
            }
            Ok(Tpdu::Data { end, user })
                if connection.unit.len() + user.len() <= UNIT_BYTES_MAX =>
            {
                connection.unit.extend_from_slice(user);
                if end {
                    let unit = std::mem::take(&mut connection.unit);
                    self.shared
                        .post_main(self.t, ToMain::Unit(block, unit))
                        .await;
                }
            }
            Ok(Tpdu::Data { .. } | Tpdu::DisconnectRequest { .. } | Tpdu::Error { .. })
            | Err(_) => {
                self.disconnect(block).await;
            }
        }
    }

    /// The driver has closed the socket; a Close that has gone down already is its answer.
    async fn on_close_indication(&mut self, block: BlockId) {
        let Some(connection) = self.connections.get_mut(&block) else {
            return;
        };
        if !std::mem::replace(&mut connection.closing, true) {
            let thread_block = connection.thread_block;
            self.close(block, thread_block).await;
        }
    }

    /// The association manager wants the connection closed. What a close request does depends
    /// on the state in which it finds the block: that is where Q303102 happens.
    async fn disconnect(&mut self, block: BlockId) {
        let Some(connection) = self.connections.get_mut(&block) else {
            return;
        };
        if std::mem::replace(&mut connection.closing, true) {
            return;
        }
        let thread_block = connection.thread_block;
        let guard = self
            .shared
            .lock(self.t, Structure::Blocks, Operation::Use)
            .await;
        let state = self
            .shared
            .state(self.t, block, Stimulus::DisconnectRequest)
            .await;
        self.shared.unlock(self.t, guard).await;
        match state.map(|state| self.shared.build.on_close_request(state)) {
            Some(CloseAction::Close | CloseAction::ReleaseOnly | CloseAction::Refuse) => {
                self.close(block, thread_block).await;
            }
            // Another user by now, or out of service: there seems to be nothing left to close.
            Some(CloseAction::Acknowledge) | None => self.end(block).await,
        }
    }

    async fn close(&mut self, block: BlockId, thread_block: u32) {
        log(self.t, LogLine::Message(MessageType::Close, block.index));
        self.shared
            .post_to(self.t, thread_block, ToDriver::Close(block))
            .await;
    }

    async fn end(&mut self, block: BlockId) {
        if self.connections.remove(&block).is_some() {
            fact(self.t, Fact::TransportEnded(block.index, block.instance));
            self.shared.post_main(self.t, ToMain::Ended(block)).await;
        }
    }

    async fn send(&mut self, block: BlockId, tpdu: &Tpdu<'_>) {
        let bytes = tpkt::encode(&tpdu.encode());
        self.shared
            .post_driver(self.t, block, ToDriver::Send(block, bytes))
            .await;
    }
}

/// The transport's own reference of a connection, never zero.
fn reference(block: BlockId) -> u16 {
    u16::try_from(block.index.0 + 1).expect("a pool has at most 1250 blocks (Q243632)")
}
