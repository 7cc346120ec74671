//! Bytes as text.
//!
//! Owns the one spelling of hashes: lower-case digits. It refuses to read them back.

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
