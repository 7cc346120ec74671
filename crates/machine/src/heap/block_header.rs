//! The eight bytes before every heap block.
//!
//! Owns [`BlockHeader`] and its packing into two words: size (2), previous size (2), segment (1),
//! flags (1), unused bytes (1), tag (1), in the NT 4 order. Sizes count units of eight bytes,
//! header included. It refuses to check anything: a torn header unpacks as well as a sound one.

/// The block belongs to the program (`HEAP_ENTRY_BUSY`).
pub const BUSY: u8 = 0x01;
/// The block is the last of its segment (`HEAP_ENTRY_LAST_ENTRY`).
pub const LAST: u8 = 0x10;
/// Bytes of a header.
pub const HEADER_BYTES: u32 = 8;

/// A block header, unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Units of this block.
    pub size: u16,
    /// Units of the block before it; zero for the first of a segment.
    pub previous: u16,
    /// [`BUSY`] and [`LAST`].
    pub flags: u8,
    /// Bytes at the block's end, header included, that the program did not ask for.
    pub unused: u8,
}

impl BlockHeader {
    /// The header packed in two words.
    #[must_use]
    pub fn unpack(words: [u32; 2]) -> Self {
        let [size_low, size_high, previous_low, previous_high] = words[0].to_le_bytes();
        let [_segment, flags, unused, _tag] = words[1].to_le_bytes();
        Self {
            size: u16::from_le_bytes([size_low, size_high]),
            previous: u16::from_le_bytes([previous_low, previous_high]),
            flags,
            unused,
        }
    }

    /// The first word: both sizes.
    #[must_use]
    pub fn sizes(&self) -> u32 {
        u32::from(self.size) | u32::from(self.previous) << 16
    }

    /// The second word: flags and unused bytes, segment and tag zero.
    #[must_use]
    pub fn marks(&self) -> u32 {
        u32::from_le_bytes([0, self.flags, self.unused, 0])
    }

    /// Whether the program has the block.
    #[must_use]
    pub const fn busy(&self) -> bool {
        self.flags & BUSY != 0
    }

    /// Whether no block follows in the segment.
    #[must_use]
    pub const fn last(&self) -> bool {
        self.flags & LAST != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks_in_the_documented_bytes() {
        let header = BlockHeader {
            size: 0x0102,
            previous: 0x0304,
            flags: BUSY | LAST,
            unused: 0x0B,
        };
        assert_eq!(header.sizes().to_le_bytes(), [0x02, 0x01, 0x04, 0x03]);
        assert_eq!(header.marks().to_le_bytes(), [0, 0x11, 0x0B, 0]);
        let words = [header.sizes(), header.marks()];
        assert_eq!(BlockHeader::unpack(words), header);
    }
}
