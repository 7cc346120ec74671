//! The sender's scoreboard of selective acknowledgments (RFC 6675): what the peer has reported as
//! arrived, what has been sent again, and what may be lost.
//!
//! Names are the RFC's: HighRxt, RescueRxt, Update(), SetPipe(), NextSeg(), IsLost(). A limit here is
//! the number behind the last octet, where the RFC names the octet.

use std::ops::Range;

use crate::segment::{SackBlock, SeqNum};

/// The maximum number of separate blocks. A receiver of whole segments reports fewer: half a window of
/// them. Blocks beyond it are ignored, and count as not arrived.
const MAXIMUM_BLOCKS: usize = 1024;

/// When octets without an acknowledgment are lost: DupThresh and SMSS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LossRule {
    pub(crate) threshold: u8,
    pub(crate) smss: u32,
}

impl LossRule {
    /// IsLost() for octets with `blocks` separate blocks of `octets` octets behind them.
    fn is_lost(self, blocks: usize, octets: u32) -> bool {
        let threshold = u32::from(self.threshold);
        blocks >= threshold as usize || octets > (threshold - 1) * self.smss
    }
}

/// Octets that the peer has not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) start: SeqNum,
    /// The number behind the last.
    pub(crate) end: SeqNum,
    pub(crate) is_lost: bool,
}

/// What is known of the octets between SND.UNA and SND.NXT.
#[derive(Debug, Default)]
pub(crate) struct Scoreboard {
    /// Sorted and separate, all of them beyond SND.UNA.
    pub(super) sacked: Vec<SackBlock>,
    /// HighRxt: up to here holes were sent again. Not before SND.UNA.
    high_rxt: SeqNum,
    /// RescueRxt.
    rescue_rxt: SeqNum,
}

impl Scoreboard {
    pub(crate) fn new(iss: SeqNum) -> Self {
        Self {
            sacked: Vec::new(),
            high_rxt: iss,
            rescue_rxt: iss,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.sacked.is_empty()
    }

    /// SND.UNA has advanced. A block that it reaches is no longer true: the acknowledgment would cover
    /// it, unless the peer has dropped it (RFC 2018 section 8).
    pub(crate) fn acknowledge(&mut self, una: SeqNum) {
        self.sacked.retain(|it| it.left_edge.after(una));
        self.high_rxt = self.high_rxt.latest(una);
        self.rescue_rxt = self.rescue_rxt.latest(una.minus(1));
    }

    /// Forgets everything after a timeout (RFC 2018 section 8): the peer may have dropped what it
    /// reported, and without this the two would wait for each other for ever.
    pub(crate) fn forget(&mut self, una: SeqNum) {
        self.sacked.clear();
        self.high_rxt = una;
    }

    /// Update(): takes the blocks of an acknowledgment, and returns whether they report octets as new.
    /// A block that does not lie beyond SND.UNA and before SND.NXT is a duplicate that is reported (RFC
    /// 2883) or an error, and says nothing.
    pub(crate) fn update(&mut self, blocks: &[SackBlock], una: SeqNum, nxt: SeqNum) -> bool {
        let is_valid = |it: &&SackBlock| {
            it.left_edge.after(una)
                && it.right_edge.after(it.left_edge)
                && !it.right_edge.after(nxt)
        };
        let mut is_new = false;
        for block in blocks.iter().filter(is_valid) {
            is_new |= self.insert(*block);
        }
        is_new
    }

    /// Inserts one block, and returns whether it has octets that were not known.
    fn insert(&mut self, block: SackBlock) -> bool {
        let from = self
            .sacked
            .partition_point(|it| it.right_edge.before(block.left_edge));
        let to = self
            .sacked
            .partition_point(|it| !it.left_edge.after(block.right_edge));
        let touched = &self.sacked[from..to];
        let (Some(first), Some(last)) = (touched.first(), touched.last()) else {
            let has_room = self.sacked.len() < MAXIMUM_BLOCKS;
            if has_room {
                self.sacked.insert(from, block);
            }
            return has_room;
        };
        let known: u32 = touched.iter().map(SackBlock::octets).sum();
        let joined = SackBlock {
            left_edge: match first.left_edge.before(block.left_edge) {
                true => first.left_edge,
                false => block.left_edge,
            },
            right_edge: last.right_edge.latest(block.right_edge),
        };
        self.sacked.splice(from..to, [joined]);
        joined.octets() > known
    }

    /// Whether the first octet without an acknowledgment is lost.
    pub(crate) fn first_is_lost(&self, rule: LossRule) -> bool {
        rule.is_lost(self.sacked.len(), octets(&self.sacked))
    }

    /// Where the first octets without an acknowledgment end.
    pub(crate) fn end_of_first_hole(&self, nxt: SeqNum) -> SeqNum {
        self.sacked.first().map_or(nxt, |it| it.left_edge)
    }

    /// Loss recovery begins (section 5, step 4.3): the octets up to `end` were sent again.
    pub(crate) fn begin_recovery(&mut self, end: SeqNum) {
        self.high_rxt = end;
        self.rescue_rxt = end;
    }

    /// SetPipe(): how many octets of `in_flight` are thought to be in the network.
    pub(crate) fn pipe(&self, in_flight: &Range<SeqNum>, rule: LossRule) -> u32 {
        let (mut blocks, mut behind, mut pipe) = (0, 0, 0);
        let mut end = in_flight.end;
        for block in self.sacked.iter().rev() {
            pipe += self.pipe_of(block.right_edge, end, rule.is_lost(blocks, behind));
            blocks += 1;
            behind += block.octets();
            end = block.left_edge;
        }
        pipe + self.pipe_of(in_flight.start, end, rule.is_lost(blocks, behind))
    }

    /// What the octets of one hole add to the pipe: once as they were sent first, unless they are
    /// lost, and once if they were sent again.
    fn pipe_of(&self, start: SeqNum, end: SeqNum, is_lost: bool) -> u32 {
        let length = end.since(start);
        let first = if is_lost { 0 } else { length };
        let again = match self.high_rxt.after(start) {
            true => self.high_rxt.since(start).min(length),
            false => 0,
        };
        first + again
    }

    /// The first octets beyond HighRxt that the peer has not reported although it has reported later
    /// ones: NextSeg() (1.a) and (1.b).
    pub(crate) fn next_hole(&self, rule: LossRule) -> Option<Hole> {
        let mut start = self.high_rxt;
        for (index, block) in self.sacked.iter().enumerate() {
            if start.before(block.left_edge) {
                let behind = &self.sacked[index..];
                return Some(Hole {
                    start,
                    end: block.left_edge,
                    is_lost: rule.is_lost(behind.len(), octets(behind)),
                });
            }
            start = start.latest(block.right_edge);
        }
        None
    }

    /// Octets of a hole up to `end` were sent again (section 5, step C.2).
    pub(crate) fn record_retransmission(&mut self, end: SeqNum) {
        self.high_rxt = self.high_rxt.latest(end);
    }

    /// NextSeg() (4): the last hole of `in_flight`, once in a recovery, and only after SND.UNA has passed
    /// what the recovery sent first. The RFC would also send a hole that was sent again a moment ago; here
    /// it must lie beyond HighRxt, because the acknowledgment of the other may be on its way.
    pub(crate) fn rescue(&mut self, in_flight: &Range<SeqNum>) -> Option<Range<SeqNum>> {
        let hole = self.last_hole(in_flight)?;
        if !in_flight.start.after(self.rescue_rxt) || self.high_rxt.after(hole.start) {
            return None;
        }
        self.rescue_rxt = in_flight.end;
        Some(hole)
    }

    /// The last octets of `in_flight` that the peer has not reported.
    fn last_hole(&self, in_flight: &Range<SeqNum>) -> Option<Range<SeqNum>> {
        let mut end = in_flight.end;
        for block in self.sacked.iter().rev() {
            if block.right_edge != end {
                return Some(block.right_edge..end);
            }
            end = block.left_edge;
        }
        (in_flight.start != end).then_some(in_flight.start..end)
    }

    /// How many octets before `number` the peer has reported.
    pub(crate) fn octets_before(&self, number: SeqNum) -> u32 {
        let before = self.sacked.iter().filter(|it| it.left_edge.before(number));
        before
            .map(|it| it.octets().min(number.since(it.left_edge)))
            .sum()
    }

    /// The first number from `number` on that the peer has not reported, and where the hole that it is
    /// in ends, at most at `limit`.
    pub(crate) fn hole_from(&self, number: SeqNum, limit: SeqNum) -> Range<SeqNum> {
        let behind = self
            .sacked
            .partition_point(|it| !it.right_edge.after(number));
        let mut blocks = self.sacked[behind..].iter().copied().peekable();
        let start = match blocks.next_if(|it| !it.left_edge.after(number)) {
            Some(inside) => inside.right_edge,
            None => number,
        };
        start..blocks.peek().map_or(limit, |it| it.left_edge)
    }
}

fn octets(blocks: &[SackBlock]) -> u32 {
    blocks.iter().map(SackBlock::octets).sum()
}

#[cfg(test)]
mod tests;
