//! madsim 0.2.34, in a separate program: all its dependencies need `--cfg madsim`. The program measures
//! its own processor time.

use std::process::Command;

use crate::clock::ProcessorCost;
use crate::subprocess::Subprocess;
use crate::work::{AssociationWork, PingPongWork};

/// The program with madsim.
pub struct Madsim(Subprocess);

impl Madsim {
    /// Builds and starts it.
    ///
    /// # Errors
    /// If it cannot be built or started.
    pub fn start() -> Result<Self, String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/madsim");
        let built = Command::new("cargo")
            .args(["build", "--release", "--locked", "--quiet"])
            .current_dir(folder)
            .env("RUSTFLAGS", "--cfg madsim")
            .env_remove("CARGO_TARGET_DIR")
            .status()
            .map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !built.success() {
            return Err(format!("{folder} cannot be built"));
        }
        let program = format!("{folder}/target/release/mtasim-bench-madsim");
        Subprocess::start(&mut Command::new(program)).map(Self)
    }

    /// W1.
    pub fn associations(&mut self, work: AssociationWork) -> ProcessorCost {
        let AssociationWork {
            clients,
            each,
            at_once,
        } = work;
        self.0
            .ask(&format!("associations {clients} {each} {at_once}"))
    }

    /// W2.
    pub fn ping_pong(&mut self, work: PingPongWork) -> ProcessorCost {
        self.0.ask(&format!("ping-pong {}", work.messages))
    }
}
