//! The scoreboard against the definitions of RFC 6675, which the model applies to one octet after the
//! other.

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::{LossRule, Scoreboard};
use crate::segment::{SackBlock, SeqNum};

const RULE: LossRule = LossRule {
    threshold: 3,
    smss: 4,
};

/// Octets as offsets from the first one.
struct Model {
    una: u32,
    nxt: u32,
    high_rxt: u32,
    sacked: BTreeSet<u32>,
}

impl Model {
    fn update(&mut self, block: Range<u32>) -> bool {
        let is_valid = self.una < block.start && block.start < block.end && block.end <= self.nxt;
        let before = self.sacked.len();
        if is_valid {
            self.sacked.extend(block);
        }
        self.sacked.len() > before
    }

    fn acknowledge(&mut self, una: u32) {
        // The block that the acknowledgment ends in or reaches is dropped as a whole.
        let mut end = una;
        while self.sacked.contains(&end) {
            end += 1;
        }
        self.sacked.retain(|it| *it >= end);
        self.una = una;
        self.high_rxt = self.high_rxt.max(una);
    }

    /// "DupThresh discontiguous SACKed sequences have arrived above 'SeqNum' or more than
    /// (DupThresh - 1) * SMSS bytes with sequence numbers greater than 'SeqNum' have been SACKed".
    fn is_lost(&self, number: u32) -> bool {
        let above = || self.sacked.iter().filter(|it| **it > number);
        let blocks = above().filter(|it| **it == number + 1 || !self.sacked.contains(&(**it - 1)));
        blocks.count() >= 3 || above().count() > 2 * 4
    }

    fn pipe(&self) -> u32 {
        let open = (self.una..self.nxt).filter(|it| !self.sacked.contains(it));
        open.map(|it| u32::from(!self.is_lost(it)) + u32::from(it < self.high_rxt))
            .sum()
    }

    fn next_hole(&self) -> Option<(u32, bool)> {
        let highest = *self.sacked.last()?;
        let mut open = (self.high_rxt..highest).filter(|it| !self.sacked.contains(it));
        open.next().map(|it| (it, self.is_lost(it)))
    }
}

fn block(base: u32, octets: &Range<u32>) -> SackBlock {
    SackBlock {
        left_edge: SeqNum::new(base).plus(octets.start),
        right_edge: SeqNum::new(base).plus(octets.end),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_counts_as_the_rfc_does(
        // Around the wrap of the sequence space.
        base in (u32::MAX - 80)..=u32::MAX,
        steps in prop::collection::vec((0u8..4, 0u32..60, 0u32..12), 1..40),
    ) {
        let at = |offset: u32| SeqNum::new(base).plus(offset);
        let nxt = 60;
        let mut model = Model { una: 0, nxt, high_rxt: 0, sacked: BTreeSet::new() };
        let mut board = Scoreboard::new(at(0));
        for (kind, start, length) in steps {
            match kind {
                0 => {
                    let una = (model.una + length / 4).min(nxt);
                    model.acknowledge(una);
                    board.acknowledge(at(una));
                }
                1 => {
                    let end = start.max(model.una);
                    model.high_rxt = model.high_rxt.max(end);
                    board.record_retransmission(at(end));
                }
                _ => {
                    let octets = start..start + length;
                    let is_new = model.update(octets.clone());
                    let reported = board.update(&[block(base, &octets)], at(model.una), at(nxt));
                    prop_assert_eq!(reported, is_new);
                }
            }
            let in_flight = at(model.una)..at(nxt);
            prop_assert_eq!(board.pipe(&in_flight, RULE), model.pipe());
            prop_assert_eq!(board.first_is_lost(RULE), model.is_lost(model.una));
            let hole = board.next_hole(RULE);
            let found = hole.map(|it| (it.start.since(at(0)), it.is_lost));
            prop_assert_eq!(found, model.next_hole());
            let from = start.max(model.una);
            let before = model.sacked.iter().filter(|it| **it < from).count();
            prop_assert_eq!(board.octets_before(at(from)) as usize, before);
            let open = board.hole_from(at(from), at(nxt));
            let open = open.start.since(at(0))..open.end.since(at(0));
            prop_assert!((from..open.start).all(|it| model.sacked.contains(&it)));
            prop_assert!(open.clone().all(|it| !model.sacked.contains(&it)));
            prop_assert!(open.end == nxt || model.sacked.contains(&open.end));
        }
    }
}

/// RFC 2883: a duplicate that is reported below SND.UNA, or within a larger block.
#[test]
fn a_report_of_a_duplicate_changes_nothing() {
    let mut board = Scoreboard::new(SeqNum::new(0));
    let (una, nxt) = (SeqNum::new(100), SeqNum::new(900));
    assert!(board.update(&[block(0, &(300..500))], una, nxt));
    for duplicate in [0..50, 50..100, 50..150, 100..200, 350..400] {
        assert!(!board.update(&[block(0, &duplicate)], una, nxt));
        assert!(!board.update(&[block(0, &duplicate), block(0, &(300..500))], una, nxt));
    }
    assert_eq!(board.octets_before(nxt), 200);
}

#[test]
fn blocks_beyond_the_limit_count_as_not_arrived() {
    let mut board = Scoreboard::new(SeqNum::new(0));
    let nxt = SeqNum::new(100_000);
    for number in 0..2_000 {
        let start = 2 + 2 * number;
        let is_new = board.update(&[block(0, &(start..start + 1))], SeqNum::new(0), nxt);
        assert_eq!(is_new, number < super::MAXIMUM_BLOCKS as u32);
    }
}

/// RFC 6675 section 4, NextSeg() (4).
#[test]
fn the_last_hole_is_rescued_once_in_a_recovery() {
    let mut board = Scoreboard::new(SeqNum::new(0));
    let at = SeqNum::new;
    assert!(board.update(&[block(0, &(10..40)), block(0, &(90..100))], at(0), at(100)));
    board.begin_recovery(at(10));
    assert_eq!(
        board.rescue(&(at(0)..at(100))),
        None,
        "nothing new is acknowledged"
    );
    board.acknowledge(at(40));
    assert_eq!(board.rescue(&(at(40)..at(100))), Some(at(40)..at(90)));
    board.acknowledge(at(50));
    assert_eq!(board.rescue(&(at(50)..at(100))), None, "once");
    board.begin_recovery(at(55));
    board.acknowledge(at(60));
    assert_eq!(board.rescue(&(at(60)..at(120))), Some(at(100)..at(120)));
    board.begin_recovery(at(70));
    board.record_retransmission(at(120));
    board.acknowledge(at(80));
    assert_eq!(board.rescue(&(at(80)..at(120))), None, "sent again already");
}
