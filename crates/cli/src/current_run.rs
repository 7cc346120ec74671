//! The command that reproduces the current run, for the message of a panic.

use std::sync::Mutex;

static CURRENT_RUN: Mutex<Option<String>> = Mutex::new(None);

/// A run starts; `command` reproduces it.
pub(crate) fn set(command: &str) {
    store(Some(command.to_owned()));
}

/// The run is over.
pub(crate) fn clear() {
    store(None);
}

/// The current run, unless the panicking thread holds the lock.
pub(crate) fn get() -> Option<String> {
    CURRENT_RUN.try_lock().ok()?.clone()
}

fn store(command: Option<String>) {
    // A lock that a panic has poisoned is left alone: the command of the run that panicked stays.
    if let Ok(mut current) = CURRENT_RUN.lock() {
        *current = command;
    }
}
