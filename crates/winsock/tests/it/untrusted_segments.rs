//! Arbitrary segments from the network.

use proptest::prelude::*;
use tcp::{Flags, Payload, Segment, SeqNum};
use winsock::{Call, Config, FlowLabel, SocketTable};

use crate::two_hosts::{ADDRESSES, CLIENT, Hosts, PORT, SECOND, SERVER};

fn any_segment() -> impl Strategy<Value = Segment> {
    let ports = (
        prop_oneof![Just(1024_u16), 1023_u16..1028],
        prop_oneof![Just(PORT), 100_u16..105],
    );
    let numbers = (any::<u32>(), any::<u32>(), any::<u16>());
    let rest = (0_u8..64, 0_usize..3000, proptest::option::of(0_u16..1500));
    (ports, numbers, rest).prop_map(|(ports, numbers, rest)| Segment {
        source_port: ports.0,
        destination_port: ports.1,
        sequence: SeqNum::new(numbers.0),
        acknowledgment: SeqNum::new(numbers.1),
        flags: Flags::from_bits_truncate(rest.0),
        window: numbers.2,
        maximum_segment_size: rest.2,
        options: None,
        payload: Payload::from(vec![0; rest.1]),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Arbitrary segments do not panic, and a flood occupies no more than the backlog.
    #[test]
    fn arbitrary_segments_to_a_listener_do_not_panic(segments in proptest::collection::vec(any_segment(), 0..60)) {
        let mut hosts = Hosts::nt4();
        hosts.listener();
        for segment in segments {
            let now = hosts.now();
            let table = &mut hosts.tables[SERVER];
            table.on_segment(now, ADDRESSES, FlowLabel(1), segment);
            prop_assert!(table.connections().count() <= 5);
            hosts.run(SECOND / 10);
        }
        hosts.run(400 * SECOND);
    }

    /// RFC 9293 section 3.10.7.1.
    #[test]
    fn a_host_without_sockets_answers_with_resets_only(segment in any_segment()) {
        let mut table = SocketTable::new(Config::nt4(ADDRESSES[SERVER]));
        let now = tcp::Uptime::from_nanos(0);
        let expected = tcp::reset_for(&segment);
        table.on_segment(now, ADDRESSES, FlowLabel(1), segment);
        let answer = table.poll_transmit(now);
        prop_assert_eq!(answer.as_ref().map(|o| o.transmit.segment.clone()), expected);
        if let Some(answer) = answer {
            prop_assert_eq!(answer.to, ADDRESSES[CLIENT]);
            prop_assert_eq!(answer.label, FlowLabel(1).reversed());
        }
        prop_assert_eq!(table.poll_transmit(now), None);
        prop_assert_eq!(table.poll_timeout(), None);
    }
}

/// A host that has restarted connects from a port that has an old connection at the peer, open or in
/// TIME-WAIT: the old one is reset (RFC 9293 section 3.5.1, figure 9).
#[test]
fn a_restarted_host_connects_again_from_its_old_port() {
    for closed in [false, true] {
        let mut hosts = Hosts::nt4();
        let listener = hosts.listener();
        let client = hosts.connecting();
        hosts.run(SECOND);
        let server = hosts.accept(listener);
        if closed {
            hosts.expect_done(SERVER, Call::Close { socket: server });
            hosts.run(SECOND);
            hosts.expect_done(CLIENT, Call::Close { socket: client });
            hosts.run(SECOND);
            let state = hosts.tables[SERVER].connections().next().map(|it| it.state);
            assert_eq!(state, Some(tcp::State::TimeWait));
        }
        hosts.tables[CLIENT] = SocketTable::new(Config::nt4(ADDRESSES[CLIENT]));
        let client = hosts.connecting();
        hosts.run(10 * SECOND);
        let again = hosts.accept(listener);
        hosts.send(CLIENT, client, b"back");
        hosts.run(SECOND);
        assert_eq!(hosts.receive(SERVER, again), b"back");
        if !closed {
            hosts.expect_error(
                SERVER,
                Call::Receive {
                    socket: server,
                    limit: 1,
                },
                10054,
            );
        }
    }
}

#[test]
fn resets_beyond_the_queue_limit_are_counted() {
    let mut table = SocketTable::new(Config::nt4(ADDRESSES[SERVER]));
    let now = tcp::Uptime::from_nanos(0);
    for sequence in 0..1030 {
        let segment = Segment {
            source_port: 1,
            destination_port: 2,
            sequence: SeqNum::new(sequence),
            acknowledgment: SeqNum::new(0),
            flags: Flags::SYN,
            window: 0,
            maximum_segment_size: None,
            options: None,
            payload: Payload::empty(),
        };
        table.on_segment(now, ADDRESSES, FlowLabel(1), segment);
    }
    assert_eq!(
        std::iter::from_fn(|| table.poll_transmit(now)).count(),
        1024
    );
    assert_eq!(table.counters().resets_dropped, 6);
}

/// RFC 9293 section 3.10.7.2: any segment without RST, ACK and SYN is dropped in LISTEN.
#[test]
fn a_listener_drops_a_segment_without_syn_and_ack() {
    for (flags, is_answered) in [
        (Flags::FIN, false),
        (Flags::empty(), false),
        (Flags::RST, false),
        (Flags::ACK, true),
    ] {
        let mut hosts = Hosts::nt4();
        hosts.listener();
        let now = hosts.now();
        let segment = Segment {
            source_port: 1024,
            destination_port: PORT,
            sequence: SeqNum::new(7),
            acknowledgment: SeqNum::new(9),
            flags,
            window: 8760,
            maximum_segment_size: None,
            options: None,
            payload: Payload::empty(),
        };
        let table = &mut hosts.tables[SERVER];
        table.on_segment(now, ADDRESSES, FlowLabel(1), segment);
        assert_eq!(table.poll_transmit(now).is_some(), is_answered, "{flags:?}");
    }
}
