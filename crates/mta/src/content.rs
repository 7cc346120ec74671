//! The content of messages.
//!
//! Each byte is a function of the message's number and the offset, so no content is stored. A hash
//! over all bytes shows the delivery oracle whether a message arrived intact.

/// A range of a message's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The number of the message.
    pub message: u32,
    /// The offset of the first byte.
    pub offset: u32,
    /// The number of bytes.
    pub length: u32,
}

/// A running hash over the bytes of a message, in words of eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContentHash {
    /// The hash of all whole words so far.
    words: u64,
    /// The bytes after the last whole word, in little-endian order, and their number.
    tail: u64,
    tail_bytes: u32,
}

impl ContentHash {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let missing = (8 - self.tail_bytes as usize) % 8;
        let (first, rest) = bytes.split_at(missing.min(bytes.len()));
        first.iter().for_each(|byte| self.add_byte(*byte));
        let (words, last) = rest.as_chunks::<8>();
        for word in words {
            self.add_word(u64::from_le_bytes(*word));
        }
        last.iter().for_each(|byte| self.add_byte(*byte));
    }

    fn add_byte(&mut self, byte: u8) {
        self.tail |= u64::from(byte) << (8 * self.tail_bytes);
        self.tail_bytes += 1;
        if self.tail_bytes == 8 {
            let word = self.tail;
            (self.tail, self.tail_bytes) = (0, 0);
            self.add_word(word);
        }
    }

    /// Each word changes the hash, whatever it was before: `mix` is a bijection of either argument.
    fn add_word(&mut self, word: u64) {
        self.words = machine::mix(self.words, word);
    }

    /// The hash of all bytes so far.
    #[must_use]
    pub fn value(self) -> u64 {
        machine::mix(
            machine::mix(self.words, self.tail),
            u64::from(self.tail_bytes),
        )
    }
}

/// Eight bytes of `message`.
fn word(message: u32, index: u32) -> u64 {
    machine::mix(u64::from(message), u64::from(index))
}

/// The bytes of `message` from `offset` on.
#[must_use]
pub fn bytes(message: u32, offset: u32, length: u32) -> Vec<u8> {
    let (first, end) = (offset / 8, (offset + length).div_ceil(8));
    let words = (first..end).flat_map(|index| word(message, index).to_le_bytes());
    let skipped = offset as usize % 8;
    let mut bytes: Vec<u8> = words.collect();
    bytes.drain(..skipped.min(bytes.len()));
    bytes.truncate(length as usize);
    bytes
}

/// The hash of a complete message.
#[must_use]
pub fn hash(message: u32, length: u32) -> u64 {
    let mut hash = ContentHash::default();
    let whole = length / 8;
    (0..whole).for_each(|index| hash.add_word(word(message, index)));
    hash.update(&bytes(message, whole * 8, length % 8));
    hash.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_bytes_and_the_hash_of_the_whole() {
        for length in [0, 1, 7, 8, 9, 1_000, 1_003] {
            let whole = bytes(7, 0, length);
            assert_eq!(whole.len(), length as usize);
            for cut in [0, 1, 8, 13, 333].map(|cut| cut.min(length)) {
                let pieces = [bytes(7, 0, cut), bytes(7, cut, length - cut)].concat();
                assert_eq!(whole, pieces, "{length} bytes cut at {cut}");
            }
            for piece in [1, 3, 8, 91] {
                let mut running = ContentHash::default();
                whole.chunks(piece).for_each(|piece| running.update(piece));
                assert_eq!(
                    running.value(),
                    hash(7, length),
                    "{length} bytes by {piece}"
                );
            }
        }
    }

    /// Whatever is damaged, lost or added, the hash is another.
    #[test]
    fn every_change_changes_the_hash() {
        let of = |bytes: &[u8]| {
            let mut hash = ContentHash::default();
            hash.update(bytes);
            hash.value()
        };
        let whole = bytes(7, 0, 203);
        let mut seen = std::collections::BTreeSet::from([of(&whole), hash(8, 203)]);
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[place] ^= 1 << bit;
                assert!(seen.insert(of(&damaged)), "bit {bit} of byte {place}");
            }
            assert!(seen.insert(of(&whole[..place])), "cut at {place}");
        }
        for zeroes in 1..20 {
            let longer = [&whole[..], &vec![0; zeroes]].concat();
            assert!(seen.insert(of(&longer)), "{zeroes} zeroes added");
        }
    }
}
