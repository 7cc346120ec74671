//! The host under test: its socket layer, its clock, and what it has sent.

use std::collections::VecDeque;

use tcp::{Payload, Segment, Uptime};
use winsock::{Config, FlowLabel, SocketTable};

/// The peer's address, of the network for documentation (RFC 5737), as packetdrill has it.
pub(crate) const PEER: u32 = 0xC000_0201;

/// The port of the host or of the peer that is the server.
pub(crate) const SERVER_PORT: u16 = 8080;

/// How long an expectation without a time waits.
const PATIENCE_MICROS: u64 = 3_600_000_000;

/// A host in virtual time.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) sockets: SocketTable,
    now: Uptime,
    sent: VecDeque<(Uptime, Segment)>,
}

impl Host {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            sockets: SocketTable::new(config),
            now: Uptime::ZERO,
            sent: VecDeque::new(),
        }
    }

    pub(crate) const fn now(&self) -> Uptime {
        self.now
    }

    /// To be called after every input: collects what the host sends.
    pub(crate) fn collect(&mut self) {
        while let Some(outgoing) = self.sockets.poll_transmit(self.now) {
            self.sent.push_back((self.now, outgoing.transmit.segment));
        }
        // The script's program waits for no signal: it calls again.
        while self.sockets.poll_signal().is_some() {}
    }

    /// A segment arrives from the peer.
    pub(crate) fn receive(&mut self, label: FlowLabel, segment: Segment) {
        let addresses = [PEER, self.sockets.address()];
        self.sockets.on_segment(self.now, addresses, label, segment);
        self.collect();
    }

    /// Lets time pass until `micros` after the start, with all timeouts on the way.
    pub(crate) fn advance(&mut self, micros: u64) {
        while self.step(micros) {}
        self.now = self.now.max(at(micros));
    }

    /// The next segment that the host sends, waiting until `micros` after the start.
    pub(crate) fn next_segment(&mut self, micros: u64) -> Option<(Uptime, Segment)> {
        while self.sent.is_empty() && self.step(micros) {}
        self.sent.pop_front()
    }

    /// Adds to `segment` the text that follows it at once, up to `length` octets. A host whose device
    /// cuts segments hands it more than a segment's text, and packetdrill sees that.
    pub(crate) fn join(&mut self, segment: &mut Segment, length: u32) {
        while !segment.payload.is_empty()
            && let Some((_, next)) = self.sent.front()
        {
            let octets = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            let fits = segment.payload.len() + next.payload.len() <= length as usize;
            if next.sequence != segment.sequence.plus(octets) || next.payload.is_empty() || !fits {
                return;
            }
            let bytes = [segment.payload.as_slice(), next.payload.as_slice()].concat();
            segment.payload = Payload::from(bytes);
            segment.flags |= next.flags;
            self.sent.pop_front();
        }
    }

    /// The next segment that the host sends at any time.
    pub(crate) fn next_segment_ever(&mut self) -> Option<(Uptime, Segment)> {
        self.next_segment(micros(self.now).saturating_add(PATIENCE_MICROS))
    }

    /// Handles the next timeout if it is not after `micros`. Returns whether there was one.
    pub(crate) fn step(&mut self, micros: u64) -> bool {
        let Some(next) = self.sockets.poll_timeout().filter(|it| *it <= at(micros)) else {
            return false;
        };
        self.now = self.now.max(next);
        self.sockets.on_timeout(self.now);
        self.collect();
        true
    }
}

/// The time `micros` microseconds after the start.
pub(crate) const fn at(micros: u64) -> Uptime {
    Uptime::from_nanos(micros.saturating_mul(1_000))
}

/// Microseconds since the start.
pub(crate) const fn micros(time: Uptime) -> u64 {
    time.nanos() / 1_000
}
