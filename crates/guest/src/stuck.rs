//! Ends the process of a test when a run makes no progress: nothing can interrupt a loop without an `.await`, and the
//! test would never end.

use std::io::Write;
use std::process;
use std::sync::OnceLock;

use config::untrusted_text;
use explore::{StuckLimit, Watchdog};
use simulation::heartbeat::Heartbeat;

/// How long a run may make no progress.
const SECONDS: u32 = 60;
/// The exit code of a failed test.
const CODE: i32 = 101;

/// Watches all runs of this process from now on.
pub(crate) fn end_the_process() {
    static WATCHDOG: OnceLock<Option<Watchdog>> = OnceLock::new();
    // Without a thread more, such a program hangs; all others can be tested.
    WATCHDOG.get_or_init(|| Watchdog::watch(StuckLimit::seconds(SECONDS), end).ok());
}

#[expect(clippy::exit, reason = "the thread of the run cannot be ended")]
fn end(stuck: &Heartbeat) {
    let stuck = stuck.to_string();
    let text = format!(
        "\nmtasim: for {SECONDS} seconds, {}\n",
        untrusted_text::terminal(&stuck)
    );
    // Past the test harness, which keeps what a test prints until the test ends.
    let _ = std::io::stderr().write_all(text.as_bytes());
    process::exit(CODE);
}
