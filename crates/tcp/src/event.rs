//! What an application learns: events, and the ways a call or a connection can fail.
//!
//! Owns [`Event`], the errors of SEND and RECEIVE, and [`Unreachable`]. It refuses WinSock
//! numbers: which error code a failure becomes is the socket layer's rule.

use std::fmt;

/// Something the application may want to know. Each is reported at most once per `poll_event`
/// sweep, in the order of this list: a connection is up before it is readable, readable
/// before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The connection is ESTABLISHED.
    Connected,
    /// More text waits to be received.
    Readable,
    /// A SEND that was cut short may be tried again.
    Writable,
    /// The peer's FIN arrived: after the text that waits, RECEIVE answers end of stream.
    PeerClosed,
    /// The peer reset the connection.
    Reset,
    /// The peer refused it: resets answered every SYN.
    Refused,
    /// The peer stopped answering: retransmissions, probes or SYNs are used up.
    TimedOut,
    /// The network said during the attempt that there is no way.
    Unreachable,
    /// The connection is CLOSED and has said its last word: it may be forgotten.
    Closed,
}

/// The events that wait for `poll_event`: one bit each, so the queue cannot grow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Events(u16);

impl Events {
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

    pub(crate) fn take(&mut self) -> Option<Event> {
        let first = self.0.trailing_zeros() as usize;
        let event = *Self::ORDER.get(first)?;
        self.0 &= self.0 - 1;
        Some(event)
    }
}

/// An ICMP destination unreachable about this connection (RFC 1122 section 4.2.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// Codes 0, 1 and 5: network, host, source route. It may pass.
    Soft,
    /// Codes 2 to 4: protocol, port, fragmentation needed. It will not.
    Hard,
}

/// How a connection ended, other than by both sides closing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Failure {
    Reset,
    Refused,
    TimedOut,
    Unreachable,
    Aborted,
}

/// Why SEND took nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendError {
    /// This side has closed.
    Closing,
    /// The peer reset the connection.
    Reset,
    /// The peer refused the connection.
    Refused,
    /// The peer stopped answering.
    TimedOut,
    /// The network said that there is no way.
    Unreachable,
    /// This side aborted.
    Aborted,
}

/// Why RECEIVE gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiveError {
    /// Nothing has arrived yet.
    Empty,
    /// The peer reset the connection.
    Reset,
    /// The peer refused the connection.
    Refused,
    /// The peer stopped answering.
    TimedOut,
    /// The network said that there is no way.
    Unreachable,
    /// This side aborted, or closed before a connection was up.
    Aborted,
}

impl From<Failure> for SendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Reset => Self::Reset,
            Failure::Refused => Self::Refused,
            Failure::TimedOut => Self::TimedOut,
            Failure::Unreachable => Self::Unreachable,
            Failure::Aborted => Self::Aborted,
        }
    }
}

impl From<Failure> for ReceiveError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Reset => Self::Reset,
            Failure::Refused => Self::Refused,
            Failure::TimedOut => Self::TimedOut,
            Failure::Unreachable => Self::Unreachable,
            Failure::Aborted => Self::Aborted,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closing => "the connection is closing",
            Self::Reset => "the connection was reset by the peer",
            Self::Refused => "the connection was refused",
            Self::TimedOut => "the peer stopped answering",
            Self::Unreachable => "the peer is unreachable",
            Self::Aborted => "the connection was aborted here",
        })
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "nothing has arrived yet",
            Self::Reset => "the connection was reset by the peer",
            Self::Refused => "the connection was refused",
            Self::TimedOut => "the peer stopped answering",
            Self::Unreachable => "the peer is unreachable",
            Self::Aborted => "the connection was aborted here",
        })
    }
}

impl std::error::Error for SendError {}
impl std::error::Error for ReceiveError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_of_an_event_is_its_place_in_the_order() {
        for (place, event) in Events::ORDER.iter().enumerate() {
            assert_eq!(*event as usize, place);
        }
    }

    #[test]
    fn events_come_once_and_in_causal_order() {
        let mut events = Events::default();
        for event in [Event::Closed, Event::Readable, Event::Readable] {
            events.record(event);
        }
        assert_eq!(events.take(), Some(Event::Readable));
        assert_eq!(events.take(), Some(Event::Closed));
        assert_eq!(events.take(), None);
    }
}
