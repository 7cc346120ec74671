//! Arbitrary segments, calls and pauses in any order do not make a connection panic or exceed its
//! limits. The peer knows the current numbers well enough to reach every check.

use proptest::prelude::*;
use tcp::{
    Connection, Flags, Payload, Profile, SackBlock, Segment, SeqNum, TcpOptions, TimeSpan,
    Timestamps, Unreachable, Uptime,
};

#[derive(Clone, Debug)]
enum Action {
    Segment {
        flags: u8,
        sequence: i32,
        acknowledgment: i32,
        window: u16,
        octets: usize,
    },
    Wait(u64),
    Send(usize),
    Receive(usize),
    End(u8),
}

fn any_action() -> impl Strategy<Value = Action> {
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
    let segment = (flags, near(), near(), window, 0usize..3_000);
    prop_oneof![
        6 => segment.prop_map(|(flags, sequence, acknowledgment, window, octets)| Action::Segment {
            flags, sequence, acknowledgment, window, octets,
        }),
        2 => (0u64..20_000).prop_map(Action::Wait),
        2 => (0usize..10_000).prop_map(Action::Send),
        1 => (0usize..10_000).prop_map(Action::Receive),
        1 => (0u8..12).prop_map(Action::End),
    ]
}

/// The state of the connection at the peer: the numbers of its last segment.
struct LastSegment {
    sequence: SeqNum,
    acknowledgment: SeqNum,
}

fn offset(number: SeqNum, by: i32) -> SeqNum {
    number.plus(by as u32)
}

fn run(profile: &Profile, passive: bool, actions: &[Action]) {
    let mut now = Uptime::from_nanos(77);
    let mut last = LastSegment {
        sequence: SeqNum::new(u32::MAX - 100),
        acknowledgment: SeqNum::new(500),
    };
    let segment = |last: &LastSegment, flags, sequence, acknowledgment, window, octets| Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: offset(last.acknowledgment, sequence),
        acknowledgment: offset(last.sequence, acknowledgment),
        flags: Flags::from_bits_truncate(flags),
        window,
        maximum_segment_size: (octets % 2 == 0).then_some(octets as u16),
        options: (window % 3 > 0).then(|| {
            Box::new(TcpOptions {
                sack_permitted: octets % 2 == 0,
                window_scale: (octets % 3 > 0).then_some(window as u8),
                timestamps: (window % 3 == 1).then_some(Timestamps {
                    value: sequence as u32,
                    echo: acknowledgment as u32,
                }),
                sack: vec![
                    SackBlock {
                        left_edge: last.acknowledgment,
                        right_edge: last.sequence,
                    };
                    octets % 5
                ],
            })
        }),
        payload: Payload::from(vec![7; octets]),
    };
    let mut connection = if passive {
        let syn = segment(&last, Flags::SYN.bits(), 0, 0, 8760, 0);
        Connection::accept(profile, &syn, last.sequence, now)
    } else {
        Connection::connect(profile, 1025, 102, last.sequence, now)
    };
    for action in actions {
        match *action {
            Action::Segment {
                flags,
                sequence,
                acknowledgment,
                window,
                octets,
            } => {
                let arrived = segment(&last, flags, sequence, acknowledgment, window, octets);
                connection.on_segment(now, arrived);
            }
            Action::Wait(millis) => {
                now = now.after(TimeSpan::from_millis(millis));
                connection.on_timeout(now);
            }
            Action::Send(octets) => {
                let _ = connection.send(now, &vec![1; octets]);
            }
            Action::Receive(limit) => {
                let _ = connection.receive(now, limit);
            }
            Action::End(0) => connection.abort(now),
            Action::End(1) => connection.detach(now),
            Action::End(2) => {
                connection.on_unreachable(now, Unreachable::Hard, last.acknowledgment)
            }
            Action::End(3) => connection.set_keep_alive(now, true),
            Action::End(_) => connection.close(now),
        }
        for sent in 0.. {
            assert!(sent < 200, "output never ends");
            let Some(transmit) = connection.poll_transmit(now) else {
                break;
            };
            let segment = transmit.segment;
            last.sequence = segment.sequence.plus(segment.sequence_length());
            if segment.flags.contains(Flags::ACK) {
                last.acknowledgment = segment.acknowledgment;
            }
        }
        assert!(connection.readable() <= profile.receive_window as usize);
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
    fn no_sequence_of_segments_and_calls_panics(
        passive: bool,
        linux: bool,
        actions in prop::collection::vec(any_action(), 1..60),
    ) {
        let profile = if linux { Profile::linux() } else { Profile::nt4() };
        run(profile, passive, &actions);
    }
}
