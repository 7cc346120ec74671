//! The documented rules of the socket layer, each on two hosts joined by a wire.
//!
//! One module a part of a socket's life; `random` holds what must be true of every history.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reply it wants: any other fails it"
)]

extern crate winsock as winsock;

mod close;
mod connect;
mod hosts;
mod independence;
mod listen;
mod network;
mod random;
mod select;
mod stream;
mod trial;
mod wait;
