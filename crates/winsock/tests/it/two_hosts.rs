//! Two hosts and the link between them, driven step by step. The link loses, repeats and reorders
//! what a test tells it to.

use std::collections::{BTreeMap, VecDeque};

use tcp::{Payload, Segment, Uptime};
use winsock::{
    Call, Config, EnumeratedEvents, EventHandle, FlowLabel, NetworkEvents, Outgoing, Reply, Signal,
    SocketAddress, SocketError, SocketHandle, SocketTable,
};

/// The host that connects.
pub(crate) const CLIENT: usize = 0;
/// The host that listens on [`PORT`].
pub(crate) const SERVER: usize = 1;
pub(crate) const ADDRESSES: [u32; 2] = [0x0A00_0001, 0x0A00_0002];
pub(crate) const PORT: u16 = 102;
pub(crate) const TO_SERVER: SocketAddress = SocketAddress::new(ADDRESSES[SERVER], PORT);

pub(crate) const MILLISECOND: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MILLISECOND;

/// The mask of the MTA before a connection is established.
pub(crate) const OPENING: NetworkEvents = NetworkEvents::ACCEPT
    .union(NetworkEvents::CLOSE)
    .union(NetworkEvents::CONNECT);
/// The mask of the MTA afterwards.
pub(crate) const OPEN: NetworkEvents = NetworkEvents::READ
    .union(NetworkEvents::WRITE)
    .union(NetworkEvents::CLOSE);

/// What the link does to a segment: the delay of each copy that it delivers, in nanoseconds.
pub(crate) type Link = Box<dyn FnMut(&Outgoing) -> Vec<u64>>;

struct InFlight {
    to: usize,
    label: FlowLabel,
    segment: Segment,
}

/// Two hosts, the link between them, and virtual time.
pub(crate) struct Hosts {
    pub(crate) tables: [SocketTable; 2],
    pub(crate) signals: [VecDeque<Signal>; 2],
    /// All segments sent, with time and sending host.
    pub(crate) sent: Vec<(u64, usize, Outgoing)>,
    pub(crate) link: Link,
    now: u64,
    /// By arrival time and serial number.
    in_flight: BTreeMap<(u64, u64), InFlight>,
    serial: u64,
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
            link: Box::new(|_| vec![MILLISECOND]),
            now: 0,
            in_flight: BTreeMap::new(),
            serial: 0,
            labels: 0,
        }
    }

    pub(crate) fn now(&self) -> Uptime {
        Uptime::from_nanos(self.now)
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.now
    }

    /// From now on the link loses everything.
    pub(crate) fn cut(&mut self) {
        self.link = Box::new(|_| Vec::new());
    }

    /// From now on the link delivers everything again.
    pub(crate) fn restore(&mut self) {
        self.link = Box::new(|_| vec![MILLISECOND]);
    }

    pub(crate) fn label(&mut self) -> FlowLabel {
        self.labels += 1;
        FlowLabel(self.labels)
    }

    pub(crate) fn call(&mut self, host: usize, call: Call) -> Reply {
        let now = self.now();
        let reply = self.tables[host].call(now, call);
        self.drain_outputs(host);
        reply
    }

    /// Makes a call that must fail with `code`.
    #[track_caller]
    pub(crate) fn expect_error(&mut self, host: usize, call: Call, code: u32) {
        let text = format!("{call:?}");
        match self.call(host, call) {
            Reply::Failed(error) => assert_eq!(error.code(), code, "{text}"),
            other => panic!("{text} answered {other:?}, not {code}"),
        }
    }

    /// Makes a call that must answer `Done`.
    #[track_caller]
    pub(crate) fn expect_done(&mut self, host: usize, call: Call) {
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

    /// Opens a listener on [`PORT`].
    #[track_caller]
    pub(crate) fn listener(&mut self) -> SocketHandle {
        let socket = self.socket(SERVER);
        self.expect_done(SERVER, Call::Bind { socket, port: PORT });
        self.expect_done(SERVER, Call::Listen { socket, backlog: 5 });
        socket
    }

    /// Opens a client socket and starts to connect it.
    #[track_caller]
    pub(crate) fn connecting(&mut self) -> SocketHandle {
        let socket = self.socket(CLIENT);
        self.connect(socket);
        socket
    }

    #[track_caller]
    pub(crate) fn connect(&mut self, socket: SocketHandle) {
        let label = self.label();
        self.expect_error(
            CLIENT,
            Call::Connect {
                socket,
                to: TO_SERVER,
                label,
            },
            10035,
        );
    }

    /// Establishes a connection; returns the client's and the server's socket.
    #[track_caller]
    pub(crate) fn connected(&mut self) -> (SocketHandle, SocketHandle) {
        let listener = self.listener();
        let client = self.connecting();
        self.run(SECOND);
        let server = self.accept(listener);
        self.expect_done(SERVER, Call::Close { socket: listener });
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

    /// Sends until the socket answers 10035; returns how many bytes it took.
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

    /// Selects `mask` with a new event object.
    #[track_caller]
    pub(crate) fn select(
        &mut self,
        host: usize,
        socket: SocketHandle,
        mask: NetworkEvents,
    ) -> EventHandle {
        let event = self.event(host);
        self.expect_done(
            host,
            Call::EventSelect {
                socket,
                event,
                mask,
            },
        );
        event
    }

    /// Enumerates the recorded events, without an event object.
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

    /// Runs the hosts for `nanos` nanoseconds.
    pub(crate) fn run(&mut self, nanos: u64) {
        let end = self.now + nanos;
        while let Some(next) = self.next_event().filter(|at| *at <= end) {
            assert!(
                next >= self.now,
                "an event at {next} is before {}",
                self.now
            );
            self.now = next;
            let now = self.now();
            while let Some(entry) = self.in_flight.first_entry() {
                if entry.key().0 > next {
                    break;
                }
                let InFlight { to, label, segment } = entry.remove();
                let addresses = [ADDRESSES[1 - to], ADDRESSES[to]];
                self.tables[to].on_segment(now, addresses, label, segment);
                self.drain_outputs(to);
            }
            for host in [CLIENT, SERVER] {
                self.tables[host].on_timeout(now);
                self.drain_outputs(host);
                let timeout = self.tables[host].poll_timeout();
                assert!(
                    timeout.is_none_or(|at| at > now),
                    "the timeout {timeout:?} is in the past at {now:?}"
                );
            }
        }
        self.now = end;
    }

    fn next_event(&mut self) -> Option<u64> {
        let arrival = self.in_flight.first_key_value().map(|((at, _), _)| *at);
        let timeouts = self
            .tables
            .iter_mut()
            .filter_map(|t| t.poll_timeout().map(Uptime::nanos));
        timeouts.chain(arrival).min()
    }

    /// Takes all segments and signals of a host.
    pub(crate) fn drain_outputs(&mut self, host: usize) {
        let now = self.now();
        while let Some(outgoing) = self.tables[host].poll_transmit(now) {
            assert_eq!(outgoing.to, ADDRESSES[1 - host], "there is no third host");
            for delay in (self.link)(&outgoing) {
                self.serial += 1;
                let segment = InFlight {
                    to: 1 - host,
                    label: outgoing.label,
                    segment: outgoing.transmit.segment.clone(),
                };
                self.in_flight
                    .insert((self.now + delay, self.serial), segment);
            }
            self.sent.push((self.now, host, outgoing));
        }
        while let Some(signal) = self.tables[host].poll_signal() {
            self.signals[host].push_back(signal);
        }
    }
}
