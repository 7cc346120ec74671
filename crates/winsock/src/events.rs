//! Network events and event objects: what `WSAEventSelect` records and signals.

mod event_object;
mod network_events;
mod selection;

pub(crate) use event_object::{EventObject, EventReference};
pub use network_events::{EnumeratedEvents, NetworkEvents};
pub(crate) use selection::Selection;
