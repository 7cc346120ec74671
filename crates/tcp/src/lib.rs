//! RFC 9293 as a state machine that neither sleeps, draws nor sends.
