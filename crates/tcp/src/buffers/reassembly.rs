//! The receive queue: text in order for the application, and text that arrived beyond a gap.
//!
//! The caller inserts text within the receive window only, and the window bounds what is held.

use super::SmallQueue;
use crate::segment::{Payload, SackBlock, SeqNum};

/// The maximum number of separate pieces beyond a gap. Further pieces are dropped; the peer
/// retransmits them.
const MAXIMUM_PIECES: usize = 256;

/// Received text.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// Text before RCV.NXT that the application has not received.
    ready: SmallQueue<Payload>,
    ready_octets: u32,
    /// Text after RCV.NXT: sorted, disjoint.
    pieces: Vec<Piece>,
}

/// Text beyond a gap.
#[derive(Debug)]
struct Piece {
    start: SeqNum,
    text: Payload,
}

impl Piece {
    /// The number behind the last octet.
    fn end(&self) -> SeqNum {
        self.start.plus(self.text.octets())
    }
}

impl Reassembly {
    /// Octets that the application can receive.
    pub(crate) const fn ready_octets(&self) -> u32 {
        self.ready_octets
    }

    /// All octets, those beyond a gap included.
    pub(crate) fn octets(&self) -> u32 {
        let beyond: u32 = self.pieces.iter().map(|piece| piece.text.octets()).sum();
        self.ready_octets + beyond
    }

    /// Whether there is text beyond a gap.
    pub(crate) fn has_gap(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// The text beyond a gap, in order.
    pub(crate) fn blocks(&self) -> Vec<SackBlock> {
        let mut blocks: Vec<SackBlock> = Vec::new();
        for piece in &self.pieces {
            match blocks.last_mut() {
                Some(last) if last.right_edge == piece.start => last.right_edge = piece.end(),
                _ => blocks.push(SackBlock {
                    left_edge: piece.start,
                    right_edge: piece.end(),
                }),
            }
        }
        blocks
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the text that the application has not received.
    pub(crate) fn discard_ready(&mut self) {
        self.ready.clear();
        self.ready_octets = 0;
    }

    /// Inserts `text`, which starts at `sequence`, not before `rcv_nxt`. Returns the new RCV.NXT.
    pub(crate) fn insert(&mut self, sequence: SeqNum, text: Payload, rcv_nxt: SeqNum) -> SeqNum {
        debug_assert!(
            !sequence.before(rcv_nxt),
            "text before RCV.NXT was not trimmed"
        );
        if text.is_empty() {
            return rcv_nxt;
        }
        if sequence != rcv_nxt {
            self.insert_piece(sequence, text);
            return rcv_nxt;
        }
        let mut next = rcv_nxt.plus(text.octets());
        self.push_ready(text);
        if !self.pieces.is_empty() {
            next = self.drain_pieces(next);
        }
        next
    }

    /// Removes and returns up to `limit` octets in order. The result is empty only if there are
    /// none or `limit` is 0. It shares the segment's allocation if it lies in one segment.
    pub(crate) fn take(&mut self, limit: usize) -> Payload {
        let length = limit.min(self.ready_octets as usize);
        let Some(first) = self.ready.front() else {
            return Payload::empty();
        };
        if length == first.len() {
            self.ready_octets -= first.octets();
            return self.ready.pop_front().unwrap_or_default();
        }
        if length < first.len() {
            let taken = first.slice(0..length);
            self.consume(length);
            return taken;
        }
        let mut joined = Vec::with_capacity(length);
        for piece in self.ready.iter() {
            let missing = length - joined.len();
            joined.extend_from_slice(&piece.as_slice()[..missing.min(piece.len())]);
            if joined.len() == length {
                break;
            }
        }
        self.consume(length);
        Payload::from(joined)
    }

    fn consume(&mut self, length: usize) {
        self.ready_octets -= u32::try_from(length).expect("at most ready_octets");
        let mut rest = length;
        while let Some(first) = self.ready.front_mut() {
            if first.len() > rest {
                *first = first.slice(rest..first.len());
                return;
            }
            rest -= first.len();
            self.ready.pop_front();
        }
        assert_eq!(rest, 0, "consumed more octets than were ready");
    }

    fn push_ready(&mut self, text: Payload) {
        self.ready_octets += text.octets();
        self.ready.push_back(text);
    }

    /// Moves the pieces that start at or before `next` to the ready queue.
    fn drain_pieces(&mut self, mut next: SeqNum) -> SeqNum {
        let mut moved = 0;
        while let Some(piece) = self.pieces.get(moved)
            && !piece.start.after(next)
        {
            // An in-order segment may overlap the pieces behind it.
            let old = next.since(piece.start);
            if old < piece.text.octets() {
                let new = piece.text.slice(old as usize..piece.text.len());
                self.ready_octets += new.octets();
                next = next.plus(new.octets());
                self.ready.push_back(new);
            }
            moved += 1;
        }
        self.pieces.drain(..moved);
        next
    }

    /// Inserts the octets of `text` that no piece holds yet, cut into the gaps between pieces.
    fn insert_piece(&mut self, sequence: SeqNum, text: Payload) {
        let (mut start, mut text) = (sequence, text);
        let mut index = self
            .pieces
            .partition_point(|piece| !piece.start.after(start));
        // The piece before may cover the start of the text. The copy that arrived first is kept, so
        // that pieces never have to be cut.
        if let Some(before) = index.checked_sub(1).map(|before| &self.pieces[before])
            && before.end().after(start)
        {
            let known = before.end().since(start).min(text.octets());
            start = start.plus(known);
            text = text.slice(known as usize..text.len());
        }
        while !text.is_empty() && self.pieces.len() < MAXIMUM_PIECES {
            // The gap up to the next piece.
            let gap = match self.pieces.get(index) {
                Some(next) => next.start.since(start).min(text.octets()),
                None => text.octets(),
            };
            if gap > 0 {
                let text = text.slice(0..gap as usize);
                self.pieces.insert(index, Piece { start, text });
                index += 1;
            }
            // Continue behind the next piece, which holds those octets already.
            let Some(next) = self.pieces.get(index) else {
                return;
            };
            let known = next.end().since(start).min(text.octets());
            start = start.plus(known);
            text = text.slice(known as usize..text.len());
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The model is a bitmap of the octets that arrived.
        #[test]
        fn every_octet_is_received_once_and_in_order(
            start: u32,
            segments in prop::collection::vec((0usize..300, 1usize..60), 1..120),
        ) {
            let text: Vec<u8> = (0..400u32).map(|index| (index * 7 % 251) as u8).collect();
            let (first, mut next) = (SeqNum::new(start), SeqNum::new(start));
            let (mut reassembly, mut arrived) = (Reassembly::default(), vec![false; 400]);
            let mut received = Vec::new();
            for (from, length) in segments {
                arrived[from..from + length].fill(true);
                let known = next.since(first) as usize;
                if from + length > known {
                    let from_new = from.max(known);
                    let piece = Payload::from(&text[from_new..from + length]);
                    next = reassembly.insert(first.plus(from_new as u32), piece, next);
                }
                let in_order = arrived.iter().take_while(|there| **there).count();
                prop_assert_eq!(next.since(first) as usize, in_order);
                if length % 3 == 0 {
                    received.extend_from_slice(reassembly.take(length).as_slice());
                }
            }
            received.extend_from_slice(reassembly.take(usize::MAX).as_slice());
            prop_assert_eq!(&received, &text[..received.len()]);
            prop_assert_eq!(received.len(), next.since(first) as usize);
            let mut neighbours = reassembly.pieces.windows(2);
            let disjoint =
                neighbours.all(|pair| !pair[0].end().after(pair[1].start));
            prop_assert!(disjoint);
        }
    }

    #[test]
    fn pieces_beyond_the_limit_are_dropped() {
        let mut reassembly = Reassembly::default();
        for gap in 0..1_000 {
            let sequence = SeqNum::new(2 + 2 * gap);
            reassembly.insert(sequence, Payload::from(vec![0]), SeqNum::new(0));
        }
        assert_eq!(reassembly.pieces.len(), MAXIMUM_PIECES);
    }
}
