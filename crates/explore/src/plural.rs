//! Counts of things in text: `1 execution`, `2 executions`.

/// The count and the thing, in the plural unless there is exactly one.
///
/// ```
/// assert_eq!(explore::counted(1, "execution"), "1 execution");
/// assert_eq!(explore::counted(0, "execution"), "0 executions");
/// ```
#[must_use]
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
