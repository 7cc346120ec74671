//! W2 on `internet`: `winsock`, `tcp` and `net`.

use internet::uptime;
use kernel::Instant;
use net::LossModel;
use winsock::{
    EventHandle, FlowLabel, NetworkEvents, SocketAddress, SocketError, SocketHandle, SocketTable,
};

use super::plain::{EventProgram, address, run, star};
use crate::work::{MESSAGE_BYTES, MESSAGE_DELAY, PORT, PingPongWork};

const SELECTED: NetworkEvents = NetworkEvents::CONNECT.union(NetworkEvents::READ);

/// One side: it returns each message until none are left.
struct End {
    host: u32,
    socket: SocketHandle,
    event: EventHandle,
    listening: bool,
    left: u32,
    received: u32,
}

/// Runs the workload; returns the number of events.
pub fn ping_pong(work: PingPongWork) -> u64 {
    let mut internet = star(1, MESSAGE_DELAY, LossModel::None);
    let end = |host| End {
        host,
        socket: SocketHandle(0),
        event: EventHandle(0),
        listening: host == 0,
        left: work.messages / 2,
        received: 0,
    };
    let (mut server, mut client) = (end(0), end(1));
    let events = run(&mut internet, &mut [&mut server, &mut client]);
    assert_eq!(server.received + client.received, work.messages);
    events
}

impl End {
    fn send(&mut self, now: Instant, sockets: &mut SocketTable) {
        if self.left > 0 {
            self.left -= 1;
            let sent = sockets.send(uptime(now), self.socket, &[5; MESSAGE_BYTES]);
            assert_eq!(sent, Ok(MESSAGE_BYTES), "the send buffer is large enough");
        }
    }
}

impl EventProgram for End {
    fn start(&mut self, now: Instant, sockets: &mut SocketTable) {
        self.socket = sockets.socket().expect("handles are free");
        self.event = sockets.create_event().expect("handles are free");
        let mask = if self.listening {
            NetworkEvents::ACCEPT
        } else {
            SELECTED
        };
        sockets
            .event_select(self.socket, self.event, mask)
            .expect("both are open");
        if self.listening {
            sockets.bind(self.socket, PORT).expect("the port is free");
            sockets.listen(self.socket, 1).expect("it is bound");
        } else {
            let to = SocketAddress::new(address(0), PORT);
            let label = FlowLabel(u64::from(self.host));
            let begun = sockets.connect(uptime(now), self.socket, to, label);
            assert_eq!(begun, Err(SocketError::WouldBlock));
        }
    }

    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle) {
        let recorded = sockets
            .enum_events(self.socket, Some(event))
            .expect("both are open");
        if recorded.events.contains(NetworkEvents::ACCEPT) {
            (self.socket, _) = sockets.accept(self.socket).expect("a connection waits");
            sockets
                .event_select(self.socket, event, SELECTED)
                .expect("both are open");
        }
        if recorded.events.contains(NetworkEvents::CONNECT) {
            self.send(now, sockets);
        }
        if recorded.events.contains(NetworkEvents::READ) {
            let bytes = sockets.receive(uptime(now), self.socket, MESSAGE_BYTES);
            assert_eq!(bytes.map(|bytes| bytes.len()), Ok(MESSAGE_BYTES));
            self.received += 1;
            self.send(now, sockets);
        }
    }
}
