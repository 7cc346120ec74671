//! One test binary, a module for each promise.

mod command_line;
mod determinism;
mod diagnose_command;
mod diagnosing;
mod exploring;
mod fixes;
mod fresh_luck;
mod how_to;
mod laws;
mod logs;
mod omission;
mod ping;
mod program;
mod run_command;
mod scenario_reference;
mod tidy;
