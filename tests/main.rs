//! One test binary, a module for each promise.

mod command_line;
mod laws;
mod scenario_reference;
