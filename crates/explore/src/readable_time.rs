//! Virtual time as people read it.

/// A time of so many nanoseconds as `h:mm:ss`, with milliseconds unless they are zero.
///
/// ```
/// assert_eq!(explore::readable_time(17_390_930_047_913), "4:49:50.930");
/// assert_eq!(explore::readable_time(5_000_047_913), "0:00:05");
/// ```
#[must_use]
pub fn readable_time(nanos: u64) -> String {
    let seconds = nanos / 1_000_000_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let fraction = match nanos / 1_000_000 % 1_000 {
        0 => String::new(),
        millis => format!(".{millis:03}"),
    };
    format!("{hours}:{minutes:02}:{:02}{fraction}", seconds % 60)
}
