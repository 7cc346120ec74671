//! What is being run, for the message of a panic.
//!
//! Owns one line of text that the panic hook shows. It refuses any other use: nothing reads it
//! to decide.

use std::sync::Mutex;

static UNDER_WAY: Mutex<Option<String>> = Mutex::new(None);

/// From now on this is being run: a command that repeats it.
pub(crate) fn begin(what: &str) {
    set(Some(what.to_owned()));
}

/// Nothing is being run any more.
pub(crate) fn end() {
    set(None);
}

/// What is being run, unless the lock is held by whoever panicked.
pub(crate) fn shown() -> Option<String> {
    UNDER_WAY.try_lock().ok()?.clone()
}

fn set(what: Option<String>) {
    if let Ok(mut current_run) = UNDER_WAY.lock() {
        *current_run = what;
    }
}
