//! Text the application handed over and the peer has not acknowledged.
//!
//! Owns the octets from SND.UNA on, as the chunks in which they were handed over; segments
//! are slices of them. It refuses sequence numbers: places are offsets from the first octet.

use std::ops::Range;

use crate::payload::Payload;
use crate::short_queue::ShortQueue;

#[derive(Debug, Default)]
pub(crate) struct SendBuffer {
    chunks: ShortQueue<Payload>,
    /// How many octets of the first chunk are acknowledged.
    acknowledged: u32,
    length: u32,
    /// The chunk a slice was last taken from and the offset at which that chunk starts, so
    /// that sending on does not walk from the front.
    cursor: (u32, u32),
}

impl SendBuffer {
    pub(crate) const fn len(&self) -> u32 {
        self.length
    }

    pub(crate) fn push(&mut self, chunk: Payload) {
        self.length += chunk.octets();
        self.chunks.push_back(chunk);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the first `count` octets.
    pub(crate) fn acknowledge(&mut self, count: u32) {
        assert!(count <= self.length, "more acknowledged than was sent");
        self.length -= count;
        let mut rest = self.acknowledged + count;
        let mut dropped = 0_u32;
        while let Some(first) = self.chunks.front()
            && first.octets() <= rest
        {
            rest -= first.octets();
            dropped += 1;
            self.chunks.pop_front();
        }
        self.acknowledged = rest;
        let (index, start) = self.cursor;
        self.cursor = match (index.checked_sub(dropped), start.checked_sub(count)) {
            (Some(index), Some(start)) if index > 0 => (index, start),
            _ => (0, 0),
        };
    }

    /// The octets of `range`, shared where they lie in one chunk and copied where not.
    pub(crate) fn slice(&mut self, range: Range<u32>) -> Payload {
        assert!(range.end <= self.length, "sending what nobody handed over");
        if range.is_empty() {
            return Payload::empty();
        }
        let (index, within) = self.find(range.start);
        let length = range.len();
        let chunk = self.chunk(index);
        if within + length <= chunk.len() {
            return chunk.slice(within..within + length);
        }
        let mut joined = Vec::with_capacity(length);
        joined.extend_from_slice(&chunk.as_slice()[within..]);
        for chunk in self.chunks.iter().skip(index + 1) {
            let missing = length - joined.len();
            joined.extend_from_slice(&chunk.as_slice()[..missing.min(chunk.len())]);
            if joined.len() == length {
                break;
            }
        }
        Payload::from(joined)
    }

    fn chunk(&self, index: usize) -> &Payload {
        self.chunks.get(index).expect("a place within the text")
    }

    /// The chunk that holds the octet at `offset`, and its place within.
    fn find(&mut self, offset: u32) -> (usize, usize) {
        let (mut index, mut start) = match self.cursor {
            (index, start) if start <= offset => (index as usize, start),
            _ => (0, 0),
        };
        loop {
            let skipped = if index == 0 { self.acknowledged } else { 0 };
            let held = self.chunk(index).octets() - skipped;
            if offset < start + held {
                self.cursor = (index as u32, start);
                return (index, (offset - start + skipped) as usize);
            }
            index += 1;
            start += held;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_queue_of_octets(moves in prop::collection::vec((0u8..3, 0u32..50, 0u32..50), 1..200)) {
            let (mut buffer, mut witness) = (SendBuffer::default(), Vec::<u8>::new());
            let mut next = 0u8;
            for (kind, a, b) in moves {
                let length = witness.len() as u32;
                match kind {
                    0 => {
                        let chunk: Vec<u8> = (0..=a).map(|_| { next = next.wrapping_add(1); next }).collect();
                        witness.extend_from_slice(&chunk);
                        buffer.push(Payload::from(chunk));
                    }
                    1 => {
                        witness.drain(..a.min(length) as usize);
                        buffer.acknowledge(a.min(length));
                    }
                    _ => {
                        let range = a.min(length)..(a + b).min(length);
                        let wanted = &witness[range.start as usize..range.end as usize];
                        let sliced = buffer.slice(range);
                        prop_assert_eq!(sliced.as_slice(), wanted);
                    }
                }
                prop_assert_eq!(buffer.len() as usize, witness.len());
            }
        }
    }

    #[test]
    fn a_slice_within_a_chunk_shares_it() {
        let mut buffer = SendBuffer::default();
        let chunk = Payload::from(vec![7; 100]);
        let first = chunk.as_slice().as_ptr();
        buffer.push(chunk);
        assert_eq!(
            buffer.slice(10..90).as_slice().as_ptr(),
            first.wrapping_add(10)
        );
    }
}
