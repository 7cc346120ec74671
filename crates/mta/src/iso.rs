//! Codecs for the bytes above TCP: TPKT (RFC 1006), TPDU (X.224) and SPDU (X.225).
//!
//! Decoding never panics, no matter what the peer sent.

pub mod spdu;
pub mod tpdu;
pub mod tpkt;
