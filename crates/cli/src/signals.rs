//! What Ctrl-C does. It ends the process, with the code of an interruption. While a command works whose results are
//! worth keeping, the first one ends the work and the second the process.

use std::io;
use std::process;

use explore::TerminationSignals;
use simulation::interruption;

use crate::command_error::CommandError;
use crate::exit_code;

/// Ends the process on a signal that no command takes: while it reads, writes its results, or waits for the reader of a
/// pipe.
pub(crate) fn end_process() -> Result<TerminationSignals, CommandError> {
    let watching = TerminationSignals::if_not_taken(exit);
    watching.map_err(cannot_watch)
}

/// Watches for signals. The first is only noticed, between two runs.
pub(crate) fn watch() -> Result<TerminationSignals, CommandError> {
    watched(|| ())
}

/// Watches for signals. The first ends the runs that are under way, too.
pub(crate) fn end_runs() -> Result<TerminationSignals, CommandError> {
    watched(interruption::request)
}

fn watched(
    on_first: impl Fn() + Send + Sync + 'static,
) -> Result<TerminationSignals, CommandError> {
    let watching = TerminationSignals::watch(move |signals| {
        on_first();
        // A user who presses it again does not want to wait for what is kept.
        if signals > 1 {
            exit();
        }
    });
    watching.map_err(cannot_watch)
}

fn cannot_watch(error: io::Error) -> CommandError {
    CommandError::io(format_args!("signals: {error}"))
}

#[expect(
    clippy::exit,
    reason = "the main thread is busy or waits, and the user wants it to end now"
)]
fn exit() {
    process::exit(i32::from(exit_code::INTERRUPTED));
}
