//! Recovery from loss: what was not lost is not sent again without need.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::fixed_line::FixedLine;
use tcp::{OfferedOptions, Profile, SeqNum, Transmit};

/// A line whose congestion window has grown without loss, so that a whole window of text is sent at
/// once.
fn grown(profile: &Profile) -> FixedLine {
    let mut line = FixedLine::open([profile; 2], 50);
    for _ in 0..30 {
        line.send(0, 70_000);
        line.run(400);
    }
    line.run(5_000);
    line
}

/// How often the text at each sequence number was sent from entry `from` of the log on, and the time
/// of the last transmission in milliseconds.
fn transmissions(line: &FixedLine, from: usize) -> BTreeMap<u32, (u32, u64)> {
    let mut times = BTreeMap::new();
    for sent in line.texts(0, from) {
        let it = times.entry(sent.segment.sequence.value()).or_insert((0, 0));
        *it = (it.0 + 1, sent.at);
    }
    times
}

/// The octets of text in a full segment: timestamps take twelve.
fn segment_size(profile: &Profile) -> u32 {
    if profile.options.timestamps {
        1_448
    } else {
        1_460
    }
}

/// The number behind the last octet that end 0 has sent.
fn end_of_text(line: &FixedLine) -> SeqNum {
    let last = line.texts(0, 0).last().expect("text was sent");
    last.segment
        .sequence
        .plus(last.segment.payload.len() as u32)
}

/// The first transmissions of some segments of a window are lost, and no duplicate acknowledgment
/// arrives before the timeout.
fn after_timeout(profile: &Profile, lost: &'static [u32]) -> (FixedLine, usize, SeqNum) {
    let (mut line, size) = (grown(profile), segment_size(profile));
    let (before, base) = (line.log.len(), end_of_text(&line));
    let has_timed_out = Rc::new(Cell::new(false));
    line.loses = Box::new(move |end, transmit: &Transmit| {
        let segment = &transmit.segment;
        if end == 1 {
            return !has_timed_out.get() && segment.acknowledgment == base;
        }
        has_timed_out.set(has_timed_out.get() || transmit.attempt > 0);
        let number = segment.sequence.since(base) / size + 1;
        !has_timed_out.get() && !segment.payload.is_empty() && lost.contains(&number)
    });
    // There is always more to send, so that new text follows what is sent again.
    for _ in 0..200 {
        line.send(0, 70_000);
        line.run(10);
    }
    line.run(10_000);
    (line, before, base)
}

/// RFC 6582 section 3.2 step 4: after a timeout segments are sent again that had arrived. The duplicate
/// acknowledgments that they cause must not start a fast retransmit.
#[test]
fn once_the_last_hole_is_filled_after_a_timeout_nothing_is_sent_again() {
    for (profile, lost) in [
        (Profile::nt4(), &[1, 3][..]),
        (Profile::w2k(), &[1, 4, 9]),
        (Profile::linux(), &[1, 4, 9, 16]),
    ] {
        let (line, before, base) = after_timeout(profile, lost);
        let size = segment_size(profile);
        let times = transmissions(&line, before);
        let at = |number: &u32| {
            let (count, at) = times[&base.plus((number - 1) * size).value()];
            (count > 1).then_some(at)
        };
        let filled = lost
            .iter()
            .filter_map(at)
            .max()
            .expect("the first segment is lost");
        for (sequence, (count, at)) in &times {
            let is_early = *at <= filled;
            assert!(
                *count == 1 || is_early,
                "{sequence} again at {at} ms, after {filled} ms"
            );
            assert!(*count <= 2, "{sequence} was sent {count} times");
        }
        let buffer = profile.send_buffer as usize;
        assert_eq!(line.ends[0].writable(), buffer, "everything arrived");
    }
}

/// Without a timeout, only what was lost is sent again (RFC 6582 section 3.2 step 3).
#[test]
fn fast_recovery_sends_again_what_was_lost_and_nothing_else() {
    for lost in [&[1][..], &[2, 3], &[1, 5], &[3, 7, 11]] {
        let mut line = grown(Profile::linux());
        let (before, size) = (line.log.len(), segment_size(Profile::linux()));
        let base = end_of_text(&line);
        line.loses = Box::new(move |end, transmit: &Transmit| {
            let number = transmit.segment.sequence.since(base) / size + 1;
            end == 0 && transmit.attempt == 0 && lost.contains(&number)
        });
        line.send(0, 65_536);
        line.run(10_000);
        for (sequence, (times, _)) in transmissions(&line, before) {
            let number = sequence.wrapping_sub(base.value()) / size + 1;
            let expected = 1 + u32::from(lost.contains(&number));
            assert_eq!(times, expected, "segment {number} with {lost:?} lost");
        }
        assert_eq!(line.ends[0].writable(), 65_536, "everything arrived");
    }
}

/// Milliseconds from the first retransmission until everything is acknowledged, if these segments of a
/// window are lost. A round trip takes 100.
fn recovery_time(profile: &Profile, lost: Vec<u32>) -> u64 {
    let mut line = grown(profile);
    let (before, size) = (line.log.len(), segment_size(profile));
    let base = end_of_text(&line);
    line.loses = Box::new(move |end, transmit: &Transmit| {
        let number = transmit.segment.sequence.since(base) / size + 1;
        end == 0 && transmit.attempt == 0 && lost.contains(&number)
    });
    // Whole segments, an even number: no Nagle, no delayed acknowledgment.
    line.send(0, 44 * size as usize);
    while line.ends[0].writable() < profile.send_buffer as usize {
        line.run(1);
    }
    let mut seen = BTreeSet::new();
    let mut texts = line.texts(0, before);
    let again = texts.find(|it| !seen.insert(it.segment.sequence.value()));
    line.millis() - again.expect("a segment is sent again").at
}

/// NewReno learns of one hole in each round trip (RFC 6582 section 1). With selective acknowledgments the
/// sender knows all of them, and sends them again at once as long as they fit into half the window.
#[test]
fn k_lost_segments_of_a_window_take_newreno_k_round_trips_and_selective_acknowledgments_one() {
    let selective = *Profile::linux();
    let newreno = Profile {
        options: OfferedOptions {
            sack: false,
            ..selective.options
        },
        ..selective
    };
    for k in [1, 2, 3, 5, 8, 13, 20] {
        for spacing in [1, 2] {
            let lost: Vec<u32> = (0..k).map(|it| 1 + it * spacing).collect();
            assert_eq!(
                recovery_time(&newreno, lost.clone()),
                100 * u64::from(k),
                "{lost:?}"
            );
            assert_eq!(recovery_time(&selective, lost.clone()), 100, "{lost:?}");
        }
    }
}
