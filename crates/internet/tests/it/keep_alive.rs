//! Routers of a line that goes down and comes back: 10051 for a connect under way, 10054 for a
//! connection from before, and neither for a connection that outlasts the outage.

use internet::{Event, Internet, uptime};
use kernel::{Choices, Duration, Instant};
use net::{
    DirectionConfig, HostId, KeepAliveConfig, LinkConfig, Loss, LossModel, OutageInterval,
    ScheduledLosses,
};
use winsock::{
    Config, EventHandle, FlowLabel, NetworkEvents, SocketAddress, SocketError, SocketHandle,
};

const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);
const TO_SERVER: SocketAddress = SocketAddress::new(0x0A00_0002, 102);
const DELAY: Duration = Duration::from_millis(20);

const fn seconds(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

/// Two hosts on a line that is out from 10 s to 40 s.
struct Line {
    internet: Internet<()>,
    now: Instant,
    listener: SocketHandle,
    event: EventHandle,
}

impl Line {
    fn new(config: KeepAliveConfig, hosts: [Config; 2]) -> Self {
        let direction = DirectionConfig {
            delay: DELAY,
            scheduled: ScheduledLosses {
                outages: vec![OutageInterval {
                    from: seconds(10),
                    until: seconds(40),
                }],
                drops: Vec::new(),
            },
            ..DirectionConfig::default()
        };
        let link = LinkConfig {
            key: kernel::key("line"),
            ends: [CLIENT, SERVER],
            addresses: Vec::new(),
            forward: direction.clone(),
            backward: direction,
            loss: Loss::Shared(LossModel::None),
            keep_alive: config,
            mtu: None,
        };
        let mut internet =
            Internet::new(Choices::new(1), hosts.into(), &[link]).expect("a network");
        let sockets = internet.sockets_mut(SERVER);
        let listener = sockets.socket().expect("a socket");
        sockets.bind(listener, 102).expect("the port is free");
        sockets.listen(listener, 5).expect("it is bound");
        let event = internet.sockets_mut(CLIENT).create_event();
        Self {
            internet,
            now: Instant::ZERO,
            listener,
            event: event.expect("a handle"),
        }
    }

    fn nt4(config: KeepAliveConfig) -> Self {
        Self::new(config, [Config::nt4(0x0A00_0001), Config::nt4(0x0A00_0002)])
    }

    fn run_to(&mut self, end: Instant) {
        while self.internet.next_time().is_some_and(|at| at <= end) {
            let (key, event) = self.internet.pop_event().expect("there is one");
            let Event::Network(event) = event else {
                unreachable!("nothing else is scheduled")
            };
            self.internet.handle_event(key.at, event, &mut ());
        }
        self.now = end;
    }

    fn connect(&mut self) -> SocketHandle {
        let now = uptime(self.now);
        let sockets = self.internet.sockets_mut(CLIENT);
        let socket = sockets.socket().expect("a socket");
        sockets
            .event_select(socket, self.event, NetworkEvents::CONNECT)
            .expect("both handles are open");
        let begun = sockets.connect(now, socket, TO_SERVER, FlowLabel(7));
        assert_eq!(begun, Err(SocketError::WouldBlock));
        self.internet.flush(self.now, CLIENT, &mut ());
        socket
    }

    /// The error that FD_CONNECT reports, if it has.
    fn connect_error(&mut self, socket: SocketHandle) -> Option<SocketError> {
        let sockets = self.internet.sockets_mut(CLIENT);
        let event = self.event;
        sockets
            .enum_events(socket, Some(event))
            .expect("the socket is open")
            .connect
    }

    fn send(&mut self, host: HostId, socket: SocketHandle) -> Result<usize, SocketError> {
        let now = uptime(self.now);
        let sent = self.internet.sockets_mut(host).send(now, socket, b"mail");
        self.internet.flush(self.now, host, &mut ());
        sent
    }

    /// Both ends of a connection that is open at 1 s.
    fn open(&mut self) -> [SocketHandle; 2] {
        let client = self.connect();
        self.run_to(seconds(1));
        let accepted = self.internet.sockets_mut(SERVER).accept(self.listener);
        [client, accepted.expect("the call arrived").0]
    }
}

/// The routers know of the outage from 15 s on.
const NOTICED: KeepAliveConfig = KeepAliveConfig {
    unreachable_after: Some(Duration::from_secs(5)),
    reset_after: None,
};

#[test]
fn a_connect_over_a_line_known_to_be_down_fails_at_once_with_10051() {
    let mut line = Line::nt4(NOTICED);
    line.run_to(seconds(20));
    let socket = line.connect();
    assert_eq!(line.connect_error(socket), None);
    line.run_to(line.now + Duration::from_millis(1));
    let error = line.connect_error(socket);
    assert_eq!(error, Some(SocketError::NetworkUnreachable));
}

/// SYNs are sent at 12 s, 15 s and 21 s; the routers know of the outage from 15 s on.
#[test]
fn a_connect_under_way_fails_with_10051_at_its_next_syn() {
    let mut line = Line::nt4(NOTICED);
    line.run_to(seconds(12));
    let socket = line.connect();
    line.run_to(Instant::from_nanos(14_900_000_000));
    assert_eq!(line.connect_error(socket), None, "no router knows yet");
    line.run_to(Instant::from_nanos(15_200_000_000));
    let error = line.connect_error(socket);
    assert_eq!(error, Some(SocketError::NetworkUnreachable));
}

/// A host that does not take a soft error for the end of an attempt (`Profile::unreachable_ends_connect`).
#[test]
fn a_patient_connect_goes_on_until_the_line_is_back() {
    let mut patient = Config::linux(0x0A00_0001);
    patient.profile.unreachable_ends_connect = false;
    let mut line = Line::new(NOTICED, [patient, Config::nt4(0x0A00_0002)]);
    line.run_to(seconds(20));
    let socket = line.connect();
    // SYNs at 20, 21, 23, 27, 35 and 51 s.
    line.run_to(seconds(52));
    assert_eq!(line.connect_error(socket), None);
    line.send(CLIENT, socket).expect("it is open");
}

#[test]
fn an_established_connection_outlasts_a_line_known_to_be_down() {
    let mut line = Line::nt4(NOTICED);
    let [client, server] = line.open();
    line.run_to(seconds(33));
    line.send(CLIENT, client).expect("it is open");
    // Sent again with doubled timeouts, the last after the line is back.
    line.run_to(seconds(60));
    let now = uptime(line.now);
    let received = line.internet.sockets_mut(SERVER).receive(now, server, 9);
    assert_eq!(received.expect("sent again").as_slice(), b"mail");
}

#[test]
fn a_connection_from_before_is_reset_when_the_line_comes_back() {
    for (reset_after, is_reset) in [(29, true), (31, false)] {
        let config = KeepAliveConfig {
            unreachable_after: None,
            reset_after: Some(Duration::from_secs(reset_after)),
        };
        let mut line = Line::nt4(config);
        let [client, server] = line.open();
        line.run_to(seconds(50));
        for (host, socket) in [(CLIENT, client), (SERVER, server)] {
            // The first send is queued; the reset arrives within the LAN's round trip.
            line.send(host, socket).expect("TCP knows nothing yet");
            line.run_to(line.now + Duration::from_millis(2));
            let error = line.send(host, socket).err();
            assert_eq!(error == Some(SocketError::ConnectionReset), is_reset);
        }
        // A new connection is known to the routers of the new session.
        let again = line.connect();
        line.run_to(line.now + Duration::from_secs(1));
        line.send(CLIENT, again).expect("it is open");
        line.run_to(line.now + Duration::from_secs(1));
        line.send(CLIENT, again).expect("it stays open");
    }
}
