//! A transfer between two hosts of the simulator with the profile `linux`.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};
use tcp::{Profile, Segment, Uptime};
use winsock::{Config, FlowLabel, SocketAddress, SocketError, SocketHandle, SocketTable};

use crate::case::{DATA_RETRIES, LinkCase, WATCHED};
use crate::recorded_link::RecordedLink;
use crate::summary::{TransferEnd, TransferSummary};

const ADDRESSES: [u32; 2] = [0x0A00_0001, 0x0A00_0002];
const PORT: u16 = 7;
/// Bytes of the IP and TCP headers without options.
const HEADERS: u32 = 40;
const CHUNK: usize = 16 * 1024;

/// Makes the transfer of a case with two hosts of this profile.
///
/// # Panics
/// If a call of the socket layer fails in a way that the case cannot explain.
#[must_use]
pub fn transfer(case: LinkCase, seed: u64, profile: &Profile) -> TransferSummary {
    let mut transfer = Transfer::new(case, seed, profile);
    while transfer.end.is_none() {
        // What a timeout did to a connection is known to its socket when the segments have left.
        transfer.flush();
        transfer.call_sockets();
        transfer.flush();
        if !transfer.next_event() {
            break;
        }
    }
    let end = transfer.end.unwrap_or(TransferEnd::Unfinished);
    TransferSummary::of(&transfer.line.sent, case.octets(), end)
}

/// The profile of a comparison: as many retransmissions as the kernel is told to make.
#[must_use]
pub fn profile() -> Profile {
    Profile {
        data_retries: DATA_RETRIES,
        ..*Profile::linux()
    }
}

struct SegmentOnTheWay {
    receiver: usize,
    label: FlowLabel,
    segment: Segment,
}

struct Transfer {
    line: RecordedLink,
    hosts: [SocketTable; 2],
    /// By arrival and number.
    on_the_way: BTreeMap<(Instant, u64), SegmentOnTheWay>,
    count: u64,
    now: Instant,
    client: SocketHandle,
    listener: SocketHandle,
    server: Option<SocketHandle>,
    octets_left: usize,
    is_shut: bool,
    end: Option<TransferEnd>,
}

impl Transfer {
    fn new(case: LinkCase, seed: u64, profile: &Profile) -> Self {
        let host = |address| {
            SocketTable::new(Config {
                profile: *profile,
                ..Config::linux(address)
            })
        };
        let mut hosts = ADDRESSES.map(host);
        let listener = hosts[1].socket().expect("the first socket");
        hosts[1].bind(listener, PORT).expect("a free port");
        hosts[1].listen(listener, 1).expect("a bound socket");
        let client = hosts[0].socket().expect("the first socket");
        let to = SocketAddress::new(ADDRESSES[1], PORT);
        let begun = hosts[0].connect(uptime(Instant::ZERO), client, to, FlowLabel(7));
        assert_eq!(begun, Err(SocketError::WouldBlock));
        Self {
            line: RecordedLink::new(case, seed),
            hosts,
            on_the_way: BTreeMap::new(),
            count: 0,
            now: Instant::ZERO,
            client,
            listener,
            server: None,
            octets_left: case.octets() as usize,
            is_shut: false,
            end: None,
        }
    }

    /// The programs: the client sends all octets, shuts down and reads to the end; the server reads, and shuts down
    /// at the end.
    fn call_sockets(&mut self) {
        self.call_client();
        let now = uptime(self.now);
        if self.server.is_none() {
            self.server = self.hosts[1].accept(self.listener).ok().map(|it| it.0);
        }
        let Some(server) = self.server else { return };
        while let Ok(bytes) = self.hosts[1].receive(now, server, CHUNK) {
            if bytes.is_empty() {
                // After an error nothing else can be done here.
                return self.hosts[1].shutdown(now, server).unwrap_or(());
            }
        }
    }

    fn call_client(&mut self) {
        let now = uptime(self.now);
        while self.octets_left > 0 {
            let chunk = [0; CHUNK];
            let length = self.octets_left.min(CHUNK);
            match self.hosts[0].send(now, self.client, &chunk[..length]) {
                Ok(taken) => self.octets_left -= taken,
                Err(error) => return self.on_error(error),
            }
        }
        if !self.is_shut {
            self.is_shut = true;
            if let Err(error) = self.hosts[0].shutdown(now, self.client) {
                return self.on_error(error);
            }
        }
        match self.hosts[0].receive(now, self.client, CHUNK) {
            // The server sends no octets, so all that there is to read is the end.
            Ok(_) => self.end = Some(TransferEnd::Finished),
            Err(error) => self.on_error(error),
        }
    }

    fn on_error(&mut self, error: SocketError) {
        let has_connection = self.hosts[0].connections().next().is_some();
        // While the connect is under way its socket has these errors, too. They are final once the connection is gone.
        let is_early = matches!(error, SocketError::WouldBlock | SocketError::NotConnected);
        if !(has_connection && is_early) {
            self.end = Some(TransferEnd::Aborted(self.now.since_start()));
        }
    }

    fn flush(&mut self) {
        for (from, to) in [(0, 1), (1, 0)] {
            while let Some(outgoing) = self.hosts[from].poll_transmit(uptime(self.now)) {
                let segment = outgoing.transmit.segment;
                let length =
                    HEADERS + segment.options_length() as u32 + segment.payload.len() as u32;
                if let Some(at) = self.line.send(self.now, from, &segment, length) {
                    self.count += 1;
                    let arrival = SegmentOnTheWay {
                        receiver: to,
                        label: outgoing.label,
                        segment,
                    };
                    self.on_the_way.insert((at, self.count), arrival);
                }
            }
        }
    }

    /// Advances to the next arrival or timeout and handles it. Returns whether there is one while the transfer is
    /// watched.
    fn next_event(&mut self) -> bool {
        let arrival = self.on_the_way.keys().next().map(|it| it.0);
        let timer = |host: &mut SocketTable| host.poll_timeout().map(instant);
        let [client, server] = &mut self.hosts;
        let all = [arrival, timer(client), timer(server)];
        let Some(next) = all.into_iter().flatten().min() else {
            return false;
        };
        if next > Instant::ZERO + WATCHED {
            return false;
        }
        // A timeout may be due already when it is read, and time does not go back.
        self.now = self.now.max(next);
        if arrival == Some(next) {
            let (_, arrival) = self.on_the_way.pop_first().expect("an arrival");
            let to = arrival.receiver;
            let addresses = [ADDRESSES[1 - to], ADDRESSES[to]];
            self.hosts[to].on_segment(uptime(self.now), addresses, arrival.label, arrival.segment);
        } else {
            for host in &mut self.hosts {
                host.on_timeout(uptime(self.now));
            }
        }
        true
    }
}

fn uptime(at: Instant) -> Uptime {
    Uptime::from_nanos(at.nanos())
}

fn instant(at: Uptime) -> Instant {
    Instant::ZERO + Duration::from_nanos(at.nanos())
}
