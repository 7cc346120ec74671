//! The files for Wireshark and Perfetto, of a run or a replay.

use std::path::Path;

use view::FinishedRun;

use crate::command_error::CommandError;
use crate::input;
use crate::output::{OutputFile, Outputs};
use crate::shell;
use crate::terminal::Terminal;

/// The files that were asked for.
pub(crate) struct Views {
    pcap: Option<OutputFile>,
    perfetto: Option<OutputFile>,
}

impl Views {
    pub(crate) fn prepare(
        pcap: Option<&Path>,
        perfetto: Option<&Path>,
        outputs: &mut Outputs<'_>,
    ) -> Result<Self, CommandError> {
        let mut prepare = |path: Option<&Path>| path.map(|it| outputs.file(it)).transpose();
        Ok(Self {
            pcap: prepare(pcap)?,
            perfetto: prepare(perfetto)?,
        })
    }

    /// Whether there is a file to write.
    pub(crate) const fn is_any(&self) -> bool {
        self.pcap.is_some() || self.perfetto.is_some()
    }

    pub(crate) fn write(
        self,
        run: &FinishedRun<'_>,
        terminal: &mut Terminal,
    ) -> Result<(), CommandError> {
        if let Some(output) = self.pcap {
            output.write_with(terminal, |mut out| view::capture(run, &mut out))?;
        }
        if let Some(output) = self.perfetto {
            output.write_with(terminal, |mut out| view::perfetto(run, &mut out))?;
        }
        Ok(())
    }
}

/// Says so if the files that were written lack what came after `limits.records`, with the command that
/// writes whole ones: that of the run, and the options for the same files.
pub(crate) fn say_if_cut(run: &FinishedRun<'_>, files: &str, terminal: &mut Terminal) {
    let limit = run.scenario.limits.records;
    let packets = run.observations.packets.len() as u64 + run.observations.dropped;
    let all = run.outcome.record_count.max(packets);
    if all > limit {
        terminal.error(&format!(
            "the files end at limits.records = {limit}: what the run did later is not in them. For all of \
             it: {} --set limits.records={all}{files} --force",
            run.command
        ));
    }
}

/// Options of `run` for these files: ` --out DIR --pcap FILE`.
pub(crate) fn options(files: [(&str, Option<&Path>); 3]) -> String {
    let given = files.into_iter().filter_map(|(option, path)| {
        let path = input::name(path?);
        Some(format!(" {option} {}", shell::quote(&path)))
    });
    given.collect()
}
