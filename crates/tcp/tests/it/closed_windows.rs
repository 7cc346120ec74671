//! Closed windows: no segments but probes and their answers, whatever both ends do, and ACK and RST
//! are heard (RFC 9293 section 3.10.7.4 and MUST-66; appendix A.2 for the problem).

use std::cell::Cell;
use std::rc::Rc;

use super::fixed_line::FixedLine;
use proptest::prelude::*;
use tcp::{Event, Flags, Payload, Profile, Segment, State};

const PROFILES: [fn() -> &'static Profile; 4] =
    [Profile::nt351, Profile::nt4, Profile::w2k, Profile::linux];

/// Fills what the ends that do not read can hold, in both directions or in one.
fn fill(line: &mut FixedLine, ends: &[usize]) {
    for _ in 0..12 {
        for end in ends {
            line.send(*end, 70_000);
        }
        line.run(3_000);
    }
}

#[test]
fn two_closed_windows_cost_two_segments_for_each_probe() {
    for one in PROFILES {
        for other in PROFILES {
            let mut line = FixedLine::open([one(), other()], 50);
            line.reads = [false; 2];
            fill(&mut line, &[0, 1]);
            let before = line.log.len();
            line.run(60_000);
            // A probe at most every 400 ms at first, each interval twice the one before.
            let sent = line.log.len() - before;
            assert!(sent <= 40, "{sent} segments in a minute");
            let text = line.log[before..]
                .iter()
                .filter(|it| !it.segment.payload.is_empty());
            assert!(
                text.clone().all(|it| it.segment.payload.len() == 1),
                "probes only"
            );
            assert!(text.count() >= 2, "both ends probe");
            line.reads = [true; 2];
            line.exchange();
            line.run(130_000);
            for end in &line.ends {
                assert_eq!(end.state(), State::Established);
            }
            let is_stuck = |end: usize| line.ends[end].writable() == 0;
            assert!(!is_stuck(0) && !is_stuck(1), "all text was taken");
        }
    }
}

#[test]
fn an_end_with_a_closed_window_hears_acknowledgments() {
    for profile in PROFILES {
        let mut line = FixedLine::open([profile(); 2], 50);
        line.reads = [true, false];
        fill(&mut line, &[0]);
        line.run(60_000);
        let before = line.log.len();
        let retransmissions = line.ends[1].retransmissions();
        line.send(1, 100);
        line.run(30_000);
        assert_eq!(line.ends[1].retransmissions(), retransmissions);
        assert_eq!(line.texts(1, before).count(), 1, "sent once, and heard");
    }
}

/// A peer that is not ours: its SND.NXT is one beyond the closed window, as RFC 9293 says after a probe.
#[test]
fn what_a_prober_sends_behind_its_probe_counts() {
    for profile in PROFILES {
        let mut line = FixedLine::open([profile(); 2], 1);
        line.reads = [true, false];
        fill(&mut line, &[0]);
        line.run(60_000);
        let last = |line: &FixedLine, end: usize| {
            let sent = line.log.iter().rfind(|it| it.from == end);
            sent.expect("both have sent").segment.clone()
        };
        assert_eq!(last(&line, 1).window, 0);
        line.send(1, 100);
        let ours = last(&line, 1);
        let beyond = |flags, ahead| Segment {
            source_port: 1025,
            destination_port: 102,
            sequence: ours.acknowledgment.plus(ahead),
            acknowledgment: ours.sequence.plus(100),
            flags,
            window: 8_000,
            maximum_segment_size: None,
            options: None,
            payload: Payload::empty(),
        };
        let now = line.now;
        let end = &mut line.ends[1];
        end.on_segment(now, beyond(Flags::ACK, 1));
        assert_eq!(
            end.poll_transmit(now),
            None,
            "no answer to a pure acknowledgment"
        );
        assert_eq!(end.writable(), profile().send_buffer as usize);
        // Two behind is no probe's: it is answered and not heard.
        end.on_segment(now, beyond(Flags::RST, 2));
        assert_eq!(end.state(), State::Established);
        end.on_segment(now, beyond(Flags::RST, 0));
        assert_eq!(end.state(), State::Closed);
        let events: Vec<Event> = std::iter::from_fn(|| end.poll_event()).collect();
        assert!(events.contains(&Event::Reset), "MUST-66");
    }
}

/// Two ends that have filled each other's window, and whose text and acknowledgments are all lost for
/// a while: both have SND.NXT at the right edge.
#[test]
fn acknowledgments_at_the_right_edge_are_heard() {
    let mut line = FixedLine::open([Profile::nt4(); 2], 50);
    fill(&mut line, &[0, 1]);
    line.loses = Box::new(|_, _| true);
    line.send(0, 8_192);
    line.send(1, 8_192);
    line.run(2_000);
    line.loses = Box::new(|_, _| false);
    let before = line.log.len();
    line.run(10_000);
    let sent = line.log.len() - before;
    assert!(sent <= 60, "{sent} segments for 2 x 8 KiB");
    for end in &line.ends {
        assert_eq!(end.writable(), 8_192, "everything is acknowledged");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is read and sent, and whatever is lost: the number of segments is bounded by text and
    /// time, and once both ends read, everything arrives.
    #[test]
    fn ends_that_read_now_and_then_do_not_fight(
        one in 0usize..4, other in 0usize..4,
        steps in prop::collection::vec((any::<[bool; 2]>(), any::<[bool; 2]>(), 1u64..20_000, 0u64..4), 1..12),
        delay in 1u64..300,
    ) {
        let mut line = FixedLine::open([PROFILES[one](), PROFILES[other]()], delay);
        let (mut octets, mut millis) = (0, 0);
        let is_open = |line: &FixedLine| line.ends.iter().all(|end| end.state() == State::Established);
        let number = Rc::new(Cell::new(0_u64));
        for (reads, sends, pause, lost) in steps {
            line.reads = reads;
            let number = Rc::clone(&number);
            line.loses = Box::new(move |_, _| {
                number.set(number.get() + 1);
                number.get() % 10 < lost
            });
            // All repetitions of one segment may be lost: then the connection has timed out, as it should.
            if !is_open(&line) {
                return Ok(());
            }
            for (end, sends) in sends.into_iter().enumerate() {
                if sends {
                    octets += line.send(end, 30_000);
                }
            }
            line.exchange();
            line.run(pause);
            millis += pause;
        }
        // A segment for each 536 octets, four times over for loss, with as many acknowledgments; and one
        // timer in 200 ms at each end.
        let most = 16 * (octets / 536 + 1) as u64 + 4 * millis / 200 + 200;
        prop_assert!((line.log.len() as u64) < most, "{} segments, {octets} octets, {millis} ms", line.log.len());
        line.loses = Box::new(|_, _| false);
        line.reads = [true; 2];
        line.exchange();
        line.run(600_000);
        if !is_open(&line) {
            return Ok(());
        }
        for end in 0..2 {
            let buffer = [PROFILES[one](), PROFILES[other]()][end].send_buffer as usize;
            prop_assert_eq!(line.ends[end].writable(), buffer, "end {}", end);
        }
    }
}
