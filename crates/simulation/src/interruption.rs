//! The request of a user to end the runs of this process, as by Ctrl-C.
//!
//! A run that is under way ends before its next event with [`Stop::Interrupted`], and is undecided. Nothing
//! else of a run depends on the request, and no run sees it unless the program asks for it.
//!
//! [`Stop::Interrupted`]: crate::outcome::Stop::Interrupted

use std::sync::atomic::{AtomicBool, Ordering};

/// A signal is sent to the process, so the request is one of the process, too.
static IS_REQUESTED: AtomicBool = AtomicBool::new(false);

/// Ends the runs that are under way, and those that begin from now on.
pub fn request() {
    IS_REQUESTED.store(true, Ordering::Relaxed);
}

/// Whether runs are to end.
#[must_use]
pub fn is_requested() -> bool {
    IS_REQUESTED.load(Ordering::Relaxed)
}
