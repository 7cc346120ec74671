//! The messages in the bytes that sockets give out.
//!
//! The bytes of each socket are read as TPKT (RFC 1006), TPDUs and session units, as a protocol
//! analyzer reads them. What the MTA says about them is not asked.

use std::collections::{BTreeMap, BTreeSet};

use mta::content;
use mta::iso::spdu::{self, SERIALS, Spdu};
use mta::iso::tpdu::{self, Tpdu};
use mta::iso::tpkt;
use net::HostId;
use winsock::{Payload, Reply, SocketHandle};

/// A longer session unit is not read on: no MTA takes one.
const UNIT_BYTES_MAX: usize = 64 * 1024;

/// What a call did to a socket.
#[derive(Clone, Debug)]
pub(crate) enum SocketDid {
    /// It gave out bytes.
    GaveOut(SocketHandle, Payload),
    /// It was closed. The next socket may have its handle.
    Closed(SocketHandle),
}

/// What has come out of the sockets of all hosts.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    hosts: BTreeMap<HostId, ReceivedStreams>,
}

/// What has come out of the sockets of one host, over all starts of its service.
#[derive(Debug, Default)]
struct ReceivedStreams {
    streams: BTreeMap<SocketHandle, SocketStream>,
    /// How many bytes of a message have come out as they were submitted, from its first on.
    intact: BTreeMap<u32, u32>,
    /// The serial numbers of the acknowledgments.
    acknowledged: BTreeSet<u32>,
}

/// The bytes of one socket.
#[derive(Debug, Default)]
struct SocketStream {
    /// The part of a packet that has come out.
    packet: Vec<u8>,
    /// The part of a session unit that has come out.
    unit: Vec<u8>,
    transfer: Option<NextContent>,
    /// Whether something came out that is no packet of these protocols.
    is_foreign: bool,
}

/// The bytes of a message that come next.
#[derive(Clone, Copy, Debug)]
struct NextContent {
    message: u32,
    offset: u32,
}

impl SocketDid {
    /// What recv() or closesocket() on `socket` did, by its reply. Replies of other calls do not tell which
    /// call they answer.
    pub(crate) fn of(socket: SocketHandle, reply: &Reply) -> Option<Self> {
        if let Reply::Received(bytes) = reply {
            return Some(Self::GaveOut(socket, bytes.clone()));
        }
        (*reply == Reply::Done).then_some(Self::Closed(socket))
    }
}

impl Transfers {
    pub(super) fn on_socket(&mut self, host: HostId, did: &SocketDid) {
        let received = self.hosts.entry(host).or_default();
        match did {
            SocketDid::GaveOut(socket, bytes) => received.read(*socket, bytes.as_slice()),
            SocketDid::Closed(socket) => {
                received.streams.remove(socket);
            }
        }
    }

    /// The process of a host has ended, and the system has closed its sockets.
    pub(super) fn on_end(&mut self, host: HostId) {
        if let Some(received) = self.hosts.get_mut(&host) {
            received.streams.clear();
        }
    }

    /// Whether all bytes of a message have come out at a host, as they were submitted.
    pub(super) fn has_message(&self, host: HostId, message: u32, length: u32) -> bool {
        let received = self.hosts.get(&host);
        let intact = received.and_then(|it| it.intact.get(&message));
        intact.is_some_and(|intact| *intact >= length)
    }

    /// Whether an acknowledgment of a message has come out at a host.
    pub(super) fn has_acknowledgment(&self, host: HostId, message: u32) -> bool {
        let received = self.hosts.get(&host);
        // A serial number has at most six digits (X.225), so the wire has a part of the message's number only.
        received.is_some_and(|it| it.acknowledged.contains(&(message % SERIALS)))
    }
}

impl ReceivedStreams {
    fn read(&mut self, socket: SocketHandle, bytes: &[u8]) {
        let mut stream = self.streams.remove(&socket).unwrap_or_default();
        if !stream.is_foreign {
            stream.packet.extend_from_slice(bytes);
            while let Some(tpdu) = stream.next_tpdu() {
                if let Some(unit) = stream.reassemble(&tpdu) {
                    self.on_unit(&mut stream, &unit);
                }
            }
        }
        self.streams.insert(socket, stream);
    }

    fn on_unit(&mut self, stream: &mut SocketStream, unit: &[u8]) {
        // A damaged unit says nothing.
        let Ok(unit) = spdu::decode(unit) else {
            return;
        };
        match unit {
            Spdu::ActivityStart { message, .. } => {
                self.intact.entry(message).or_default();
                stream.transfer = Some(NextContent { message, offset: 0 });
            }
            Spdu::ActivityResume {
                message, offset, ..
            } => stream.transfer = Some(NextContent { message, offset }),
            Spdu::Data { user } => {
                stream.transfer = stream.transfer.and_then(|next| self.on_content(next, user));
            }
            Spdu::ActivityEndAck { serial } => {
                self.acknowledged.insert(serial);
            }
            Spdu::Connect
            | Spdu::Accept
            | Spdu::Finish
            | Spdu::Disconnect
            | Spdu::Abort
            | Spdu::MinorSync { .. }
            | Spdu::MinorSyncAck { .. }
            | Spdu::ActivityEnd { .. } => {}
        }
    }

    /// Bytes of a message. Returns what comes after them.
    fn on_content(&mut self, next: NextContent, user: &[u8]) -> Option<NextContent> {
        let NextContent { message, offset } = next;
        let length = u32::try_from(user.len()).ok()?;
        let end = offset.checked_add(length)?;
        let intact = self.intact.entry(message).or_default();
        // A resumed transfer repeats bytes since the last checkpoint, so a piece may begin before the end of what is
        // intact. A piece that begins after it leaves a gap, and proves nothing about the gap.
        if (offset..end).contains(intact) && content::bytes(message, offset, length) == user {
            *intact = end;
        }
        Some(NextContent {
            message,
            offset: end,
        })
    }
}

impl SocketStream {
    /// Takes the next whole packet from what has come out, without its header.
    fn next_tpdu(&mut self) -> Option<Vec<u8>> {
        let header = *self.packet.first_chunk::<{ tpkt::HEADER_BYTES }>()?;
        // Without a valid length the start of the next packet is unknown: nothing after it can be read.
        let Ok(body) = tpkt::body_length(header) else {
            self.is_foreign = true;
            self.packet.clear();
            return None;
        };
        let end = tpkt::HEADER_BYTES + body;
        let tpdu = self.packet.get(tpkt::HEADER_BYTES..end)?.to_vec();
        self.packet.drain(..end);
        Some(tpdu)
    }

    /// Adds a TPDU to the session unit, and takes the unit if it is complete.
    fn reassemble(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Ok(Tpdu::Data { end, user }) = tpdu::decode(bytes) else {
            return None;
        };
        if self.unit.len() + user.len() > UNIT_BYTES_MAX {
            self.is_foreign = true;
            self.packet.clear();
            return None;
        }
        self.unit.extend_from_slice(user);
        end.then(|| std::mem::take(&mut self.unit))
    }
}

#[cfg(test)]
mod tests;
