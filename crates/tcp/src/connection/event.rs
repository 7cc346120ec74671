//! Events for the application, and why a connection or a user call fails.

use thiserror::Error;

/// An event for the application.
///
/// Pending events are reported in the order of this list, each at most once: a connection is
/// reported as established before it is readable, and as readable before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The connection is ESTABLISHED.
    Connected,
    /// More text can be received.
    Readable,
    /// After a SEND that took less than it was given: SEND may take more.
    Writable,
    /// The peer's FIN arrived. RECEIVE returns the end of the stream after the text.
    PeerClosed,
    /// The peer reset the connection.
    Reset,
    /// The peer refused the connection: every SYN was answered by a reset, or ICMP reported the port
    /// as unreachable.
    Refused,
    /// The peer did not answer the SYN, text, probes or keep-alives.
    TimedOut,
    /// ICMP reported the peer as unreachable before the connection was established.
    Unreachable,
    /// The connection is CLOSED and has nothing left to send. It can be dropped.
    Closed,
}

/// The events that `poll_event` has not returned yet: one bit each, so the set is bounded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PendingEvents(u16);

impl PendingEvents {
    const ORDER: [Event; 9] = [
        Event::Connected,
        Event::Readable,
        Event::Writable,
        Event::PeerClosed,
        Event::Reset,
        Event::Refused,
        Event::TimedOut,
        Event::Unreachable,
        Event::Closed,
    ];

    pub(crate) fn record(&mut self, event: Event) {
        self.0 |= 1 << event as u16;
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Removes and returns the first event.
    pub(crate) fn take(&mut self) -> Option<Event> {
        let first = self.0.trailing_zeros() as usize;
        let event = *Self::ORDER.get(first)?;
        // Clears the lowest bit, which is the first event of the order.
        self.0 &= self.0 - 1;
        Some(event)
    }
}

/// ICMP destination unreachable, classified by RFC 1122 section 4.2.3.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// Codes 0, 1 and 5 (network, host, source route): possibly transient.
    Soft,
    /// Codes 2 to 4 (protocol, port, fragmentation needed): permanent.
    Hard,
}

/// Why a connection ended, other than by an orderly close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConnectionFailure {
    Reset,
    Refused,
    TimedOut,
    Unreachable,
    Aborted,
}

/// Why SEND failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum SendError {
    /// This side has closed.
    #[error("the connection is closing")]
    Closing,
    /// The peer reset the connection.
    #[error("the connection was reset by the peer")]
    Reset,
    /// The peer refused the connection.
    #[error("the connection was refused")]
    Refused,
    /// The peer stopped answering.
    #[error("the connection timed out")]
    TimedOut,
    /// The peer is unreachable.
    #[error("the peer is unreachable")]
    Unreachable,
    /// This side aborted the connection.
    #[error("the connection was aborted locally")]
    Aborted,
}

/// Why RECEIVE failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ReceiveError {
    /// No text has arrived yet.
    #[error("no text has arrived yet")]
    Empty,
    /// The peer reset the connection.
    #[error("the connection was reset by the peer")]
    Reset,
    /// The peer refused the connection.
    #[error("the connection was refused")]
    Refused,
    /// The peer stopped answering.
    #[error("the connection timed out")]
    TimedOut,
    /// The peer is unreachable.
    #[error("the peer is unreachable")]
    Unreachable,
    /// This side aborted the connection, or closed it before it was established.
    #[error("the connection was aborted locally")]
    Aborted,
}

impl From<ConnectionFailure> for SendError {
    fn from(failure: ConnectionFailure) -> Self {
        match failure {
            ConnectionFailure::Reset => Self::Reset,
            ConnectionFailure::Refused => Self::Refused,
            ConnectionFailure::TimedOut => Self::TimedOut,
            ConnectionFailure::Unreachable => Self::Unreachable,
            ConnectionFailure::Aborted => Self::Aborted,
        }
    }
}

impl From<ConnectionFailure> for ReceiveError {
    fn from(failure: ConnectionFailure) -> Self {
        match failure {
            ConnectionFailure::Reset => Self::Reset,
            ConnectionFailure::Refused => Self::Refused,
            ConnectionFailure::TimedOut => Self::TimedOut,
            ConnectionFailure::Unreachable => Self::Unreachable,
            ConnectionFailure::Aborted => Self::Aborted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_discriminant_of_an_event_is_its_index_in_the_order() {
        for (index, event) in PendingEvents::ORDER.iter().enumerate() {
            assert_eq!(*event as usize, index);
        }
    }

    #[test]
    fn events_are_returned_once_and_in_causal_order() {
        let mut events = PendingEvents::default();
        for event in [Event::Closed, Event::Readable, Event::Readable] {
            events.record(event);
        }
        assert_eq!(events.take(), Some(Event::Readable));
        assert_eq!(events.take(), Some(Event::Closed));
        assert_eq!(events.take(), None);
    }
}
