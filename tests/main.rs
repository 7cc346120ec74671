//! One test binary, a module for each promise.

mod command_line;
mod scenario_reference;
mod tidy;
