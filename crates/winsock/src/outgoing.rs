//! What leaves a host.
//!
//! Owns [`Outgoing`]. It refuses to know the way there.

use tcp::Transmit;

use crate::address::FlowLabel;

/// A segment to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The host it is for.
    pub to: u32,
    /// The flow it belongs to.
    pub label: FlowLabel,
    /// The segment, and how often it was sent before.
    pub transmit: Transmit,
}
