//! Any segments, in any order, at any time: a connection may end, but never panics.
//!
//! Owns the hostile peer, who knows the numbers well enough to hit every check. It refuses
//! to expect anything but survival and the stated limits.

use proptest::prelude::*;
use tcp::{Connection, Flags, Payload, Profile, Segment, SeqNum, Span, Unreachable, Uptime};

#[derive(Clone, Debug)]
enum Move {
    Arrives {
        flags: u8,
        sequence: i32,
        acknowledgment: i32,
        window: u16,
        octets: usize,
    },
    Waits(u64),
    Sends(usize),
    Receives(usize),
    Ends(u8),
}

fn any_move() -> impl Strategy<Value = Move> {
    let flags = prop_oneof![
        Just(16u8),
        Just(17),
        Just(18),
        Just(2),
        Just(4),
        Just(20),
        0u8..64
    ];
    let near = || {
        prop_oneof![
            Just(0i32),
            Just(1),
            -3i32..40,
            -20_000i32..20_000,
            any::<i32>()
        ]
    };
    let window = prop_oneof![Just(0u16), Just(8760), 0u16..100];
    let arrives = (flags, near(), near(), window, 0usize..3_000);
    prop_oneof![
        6 => arrives.prop_map(|(flags, sequence, acknowledgment, window, octets)| Move::Arrives {
            flags, sequence, acknowledgment, window, octets,
        }),
        2 => (0u64..20_000).prop_map(Move::Waits),
        2 => (0usize..10_000).prop_map(Move::Sends),
        1 => (0usize..10_000).prop_map(Move::Receives),
        1 => (0u8..12).prop_map(Move::Ends),
    ]
}

/// The peer's view: what our last segment said.
struct Seen {
    sequence: SeqNum,
    acknowledgment: SeqNum,
}

fn offset(number: SeqNum, by: i32) -> SeqNum {
    number.plus(by as u32)
}

fn play(profile: &Profile, passive: bool, moves: &[Move]) {
    let mut now = Uptime::from_nanos(77);
    let mut seen = Seen {
        sequence: SeqNum::new(u32::MAX - 100),
        acknowledgment: SeqNum::new(500),
    };
    let segment = |seen: &Seen, flags, sequence, acknowledgment, window, octets| Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: offset(seen.acknowledgment, sequence),
        acknowledgment: offset(seen.sequence, acknowledgment),
        flags: Flags::from_bits(flags),
        window,
        maximum_segment_size: (octets % 2 == 0).then_some(octets as u16),
        payload: Payload::from(vec![7; octets]),
    };
    let mut connection = if passive {
        let syn = segment(&seen, Flags::SYN.bits(), 0, 0, 8760, 0);
        Connection::accept(profile, &syn, seen.sequence, now)
    } else {
        Connection::connect(profile, 1025, 102, seen.sequence, now)
    };
    for a_move in moves {
        match *a_move {
            Move::Arrives {
                flags,
                sequence,
                acknowledgment,
                window,
                octets,
            } => {
                let arrived = segment(&seen, flags, sequence, acknowledgment, window, octets);
                connection.on_segment(now, arrived);
            }
            Move::Waits(millis) => {
                now = now.after(Span::from_millis(millis));
                connection.on_timeout(now);
            }
            Move::Sends(octets) => {
                let _ = connection.send(now, &vec![1; octets]);
            }
            Move::Receives(limit) => {
                let _ = connection.receive(now, limit);
            }
            Move::Ends(0) => connection.abort(now),
            Move::Ends(1) => connection.detach(now),
            Move::Ends(2) => connection.on_unreachable(now, Unreachable::Hard),
            Move::Ends(3) => connection.set_keep_alive(now, true),
            Move::Ends(_) => connection.close(now),
        }
        for sent in 0.. {
            assert!(sent < 200, "it never stops sending");
            let Some(transmit) = connection.poll_transmit(now) else {
                break;
            };
            let segment = transmit.segment;
            seen.sequence = segment.sequence.plus(segment.sequence_length());
            if segment.flags.contains(Flags::ACK) {
                seen.acknowledgment = segment.acknowledgment;
            }
        }
        assert!(connection.readable() <= usize::from(profile.receive_window));
        while connection.poll_event().is_some() {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_that_arrives_panics(
        passive: bool,
        linux: bool,
        moves in prop::collection::vec(any_move(), 1..60),
    ) {
        let profile = if linux { Profile::linux() } else { Profile::nt4() };
        play(profile, passive, &moves);
    }
}
