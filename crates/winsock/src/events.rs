//! Network events and event objects: what `WSAEventSelect` records and signals.

mod event_object;
mod event_set;
mod selection;

pub(crate) use event_object::{EventObject, EventReference};
pub use event_set::{EnumeratedEvents, NetworkEvents};
pub(crate) use selection::Selection;
