//! What the silent blocks mean when no more lines come.
//!
//! Owns the difference between a leak and a call that began a moment ago. Both leave the same
//! lines, "allocated but never used, disconnected, or closed" (Q303102), and Winsock.log has no
//! clock: nobody can tell them apart at its end by it alone. What can, in this order:
//!
//! 1. *Time stamps*, if a collector has put them there. A call is given up after the session's
//!    disconnect timer, 120 s unless it was changed (Q200259): whatever is silent for as long has
//!    leaked. If calls are seen to take longer, the timer is longer, and that counts.
//! 2. *The event log.* Every call that is given up has an event 289. As many of the silent blocks
//!    have leaked as there are such events for which no other call can account; the oldest,
//!    since one timer lets calls go in the order in which they began.
//! 3. *Order.* The silent blocks before the latest calls have leaked; the latest are unknown, one
//!    unless more is said. If something is seen to have come of a call although others began
//!    after it and are silent too, this MTA makes so many at once, and that counts.
//!
//! It refuses to guess: where none of these decides, the verdict is "unknown".

use std::time::Duration;

use crate::entry::{Entry, Reason, Verdict};
use crate::event_log::GivenUp;
use crate::life::Life;
use crate::line::Block;
use crate::stamp::Stamp;
use crate::summary::Totals;

/// What a timer lets go is gone an instant later: a call that took no more than that longer than
/// the timer does not say that the timer is longer.
const INSTANT: Duration = Duration::from_secs(1);

/// What decides where the log alone cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest that a call may be on its way before the session gives it up.
    pub disconnect_timer: Duration,
    /// How many calls may be on their way at once, for a log that is judged by order alone.
    pub calls_at_once: usize,
}

impl Default for Limits {
    /// 120 s is the default of the session's disconnect timer (Q200259). One call at a time is
    /// what one connector makes whose queue is short.
    fn default() -> Self {
        Self {
            disconnect_timer: Duration::from_secs(120),
            calls_at_once: 1,
        }
    }
}

/// The silent blocks of a service of which no more lines come.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) totals: Totals,
    /// Oldest first.
    pub(crate) lives: Vec<(Block, Life)>,
    pub(crate) began: Option<Stamp>,
    pub(crate) latest: Option<Stamp>,
    pub(crate) longest_call: Duration,
    pub(crate) most_overtaken: usize,
    /// Calls that ended without having been opened: each has an event 289 of its own.
    pub(crate) failed_calls: u64,
    pub(crate) gap_at: u64,
    /// Whoever cut this text out of a log says that it is all there is about its one block.
    pub(crate) is_about_one_block: bool,
    pub(crate) restarted_at: Option<u64>,
}

impl Silence {
    /// Judges them. `given_up` is what the event log says of this run of the service.
    pub(crate) fn judge(
        mut self,
        limits: Limits,
        given_up: Option<GivenUp>,
        out: &mut impl FnMut(&Entry),
    ) -> Totals {
        let leaked = given_up.and_then(|it| self.leaked_of(it));
        for (place, (block, life)) in self.lives.iter().enumerate() {
            let later = self.lives.len() - 1 - place;
            let reason = self
                .by_time(life, limits)
                .or_else(|| leaked.map(|leaked| by_events(place, leaked)))
                .unwrap_or_else(|| self.by_order(life, later, limits));
            let reason = match self.restarted_at {
                Some(_) if reason.verdict() == Verdict::InUse => Reason::Ended,
                Some(_) | None => reason,
            };
            let because = self.restarted_at.filter(|_| reason == Reason::Ended);
            let entry = life.entry((*block, self.totals.service), reason, because);
            self.totals.count(&entry);
            if entry.verdict == Verdict::Leaked {
                let within = self.began.zip(life.began);
                self.totals.leaked_within = within.map(|(start, leak)| leak.since(start));
            }
            out(&entry);
        }
        self.totals
    }

    fn by_time(&self, life: &Life, limits: Limits) -> Option<Reason> {
        let age = self.latest?.since(life.began?);
        let timer = limits.disconnect_timer;
        let is_longer = self.longest_call > timer + INSTANT;
        let has_run_out = age >= timer && (age > self.longest_call || !is_longer);
        Some(if has_run_out {
            Reason::Outlived(age)
        } else {
            Reason::Young(age)
        })
    }

    /// How many of the silent blocks belong to calls that were given up. `None` if the two logs
    /// do not go together.
    fn leaked_of(&self, given_up: GivenUp) -> Option<usize> {
        let leaked = given_up.calls.checked_sub(self.failed_calls)?;
        let leaked = leaked.saturating_sub(given_up.in_doubt);
        let leaked = usize::try_from(leaked).ok()?;
        (self.totals.is_whole && leaked <= self.lives.len()).then_some(leaked)
    }

    fn by_order(&self, life: &Life, later: usize, limits: Limits) -> Reason {
        if self.is_about_one_block || life.last_line() < self.gap_at {
            Reason::NothingMore
        } else if later >= limits.calls_at_once.max(self.most_overtaken + 1) {
            Reason::Overtaken
        } else {
            Reason::EndsTooSoon
        }
    }
}

fn by_events(place: usize, leaked: usize) -> Reason {
    if place < leaked {
        Reason::GivenUp
    } else {
        Reason::NotGivenUp
    }
}
