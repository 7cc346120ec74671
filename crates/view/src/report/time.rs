//! Virtual time as text: seconds, or hours, minutes and seconds.

use kernel::Instant;

/// `334.620217012`, `7200`: seconds without trailing zeros.
pub(super) fn seconds(nanos: u64) -> String {
    let text = Instant::from_nanos(nanos).to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0:05:34`.
pub(super) fn clock(nanos: u64) -> String {
    let whole = nanos / 1_000_000_000;
    format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_zeros_are_left_out() {
        assert_eq!(seconds(334_620_217_012), "334.620217012");
        assert_eq!(seconds(7_200_000_000_000), "7200");
        assert_eq!(seconds(500_000_000), "0.5");
        assert_eq!(clock(17_390_930_047_913), "4:49:50");
    }
}
