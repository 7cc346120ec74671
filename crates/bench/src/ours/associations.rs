//! W1 on `internet`: `winsock`, `tcp` and `net`, with handshakes, FINs, TIME-WAIT and all timers.

use internet::{Internet, uptime};
use kernel::Instant;
use net::LossModel;
use winsock::{
    EventHandle, FlowLabel, NetworkEvents, SocketAddress, SocketError, SocketHandle, SocketTable,
};

use super::plain::{EventProgram, address, run, star};
use crate::work::{
    ACKNOWLEDGMENT_BYTES, ASSOCIATION_DELAY, AssociationWork, CONNECT_BYTES, PORT, TEXT_BYTES,
};

const SELECTED: NetworkEvents = NetworkEvents::CONNECT
    .union(NetworkEvents::READ)
    .union(NetworkEvents::CLOSE);

/// One side of an association.
#[derive(Clone, Copy)]
struct End {
    socket: SocketHandle,
    event: EventHandle,
    /// Bytes that are missing before the next step.
    awaited: usize,
    step: AwaitedStep,
}

/// What a side waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AwaitedStep {
    Connection,
    Confirm,
    Acknowledgment,
    Request,
    Text,
    Close,
}

/// The connections of one host, by event object.
#[derive(Default)]
struct Ends(Vec<Option<End>>);

struct Client {
    host: u32,
    left: u32,
    at_once: u32,
    /// It sends nothing after the connect confirm, so that the association stays open.
    stays_open: bool,
    done: u32,
    ends: Ends,
}

#[derive(Default)]
struct Server {
    listener: Option<(SocketHandle, EventHandle)>,
    ends: Ends,
    closed: u32,
}

/// Runs the workload; returns the number of events.
pub fn associations(work: AssociationWork, loss: LossModel) -> u64 {
    let mut internet = star(work.clients, ASSOCIATION_DELAY, loss);
    let mut server = Server::default();
    let mut clients: Vec<Client> = (1..=work.clients)
        .map(|host| Client {
            host,
            left: work.each,
            at_once: work.at_once,
            stays_open: false,
            done: 0,
            ends: Ends::default(),
        })
        .collect();
    let mut programs: Vec<&mut dyn EventProgram> = vec![&mut server];
    programs.extend(clients.iter_mut().map(|it| it as &mut dyn EventProgram));
    let events = run(&mut internet, &mut programs);
    let done: u64 = clients.iter().map(|client| u64::from(client.done)).sum();
    assert_eq!(done, work.total());
    assert_eq!(u64::from(server.closed), work.total());
    events
}

/// An internet without pending events in which each client has `each` open associations.
pub fn held_open(count: u32, each: u32) -> Internet<()> {
    let mut internet = star(count, ASSOCIATION_DELAY, LossModel::None);
    let mut server = Server::default();
    let mut clients: Vec<Client> = (1..=count)
        .map(|host| Client {
            host,
            left: each,
            at_once: 8,
            stays_open: true,
            done: 0,
            ends: Ends::default(),
        })
        .collect();
    let mut programs: Vec<&mut dyn EventProgram> = vec![&mut server];
    programs.extend(clients.iter_mut().map(|it| it as &mut dyn EventProgram));
    run(&mut internet, &mut programs);
    assert!(clients.iter().all(|client| client.done == each));
    internet
}

impl Ends {
    fn insert(&mut self, end: End) {
        let index = end.event.0 as usize / 4;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        self.0[index] = Some(end);
    }

    fn of(&mut self, event: EventHandle) -> Option<&mut End> {
        self.0.get_mut(event.0 as usize / 4)?.as_mut()
    }

    fn close(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        let end = self.0[event.0 as usize / 4].take().expect("it is open");
        sockets.close(uptime(now), end.socket).expect("it is open");
        sockets.close_event(event).expect("it is open");
    }
}

impl End {
    /// Receives bytes; returns whether all awaited ones have arrived.
    fn receive(&mut self, now: Instant, sockets: &mut SocketTable) -> bool {
        match sockets.receive(uptime(now), self.socket, self.awaited) {
            Ok(bytes) => self.awaited -= bytes.len(),
            Err(SocketError::WouldBlock) => return false,
            Err(error) => panic!("{error}"),
        }
        self.awaited == 0
    }

    fn send(&self, now: Instant, sockets: &mut SocketTable, bytes: &[u8]) {
        let sent = sockets.send(uptime(now), self.socket, bytes);
        assert_eq!(sent, Ok(bytes.len()), "the send buffer is large enough");
    }

    fn wait_for(&mut self, step: AwaitedStep, octets: usize) {
        (self.step, self.awaited) = (step, octets);
    }
}

impl Client {
    fn open(&mut self, now: Instant, sockets: &mut SocketTable) {
        self.left -= 1;
        let socket = sockets.socket().expect("handles are free");
        let event = sockets.create_event().expect("handles are free");
        sockets
            .event_select(socket, event, SELECTED)
            .expect("both are open");
        let to = SocketAddress::new(address(0), PORT);
        let label = FlowLabel(kernel::mix(u64::from(self.host), u64::from(self.left)));
        let begun = sockets.connect(uptime(now), socket, to, label);
        assert_eq!(begun, Err(SocketError::WouldBlock));
        self.ends.insert(End {
            socket,
            event,
            awaited: 0,
            step: AwaitedStep::Connection,
        });
    }
}

impl EventProgram for Client {
    fn start(&mut self, now: Instant, sockets: &mut SocketTable) {
        let first = self.at_once.min(self.left);
        (0..first).for_each(|_| self.open(now, sockets));
    }

    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        let Some(end) = self.ends.of(event) else {
            return;
        };
        let recorded = sockets
            .enum_events(end.socket, Some(event))
            .expect("both are open");
        if recorded.events.contains(NetworkEvents::CONNECT) {
            assert_eq!(recorded.connect, None, "the server listens");
            end.send(now, sockets, &[1; CONNECT_BYTES]);
            end.wait_for(AwaitedStep::Confirm, CONNECT_BYTES);
        }
        if !recorded.events.contains(NetworkEvents::READ) || !end.receive(now, sockets) {
            return;
        }
        match end.step {
            AwaitedStep::Confirm if self.stays_open => {
                self.done += 1;
                if self.left > 0 {
                    self.open(now, sockets);
                }
            }
            AwaitedStep::Confirm => {
                end.send(now, sockets, &[2; TEXT_BYTES]);
                end.wait_for(AwaitedStep::Acknowledgment, ACKNOWLEDGMENT_BYTES);
            }
            AwaitedStep::Acknowledgment => {
                self.ends.close(now, sockets, event);
                self.done += 1;
                if self.left > 0 {
                    self.open(now, sockets);
                }
            }
            AwaitedStep::Connection
            | AwaitedStep::Request
            | AwaitedStep::Text
            | AwaitedStep::Close => {
                unreachable!("a client waits for confirm and acknowledgment")
            }
        }
    }
}

impl Server {
    fn accept_all(&mut self, sockets: &mut SocketTable, listener: SocketHandle) {
        while let Ok((socket, _)) = sockets.accept(listener) {
            let event = sockets.create_event().expect("handles are free");
            sockets
                .event_select(socket, event, SELECTED)
                .expect("both are open");
            self.ends.insert(End {
                socket,
                event,
                awaited: CONNECT_BYTES,
                step: AwaitedStep::Request,
            });
        }
    }
}

impl EventProgram for Server {
    fn start(&mut self, _: Instant, sockets: &mut SocketTable) {
        let socket = sockets.socket().expect("handles are free");
        let event = sockets.create_event().expect("handles are free");
        sockets.bind(socket, PORT).expect("the port is free");
        sockets.listen(socket, u32::MAX).expect("it is bound");
        sockets
            .event_select(socket, event, NetworkEvents::ACCEPT)
            .expect("both are open");
        self.listener = Some((socket, event));
    }

    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        if let Some((socket, listen_event)) = self.listener
            && listen_event == event
        {
            sockets
                .enum_events(socket, Some(event))
                .expect("both are open");
            return self.accept_all(sockets, socket);
        }
        let Some(end) = self.ends.of(event) else {
            return;
        };
        let recorded = sockets
            .enum_events(end.socket, Some(event))
            .expect("both are open");
        if recorded.events.contains(NetworkEvents::READ) && end.step != AwaitedStep::Close {
            while end.receive(now, sockets) {
                match end.step {
                    AwaitedStep::Request => {
                        end.send(now, sockets, &[3; CONNECT_BYTES]);
                        end.wait_for(AwaitedStep::Text, TEXT_BYTES);
                    }
                    AwaitedStep::Text => {
                        end.send(now, sockets, &[4; ACKNOWLEDGMENT_BYTES]);
                        end.wait_for(AwaitedStep::Close, 0);
                        break;
                    }
                    AwaitedStep::Connection
                    | AwaitedStep::Confirm
                    | AwaitedStep::Acknowledgment
                    | AwaitedStep::Close => {
                        unreachable!("a server waits for request and message")
                    }
                }
            }
        }
        if recorded.events.contains(NetworkEvents::CLOSE) {
            self.ends.close(now, sockets, event);
            self.closed += 1;
        }
    }
}
