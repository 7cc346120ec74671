//! `connect`: its immediate answer and its result.

use tcp::Unreachable;
use winsock::{
    Call, Config, EnumeratedEvents, FlowLabel, NetworkEvents, SocketAddress, SocketError,
    SocketState, WinsockVersion,
};

use crate::two_hosts::{
    ADDRESSES, CLIENT, Hosts, MILLISECOND, OPENING, PORT, SECOND, SERVER, TO_SERVER,
};

const LABEL: FlowLabel = FlowLabel(1);

fn failed(error: SocketError) -> EnumeratedEvents {
    EnumeratedEvents {
        events: NetworkEvents::CONNECT,
        connect: Some(error),
        close: None,
    }
}

/// connect page: a non-blocking connect answers WSAEWOULDBLOCK; FD_CONNECT reports the result.
#[test]
fn connect_answers_10035_and_then_records_fd_connect() {
    let mut hosts = Hosts::nt4();
    hosts.listener();
    let client = hosts.socket(CLIENT);
    let event = hosts.select(CLIENT, client, OPENING);
    hosts.connect(client);
    assert!(!hosts.is_signalled(CLIENT, event));
    hosts.run(SECOND);
    assert!(hosts.is_signalled(CLIENT, event));
    let events = hosts.recorded(CLIENT, client);
    assert_eq!(
        (events.events, events.connect),
        (NetworkEvents::CONNECT, None)
    );
}

/// connect page: WSAEALREADY; WSAEINVAL for WinSock 1.1 programs.
#[test]
fn a_second_connect_while_one_is_pending_fails_with_10037_or_10022() {
    for (version, code) in [(WinsockVersion::V2_0, 10037), (WinsockVersion::V1_1, 10022)] {
        let config = |address| Config {
            version,
            ..Config::nt4(address)
        };
        let mut hosts = Hosts::new(ADDRESSES.map(config));
        hosts.cut();
        let socket = hosts.connecting();
        hosts.expect_error(
            CLIENT,
            Call::Connect {
                socket,
                to: TO_SERVER,
                label: LABEL,
            },
            code,
        );
    }
}

#[test]
fn a_connected_socket_answers_10056_and_a_listener_10022() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.connecting();
    hosts.run(SECOND);
    let to = TO_SERVER;
    hosts.expect_error(
        CLIENT,
        Call::Connect {
            socket: client,
            to,
            label: LABEL,
        },
        10056,
    );
    hosts.expect_error(
        SERVER,
        Call::Connect {
            socket: listener,
            to,
            label: LABEL,
        },
        10022,
    );
}

#[test]
fn an_address_without_host_or_port_fails_with_10049() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(CLIENT);
    for to in [
        SocketAddress::new(0, PORT),
        SocketAddress::new(ADDRESSES[SERVER], 0),
    ] {
        hosts.expect_error(
            CLIENT,
            Call::Connect {
                socket,
                to,
                label: LABEL,
            },
            10049,
        );
    }
    assert!(hosts.sent.is_empty());
}

/// Q140552, Q200770: SYNs at 0, 3, 9, 21 s, failure after 45 s. connect page: after 10060 the
/// same socket may connect again.
#[test]
fn unanswered_syns_lead_to_10060_and_connect_may_be_repeated() {
    let mut hosts = Hosts::nt4();
    hosts.listener();
    hosts.cut();
    let client = hosts.socket(CLIENT);
    hosts.select(CLIENT, client, OPENING);
    hosts.connect(client);
    hosts.run(44 * SECOND);
    assert_eq!(hosts.recorded(CLIENT, client), EnumeratedEvents::default());
    let times: Vec<u64> = hosts.sent.iter().map(|(at, ..)| at / SECOND).collect();
    assert_eq!(times, [0, 3, 9, 21]);
    hosts.run(2 * SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, client),
        failed(SocketError::TimedOut)
    );

    hosts.restore();
    hosts.connect(client);
    hosts.run(SECOND);
    let events = hosts.recorded(CLIENT, client);
    assert_eq!(
        (events.events, events.connect),
        (NetworkEvents::CONNECT, None)
    );
}

/// Q175523: NT sends the SYN again after a RST. connect page: after 10061 the same
/// socket may connect again.
#[test]
fn a_refused_connect_leads_to_10061_and_connect_may_be_repeated() {
    let mut hosts = Hosts::nt4();
    let client = hosts.socket(CLIENT);
    hosts.select(CLIENT, client, OPENING);
    hosts.connect(client);
    hosts.run(30 * SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, client),
        failed(SocketError::ConnectionRefused)
    );

    hosts.listener();
    hosts.connect(client);
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(CLIENT, client).connect, None);
    let state = hosts.tables[CLIENT]
        .open_sockets()
        .next()
        .expect("one socket is open")
        .state;
    assert_eq!(state, SocketState::Connected);
}

/// The resets that answer a retransmitted SYN are equal except for their attempt.
#[test]
fn equal_resets_have_different_attempts() {
    let mut hosts = Hosts::nt4();
    hosts.connecting();
    hosts.run(30 * SECOND);
    let answers = hosts.sent.iter().filter(|(_, host, _)| *host == SERVER);
    let attempts: Vec<u32> = answers
        .map(|(.., outgoing)| outgoing.transmit.attempt)
        .collect();
    assert!(attempts.len() > 1, "the SYN was not sent again");
    assert!(
        attempts.iter().copied().eq(0..attempts.len() as u32),
        "{attempts:?}"
    );
}

/// WSAENETUNREACH: "no route known". Nothing is sent and nothing recorded.
#[test]
fn without_a_route_connect_fails_with_10051_and_may_be_repeated() {
    let mut hosts = Hosts::nt4();
    hosts.listener();
    let socket = hosts.socket(CLIENT);
    hosts.select(CLIENT, socket, OPENING);
    hosts.tables[CLIENT].set_route(ADDRESSES[SERVER], false);
    hosts.expect_error(
        CLIENT,
        Call::Connect {
            socket,
            to: TO_SERVER,
            label: LABEL,
        },
        10051,
    );
    hosts.run(SECOND);
    assert!(hosts.sent.is_empty());
    assert_eq!(hosts.recorded(CLIENT, socket), EnumeratedEvents::default());

    hosts.tables[CLIENT].set_route(ADDRESSES[SERVER], true);
    hosts.connect(socket);
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, socket).events,
        NetworkEvents::CONNECT
    );
}

/// Q152941, Q154301: connect ends in 10051 in the field.
#[test]
fn an_icmp_error_ends_a_pending_connect_with_10051() {
    let mut hosts = Hosts::nt4();
    hosts.cut();
    let client = hosts.socket(CLIENT);
    hosts.select(CLIENT, client, OPENING);
    hosts.connect(client);
    let syn = hosts.sent[0].2.transmit.segment.clone();
    let (local, number) = (
        SocketAddress::new(ADDRESSES[CLIENT], syn.source_port),
        syn.sequence,
    );
    let now = hosts.now();
    let wrong = SocketAddress::new(ADDRESSES[SERVER], PORT + 1);
    hosts.tables[CLIENT].on_unreachable(now, local, wrong, Unreachable::Soft, number);
    assert_eq!(hosts.recorded(CLIENT, client), EnumeratedEvents::default());
    hosts.tables[CLIENT].on_unreachable(now, local, TO_SERVER, Unreachable::Soft, number);
    assert_eq!(
        hosts.recorded(CLIENT, client),
        failed(SocketError::NetworkUnreachable)
    );
    hosts.connect(client);
}

/// RFC 1122 4.2.3.9: soft errors do not abort an established connection.
#[test]
fn an_icmp_error_does_not_affect_an_established_connection() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let connection = hosts.tables[CLIENT]
        .connections()
        .next()
        .expect("one connection");
    let now = hosts.now();
    hosts.tables[CLIENT].on_unreachable(
        now,
        connection.local,
        connection.remote,
        Unreachable::Soft,
        tcp::SeqNum::default(),
    );
    hosts.send(CLIENT, client, b"still here");
    hosts.run(SECOND);
    assert_eq!(hosts.receive(SERVER, server), b"still here");
}

/// WSAENOBUFS: connections in TIME-WAIT hold their ports (Q149532).
#[test]
fn ports_in_time_wait_are_not_available() {
    let config = |address| Config {
        ephemeral_ports: 1024..=1025,
        ..Config::nt4(address)
    };
    let mut hosts = Hosts::new(ADDRESSES.map(config));
    let listener = hosts.listener();
    for _ in 0..2 {
        let client = hosts.connecting();
        hosts.run(SECOND);
        let server = hosts.accept(listener);
        hosts.expect_done(CLIENT, Call::Close { socket: client });
        hosts.run(SECOND);
        hosts.expect_done(SERVER, Call::Close { socket: server });
        hosts.run(SECOND);
    }
    assert!(
        hosts.tables[CLIENT]
            .connections()
            .all(|c| c.state == tcp::State::TimeWait)
    );
    assert_eq!(hosts.tables[CLIENT].connections().count(), 2);
    let socket = hosts.socket(CLIENT);
    hosts.expect_error(
        CLIENT,
        Call::Connect {
            socket,
            to: TO_SERVER,
            label: LABEL,
        },
        10055,
    );
    hosts.run(241 * SECOND);
    hosts.connect(socket);
}

/// A bound port can connect to another address, but an address pair in use is not available.
#[test]
fn an_address_pair_in_time_wait_fails_with_10048() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.socket(CLIENT);
    hosts.expect_done(
        CLIENT,
        Call::Bind {
            socket: client,
            port: 2000,
        },
    );
    hosts.connect(client);
    hosts.run(SECOND);
    let server = hosts.accept(listener);
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.run(SECOND);

    let again = hosts.socket(CLIENT);
    hosts.expect_done(
        CLIENT,
        Call::Bind {
            socket: again,
            port: 2000,
        },
    );
    let connect = Call::Connect {
        socket: again,
        to: TO_SERVER,
        label: LABEL,
    };
    hosts.expect_error(CLIENT, connect, 10048);
    let elsewhere = SocketAddress::new(ADDRESSES[SERVER], PORT + 1);
    let connect = Call::Connect {
        socket: again,
        to: elsewhere,
        label: LABEL,
    };
    hosts.expect_error(CLIENT, connect, 10035);
}

/// The network's random choices depend on sequence numbers, which must not depend on ports.
#[test]
fn sequence_numbers_depend_on_the_label_and_not_on_earlier_connections() {
    let first_syn = |opened_before: usize| {
        let mut hosts = Hosts::nt4();
        for _ in 0..opened_before {
            let socket = hosts.socket(CLIENT);
            hosts.expect_done(CLIENT, Call::Bind { socket, port: 0 });
        }
        let socket = hosts.socket(CLIENT);
        let connect = Call::Connect {
            socket,
            to: TO_SERVER,
            label: FlowLabel(99),
        };
        hosts.expect_error(CLIENT, connect, 10035);
        hosts.run(MILLISECOND / 2);
        hosts.sent[0].2.transmit.segment.clone()
    };
    let (alone, after) = (first_syn(0), first_syn(3));
    assert_ne!(alone.source_port, after.source_port);
    assert_eq!(alone.sequence, after.sequence);
}
