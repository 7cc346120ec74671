//! One test binary, a module for each promise.

mod command_line;
mod determinism;
mod omission;
mod scenario_reference;
mod tidy;
