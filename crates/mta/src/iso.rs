//! The bytes on the wire above TCP: TPKT, TPDU and SPDU codecs.
//!
//! Pure functions from bytes to values and back. They own no connection and never panic on
//! what a peer sent.

pub mod spdu;
pub mod tpdu;
pub mod tpkt;
