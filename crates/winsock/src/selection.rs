//! The record that `WSAEventSelect` keeps for one socket.
//!
//! Owns when a network event is recorded, cleared and enabled again (WSAEventSelect and
//! WSAEnumNetworkEvents pages of the Platform SDK). It does not judge whether the condition
//! behind an event holds, and signals nobody: it says whether the event object must be set.
//!
//! | event | recorded again after | survives a new selection |
//! |---|---|---|
//! | READ | a receive call, even a failed one | if data is there |
//! | OOB | (never happens) | - |
//! | ACCEPT | an accept call, even a failed one | if a connection waits |
//! | WRITE | a send that failed with 10035, then space | if sending is possible |
//! | CONNECT | the next connect call only | no |
//! | CLOSE | the next connect call only | no |
//!
//! The last two lines are a trap and meant to be: a CONNECT or CLOSE that was recorded but not
//! yet enumerated is cleared by a new `WSAEventSelect`, has no enabling function, and is lost.

use crate::error::SocketError;
use crate::event_object::EventReference;
use crate::network_events::{EnumeratedEvents, NetworkEvents};

/// Which events go to which event object, and what was recorded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection {
    event: Option<EventReference>,
    mask: NetworkEvents,
    recorded: EnumeratedEvents,
    /// Recorded before and not enabled again since.
    spent: NetworkEvents,
}

/// Recorded once for a connection, whatever is selected later.
const ONCE: NetworkEvents = NetworkEvents::CONNECT.with(NetworkEvents::CLOSE);

impl Selection {
    /// What a socket accepted from a listener with this selection starts with: the same event
    /// object and mask, nothing recorded. It never reports CONNECT, as Q303102's log shows
    /// (`Ac/Cl/Cn` on an accepted socket, no `Events 16`).
    pub(crate) fn inherited(&self) -> Self {
        Self {
            event: self.event,
            mask: self.mask,
            recorded: EnumeratedEvents::default(),
            spent: NetworkEvents::CONNECT,
        }
    }

    /// `WSAEventSelect`: cancels the old selection and clears the record. The caller then
    /// records what still holds.
    pub(crate) fn select(&mut self, event: Option<EventReference>, mask: NetworkEvents) {
        assert!(
            event.is_some() || mask.is_empty(),
            "events {mask} selected for no object"
        );
        self.event = event;
        self.mask = mask;
        self.recorded = EnumeratedEvents::default();
        self.spent = self.spent.intersection(ONCE);
    }

    /// Records `event`; answers the object to set, if it was selected and not spent.
    pub(crate) fn record(&mut self, event: NetworkEvents) -> Option<EventReference> {
        assert!(
            event.bits().is_power_of_two(),
            "one event at a time, not {event}"
        );
        if !self.mask.contains(event) || self.spent.contains(event) {
            return None;
        }
        self.spent = self.spent.with(event);
        self.recorded.events = self.recorded.events.with(event);
        self.event
    }

    /// Records the end of a connect.
    pub(crate) fn record_connect(&mut self, error: Option<SocketError>) -> Option<EventReference> {
        let object = self.record(NetworkEvents::CONNECT)?;
        self.recorded.connect = error;
        Some(object)
    }

    /// Records the end of a connection; `None` is a graceful one.
    pub(crate) fn record_close(&mut self, error: Option<SocketError>) -> Option<EventReference> {
        let object = self.record(NetworkEvents::CLOSE)?;
        self.recorded.close = error;
        Some(object)
    }

    /// The enabling function of `events` was called.
    pub(crate) fn enable(&mut self, events: NetworkEvents) {
        self.spent = self.spent.without(events);
    }

    /// `WSAEnumNetworkEvents`: copies the record and clears it.
    pub(crate) fn enumerate(&mut self) -> EnumeratedEvents {
        std::mem::take(&mut self.recorded)
    }

    /// The selected events.
    pub(crate) fn mask(&self) -> NetworkEvents {
        self.mask
    }

    /// What is recorded and not enumerated yet.
    pub(crate) fn recorded(&self) -> NetworkEvents {
        self.recorded.events
    }

    /// The event object selected for.
    pub(crate) fn event(&self) -> Option<EventReference> {
        self.event
    }
}
