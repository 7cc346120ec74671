//! POP4 UP: the transport's receiving thread.
//!
//! Owns the transport connections of class 0: it confirms and asks for them, puts session units
//! together and sends the Close down to WinSock, message type 2. It refuses to close a socket:
//! that is the driver's part.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::block::Lease;
use crate::build::{Operation, Structure};
use crate::coverage::Stimulus;
use crate::decision::OnClose;
use crate::environment::Thread;
use crate::iso::tpdu::{self, SIZE_EXPONENT, Tpdu};
use crate::iso::tpkt;
use crate::layer::{Layer, fact, log};
use crate::message::{Message, ToDriver, ToMain, ToUp};
use crate::record::{Fact, LogLine, MessageType};

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
    layer: &'a Layer,
    connections: BTreeMap<Lease, Connection>,
}

pub(crate) async fn run(t: Thread, layer: Rc<Layer>) {
    let mut transport = Transport {
        t: &t,
        layer: &layer,
        connections: BTreeMap::new(),
    };
    loop {
        t.remembers(&transport.connections);
        let message = t.receive(layer.queues.up).await;
        let Message::Up(message) = message else {
            panic!("POP4 UP was sent {message:?}");
        };
        transport.take_in(message).await;
    }
}

impl Transport<'_> {
    async fn take_in(&mut self, message: ToUp) {
        match message {
            ToUp::Opening(lease, thread_block) => self.begin(lease, thread_block),
            ToUp::Accepted {
                lease,
                from,
                thread_block,
            } => {
                self.begin(lease, thread_block);
                self.layer
                    .post_main(self.t, ToMain::Called(lease, from))
                    .await;
            }
            ToUp::Connected(lease) if self.connections.contains_key(&lease) => {
                let source = reference(lease);
                let request = Tpdu::ConnectionRequest {
                    source,
                    size_exponent: SIZE_EXPONENT,
                };
                self.send(lease, &request).await;
            }
            ToUp::Connected(_) => {}
            ToUp::Tpdu(lease, bytes) => self.on_tpdu(lease, &bytes).await,
            ToUp::CloseIndication(lease) => self.on_close_indication(lease).await,
            ToUp::CloseConfirm(lease) => self.end(lease).await,
            ToUp::Disconnect(lease) => self.disconnect(lease).await,
        }
    }

    fn begin(&mut self, lease: Lease, thread_block: u32) {
        let connection = Connection {
            thread_block,
            ..Connection::default()
        };
        self.connections.insert(lease, connection);
        fact(self.t, Fact::TransportBegun(lease.block, lease.instance));
    }

    async fn on_tpdu(&mut self, lease: Lease, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&lease) else {
            return;
        };
        match tpdu::decode(bytes) {
            Ok(Tpdu::ConnectionRequest { source, .. }) => {
                let confirm = Tpdu::ConnectionConfirm {
                    destination: source,
                    source: reference(lease),
                    size_exponent: SIZE_EXPONENT,
                };
                self.send(lease, &confirm).await;
            }
            Ok(Tpdu::ConnectionConfirm { .. }) => {
                self.layer.post_main(self.t, ToMain::Connected(lease)).await;
            }
            Ok(Tpdu::Data { end, user })
                if connection.unit.len() + user.len() <= UNIT_BYTES_MAX =>
            {
                connection.unit.extend_from_slice(user);
                if end {
                    let unit = std::mem::take(&mut connection.unit);
                    self.layer
                        .post_main(self.t, ToMain::Unit(lease, unit))
                        .await;
                }
            }
            Ok(Tpdu::Data { .. } | Tpdu::DisconnectRequest { .. } | Tpdu::Error { .. })
            | Err(_) => {
                self.disconnect(lease).await;
            }
        }
    }

    /// The driver has closed the socket; a Close that has gone down already is its answer.
    async fn on_close_indication(&mut self, lease: Lease) {
        let Some(connection) = self.connections.get_mut(&lease) else {
            return;
        };
        if !std::mem::replace(&mut connection.closing, true) {
            let thread_block = connection.thread_block;
            self.close(lease, thread_block).await;
        }
    }

    /// The association manager wants the connection closed. What a close request does depends
    /// on the state in which it finds the block: that is where Q303102 happens.
    async fn disconnect(&mut self, lease: Lease) {
        let Some(connection) = self.connections.get_mut(&lease) else {
            return;
        };
        if std::mem::replace(&mut connection.closing, true) {
            return;
        }
        let thread_block = connection.thread_block;
        let guard = self
            .layer
            .guard(self.t, Structure::Blocks, Operation::Use)
            .await;
        let state = self
            .layer
            .state(self.t, lease, Stimulus::DisconnectRequest)
            .await;
        self.layer.unguard(self.t, guard).await;
        match state.map(|state| self.layer.build.on_close_request(state)) {
            Some(OnClose::Close | OnClose::ReleaseOnly | OnClose::Refuse) => {
                self.close(lease, thread_block).await;
            }
            // Another user by now, or out of service: there seems to be nothing left to close.
            Some(OnClose::Acknowledge) | None => self.end(lease).await,
        }
    }

    async fn close(&mut self, lease: Lease, thread_block: u32) {
        log(self.t, LogLine::Message(MessageType::Close, lease.block));
        self.layer
            .post_to(self.t, thread_block, ToDriver::Close(lease))
            .await;
    }

    async fn end(&mut self, lease: Lease) {
        if self.connections.remove(&lease).is_some() {
            fact(self.t, Fact::TransportEnded(lease.block, lease.instance));
            self.layer.post_main(self.t, ToMain::Ended(lease)).await;
        }
    }

    async fn send(&mut self, lease: Lease, tpdu: &Tpdu<'_>) {
        let bytes = tpkt::encode(&tpdu.encode());
        self.layer
            .post_driver(self.t, lease, ToDriver::Send(lease, bytes))
            .await;
    }
}

/// The transport's own reference of a connection, never zero.
fn reference(lease: Lease) -> u16 {
    u16::try_from(lease.block.0 + 1).expect("a pool has at most 1250 blocks (Q243632)")
}
