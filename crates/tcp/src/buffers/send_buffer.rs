//! Text that the application has sent and the peer has not acknowledged.
//!
//! Offsets count from the first unacknowledged octet, which is SND.UNA.

use std::ops::Range;

use super::SmallQueue;
use crate::segment::Payload;

/// The unacknowledged text, in the chunks in which SEND received it.
#[derive(Debug, Default)]
pub(crate) struct SendBuffer {
    chunks: SmallQueue<Payload>,
    /// Octets of the first chunk that are acknowledged.
    acknowledged: u32,
    /// Unacknowledged octets in all chunks.
    length: u32,
    /// Where the last search ended. Transmission moves forward, so the next search starts here
    /// instead of at the front.
    cursor: ChunkPosition,
}

/// Where an octet is stored.
struct StoredOctet {
    /// The index of its chunk.
    chunk: usize,
    /// Its offset within the chunk.
    offset: usize,
}

/// A chunk of the send buffer.
#[derive(Clone, Copy, Debug, Default)]
struct ChunkPosition {
    /// Its index in the queue.
    index: u32,
    /// The offset of its first unacknowledged octet.
    start: u32,
}

impl SendBuffer {
    pub(crate) const fn len(&self) -> u32 {
        self.length
    }

    pub(crate) fn push(&mut self, chunk: Payload) {
        self.length += chunk.octets();
        // No coalescing: a copy would cost more than a segment that spans chunks.
        self.chunks.push_back(chunk);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Removes the first `count` octets.
    pub(crate) fn acknowledge(&mut self, count: u32) {
        assert!(count <= self.length, "more octets acknowledged than sent");
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
        let ChunkPosition { index, start } = self.cursor;
        self.cursor = match (index.checked_sub(dropped), start.checked_sub(count)) {
            (Some(index), Some(start)) if index > 0 => ChunkPosition { index, start },
            // The cursor's chunk is gone, or it is the first now and starts at offset 0.
            _ => ChunkPosition::default(),
        };
    }

    /// The octets of `range`: a shared slice if they lie in one chunk, otherwise a copy.
    pub(crate) fn slice(&mut self, range: Range<u32>) -> Payload {
        assert!(
            range.end <= self.length,
            "the range exceeds the send buffer"
        );
        if range.is_empty() {
            return Payload::empty();
        }
        let StoredOctet {
            chunk: index,
            offset: within,
        } = self.find(range.start);
        let length = range.len();
        let chunk = self.chunk(index);
        if within + length <= chunk.len() {
            return chunk.slice(within..within + length);
        }
        // The segment spans chunks: many small SENDs in a full segment.
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
        self.chunks.get(index).expect("an index within the queue")
    }

    /// Where the octet at `offset` is stored.
    fn find(&mut self, offset: u32) -> StoredOctet {
        // A retransmission starts before the cursor and searches from the front.
        let (mut index, mut start) = match self.cursor {
            ChunkPosition { index, start } if start <= offset => (index as usize, start),
            ChunkPosition { .. } => (0, 0),
        };
        loop {
            let skipped = if index == 0 { self.acknowledged } else { 0 };
            let held = self.chunk(index).octets() - skipped;
            if offset < start + held {
                self.cursor = ChunkPosition {
                    index: index as u32,
                    start,
                };
                return StoredOctet {
                    chunk: index,
                    offset: (offset - start + skipped) as usize,
                };
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
        fn it_behaves_like_a_queue_of_octets(operations in prop::collection::vec((0u8..3, 0u32..50, 0u32..50), 1..200)) {
            let (mut buffer, mut model) = (SendBuffer::default(), Vec::<u8>::new());
            let mut next = 0u8;
            for (kind, a, b) in operations {
                let length = model.len() as u32;
                match kind {
                    0 => {
                        let chunk: Vec<u8> = (0..=a).map(|_| { next = next.wrapping_add(1); next }).collect();
                        model.extend_from_slice(&chunk);
                        buffer.push(Payload::from(chunk));
                    }
                    1 => {
                        model.drain(..a.min(length) as usize);
                        buffer.acknowledge(a.min(length));
                    }
                    _ => {
                        let range = a.min(length)..(a + b).min(length);
                        let wanted = &model[range.start as usize..range.end as usize];
                        let sliced = buffer.slice(range);
                        prop_assert_eq!(sliced.as_slice(), wanted);
                    }
                }
                prop_assert_eq!(buffer.len() as usize, model.len());
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
