//! The keys of `[link.NAME]` and its two directions.

use serde_json::{Value as Json, json};

use super::super::fields::{Fields, Key, Section};
use super::super::value::{Value, quoted};
use super::{HOUR, MIB, NANOSECOND};
use crate::format::diagnostic::Diagnostic;
use crate::format::document::{Item, Node};
use crate::plan::{Bandwidth, Direction, Link};

/// What a link without a rate is called.
const UNLIMITED: &str = "unlimited";

impl Section for Link {
    fn blank() -> Self {
        Self::new("", "")
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(
            Key::new("between", "The hosts at its two ends."),
            &mut self.between,
        );
        let mut both = self.forward.clone();
        both.fields(fields, &Direction::DEFAULT);
        if fields.is_reading() {
            self.forward = both.clone();
            self.backward = both.clone();
        }
        fields.table(
            Key::new(
                "forward",
                "What differs from the first host of `between` to the second.",
            ),
            |fields| self.forward.fields(fields, &both),
        );
        fields.table(
            Key::new(
                "backward",
                "What differs from the second host of `between` to the first.",
            ),
            |fields| self.backward.fields(fields, &both),
        );
    }
}

impl Section for Direction {
    fn blank() -> Self {
        Self::DEFAULT
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new("delay", "Time a packet travels.").within(0, HOUR),
            &mut self.delay,
            default.delay,
        );
        fields.value(
            Key::new(
                "jitter",
                "Up to this much is added to the delay of each packet.",
            )
            .within(0, HOUR),
            &mut self.jitter,
            default.jitter,
        );
        bandwidth(self, fields, default);
        fields.value(
            Key::new(
                "queue",
                "Bytes that may wait for transmission; what is more is dropped.",
            )
            .within(1_500, 1_024 * MIB),
            &mut self.queue,
            default.queue,
        );
        fields.value(
            Key::new(
                "reorder",
                "Share of packets that are held back so that others overtake them.",
            ),
            &mut self.reorder,
            default.reorder,
        );
        fields.value(
            Key::new("reorder_delay", "How long those are held back.").within(NANOSECOND, HOUR),
            &mut self.reorder_delay,
            default.reorder_delay,
        );
        fields.value(
            Key::new("duplicate", "Share of packets that arrive twice."),
            &mut self.duplicate,
            default.duplicate,
        );
        fields.value(
            Key::new(
                "corrupt",
                "Share of packets that arrive with a bit changed.",
            ),
            &mut self.corrupt,
            default.corrupt,
        );
        fields.either(
            Key::new("loss", "Which packets never arrive: `none`, or one model.")
                .from("RFC 2680 for the term"),
            &mut self.loss,
            default.loss,
        );
    }
}

/// A direction may be slower than the link, or, with `unlimited`, faster.
fn bandwidth<F: Fields>(direction: &mut Direction, fields: &mut F, default: &Direction) {
    let mut rate = Rate(direction.bandwidth);
    fields.value(
        Key::new("bandwidth", "Rate of transmission.").within(1, 1_000_000_000_000),
        &mut rate,
        Rate(default.bandwidth),
    );
    direction.bandwidth = rate.0;
}

/// A rate, or the word `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate(Option<Bandwidth>);

impl Value for Rate {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        if matches!(&node.item, Item::Text(text) if text == UNLIMITED) {
            return Ok(Self(None));
        }
        Bandwidth::read(node).map(|rate| Self(Some(rate)))
    }

    fn print(&self) -> String {
        self.0
            .map_or_else(|| quoted(UNLIMITED), |rate| rate.print())
    }

    fn form() -> String {
        format!("{}, or `{UNLIMITED}`", Bandwidth::form())
    }

    fn schema() -> Json {
        json!({ "anyOf": [{ "const": UNLIMITED }, Bandwidth::schema()] })
    }

    fn amount(&self) -> Option<u64> {
        self.0.and_then(|rate| rate.amount())
    }

    fn show(amount: u64) -> String {
        Bandwidth::show(amount)
    }
}
