//! Datagram sockets on the network: what is sent, and what arrives.

use internet::udp::{Datagram, OutgoingDatagram};
use kernel::{Instant, mix};
use net::Identity;
use simulation::recorder::Recorder;
use winsock::{SocketAddress, SocketError};

use crate::datagrams::DatagramSocket;
use crate::incarnation::Incarnation;
use crate::sockets::Sockets;

impl Sockets {
    /// A datagram socket at an address, or at all with zero; port 0 chooses a free one.
    pub(crate) fn bind_datagrams(
        &mut self,
        owner: Incarnation,
        local: SocketAddress,
    ) -> Result<DatagramSocket, SocketError> {
        let own = self.addresses(owner.host).to_vec();
        let host = self.key(owner.host);
        self.datagrams.bind(owner, local, &own, host)
    }

    /// From now on the socket sends to `peer` and receives from it only, both at one address of the host.
    pub(crate) fn connect_datagrams(
        &mut self,
        socket: DatagramSocket,
        peer: SocketAddress,
    ) -> Result<(), SocketError> {
        let source = self.internet().source_address(socket.owner.host, peer.host);
        self.datagrams.connect(socket, peer, source)
    }

    /// Sends a datagram at once.
    pub(crate) fn send_datagram(
        &mut self,
        now: Instant,
        socket: DatagramSocket,
        to: SocketAddress,
        data: &[u8],
        recorder: &mut Recorder,
    ) -> Result<(), SocketError> {
        let host = socket.owner.host;
        let usual = self.internet().source_address(host, to.host);
        let bound = self.datagrams.of(socket)?;
        bound.report_refused()?;
        // As Linux does without IP_PKTINFO, also for an answer: a socket of all addresses does not
        // remember which of them was asked.
        let source = bound.source().unwrap_or(usual);
        let nth = bound.sent.entry(to).or_default();
        *nth += 1;
        let role = mix(u64::from(to.host), u64::from(to.port));
        let identity = Identity {
            flow: mix(bound.label, role),
            unit: *nth,
            // UDP repeats nothing: what a guest sends again is a new datagram.
            attempt: 0,
        };
        let datagram = Datagram {
            source_port: socket.local.port,
            destination_port: to.port,
            data: data.into(),
        };
        let sending = OutgoingDatagram {
            from: host,
            addresses: [source, to.host],
            datagram,
            identity,
        };
        self.internet_mut().send_datagram(now, sending, recorder)
    }

    /// Hands out what has arrived for datagram sockets. Returns whether a task was woken.
    pub(crate) fn deliver_datagrams(&mut self, now: Instant, recorder: &mut Recorder) -> bool {
        let mut is_woken = false;
        while let Some((host, received)) = self.internet_mut().take_received() {
            match self.datagrams.on_received(host, &received) {
                Some(has_woken) => is_woken |= has_woken,
                None => self.internet_mut().refuse(now, host, &received, recorder),
            }
        }
        is_woken
    }
}
