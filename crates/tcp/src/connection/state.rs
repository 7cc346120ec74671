//! The states of a connection and their transitions (RFC 9293 figure 5).
//!
//! There is no LISTEN: the caller creates a connection when a SYN arrives.

/// The state of a connection (RFC 9293 section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// SYN-SENT: waiting for the peer's SYN.
    SynSent,
    /// SYN-RECEIVED: waiting for the acknowledgment of our SYN.
    SynReceived,
    /// ESTABLISHED: open in both directions.
    Established,
    /// FIN-WAIT-1: this side has closed, its FIN is not acknowledged.
    FinWait1,
    /// FIN-WAIT-2: this side has closed, the peer may still send.
    FinWait2,
    /// CLOSE-WAIT: the peer has closed, this side may still send.
    CloseWait,
    /// CLOSING: both sides closed at the same time, our FIN is not acknowledged.
    Closing,
    /// LAST-ACK: the peer closed first, our FIN is not acknowledged.
    LastAck,
    /// TIME-WAIT: both sides closed, old duplicates may still arrive.
    TimeWait,
    /// CLOSED: there is no connection any more.
    Closed,
}

/// The labels of figure 5's arrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transition {
    /// The peer's SYN, without an acknowledgment of ours.
    ReceiveSyn,
    /// The acknowledgment of our SYN, with the peer's SYN or after it.
    ReceiveAckOfSyn,
    /// CLOSE by the application.
    Close,
    /// The peer's FIN, in order.
    ReceiveFin,
    /// The acknowledgment of our FIN.
    ReceiveAckOfFin,
    /// A reset, an abort, a timeout, or the end of TIME-WAIT.
    Delete,
}

impl State {
    /// The state after `transition`, or `None` if the figure has no such arrow.
    ///
    /// The arrow from SYN-RECEIVED to FIN-WAIT-1 is missing: a CLOSE in SYN-RECEIVED is queued
    /// until the connection is ESTABLISHED, as section 3.10.4 allows.
    pub(crate) const fn after(self, transition: Transition) -> Option<Self> {
        Some(match (self, transition) {
            (Self::SynSent, Transition::ReceiveSyn) => Self::SynReceived,
            (Self::SynSent | Self::SynReceived, Transition::ReceiveAckOfSyn) => Self::Established,
            (Self::Established, Transition::Close) => Self::FinWait1,
            (Self::Established, Transition::ReceiveFin) => Self::CloseWait,
            (Self::FinWait1, Transition::ReceiveAckOfFin) => Self::FinWait2,
            (Self::FinWait1, Transition::ReceiveFin) => Self::Closing,
            (Self::FinWait2, Transition::ReceiveFin) => Self::TimeWait,
            (Self::CloseWait, Transition::Close) => Self::LastAck,
            (Self::Closing, Transition::ReceiveAckOfFin) => Self::TimeWait,
            (Self::LastAck, Transition::ReceiveAckOfFin) => Self::Closed,
            // Nothing has been sent that must be acknowledged: section 3.10.4.
            (Self::SynSent, Transition::Close) => Self::Closed,
            (state, Transition::Delete) if !matches!(state, Self::Closed) => Self::Closed,
            _ => return None,
        })
    }

    /// Whether the state is synchronized (section 3.4): ESTABLISHED or later, and not CLOSED.
    #[must_use]
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }

    /// Whether the peer may still send text.
    pub(crate) const fn can_receive(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether this side has closed, so that a FIN follows its text.
    pub(crate) const fn has_closed(self) -> bool {
        matches!(
            self,
            Self::FinWait1 | Self::FinWait2 | Self::Closing | Self::LastAck | Self::TimeWait
        )
    }

    /// Whether this side may have text or a FIN that is unsent or unacknowledged.
    pub(crate) const fn can_send(self) -> bool {
        matches!(
            self,
            Self::Established | Self::CloseWait | Self::FinWait1 | Self::Closing | Self::LastAck
        )
    }
}

#[cfg(test)]
mod tests {
    use super::State::*;
    use super::*;

    const STATES: [State; 10] = [
        SynSent,
        SynReceived,
        Established,
        FinWait1,
        FinWait2,
        CloseWait,
        Closing,
        LastAck,
        TimeWait,
        Closed,
    ];
    const TRANSITIONS: [Transition; 6] = [
        Transition::ReceiveSyn,
        Transition::ReceiveAckOfSyn,
        Transition::Close,
        Transition::ReceiveFin,
        Transition::ReceiveAckOfFin,
        Transition::Delete,
    ];

    /// RFC 9293 figure 5: a row for each state, a column for each transition.
    const FIGURE_5: &str = "\
SynSent     | SynReceived Established Closed   -         -         Closed
SynReceived | -           Established -        -         -         Closed
Established | -           -           FinWait1 CloseWait -         Closed
FinWait1    | -           -           -        Closing   FinWait2  Closed
FinWait2    | -           -           -        TimeWait  -         Closed
CloseWait   | -           -           LastAck  -         -         Closed
Closing     | -           -           -        -         TimeWait  Closed
LastAck     | -           -           -        -         Closed    Closed
TimeWait    | -           -           -        -         -         Closed
Closed      | -           -           -        -         -         -";

    #[test]
    fn the_transitions_are_those_of_figure_5() {
        for (state, row) in STATES.iter().zip(FIGURE_5.lines()) {
            let cells: Vec<String> = TRANSITIONS
                .iter()
                .map(|transition| {
                    state
                        .after(*transition)
                        .map_or("-".into(), |to| format!("{to:?}"))
                })
                .collect();
            let expected: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(expected[0], format!("{state:?}"));
            assert_eq!(expected[2..], cells, "from {state:?}");
        }
    }

    #[test]
    fn closed_is_final_and_reachable_from_every_state() {
        assert!(
            TRANSITIONS
                .iter()
                .all(|transition| Closed.after(*transition).is_none())
        );
        for state in &STATES[..9] {
            assert_eq!(state.after(Transition::Delete), Some(Closed));
        }
    }
}
