//! The files for Wireshark and Perfetto, of a run or a replay.

use view::FinishedRun;

use crate::command_error::CommandError;
use crate::output::Output;
use crate::terminal::Terminal;

/// Writes what was asked for: a capture, a trace.
pub(crate) fn write(
    run: &FinishedRun<'_>,
    [pcap, perfetto]: &[Option<Output>; 2],
    terminal: &mut Terminal,
) -> Result<(), CommandError> {
    if let Some(output) = pcap {
        output.write_with(terminal, |mut out| view::capture(run, &mut out))?;
    }
    if let Some(output) = perfetto {
        output.write_with(terminal, |mut out| view::perfetto(run, &mut out))?;
    }
    Ok(())
}
