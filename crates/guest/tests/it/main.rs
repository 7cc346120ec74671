//! Guests through the public interface.

mod addresses;
mod bb8_check;
mod bb8_starves;
mod determinism;
mod faults;
mod leaks;
mod line;
mod links;
mod many_connections;
mod mistakes;
mod mixed;
mod names;
mod oracles;
mod time;
mod udp;
