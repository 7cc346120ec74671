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

/// A running FNV-1a hash over the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentHash(u64);

impl Default for ContentHash {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl ContentHash {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // Offset basis and prime of the 64-bit FNV-1a.
        let step =
            |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        self.0 = bytes.iter().fold(self.0, step);
    }

    /// The hash of all bytes so far.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}

/// The byte of `message` at `offset`.
#[must_use]
pub fn byte(message: u32, offset: u32) -> u8 {
    let word = machine::mix(u64::from(message), u64::from(offset / 8));
    word.to_le_bytes()[offset as usize % 8]
}

/// The bytes of `message` from `offset` on.
pub fn bytes(message: u32, offset: u32, length: u32) -> impl Iterator<Item = u8> {
    (offset..offset + length).map(move |offset| byte(message, offset))
}

/// The hash of a complete message.
#[must_use]
pub fn hash(message: u32, length: u32) -> u64 {
    let mut hash = ContentHash::default();
    bytes(message, 0, length).for_each(|byte| hash.update(&[byte]));
    hash.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_bytes_and_the_hash_of_the_whole() {
        let whole: Vec<u8> = bytes(7, 0, 1_000).collect();
        let pieces: Vec<u8> = bytes(7, 0, 333).chain(bytes(7, 333, 667)).collect();
        assert_eq!(whole, pieces);
        let mut running = ContentHash::default();
        whole.chunks(91).for_each(|piece| running.update(piece));
        assert_eq!(running.value(), hash(7, 1_000));
        assert_ne!(hash(7, 1_000), hash(8, 1_000));
        assert_ne!(hash(7, 1_000), hash(7, 999));
    }
}
