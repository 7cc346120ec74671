//! One test binary, a module for each promise.

mod browser;
mod command_line;
mod determinism;
mod exploring;
mod laws;
mod logs;
mod omission;
mod perfetto;
mod ping;
mod program;
mod report_page;
mod run_command;
mod scenario_reference;
mod tidy;
mod wireshark;
