//! Event objects, `WSAWaitForMultipleEvents`, `select`, and the signals that end a wait.

use winsock::{Call, NetworkEvents, Reply, Signal, SocketSets};

use crate::two_hosts::{CLIENT, Hosts, OPEN, OPENING, SECOND, SERVER};

#[test]
fn a_wait_takes_1_to_64_handles() {
    let mut hosts = Hosts::nt4();
    let event = hosts.event(CLIENT);
    hosts.expect_error(CLIENT, Call::Wait { events: vec![] }, 87);
    hosts.expect_error(
        CLIENT,
        Call::Wait {
            events: vec![event; 65],
        },
        87,
    );
    assert_eq!(
        hosts.call(
            CLIENT,
            Call::Wait {
                events: vec![event; 64]
            }
        ),
        Reply::Pending
    );
    hosts.expect_done(CLIENT, Call::SetEvent { event });
    assert_eq!(
        hosts.call(
            CLIENT,
            Call::Wait {
                events: vec![event; 64]
            }
        ),
        Reply::Signalled(0)
    );
}

#[test]
fn the_lowest_signalled_index_wins_and_a_wait_resets_nothing() {
    let mut hosts = Hosts::nt4();
    let events: Vec<_> = (0..4).map(|_| hosts.event(CLIENT)).collect();
    hosts.expect_done(CLIENT, Call::SetEvent { event: events[3] });
    hosts.expect_done(CLIENT, Call::SetEvent { event: events[1] });
    for _ in 0..2 {
        let wait = Call::Wait {
            events: events.clone(),
        };
        assert_eq!(hosts.call(CLIENT, wait), Reply::Signalled(1));
    }
    hosts.expect_done(CLIENT, Call::ResetEvent { event: events[1] });
    assert_eq!(
        hosts.call(CLIENT, Call::Wait { events }),
        Reply::Signalled(3)
    );
}

#[test]
fn a_wait_on_anything_but_event_objects_fails_with_6() {
    let mut hosts = Hosts::nt4();
    let signalled = hosts.event(CLIENT);
    hosts.expect_done(CLIENT, Call::SetEvent { event: signalled });
    let socket = hosts.socket(CLIENT);
    let stale = hosts.event(CLIENT);
    hosts.expect_done(CLIENT, Call::CloseEvent { event: stale });
    for event in [
        stale,
        winsock::EventHandle(socket.0),
        winsock::EventHandle(2),
    ] {
        hosts.expect_error(
            CLIENT,
            Call::Wait {
                events: vec![signalled, event],
            },
            6,
        );
        hosts.expect_error(CLIENT, Call::SetEvent { event }, 6);
        hosts.expect_error(CLIENT, Call::ResetEvent { event }, 6);
        hosts.expect_error(CLIENT, Call::CloseEvent { event }, 6);
    }
}

#[test]
fn a_signal_is_returned_once_and_only_while_the_object_is_signalled() {
    let mut hosts = Hosts::nt4();
    let event = hosts.event(CLIENT);
    let table = &mut hosts.tables[CLIENT];
    assert_eq!(table.poll_signal(), None);
    for _ in 0..3 {
        table.set_event(event).expect("the event object is open");
    }
    assert_eq!(table.poll_signal(), Some(Signal::Event(event)));
    assert_eq!(table.poll_signal(), None);
    table.reset_event(event).expect("the event object is open");
    table.set_event(event).expect("the event object is open");
    table.reset_event(event).expect("the event object is open");
    assert_eq!(
        table.poll_signal(),
        None,
        "reset before the signal was returned"
    );
    table.set_event(event).expect("the event object is open");
    table.close_event(event).expect("the event object is open");
    let reused = table.create_event().expect("the table has room");
    assert_eq!(reused, event);
    assert_eq!(
        table.poll_signal(),
        None,
        "the signal was for another object"
    );
    table.set_event(reused).expect("the event object is open");
    assert_eq!(table.poll_signal(), Some(Signal::Event(reused)));
    assert_eq!(table.poll_signal(), None);
}

/// NT keeps a selected object alive without its handle. The next object with the handle is not
/// signalled.
#[test]
fn a_selection_does_not_signal_the_next_object_with_the_handle() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let event = hosts.select(SERVER, server, NetworkEvents::READ);
    hosts.expect_done(SERVER, Call::CloseEvent { event });
    let reused = hosts.event(SERVER);
    assert_eq!(reused, event);
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    assert!(!hosts.is_signalled(SERVER, reused));
    assert_eq!(hosts.recorded(SERVER, server).events, NetworkEvents::READ);
}

#[test]
fn a_network_event_ends_a_wait_by_a_signal() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let event = hosts.select(SERVER, server, NetworkEvents::READ);
    assert_eq!(
        hosts.call(
            SERVER,
            Call::Wait {
                events: vec![event]
            }
        ),
        Reply::Pending
    );
    hosts.signals[SERVER].clear();
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    assert_eq!(hosts.signals[SERVER], [Signal::Event(event)]);
    assert_eq!(
        hosts.call(
            SERVER,
            Call::Wait {
                events: vec![event]
            }
        ),
        Reply::Signalled(0)
    );
}

fn sets(readable: &[winsock::SocketHandle], writable: &[winsock::SocketHandle]) -> SocketSets {
    SocketSets {
        readable: readable.to_vec(),
        writable: writable.to_vec(),
        failed: vec![],
    }
}

/// select page: WSAEINVAL for three empty sets; FD_SETSIZE is 64. Q170006: 10038.
#[test]
fn select_rejects_empty_large_and_stale_sets() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(CLIENT);
    hosts.expect_error(CLIENT, Call::Select(SocketSets::default()), 10022);
    hosts.expect_error(CLIENT, Call::Select(sets(&[socket; 65], &[])), 10022);
    assert_eq!(
        hosts.call(CLIENT, Call::Select(sets(&[socket; 64], &[]))),
        Reply::Pending
    );
    let event = hosts.event(CLIENT);
    let none = winsock::SocketHandle(event.0);
    hosts.expect_error(CLIENT, Call::Select(sets(&[socket, none], &[])), 10038);
}

/// Q170006, event 9234: a socket is closed while a select waits for it.
#[test]
fn closing_a_socket_ends_its_select_with_10038() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let asked = sets(&[server], &[]);
    assert_eq!(
        hosts.call(SERVER, Call::Select(asked.clone())),
        Reply::Pending
    );
    hosts.signals[SERVER].clear();
    hosts.expect_done(SERVER, Call::Close { socket: server });
    assert_eq!(hosts.signals[SERVER], [Signal::Socket(server)]);
    hosts.expect_error(SERVER, Call::Select(asked), 10038);
    assert_ne!(client.0, 0);
}

#[test]
fn select_finds_listeners_data_end_of_stream_and_space() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let asked = sets(&[listener], &[]);
    assert_eq!(
        hosts.call(SERVER, Call::Select(asked.clone())),
        Reply::Pending
    );
    let client = hosts.connecting();
    let space = sets(&[], &[client]);
    assert_eq!(
        hosts.call(CLIENT, Call::Select(space.clone())),
        Reply::Pending
    );
    hosts.run(SECOND);
    assert!(hosts.signals[SERVER].contains(&Signal::Socket(listener)));
    assert!(hosts.signals[CLIENT].contains(&Signal::Socket(client)));
    assert_eq!(
        hosts.call(SERVER, Call::Select(asked.clone())),
        Reply::Selected(asked)
    );
    assert_eq!(
        hosts.call(CLIENT, Call::Select(space.clone())),
        Reply::Selected(space)
    );

    let server = hosts.accept(listener);
    let asked = sets(&[server, listener], &[]);
    assert_eq!(
        hosts.call(SERVER, Call::Select(asked.clone())),
        Reply::Pending
    );
    hosts.send(CLIENT, client, b"x");
    hosts.run(SECOND);
    let found = Reply::Selected(sets(&[server], &[]));
    assert_eq!(hosts.call(SERVER, Call::Select(asked.clone())), found);
    hosts.receive(SERVER, server);
    assert_eq!(
        hosts.call(SERVER, Call::Select(asked.clone())),
        Reply::Pending
    );
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    assert_eq!(hosts.call(SERVER, Call::Select(asked)), found);
}

/// Space ends a select, but does not record FD_WRITE.
#[test]
fn select_for_space_does_not_change_network_events() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.select(CLIENT, client, OPEN);
    hosts.recorded(CLIENT, client);
    // Cut short, but never refused with 10035.
    let total = hosts.send(CLIENT, client, &[7; 100_000]);
    assert!(total < 100_000);
    let asked = sets(&[], &[client]);
    assert_eq!(
        hosts.call(CLIENT, Call::Select(asked.clone())),
        Reply::Pending
    );
    hosts.signals[CLIENT].clear();
    let mut got = 0;
    while got < total {
        hosts.run(SECOND);
        got += hosts.receive(SERVER, server).len();
    }
    hosts.run(SECOND);
    assert!(hosts.signals[CLIENT].contains(&Signal::Socket(client)));
    assert!(hosts.recorded(CLIENT, client).events.is_empty());
    assert_eq!(
        hosts.call(CLIENT, Call::Select(asked.clone())),
        Reply::Selected(asked)
    );
}

#[test]
fn select_finds_a_failed_connect_in_the_third_set() {
    let mut hosts = Hosts::nt4();
    let client = hosts.connecting();
    let asked = SocketSets {
        failed: vec![client],
        ..sets(&[client], &[client])
    };
    assert_eq!(
        hosts.call(CLIENT, Call::Select(asked.clone())),
        Reply::Pending
    );
    hosts.run(30 * SECOND);
    assert!(hosts.signals[CLIENT].contains(&Signal::Socket(client)));
    let failed = SocketSets {
        failed: vec![client],
        ..SocketSets::default()
    };
    assert_eq!(
        hosts.call(CLIENT, Call::Select(asked)),
        Reply::Selected(failed)
    );
}

#[test]
fn handles_are_multiples_of_4_from_one_table() {
    let mut hosts = Hosts::nt4();
    let listener = hosts.listener();
    let event = hosts.select(SERVER, listener, OPENING);
    assert_eq!((listener.0, event.0), (0x2C, 0x30));
    hosts.expect_done(SERVER, Call::Close { socket: listener });
    assert_eq!(hosts.event(SERVER).0, 0x2C, "last freed, first reused");
}
