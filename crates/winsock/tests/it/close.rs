//! `closesocket`, and what the connection does afterwards.

use tcp::{Flags, State};
use winsock::{Call, NetworkEvents, Reply, Signal};

use crate::two_hosts::{CLIENT, Hosts, OPEN, SECOND, SERVER};

fn sent(hosts: &Hosts, host: usize, flag: Flags) -> usize {
    let of_host = hosts.sent.iter().filter(|(_, sender, _)| *sender == host);
    of_host
        .filter(|(.., outgoing)| outgoing.transmit.segment.flags.contains(flag))
        .count()
}

/// closesocket page: graceful by default, and the handle may be reused at once.
#[test]
fn close_frees_the_handle_at_once_and_sends_queued_bytes() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let total = hosts.fill(CLIENT, client);
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    assert_eq!(hosts.socket(CLIENT), client, "the handle is reused");
    let mut got = 0;
    loop {
        hosts.run(SECOND);
        match hosts.call(
            SERVER,
            Call::Receive {
                socket: server,
                limit: 65_536,
            },
        ) {
            Reply::Received(bytes) if bytes.is_empty() => break,
            Reply::Received(bytes) => got += bytes.len(),
            other => panic!("{other:?} after {got} of {total} bytes"),
        }
    }
    assert_eq!(got, total);
    assert_eq!(sent(&hosts, CLIENT, Flags::RST), 0);
}

#[test]
fn the_side_that_closes_first_enters_time_wait() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(SECOND);
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.run(SECOND);
    let states = |hosts: &Hosts, host: usize| -> Vec<State> {
        hosts.tables[host]
            .connections()
            .map(|it| it.state)
            .collect()
    };
    assert_eq!(states(&hosts, CLIENT), [State::TimeWait]);
    assert_eq!(states(&hosts, SERVER), []);
    hosts.run(241 * SECOND);
    assert_eq!(states(&hosts, CLIENT), []);
    for table in &mut hosts.tables {
        let counters = table.counters();
        assert_eq!(counters.connections.opened, counters.connections.closed);
        assert_eq!(table.poll_timeout(), None);
    }
}

/// SO_LINGER with a time of zero.
#[test]
fn a_hard_close_sends_rst() {
    let mut hosts = Hosts::nt4();
    let (client, _) = hosts.connected();
    hosts.expect_done(
        CLIENT,
        Call::SetHardClose {
            socket: client,
            on: true,
        },
    );
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    assert_eq!(sent(&hosts, CLIENT, Flags::RST), 1);
    assert_eq!(sent(&hosts, CLIENT, Flags::FIN), 0);
    assert_eq!(hosts.tables[CLIENT].connections().count(), 0);
}

/// RFC 1122 section 4.2.2.13: unread data is answered with RST.
#[test]
fn closing_with_unread_data_sends_rst() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.send(CLIENT, client, b"never read");
    hosts.run(SECOND);
    hosts.expect_done(SERVER, Call::Close { socket: server });
    assert_eq!(sent(&hosts, SERVER, Flags::RST), 1);
    hosts.run(SECOND);
    hosts.expect_error(
        CLIENT,
        Call::Receive {
            socket: client,
            limit: 1,
        },
        10054,
    );
}

/// The same for data that arrives later.
#[test]
fn data_for_a_closed_socket_is_answered_with_rst() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.run(SECOND);
    hosts.send(CLIENT, client, b"too late");
    hosts.run(SECOND);
    assert_eq!(sent(&hosts, SERVER, Flags::RST), 1);
    hosts.expect_error(
        CLIENT,
        Call::Receive {
            socket: client,
            limit: 1,
        },
        10054,
    );
    assert_eq!(hosts.tables[SERVER].connections().count(), 0);
}

/// closesocket page: no FD_CLOSE after the program's own close; the event object is independent.
#[test]
fn close_records_nothing_and_leaves_the_event_object_open() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    let event = hosts.select(SERVER, server, OPEN);
    hosts.recorded(SERVER, server);
    hosts.expect_done(SERVER, Call::ResetEvent { event });
    hosts.signals[SERVER].clear();
    hosts.expect_done(SERVER, Call::Close { socket: server });
    hosts.expect_done(CLIENT, Call::Close { socket: client });
    hosts.run(300 * SECOND);
    assert!(hosts.signals[SERVER].is_empty());
    assert!(!hosts.is_signalled(SERVER, event));
    hosts.expect_error(
        SERVER,
        Call::EnumEvents {
            socket: server,
            event: None,
        },
        10038,
    );
    hosts.expect_done(SERVER, Call::CloseEvent { event });
    hosts.expect_error(SERVER, Call::CloseEvent { event }, 6);
}

/// Q155738: closing twice answers 10038, or closes another socket if the handle was reused.
#[test]
fn a_double_close_answers_10038_or_closes_another_socket() {
    let mut hosts = Hosts::nt4();
    let socket = hosts.socket(CLIENT);
    hosts.expect_done(CLIENT, Call::Close { socket });
    hosts.expect_error(CLIENT, Call::Close { socket }, 10038);
    let reused = hosts.socket(CLIENT);
    assert_eq!(reused, socket);
    hosts.expect_done(CLIENT, Call::Close { socket });
    hosts.expect_error(CLIENT, Call::Shutdown { socket: reused }, 10038);
}

#[test]
fn closing_a_pending_connect_ends_it() {
    let mut hosts = Hosts::nt4();
    hosts.cut();
    let socket = hosts.connecting();
    hosts.expect_done(CLIENT, Call::Close { socket });
    assert_eq!(hosts.tables[CLIENT].connections().count(), 0);
    assert_eq!(hosts.tables[CLIENT].poll_timeout(), None);
    hosts.run(60 * SECOND);
    assert_eq!(sent(&hosts, CLIENT, Flags::SYN), 1);
}

/// The next process gets the lowest handles again.
#[test]
fn the_end_of_the_process_closes_everything() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.listener();
    hosts.select(SERVER, server, OPEN);
    hosts.select(CLIENT, client, OPEN);
    hosts.recorded(CLIENT, client);
    let now = hosts.now();
    hosts.tables[SERVER].end_process(now);
    assert_eq!(hosts.tables[SERVER].poll_signal(), None);
    let counters = hosts.tables[SERVER].counters();
    assert_eq!(counters.sockets.opened, counters.sockets.closed);
    assert_eq!(counters.events.opened, counters.events.closed);
    assert_eq!(hosts.tables[SERVER].open_sockets().count(), 0);
    assert_eq!(hosts.listener().0, 0x2C);
    hosts.run(SECOND);
    assert_eq!(hosts.recorded(CLIENT, client).events, NetworkEvents::CLOSE);
    assert!(matches!(
        hosts.signals[CLIENT].back(),
        Some(Signal::Event(_))
    ));
}
