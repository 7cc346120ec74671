//! The POP4 UP thread: the receiving side of the transport.
//!
//! It opens and confirms the transport connections of class 0, reassembles session units, and sends
//! the driver a close request, message type 2. The driver closes the socket.

use std::rc::Rc;

use crate::environment::Thread;
use crate::iso::tpdu::{self, SIZE_EXPONENT, Tpdu};
use crate::iso::tpkt;
use crate::layout::BlockId;
use crate::message::{Message, ToDriver, ToMain, ToUp, Tpkts};
use crate::record::Fact;
use crate::shared::{SharedState, record_fact};

use super::winsock_entry::{self, Close, CloseAnswer};
use crate::transport_table::{Reassembled, TransportTable};

/// The thread, at work.
struct Transport<'a> {
    t: &'a Thread,
    shared: &'a SharedState,
    connections: &'a TransportTable,
}

pub(crate) async fn run(t: Thread, shared: Rc<SharedState>) {
    let mut transport = Transport {
        t: &t,
        shared: &shared,
        connections: &shared.connections,
    };
    loop {
        transport.connections.declare(&t);
        let message = t.receive(shared.queues.up).await;
        let Message::Up(message) = message else {
            panic!("POP4 UP received {message:?}");
        };
        transport.on_message(message).await;
    }
}

impl Transport<'_> {
    async fn on_message(&mut self, message: ToUp) {
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
            ToUp::Connected(block) if self.connections.contains(block) => {
                let source = reference(block);
                let request = Tpdu::ConnectionRequest {
                    source,
                    size_exponent: SIZE_EXPONENT,
                };
                self.send(block, &request).await;
            }
            // The connection has ended meanwhile; a CR would go to a closed socket.
            ToUp::Connected(_) => {}
            ToUp::Tpdu(block, bytes) => self.on_tpdu(block, &bytes).await,
            ToUp::CloseIndication(block) => self.on_close_indication(block).await,
            ToUp::CloseConfirm(block) => self.end(block).await,
            ToUp::Disconnect(block) => self.disconnect(block).await,
        }
    }

    fn begin(&mut self, block: BlockId, thread_block: u32) {
        self.connections.begin(block, thread_block);
        record_fact(self.t, Fact::TransportBegun(block));
    }

    async fn on_tpdu(&mut self, block: BlockId, bytes: &[u8]) {
        if !self.connections.contains(block) {
            return;
        }
        match tpdu::decode(bytes) {
            Ok(Tpdu::ConnectionRequest { source, .. }) => {
                // The responder confirms at once: who may call was decided at accept().
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
            Ok(Tpdu::Data { end, user }) => match self.connections.add(block, user, end) {
                Reassembled::Part => {}
                Reassembled::Unit(unit) => {
                    self.shared
                        .post_main(self.t, ToMain::Unit(block, unit))
                        .await;
                }
                Reassembled::TooLong => self.disconnect(block).await,
            },
            Ok(Tpdu::DisconnectRequest { .. } | Tpdu::Error { .. }) | Err(_) => {
                self.disconnect(block).await;
            }
        }
    }

    /// The driver has closed the socket. If a close request is on its way down, the indication is its
    /// confirm.
    async fn on_close_indication(&mut self, block: BlockId) {
        self.close(block, Close::Response).await;
    }

    /// Closes the connection for the association manager.
    async fn disconnect(&mut self, block: BlockId) {
        self.close(block, Close::Request).await;
    }

    async fn close(&mut self, block: BlockId, close: Close) {
        let Some(thread_block) = self.connections.start_closing(block) else {
            return;
        };
        let answer = winsock_entry::close(self.t, self.shared, block, thread_block, close).await;
        // The transport takes WinSock's word that the connection is gone, and forgets it.
        if answer == CloseAnswer::Gone {
            self.end(block).await;
        }
    }

    async fn end(&mut self, block: BlockId) {
        if self.connections.remove(block) {
            record_fact(self.t, Fact::TransportEnded(block));
            self.shared.post_main(self.t, ToMain::Ended(block)).await;
        }
    }

    async fn send(&mut self, block: BlockId, tpdu: &Tpdu<'_>) {
        let bytes = Tpkts::Bytes(tpkt::encode(&tpdu.encode()).into());
        self.shared
            .post_driver(self.t, block, ToDriver::Send(block, bytes))
            .await;
    }
}

/// The SRC-REF of a connection. It is never zero: a CR has zero as its DST-REF.
fn reference(block: BlockId) -> u16 {
    u16::try_from(block.index.0 + 1).expect("a pool has at most 1250 blocks (Q243632)")
}
