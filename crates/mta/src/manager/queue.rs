//! The message queue and the retry state of one connector.

use std::collections::VecDeque;

use machine::{Duration, Instant};

use crate::config::{Connector, Priority, Submission};

/// A waiting message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) submission: Submission,
    /// Bytes that an earlier association had confirmed by a checkpoint.
    pub(super) confirmed: u32,
    /// The time when that association broke.
    pub(super) broken_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct ConnectorQueue {
    pub(super) connector: Connector,
    waiting: [VecDeque<Queued>; 3],
    /// No association is opened before this time.
    pub(super) retry_at: Instant,
    /// The number of times that its timer was set.
    pub(super) timer_sequence: u32,
    open_failures: u32,
    breaks: u32,
    /// Associations opened since the last transferred message: a part of the flow label.
    attempts: u32,
    limit_reached: bool,
}

impl Queued {
    /// The offset at which the transfer continues: the last checkpoint, if the break is not older
    /// than the recovery timeout.
    pub(super) fn resume_offset(&self, now: Instant, recovery_timeout: Duration) -> u32 {
        match self.broken_at {
            Some(broken_at) if broken_at + recovery_timeout >= now => self.confirmed,
            _ => 0,
        }
    }
}

impl ConnectorQueue {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            waiting: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            retry_at: Instant::ZERO,
            timer_sequence: 0,
            open_failures: 0,
            breaks: 0,
            attempts: 0,
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

    /// The number of associations for the waiting messages: one more for every `threshold`
    /// (Q194589).
    pub(super) fn wanted(&self) -> u32 {
        // 1 to 50 messages need one association, 51 to 100 need two.
        match self.len() {
            0 => 0,
            waiting => 1 + (waiting - 1) / self.connector.threshold.max(1),
        }
    }

    /// The limit of associations, if more are wanted for the first time (event 57).
    pub(super) fn limit_newly_reached(&mut self, wanted: u32) -> Option<u32> {
        let limit = self.connector.max_associations;
        let was_reached = std::mem::replace(&mut self.limit_reached, wanted > limit);
        (self.limit_reached && !was_reached).then_some(limit)
    }

    /// The flow label of the next connection: a function of the connector, the message that it is
    /// opened for, and the number of the attempt. Other connections do not change it, so taking one
    /// away leaves the random choices of all others as they were.
    pub(super) fn next_flow_label(&mut self) -> u64 {
        self.attempts += 1;
        let head = self.waiting.iter().find_map(VecDeque::front);
        let role = head.map_or(0, |queued| queued.submission.rng_key);
        machine::mix(
            machine::mix(self.connector.rng_key, role),
            u64::from(self.attempts),
        )
    }

    pub(super) fn on_opened(&mut self) {
        self.open_failures = 0;
    }

    pub(super) fn on_transferred(&mut self) {
        // The retries count breaks in a row.
        self.attempts = 0;
        self.breaks = 0;
    }

    pub(super) fn on_not_opened(&mut self, now: Instant) {
        self.open_failures += 1;
        self.defer_until(now + self.connector.open_interval);
    }

    /// An association broke. The pause after it is the transfer interval, until the transfer retries
    /// are used up; then it is the open interval.
    pub(super) fn on_broken(&mut self, now: Instant, unfinished: Option<Queued>) {
        if let Some(queued) = unfinished {
            // At the front: the message keeps its position.
            self.waiting[queued.submission.priority as usize].push_front(queued);
        }
        self.breaks += 1;
        let pause = if self.breaks <= self.connector.transfer_retries {
            self.connector.transfer_interval
        } else {
            self.breaks = 0;
            self.connector.open_interval
        };
        self.defer_until(now + pause);
    }

    fn defer_until(&mut self, until: Instant) {
        // Several associations may fail before the retry; the longest pause counts.
        self.retry_at = self.retry_at.max(until);
    }

    /// All messages, if opening has failed more often than the open retries allow.
    pub(super) fn take_undeliverable(&mut self) -> Vec<u32> {
        // With the defaults that is one day: 144 retries, 600 s apart (Q157630).
        if self.open_failures <= self.connector.open_retries {
            return Vec::new();
        }
        self.open_failures = 0;
        let all = self
            .waiting
            .iter_mut()
            .flat_map(|waiting| waiting.drain(..));
        all.map(|queued| queued.submission.message).collect()
    }
}
