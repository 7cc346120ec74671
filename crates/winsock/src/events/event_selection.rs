//! The record that `WSAEventSelect` keeps for one socket: when a network event is recorded, cleared
//! and enabled again (WSAEventSelect and WSAEnumNetworkEvents pages of the Platform SDK).
//!
//! | event | recorded again after | survives a new selection |
//! |---|---|---|
//! | READ | a receive call, even a failed one | if there is data |
//! | OOB | (never recorded) | - |
//! | ACCEPT | an accept call, even a failed one | if a connection waits |
//! | WRITE | a send that failed with 10035, then space | if sending is possible |
//! | CONNECT | the next connect call only | no |
//! | CLOSE | the next connect call only | no |
//!
//! The last two rows are a documented trap: a CONNECT or CLOSE that is recorded but not enumerated
//! is cleared by a new `WSAEventSelect`. It has no re-enabling function, so it is lost.

use super::event_object::EventReference;
use super::event_set::{EnumeratedEvents, NetworkEvents};
use crate::error::SocketError;

/// The selection of one socket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventSelection {
    /// The event object to signal.
    event: Option<EventReference>,
    /// The selected events.
    mask: NetworkEvents,
    /// The events recorded and not enumerated yet.
    recorded: EnumeratedEvents,
    /// Events that were recorded and whose re-enabling function was not called since.
    disabled: NetworkEvents,
}

/// Events without a re-enabling function: recorded once per connection, even if they are selected
/// again.
const ONCE: NetworkEvents = NetworkEvents::CONNECT.union(NetworkEvents::CLOSE);

impl EventSelection {
    /// The initial selection of a socket accepted from a listener with this selection: the same
    /// event object and mask, nothing recorded. It never records CONNECT: the log of Q303102 has
    /// `Ac/Cl/Cn` on an accepted socket and no `Events 16`.
    pub(crate) fn inherited(&self) -> Self {
        Self {
            event: self.event,
            mask: self.mask,
            recorded: EnumeratedEvents::default(),
            disabled: NetworkEvents::CONNECT,
        }
    }

    /// `WSAEventSelect`: replaces the selection and clears the record. The caller then records the
    /// events whose condition holds.
    pub(crate) fn select(&mut self, event: Option<EventReference>, mask: NetworkEvents) {
        assert!(
            event.is_some() || mask.is_empty(),
            "{mask} selected without an event object"
        );
        self.event = event;
        self.mask = mask;
        self.recorded = EnumeratedEvents::default();
        // A selection re-enables the other events.
        // "Issuing a WSAEventSelect for a socket cancels any previous WSAEventSelect" (its page).
        self.disabled &= ONCE;
    }

    /// Records `event` if it is selected and not disabled. Returns the event object to signal.
    pub(crate) fn record(&mut self, event: NetworkEvents) -> Option<EventReference> {
        assert!(event.bits().is_power_of_two(), "{event} is not one event");
        if !self.mask.contains(event) || self.disabled.contains(event) {
            return None;
        }
        // At most once until the re-enabling function is called, even if it is enumerated before.
        self.disabled |= event;
        self.recorded.events |= event;
        self.event
    }

    /// Records the success or failure of a connect.
    pub(crate) fn record_connect(&mut self, error: Option<SocketError>) -> Option<EventReference> {
        let object = self.record(NetworkEvents::CONNECT)?;
        self.recorded.connect = error;
        Some(object)
    }

    /// Records the end of a connection; `None` after an orderly close.
    pub(crate) fn record_close(&mut self, error: Option<SocketError>) -> Option<EventReference> {
        let object = self.record(NetworkEvents::CLOSE)?;
        self.recorded.close = error;
        Some(object)
    }

    /// Enables `events` again: their re-enabling function was called.
    pub(crate) fn enable(&mut self, events: NetworkEvents) {
        self.disabled.remove(events);
    }

    /// `WSAEnumNetworkEvents`: returns the record and clears it.
    pub(crate) fn enumerate(&mut self) -> EnumeratedEvents {
        // Clearing the record does not enable the events again: that takes their own functions.
        std::mem::take(&mut self.recorded)
    }

    /// The selected events.
    pub(crate) fn mask(&self) -> NetworkEvents {
        self.mask
    }

    /// The events that are recorded and not enumerated yet.
    pub(crate) fn recorded(&self) -> NetworkEvents {
        self.recorded.events
    }

    /// The event object to signal.
    pub(crate) fn event(&self) -> Option<EventReference> {
        self.event
    }
}
