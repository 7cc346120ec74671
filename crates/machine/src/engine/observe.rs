//! What onlookers see of calls as they are made.
//!
//! Owns how a call is shown to whoever watches: access_log, activity, and what threads were told. It
//! refuses to change a run: one that nobody looks at takes the same course.

use kernel::Duration;

use crate::call::{Operation, Request};
use crate::engine::Engine;
use crate::engine::access_log::AccessLogEntry;
use crate::engine::activity::{Activity, Outcome};
use crate::engine::process::Effect;
use crate::environment::Environment;
use crate::schedulers::dispatcher::Dispatch;

impl<E: Environment> Engine<E> {
    /// Whether anybody looks at calls as they are made.
    pub(crate) fn look(&mut self) {
        let is_watched = self.told.is_some() || self.activity.is_some();
        self.is_looked_at = is_watched || self.access_log.are_kept();
    }

    /// Shows a call to whoever looks.
    #[inline(never)]
    pub(super) fn show(&mut self, turn: Dispatch, cost: Duration, effect: &Effect) {
        let request = self.candidates.of(turn.thread).request;
        self.keep_footprint(turn, &request, effect);
        let mailbox = &self.threads[turn.thread.index()].mailbox;
        let answer = match effect {
            Effect::Answer(word) => Some(*word),
            Effect::Blocked(_) | Effect::Environment | Effect::Raised(_) => None,
        };
        if let Some(seen) = &mut self.activity {
            let call = (request, answer.unwrap_or(0));
            seen.push(Activity::call(turn, cost, call, Outcome::of(effect)));
        }
        if let Some(word) = answer
            && let Some(told) = &mut self.told
        {
            told.answer(turn.thread, &request.operation, word, turn.at);
            if let Some(parcel) = mailbox.take_parcel() {
                told.hear(turn.thread, &parcel);
                mailbox.put_parcel(parcel);
            }
        }
    }

    /// What a call leaves behind before it is known what it comes to, if that is kept.
    pub(super) fn footprint(&self, turn: Dispatch, request: &Request) -> Option<AccessLogEntry> {
        if !self.access_log.are_kept() {
            return None;
        }
        let (kind, name) = self.process.named(&request.operation)?;
        Some(AccessLogEntry {
            thread: turn.thread,
            kind,
            name,
            address: request.operation.location().map(|place| place.address),
            value: None,
            actor: request.actor,
            site: request.site,
            at: turn.at,
            nth: 0,
            raced: false,
            contended: self.turns.is_contended(&self.candidates),
            preempted: false,
        })
    }

    /// Keeps what a call left behind.
    fn keep_footprint(&mut self, turn: Dispatch, request: &Request, effect: &Effect) {
        let Some(footprint) = self.footprint(turn, request) else {
            return;
        };
        let value = match (effect, &request.operation) {
            (Effect::Answer(_), Operation::Write(_, value)) => Some(*value),
            (Effect::Answer(word), _) => Some(*word),
            (Effect::Blocked(_) | Effect::Environment | Effect::Raised(_), _) => None,
        };
        let raced = footprint.address.is_some() && value.is_some() && self.process.judge.raced;
        self.access_log.keep(AccessLogEntry {
            value,
            raced,
            ..footprint
        });
    }
}
