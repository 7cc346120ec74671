//! Two hosts and the wire between them, driven by hand.
//!
//! Owns virtual time and the flight of segments. The wire loses, repeats and reorders only
//! what a test asks it to.

use std::collections::{BTreeMap, VecDeque};

use tcp::{Payload, Segment, Uptime};
use winsock::{
    Call, Config, EnumeratedEvents, EventHandle, FlowLabel, NetworkEvents, Outgoing, Reply, Signal,
    SocketAddress, SocketError, SocketHandle, SocketTable,
};

/// Calls first.
pub(crate) const CLIENT: usize = 0;
/// Listens on [`PORT`].
pub(crate) const SERVER: usize = 1;
pub(crate) const ADDRESSES: [u32; 2] = [0x0A00_0001, 0x0A00_0002];
pub(crate) const PORT: u16 = 102;
pub(crate) const TO_SERVER: SocketAddress = SocketAddress::new(ADDRESSES[SERVER], PORT);

pub(crate) const MILLISECOND: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLISECOND;

pub(crate) const OPENING: NetworkEvents = NetworkEvents::ACCEPT
    .with(NetworkEvents::CLOSE)
    .with(NetworkEvents::CONNECT);
pub(crate) const OPEN: NetworkEvents = NetworkEvents::READ
    .with(NetworkEvents::WRITE)
    .with(NetworkEvents::CLOSE);

/// What the wire does to the next segment: one delay for each copy delivered.
pub(crate) type Fate = Box<dyn FnMut(&Outgoing) -> Vec<u64>>;

pub(crate) struct Hosts {
    pub(crate) tables: [SocketTable; 2],
    pub(crate) signals: [VecDeque<Signal>; 2],
    /// Every segment sent, with its time and sender.
    pub(crate) sent: Vec<(u64, usize, Outgoing)>,
    pub(crate) fate: Fate,
    now: u64,
    flights: BTreeMap<(u64, u64), (usize, FlowLabel, Segment)>,
    count: u64,
    labels: u64,
}

impl Hosts {
    /// Two NT 4 hosts, 1 ms apart.
    pub(crate) fn nt4() -> Self {
        Self::new(ADDRESSES.map(Config::nt4))
    }

    pub(crate) fn new(configs: [Config; 2]) -> Self {
        Self {
            tables: configs.map(SocketTable::new),
            signals: Default::default(),
            sent: Vec::new(),
            fate: Box::new(|_| vec![MILLISECOND]),
            now: 0,
            flights: BTreeMap::new(),
            count: 0,
            labels: 0,
        }
    }

    pub(crate) fn now(&self) -> Uptime {
        Uptime::from_nanos(self.now)
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.now
    }

    /// From now on the wire loses everything.
    pub(crate) fn cut(&mut self) {
        self.fate = Box::new(|_| Vec::new());
    }

    /// From now on the wire delivers everything again.
    pub(crate) fn heal(&mut self) {
        self.fate = Box::new(|_| vec![MILLISECOND]);
    }

    pub(crate) fn label(&mut self) -> FlowLabel {
        self.labels += 1;
        FlowLabel(self.labels)
    }

    pub(crate) fn call(&mut self, host: usize, call: Call) -> Reply {
        let now = self.now();
        let reply = self.tables[host].call(now, call);
        self.pump(host);
        reply
    }

    /// Makes the call and expects it to fail with this code.
    #[track_caller]
    pub(crate) fn fails(&mut self, host: usize, call: Call, code: u32) {
        let text = format!("{call:?}");
        match self.call(host, call) {
            Reply::Failed(error) => assert_eq!(error.code(), code, "{text}"),
            other => panic!("{text} answered {other:?}, not {code}"),
        }
    }

    /// Makes the call and expects plain success.
    #[track_caller]
    pub(crate) fn does(&mut self, host: usize, call: Call) {
        let text = format!("{call:?}");
        assert_eq!(self.call(host, call), Reply::Done, "{text}");
    }

    #[track_caller]
    pub(crate) fn socket(&mut self, host: usize) -> SocketHandle {
        self.tables[host].socket().expect("the table has room")
    }

    #[track_caller]
    pub(crate) fn event(&mut self, host: usize) -> EventHandle {
        self.tables[host]
            .create_event()
            .expect("the table has room")
    }

    /// A listener on the server's port.
    #[track_caller]
    pub(crate) fn listener(&mut self) -> SocketHandle {
        let socket = self.socket(SERVER);
        self.does(SERVER, Call::Bind { socket, port: PORT });
        self.does(SERVER, Call::Listen { socket, backlog: 5 });
        socket
    }

    /// Begins to connect a new client socket.
    #[track_caller]
    pub(crate) fn connecting(&mut self) -> SocketHandle {
        let socket = self.socket(CLIENT);
        self.connect(socket);
        socket
    }

    #[track_caller]
    pub(crate) fn connect(&mut self, socket: SocketHandle) {
        let label = self.label();
        self.fails(
            CLIENT,
            Call::Connect {
                socket,
                to: TO_SERVER,
                label,
            },
            10035,
        );
    }

    /// A connection: the client's socket and the server's.
    #[track_caller]
    pub(crate) fn connected(&mut self) -> (SocketHandle, SocketHandle) {
        let listener = self.listener();
        let client = self.connecting();
        self.run(SECOND);
        let server = self.accept(listener);
        self.does(SERVER, Call::Close { socket: listener });
        (client, server)
    }

    #[track_caller]
    pub(crate) fn accept(&mut self, socket: SocketHandle) -> SocketHandle {
        match self.call(SERVER, Call::Accept { socket }) {
            Reply::Accepted { socket, from } => {
                assert_eq!(from.host, ADDRESSES[CLIENT]);
                socket
            }
            other => panic!("accept answered {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, host: usize, socket: SocketHandle, bytes: &[u8]) -> usize {
        match self.call(
            host,
            Call::Send {
                socket,
                bytes: Payload::from(bytes.to_vec()),
            },
        ) {
            Reply::Sent(taken) => taken,
            other => panic!("send answered {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn receive(&mut self, host: usize, socket: SocketHandle) -> Vec<u8> {
        match self.call(
            host,
            Call::Receive {
                socket,
                limit: 65_536,
            },
        ) {
            Reply::Received(bytes) => bytes.as_slice().to_vec(),
            other => panic!("receive answered {other:?}"),
        }
    }

    /// Sends until the socket answers 10035; answers how much it took.
    #[track_caller]
    pub(crate) fn fill(&mut self, host: usize, socket: SocketHandle) -> usize {
        let mut total = 0;
        loop {
            let bytes = Payload::from(vec![7; 4096]);
            match self.call(host, Call::Send { socket, bytes }) {
                Reply::Sent(taken) => total += taken,
                Reply::Failed(SocketError::WouldBlock) => return total,
                other => panic!("send answered {other:?}"),
            }
        }
    }

    /// Selects `mask` for a new event object.
    #[track_caller]
    pub(crate) fn select(
        &mut self,
        host: usize,
        socket: SocketHandle,
        mask: NetworkEvents,
    ) -> EventHandle {
        let event = self.event(host);
        self.does(
            host,
            Call::EventSelect {
                socket,
                event,
                mask,
            },
        );
        event
    }

    /// Enumerates what was recorded, without an event object.
    #[track_caller]
    pub(crate) fn recorded(&mut self, host: usize, socket: SocketHandle) -> EnumeratedEvents {
        match self.call(
            host,
            Call::EnumEvents {
                socket,
                event: None,
            },
        ) {
            Reply::Events(events) => events,
            other => panic!("enumeration answered {other:?}"),
        }
    }

    pub(crate) fn is_signalled(&self, host: usize, event: EventHandle) -> bool {
        self.tables[host].wait(&[event]) == Ok(Some(0))
    }

    /// Lets `nanos` pass.
    pub(crate) fn run(&mut self, nanos: u64) {
        let end = self.now + nanos;
        while let Some(next) = self.next_happening().filter(|at| *at <= end) {
            assert!(
                next >= self.now,
                "something was due at {next} before {}",
                self.now
            );
            self.now = next;
            let now = self.now();
            while let Some(entry) = self.flights.first_entry() {
                if entry.key().0 > next {
                    break;
                }
                let (host, label, segment) = entry.remove();
                self.tables[host].on_segment(now, ADDRESSES[1 - host], label, segment);
                self.pump(host);
            }
            for host in [CLIENT, SERVER] {
                self.tables[host].on_timeout(now);
                self.pump(host);
                let timeout = self.tables[host].poll_timeout();
                assert!(
                    timeout.is_none_or(|at| at > now),
                    "{timeout:?} was left over at {now:?}"
                );
            }
        }
        self.now = end;
    }

    fn next_happening(&mut self) -> Option<u64> {
        let arrival = self.flights.first_key_value().map(|((at, _), _)| *at);
        let timeouts = self
            .tables
            .iter_mut()
            .filter_map(|t| t.poll_timeout().map(Uptime::nanos));
        timeouts.chain(arrival).min()
    }

    /// Sends and tells what a host has to send and to tell.
    pub(crate) fn pump(&mut self, host: usize) {
        let now = self.now();
        while let Some(outgoing) = self.tables[host].poll_transmit(now) {
            assert_eq!(outgoing.to, ADDRESSES[1 - host], "there is one other host");
            for delay in (self.fate)(&outgoing) {
                self.count += 1;
                let segment = outgoing.transmit.segment.clone();
                let flight = (1 - host, outgoing.label, segment);
                self.flights.insert((self.now + delay, self.count), flight);
            }
            self.sent.push((self.now, host, outgoing));
        }
        while let Some(signal) = self.tables[host].poll_signal() {
            self.signals[host].push_back(signal);
        }
    }
}
