//! One test binary, a module for each promise.

mod command_line;
mod determinism;
mod exploring;
mod faults;
mod laws;
mod logs;
mod omission;
mod own_bugs;
mod ping;
mod program;
mod run_command;
mod scenario_reference;
mod tidy;
