//! What a run keeps.

/// What a run keeps besides its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to keep every record, for logs and reports. The run is the same without, and faster.
    pub keep_records: bool,
}
