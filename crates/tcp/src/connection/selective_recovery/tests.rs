//! Transfers over lines that lose any transmissions, with a look at the scoreboard at each step.

use std::collections::VecDeque;

use proptest::prelude::*;

use crate::connection::{Connection, PendingOutput};
use crate::profile::Profile;
use crate::segment::{Segment, SeqNum};
use crate::time::{TimeSpan, Uptime};

const DELAY: TimeSpan = TimeSpan::from_millis(40);

/// End 0 sends text to end 1. The nth transmission of each end is lost if its list says so.
struct Line {
    ends: [Connection; 2],
    now: Uptime,
    in_flight: VecDeque<(Uptime, usize, Segment)>,
    lost: [VecDeque<bool>; 2],
    received: Vec<u8>,
    recoveries: u32,
}

impl Line {
    fn open(profile: &Profile, first: u32) -> Self {
        let start = Uptime::from_nanos(1_000_000_000);
        let mut caller = Connection::connect(profile, 1025, 102, SeqNum::new(first), start);
        let syn = caller.poll_transmit(start).expect("a SYN").segment;
        let called = Connection::accept(profile, &syn, SeqNum::new(first), start);
        let mut line = Self {
            ends: [caller, called],
            now: start,
            in_flight: VecDeque::new(),
            lost: Default::default(),
            received: Vec::new(),
            recoveries: 0,
        };
        line.step(1_000);
        line
    }

    /// Lets `millis` milliseconds pass.
    fn step(&mut self, millis: u64) {
        let end = self.now.after(TimeSpan::from_millis(millis));
        while self.now < end {
            for to in 0..2 {
                self.transmit(to);
            }
            let arrival = self.in_flight.front().map(|it| it.0);
            let timeouts = self.ends.iter().filter_map(Connection::poll_timeout);
            self.now = timeouts.chain(arrival).min().unwrap_or(end).min(end);
            while self.in_flight.front().is_some_and(|it| it.0 <= self.now) {
                let (_, to, segment) = self.in_flight.pop_front().expect("it is there");
                self.ends[to].on_segment(self.now, segment);
                self.transmit(to);
            }
            self.ends.iter_mut().for_each(|it| it.on_timeout(self.now));
        }
    }

    fn transmit(&mut self, from: usize) {
        if let Ok(text) = self.ends[from].receive(self.now, 1 << 20) {
            self.received.extend_from_slice(text.as_slice());
        }
        loop {
            let end = &mut self.ends[from];
            let (nxt, pending) = (end.snd.nxt, end.pending);
            let reported = end.scoreboard().map_or(Vec::new(), |it| it.sacked.clone());
            let Some(transmit) = end.poll_transmit(self.now) else {
                return;
            };
            let segment = transmit.segment;
            let end_of_text = segment.sequence.plus(segment.payload.octets());
            let is_first = pending.contains(PendingOutput::RETRANSMISSION);
            self.recoveries += u32::from(is_first);
            for block in reported {
                let is_beside = !end_of_text.after(block.left_edge)
                    || !segment.sequence.before(block.right_edge);
                assert!(
                    is_beside,
                    "{block:?} has arrived, and is sent again in {segment:?}"
                );
            }
            let is_recovering = end.congestion.recovers_selectively();
            if is_recovering && !is_first && !segment.payload.is_empty() {
                let in_flight = end.snd.una..end.snd.nxt;
                let pipe = end
                    .scoreboard()
                    .map(|it| it.pipe(&in_flight, end.loss_rule()));
                assert!(
                    pipe <= Some(end.congestion.cwnd()),
                    "{pipe:?} after {segment:?}"
                );
            }
            assert!(!segment.sequence.after(nxt), "a gap in what was sent");
            if !self.lost[from].pop_front().unwrap_or(false) {
                self.in_flight
                    .push_back((self.now.after(DELAY), 1 - from, segment));
            }
        }
    }

    /// Transfers `text` and a FIN. After a dozen losses in a row a timeout takes four minutes, so hours pass.
    fn transfer(&mut self, text: &[u8]) {
        let mut sent = 0;
        for _ in 0..100_000 {
            sent += self.ends[0]
                .send(self.now, &text[sent..])
                .expect("it is open");
            if sent == text.len() {
                break;
            }
            self.step(200);
        }
        self.ends[0].close(self.now);
        self.step(30_000_000);
    }
}

fn losses() -> impl Strategy<Value = VecDeque<bool>> {
    let runs = prop::collection::vec((0usize..40, 1usize..6), 0..8);
    let runs = runs.prop_map(|runs| {
        let spread = runs.iter().flat_map(|(kept, lost)| {
            std::iter::repeat_n(false, *kept).chain(std::iter::repeat_n(true, *lost))
        });
        spread.collect::<VecDeque<bool>>()
    });
    let independent = prop::collection::vec(prop::bool::weighted(0.2), 0..200);
    prop_oneof![runs, independent.prop_map(VecDeque::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// And no octet is sent again that was reported since the last timeout, and a recovery keeps the pipe
    /// below cwnd.
    #[test]
    fn every_octet_arrives_whatever_is_lost(
        is_linux: bool,
        segments in 1usize..150,
        lost in [losses(), losses()],
        // Also around the wrap of the sequence space.
        first in prop_oneof![Just(7), (u32::MAX - 100_000)..=u32::MAX],
    ) {
        let base = if is_linux { Profile::linux() } else { Profile::w2k() };
        let profile = Profile { data_retries: 200, ..*base };
        let mut line = Line::open(&profile, first);
        line.lost = lost;
        let text: Vec<u8> = (0..segments * 1_000).map(|it| it as u8).collect();
        line.transfer(&text);
        prop_assert_eq!(line.received.len(), text.len());
        prop_assert_eq!(&line.received, &text);
    }
}

/// The assertions of the test above are reached.
#[test]
fn a_loss_in_the_middle_begins_a_recovery() {
    for profile in [Profile::linux(), Profile::w2k()] {
        let mut line = Line::open(profile, 7);
        line.lost[0] = (0..10).map(|it| it == 3 || it == 5).collect();
        line.transfer(&vec![7; 100_000]);
        assert_eq!(line.recoveries, 1);
        assert_eq!(line.ends[0].retransmissions(), 2);
    }
}
