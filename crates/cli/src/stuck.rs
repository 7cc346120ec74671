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

/// Watches the runs of this process. A run that makes no progress for so long ends it; `0s` is never.
pub(crate) fn watch(limit: Duration) -> Result<Option<Watchdog>, CommandError> {
    let seconds = limit.nanos().div_ceil(1_000_000_000);
    if seconds == 0 {
        return Ok(None);
    }
    // 136 years, as good as never.
    let stuck_limit = StuckLimit::seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
    let watchdog = Watchdog::watch(stuck_limit, move |stuck| end(stuck, seconds));
    let watchdog = watchdog.map_err(|error| CommandError::io(format_args!("watchdog: {error}")))?;
    Ok(Some(watchdog))
}

#[expect(clippy::exit, reason = "the thread of the run cannot be ended")]
fn end(stuck: &Heartbeat, seconds: u64) {
    let mut terminal = Terminal::new(Color::Auto);
    let time = counted(seconds, "second");
    terminal.error(&format!("for {time}, {stuck}"));
    if let Some(command) = current_run::get() {
        terminal.error(&format!("to reproduce: {command}"));
    }
    // Scripts read the code; that standard error is closed changes nothing.
    let _ = terminal.flush();
    process::exit(i32::from(exit_code::UNEXPECTED));
}
