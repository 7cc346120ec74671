//! One test binary, a module for each promise.

mod campaign;
mod command_line;
mod determinism;
mod exploring;
mod laws;
mod logs;
mod omission;
mod ping;
mod program;
mod regress;
mod run_command;
mod scenario_reference;
mod tidy;
