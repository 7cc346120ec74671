//! One test binary, a module for each promise.

mod command_line;
mod laws;
mod logs;
mod ping;
mod program;
mod run_command;
mod scenario_reference;
