//! What a simulated thread answers: virtual time, and random bytes keyed by the seed.

use std::cell::Cell;
use std::time::Duration;

use kernel::{Choices, Site};

/// The system's random numbers. Which of them a guest gets depends on how many were drawn before.
const SITE: Site = Site::new("guest.system");
/// `CLOCK_MONOTONIC` at the start of a run, in seconds: programs subtract hours from an `Instant`.
const UPTIME: Duration = Duration::from_secs(1 << 30);
/// `CLOCK_REALTIME` at the start of a run: 2000-01-01 00:00 UTC, in seconds since 1970.
const EPOCH: Duration = Duration::from_secs(946_684_800);

thread_local! {
    /// The seed of the run on this thread.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
    /// How many words were drawn.
    static DRAWN: Cell<u64> = const { Cell::new(0) };
    /// Whether the time is being asked for: outside a runtime, tokio asks std for it.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// A clock of the system.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SystemClock {
    /// The time since some moment.
    Monotonic,
    /// The date.
    Realtime,
}

pub(crate) fn start(seed: u64) {
    DRAWN.set(0);
    SEED.set(Some(seed));
}

pub(crate) fn stop() {
    SEED.set(None);
}

/// The time of a clock; `None` on a thread that is not simulated.
pub(crate) fn now(clock: SystemClock) -> Option<Duration> {
    SEED.get()?;
    let start = match clock {
        SystemClock::Monotonic => UPTIME,
        SystemClock::Realtime => EPOCH,
    };
    // `guest::now` asks tokio, which asks std outside a runtime, and that question ends here again: the
    // start of the run answers it.
    if IS_ASKING.replace(true) {
        return Some(start);
    }
    let elapsed = guest::now();
    IS_ASKING.set(false);
    Some(start + elapsed)
}

/// Fills `bytes` with random bytes; returns false on a thread that is not simulated.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    let Some(seed) = SEED.get() else {
        return false;
    };
    for chunk in bytes.chunks_mut(8) {
        let number = DRAWN.replace(DRAWN.get() + 1);
        let word = Choices::new(seed).rng(SITE, 0, [number, 0]).next_u64();
        chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
    }
    true
}
