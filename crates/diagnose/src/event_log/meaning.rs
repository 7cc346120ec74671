//! What events mean for a leak of control blocks.

/// What an event says about a leak of control blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It occurs on bad networks, with or without a leak.
    Symptom,
    /// It follows from a leak, but may have other causes.
    Consequence,
    /// It frees all blocks.
    Boundary,
    /// It belongs to another kind of failure.
    Elsewhere,
}

/// What events with this id say about a leak of control blocks, with the source; `None` for ids that are
/// unrelated to the socket layer.
#[must_use]
pub const fn meaning(id: u32) -> Option<(Weight, &'static str)> {
    Some(match id {
        9214 => (
            Weight::Symptom,
            "closesocket() failed: not conclusive (Q303102)",
        ),
        9215 => (
            Weight::Symptom,
            "connect() failed: not conclusive (Q303102)",
        ),
        9202 => (Weight::Symptom, "accept() failed (Q193380)"),
        9221 => (
            Weight::Symptom,
            "receiving failed: many connections end so (Q162674)",
        ),
        9224 => (Weight::Symptom, "sending failed (Q152941)"),
        9236 => (Weight::Symptom, "the peer closed (Q151626)"),
        289 => (Weight::Symptom, "a call was given up (Q196381)"),
        1294 => (Weight::Symptom, "an association broke (Q157630)"),
        9156 => (
            Weight::Consequence,
            "no control block is free: leaked, or the pool is too small (Q230497)",
        ),
        290 => (
            Weight::Consequence,
            "messages are returned, for example when no block is free (Q230497)",
        ),
        57 => (
            Weight::Consequence,
            "no more associations are allowed (Q194589)",
        ),
        9298 => (Weight::Boundary, "the service started (Q174695)"),
        9299 => (Weight::Boundary, "the service stopped (Q174695)"),
        9405 => (
            Weight::Elsewhere,
            "a failed check or an exception (Q152941)",
        ),
        4097 => (
            Weight::Elsewhere,
            "Dr. Watson logged the end of a process (Q157701)",
        ),
        9234 => (Weight::Elsewhere, "select() failed (Q170006)"),
        9225 => (
            Weight::Elsewhere,
            "a message that is invalid in the block's state (Q157701)",
        ),
        9301 => (
            Weight::Elsewhere,
            "a caller that is not configured (Q193380)",
        ),
        _ => return None,
    })
}

impl Weight {
    /// `symptom`, `consequence`, `boundary` or `elsewhere`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Symptom => "symptom",
            Self::Consequence => "consequence",
            Self::Boundary => "boundary",
            Self::Elsewhere => "elsewhere",
        }
    }
}
