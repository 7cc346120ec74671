//! Spans and events of `tracing` that guests emit become records of the run, with virtual time.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::ambient::{is_active, with_world};
use crate::current_host::current_host;

/// What is less important than this is not recorded: libraries emit a lot of it.
const LEVEL: LevelFilter = LevelFilter::INFO;

/// Receives what the guests of one run emit.
#[derive(Debug, Default)]
pub(crate) struct Traces(Mutex<Spans>);

/// Spans that have not ended.
#[derive(Debug, Default)]
struct Spans {
    begun: u64,
    /// By number: its text, and how many handles there are.
    open: BTreeMap<u64, (String, usize)>,
}

/// The fields of a span or an event as text: the message, then `name=value`.
#[derive(Default)]
struct FieldText(String);

impl Visit for FieldText {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Traces {
    fn spans(&self) -> std::sync::MutexGuard<'_, Spans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Traces {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= LEVEL
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LEVEL)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = FieldText::default();
        span.record(&mut text);
        let text = format!("span {}{}", span.metadata().name(), text.0);
        note(&format!("{text} begins"));
        let mut spans = self.spans();
        spans.begun += 1;
        let number = spans.begun;
        spans.open.insert(number, (text, 1));
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut text = FieldText::default();
        values.record(&mut text);
        if let Some((open, _)) = self.spans().open.get_mut(&span.into_u64()) {
            open.push_str(&text.0);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = FieldText::default();
        event.record(&mut text);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        note(&format!("{level}:{}", text.0));
    }

    // A span around a task is entered and left at every poll: records of that would say nothing of the program.
    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, span: &Id) -> Id {
        if let Some((_, handles)) = self.spans().open.get_mut(&span.into_u64()) {
            *handles += 1;
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let mut spans = self.spans();
        let Some((_, handles)) = spans.open.get_mut(&span.into_u64()) else {
            return false;
        };
        *handles -= 1;
        if *handles > 0 {
            return false;
        }
        let closed = spans.open.remove(&span.into_u64());
        drop(spans);
        if let Some((text, _)) = closed {
            note(&format!("{text} ends"));
        }
        true
    }
}

/// Records what the host whose code runs reports. What no host reports is not of the run.
fn note(text: &str) {
    if !is_active() {
        return;
    }
    if let Some(host) = current_host() {
        with_world(|world| {
            if world.hosts.is_current(host) {
                world.note(host.host, text.to_owned());
            }
        });
    }
}
