//! Text that arrived: in order for the application, out of order for later.
//!
//! Owns the receive queue and the pieces beyond a gap. It refuses to decide acceptability;
//! what it is given lies within the window, and the window bounds what it can hold.

use crate::payload::Payload;
use crate::seq::SeqNum;
use crate::short_queue::ShortQueue;

/// More separate pieces than this beyond a gap are dropped; the peer sends them again.
const MAXIMUM_PIECES: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    ready: ShortQueue<Payload>,
    ready_octets: u32,
    /// Ordered, disjoint, all after RCV.NXT.
    pieces: Vec<(SeqNum, Payload)>,
}

impl Reassembly {
    /// Octets the application may receive.
    pub(crate) const fn ready_octets(&self) -> u32 {
        self.ready_octets
    }

    /// Whether something waits beyond a gap.
    pub(crate) fn has_gap(&self) -> bool {
        !self.pieces.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops what waits for the application.
    pub(crate) fn discard_ready(&mut self) {
        self.ready.clear();
        self.ready_octets = 0;
    }

    /// Takes in `text` that starts at `sequence`, not before `next`, and returns the new
    /// RCV.NXT.
    pub(crate) fn insert(&mut self, sequence: SeqNum, text: Payload, next: SeqNum) -> SeqNum {
        debug_assert!(
            !sequence.before(next),
            "text before RCV.NXT was not trimmed"
        );
        if text.is_empty() {
            return next;
        }
        if sequence != next {
            self.insert_piece(sequence, text);
            return next;
        }
        let mut next = next.plus(text.octets());
        self.push_ready(text);
        if !self.pieces.is_empty() {
            next = self.drain_pieces(next);
        }
        next
    }

    /// Up to `limit` octets in order; empty only if there are none or `limit` is 0. Shared
    /// where they lie in one piece and copied where not.
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
        self.ready_octets -= u32::try_from(length).expect("no more than is ready");
        let mut rest = length;
        while let Some(first) = self.ready.front_mut() {
            if first.len() > rest {
                *first = first.slice(rest..first.len());
                return;
            }
            rest -= first.len();
            self.ready.pop_front();
        }
        assert_eq!(rest, 0, "more consumed than was ready");
    }

    fn push_ready(&mut self, text: Payload) {
        self.ready_octets += text.octets();
        self.ready.push_back(text);
    }

    /// Moves the pieces that `next` has reached to the queue.
    fn drain_pieces(&mut self, mut next: SeqNum) -> SeqNum {
        let mut moved = 0;
        while let Some((start, piece)) = self.pieces.get(moved)
            && !start.after(next)
        {
            let old = next.since(*start);
            if old < piece.octets() {
                let fresh = piece.slice(old as usize..piece.len());
                self.ready_octets += fresh.octets();
                next = next.plus(fresh.octets());
                self.ready.push_back(fresh);
            }
            moved += 1;
        }
        self.pieces.drain(..moved);
        next
    }

    /// Keeps what of `text` no piece holds yet.
    fn insert_piece(&mut self, sequence: SeqNum, text: Payload) {
        let (mut start, mut text) = (sequence, text);
        let mut place = self.pieces.partition_point(|(held, _)| !held.after(start));
        if let Some((held, piece)) = place.checked_sub(1).map(|index| &self.pieces[index]) {
            let covered = held.plus(piece.octets());
            if covered.after(start) {
                let known = covered.since(start).min(text.octets());
                start = start.plus(known);
                text = text.slice(known as usize..text.len());
            }
        }
        while !text.is_empty() && self.pieces.len() < MAXIMUM_PIECES {
            let room = match self.pieces.get(place) {
                Some((held, _)) => held.since(start).min(text.octets()),
                None => text.octets(),
            };
            if room > 0 {
                self.pieces
                    .insert(place, (start, text.slice(0..room as usize)));
                place += 1;
            }
            let Some((held, piece)) = self.pieces.get(place) else {
                return;
            };
            let known = (held.since(start) + piece.octets()).min(text.octets());
            start = start.plus(known);
            text = text.slice(known as usize..text.len());
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The witness is a bitmap: an octet is there once some segment brought it.
        #[test]
        fn octets_come_out_once_and_in_order(
            start: u32,
            segments in prop::collection::vec((0usize..300, 1usize..60), 1..120),
        ) {
            let text: Vec<u8> = (0..400u32).map(|place| (place * 7 % 251) as u8).collect();
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
                neighbours.all(|pair| !pair[0].0.plus(pair[0].1.octets()).after(pair[1].0));
            prop_assert!(disjoint);
        }
    }

    #[test]
    fn pieces_beyond_the_limit_are_dropped() {
        let mut reassembly = Reassembly::default();
        for place in 0..1_000 {
            let sequence = SeqNum::new(2 + 2 * place);
            reassembly.insert(sequence, Payload::from(vec![0]), SeqNum::new(0));
        }
        assert_eq!(reassembly.pieces.len(), MAXIMUM_PIECES);
    }
}
