//! Network events and event objects: what `WSAEventSelect` records and signals.

mod event_object;
mod event_selection;
mod event_set;

pub(crate) use event_object::{EventObject, EventReference};
pub(crate) use event_selection::EventSelection;
pub use event_set::{EnumeratedEvents, NetworkEvents};
