//! Random calls, and the model that their replies are checked against. Stale and reused handles are
//! called too.

use std::collections::{BTreeMap, BTreeSet};

use tcp::{Flags, Payload, Segment, SeqNum, Unreachable};
use winsock::{
    Call, Config, EventHandle, FlowLabel, NetworkEvents, Reply, SocketAddress, SocketError,
    SocketHandle, SocketSets,
};

use crate::actions::Action;
use crate::two_hosts::{ADDRESSES, CLIENT, Hosts, MILLISECOND, SECOND, SERVER};

const PORTS: [u16; 4] = [0, 102, 103, 1024];

/// The byte at `offset` of the stream with the label `label`.
pub(crate) fn byte(label: FlowLabel, offset: usize) -> u8 {
    (label.0 as usize)
        .wrapping_mul(101)
        .wrapping_add(offset * offset + offset / 251) as u8
}

/// The model: what the replies say of each stream.
#[derive(Default)]
struct Streams {
    /// Bytes sent.
    sent: BTreeMap<FlowLabel, usize>,
    /// Bytes received.
    received: BTreeMap<FlowLabel, usize>,
    /// Streams whose sender has closed.
    shut: BTreeSet<FlowLabel>,
}

pub(crate) struct RandomCalls {
    pub(crate) hosts: Hosts,
    sockets: [Vec<SocketHandle>; 2],
    events: [Vec<EventHandle>; 2],
    streams: Streams,
    labels: u64,
    /// All errors that calls have returned.
    pub(crate) failures: BTreeSet<SocketError>,
}

/// A link that loses a fifth of the segments, duplicates a tenth, and delays by up to 60 ms.
pub(crate) fn lossy_link(seed: u64) -> crate::two_hosts::Link {
    let mut state = seed;
    let mut draw = move |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    Box::new(move |_| {
        let copies = if draw(5) == 0 {
            0
        } else {
            1 + usize::from(draw(10) == 0)
        };
        (0..copies).map(|_| (1 + draw(60)) * MILLISECOND).collect()
    })
}

impl RandomCalls {
    pub(crate) fn new(seed: u64) -> Self {
        let config = |address| Config {
            handle_limit: 7,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        hosts.link = lossy_link(seed);
        Self {
            hosts,
            sockets: [const { Vec::new() }; 2],
            events: [const { Vec::new() }; 2],
            streams: Streams::default(),
            labels: 0,
            failures: BTreeSet::new(),
        }
    }

    /// A recent handle, open or not, or an invalid one if there is none.
    fn socket(&self, host: usize, index: usize) -> SocketHandle {
        self.sockets[host]
            .iter()
            .rev()
            .nth(index)
            .copied()
            .unwrap_or(SocketHandle(8))
    }

    fn event(&self, host: usize, index: usize) -> EventHandle {
        self.events[host]
            .iter()
            .rev()
            .nth(index)
            .copied()
            .unwrap_or(EventHandle(9))
    }

    /// The label of what the socket's connection sends.
    fn label_of(&self, host: usize, socket: SocketHandle) -> Option<FlowLabel> {
        let mut connections = self.hosts.tables[host].connections();
        connections
            .find(|it| it.socket == Some(socket))
            .map(|it| it.label)
    }

    pub(crate) fn run(&mut self, host: usize, action: Action) {
        match action {
            Action::Send { socket, length } => self.send(host, self.socket(host, socket), length),
            Action::Receive { socket, limit } => {
                self.receive(host, self.socket(host, socket), limit);
            }
            Action::Shutdown { socket } => {
                let socket = self.socket(host, socket);
                let label = self.label_of(host, socket);
                if self.hosts.call(host, Call::Shutdown { socket }) == Reply::Done {
                    self.streams.shut.extend(label);
                }
            }
            Action::Close { socket } => {
                let socket = self.socket(host, socket);
                self.streams.shut.extend(self.label_of(host, socket));
                self.hosts.call(host, Call::Close { socket });
            }
            Action::Route { exists } => {
                self.hosts.tables[host].set_route(ADDRESSES[1 - host], exists)
            }
            Action::Unreachable { socket, hard } => self.unreachable(host, socket, hard),
            Action::EndProcess => self.end_process(host),
            Action::Run { millis } => self.hosts.run(millis * MILLISECOND),
            Action::Outage { millis } => {
                self.hosts.cut();
                self.hosts.run(millis * MILLISECOND);
                self.hosts.link = lossy_link(self.labels);
            }
            other => {
                let call = self.plain_call(host, other);
                match self.hosts.call(host, call) {
                    Reply::Socket(socket) | Reply::Accepted { socket, .. } => {
                        self.sockets[host].push(socket);
                    }
                    Reply::Event(event) => self.events[host].push(event),
                    Reply::Failed(error) => {
                        self.failures.insert(error);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The call of an action whose reply the model does not check.
    fn plain_call(&mut self, host: usize, action: Action) -> Call {
        let socket = |index| self.socket(host, index);
        let event = |index| self.event(host, index);
        match action {
            Action::Socket => Call::Socket,
            Action::Bind { socket: s, port } => Call::Bind {
                socket: socket(s),
                port: PORTS[port],
            },
            Action::Listen { socket: s, backlog } => Call::Listen {
                socket: socket(s),
                backlog,
            },
            Action::Accept { socket: s } => Call::Accept { socket: socket(s) },
            Action::SetHardClose { socket: s } => Call::SetHardClose {
                socket: socket(s),
                on: true,
            },
            Action::CreateEvent => Call::CreateEvent,
            Action::CloseEvent { event: e } => Call::CloseEvent { event: event(e) },
            Action::EventSelect {
                socket: s,
                event: e,
                mask,
            } => {
                let mask = NetworkEvents::from_bits(mask).expect("below 64");
                Call::EventSelect {
                    socket: socket(s),
                    event: event(e),
                    mask,
                }
            }
            Action::EnumEvents {
                socket: s,
                event: e,
            } => Call::EnumEvents {
                socket: socket(s),
                event: Some(event(e)),
            },
            Action::Wait { event: e, count } => Call::Wait {
                events: vec![event(e); count],
            },
            Action::Select { socket: s, count } => {
                let set = vec![socket(s); count];
                Call::Select(SocketSets {
                    readable: set.clone(),
                    writable: set,
                    failed: vec![],
                })
            }
            Action::Connect { socket: s, port } => {
                let socket = socket(s);
                let to = SocketAddress::new(ADDRESSES[1 - host], PORTS[port]);
                self.labels += 1;
                Call::Connect {
                    socket,
                    to,
                    label: FlowLabel(self.labels),
                }
            }
            other => panic!("{other:?} is not a plain call"),
        }
    }

    /// The number of bytes received on all streams.
    pub(crate) fn received(&self) -> usize {
        self.streams.received.values().sum()
    }

    fn send(&mut self, host: usize, socket: SocketHandle, length: usize) {
        let Some(label) = self.label_of(host, socket) else {
            let bytes = Payload::from(vec![0; length]);
            self.call_must_fail(host, Call::Send { socket, bytes });
            return;
        };
        let sent = self.streams.sent.entry(label).or_default();
        let bytes: Vec<u8> = (*sent..*sent + length)
            .map(|offset| byte(label, offset))
            .collect();
        let bytes = Payload::from(bytes);
        match self.hosts.call(host, Call::Send { socket, bytes }) {
            Reply::Sent(taken) => {
                assert!(taken <= length && (taken > 0 || length == 0));
                *sent += taken;
            }
            Reply::Failed(error) => {
                self.failures.insert(error);
            }
            other => panic!("send answered {other:?}"),
        }
    }

    /// Makes a call that must fail.
    fn call_must_fail(&mut self, host: usize, call: Call) {
        match self.hosts.call(host, call) {
            Reply::Failed(error) => self.failures.insert(error),
            other => panic!("a call without a connection answered {other:?}"),
        };
    }

    fn receive(&mut self, host: usize, socket: SocketHandle, limit: usize) {
        let label = self
            .label_of(host, socket)
            .and_then(|own| self.peer_label(host, own));
        let reply = self.hosts.call(host, Call::Receive { socket, limit });
        let bytes = match reply {
            Reply::Received(bytes) => bytes,
            Reply::Failed(error) => {
                self.failures.insert(error);
                return;
            }
            other => panic!("receive answered {other:?}"),
        };
        // The connection is CLOSED, and `connections` does not list its label any more.
        let Some(label) = label else { return };
        assert!(bytes.len() <= limit);
        let received = self.streams.received.entry(label).or_default();
        for octet in bytes.as_slice() {
            assert_eq!(
                *octet,
                byte(label, *received),
                "byte {received} under {label:?}"
            );
            *received += 1;
        }
        let sent = self.streams.sent.get(&label).copied().unwrap_or(0);
        assert!(
            *received <= sent,
            "{received} received of {sent} sent under {label:?}"
        );
        if bytes.is_empty() && limit > 0 {
            assert_eq!(*received, sent, "the stream {label:?} ended early");
            assert!(
                self.streams.shut.contains(&label),
                "the sender has not closed the stream"
            );
        }
    }

    /// The label under which the peer of the connection sends: the reversed one, except after a
    /// simultaneous open (RFC 9293 figure 7), where each side has its own. Then the SYN-ACK for our
    /// SYN has it.
    fn peer_label(&self, host: usize, own: FlowLabel) -> Option<FlowLabel> {
        if own.0 > self.labels {
            return Some(own.reversed());
        }
        let sent = |by: usize| {
            let of_host = self
                .hosts
                .sent
                .iter()
                .filter(move |(_, sender, _)| *sender == by);
            of_host.map(|(.., outgoing)| (outgoing.label, &outgoing.transmit.segment))
        };
        let (_, syn) = sent(host).find(|(label, _)| *label == own)?;
        let answers = |segment: &&Segment| {
            segment.flags.contains(Flags::SYN | Flags::ACK)
                && segment.acknowledgment == syn.sequence.plus(1)
                && segment.destination_port == syn.source_port
                && segment.source_port == syn.destination_port
        };
        sent(1 - host)
            .find(|(_, segment)| answers(segment))
            .map(|(label, _)| label)
    }

    fn unreachable(&mut self, host: usize, socket: usize, hard: bool) {
        let socket = self.socket(host, socket);
        let connection = self.hosts.tables[host]
            .connections()
            .find(|c| c.socket == Some(socket));
        let Some(connection) = connection else { return };
        let reason = if hard {
            Unreachable::Hard
        } else {
            Unreachable::Soft
        };
        let now = self.hosts.now();
        let table = &mut self.hosts.tables[host];
        let (local, remote) = (connection.local, connection.remote);
        table.on_unreachable(now, local, remote, reason, SeqNum::default());
        self.hosts.drain_outputs(host);
    }

    fn end_process(&mut self, host: usize) {
        let labels = self.hosts.tables[host].connections().map(|it| it.label);
        self.streams.shut.extend(labels);
        let now = self.hosts.now();
        self.hosts.tables[host].end_process(now);
        self.hosts.drain_outputs(host);
    }

    /// Checks the invariants that hold after every action.
    pub(crate) fn check(&self) {
        for table in &self.hosts.tables {
            let counters = table.counters();
            let open = |totals: winsock::Totals| totals.opened - totals.closed;
            assert_eq!(open(counters.sockets), table.open_sockets().count() as u64);
            assert_eq!(open(counters.events), table.open_events().count() as u64);
            assert_eq!(
                open(counters.connections),
                table.connections().count() as u64
            );
            let sockets = table.open_sockets().map(|it| it.handle.0);
            let handles: Vec<u32> = sockets
                .chain(table.open_events().map(|(event, _)| event.0))
                .collect();
            let unique: BTreeSet<u32> = handles.iter().copied().collect();
            assert_eq!(unique.len(), handles.len(), "a handle names two objects");
            assert!(handles.iter().all(|number| number.is_multiple_of(4)));
            assert_eq!(counters.resets_dropped, 0);
        }
    }

    /// Ends both processes on a perfect link: everything must be forgotten.
    pub(crate) fn finish(mut self) {
        self.hosts.restore();
        for host in [CLIENT, SERVER] {
            self.end_process(host);
        }
        self.hosts.run(1000 * SECOND);
        self.check();
        for table in &mut self.hosts.tables {
            assert_eq!(
                table.connections().count(),
                0,
                "{:?}",
                table.connections().next()
            );
            assert_eq!(table.counters().connections_held, 0);
            assert_eq!(table.poll_timeout(), None);
        }
    }
}
