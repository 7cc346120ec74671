//! What is said of one life of a block.
//!
//! Owns [`Entry`], its verdict and why it was given. A life is one use of a control block, from
//! its allocation to its return. It refuses to find anything out: that is the judge's.

use std::fmt;
use std::time::Duration;

use crate::line::Block;

/// One life of a control block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The control block.
    pub cb: Block,
    /// The use of it; none if the line that says so is not in the log.
    pub instance: Option<u32>,
    /// Which start of the service it belongs to, from 1.
    pub service: u32,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The lines that this rests on.
    pub evidence: Evidence,
}

/// What became of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// "Allocated but never used, disconnected, or closed" (Q303102).
    Leaked,
    /// At work when the log ends.
    InUse,
    /// Returned.
    Closed,
    /// The log starts too late, or ends too soon, to tell.
    Unknown,
}

/// Why a verdict was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Leaked: nothing more for longer than any call takes.
    Outlived(Duration),
    /// Leaked: the event log has a 289 for it, the call was given up.
    GivenUp,
    /// Leaked: later calls have come, and nothing more of this one.
    Overtaken,
    /// Leaked: it is all there is, or all up to a gap that an excerpt marks.
    NothingMore,
    /// In use: a call that is not as old as calls become.
    Young(Duration),
    /// In use: the event log has no 289 for it, the call is still being made.
    NotGivenUp,
    /// In use: the block that listens; the first of every start (Q229643).
    Listening,
    /// In use: it is waited for, or data has moved.
    AtWork,
    /// In use: its socket is closed, or its Close has come down; the rest takes an instant.
    Closing,
    /// Closed: its last `close socket` is there.
    Released,
    /// Closed: the block is in its next life, so the end of this one is missing.
    TakenAnew,
    /// Closed: taken for a call that was not accepted, which leaves no line (Q193380).
    NotAccepted,
    /// Closed: the service ended, and all its blocks with it.
    Ended,
    /// Unknown: a call that the log ends too soon to tell from a leak.
    EndsTooSoon,
    /// Unknown: the log starts too late, and never names the block.
    StartsTooLate,
}

/// Numbers of lines, in order; the first few of a long life, and always the last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    lines: [u64; Evidence::MAX],
    length: u8,
}

impl Evidence {
    /// Lines kept of a life.
    pub const MAX: usize = 12;

    pub(crate) const fn new() -> Self {
        Self {
            lines: [0; Self::MAX],
            length: 0,
        }
    }

    /// Adds a line; of more than there is room for, the last replaces the one before.
    pub(crate) fn push(&mut self, line: u64) {
        if self.lines().last() == Some(&line) {
            return;
        }
        debug_assert!(self.lines().last() < Some(&line), "lines come in order");
        let at = usize::from(self.length).min(Self::MAX - 1);
        self.lines[at] = line;
        self.length = at as u8 + 1;
    }

    /// The lines' numbers.
    #[must_use]
    pub fn lines(&self) -> &[u64] {
        &self.lines[..usize::from(self.length)]
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().fmt(out)
    }
}

/// `412-416, 430`.
impl fmt::Display for Evidence {
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

impl Verdict {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Leaked, Self::Unknown, Self::InUse, Self::Closed];

    /// `leaked`, `in use`, `closed` or `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::InUse => "in use",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

impl Reason {
    /// The verdict that it leads to.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Outlived(_) | Self::GivenUp | Self::Overtaken | Self::NothingMore => {
                Verdict::Leaked
            }
            Self::Young(_) | Self::NotGivenUp | Self::Listening | Self::AtWork | Self::Closing => {
                Verdict::InUse
            }
            Self::Released | Self::TakenAnew | Self::NotAccepted | Self::Ended => Verdict::Closed,
            Self::EndsTooSoon | Self::StartsTooLate => Verdict::Unknown,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Outlived(age) => {
                return write!(
                    out,
                    "never used, disconnected or closed in {} s",
                    age.as_secs()
                );
            }
            Self::Young(age) => return write!(out, "being connected for {} s", age.as_secs()),
            Self::GivenUp => "never used, disconnected or closed, and its call was given up",
            Self::Overtaken => "never used, disconnected or closed, while later calls came",
            Self::NothingMore => "never used, disconnected or closed in all that is shown",
            Self::NotGivenUp => "being connected: its call has not been given up",
            Self::Listening => "listens",
            Self::AtWork => "at work",
            Self::Closing => "being closed",
            Self::Released => "closed",
            Self::TakenAnew => "allocated again, so it was released; the lines are missing",
            Self::NotAccepted => "given back at once, the call was not accepted",
            Self::Ended => "the service ended",
            Self::EndsTooSoon => "being connected, or leaked: the log ends too soon to tell",
            Self::StartsTooLate => "never named: the log starts too late to tell",
        };
        out.write_str(text)
    }
}
