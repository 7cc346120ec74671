//! The link between the two hosts, with a record of all segments. The relay and the simulation both use it.

use std::collections::BTreeMap;

use kernel::{Instant, mix};
use net::{HostId, Identity, Network, Packet, Protocol, Verdict};
use tcp::{Flags, Segment, SeqNum};

use crate::case::LinkCase;

/// A segment that a host sent. Numbers count from the sender's SYN, which has number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was sent.
    pub at: Instant,
    /// Which host sent it: 0 is the client.
    pub from: usize,
    /// Its control bits.
    pub flags: Flags,
    /// The number of its first octet.
    pub sequence: u32,
    /// The next number that its sender expects; zero without ACK.
    pub acknowledgment: u32,
    /// The octets of its text.
    pub octets: u32,
    /// When it arrives; `None` if it is lost.
    pub arrives: Option<Instant>,
}

impl Sent {
    /// The number behind its last.
    #[must_use]
    pub fn end(&self) -> u32 {
        let controls = self.flags & (Flags::SYN | Flags::FIN);
        self.sequence + self.octets + controls.bits().count_ones()
    }
}

/// One connection's link.
#[derive(Debug)]
pub struct RecordedLink {
    network: Network,
    /// The first sequence number of each host.
    first: [Option<SeqNum>; 2],
    /// How often each unit was sent.
    attempts: BTreeMap<(usize, u64), u32>,
    now: Instant,
    /// All segments, in the order of sending.
    pub sent: Vec<Sent>,
}

impl RecordedLink {
    /// The link of this case, with the random choices of this seed.
    #[must_use]
    pub fn new(case: LinkCase, seed: u64) -> Self {
        Self {
            network: case.network(seed),
            first: [None; 2],
            attempts: BTreeMap::new(),
            now: Instant::ZERO,
            sent: Vec::new(),
        }
    }

    /// Host `from` sends a packet of `length` bytes with this segment. Returns when it arrives; `None` if it is lost.
    pub fn send(
        &mut self,
        at: Instant,
        from: usize,
        segment: &Segment,
        length: u32,
    ) -> Option<Instant> {
        if segment.flags.contains(Flags::SYN) {
            self.first[from] = Some(segment.sequence);
        }
        let relative =
            |number: SeqNum, host: usize| self.first[host].map_or(0, |first| number.since(first));
        let mut sent = Sent {
            at: at.max(self.now),
            from,
            flags: segment.flags,
            sequence: relative(segment.sequence, from),
            acknowledgment: 0,
            octets: segment.payload.len() as u32,
            arrives: None,
        };
        if segment.flags.contains(Flags::ACK) {
            sent.acknowledgment = relative(segment.acknowledgment, 1 - from);
        }
        self.now = sent.at;
        sent.arrives = self.transmit(&sent, length);
        self.sent.push(sent);
        sent.arrives
    }

    fn transmit(&mut self, sent: &Sent, length: u32) -> Option<Instant> {
        // The nth transmission of the same number has the same fate on both sides, whatever else was sent, where each
        // packet is lost independently. Text is known by its first octet; the rest by what it acknowledges.
        let unit = match sent.end() - sent.sequence {
            0 => mix(1, u64::from(sent.acknowledgment)),
            _ => mix(2, u64::from(sent.sequence)),
        };
        let attempt = self.attempts.entry((sent.from, unit)).or_default();
        let mut packet = Packet {
            source: HostId(sent.from as u32),
            destination: HostId(1 - sent.from as u32),
            addresses: [0; 2],
            protocol: Protocol::Tcp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length,
            identity: Identity {
                flow: sent.from as u64,
                unit,
                attempt: *attempt,
            },
            payload: (),
        };
        *attempt += 1;
        let transit = self.network.transmit(sent.at, packet.source, &mut packet);
        match transit.verdict {
            Verdict::Deliver { at, .. } => Some(at),
            Verdict::Drop(_) => None,
        }
    }
}
