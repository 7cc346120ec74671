//! `WSAEventSelect` and `WSAEnumNetworkEvents`, rule by rule of their documentation.

use winsock::{Call, EnumeratedEvents, NetworkEvents, Reply, SocketError};

use crate::two_hosts::{CLIENT, Hosts, OPEN, OPENING, SECOND, SERVER};

const NOTHING: EnumeratedEvents = EnumeratedEvents {
    events: NetworkEvents::empty(),
    connect: None,
    close: None,
};

/// Connected sockets. `mask` is selected on the server's, and its record is empty.
fn selected(mask: NetworkEvents) -> (Hosts, winsock::SocketHandle, winsock::SocketHandle) {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.select(SERVER, server, mask);
    hosts.recorded(SERVER, server);
    (hosts, client, server)
}

/// Q303102's log: `R/W/Cl events on cb 2`, then `Events 3 notified for cb 2`.
#[test]
fn selecting_read_and_write_on_an_accepted_socket_with_data_gives_events_3() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.send(CLIENT, client, b"connection request");
    hosts.run(SECOND);
    let event = hosts.select(SERVER, server, OPEN);
    assert!(hosts.is_signalled(SERVER, event));
    assert_eq!(hosts.recorded(SERVER, server).events.bits(), 3);
}

/// "FD_READ ... re-enabling function: recv": no second record until it is called.
#[test]
fn read_is_recorded_again_only_after_a_receive() {
    let (mut hosts, client, server) = selected(OPEN);
    hosts.send(CLIENT, client, b"one");
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
    hosts.send(CLIENT, client, b"two");
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);

    // Data is left: the receive records READ itself.
    hosts.call(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 1,
        },
    );
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
    while hosts.call(SERVER, Call::BytesReadable { socket: server }) != Reply::BytesReadable(0) {
        hosts.receive(SERVER, server);
    }
    hosts.recorded(SERVER, server);

    // No data is left: the failed receive enables READ, and the next segment records it.
    hosts.expect_error(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 1,
        },
        10035,
    );
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);
    hosts.send(CLIENT, client, b"three");
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
}

/// "Even if it fails": a receive with limit 0 answers 10035 although there is data.
#[test]
fn a_failed_receive_enables_read() {
    let (mut hosts, client, server) = selected(OPEN);
    hosts.send(CLIENT, client, b"one");
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);
    hosts.expect_error(
        SERVER,
        Call::Receive {
            socket: server,
            limit: 0,
        },
        10035,
    );
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
}

/// The same rule for FD_ACCEPT and accept.
#[test]
fn accept_is_recorded_again_only_after_an_accept() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPENING);
    for _ in 0..2 {
        hosts.connecting();
    }
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    hosts.connecting();
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, listener), NOTHING);
    for more in [true, true, false] {
        hosts.accept(listener);
        let expected = if more {
            NetworkEvents::ACCEPT
        } else {
            NetworkEvents::empty()
        };
        assert_eq!(hosts.recorded(SERVER, listener).events, expected);
    }
    hosts.expect_error(SERVER, Call::Accept { socket: listener }, 10035);
    hosts.connecting();
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
}

/// FD_WRITE: when connected, and "after send fails with WSAEWOULDBLOCK, when space".
#[test]
fn write_is_recorded_on_connect_and_then_only_after_a_10035() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let client = hosts.socket(CLIENT);
    hosts.select(CLIENT, client, OPEN);
    hosts.connect(client);
    hosts.run(SECOND);
    let server = hosts.accept(listener);
    assert_eq!(hosts.recorded(CLIENT, client).events, NetworkEvents::WRITE);

    hosts.send(CLIENT, client, b"small");
    hosts.run(SECOND);
    assert_eq!(hosts.receive(SERVER, server), b"small");
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(CLIENT, client),
        NOTHING,
        "no send has failed with 10035"
    );

    let total = hosts.fill(CLIENT, client);
    assert_eq!(hosts.recorded(CLIENT, client), NOTHING, "no space yet");
    let mut got = 0;
    while got < total {
        hosts.run(SECOND);
        let received = hosts.call(
            SERVER,
            Call::Receive {
                socket: server,
                limit: 65_536,
            },
        );
        let Reply::Received(bytes) = received else {
            panic!("{got} of {total}: {received:?}")
        };
        got += bytes.len();
    }
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(CLIENT, client).events, NetworkEvents::WRITE);
    assert_eq!(hosts.recorded(CLIENT, client), NOTHING, "once");
}

/// FD_CLOSE has no re-enabling function, and the end of the stream is reported by it only.
#[test]
fn close_is_recorded_once_with_data_still_unread() {
    let (mut hosts, client, server) = selected(OPEN);
    hosts.send(CLIENT, client, b"bye");
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    let events = hosts.recorded(SERVER, server);
    assert_eq!(events.events, NetworkEvents::READ | NetworkEvents::CLOSE);
    assert_eq!(events.close, None, "graceful");
    assert_eq!(hosts.receive(SERVER, server), b"bye");
    assert_eq!(hosts.receive(SERVER, server), b"");
    hosts.run(SECOND);
    assert_eq!(
        hosts.recorded(SERVER, server),
        NOTHING,
        "no FD_READ for the end of stream"
    );
}

/// A recorded CLOSE is cleared by a new selection and has no re-enabling function.
#[test]
fn a_recorded_close_is_lost_by_a_new_selection() {
    let (mut hosts, client, server) = selected(OPENING);
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    hosts.select(SERVER, server, OPEN);
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::WRITE);
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);
    assert_eq!(
        hosts.receive(SERVER, server),
        b"",
        "a receive still returns the end of the stream"
    );
}

/// The same rule for CONNECT, successful or failed.
#[test]
fn a_recorded_connect_is_lost_by_a_new_selection() {
    for listens in [false, true] {
        let mut hosts = Hosts::nt4();
        if listens {
            hosts.listener();
        }
        let client = hosts.socket(CLIENT);
        hosts.select(CLIENT, client, OPENING);
        hosts.connect(client);
        hosts.run(30 * SECOND);
        hosts.select(CLIENT, client, OPENING);
        assert_eq!(hosts.recorded(CLIENT, client), NOTHING);
    }
}

/// A selection records what was never recorded: "if the socket connection has been closed", "if
/// there is currently a connection established".
#[test]
fn close_and_connect_are_recorded_by_the_first_selection() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.select(CLIENT, client, OPENING);
    assert_eq!(
        hosts.recorded(CLIENT, client).events,
        NetworkEvents::CONNECT
    );
    hosts.expect_done(
        SERVER,
        Call::SetHardClose {
            socket: server,
            on: true,
        },
    );
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.select(CLIENT, client, NetworkEvents::READ);
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(CLIENT, client), NOTHING);
    hosts.select(CLIENT, client, OPEN);
    let events = hosts.recorded(CLIENT, client);
    let reset = Some(SocketError::ConnectionReset);
    assert_eq!((events.events, events.close), (NetworkEvents::CLOSE, reset));
}

/// "Any FD_XXX events of the new selection whose conditions hold": data, space, connections.
#[test]
fn read_and_accept_survive_a_new_selection() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPENING);
    let client = hosts.connecting();
    hosts.run(SECOND);
    hosts.select(SERVER, listener, OPENING);
    assert_eq!(
        hosts.recorded(SERVER, listener).events,
        NetworkEvents::ACCEPT
    );
    let server = hosts.accept(listener);
    hosts.select(SERVER, server, OPEN);
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    for _ in 0..2 {
        hosts.select(SERVER, server, OPEN);
        assert_eq!(hosts.recorded(SERVER, server).events.bits(), 3);
    }
}

/// Q303102's log: `0 events on new socket`, `Ac/Cl/Cn events for cb 2`, no `Events 16`.
#[test]
fn an_accepted_socket_inherits_event_and_mask_and_never_reports_connect() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let event = hosts.select(SERVER, listener, OPENING);
    let client = hosts.connecting();
    hosts.run(SECOND);
    let server = hosts.accept(listener);
    let snapshot = hosts.tables[SERVER]
        .open_sockets()
        .find(|it| it.handle == server);
    let snapshot = snapshot.expect("the socket is open");
    assert_eq!((snapshot.event, snapshot.mask), (Some(event), OPENING));
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);

    hosts.expect_done(SERVER, Call::ResetEvent { event });
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    assert!(
        hosts.is_signalled(SERVER, event),
        "the listener's event object is signalled"
    );
    hosts.select(SERVER, server, OPENING);
    assert_eq!(
        hosts.recorded(SERVER, server),
        NOTHING,
        "the new selection clears the record"
    );
}

#[test]
fn an_accepted_socket_reports_what_happened_before_it_was_accepted() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    hosts.select(SERVER, listener, OPEN | NetworkEvents::ACCEPT);
    let client = hosts.connecting();
    hosts.run(SECOND);
    hosts.send(CLIENT, client, b"early");
    hosts.expect_done(CLIENT, Call::Shutdown { socket: client });
    hosts.run(SECOND);
    let server = hosts.accept(listener);
    assert_eq!(hosts.recorded(SERVER, server).events, OPEN);
}

#[test]
fn an_empty_mask_cancels() {
    let (mut hosts, client, server) = selected(OPEN);
    let event = hosts.event(SERVER);
    hosts.expect_done(
        SERVER,
        Call::EventSelect {
            socket: server,
            event,
            mask: NetworkEvents::empty(),
        },
    );
    hosts.send(CLIENT, client, b"x");
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);
}

/// "Copies, clears and resets atomically; on error neither happens."
#[test]
fn a_failed_enumeration_neither_clears_nor_resets() {
    let (mut hosts, client, server) = selected(OPEN);
    let event = hosts.select(SERVER, server, OPEN);
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    let stale = hosts.event(SERVER);
    hosts.expect_done(SERVER, Call::CloseEvent { event: stale });
    hosts.expect_error(
        SERVER,
        Call::EnumEvents {
            socket: server,
            event: Some(stale),
        },
        10022,
    );
    let closed = hosts.socket(SERVER);
    hosts.expect_done(SERVER, Call::Close { socket: closed });
    hosts.expect_error(
        SERVER,
        Call::EnumEvents {
            socket: closed,
            event: Some(event),
        },
        10038,
    );
    assert!(hosts.is_signalled(SERVER, event));
    let enumerate = Call::EnumEvents {
        socket: server,
        event: Some(event),
    };
    let Reply::Events(events) = hosts.call(SERVER, enumerate) else {
        panic!("the socket is open")
    };
    assert_eq!(events.events.bits(), 3);
    assert!(!hosts.is_signalled(SERVER, event));
    assert_eq!(hosts.recorded(SERVER, server), NOTHING);
}

#[test]
fn selecting_for_a_stale_event_object_fails_and_keeps_the_old_selection() {
    let (mut hosts, client, server) = selected(OPEN);
    let stale = hosts.event(SERVER);
    hosts.expect_done(SERVER, Call::CloseEvent { event: stale });
    hosts.expect_error(
        SERVER,
        Call::EventSelect {
            socket: server,
            event: stale,
            mask: OPENING,
        },
        10022,
    );
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
}

/// A new connect on the same socket has its own CONNECT and CLOSE.
#[test]
fn a_new_connect_records_its_own_result() {
    let mut hosts = Hosts::nt4();
    let client = hosts.socket(CLIENT);
    hosts.select(CLIENT, client, OPENING);
    for _ in 0..3 {
        hosts.connect(client);
        hosts.run(60 * SECOND);
        let events = hosts.recorded(CLIENT, client);
        let refused = Some(SocketError::ConnectionRefused);
        assert_eq!(
            (events.events, events.connect),
            (NetworkEvents::CONNECT, refused)
        );
    }
}
