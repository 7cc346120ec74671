//! What Ctrl-C does to a command that keeps what it knows: the first ends the work, the second the process.

use std::process;

use explore::TerminationSignals;
use simulation::interruption;

use crate::command_error::CommandError;
use crate::exit_code;

/// Watches for signals. The first is only noticed, between two runs.
pub(crate) fn watch() -> Result<TerminationSignals, CommandError> {
    watched(|| ())
}

/// Watches for signals. The first ends the runs that are under way, too.
pub(crate) fn end_runs() -> Result<TerminationSignals, CommandError> {
    watched(interruption::request)
}

#[expect(
    clippy::exit,
    reason = "the thread that runs scenarios is busy, and the user wants it to end now"
)]
fn watched(on_first: impl Fn() + Send + 'static) -> Result<TerminationSignals, CommandError> {
    let watching = TerminationSignals::watch(move |signals| {
        on_first();
        // A user who presses it again does not want to wait for what is kept.
        if signals > 1 {
            process::exit(i32::from(exit_code::INTERRUPTED));
        }
    });
    watching.map_err(|error| CommandError::io(format_args!("signals: {error}")))
}
