//! A segment on its way from the host to the network.

use tcp::Transmit;

use crate::flow_label::FlowLabel;

/// A segment to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The IPv4 address that sends it.
    pub from: u32,
    /// The IPv4 address that it is sent to.
    pub to: u32,
    /// The flow the segment belongs to.
    pub label: FlowLabel,
    /// The segment, and how often an equal one was sent before.
    pub transmit: Transmit,
}
