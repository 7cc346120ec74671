//! Guests through the public interface.

mod bb8_starves;
mod common;
mod mistakes;
mod time;
