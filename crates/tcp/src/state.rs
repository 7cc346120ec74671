//! The states of a connection and the only ways between them (RFC 9293 figure 5).
//!
//! Owns [`State`] and the transition table. It refuses LISTEN: a listener is the socket
//! layer's, a connection is born from its SYN. The arrow from SYN-RECEIVED to FIN-WAIT-1 is
//! taken in two steps, as section 3.10.4 allows: a CLOSE waits there for ESTABLISHED.

/// The state of a connection (RFC 9293 section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A SYN went out; no SYN has come in.
    SynSent,
    /// SYNs went both ways; ours is not acknowledged.
    SynReceived,
    /// Text may flow both ways.
    Established,
    /// This side closed; its FIN is not acknowledged.
    FinWait1,
    /// This side closed; the peer may still send.
    FinWait2,
    /// The peer closed; this side may still send.
    CloseWait,
    /// Both closed, FINs crossed; ours is not acknowledged.
    Closing,
    /// The peer closed first, then this side; our FIN is not acknowledged.
    LastAck,
    /// Both closed; old duplicates are waited out.
    TimeWait,
    /// There is no connection.
    Closed,
}

/// What may change a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The peer's SYN arrived without acknowledging ours.
    SynArrives,
    /// Our SYN is acknowledged, and the peer's has arrived.
    SynAcknowledged,
    /// The application closes.
    Close,
    /// The peer's FIN arrived in order.
    FinArrives,
    /// Our FIN is acknowledged.
    FinAcknowledged,
    /// A reset, an abort, a time-out, or the end of TIME-WAIT.
    Delete,
}

impl State {
    /// The state after `step`, or `None` where the figure has no such arrow.
    pub(crate) const fn after(self, step: Step) -> Option<Self> {
        Some(match (self, step) {
            (Self::SynSent, Step::SynArrives) => Self::SynReceived,
            (Self::SynSent | Self::SynReceived, Step::SynAcknowledged) => Self::Established,
            (Self::Established, Step::Close) => Self::FinWait1,
            (Self::Established, Step::FinArrives) => Self::CloseWait,
            (Self::FinWait1, Step::FinAcknowledged) => Self::FinWait2,
            (Self::FinWait1, Step::FinArrives) => Self::Closing,
            (Self::FinWait2, Step::FinArrives) => Self::TimeWait,
            (Self::CloseWait, Step::Close) => Self::LastAck,
            (Self::Closing, Step::FinAcknowledged) => Self::TimeWait,
            (Self::LastAck, Step::FinAcknowledged) => Self::Closed,
            (Self::SynSent, Step::Close) => Self::Closed,
            (state, Step::Delete) if !matches!(state, Self::Closed) => Self::Closed,
            _ => return None,
        })
    }

    /// Whether SYNs have been exchanged and acknowledged, and the connection still exists.
    #[must_use]
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }

    /// Whether the peer may still send text.
    pub(crate) const fn receives(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether this side has closed: a FIN follows its text.
    pub(crate) const fn has_closed(self) -> bool {
        matches!(
            self,
            Self::FinWait1 | Self::FinWait2 | Self::Closing | Self::LastAck | Self::TimeWait
        )
    }

    /// Whether this side has text or a FIN to send or have acknowledged.
    pub(crate) const fn sends(self) -> bool {
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
    const STEPS: [Step; 6] = [
        Step::SynArrives,
        Step::SynAcknowledged,
        Step::Close,
        Step::FinArrives,
        Step::FinAcknowledged,
        Step::Delete,
    ];

    /// RFC 9293 figure 5 as a picture: a row for each state, a column for each step.
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
    fn the_table_is_figure_5() {
        for (state, row) in STATES.iter().zip(FIGURE_5.lines()) {
            let cells: Vec<String> = STEPS
                .iter()
                .map(|step| {
                    state
                        .after(*step)
                        .map_or("-".into(), |to| format!("{to:?}"))
                })
                .collect();
            let drawn: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(drawn[0], format!("{state:?}"));
            assert_eq!(drawn[2..], cells, "from {state:?}");
        }
    }

    #[test]
    fn no_way_leads_out_of_closed_and_every_way_can_lead_there() {
        assert!(STEPS.iter().all(|step| Closed.after(*step).is_none()));
        for state in &STATES[..9] {
            assert_eq!(state.after(Step::Delete), Some(Closed));
        }
    }
}
