//! The diagnosis of one allocation of a control block, from `allocated` to `close socket`.

use std::fmt;
use std::time::Duration;

use crate::line::BlockNumber;

/// One allocation of a control block, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The control block.
    pub cb: BlockNumber,
    /// The instance number of the allocation; `None` if the log lacks the line with it.
    pub instance: Option<u32>,
    /// The run of the service, from 1: the log may contain several starts.
    pub service: u32,
    /// What became of it.
    pub diagnosis: Diagnosis,
    /// Why.
    pub reason: Reason,
    /// The lines that the diagnosis rests on.
    pub evidence: LineNumbers,
}

/// What became of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Diagnosis {
    /// "Allocated but never used, disconnected, or closed" (Q303102).
    Leaked,
    /// The pattern of a leak, and the log goes on without the block; but nothing tells how much time
    /// has passed.
    Suspected,
    /// In use when the log ends.
    InUse,
    /// Released.
    Closed,
    /// The log starts too late, or ends too soon, to tell.
    Unknown,
}

/// The reason for a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Leaked: unused for longer than any call takes.
    TimedOut(Duration),
    /// Leaked: its call was given up, the event log has an event 289 for it.
    GivenUp,
    /// Leaked: more later calls were made than the MTA makes at once, and no further line names this block.
    Overtaken,
    /// Leaked: the log is an excerpt about this block, or an excerpt that says where it leaves lines
    /// out, and no further line names it.
    NoFurtherLines,
    /// Suspected: so many later allocations came and went, and no further line names this block.
    Outlived(u64),
    /// Suspected: so many later calls were made, no further line names this block, and it is not known how
    /// many calls the MTA makes at once.
    Passed(u64),
    /// Suspected: the pattern of a leak, in a log in which lines of two computers are mixed.
    Mixed,
    /// Suspected: the pattern of a leak, in a log in which lines are missing.
    LinesMissing,
    /// Suspected: unused for longer than any call takes, unless the clock was set forward between two lines.
    AcrossPause {
        /// From its first line to the last one.
        age: Duration,
        /// The longest time without any line since its first one.
        pause: Duration,
    },
    /// Suspected: unused for longer than the timer allows, but so was a call that was answered.
    TimerContradicted {
        /// From its first line to the last one.
        age: Duration,
        /// How long that call took.
        longest: Duration,
    },
    /// Suspected: so many calls were given up, but nothing tells how many of them were refused.
    RefusedPerhaps,
    /// In use: a call that is not older than calls become.
    Recent(Duration),
    /// In use: a call that was not given up, the event log has no event 289 for it.
    NotGivenUp,
    /// In use: the block that listens, the first of every service run (Q229643).
    Listening,
    /// In use: a thread waits for it, or data was transferred.
    Active,
    /// In use: its call was given up in the second in which the service failed, before it could release the
    /// block.
    GivenUpInFailure,
    /// In use: its socket is closed, or a Close message has arrived; it will be released at once.
    Closing,
    /// Closed: its last `close socket` is in the log.
    Released,
    /// Closed: the block is allocated again, so the lines about its release are missing.
    Reallocated,
    /// Closed: allocated for an incoming call that was not accepted, whose release is not logged
    /// (Q193380).
    NotAccepted,
    /// Closed: the service ended, which frees all blocks.
    ServiceEnded,
    /// Unknown: allocated for an incoming call that was not accepted, or its lines are missing.
    NotAcceptedPerhaps,
    /// Unknown: this line cannot be read, and may be about the block.
    LinesUnread(u64),
    /// Unknown: a call in progress or a leak; the log ends too soon to tell.
    LogEndsTooSoon,
    /// Unknown: the log starts too late and never names the block.
    LogStartsTooLate,
}

/// Line numbers in ascending order: the first ones and always the last one of an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LineNumbers {
    lines: [u64; LineNumbers::MAX],
    length: u8,
}

impl LineNumbers {
    /// The largest number of lines kept.
    pub const MAX: usize = 12;

    pub(crate) const fn new() -> Self {
        Self {
            lines: [0; Self::MAX],
            length: 0,
        }
    }

    /// Adds a line. When there is no room left, it replaces the last one.
    pub(crate) fn push(&mut self, line: u64) {
        if self.lines().last() == Some(&line) {
            return;
        }
        debug_assert!(self.lines().last() < Some(&line), "lines come in order");
        let at = usize::from(self.length).min(Self::MAX - 1);
        self.lines[at] = line;
        self.length = at as u8 + 1;
    }

    /// The line numbers.
    #[must_use]
    pub fn lines(&self) -> &[u64] {
        &self.lines[..usize::from(self.length)]
    }
}

impl fmt::Debug for LineNumbers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().fmt(out)
    }
}

/// `412-416, 430`.
impl fmt::Display for LineNumbers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let mut at = 0;
        while at < lines.len() {
            let mut last = at;
            while lines.get(last + 1) == Some(&(lines[last] + 1)) {
                last += 1;
            }
            let comma = if at == 0 { "" } else { ", " };
            if last == at {
                write!(out, "{comma}{}", lines[at])?;
            } else {
                write!(out, "{comma}{}-{}", lines[at], lines[last])?;
            }
            at = last + 1;
        }
        Ok(())
    }
}

impl Diagnosis {
    /// All diagnoses, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Leaked,
        Self::Suspected,
        Self::Unknown,
        Self::InUse,
        Self::Closed,
    ];

    /// `leaked`, `suspected`, `in use`, `closed` or `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::Suspected => "suspected",
            Self::InUse => "in use",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

impl Reason {
    /// The diagnosis for this reason.
    #[must_use]
    pub const fn diagnosis(self) -> Diagnosis {
        match self {
            Self::TimedOut(_) | Self::GivenUp | Self::Overtaken | Self::NoFurtherLines => {
                Diagnosis::Leaked
            }
            Self::Outlived(_)
            | Self::Passed(_)
            | Self::Mixed
            | Self::LinesMissing
            | Self::AcrossPause { .. }
            | Self::TimerContradicted { .. }
            | Self::RefusedPerhaps => Diagnosis::Suspected,
            Self::Recent(_)
            | Self::NotGivenUp
            | Self::GivenUpInFailure
            | Self::Listening
            | Self::Active
            | Self::Closing => Diagnosis::InUse,
            Self::Released | Self::Reallocated | Self::NotAccepted | Self::ServiceEnded => {
                Diagnosis::Closed
            }
            Self::NotAcceptedPerhaps
            | Self::LinesUnread(_)
            | Self::LogEndsTooSoon
            | Self::LogStartsTooLate => Diagnosis::Unknown,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::TimedOut(age) => {
                return write!(
                    out,
                    "never used, disconnected or closed in {} s",
                    age.as_secs()
                );
            }
            Self::Recent(age) => return write!(out, "being connected for {} s", age.as_secs()),
            Self::LinesUnread(line) => {
                return write!(out, "line {line} cannot be read and may be about it");
            }
            Self::Outlived(later) => {
                let calls = if *later == 1 { "call" } else { "calls" };
                return write!(
                    out,
                    "never used, disconnected or closed, while {later} later {calls} came and went"
                );
            }
            Self::Passed(later) => {
                let calls = if *later == 1 { "call" } else { "calls" };
                return write!(
                    out,
                    "never used, disconnected or closed, while {later} later {calls} came"
                );
            }
            Self::AcrossPause { age, pause } => {
                return write!(
                    out,
                    "never used, disconnected or closed in {} s, {} s of them without any line: the clock \
                     may have been set forward",
                    age.as_secs(),
                    pause.as_secs()
                );
            }
            Self::TimerContradicted { age, longest } => {
                return write!(
                    out,
                    "never used, disconnected or closed in {} s, but another call was answered after {} s",
                    age.as_secs(),
                    longest.as_secs()
                );
            }
            Self::GivenUp => "never used, disconnected or closed, and its call was given up",
            Self::RefusedPerhaps => {
                "never used, disconnected or closed, and its call was given up unless the event belongs to a \
                 refused call: all blocks were in use, and there is no event 9156"
            }
            Self::LinesMissing => "never used, disconnected or closed, but lines are missing",
            Self::Overtaken => {
                "never used, disconnected or closed, while more later calls came than are made at once"
            }
            Self::NoFurtherLines => "never used, disconnected or closed in all that is shown",
            Self::Mixed => "never used, disconnected or closed, but the log contradicts itself",
            Self::NotGivenUp => "being connected: its call has not been given up",
            Self::Listening => "listens",
            Self::Active => "active",
            Self::Closing => "being closed",
            Self::Released => "closed",
            Self::Reallocated => "allocated again, so it was released; the lines are missing",
            Self::NotAccepted => "released at once, the call was not accepted",
            Self::ServiceEnded => "the service ended",
            Self::GivenUpInFailure => {
                "its call was given up in the second in which the service failed, before it could release the \
                 block"
            }
            Self::NotAcceptedPerhaps => {
                "allocated, and its thread went on to something else: not accepted, or its lines are missing"
            }
            Self::LogEndsTooSoon => "being connected, or leaked: the log ends too soon to tell",
            Self::LogStartsTooLate => "never named: the log starts too late to tell",
        };
        out.write_str(text)
    }
}
