//! Ends a command when a program of the user loops for ever: nothing can interrupt it within its thread.

use std::process;

use config::plan::Duration;
use explore::{StuckLimit, Watchdog, counted};
use simulation::heartbeat::Heartbeat;

use crate::arguments::Color;
use crate::command_error::CommandError;
use crate::current_run;
use crate::exit_code;
use crate::terminal::Terminal;
use crate::{ErrorFormat, print_object};

/// Watches the runs of this process. A run that makes no progress for so long ends it; `0s` is never.
pub(crate) fn watch(
    limit: Duration,
    format: ErrorFormat,
) -> Result<Option<Watchdog>, CommandError> {
    let seconds = limit.nanos().div_ceil(1_000_000_000);
    if seconds == 0 {
        return Ok(None);
    }
    // 136 years, as good as never.
    let stuck_limit = StuckLimit::seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
    let watchdog = Watchdog::watch(stuck_limit, move |stuck| end(stuck, seconds, format));
    let watchdog = watchdog.map_err(|error| CommandError::io(format_args!("watchdog: {error}")))?;
    Ok(Some(watchdog))
}

#[expect(clippy::exit, reason = "the thread of the run cannot be ended")]
fn end(stuck: &Heartbeat, seconds: u64, format: ErrorFormat) {
    let mut terminal = Terminal::new(Color::Auto);
    let time = counted(seconds, "second");
    let error = CommandError::Message(exit_code::UNEXPECTED, format!("for {time}, {stuck}"));
    // Scripts read the code; that nobody reads the object changes nothing.
    let _ = print_object(&error, format, &mut terminal);
    error.report(&mut terminal);
    if let Some(command) = current_run::get() {
        terminal.error(&format!("to reproduce: {command}"));
    }
    process::exit(i32::from(exit_code::UNEXPECTED));
}
