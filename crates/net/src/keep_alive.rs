//! What the routers at the two ends of a link make of its outages: they notice that the line is
//! down, and a long outage ends the session of the line.

use kernel::{Choices, Duration, Instant};

use crate::loss::outage::OutageTimeline;

/// How the routers at the ends of a link handle outages, of the loss model or scheduled. A link whose
/// directions have outages of their own is out while either direction is: routers exchange
/// keep-alives, which need both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAliveConfig {
    /// How long an outage lasts before the routers know that the line is down. Until the outage ends,
    /// they discard every packet and report its destination as unreachable. `None`: they never know.
    pub unreachable_after: Option<Duration>,
    /// How long an outage must last to end the session of the line, as when a dial-up line hangs up.
    /// The routers, which keep the state of connections, then know only connections that are opened
    /// afterwards. `None`: the session never ends.
    pub reset_after: Option<Duration>,
}

/// The line of a link as its routers see it, in the order of time.
#[derive(Clone, Debug)]
pub(crate) struct KeepAliveState {
    config: KeepAliveConfig,
    /// Out while either direction is.
    outages: OutageTimeline,
    /// When the outage began that is under way.
    out_since: Option<Instant>,
    /// When the outage ends or the next one begins; [`Instant::MAX`] for never.
    changes_at: Instant,
    session_since: Instant,
}

impl KeepAliveState {
    /// The line at the start of virtual time; `None` if its routers have nothing to do.
    pub(crate) fn new(config: KeepAliveConfig, mut outages: OutageTimeline) -> Option<Self> {
        if config == KeepAliveConfig::default() {
            return None;
        }
        let is_out = outages.is_out(Instant::ZERO);
        let mut line = Self {
            config,
            outages,
            out_since: is_out.then_some(Instant::ZERO),
            changes_at: Instant::ZERO,
            session_since: Instant::ZERO,
        };
        line.changes_at = line.next_change(Instant::ZERO);
        Some(line)
    }

    /// From `at` on, the outages come from `choices`.
    pub(crate) fn reseed(&mut self, at: Instant, choices: Choices) {
        // First with the old choices: what happened before the reseed is the past.
        self.advance(at);
        self.outages.reseed(at, choices);
        self.changes_at = self.next_change(at);
    }

    /// Whether the routers know that the line is down.
    pub(crate) fn is_known_down(&mut self, now: Instant) -> bool {
        self.advance(now);
        let lasts = self.out_since.map(|since| now - since);
        let notice = self.config.unreachable_after;
        lasts
            .zip(notice)
            .is_some_and(|(lasts, notice)| lasts >= notice)
    }

    /// When the current session began; `None` if no outage ends a session.
    pub(crate) fn session_since(&mut self, now: Instant) -> Option<Instant> {
        self.advance(now);
        self.config.reset_after.map(|_| self.session_since)
    }

    fn advance(&mut self, now: Instant) {
        while self.changes_at <= now && self.changes_at < Instant::MAX {
            let at = self.changes_at;
            match self.out_since.take() {
                None => self.out_since = Some(at),
                Some(since) => {
                    let longest = self.config.reset_after;
                    // Only at the end of the outage: while it lasts nothing passes, so a new
                    // session makes no difference yet.
                    if longest.is_some_and(|longest| at - since >= longest) {
                        self.session_since = at;
                    }
                }
            }
            self.changes_at = self.next_change(at);
        }
    }

    fn next_change(&mut self, after: Instant) -> Instant {
        // Asked for its effect: the timeline remembers where it is.
        let _ = self.outages.is_out(after);
        self.outages.next_change(after).unwrap_or(Instant::MAX)
    }
}
