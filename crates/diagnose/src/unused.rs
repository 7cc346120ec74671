//! Decides which unused blocks have leaked when no more lines follow.
//!
//! A leak and a call that was made a moment ago leave the same lines, "allocated but never used,
//! disconnected, or closed" (Q303102), and Winsock.log has no clock. At its end nothing in it
//! distinguishes the two. These decide, in this order:
//!
//! 1. *Timestamps*, if a collector has added them. A call is given up when the session disconnect timer
//!    expires, after 120 s unless configured otherwise (Q200259): a block that is unused for longer has
//!    leaked. The longest time without any line does not count: the clock may have been set forward in it.
//!    If the log shows a call that took longer, the timer is longer, or lines are missing, or the clock was
//!    set: a block that is not unused for longer than that call is suspected.
//! 2. *The event log.* Every call that is given up has an event 289. The number of leaked blocks is the
//!    number of these events that no other call accounts for. The oldest blocks have leaked, since all
//!    calls have the same timer. The others have not, if the event log goes on to the end of the service
//!    run: nothing in it tells what was given up after its last event.
//! 3. *Order*, if it is known how many calls the MTA makes at once. Unused blocks older than that many of
//!    the latest calls have leaked; the latest calls are unknown. If the log shows that a call succeeded
//!    after later ones were made, this MTA makes at least that many calls at once.
//!
//! If none of these decides, a block that stayed unused while later calls came is suspected: it has the
//! pattern of Q303102, but a call to a computer that does not answer looks the same until its timer expires,
//! and an MTA makes up to ten calls at once for each connector (Q194589). Of the rest the diagnosis is
//! "unknown": this module never guesses.

use std::time::Duration;

use crate::allocation::{Allocation, Diagnosis, Reason};
use crate::clock::{DateOrder, Exactness, Pauses, Timestamp};
use crate::consistency::Contradictions;
use crate::event_log::GivenUp;
use crate::line::BlockNumber;
use crate::open_allocation::OpenAllocation;
use crate::summary::AllocationTotals;

/// Tolerance for the time between a timer's expiry and the line about it: a call that took no longer
/// than the timer plus this does not prove that the timer is longer.
const TOLERANCE: Duration = Duration::from_secs(1);

/// Parameters that decide where the log alone cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The session disconnect timer: how long a call may take before it is given up.
    pub disconnect_timer: Duration,
    /// Whether somebody has said so who knows it: then a call that took longer does not count.
    pub timer_is_given: bool,
    /// The number of control blocks: when all are in use, calls are refused.
    pub pool: usize,
    /// The largest number of calls that the MTA makes at once, if it is known: then order can decide.
    pub calls_at_once: Option<usize>,
    /// The order of day and month in stamps that can be read both ways.
    pub dates: DateOrder,
    /// Whether Winsock.log and the event log were saved at the same time. Winsock.log has no clock, so
    /// nothing in the two files tells.
    pub saved_together: bool,
}

impl Default for Parameters {
    /// 120 s is the default of the session disconnect timer (Q200259), 20 that of the pool (Q166602).
    fn default() -> Self {
        Self {
            disconnect_timer: Duration::from_secs(120),
            timer_is_given: false,
            pool: 20,
            calls_at_once: None,
            dates: DateOrder::default(),
            saved_together: false,
        }
    }
}

/// The unused blocks at the end of a service run.
#[derive(Debug)]
pub(crate) struct UnusedBlocks {
    pub(crate) totals: AllocationTotals,
    /// Oldest first.
    pub(crate) allocations: Vec<(BlockNumber, OpenAllocation)>,
    pub(crate) began: Option<Timestamp>,
    pub(crate) latest: Option<Timestamp>,
    pub(crate) exactness: Exactness,
    pub(crate) pauses: Pauses,
    /// The largest number of blocks that were allocated at the same time.
    pub(crate) most_open: usize,
    /// Whether the run contradicts itself, so that lines of it are missing.
    pub(crate) lacks_lines: bool,
    pub(crate) longest_call: Duration,
    pub(crate) most_overtaken: usize,
    /// Calls that ended without having been opened: each accounts for one event 289.
    pub(crate) failed_calls: u64,
    /// Ended allocations of which the log does not tell if they were such calls.
    pub(crate) perhaps_failed_calls: u64,
    /// Those of `failed_calls` that may have been opened: all of them if no line tells of a complete packet.
    pub(crate) perhaps_opened: u64,
    /// Whether a line cannot be read that may be about any block.
    pub(crate) has_unread: bool,
    pub(crate) gap_at: u64,
    pub(crate) contradictions: Contradictions,
    /// Whether the text is an excerpt with the lines of a single block.
    pub(crate) is_about_one_block: bool,
    pub(crate) restarted_at: Option<u64>,
}

impl UnusedBlocks {
    /// Diagnoses them. `given_up` is what the event log says about this service run. Of lines of two
    /// computers in one log nothing is certain.
    pub(crate) fn diagnose(
        mut self,
        limits: Parameters,
        is_mixed: bool,
        given_up: Option<GivenUp>,
        out: &mut impl FnMut(&Allocation),
    ) -> AllocationTotals {
        let given_up = given_up.map(|it| self.believed(it, limits));
        let events = given_up.and_then(|it| Some((it, self.leaked_of(it)?)));
        for (index, (block, allocation)) in self.allocations.iter().enumerate() {
            let later = self.allocations.len() - 1 - index;
            let by_events = events.and_then(|(it, leaked)| self.by_events(index, leaked, it));
            let by_order = self.by_order(allocation, later, limits);
            let found = [self.by_time(allocation, limits), by_events, Some(by_order)];
            let is_certain = |it: &Reason| {
                let diagnosis = it.diagnosis();
                !matches!(diagnosis, Diagnosis::Suspected | Diagnosis::Unknown)
            };
            let mut found = found.into_iter().flatten();
            let reason = found.clone().find(is_certain).or_else(|| found.next());
            let reason = reason.expect("order always says something");
            let reason = if is_mixed {
                in_mixture(reason)
            } else if self.lacks_lines && reason.diagnosis() == Diagnosis::Leaked {
                Reason::LinesMissing
            } else {
                reason
            };
            let reason = allocation.unread_at.map_or(reason, Reason::LinesUnread);
            // A restart releases blocks in use, and does not undo a leak.
            let reason = match self.restarted_at {
                Some(_) if reason.diagnosis() == Diagnosis::InUse => Reason::ServiceEnded,
                Some(_) | None => reason,
            };
            let because = self.restarted_at.filter(|_| reason == Reason::ServiceEnded);
            let found = allocation.diagnose(*block, self.totals.service, reason, because);
            self.totals.count(&found);
            let by_order = matches!(
                reason,
                Reason::Overtaken | Reason::Passed(_) | Reason::Outlived(_)
            );
            self.totals.by_order += u64::from(by_order);
            if found.diagnosis == Diagnosis::Leaked {
                let within = self.began.zip(allocation.began);
                self.totals.leaked_within = within.map(|(start, leak)| leak.since(start));
            }
            out(&found);
        }
        self.totals
    }

    /// What the events are worth. An event log can have been filtered: one without any event 289 does not tell
    /// that no call was given up, and one without event 9156 does not tell that no call was refused if all
    /// blocks were in use at some time.
    fn believed(&self, given_up: GivenUp, limits: Parameters) -> GivenUp {
        let is_complete = given_up.is_complete || limits.saved_together;
        let hides_refusals = !given_up.has_refusals && self.most_open >= limits.pool;
        let (calls, perhaps) = match hides_refusals {
            true => (0, given_up.calls + given_up.perhaps),
            false => (given_up.calls, given_up.perhaps),
        };
        GivenUp {
            calls,
            perhaps,
            is_complete: is_complete && given_up.shows_calls,
            ..given_up
        }
    }

    /// What the times decide. A clock that goes back makes a block look younger than it is, and lines that
    /// are not in the order of their times may have used a block above its first line. A clock that is set
    /// forward makes it look older, by no more than the longest time between two lines.
    fn by_time(&self, allocation: &OpenAllocation, limits: Parameters) -> Option<Reason> {
        let (began, until) = (allocation.began?, allocation.known_until.or(self.latest)?);
        if allocation.is_overlapped || !until.is_comparable(began) {
            return None;
        }
        let age = until.since(began);
        let pause = self.pauses.after(allocation.first_line());
        let [least, without_pause] =
            [age, age.saturating_sub(pause)].map(|it| self.exactness.least(it));
        let timer = limits.disconnect_timer;
        let longest = self.exactness.least(self.longest_call);
        let is_contradicted = !limits.timer_is_given && longest > timer + TOLERANCE;
        let is_contradicted_at = |age: Duration| is_contradicted && age <= longest;
        if without_pause >= timer && !is_contradicted_at(without_pause) {
            Some(Reason::TimedOut(age))
        } else if self.exactness.most(age) < timer {
            // Of a clock that was set back nothing tells.
            (!allocation.is_across).then_some(Reason::Recent(age))
        } else if least < timer {
            // Times of whole minutes do not tell.
            None
        } else if is_contradicted_at(least) {
            Some(Reason::TimerContradicted { age, longest })
        } else {
            Some(Reason::AcrossPause { age, pause })
        }
    }

    /// How many of the unused blocks belong to calls that were given up; `None` if the event log does not
    /// match this log.
    fn leaked_of(&self, given_up: GivenUp) -> Option<usize> {
        // Calls that were given up and closed have an event 289 too. More of them than events means that
        // the logs are of different runs or machines.
        let all = given_up.calls + given_up.perhaps;
        all.checked_sub(self.failed_calls)?;
        let leaked = given_up.calls.saturating_sub(self.failed_calls);
        let leaked = leaked.saturating_sub(given_up.in_doubt + self.perhaps_failed_calls);
        let leaked = usize::try_from(leaked).ok()?;
        // A line that cannot be read, or is missing, may be the end of a call.
        let has_all = !self.has_unread && !self.lacks_lines && self.gap_at == 0;
        let is_whole = self.totals.is_whole && has_all;
        (is_whole && leaked <= self.allocations.len()).then_some(leaked)
    }

    /// What the events say of the unused block of this index if so many have leaked; `None` if they, or the
    /// lines about other calls, end too soon to say anything. A failure of the service is the end of its events.
    fn by_events(&self, index: usize, leaked: usize, given_up: GivenUp) -> Option<Reason> {
        let with = |count: u64| leaked.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        if index < leaked {
            Some(Reason::GivenUp)
        } else if index < with(given_up.perhaps) {
            (!given_up.has_refusals).then_some(Reason::RefusedPerhaps)
        } else if index < with(self.perhaps_opened + self.perhaps_failed_calls) {
            None
        } else if index < with(given_up.in_doubt) {
            Some(Reason::GivenUpInFailure)
        } else {
            given_up.is_complete.then_some(Reason::NotGivenUp)
        }
    }

    /// How many calls may be in progress at once: as many as the log shows, at least. Without a parameter
    /// one more call is enough for a suspicion.
    pub(crate) fn calls_at_once(&self, limits: Parameters) -> usize {
        limits
            .calls_at_once
            .unwrap_or(1)
            .max(self.most_overtaken + 1)
    }

    fn by_order(&self, allocation: &OpenAllocation, later: usize, limits: Parameters) -> Reason {
        let enough = self.calls_at_once(limits);
        let is_excerpt = self.is_about_one_block && !allocation.is_overlapped;
        if is_excerpt || allocation.last_line() < self.gap_at {
            Reason::NoFurtherLines
        } else if later >= enough {
            match limits.calls_at_once {
                // Lines that are not in the order of their times do not tell which call came later.
                Some(_) if !allocation.is_across => Reason::Overtaken,
                _ => Reason::Passed(later as u64),
            }
        } else if allocation.outlived >= enough as u64 {
            Reason::Outlived(allocation.outlived)
        } else {
            Reason::LogEndsTooSoon
        }
    }
}

/// What a reason is worth if lines of another computer may be among those of the block.
const fn in_mixture(reason: Reason) -> Reason {
    match reason.diagnosis() {
        Diagnosis::Leaked | Diagnosis::Suspected => Reason::Mixed,
        Diagnosis::InUse | Diagnosis::Closed | Diagnosis::Unknown => Reason::LogEndsTooSoon,
    }
}
