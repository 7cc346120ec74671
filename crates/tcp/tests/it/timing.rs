//! Timeouts of each system in exact times. The expected tables come from Microsoft's articles and
//! ip-sysctl.

use tcp::{
    Connection, Event, Flags, Payload, Profile, Segment, SeqNum, State, TimeSpan, Unreachable,
    Uptime,
};

/// A multiple of every profile's tick.
const START: Uptime = Uptime::from_nanos(300_000_000_000);

fn syn() -> Segment {
    Segment {
        source_port: 1025,
        destination_port: 102,
        sequence: SeqNum::new(5_000),
        acknowledgment: SeqNum::new(0),
        flags: Flags::SYN,
        window: 8760,
        maximum_segment_size: Some(1460),
        options: None,
        payload: Payload::empty(),
    }
}

fn answer(to: &Segment, flags: Flags) -> Segment {
    Segment {
        source_port: to.destination_port,
        destination_port: to.source_port,
        sequence: to.acknowledgment,
        acknowledgment: to.sequence.plus(to.sequence_length()),
        flags,
        window: 8760,
        maximum_segment_size: None,
        options: None,
        payload: Payload::empty(),
    }
}

fn millis(now: Uptime) -> u64 {
    now.since(START).nanos() / 1_000_000
}

fn drain(connection: &mut Connection, now: Uptime) -> Vec<Segment> {
    let next = || connection.poll_transmit(now).map(|it| it.segment);
    std::iter::from_fn(next).collect()
}

fn events(connection: &mut Connection) -> Vec<Event> {
    std::iter::from_fn(|| connection.poll_event()).collect()
}

/// Sends to a peer that does not answer. Returns when segments were sent and when the connection
/// failed, in milliseconds.
fn without_answer(connection: &mut Connection, from: Uptime) -> (Vec<u64>, u64) {
    let (mut now, mut sent) = (from, Vec::new());
    loop {
        sent.extend(drain(connection, now).iter().map(|_| millis(now)));
        if connection.state() == State::Closed {
            assert!(events(connection).ends_with(&[Event::TimedOut, Event::Closed]));
            return (sent, millis(now));
        }
        now = connection.poll_timeout().expect("a timer runs");
        connection.on_timeout(now);
    }
}

fn connecting(profile: &Profile, start: Uptime) -> Connection {
    Connection::connect(profile, 1025, 102, SeqNum::new(100), start)
}

/// An ESTABLISHED connection that measured `round_trip`, and its last segment.
fn established(profile: &Profile, round_trip: TimeSpan) -> (Connection, Segment) {
    let mut connection = connecting(profile, START);
    let sent = drain(&mut connection, START);
    let mut reply = answer(&sent[0], Flags::SYN | Flags::ACK);
    reply.sequence = SeqNum::new(9_000);
    reply.maximum_segment_size = Some(1460);
    let now = START.after(round_trip);
    connection.on_segment(now, reply);
    let acknowledged = drain(&mut connection, now).remove(0);
    assert_eq!(events(&mut connection), [Event::Connected]);
    (connection, acknowledged)
}

#[test]
fn an_unanswered_syn_is_retransmitted_as_the_profile_says() {
    let seconds = |profile| {
        let (sent, failed) = without_answer(&mut connecting(profile, START), START);
        let sent: Vec<u64> = sent.iter().map(|millis| millis / 1_000).collect();
        assert!(failed.is_multiple_of(1_000));
        (sent, failed / 1_000)
    };
    assert_eq!(seconds(Profile::nt351()), (vec![0, 3, 9, 21], 45));
    assert_eq!(seconds(Profile::nt4()), (vec![0, 3, 9, 21], 45));
    assert_eq!(seconds(Profile::w2k()), (vec![0, 3, 9], 21));
    assert_eq!(
        seconds(Profile::linux()),
        (vec![0, 1, 3, 7, 15, 31, 63], 127)
    );
}

/// ip-sysctl, `tcp_retries2`: 15 "yields a hypothetical timeout of 924.6 seconds and is a lower bound for the
/// effective timeout. TCP will effectively time out at the first RTO which exceeds the hypothetical timeout."
#[test]
fn linux_gives_up_by_time_whatever_the_round_trip() {
    let retransmissions = |round_trip, data_retries| {
        let profile = Profile {
            data_retries,
            ..*Profile::linux()
        };
        let (mut connection, _) = established(&profile, TimeSpan::from_millis(round_trip));
        let start = START.after(TimeSpan::from_secs(10));
        connection.send(start, b"hello").expect("SEND is possible");
        let (sent, failed) = without_answer(&mut connection, start);
        let [.., before, last] = sent[..] else {
            panic!("it is sent again");
        };
        let (first, next) = (sent[1], last + 2 * (last - before).min(60_000));
        assert_eq!(failed, next, "at an expiry of the timer");
        (sent.len() - 1, last - first, failed - first)
    };
    // 3 stands for 3 s, 8 for 102.2 s, 15 for 924.6 s. A Linux 6.18 without load sent four times and failed after 6.5 s.
    for (round_trip, data_retries, limit, count) in [
        (1, 3, 3_000, 4),
        (100, 8, 102_200, 8),
        (200, 8, 102_200, 7),
        (1_000, 8, 102_200, 5),
        (100, 15, 924_600, 15),
        (1_000, 15, 924_600, 12),
    ] {
        let (sent, last, failed) = retransmissions(round_trip, data_retries);
        assert!(last < limit && failed >= limit, "{last} {failed} {limit}");
        assert_eq!(sent, count, "{round_trip} ms, {data_retries}");
    }
}

#[test]
fn a_start_between_ticks_delays_timeouts_by_less_than_a_tick() {
    let start = START.after(TimeSpan::from_nanos(33_333_333));
    let (sent, failed) = without_answer(&mut connecting(Profile::nt4(), start), start);
    assert_eq!(sent, [33, 3_100, 9_100, 21_100]);
    assert_eq!(failed, 45_100);
}

#[test]
fn an_unanswered_syn_ack_is_retransmitted_as_the_profile_says() {
    let seconds = |profile| {
        let mut connection = Connection::accept(profile, &syn(), SeqNum::new(1), START);
        let (sent, failed) = without_answer(&mut connection, START);
        let sent: Vec<u64> = sent.iter().map(|millis| millis / 1_000).collect();
        (sent, failed / 1_000)
    };
    assert_eq!(
        seconds(Profile::nt351()),
        (vec![0, 3, 9, 21, 45, 93], 189),
        "Q142641"
    );
    assert_eq!(seconds(Profile::nt4()), (vec![0, 3, 9, 21], 45));
    assert_eq!(seconds(Profile::w2k()), (vec![0, 3, 9], 21));
    assert_eq!(seconds(Profile::linux()), (vec![0, 1, 3, 7, 15, 31], 63));
}

#[test]
fn five_retransmissions_take_63_timeouts() {
    // Above a round trip of 2.5 s the doubled timeout would reach the maximum of 240 s.
    for round_trip in [10, 150, 1_000, 2_400] {
        for profile in [Profile::nt351(), Profile::nt4(), Profile::w2k()] {
            let (mut connection, _) = established(profile, TimeSpan::from_millis(round_trip));
            let from = START.after(TimeSpan::from_secs(10));
            connection.send(from, b"hello").expect("SEND is possible");
            let (sent, failed) = without_answer(&mut connection, from);
            let rto = sent[1] - sent[0];
            let timeouts: Vec<u64> = sent.iter().map(|at| (at - sent[0]) / rto).collect();
            assert_eq!(timeouts, [0, 1, 3, 7, 15, 31], "round trip {round_trip} ms");
            assert_eq!(failed - sent[0], 63 * rto);
        }
    }
}

/// Karn: a server whose SYN-ACK was retransmitted has measured no round trip.
#[test]
fn without_a_measurement_nt_retries_text_for_189_seconds() {
    let mut connection = Connection::accept(Profile::nt4(), &syn(), SeqNum::new(1), START);
    drain(&mut connection, START);
    let now = connection
        .poll_timeout()
        .expect("the retransmission timer runs");
    connection.on_timeout(now);
    let again = drain(&mut connection, now).remove(0);
    connection.on_segment(now, answer(&again, Flags::ACK));
    connection.send(now, b"hello").expect("SEND is possible");
    let (sent, failed) = without_answer(&mut connection, now);
    assert_eq!(failed - sent[0], 189_000);
}

/// Q175523.
#[test]
fn a_syn_answered_by_a_reset_is_retried_three_times_on_nt_and_not_on_linux() {
    let refusal = |profile| {
        let (mut connection, mut now, mut sent) = (connecting(profile, START), START, Vec::new());
        while connection.state() == State::SynSent {
            for syn in drain(&mut connection, now) {
                sent.push(millis(now));
                connection.on_segment(now, answer(&syn, Flags::RST | Flags::ACK));
            }
            if let Some(at) = connection.poll_timeout() {
                now = at;
                connection.on_timeout(now);
            }
        }
        assert_eq!(events(&mut connection), [Event::Refused, Event::Closed]);
        sent
    };
    assert_eq!(refusal(Profile::nt4()), [0, 500, 1_000, 1_500]);
    assert_eq!(refusal(Profile::w2k()), [0, 500, 1_000, 1_500]);
    assert_eq!(refusal(Profile::linux()), [0]);
}

#[test]
fn one_segment_is_acknowledged_after_a_delay_and_the_second_at_once() {
    for (profile, delay) in [(Profile::nt4(), 200), (Profile::linux(), 40)] {
        let (mut connection, ours) = established(profile, TimeSpan::ZERO);
        let mut text = answer(&ours, Flags::ACK | Flags::PSH);
        text.payload = Payload::from(vec![1; 10]);
        connection.on_segment(START, text.clone());
        assert_eq!(drain(&mut connection, START), []);
        let due = connection
            .poll_timeout()
            .expect("the delayed acknowledgment timer runs");
        assert_eq!(millis(due), delay);
        text.sequence = text.sequence.plus(10);
        connection.on_segment(START, text);
        let sent = drain(&mut connection, START);
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].acknowledgment, SeqNum::new(9_021));
        assert_eq!(connection.poll_timeout(), None);
    }
}

#[test]
fn time_wait_lasts_as_long_as_the_profile_says() {
    for (profile, seconds) in [
        (Profile::nt4(), 240),
        (Profile::w2k(), 240),
        (Profile::linux(), 60),
    ] {
        let (mut connection, _) = established(profile, TimeSpan::ZERO);
        connection.close(START);
        let fin = drain(&mut connection, START).remove(0);
        assert_eq!(fin.flags, Flags::FIN | Flags::ACK);
        connection.on_segment(START, answer(&fin, Flags::FIN | Flags::ACK));
        assert_eq!(connection.state(), State::TimeWait);
        assert_eq!(drain(&mut connection, START).len(), 1);
        let end = connection.poll_timeout().expect("TIME-WAIT ends");
        assert_eq!(millis(end), seconds * 1_000);
        connection.on_timeout(end);
        assert_eq!(connection.state(), State::Closed);
        assert_eq!(events(&mut connection), [Event::PeerClosed, Event::Closed]);
    }
}

#[test]
fn keep_alives_start_after_two_hours_and_fail_without_an_answer() {
    let (mut connection, ours) = established(Profile::nt4(), TimeSpan::ZERO);
    assert_eq!(
        connection.poll_timeout(),
        None,
        "keep-alives are off at first"
    );
    connection.set_keep_alive(START, true);
    let due = connection.poll_timeout().expect("a keep-alive");
    assert_eq!(millis(due), 7_200_000);
    connection.on_timeout(due);
    let probe = drain(&mut connection, due).remove(0);
    assert_eq!(probe.sequence, ours.sequence.minus(1));
    connection.on_segment(due, answer(&ours, Flags::ACK));
    let mut now = connection.poll_timeout().expect("the next probe");
    connection.on_timeout(now);
    assert_eq!(
        drain(&mut connection, now),
        [],
        "an answer restarts the two hours"
    );
    now = connection.poll_timeout().expect("the next two hours");
    assert_eq!(now, due.after(TimeSpan::from_secs(7_200)));
    connection.on_timeout(now);
    let (sent, failed) = without_answer(&mut connection, now);
    assert_eq!(sent.len(), 5);
    assert_eq!(failed, 14_400_000 + 5_000);
}

#[test]
fn a_zero_window_is_probed_for_two_hours_on_nt() {
    let (mut connection, ours) = established(Profile::nt4(), TimeSpan::from_millis(10));
    let mut shut = answer(&ours, Flags::ACK);
    shut.window = 0;
    connection.on_segment(START, shut.clone());
    connection.send(START, b"hello").expect("SEND is possible");
    let (mut now, mut probes) = (START, 0);
    while connection.state() == State::Established {
        for probe in drain(&mut connection, now) {
            assert_eq!(probe.payload.len(), 1, "a probe has one octet");
            probes += 1;
            connection.on_segment(now, shut.clone());
        }
        assert_eq!(drain(&mut connection, now), []);
        now = connection.poll_timeout().expect("a probe");
        connection.on_timeout(now);
    }
    assert!(
        (7_200_000..7_261_000).contains(&millis(now)),
        "{} ms",
        millis(now)
    );
    assert!(
        (120..140).contains(&probes),
        "{probes} probes, at most one a minute"
    );
    assert_eq!(events(&mut connection), [Event::TimedOut, Event::Closed]);
}

#[test]
fn unanswered_window_probes_end_the_connection() {
    let (mut connection, ours) = established(Profile::nt4(), TimeSpan::from_millis(10));
    let mut shut = answer(&ours, Flags::ACK);
    shut.window = 0;
    connection.on_segment(START, shut);
    connection.send(START, b"hello").expect("SEND is possible");
    let (sent, _) = without_answer(&mut connection, START);
    assert_eq!(sent.len(), 5);
}

/// RFC 5927 section 4.1: a forger who does not see the segments can hardly guess the number.
#[test]
fn linux_ignores_an_icmp_error_about_a_segment_that_is_not_in_flight() {
    for (sequence, ends) in [(99, false), (100, true), (101, false)] {
        let mut connection = connecting(Profile::linux(), START);
        drain(&mut connection, START);
        connection.on_unreachable(START, Unreachable::Hard, SeqNum::new(sequence));
        assert_eq!(connection.state() == State::Closed, ends, "{sequence}");
    }
}

#[test]
fn an_icmp_error_ends_a_connection_attempt_as_the_profile_says() {
    let events_after = |profile, reason| {
        let mut connection = connecting(profile, START);
        drain(&mut connection, START);
        connection.on_unreachable(START, reason, SeqNum::new(100));
        events(&mut connection)
    };
    let ended = [Event::Unreachable, Event::Closed];
    let patient: &'static Profile = Box::leak(Box::new(Profile {
        unreachable_ends_connect: false,
        ..*Profile::linux()
    }));
    assert_eq!(events_after(Profile::nt4(), Unreachable::Soft), ended);
    assert_eq!(events_after(Profile::linux(), Unreachable::Soft), ended);
    assert_eq!(events_after(patient, Unreachable::Soft), []);
    let refused = [Event::Refused, Event::Closed];
    assert_eq!(events_after(patient, Unreachable::Hard), refused);
    let (mut connection, ours) = established(Profile::nt4(), TimeSpan::ZERO);
    connection.on_unreachable(START, Unreachable::Soft, ours.sequence);
    connection.on_unreachable(START, Unreachable::Hard, ours.sequence);
    assert_eq!(
        connection.state(),
        State::Established,
        "RFC 1122 section 4.2.3.9"
    );
}
