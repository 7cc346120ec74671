//! Binding, listening, the backlog, accepting.

use winsock::{Call, Config, EnumeratedEvents, FlowLabel, FullBacklog, NetworkEvents, SocketState};

use crate::hosts::{
    ADDRESSES, CLIENT, Hosts, MILLISECOND, OPENING, PORT, SECOND, SERVER, TO_SERVER,
};

#[test]
fn a_port_is_bound_once() {
    let mut hosts = Hosts::nt4();
    let (one, other) = (hosts.socket(SERVER), hosts.socket(SERVER));
    hosts.does(
        SERVER,
        Call::Bind {
            socket: one,
            port: PORT,
        },
    );
    hosts.fails(
        SERVER,
        Call::Bind {
            socket: other,
            port: PORT,
        },
        10048,
    );
    hosts.fails(
        SERVER,
        Call::Bind {
            socket: one,
            port: PORT + 1,
        },
        10022,
    );
    hosts.does(SERVER, Call::Close { socket: one });
    hosts.does(
        SERVER,
        Call::Bind {
            socket: other,
            port: PORT,
        },
    );
}

#[test]
fn a_server_restarts_on_its_port_while_old_connections_end() {
    let mut hosts = Hosts::nt4();
    let (_, server) = hosts.connected();
    hosts.does(SERVER, Call::Close { socket: server });
    assert_eq!(hosts.tables[SERVER].connections().count(), 1);
    hosts.listener();
}

/// listen page: WSAEINVAL without bind, WSAEISCONN if connected; on a listener no effect.
#[test]
fn listen_wants_a_bound_socket_that_is_not_connected() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(SERVER);
    hosts.fails(SERVER, Call::Listen { socket, backlog: 5 }, 10022);
    let listener = hosts.listener();
    hosts.does(
        SERVER,
        Call::Listen {
            socket: listener,
            backlog: 9,
        },
    );
    let client = hosts.connecting();
    hosts.fails(
        CLIENT,
        Call::Listen {
            socket: client,
            backlog: 5,
        },
        10022,
    );
    hosts.run(SECOND);
    hosts.fails(
        CLIENT,
        Call::Listen {
            socket: client,
            backlog: 5,
        },
        10056,
    );
}

#[test]
fn accept_wants_a_listener_and_a_connection() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(SERVER);
    hosts.fails(SERVER, Call::Accept { socket }, 10022);
    let listener = hosts.listener();
    hosts.fails(SERVER, Call::Accept { socket: listener }, 10035);
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
        open.find(|facts| facts.handle == socket)
            .and_then(|facts| facts.local_port)
    };
    for client in clients {
        let (_, from) = hosts.tables[SERVER].accept(listener).expect("one waits");
        assert_eq!(Some(from.port), port_of(&hosts, client));
    }
}

/// NT answers RST when the backlog is full, so the caller ends in 10061; Linux drops the SYN
/// and takes the next one when there is room.
#[test]
fn a_full_backlog_refuses_or_ignores() {
    for (full_backlog, fails) in [(FullBacklog::Reset, true), (FullBacklog::Ignore, false)] {
        let config = |address| Config {
            full_backlog,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        let listener = hosts.socket(SERVER);
        hosts.does(
            SERVER,
            Call::Bind {
                socket: listener,
                port: PORT,
            },
        );
        hosts.does(
            SERVER,
            Call::Listen {
                socket: listener,
                backlog: 1,
            },
        );
        hosts.connecting();
        let second = hosts.socket(CLIENT);
        hosts.select(CLIENT, second, OPENING);
        hosts.connect(second);
        hosts.run(2500 * MILLISECOND);
        let waiting = hosts.tables[SERVER]
            .open_sockets()
            .next()
            .expect("the listener")
            .state;
        assert_eq!(waiting, SocketState::Listening { waiting: 1 });
        let failed = hosts
            .recorded(CLIENT, second)
            .connect
            .map(winsock::SocketError::code);
        assert_eq!(failed, fails.then_some(10061));
        hosts.accept(listener);
        hosts.run(2 * SECOND);
        let now_open = hosts.recorded(CLIENT, second).events;
        let expected = if fails {
            NetworkEvents::NONE
        } else {
            NetworkEvents::CONNECT
        };
        assert_eq!(now_open, expected);
    }
}

/// Q127144: the backlog is cut to the system's maximum; zero still takes one.
#[test]
fn the_backlog_is_cut_to_its_limits() {
    for (asked, limit, expected) in [(0, 200, 1), (3, 2, 2), (500, 3, 3)] {
        let config = |address| Config {
            backlog_limit: limit,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        let listener = hosts.socket(SERVER);
        hosts.does(
            SERVER,
            Call::Bind {
                socket: listener,
                port: PORT,
            },
        );
        hosts.does(
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

/// Q142641: SYN-ACKs nobody acknowledges are given up; the program never hears of them.
#[test]
fn a_half_open_connection_leaves_the_backlog() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPENING);
    // The SYN arrives, nothing after it.
    let mut first = true;
    hosts.fate = Box::new(move |_| {
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
    hosts.does(
        CLIENT,
        Call::SetHardClose {
            socket: client,
            on: true,
        },
    );
    hosts.does(CLIENT, Call::Close { socket: client });
    hosts.connecting();
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    hosts.fails(SERVER, Call::Accept { socket: listener }, 10054);
    // The failed accept enabled FD_ACCEPT, and the second connection still waits.
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    hosts.accept(listener);
    hosts.fails(SERVER, Call::Accept { socket: listener }, 10035);
}

#[test]
fn a_closed_listener_resets_what_waited_and_refuses_what_comes() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.connecting();
    hosts.run(SECOND);
    hosts.does(SERVER, Call::Close { socket: listener });
    hosts.run(SECOND);
    hosts.fails(
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

/// WSAEMFILE leaves the connection in the queue.
#[test]
fn accept_without_room_for_a_handle_fails_with_10024_and_keeps_the_connection() {
    let config = |address| Config {
        handle_limit: 2,
        ..Config::nt4(address)
    };
    let mut hosts = Hosts::new(ADDRESSES.map(config));
    let listener = hosts.listener();
    let other = hosts.socket(SERVER);
    hosts.fails(SERVER, Call::Socket, 10024);
    hosts.fails(SERVER, Call::CreateEvent, 10024);
    hosts.connecting();
    hosts.run(SECOND);
    hosts.fails(SERVER, Call::Accept { socket: listener }, 10024);
    hosts.does(SERVER, Call::Close { socket: other });
    hosts.accept(listener);
}

/// The label of what the acceptor sends is that of the arriving SYN, reversed.
#[test]
fn each_direction_has_its_own_label() {
    let mut hosts = Hosts::nt4();
    hosts.listener();
    let socket = hosts.socket(CLIENT);
    let label = FlowLabel(77);
    hosts.fails(
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
