//! The connections that the routers at the ends of a line know, and what they answer by themselves.
//!
//! A router that keeps the state of connections (a dial-on-demand router with address translation,
//! a firewall) learns a connection from its SYN. After the line was lost and dialed again it knows
//! none, and answers a segment of any other with a reset, as for a connection that does not exist
//! (RFC 9293 section 3.5.2; RFC 3360 describes such resets).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kernel::{Duration, Instant};
use net::{LinkId, Packet};
use tcp::{Flags, Segment};

use crate::in_flight::PacketContent;

/// From the host to the router at its end of a line and back: both are on one LAN \[I\].
pub(crate) const LAN_ROUND_TRIP: Duration = Duration::from_millis(1);

/// The most connections that a router knows; the oldest is forgotten first. Real tables are smaller.
const KNOWN_MAX: usize = 1 << 16;

/// Both ends of a connection, the lower first.
type Ends = [ConnectionEnd; 2];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ConnectionEnd {
    address: u32,
    port: u16,
}

/// What the routers of all lines know.
#[derive(Debug, Default)]
pub(crate) struct Routers(BTreeMap<LinkId, Session>);

/// What the routers of one line know since the line came up.
#[derive(Debug, Default)]
struct Session {
    since: Instant,
    known: BTreeSet<Ends>,
    oldest_first: VecDeque<Ends>,
}

impl Routers {
    /// Whether the router passes a packet on to its line, whose session began at `since`. It learns
    /// a connection from the SYN of the side that opens it.
    pub(crate) fn pass(
        &mut self,
        link: LinkId,
        since: Instant,
        packet: &Packet<PacketContent>,
    ) -> bool {
        let PacketContent::Tcp(segment) = &packet.payload else {
            return true;
        };
        let session = self.0.entry(link).or_default();
        if session.since < since {
            *session = Session {
                since,
                ..Session::default()
            };
        }
        let ends = ends(packet, segment);
        let opens = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
        if opens {
            session.learn(ends);
        }
        opens || session.known.contains(&ends)
    }

    /// Forgets everything, as if all lines came up now.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Session {
    fn learn(&mut self, ends: Ends) {
        if !self.known.insert(ends) {
            return;
        }
        if self.oldest_first.len() == KNOWN_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.oldest_first.push_back(ends);
    }
}

fn ends(packet: &Packet<PacketContent>, segment: &Segment) -> Ends {
    let [source, destination] = packet.addresses;
    let mut ends = [
        ConnectionEnd {
            address: source,
            port: segment.source_port,
        },
        ConnectionEnd {
            address: destination,
            port: segment.destination_port,
        },
    ];
    ends.sort_unstable();
    ends
}
