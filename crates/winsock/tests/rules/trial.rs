//! A random history: its steps, and the model its replies are judged by.
//!
//! Owns which calls are made and what they may answer. Handles are chosen among the last that
//! were given out, so stale and reused ones are called too.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tcp::{Flags, Payload, Segment, Unreachable};
use winsock::{
    Call, Config, EventHandle, FlowLabel, NetworkEvents, Reply, SocketAddress, SocketError,
    SocketHandle, SocketSets,
};

use crate::hosts::{ADDRESSES, CLIENT, Hosts, MILLISECOND, SECOND, SERVER};

const PORTS: [u16; 4] = [0, 102, 103, 1024];

/// One step; indices choose among what there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Socket,
    Bind {
        socket: usize,
        port: usize,
    },
    Listen {
        socket: usize,
        backlog: u32,
    },
    Connect {
        socket: usize,
        port: usize,
    },
    Accept {
        socket: usize,
    },
    Send {
        socket: usize,
        length: usize,
    },
    Receive {
        socket: usize,
        limit: usize,
    },
    Shutdown {
        socket: usize,
    },
    Close {
        socket: usize,
    },
    SetHardClose {
        socket: usize,
    },
    CreateEvent,
    CloseEvent {
        event: usize,
    },
    EventSelect {
        socket: usize,
        event: usize,
        mask: u32,
    },
    EnumEvents {
        socket: usize,
        event: usize,
    },
    Wait {
        event: usize,
        count: usize,
    },
    Select {
        socket: usize,
        count: usize,
    },
    Route {
        exists: bool,
    },
    Unreachable {
        socket: usize,
        hard: bool,
    },
    EndProcess,
    Run {
        millis: u64,
    },
    Outage {
        millis: u64,
    },
}

/// A connection brought up on both sides, so that most steps find something to do.
pub(crate) fn opening() -> Vec<(usize, Step)> {
    vec![
        (SERVER, Step::Socket),
        (SERVER, Step::Bind { socket: 0, port: 1 }),
        (
            SERVER,
            Step::Listen {
                socket: 0,
                backlog: 2,
            },
        ),
        (CLIENT, Step::Socket),
        (CLIENT, Step::Connect { socket: 0, port: 1 }),
        (CLIENT, Step::Run { millis: 20_000 }),
        (SERVER, Step::Accept { socket: 0 }),
    ]
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let (s, e) = (0_usize..6, 0_usize..4);
    prop_oneof![
        4 => Just(Step::Socket),
        1 => (s.clone(), 0_usize..4).prop_map(|(socket, port)| Step::Bind { socket, port }),
        1 => (s.clone(), 0_u32..4).prop_map(|(socket, backlog)| Step::Listen { socket, backlog }),
        5 => (s.clone(), 1_usize..4).prop_map(|(socket, port)| Step::Connect { socket, port }),
        4 => s.clone().prop_map(|socket| Step::Accept { socket }),
        8 => (s.clone(), 0_usize..6000).prop_map(|(socket, length)| Step::Send { socket, length }),
        8 => (s.clone(), 0_usize..9000)
            .prop_map(|(socket, limit)| Step::Receive { socket, limit }),
        2 => s.clone().prop_map(|socket| Step::Shutdown { socket }),
        3 => s.clone().prop_map(|socket| Step::Close { socket }),
        1 => s.clone().prop_map(|socket| Step::SetHardClose { socket }),
        2 => Just(Step::CreateEvent),
        1 => e.clone().prop_map(|event| Step::CloseEvent { event }),
        3 => (s.clone(), e.clone(), 0_u32..64)
            .prop_map(|(socket, event, mask)| Step::EventSelect { socket, event, mask }),
        3 => (s.clone(), e.clone())
            .prop_map(|(socket, event)| Step::EnumEvents { socket, event }),
        2 => (e, 0_usize..70).prop_map(|(event, count)| Step::Wait { event, count }),
        2 => (s.clone(), 0_usize..70).prop_map(|(socket, count)| Step::Select { socket, count }),
        1 => any::<bool>().prop_map(|exists| Step::Route { exists }),
        1 => (s, any::<bool>()).prop_map(|(socket, hard)| Step::Unreachable { socket, hard }),
        1 => Just(Step::EndProcess),
        12 => (0_u64..8000).prop_map(|millis| Step::Run { millis }),
        1 => (0_u64..200_000).prop_map(|millis| Step::Outage { millis }),
    ]
}

/// The byte at `offset` of all that is sent under `label`.
pub(crate) fn byte(label: FlowLabel, offset: usize) -> u8 {
    (label.0 as usize)
        .wrapping_mul(101)
        .wrapping_add(offset * offset + offset / 251) as u8
}

/// How much went under each label, by the replies.
#[derive(Default)]
struct Ledger {
    sent: BTreeMap<FlowLabel, usize>,
    received: BTreeMap<FlowLabel, usize>,
    shut: BTreeSet<FlowLabel>,
}

pub(crate) struct Trial {
    pub(crate) hosts: Hosts,
    sockets: [Vec<SocketHandle>; 2],
    events: [Vec<EventHandle>; 2],
    ledger: Ledger,
    labels: u64,
    /// Every failure a call ever answered.
    pub(crate) failures: BTreeSet<SocketError>,
}

/// A wire that loses a fifth, repeats a tenth, and delays by up to 60 ms.
pub(crate) fn bad_wire(seed: u64) -> crate::hosts::Fate {
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

impl Trial {
    pub(crate) fn new(seed: u64) -> Self {
        let config = |address| Config {
            handle_limit: 7,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        hosts.fate = bad_wire(seed);
        Self {
            hosts,
            sockets: [const { Vec::new() }; 2],
            events: [const { Vec::new() }; 2],
            ledger: Ledger::default(),
            labels: 0,
            failures: BTreeSet::new(),
        }
    }

    /// A recent handle, open or not; a number out of the air if there is none.
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

    /// The label the socket's connection sends under.
    fn label_of(&self, host: usize, socket: SocketHandle) -> Option<FlowLabel> {
        let mut connections = self.hosts.tables[host].connections();
        connections
            .find(|facts| facts.socket == Some(socket))
            .map(|facts| facts.label)
    }

    pub(crate) fn step(&mut self, host: usize, step: Step) {
        match step {
            Step::Send { socket, length } => self.send(host, self.socket(host, socket), length),
            Step::Receive { socket, limit } => {
                self.receive(host, self.socket(host, socket), limit);
            }
            Step::Shutdown { socket } => {
                let socket = self.socket(host, socket);
                let label = self.label_of(host, socket);
                if self.hosts.call(host, Call::Shutdown { socket }) == Reply::Done {
                    self.ledger.shut.extend(label);
                }
            }
            Step::Close { socket } => {
                let socket = self.socket(host, socket);
                self.ledger.shut.extend(self.label_of(host, socket));
                self.hosts.call(host, Call::Close { socket });
            }
            Step::Route { exists } => {
                self.hosts.tables[host].set_route(ADDRESSES[1 - host], exists)
            }
            Step::Unreachable { socket, hard } => self.unreachable(host, socket, hard),
            Step::EndProcess => self.end_process(host),
            Step::Run { millis } => self.hosts.run(millis * MILLISECOND),
            Step::Outage { millis } => {
                self.hosts.cut();
                self.hosts.run(millis * MILLISECOND);
                self.hosts.fate = bad_wire(self.labels);
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

    /// The call of a step that the model has nothing to say about.
    fn plain_call(&mut self, host: usize, step: Step) -> Call {
        let socket = |index| self.socket(host, index);
        let event = |index| self.event(host, index);
        match step {
            Step::Socket => Call::Socket,
            Step::Bind { socket: s, port } => Call::Bind {
                socket: socket(s),
                port: PORTS[port],
            },
            Step::Listen { socket: s, backlog } => Call::Listen {
                socket: socket(s),
                backlog,
            },
            Step::Accept { socket: s } => Call::Accept { socket: socket(s) },
            Step::SetHardClose { socket: s } => Call::SetHardClose {
                socket: socket(s),
                on: true,
            },
            Step::CreateEvent => Call::CreateEvent,
            Step::CloseEvent { event: e } => Call::CloseEvent { event: event(e) },
            Step::EventSelect {
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
            Step::EnumEvents {
                socket: s,
                event: e,
            } => Call::EnumEvents {
                socket: socket(s),
                event: Some(event(e)),
            },
            Step::Wait { event: e, count } => Call::Wait {
                events: vec![event(e); count],
            },
            Step::Select { socket: s, count } => {
                let set = vec![socket(s); count];
                Call::Select(SocketSets {
                    readable: set.clone(),
                    writable: set,
                    failed: vec![],
                })
            }
            Step::Connect { socket: s, port } => {
                let socket = socket(s);
                let to = SocketAddress::new(ADDRESSES[1 - host], PORTS[port]);
                self.labels += 1;
                Call::Connect {
                    socket,
                    to,
                    label: FlowLabel(self.labels),
                }
            }
            other => panic!("{other:?} is no plain call"),
        }
    }

    /// How many bytes were received in all.
    pub(crate) fn received(&self) -> usize {
        self.ledger.received.values().sum()
    }

    fn send(&mut self, host: usize, socket: SocketHandle, length: usize) {
        let Some(label) = self.label_of(host, socket) else {
            let bytes = Payload::from(vec![0; length]);
            self.fail(host, Call::Send { socket, bytes });
            return;
        };
        let sent = self.ledger.sent.entry(label).or_default();
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

    /// Makes a call that cannot succeed.
    fn fail(&mut self, host: usize, call: Call) {
        match self.hosts.call(host, call) {
            Reply::Failed(error) => self.failures.insert(error),
            other => panic!("without a connection, {other:?}"),
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
        // TCP is done with the connection, and the audit no longer tells its label.
        let Some(label) = label else { return };
        assert!(bytes.len() <= limit);
        let received = self.ledger.received.entry(label).or_default();
        for octet in bytes.as_slice() {
            assert_eq!(
                *octet,
                byte(label, *received),
                "byte {received} under {label:?}"
            );
            *received += 1;
        }
        let sent = self.ledger.sent.get(&label).copied().unwrap_or(0);
        assert!(
            *received <= sent,
            "{received} received of {sent} sent under {label:?}"
        );
        if bytes.is_empty() && limit > 0 {
            assert_eq!(*received, sent, "the stream under {label:?} ended early");
            assert!(self.ledger.shut.contains(&label), "nobody ended the stream");
        }
    }

    /// The label under which the peer of the connection sends: the reversed one, unless both
    /// connected to each other (RFC 9293 figure 7), when each has chosen its own. Then the
    /// SYN-ACK for our SYN tells.
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
        let facts = self.hosts.tables[host]
            .connections()
            .find(|c| c.socket == Some(socket));
        let Some(facts) = facts else { return };
        let reason = if hard {
            Unreachable::Hard
        } else {
            Unreachable::Soft
        };
        let now = self.hosts.now();
        let table = &mut self.hosts.tables[host];
        table.on_unreachable(now, facts.local_port, facts.remote, reason);
        self.hosts.pump(host);
    }

    fn end_process(&mut self, host: usize) {
        let labels = self.hosts.tables[host]
            .connections()
            .map(|facts| facts.label);
        self.ledger.shut.extend(labels);
        let now = self.hosts.now();
        self.hosts.tables[host].end_process(now);
        self.hosts.pump(host);
    }

    /// The laws that hold at every moment.
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
            let sockets = table.open_sockets().map(|facts| facts.handle.0);
            let handles: Vec<u32> = sockets
                .chain(table.open_events().map(|(event, _)| event.0))
                .collect();
            let unique: BTreeSet<u32> = handles.iter().copied().collect();
            assert_eq!(unique.len(), handles.len(), "a number names two objects");
            assert!(handles.iter().all(|number| number.is_multiple_of(4)));
            assert_eq!(counters.resets_dropped, 0);
        }
    }

    /// Both processes end and the wire heals: everything must be forgotten.
    pub(crate) fn wind_up(mut self) {
        self.hosts.heal();
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
