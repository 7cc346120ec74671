//! Bind, listen, the backlog, accept.

use winsock::{
    Call, Config, EnumeratedEvents, FlowLabel, FullBacklog, NetworkEvents, SocketHandle,
    SocketState,
};

use crate::two_hosts::{
    ADDRESSES, CLIENT, Hosts, MILLISECOND, OPENING, PORT, SECOND, SERVER, TO_SERVER,
};

#[test]
fn a_port_is_bound_once() {
    let mut hosts = Hosts::nt4();
    let (one, other) = (hosts.socket(SERVER), hosts.socket(SERVER));
    hosts.expect_done(
        SERVER,
        Call::Bind {
            socket: one,
            port: PORT,
        },
    );
    hosts.expect_error(
        SERVER,
        Call::Bind {
            socket: other,
            port: PORT,
        },
        10048,
    );
    hosts.expect_error(
        SERVER,
        Call::Bind {
            socket: one,
            port: PORT + 1,
        },
        10022,
    );
    hosts.expect_done(SERVER, Call::Close { socket: one });
    hosts.expect_done(
        SERVER,
        Call::Bind {
            socket: other,
            port: PORT,
        },
    );
}

#[test]
fn a_port_can_be_bound_again_while_old_connections_end() {
    let mut hosts = Hosts::nt4();
    let (_, server) = hosts.connected();
    hosts.expect_done(SERVER, Call::Close { socket: server });
    assert_eq!(hosts.tables[SERVER].connections().count(), 1);
    hosts.listener();
}

/// listen page: WSAEINVAL without bind, WSAEISCONN if connected; on a listener no effect.
#[test]
fn listen_requires_a_bound_and_unconnected_socket() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(SERVER);
    hosts.expect_error(SERVER, Call::Listen { socket, backlog: 5 }, 10022);
    let listener = hosts.listener();
    hosts.expect_done(
        SERVER,
        Call::Listen {
            socket: listener,
            backlog: 9,
        },
    );
    let client = hosts.connecting();
    hosts.expect_error(
        CLIENT,
        Call::Listen {
            socket: client,
            backlog: 5,
        },
        10022,
    );
    hosts.run(SECOND);
    hosts.expect_error(
        CLIENT,
        Call::Listen {
            socket: client,
            backlog: 5,
        },
        10056,
    );
}

#[test]
fn accept_requires_a_listener_and_a_connection() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(SERVER);
    hosts.expect_error(SERVER, Call::Accept { socket }, 10022);
    let listener = hosts.listener();
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10035);
}

#[test]
fn connections_are_accepted_in_the_order_they_were_established() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let client = hosts.connecting();
            hosts.run(10 * MILLISECOND);
            client
        })
        .collect();
    let port_of = |hosts: &Hosts, socket| {
        let mut open = hosts.tables[CLIENT].open_sockets();
        open.find(|it| it.handle == socket)
            .and_then(|it| it.local_port)
    };
    for client in clients {
        let (_, from) = hosts.tables[SERVER]
            .accept(listener)
            .expect("a connection waits");
        assert_eq!(Some(from.port), port_of(&hosts, client));
    }
}

/// Hosts with this behaviour of a full backlog, and a listener with a backlog of 1.
fn with_a_backlog_of_one(full_backlog: FullBacklog) -> (Hosts, SocketHandle) {
    let config = |address| Config {
        full_backlog,
        ..Config::nt4(address)
    };
    let mut hosts = Hosts::new(ADDRESSES.map(config));
    let listener = hosts.socket(SERVER);
    hosts.expect_done(
        SERVER,
        Call::Bind {
            socket: listener,
            port: PORT,
        },
    );
    hosts.expect_done(
        SERVER,
        Call::Listen {
            socket: listener,
            backlog: 1,
        },
    );
    (hosts, listener)
}

/// A socket that connects, and whose events are recorded.
fn opening(hosts: &mut Hosts) -> SocketHandle {
    let socket = hosts.socket(CLIENT);
    hosts.select(CLIENT, socket, OPENING);
    hosts.connect(socket);
    socket
}

fn waiting(hosts: &Hosts) -> usize {
    let listener = hosts.tables[SERVER].open_sockets().next();
    match listener.expect("the listener").state {
        SocketState::Listening { waiting } => waiting,
        other => panic!("{other:?}"),
    }
}

/// NT sends RST, so the client gets 10061.
#[test]
fn a_full_backlog_of_nt_resets_a_syn() {
    let (mut hosts, listener) = with_a_backlog_of_one(FullBacklog::Reset);
    hosts.connecting();
    let second = opening(&mut hosts);
    hosts.run(2500 * MILLISECOND);
    assert_eq!(waiting(&hosts), 1);
    let failed = hosts.recorded(CLIENT, second).connect;
    assert_eq!(failed.map(winsock::SocketError::code), Some(10061));
    hosts.accept(listener);
    hosts.run(2 * SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, second).events,
        NetworkEvents::empty()
    );
}

/// Linux holds one established connection more than the backlog (`sk_acceptq_is_full`), drops a SYN
/// beyond, and accepts the next one once there is room.
#[test]
fn a_full_backlog_of_linux_ignores_a_syn() {
    let (mut hosts, listener) = with_a_backlog_of_one(FullBacklog::Ignore);
    for _ in 0..2 {
        hosts.connecting();
        hosts.run(100 * MILLISECOND);
    }
    let third = opening(&mut hosts);
    hosts.run(2500 * MILLISECOND);
    assert_eq!(waiting(&hosts), 2);
    assert_eq!(hosts.recorded(CLIENT, third), EnumeratedEvents::default());
    hosts.accept(listener);
    hosts.run(4 * SECOND);
    let open = hosts.recorded(CLIENT, third).events;
    assert_eq!(open, NetworkEvents::CONNECT);
}

/// Half-open connections do not count on Linux: all clients are connected, and those without room are
/// established at the server when it repeats its SYN-ACK and there is room.
#[test]
fn a_full_backlog_of_linux_holds_back_what_is_half_open() {
    let (mut hosts, listener) = with_a_backlog_of_one(FullBacklog::Ignore);
    let clients: Vec<SocketHandle> = (0..5).map(|_| opening(&mut hosts)).collect();
    hosts.run(500 * MILLISECOND);
    for client in clients {
        let open = hosts.recorded(CLIENT, client).events;
        assert_eq!(open, NetworkEvents::CONNECT);
    }
    // Two are established, and three half-open.
    assert_eq!(waiting(&hosts), 5);
    for _ in 0..2 {
        hosts.accept(listener);
    }
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10035);
    hosts.run(5 * SECOND);
    for _ in 0..2 {
        hosts.accept(listener);
    }
    hosts.run(10 * SECOND);
    hosts.accept(listener);
    assert_eq!(waiting(&hosts), 0);
}

/// Q127144: the backlog is reduced to the system's maximum; zero allows one connection.
#[test]
fn the_backlog_is_clamped_to_its_limits() {
    for (asked, limit, expected) in [(0, 200, 1), (3, 2, 2), (500, 3, 3)] {
        let config = |address| Config {
            backlog_limit: limit,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        let listener = hosts.socket(SERVER);
        hosts.expect_done(
            SERVER,
            Call::Bind {
                socket: listener,
                port: PORT,
            },
        );
        hosts.expect_done(
            SERVER,
            Call::Listen {
                socket: listener,
                backlog: asked,
            },
        );
        for _ in 0..5 {
            hosts.connecting();
        }
        hosts.run(SECOND);
        let state = hosts.tables[SERVER]
            .open_sockets()
            .next()
            .expect("the listener")
            .state;
        assert_eq!(state, SocketState::Listening { waiting: expected });
    }
}

/// Q142641: an unacknowledged SYN-ACK times out; the program does not learn of it.
#[test]
fn a_half_open_connection_leaves_the_backlog() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPENING);
    // Only the first SYN arrives.
    let mut first = true;
    hosts.link = Box::new(move |_| {
        if std::mem::take(&mut first) {
            vec![1]
        } else {
            vec![]
        }
    });
    hosts.connecting();
    hosts.run(40 * SECOND);
    let state = |hosts: &Hosts| hosts.tables[SERVER].open_sockets().next().map(|s| s.state);
    assert_eq!(state(&hosts), Some(SocketState::Listening { waiting: 1 }));
    hosts.run(10 * SECOND);
    assert_eq!(state(&hosts), Some(SocketState::Listening { waiting: 0 }));
    assert_eq!(
        hosts.recorded(SERVER, listener),
        EnumeratedEvents::default()
    );
    assert_eq!(hosts.tables[SERVER].connections().count(), 0);
}

/// WSAAccept page, WSAECONNRESET: indicated, then terminated by the peer before accept.
#[test]
fn a_connection_reset_before_accept_answers_10054_once() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPENING);
    let client = hosts.connecting();
    hosts.run(SECOND);
    hosts.expect_done(
        CLIENT,
        Call::SetHardClose {
            socket: client,
            on: true,
        },
    );
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.connecting();
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10054);
    // The failed accept enabled FD_ACCEPT, and the second connection waits.
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    hosts.accept(listener);
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10035);
}

#[test]
fn closing_a_listener_resets_its_backlog_and_later_connects() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.connecting();
    hosts.run(SECOND);
    hosts.expect_done(SERVER, Call::Close { socket: listener });
    hosts.run(SECOND);
    hosts.expect_error(
        CLIENT,
        Call::Receive {
            socket: client,
            limit: 1,
        },
        10054,
    );
    assert_eq!(hosts.tables[SERVER].connections().count(), 0);
    let late = hosts.socket(CLIENT);
    hosts.select(CLIENT, late, OPENING);
    hosts.connect(late);
    hosts.run(30 * SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, late).connect.map(|e| e.code()),
        Some(10061)
    );
}

/// WSAEMFILE leaves the connection in the backlog.
#[test]
fn accept_without_a_free_handle_fails_with_10024_and_keeps_the_connection() {
    let config = |address| Config {
        handle_limit: 2,
        ..Config::nt4(address)
    };
    let mut hosts = Hosts::new(ADDRESSES.map(config));
    let listener = hosts.listener();
    let other = hosts.socket(SERVER);
    hosts.expect_error(SERVER, Call::Socket, 10024);
    hosts.expect_error(SERVER, Call::CreateEvent, 10024);
    hosts.connecting();
    hosts.run(SECOND);
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10024);
    hosts.expect_done(SERVER, Call::Close { socket: other });
    hosts.accept(listener);
}

/// The acceptor sends under the reversed label of the SYN.
#[test]
fn each_direction_has_its_own_label() {
    let mut hosts = Hosts::nt4();
    hosts.listener();
    let socket = hosts.socket(CLIENT);
    let label = FlowLabel(77);
    hosts.expect_error(
        CLIENT,
        Call::Connect {
            socket,
            to: TO_SERVER,
            label,
        },
        10035,
    );
    hosts.run(SECOND);
    for (_, host, outgoing) in &hosts.sent {
        let expected = if *host == CLIENT {
            label
        } else {
            label.reversed()
        };
        assert_eq!(outgoing.label, expected);
    }
    assert!(hosts.sent.iter().any(|(_, host, _)| *host == SERVER));
}
