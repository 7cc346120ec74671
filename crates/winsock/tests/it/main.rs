//! Integration tests of the socket layer: two hosts joined by a link (`two_hosts`). The modules follow
//! the life of a socket; `random_histories` checks invariants over random calls.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reply it expects; any other fails"
)]

mod actions;
mod addresses;
mod close;
mod connect;
mod event_select;
mod independence;
mod listen;
mod random_calls;
mod random_histories;
mod stream;
mod two_hosts;
mod untrusted_segments;
mod wait;
