//! What onlookers see of calls as they are made.
//!
//! Owns how a call is shown to whoever watches: footprints, activity, and what threads were told. It
//! refuses to change a run: one that nobody looks at takes the same course.

use kernel::Duration;

use crate::call::{Operation, Request};
use crate::engine::Engine;
use crate::engine::access_log::Footprint;
use crate::engine::activity::{Activity, Came};
use crate::engine::process::Effect;
use crate::environment::Environment;
use crate::schedulers::dispatcher::Turn;

impl<E: Environment> Engine<E> {
    /// Whether anybody looks at calls as they are made.
    pub(crate) fn look(&mut self) {
        let is_watched = self.told.is_some() || self.activity.is_some();
        self.is_looked_at = is_watched || self.footprints.are_kept();
    }

    /// Shows a call to whoever looks.
    #[inline(never)]
    pub(super) fn show(&mut self, turn: Turn, cost: Duration, effect: &Effect) {
        let request = self.candidates.of(turn.thread).request;
        self.keep_footprint(turn, &request, effect);
        let mailbox = &self.threads[turn.thread.index()].mailbox;
        let answer = match effect {
            Effect::Answer(word) => Some(*word),
            Effect::Blocked(_) | Effect::Asked | Effect::Raised(_) => None,
        };
        if let Some(seen) = &mut self.activity {
            let call = (request, answer.unwrap_or(0));
            seen.push(Activity::call(turn, cost, call, Came::of(effect)));
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
    pub(super) fn footprint(&self, turn: Turn, request: &Request) -> Option<Footprint> {
        if !self.footprints.are_kept() {
            return None;
        }
        let (deed, name) = self.process.named(&request.operation)?;
        Some(Footprint {
            thread: turn.thread,
            deed,
            name,
            address: request.operation.place().map(|place| place.address),
            value: None,
            actor: request.actor,
            site: request.site,
            at: turn.at,
            ordinal: 0,
            raced: false,
            contended: self.turns.is_contended(&self.candidates),
            put_aside: false,
        })
    }

    /// Keeps what a call left behind.
    fn keep_footprint(&mut self, turn: Turn, request: &Request, effect: &Effect) {
        let Some(footprint) = self.footprint(turn, request) else {
            return;
        };
        let value = match (effect, &request.operation) {
            (Effect::Answer(_), Operation::Write(_, value)) => Some(*value),
            (Effect::Answer(word), _) => Some(*word),
            (Effect::Blocked(_) | Effect::Asked | Effect::Raised(_), _) => None,
        };
        let raced = footprint.address.is_some() && value.is_some() && self.process.judge.raced;
        self.footprints.keep(Footprint {
            value,
            raced,
            ..footprint
        });
    }
}
