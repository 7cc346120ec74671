//! The eight bytes before every heap block.
//!
//! Packed as in NT 4: size (2 bytes), previous size (2), segment (1), flags (1), unused bytes (1),
//! tag (1). Sizes count units of eight bytes, header included. Nothing is checked: a torn header
//! unpacks as well as a sound one.

/// The block belongs to the program (`HEAP_ENTRY_BUSY`).
pub const BUSY: u8 = 0x01;
/// The block is the last of its segment (`HEAP_ENTRY_LAST_ENTRY`).
pub const LAST: u8 = 0x10;
/// The size of a header.
pub const HEADER_BYTES: u32 = 8;

/// An unpacked block header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// The size of this block, in units.
    pub size: u16,
    /// The size of the block before it, in units; zero for the first block of a segment.
    pub previous: u16,
    /// A combination of [`BUSY`] and [`LAST`].
    pub flags: u8,
    /// How many bytes the block has, header included, beyond what the program asked for.
    pub unused: u8,
}

impl BlockHeader {
    /// Unpacks the two words of a header.
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

    /// The first word, with both sizes.
    #[must_use]
    pub fn sizes(&self) -> u32 {
        u32::from(self.size) | u32::from(self.previous) << 16
    }

    /// The second word, with flags and unused bytes; segment and tag are zero.
    #[must_use]
    pub fn marks(&self) -> u32 {
        u32::from_le_bytes([0, self.flags, self.unused, 0])
    }

    /// Whether the block is allocated.
    #[must_use]
    pub const fn busy(&self) -> bool {
        self.flags & BUSY != 0
    }

    /// Whether it is the last block of its segment.
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
