//! A hash of how a value prints.

use std::fmt::{self, Debug, Write};

use kernel::mix;

/// A hash of what is printed to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebugHash(u64);

impl DebugHash {
    /// The hash of how `value` prints.
    #[must_use]
    pub fn of(value: &(impl Debug + ?Sized)) -> u64 {
        let mut printed = Self::default();
        write!(printed, "{value:?}").expect("hashing never fails");
        printed.0
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
            self.0 = mix(self.0, u64::from(*byte) | 1 << 8);
        }
        Ok(())
    }
}
