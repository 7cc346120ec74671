//! Options of RFC 7323 (window scale, timestamps, PAWS) and RFC 2018 (selective acknowledgments), and
//! limited transmit (RFC 3042).

use tcp::{
    Connection, Flags, Payload, Profile, SackBlock, Segment, SeqNum, TcpOptions, TimeSpan,
    Timestamps, Uptime,
};

const START: Uptime = Uptime::from_nanos(1_000_000_000);

fn later(millis: u64) -> Uptime {
    START.after(TimeSpan::from_millis(millis))
}

fn segment(flags: Flags, sequence: u32, acknowledgment: u32, octets: usize) -> Segment {
    Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: SeqNum::new(sequence),
        acknowledgment: SeqNum::new(acknowledgment),
        flags,
        window: 1_000,
        maximum_segment_size: flags.contains(Flags::SYN).then_some(1_460),
        options: None,
        payload: Payload::from(vec![0; octets]),
    }
}

fn with(mut segment: Segment, options: TcpOptions) -> Segment {
    segment.options = Some(Box::new(options));
    segment
}

fn stamped(segment: Segment, value: u32, echo: u32) -> Segment {
    let timestamps = Some(Timestamps { value, echo });
    with(
        segment,
        TcpOptions {
            timestamps,
            ..TcpOptions::default()
        },
    )
}

fn sent(connection: &mut Connection, now: Uptime) -> Vec<Segment> {
    std::iter::from_fn(|| connection.poll_transmit(now).map(|it| it.segment)).collect()
}

/// What a full SYN of the peer offers.
fn everything() -> TcpOptions {
    TcpOptions {
        sack_permitted: true,
        window_scale: Some(3),
        timestamps: Some(Timestamps {
            value: 7_000,
            echo: 1_000,
        }),
        sack: Vec::new(),
    }
}

/// A connection whose peer answers the SYN with these options, and its SYN and its acknowledgment.
fn opened(profile: &Profile, options: TcpOptions) -> (Connection, Segment, Segment) {
    let mut it = Connection::connect(profile, 1025, 102, SeqNum::new(100), START);
    let syn = sent(&mut it, START).remove(0);
    let reply = segment(Flags::SYN | Flags::ACK, 300, 101, 0);
    it.on_segment(START, with(reply, options));
    let acknowledgment = sent(&mut it, START).remove(0);
    (it, syn, acknowledgment)
}

#[test]
fn a_profile_offers_what_its_system_has() {
    let offered = |profile| opened(profile, everything()).1.options;
    assert_eq!(offered(Profile::nt4()), None);
    assert_eq!(offered(Profile::nt351()), None);
    let w2k = offered(Profile::w2k()).expect("SACK-permitted");
    assert!(w2k.sack_permitted && w2k.window_scale.is_none() && w2k.timestamps.is_none());
    let linux = offered(Profile::linux()).expect("all three");
    let timestamps = Some(Timestamps {
        value: 1_000,
        echo: 0,
    });
    assert!(linux.sack_permitted && linux.window_scale == Some(7));
    assert_eq!(linux.timestamps, timestamps);
}

/// `TcpWindowSize` beyond 64 KB (cc938219).
#[test]
fn windows_2000_scales_a_window_beyond_65_535_octets() {
    for (receive_window, shift) in [(65_535, None), (65_536, Some(1)), (1 << 20, Some(5))] {
        let profile = Profile {
            receive_window,
            ..*Profile::w2k()
        };
        let (mut it, syn, _) = opened(&profile, everything());
        let offered = syn.options.as_ref().and_then(|it| it.window_scale);
        assert_eq!(offered, shift, "{receive_window}");
        it.on_segment(START, segment(Flags::ACK | Flags::PSH, 301, 101, 1_400));
        it.on_segment(START, segment(Flags::ACK | Flags::PSH, 1_701, 101, 1_400));
        let answer = sent(&mut it, START).remove(0);
        let window = u32::from(answer.window) << shift.unwrap_or(0);
        assert!(
            window + 2_800 + 32 > receive_window,
            "{window} of {receive_window}"
        );
    }
}

/// Only what both offer is used: RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2.
#[test]
fn an_option_is_used_if_both_ends_offer_it() {
    let (.., nothing) = opened(Profile::linux(), TcpOptions::default());
    assert_eq!((nothing.options, nothing.window), (None, u16::MAX));
    let (.., acknowledgment) = opened(Profile::nt4(), everything());
    assert_eq!(
        (acknowledgment.options, acknowledgment.window),
        (None, 8_760)
    );
    let (.., acknowledgment) = opened(Profile::linux(), everything());
    assert_eq!(
        acknowledgment.window,
        u16::MAX >> 7,
        "a window after the SYN is scaled"
    );
    let options = acknowledgment.options.expect("timestamps");
    let echoed = options.timestamps.expect("timestamps").echo;
    assert_eq!(
        (echoed, options.window_scale, options.sack_permitted),
        (7_000, None, false)
    );
}

#[test]
fn a_listener_answers_with_what_the_syn_offers() {
    let syn = with(segment(Flags::SYN, 300, 0, 0), everything());
    let mut it = Connection::accept(Profile::linux(), &syn, SeqNum::new(100), START);
    let options = sent(&mut it, START).remove(0).options.expect("all three");
    assert!(options.sack_permitted && options.window_scale == Some(7));
    let mut it = Connection::accept(Profile::w2k(), &syn, SeqNum::new(100), START);
    let options = sent(&mut it, START)
        .remove(0)
        .options
        .expect("SACK-permitted");
    assert!(options.sack_permitted && options.window_scale.is_none());
}

/// The peer's window of 1000 has the unit of 8 octets, and its text leaves room for timestamps.
#[test]
fn the_peers_window_is_scaled_and_text_leaves_room_for_timestamps() {
    let profile = Profile {
        initial_window: 40,
        ..*Profile::linux()
    };
    let (mut it, ..) = opened(&profile, everything());
    it.on_segment(
        START,
        stamped(segment(Flags::ACK, 301, 101, 0), 7_001, 1_000),
    );
    it.send(START, &[0; 20_000]).expect("it is open");
    let text = sent(&mut it, START);
    let octets: usize = text.iter().map(|it| it.payload.len()).sum();
    // A small segment at the end of the window waits (RFC 9293 section 3.8.6.2.1).
    assert_eq!(octets, 8_000 / 1_448 * 1_448);
    assert!(text.iter().all(|it| it.payload.len() <= 1_448));
}

/// RFC 7323 section 5.3: an old duplicate is acknowledged and dropped, a reset counts.
#[test]
fn an_older_timestamp_marks_an_old_duplicate() {
    let (mut it, ..) = opened(Profile::linux(), everything());
    it.on_segment(
        later(1),
        stamped(segment(Flags::ACK, 301, 101, 4), 7_005, 1_000),
    );
    assert_eq!(it.readable(), 4);
    sent(&mut it, later(50));
    it.on_segment(
        later(60),
        stamped(segment(Flags::ACK, 305, 101, 4), 7_004, 1_000),
    );
    assert_eq!(it.readable(), 4, "the duplicate is dropped");
    assert_eq!(sent(&mut it, later(60)).len(), 1, "and acknowledged");
    it.on_segment(
        later(70),
        stamped(segment(Flags::ACK, 305, 101, 4), 7_006, 1_000),
    );
    assert_eq!(it.readable(), 8);
    // After 24 days the peer's clock may have wrapped: section 5.5.
    let much_later = later(25 * 24 * 3_600 * 1_000);
    it.on_segment(
        much_later,
        stamped(segment(Flags::ACK, 309, 101, 4), 7_000, 1_000),
    );
    assert_eq!(it.readable(), 12);
    it.on_segment(much_later, stamped(segment(Flags::RST, 313, 0, 0), 1, 0));
    assert_eq!(it.state(), tcp::State::Closed);
}

/// google/packetdrill, ts_recent/invalid_ack: the clock of a segment whose acknowledgment is wrong is not
/// believed, or the peer's next segments would seem old.
#[test]
fn a_segment_with_a_wrong_acknowledgment_does_not_set_the_clock() {
    let (mut it, ..) = opened(Profile::linux(), everything());
    let forged = segment(Flags::ACK, 301, 50_000, 0);
    it.on_segment(later(1), stamped(forged, 200_000, 1_000));
    it.on_segment(
        later(2),
        stamped(segment(Flags::ACK, 301, 101, 4), 7_001, 1_000),
    );
    assert_eq!(it.readable(), 4);
}

/// RFC 7323 section 4: with the echo, text that was sent again gives a measurement, too.
#[test]
fn an_echo_measures_the_round_trip_of_text_that_was_sent_again() {
    let (mut it, ..) = opened(Profile::linux(), everything());
    it.send(START, b"text").expect("it is open");
    sent(&mut it, START);
    let expiry = it.poll_timeout().expect("it is in flight");
    it.on_timeout(expiry);
    assert_eq!(sent(&mut it, expiry).len(), 1, "sent again");
    let again = expiry.nanos() / 1_000_000;
    let at = expiry.after(TimeSpan::from_millis(500));
    it.on_segment(
        at,
        stamped(segment(Flags::ACK, 301, 105, 0), 7_100, again as u32),
    );
    it.send(at, b"more").expect("it is open");
    sent(&mut it, at);
    // SRTT was 0 at first: 7/8 of it, and 1/8 of 500 ms; RTTVAR 125 ms.
    let timeout = it.poll_timeout().expect("it is in flight").since(at);
    assert_eq!(timeout, TimeSpan::from_millis(563));
}

/// RFC 2018 section 4: the block with the latest segment first, then those reported before.
#[test]
fn text_beyond_a_gap_is_reported_the_latest_block_first() {
    let (mut it, ..) = opened(Profile::w2k(), everything());
    let mut report = |sequence, octets| {
        it.on_segment(START, segment(Flags::ACK, sequence, 101, octets));
        let acknowledgment = sent(&mut it, START).remove(0);
        let options = acknowledgment.options.map(|it| it.sack).unwrap_or_default();
        let plain = options
            .iter()
            .map(|it| (it.left_edge.value(), it.right_edge.value()));
        plain.collect::<Vec<_>>()
    };
    assert_eq!(report(401, 100), [(401, 501)]);
    assert_eq!(report(601, 100), [(601, 701), (401, 501)]);
    assert_eq!(
        report(501, 100),
        [(401, 701)],
        "the blocks have grown together"
    );
    assert_eq!(report(801, 100), [(801, 901), (401, 701)]);
    assert_eq!(report(301, 100), [(801, 901)], "the first gap is filled");
    assert_eq!(report(1_001, 9), [(1_001, 1_010), (801, 901)]);
    assert_eq!(report(701, 100), [(1_001, 1_010)]);
}

/// RFC 2018 section 3: three blocks fit beside timestamps, four without.
#[test]
fn at_most_as_many_blocks_are_reported_as_fit() {
    for (profile, most) in [(Profile::w2k(), 4), (Profile::linux(), 3)] {
        let (mut it, ..) = opened(profile, everything());
        let mut count = 0;
        for gap in 0..6 {
            let text = segment(Flags::ACK, 401 + 200 * gap, 101, 100);
            it.on_segment(START, stamped(text, 7_000 + gap, 1_000));
            let options = sent(&mut it, START).remove(0).options.expect("blocks");
            assert!(options.length() <= 40);
            count = options.sack.len();
        }
        assert_eq!(count, most);
    }
}

/// RFC 3042: a new segment for each of the first two duplicates; the third starts fast retransmit.
#[test]
fn the_first_two_duplicates_let_a_new_segment_out() {
    for (limited_transmit, expected) in [(2, [1, 1, 1]), (0, [0, 0, 2])] {
        let profile = Profile {
            limited_transmit,
            initial_window: 4,
            ..*Profile::linux()
        };
        let (mut it, ..) = opened(&profile, TcpOptions::default());
        let mut open = segment(Flags::ACK, 301, 101, 0);
        open.window = 60_000;
        it.on_segment(START, open.clone());
        it.send(START, &[0; 40_000]).expect("it is open");
        assert_eq!(sent(&mut it, START).len(), 4);
        for (number, count) in expected.into_iter().enumerate() {
            it.on_segment(later(1), open.clone());
            let segments = sent(&mut it, later(1));
            assert_eq!(segments.len(), count, "after duplicate {}", number + 1);
            let is_first = segments.iter().any(|it| it.sequence == SeqNum::new(101));
            assert_eq!(is_first, number == 2, "the third is fast retransmit");
        }
    }
}

/// A shift of more than 14 counts as 14 (RFC 7323 section 2.3), and hostile options do no harm.
/// RFC 5961 section 7, with the limit of Linux. Segments with text are always acknowledged.
#[test]
fn challenges_are_limited_and_answers_to_text_are_not() {
    let (mut it, _, _) = opened(Profile::linux(), TcpOptions::default());
    let reset = || segment(Flags::RST, 310, 0, 0);
    let syn = || segment(Flags::SYN, 310, 0, 0);
    let beyond = || segment(Flags::ACK, 301, 5_000, 0);
    let old_text = || segment(Flags::ACK, 290, 101, 5);
    let old_ack = || segment(Flags::ACK, 290, 101, 0);
    let mut answers = |millis: u64, segment: Segment| {
        it.on_segment(later(millis), segment);
        sent(&mut it, later(millis)).len()
    };
    assert_eq!(answers(1_000, reset()), 1);
    let limited = [reset(), syn(), beyond(), old_ack()];
    for (millis, suspicious) in (1_001..).step_by(100).zip(limited.clone()) {
        assert_eq!(answers(millis, suspicious), 0, "at {millis} ms");
    }
    assert_eq!(answers(1_499, old_text()), 1);
    assert_eq!(answers(1_499, old_text()), 1);
    for (millis, suspicious) in (1_500..).step_by(500).zip(limited) {
        assert_eq!(answers(millis, suspicious), 1, "at {millis} ms");
    }
}

#[test]
fn hostile_options_are_survived() {
    let hostile = TcpOptions {
        window_scale: Some(255),
        sack: vec![SackBlock {
            left_edge: SeqNum::new(9),
            right_edge: SeqNum::new(3),
        }],
        ..everything()
    };
    let (mut it, ..) = opened(Profile::linux(), hostile.clone());
    let mut wide = stamped(segment(Flags::ACK, 301, 101, 0), 7_001, u32::MAX);
    wide.window = u16::MAX;
    it.on_segment(START, wide);
    it.send(START, &[0; 60_000]).expect("it is open");
    assert!(!sent(&mut it, START).is_empty());
    it.on_segment(START, with(segment(Flags::ACK, 301, 101, 9), hostile));
    assert_eq!(it.readable(), 0, "its timestamp is older than the last");
}

/// A duplicate acknowledgment of 101 that reports octets from there.
fn reporting(acknowledgment: u32, left: u32, right: u32) -> Segment {
    let block = SackBlock {
        left_edge: SeqNum::new(left),
        right_edge: SeqNum::new(right),
    };
    let options = TcpOptions {
        sack: vec![block],
        ..TcpOptions::default()
    };
    let mut segment = with(segment(Flags::ACK, 301, acknowledgment, 0), options);
    segment.window = 60_000;
    segment
}

/// RFC 2018 section 8: a receiver may drop what it has reported. What was reported is sent again after a
/// timeout, and at once where the acknowledgment shows that it was dropped.
#[test]
fn what_the_peer_reported_and_dropped_is_sent_again() {
    let permitted = TcpOptions {
        sack_permitted: true,
        ..TcpOptions::default()
    };
    let (mut it, _, _) = opened(Profile::linux(), permitted);
    let mut window = segment(Flags::ACK, 301, 101, 0);
    window.window = 60_000;
    it.on_segment(START, window);
    it.send(START, &[7; 14_600]).expect("it is open");
    assert_eq!(sent(&mut it, START).len(), 10);
    it.on_segment(later(50), reporting(101, 1_561, 13_241));
    let again = sent(&mut it, later(50));
    let sequences = |segments: &[Segment]| -> Vec<u32> {
        segments.iter().map(|it| it.sequence.value()).collect()
    };
    assert_eq!(sequences(&again), [101]);
    // The first segment has arrived, and the acknowledgment does not cover what was reported behind it. Half
    // of the window is in flight, so that one segment is sent again.
    it.on_segment(later(100), reporting(1_561, 1_561, 13_241));
    it.on_segment(later(110), reporting(1_561, 4_481, 8_861));
    assert_eq!(sequences(&sent(&mut it, later(110))), [1_561]);
    // Nothing more arrives: after a timeout all of it is sent again, reported or not.
    let now = it.poll_timeout().expect("text is in flight");
    it.on_timeout(now);
    let mut again = sequences(&sent(&mut it, now));
    for acknowledged in (3_021..=14_701).step_by(1_460) {
        let mut answer = segment(Flags::ACK, 301, acknowledged, 0);
        answer.window = 60_000;
        it.on_segment(now, answer);
        again.extend(sequences(&sent(&mut it, now)));
    }
    let all: Vec<u32> = (1_561..14_701).step_by(1_460).collect();
    assert_eq!(again, all);
    assert_eq!(it.writable(), 65_536, "everything is acknowledged");
}
