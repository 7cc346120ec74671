//! The tests of the whole project: one binary, one module for each subject.

mod browser;
mod campaign;
mod cluster;
mod command_line;
mod determinism;
mod diagnose_command;
mod diagnosing;
mod exploring;
mod faults;
mod fixes;
mod generated_scenarios;
mod hostile;
mod how_to;
mod internal_errors;
mod interruptions;
mod json_contract;
mod junit;
mod logs;
mod new_user;
mod numbers;
mod omission;
mod outputs;
mod own_threads;
mod perfetto;
mod ping;
mod plot_command;
mod program;
mod regress;
mod report_page;
mod reseed;
mod run_command;
mod scenario_reference;
mod specification;
mod statistics;
mod tidy;
mod tokio_program;
mod undecided;
mod wireshark;

/// The root of the project.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
