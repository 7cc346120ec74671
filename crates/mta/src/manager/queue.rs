//! One connector's messages and its rests.
//!
//! Owns the order in which messages wait, how many associations they deserve and how long the
//! connector rests after a failure. It refuses to know the associations themselves.

use std::collections::VecDeque;

use machine::{Duration, Instant};

use crate::config::{Connector, Priority, Submission};

/// A waiting message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) submission: Submission,
    /// Bytes that an earlier association had confirmed by a checkpoint.
    pub(super) confirmed: u32,
    /// When that association broke.
    pub(super) broken_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) connector: Connector,
    waiting: [VecDeque<Queued>; 3],
    /// No association is opened before this.
    pub(super) rests_until: Instant,
    /// Counts the plans to wake up: the alarm of an older plan means nothing.
    pub(super) generation: u32,
    failures_to_open: u32,
    breaks: u32,
    /// Opens since the last message was transferred: part of a connection's name.
    tries: u32,
    limit_reached: bool,
}

impl Queued {
    /// From which byte the transfer goes on: behind the last checkpoint if the break is not
    /// older than the recovery timeout.
    pub(super) fn resumes_at(&self, now: Instant, recovery_timeout: Duration) -> u32 {
        match self.broken_at {
            Some(broken_at) if broken_at + recovery_timeout >= now => self.confirmed,
            _ => 0,
        }
    }
}

impl Queue {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            waiting: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            rests_until: Instant::ZERO,
            generation: 0,
            failures_to_open: 0,
            breaks: 0,
            tries: 0,
            limit_reached: false,
        }
    }

    pub(super) fn add(&mut self, submission: Submission) {
        let queued = Queued {
            submission,
            confirmed: 0,
            broken_at: None,
        };
        self.waiting[submission.priority as usize].push_back(queued);
    }

    pub(super) fn take(&mut self, urgent_only: bool) -> Option<Queued> {
        let levels = if urgent_only { 1 } else { self.waiting.len() };
        self.waiting[..levels]
            .iter_mut()
            .find_map(VecDeque::pop_front)
    }

    pub(super) fn has_urgent(&self) -> bool {
        !self.waiting[Priority::Urgent as usize].is_empty()
    }

    pub(super) fn len(&self) -> u32 {
        let length = self.waiting.iter().map(VecDeque::len).sum::<usize>();
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    /// How many associations the waiting messages deserve: one more for every `threshold`
    /// (Q194589).
    pub(super) fn wanted(&self) -> u32 {
        match self.len() {
            0 => 0,
            waiting => 1 + (waiting - 1) / self.connector.threshold.max(1),
        }
    }

    /// The limit, when more associations are wanted than it allows and that is news (event 57).
    pub(super) fn limit_newly_reached(&mut self, wanted: u32) -> Option<u32> {
        let limit = self.connector.max_associations;
        let was_reached = std::mem::replace(&mut self.limit_reached, wanted > limit);
        (self.limit_reached && !was_reached).then_some(limit)
    }

    /// The name of the next connection: which message it is opened for, and which try it is.
    /// Other connections may come and go without changing it.
    pub(super) fn next_label(&mut self) -> u64 {
        self.tries += 1;
        let head = self.waiting.iter().find_map(VecDeque::front);
        let role = head.map_or(0, |queued| queued.submission.key);
        machine::mix(
            machine::mix(self.connector.key, role),
            u64::from(self.tries),
        )
    }

    pub(super) fn on_opened(&mut self) {
        self.failures_to_open = 0;
    }

    pub(super) fn on_transferred(&mut self) {
        self.tries = 0;
        self.breaks = 0;
    }

    pub(super) fn on_not_opened(&mut self, now: Instant) {
        self.failures_to_open += 1;
        self.rest_until(now + self.connector.open_interval);
    }

    /// The rest after a break is short a few times (transfer interval and retries), then long.
    pub(super) fn on_broken(&mut self, now: Instant, unfinished: Option<Queued>) {
        if let Some(queued) = unfinished {
            self.waiting[queued.submission.priority as usize].push_front(queued);
        }
        self.breaks += 1;
        let rest = if self.breaks <= self.connector.transfer_retries {
            self.connector.transfer_interval
        } else {
            self.breaks = 0;
            self.connector.open_interval
        };
        self.rest_until(now + rest);
    }

    fn rest_until(&mut self, until: Instant) {
        self.rests_until = self.rests_until.max(until);
    }

    /// All messages, once opening has failed more often than the retries allow.
    pub(super) fn take_hopeless(&mut self) -> Vec<u32> {
        if self.failures_to_open <= self.connector.open_retries {
            return Vec::new();
        }
        self.failures_to_open = 0;
        let all = self
            .waiting
            .iter_mut()
            .flat_map(|waiting| waiting.drain(..));
        all.map(|queued| queued.submission.message).collect()
    }
}
