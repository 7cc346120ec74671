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

/// Says so if the files that were written lack what came after `limits.records`.
pub(crate) fn say_if_cut(run: &FinishedRun<'_>, terminal: &mut Terminal) {
    let limit = run.scenario.limits.records;
    if run.outcome.records.len() as u64 >= limit || run.observations.dropped > 0 {
        terminal.error(&format!(
            "the files end at limits.records = {limit}: what the run did later is not in them. Give a \
             higher limit with --set limits.records=N"
        ));
    }
}
