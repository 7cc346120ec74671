//! The POP4 DOWN thread: the sending side of the transport. It puts session units into Data TPDUs,
//! and these into TPKTs.

use std::rc::Rc;

use winsock::Payload;

use crate::content::{self, ContentRange};
use crate::environment::Thread;
use crate::iso::spdu::{DATA_HEADER_BYTES, Spdu};
use crate::iso::tpdu::{DATA_BYTES_MAX, Tpdu};
use crate::iso::tpkt;
use crate::message::{Message, ToDown, ToDriver, Tpkts};
use crate::shared::SharedState;

/// Bytes of message content in one Data SPDU that fills a TPDU.
const PIECE_BYTES: u32 = (DATA_BYTES_MAX - DATA_HEADER_BYTES) as u32;
/// Data SPDUs in one request to a driver, about 8 KiB.
const PIECES_PER_REQUEST: u32 = 4;

pub(crate) async fn run(t: Thread, shared: Rc<SharedState>) {
    loop {
        t.declare_state(&());
        let message = t.receive(shared.queues.down).await;
        let Message::Down(message) = message else {
            panic!("POP4 DOWN received {message:?}");
        };
        match message {
            ToDown::Unit(block, unit) => {
                let bytes = Tpkts::Bytes(Payload::from(packets(&unit)));
                shared
                    .post_driver(&t, block, ToDriver::Send(block, bytes))
                    .await;
            }
            ToDown::Content(block, content) => {
                // A request to the driver is limited, so that other connections are served too.
                let end = content.offset + content.length;
                let mut from = content.offset;
                while from < end {
                    let length = (end - from).min(PIECE_BYTES * PIECES_PER_REQUEST);
                    let part = Tpkts::Content(ContentRange {
                        offset: from,
                        length,
                        ..content
                    });
                    shared
                        .post_driver(&t, block, ToDriver::Send(block, part))
                        .await;
                    from += length;
                }
            }
        }
    }
}

/// The packets of one session unit. Only the last TPDU has the end mark (X.224 section 13.7.3).
fn packets(unit: &[u8]) -> Vec<u8> {
    let pieces = unit.chunks(DATA_BYTES_MAX);
    let last = pieces.len().saturating_sub(1);
    let tpdus = pieces.enumerate().map(|(index, user)| Tpdu::Data {
        end: index == last,
        user,
    });
    let packets: Vec<_> = tpdus.map(|tpdu| tpkt::encode(&tpdu.encode())).collect();
    packets.concat()
}

impl Tpkts {
    /// Their bytes, made now if they are those of content.
    pub(crate) fn into_bytes(self) -> Payload {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Content(content) => Payload::from(content_packets(content)),
        }
    }
}

/// The packets of a part of a message, one Data SPDU for each piece.
fn content_packets(content: ContentRange) -> Vec<u8> {
    let bytes = content::bytes(content.message, content.offset, content.length);
    let pieces = bytes.chunks(PIECE_BYTES as usize);
    let units = pieces.map(|user| packets(&Spdu::Data { user }.encode()));
    units.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso::tpdu;

    #[test]
    fn only_the_last_tpdu_of_a_long_unit_has_the_end_mark() {
        let unit: Vec<u8> = (0..5_000_u32).map(|n| n as u8).collect();
        let packets = packets(&unit);
        let (mut rest, mut joined, mut ends) = (&packets[..], Vec::new(), Vec::new());
        while let [a, b, c, d, body @ ..] = rest {
            let length = tpkt::body_length([*a, *b, *c, *d]).expect("the header is valid");
            let Ok(Tpdu::Data { end, user }) = tpdu::decode(&body[..length]) else {
                panic!()
            };
            joined.extend_from_slice(user);
            ends.push(end);
            rest = &body[length..];
        }
        assert_eq!(joined, unit);
        assert_eq!(ends, [false, false, true]);
    }
}
