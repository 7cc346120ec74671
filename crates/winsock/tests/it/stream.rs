//! Send, receive, half close, and how a connection fails.

use tcp::Payload;
use winsock::{Call, EnumeratedEvents, NetworkEvents, Reply, SocketError, SocketState};

use crate::two_hosts::{CLIENT, Hosts, MILLISECOND, OPEN, PORT, SECOND, SERVER};

fn bytes(text: &[u8]) -> Payload {
    Payload::from(text.to_vec())
}

#[test]
fn a_stale_handle_fails_with_10038_in_every_call() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(CLIENT);
    let event = hosts.event(CLIENT);
    hosts.expect_done(CLIENT, Call::Close { socket });
    let sets = || winsock::SocketSets {
        readable: vec![socket],
        ..Default::default()
    };
    let to = crate::two_hosts::TO_SERVER;
    let calls = |sets| {
        [
            Call::Bind { socket, port: 1 },
            Call::Listen { socket, backlog: 1 },
            Call::Connect {
                socket,
                to,
                label: winsock::FlowLabel(1),
            },
            Call::Accept { socket },
            Call::Send {
                socket,
                bytes: bytes(b"x"),
            },
            Call::Receive { socket, limit: 1 },
            Call::BytesReadable { socket },
            Call::Shutdown { socket },
            Call::Close { socket },
            Call::SetKeepAlive { socket, on: true },
            Call::SetHardClose { socket, on: true },
            Call::EventSelect {
                socket,
                event,
                mask: OPEN,
            },
            Call::EnumEvents {
                socket,
                event: Some(event),
            },
            Call::Select(sets),
        ]
    };
    for call in calls(sets()) {
        hosts.expect_error(CLIENT, call, 10038);
    }
    // Q155738: the handle names another kind of object now.
    let reused = hosts.event(CLIENT);
    assert_eq!(reused.0, socket.0);
    for call in calls(sets()) {
        hosts.expect_error(CLIENT, call, 10038);
    }
}

#[test]
fn a_socket_that_never_connected_answers_10057() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.cut();
    let fresh = hosts.socket(CLIENT);
    let connecting = hosts.connecting();
    for (host, socket) in [(CLIENT, fresh), (CLIENT, connecting), (SERVER, listener)] {
        hosts.expect_error(
            host,
            Call::Send {
                socket,
                bytes: bytes(b"x"),
            },
            10057,
        );
        hosts.expect_error(host, Call::Receive { socket, limit: 1 }, 10057);
        hosts.expect_error(host, Call::Shutdown { socket }, 10057);
        assert_eq!(
            hosts.call(host, Call::BytesReadable { socket }),
            Reply::BytesReadable(0)
        );
    }
    // Q303102: still 10057 after the connect failed.
    hosts.run(46 * SECOND);
    hosts.expect_error(CLIENT, Call::Shutdown { socket: connecting }, 10057);
}

#[test]
fn bytes_arrive_once_and_in_order() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.expect_error(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 10,
        },
        10035,
    );
    assert_eq!(hosts.send(CLIENT, client, b"hello "), 6);
    assert_eq!(hosts.send(CLIENT, client, b"world"), 5);
    hosts.run(SECOND);
    let count = Call::BytesReadable { socket: server };
    assert_eq!(hosts.call(SERVER, count.clone()), Reply::BytesReadable(11));
    let Reply::Received(first) = hosts.call(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 4,
        },
    ) else {
        panic!("data was there");
    };
    assert_eq!(first.as_slice(), b"hell");
    let mut rest = Vec::new();
    while hosts.call(SERVER, count.clone()) != Reply::BytesReadable(0) {
        rest.extend(hosts.receive(SERVER, server));
    }
    assert_eq!(rest, b"o world");
    hosts.expect_error(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 10,
        },
        10035,
    );
}

#[test]
fn sending_zero_bytes_succeeds_even_without_space() {
    let mut hosts = Hosts::nt4();
    let (client, _) = hosts.connected();
    assert_eq!(hosts.send(CLIENT, client, b""), 0);
    hosts.fill(CLIENT, client);
    assert_eq!(hosts.send(CLIENT, client, b""), 0);
}

/// WSAESHUTDOWN for sending; the other direction stays open.
#[test]
fn after_shutdown_send_fails_with_10058_and_receive_succeeds() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.send(CLIENT, client, b"last");
    hosts.expect_done(CLIENT, Call::Shutdown { socket: client });
    hosts.expect_done(CLIENT, Call::Shutdown { socket: client });
    hosts.expect_error(
        CLIENT,
        Call::Send {
            socket: client,
            bytes: bytes(b"x"),
        },
        10058,
    );
    hosts.run(SECOND);
    assert_eq!(hosts.receive(SERVER, server), b"last");
    assert_eq!(hosts.receive(SERVER, server), b"", "end of stream");
    assert_eq!(hosts.receive(SERVER, server), b"", "and again");
    hosts.send(SERVER, server, b"answer");
    hosts.run(SECOND);
    assert_eq!(hosts.receive(CLIENT, client), b"answer");
}

/// WSAECONNRESET: hard close by the peer.
#[test]
fn after_a_reset_every_call_fails_with_10054() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.select(CLIENT, client, OPEN);
    hosts.recorded(CLIENT, client);
    hosts.expect_done(
        SERVER,
        Call::SetHardClose {
            socket: server,
            on: true,
        },
    );
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.run(SECOND);
    let error = Some(SocketError::ConnectionReset);
    let expected = EnumeratedEvents {
        events: NetworkEvents::CLOSE,
        connect: None,
        close: error,
    };
    assert_eq!(hosts.recorded(CLIENT, client), expected);
    hosts.expect_error(
        CLIENT,
        Call::Send {
            socket: client,
            bytes: bytes(b"x"),
        },
        10054,
    );
    hosts.expect_error(
        CLIENT,
        Call::Receive {
            socket: client,
            limit: 1,
        },
        10054,
    );
    hosts.expect_error(CLIENT, Call::Shutdown { socket: client }, 10057);
    let label = hosts.label();
    let to = crate::two_hosts::TO_SERVER;
    hosts.expect_error(
        CLIENT,
        Call::Connect {
            socket: client,
            to,
            label,
        },
        10056,
    );
}

/// WSAECONNABORTED: local abort after all retransmissions (Q140552: 5 on NT).
#[test]
fn a_peer_that_does_not_answer_leads_to_10053() {
    let mut hosts = Hosts::nt4();
    let (client, _) = hosts.connected();
    hosts.select(CLIENT, client, OPEN);
    hosts.recorded(CLIENT, client);
    hosts.cut();
    hosts.send(CLIENT, client, b"anybody?");
    hosts.run(200 * SECOND);
    let events = hosts.recorded(CLIENT, client);
    let error = Some(SocketError::ConnectionAborted);
    assert_eq!((events.events, events.close), (NetworkEvents::CLOSE, error));
    hosts.expect_error(
        CLIENT,
        Call::Send {
            socket: client,
            bytes: bytes(b"x"),
        },
        10053,
    );
    let state = hosts.tables[CLIENT]
        .open_sockets()
        .next()
        .map(|it| it.state);
    assert_eq!(
        state,
        Some(SocketState::Broken(SocketError::ConnectionAborted))
    );
}

/// Q140325: an idle connection notices only with keep-alive (two hours, then probes).
#[test]
fn an_idle_connection_detects_a_dead_peer_only_with_keep_alive() {
    for keep_alive in [false, true] {
        let mut hosts = Hosts::nt4();
        let (client, _) = hosts.connected();
        hosts.expect_done(
            CLIENT,
            Call::SetKeepAlive {
                socket: client,
                on: keep_alive,
            },
        );
        hosts.cut();
        hosts.run(3 * 3600 * SECOND);
        let state = hosts.tables[CLIENT]
            .open_sockets()
            .next()
            .map(|it| it.state);
        let broken = SocketState::Broken(SocketError::ConnectionAborted);
        assert_eq!(
            state,
            Some(if keep_alive {
                broken
            } else {
                SocketState::Connected
            })
        );
    }
}

#[test]
fn a_connection_to_the_wrong_port_never_reaches_the_listener() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let socket = hosts.socket(CLIENT);
    let to = winsock::SocketAddress::new(crate::two_hosts::ADDRESSES[SERVER], PORT + 1);
    let label = hosts.label();
    hosts.expect_error(CLIENT, Call::Connect { socket, to, label }, 10035);
    hosts.run(100 * MILLISECOND);
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10035);
}

/// The option belongs to the socket: it applies to a later connection and is inherited by accept.
#[test]
fn keep_alive_set_before_the_connection_applies_to_it() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.socket(CLIENT);
    let on = |socket| Call::SetKeepAlive { socket, on: true };
    hosts.expect_done(CLIENT, on(client));
    hosts.expect_done(SERVER, on(listener));
    hosts.connect(client);
    hosts.run(SECOND);
    let server = hosts.accept(listener);
    hosts.cut();
    hosts.run(3 * 3600 * SECOND);
    for (host, socket) in [(CLIENT, client), (SERVER, server)] {
        hosts.expect_error(host, Call::Receive { socket, limit: 1 }, 10053);
    }
}
