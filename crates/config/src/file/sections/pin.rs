//! The keys of `[pin]`.

use kernel::{Duration, Instant};

use super::super::fields::{Choice, Fields, Key, Section};
use super::DAY;
use crate::plan::{
    DroppedPacket, OperationKind, OutageWindow, Pins, Preemption, PreemptionPoint, Reseed,
};

impl Section for Pins {
    fn blank() -> Self {
        Self::default()
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.records(
            Key::new(
                "outages",
                "Times in which a link carries nothing either way.",
            ),
            &mut self.outages,
        );
        fields.records(
            Key::new("drop", "Packets that are lost, known by their role."),
            &mut self.drop,
        );
        fields.records(
            Key::new("preempt", "Points at which a thread is put aside."),
            &mut self.preempt,
        );
        fields.records(
            Key::new(
                "luck",
                "Times from which on chance is that of another seed; all before stays as it is.",
            ),
            &mut self.reseeds,
        );
    }
}

impl Section for OutageWindow {
    fn blank() -> Self {
        Self {
            link: String::new(),
            from: Instant::ZERO,
            to: Instant::ZERO,
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(Key::new("link", "The link, by name."), &mut self.link);
        fields.required(Key::new("from", "When the outage begins."), &mut self.from);
        fields.required(
            Key::new("to", "When it is over, this time not included."),
            &mut self.to,
        );
    }
}

impl Section for DroppedPacket {
    fn blank() -> Self {
        Self {
            link: String::new(),
            flow: 0,
            unit: 0,
            attempt: 0,
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(Key::new("link", "The link that loses it."), &mut self.link);
        fields.required(Key::new("flow", "The packet's flow."), &mut self.flow);
        fields.required(
            Key::new(
                "unit",
                "The unit within the flow, such as a sequence number.",
            ),
            &mut self.unit,
        );
        fields.value(
            Key::new("attempt", "Which transmission of that unit, from 0."),
            &mut self.attempt,
            0,
        );
    }
}

impl Section for Preemption {
    fn blank() -> Self {
        Self {
            host: String::new(),
            thread: 0,
            before: PreemptionPoint::Call(1),
            length: Duration::ZERO,
            to: None,
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(Key::new("host", "The host, by name."), &mut self.host);
        fields.required(
            Key::new("thread", "The thread's number.").within(0, 9_999),
            &mut self.thread,
        );
        fields.one_of(&mut self.before, None);
        fields.value(
            Key::new(
                "for",
                "How long it stands still then; 0s if it only lets go first whoever can.",
            )
            .within(0, DAY),
            &mut self.length,
            Duration::ZERO,
        );
        fields.optional(
            Key::new("to", "The number of the thread that goes on instead.")
                .within(0, 9_999)
                .default("whoever the scheduler takes"),
            &mut self.to,
        );
    }
}

impl Section for Reseed {
    fn blank() -> Self {
        Self {
            from: Instant::ZERO,
            seed: 0,
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(
            Key::new("from", "The first moment that it holds for."),
            &mut self.from,
        );
        fields.required(Key::new("seed", "The seed from there on."), &mut self.seed);
    }
}

impl Choice for PreemptionPoint {
    fn alternatives() -> Vec<Self> {
        let deed = Self::Operation {
            kind: OperationKind::Read,
            of: String::new(),
            nth: 1,
        };
        vec![deed, Self::Call(1)]
    }

    fn key(&self) -> Key {
        match self {
            Self::Operation { .. } => {
                Key::new("before", "What it is about to do when it is put aside.")
            }
            Self::Call(_) => Key::new(
                "before_call",
                "The number of the call before which it is put aside, from 1.",
            )
            .within(1, u64::MAX),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Operation { kind, .. } => fields.required(key, kind),
            Self::Call(call) => fields.required(key, call),
        }
    }

    fn companions<F: Fields>(&mut self, fields: &mut F) {
        if let Self::Operation { of, nth, .. } = self {
            fields.required(
                Key::new(
                    "of",
                    "To which place or critical section, by the name that reports give it.",
                )
                .within(1, 200),
                of,
            );
            fields.value(
                Key::new(
                    "nth",
                    "The how-manieth such deed of the thread since its service started.",
                )
                .within(1, u64::MAX),
                nth,
                1,
            );
        }
    }
}
