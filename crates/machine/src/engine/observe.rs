//! What observers see of a call: the access log, the activity, and the observation hashes.
//!
//! Observing changes nothing: a run without observers takes the same course.

use kernel::Duration;

use crate::call::{Operation, Request};
use crate::engine::Engine;
use crate::engine::access_log::AccessLogEntry;
use crate::engine::activity::{Activity, CallOutcome};
use crate::engine::process::Effect;
use crate::environment::Environment;
use crate::schedulers::scheduling_decision::SchedulingDecision;

impl<E: Environment> Engine<E> {
    /// Works out whether anything observes calls.
    pub(crate) fn update_is_observed(&mut self) {
        let is_watched = self.observed.is_some() || self.activity.is_some();
        self.is_observed = is_watched || self.access_log.is_on();
    }

    /// Shows a call to all observers.
    #[inline(never)]
    pub(super) fn observe_call(
        &mut self,
        dispatch: SchedulingDecision,
        cost: Duration,
        effect: &Effect,
    ) {
        let request = self.enabled.pending(dispatch.thread).request;
        self.log_access(dispatch, &request, effect);
        let mailbox = &self.threads[dispatch.thread.index()].mailbox;
        let answer = match effect {
            Effect::Answer(word) => Some(*word),
            Effect::Blocked(_) | Effect::Environment | Effect::Raised(_) => None,
        };
        if let Some(activity) = &mut self.activity {
            activity.push(Activity::Call {
                thread: dispatch.thread,
                at: dispatch.at,
                cost,
                request,
                answer: answer.unwrap_or(0),
                outcome: CallOutcome::of(effect),
            });
        }
        if let Some(word) = answer
            && let Some(observed) = &mut self.observed
        {
            observed.add_answer(dispatch.thread, &request.operation, word, dispatch.at);
            // Taken out only to be hashed: the program reads it afterwards.
            if let Some(payload) = mailbox.take_payload() {
                observed.add_value(dispatch.thread, &payload);
                mailbox.put_payload(payload);
            }
        }
    }

    /// The log entry of a call before its effect is known, if the call is one that is logged.
    pub(super) fn log_entry(
        &self,
        dispatch: SchedulingDecision,
        request: &Request,
    ) -> Option<AccessLogEntry> {
        if !self.access_log.is_on() {
            return None;
        }
        let (kind, name) = self.process.named_operation(&request.operation)?;
        Some(AccessLogEntry {
            thread: dispatch.thread,
            kind,
            name,
            address: request.operation.location().map(|it| it.address),
            value: None,
            actor: request.actor,
            site: request.site,
            at: dispatch.at,
            nth: 0,
            raced: false,
            contended: self.dispatcher.is_contended(&self.enabled),
            preempted: false,
        })
    }

    fn log_access(&mut self, dispatch: SchedulingDecision, request: &Request, effect: &Effect) {
        let Some(entry) = self.log_entry(dispatch, request) else {
            return;
        };
        let value = match (effect, &request.operation) {
            // The answer to a write is the old word; a reader of the log wants the new one.
            (Effect::Answer(_), Operation::Write(_, value)) => Some(*value),
            (Effect::Answer(word), _) => Some(*word),
            (Effect::Blocked(_) | Effect::Environment | Effect::Raised(_), _) => None,
        };
        let is_access = entry.address.is_some() && value.is_some();
        let raced = is_access && self.process.detector.last_raced;
        self.access_log.push(AccessLogEntry {
            value,
            raced,
            ..entry
        });
    }
}
