//! W1 on `winsock`, `tcp` and `net`: a real handshake, real FINs, TIME-WAIT and all timers.

use internet::{Internet, uptime};
use kernel::Instant;
use net::LossModel;
use winsock::{
    EventHandle, FlowLabel, NetworkEvents, SocketAddress, SocketError, SocketHandle, SocketTable,
};

use super::plain::{Program, address, run, star};
use crate::work::{
    ACKNOWLEDGMENT_BYTES, ASSOCIATION_DELAY, Associations, CONNECT_BYTES, PORT, TEXT_BYTES,
};

const SELECTED: NetworkEvents = NetworkEvents::CONNECT
    .union(NetworkEvents::READ)
    .union(NetworkEvents::CLOSE);

/// One end of an association.
#[derive(Clone, Copy)]
struct End {
    socket: SocketHandle,
    event: EventHandle,
    /// Octets still to come before the next step.
    awaited: usize,
    step: Step,
}

/// What an end waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Connection,
    Confirm,
    Acknowledgment,
    Request,
    Text,
    Close,
}

/// The ends of one host, found by their event objects.
#[derive(Default)]
struct Ends(Vec<Option<End>>);

struct Caller {
    host: u32,
    left: u32,
    at_once: u32,
    /// It says no more once the association is confirmed.
    stays: bool,
    done: u32,
    ends: Ends,
}

#[derive(Default)]
struct Called {
    listener: Option<(SocketHandle, EventHandle)>,
    ends: Ends,
    closed: u32,
}

/// Runs the workload; answers how many events there were.
pub fn associations(work: Associations, loss: LossModel) -> u64 {
    let mut internet = star(work.clients, ASSOCIATION_DELAY, loss);
    let mut called = Called::default();
    let mut callers: Vec<Caller> = (1..=work.clients)
        .map(|host| Caller {
            host,
            left: work.each,
            at_once: work.at_once,
            stays: false,
            done: 0,
            ends: Ends::default(),
        })
        .collect();
    let mut programs: Vec<&mut dyn Program> = vec![&mut called];
    programs.extend(callers.iter_mut().map(|it| it as &mut dyn Program));
    let events = run(&mut internet, &mut programs);
    let done: u64 = callers.iter().map(|caller| u64::from(caller.done)).sum();
    assert_eq!(done, work.total());
    assert_eq!(u64::from(called.closed), work.total());
    events
}

/// An internet in which every client has `each` associations open and nothing happens any more.
pub fn held_open(clients: u32, each: u32) -> Internet<()> {
    let mut internet = star(clients, ASSOCIATION_DELAY, LossModel::None);
    let mut called = Called::default();
    let mut callers: Vec<Caller> = (1..=clients)
        .map(|host| Caller {
            host,
            left: each,
            at_once: 8,
            stays: true,
            done: 0,
            ends: Ends::default(),
        })
        .collect();
    let mut programs: Vec<&mut dyn Program> = vec![&mut called];
    programs.extend(callers.iter_mut().map(|it| it as &mut dyn Program));
    run(&mut internet, &mut programs);
    assert!(callers.iter().all(|caller| caller.done == each));
    internet
}

impl Ends {
    fn put(&mut self, end: End) {
        let place = end.event.0 as usize / 4;
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        self.0[place] = Some(end);
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
    /// Takes what has arrived; whether all that was awaited is there now.
    fn hears(&mut self, now: Instant, sockets: &mut SocketTable) -> bool {
        match sockets.receive(uptime(now), self.socket, self.awaited) {
            Ok(bytes) => self.awaited -= bytes.len(),
            Err(SocketError::WouldBlock) => return false,
            Err(error) => panic!("{error}"),
        }
        self.awaited == 0
    }

    fn says(&self, now: Instant, sockets: &mut SocketTable, bytes: &[u8]) {
        let sent = sockets.send(uptime(now), self.socket, bytes);
        assert_eq!(sent, Ok(bytes.len()), "the buffer has room for it");
    }

    fn awaits(&mut self, step: Step, octets: usize) {
        (self.step, self.awaited) = (step, octets);
    }
}

impl Caller {
    fn open(&mut self, now: Instant, sockets: &mut SocketTable) {
        self.left -= 1;
        let socket = sockets.socket().expect("there are handles");
        let event = sockets.create_event().expect("there are handles");
        sockets
            .event_select(socket, event, SELECTED)
            .expect("both are open");
        let to = SocketAddress::new(address(0), PORT);
        let label = FlowLabel(kernel::mix(u64::from(self.host), u64::from(self.left)));
        let begun = sockets.connect(uptime(now), socket, to, label);
        assert_eq!(begun, Err(SocketError::WouldBlock));
        self.ends.put(End {
            socket,
            event,
            awaited: 0,
            step: Step::Connection,
        });
    }
}

impl Program for Caller {
    fn start(&mut self, now: Instant, sockets: &mut SocketTable) {
        let first = self.at_once.min(self.left);
        (0..first).for_each(|_| self.open(now, sockets));
    }

    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        let Some(end) = self.ends.of(event) else {
            return;
        };
        let news = sockets
            .enum_events(end.socket, Some(event))
            .expect("both are open");
        if news.events.contains(NetworkEvents::CONNECT) {
            assert_eq!(news.connect, None, "the server listens");
            end.says(now, sockets, &[1; CONNECT_BYTES]);
            end.awaits(Step::Confirm, CONNECT_BYTES);
        }
        if !news.events.contains(NetworkEvents::READ) || !end.hears(now, sockets) {
            return;
        }
        match end.step {
            Step::Confirm if self.stays => {
                self.done += 1;
                if self.left > 0 {
                    self.open(now, sockets);
                }
            }
            Step::Confirm => {
                end.says(now, sockets, &[2; TEXT_BYTES]);
                end.awaits(Step::Acknowledgment, ACKNOWLEDGMENT_BYTES);
            }
            Step::Acknowledgment => {
                self.ends.close(now, sockets, event);
                self.done += 1;
                if self.left > 0 {
                    self.open(now, sockets);
                }
            }
            Step::Connection | Step::Request | Step::Text | Step::Close => {
                unreachable!("a caller awaits confirm and acknowledgment")
            }
        }
    }
}

impl Called {
    fn accept_all(&mut self, sockets: &mut SocketTable, listener: SocketHandle) {
        while let Ok((socket, _)) = sockets.accept(listener) {
            let event = sockets.create_event().expect("there are handles");
            sockets
                .event_select(socket, event, SELECTED)
                .expect("both are open");
            self.ends.put(End {
                socket,
                event,
                awaited: CONNECT_BYTES,
                step: Step::Request,
            });
        }
    }
}

impl Program for Called {
    fn start(&mut self, _: Instant, sockets: &mut SocketTable) {
        let socket = sockets.socket().expect("there are handles");
        let event = sockets.create_event().expect("there are handles");
        sockets.bind(socket, PORT).expect("the port is free");
        sockets.listen(socket, u32::MAX).expect("it is bound");
        sockets
            .event_select(socket, event, NetworkEvents::ACCEPT)
            .expect("both are open");
        self.listener = Some((socket, event));
    }

    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        if let Some((socket, listens)) = self.listener
            && listens == event
        {
            sockets
                .enum_events(socket, Some(event))
                .expect("both are open");
            return self.accept_all(sockets, socket);
        }
        let Some(end) = self.ends.of(event) else {
            return;
        };
        let news = sockets
            .enum_events(end.socket, Some(event))
            .expect("both are open");
        if news.events.contains(NetworkEvents::READ) && end.step != Step::Close {
            while end.hears(now, sockets) {
                match end.step {
                    Step::Request => {
                        end.says(now, sockets, &[3; CONNECT_BYTES]);
                        end.awaits(Step::Text, TEXT_BYTES);
                    }
                    Step::Text => {
                        end.says(now, sockets, &[4; ACKNOWLEDGMENT_BYTES]);
                        end.awaits(Step::Close, 0);
                        break;
                    }
                    Step::Connection | Step::Confirm | Step::Acknowledgment | Step::Close => {
                        unreachable!("a called side awaits request and text")
                    }
                }
            }
        }
        if news.events.contains(NetworkEvents::CLOSE) {
            self.ends.close(now, sockets, event);
            self.closed += 1;
        }
    }
}
