//! The flags of `mtasim diagnose`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use config::plan::Duration;
use diagnose::DateOrder;

use super::Format;

#[derive(Debug, Args)]
pub(crate) struct DiagnoseArguments {
    /// Winsock.log files, and application event logs (text or CSV of Event Viewer, its clipboard,
    /// EV0.LOG, EV1.LOG ...; several of one computer are joined); `-` reads standard input.
    #[arg(required = true, value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// The MTA's `TCP/IP control blocks`: for the forecast, and to tell whether calls can have been refused
    /// [default: from event 9156, else 20].
    #[arg(long, value_name = "N")]
    pub(crate) pool: Option<u64>,
    /// Session disconnect timer, the longest of all connectors: how long a call can stay open.
    /// Used if the lines have time stamps. Without it, a call of the log that took longer leaves a doubt
    /// [default: 120s].
    #[arg(long, value_name = "TIME", value_parser = config::file::parse_duration)]
    pub(crate) disconnect_timer: Option<Duration>,
    /// The most calls that the MTA makes at once: up to 10 for each X.400 connector (Q194589). Without time
    /// stamps and event log, a silent block that this many later calls have passed has then leaked;
    /// without --calls, it is suspected.
    #[arg(long, value_name = "N")]
    pub(crate) calls: Option<usize>,
    /// The order of day and month in dates that can be read both ways [default: the whole file
    /// decides].
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) dates: Option<Dates>,
    /// Winsock.log and the event logs were saved at the same time: a call without an event had not been given
    /// up. Nothing in the files tells; without this, such a block is not called in use.
    #[arg(long)]
    pub(crate) saved_together: bool,
    /// Ignore event logs beside a Winsock.log (HOST.events.txt, EV0.LOG, EV1.LOG ...).
    #[arg(long)]
    pub(crate) alone: bool,
    /// Output format; `json` is one object per log, one per line.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// The order of day and month.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Dates {
    /// 6/30/2001, as on American systems.
    MonthFirst,
    /// 30/6/2001, as on most others.
    DayFirst,
}

impl From<Dates> for DateOrder {
    fn from(dates: Dates) -> Self {
        match dates {
            Dates::MonthFirst => Self::MonthFirst,
            Dates::DayFirst => Self::DayFirst,
        }
    }
}
