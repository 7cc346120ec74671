//! What can be said to `mtasim diagnose`.
//!
//! Owns its flags with their help. It refuses to act on any of them.

use std::path::PathBuf;

use clap::Args;
use explore::duration::VirtualDuration;

use super::Format;

#[derive(Debug, Args)]
pub(crate) struct DiagnoseArguments {
    /// Winsock.log files, and application event logs as text (Event Viewer's form or EV0.LOG);
    /// `-` is standard input.
    #[arg(required = true, value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// `TCP/IP control blocks` of the MTA, for the forecast [default: as event 9156 says, or 20].
    #[arg(long, value_name = "N")]
    pub(crate) pool: Option<u64>,
    /// The session's disconnect timer, the largest of all connectors: how old a call can become.
    /// It counts where the lines have time stamps.
    #[arg(long, value_name = "TIME", default_value = "120s")]
    pub(crate) disconnect_timer: VirtualDuration,
    /// How many calls the MTA may be placing at once, for a log without stamps and without an
    /// event log: so many of the latest calls are not judged.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) calls: usize,
    /// Do not look for the event log that may lie beside a Winsock.log (HOST.events.txt, EV0.LOG).
    #[arg(long)]
    pub(crate) alone: bool,
    /// How to answer: a page, or one JSON object a log, one line each.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
