//! A 64-bit hash of a value's `Debug` output, for state that implements no `Hash`.

use std::fmt::{self, Debug, Write};

use kernel::mix;

/// Hashes the text that is written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebugHash(u64);

impl DebugHash {
    /// The hash of the `Debug` output of `value`.
    #[must_use]
    pub fn of(value: &(impl Debug + ?Sized)) -> u64 {
        let mut hash = Self::default();
        write!(hash, "{value:?}").expect("hashing never fails");
        hash.0
    }
}

impl Write for DebugHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut chunks = text.as_bytes().chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().expect("eight bytes");
            self.0 = mix(self.0, u64::from_le_bytes(word));
        }
        for byte in chunks.remainder() {
            // The ninth bit distinguishes a zero byte from no byte.
            self.0 = mix(self.0, u64::from(*byte) | 1 << 8);
        }
        Ok(())
    }
}
