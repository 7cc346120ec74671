//! madsim 0.2.34, which is built apart: it wants `--cfg madsim` for all that is in the build.
//!
//! Owns the process of its side: building it, asking it for one repetition after the other, ending
//! it. It refuses to measure: the other side tells its own processor time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::work::{Associations, PingPong};

/// The other side.
pub struct Madsim {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Madsim {
    /// Builds and starts it.
    ///
    /// # Errors
    /// What kept it from being built or started.
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
        let mut process = Command::new(format!("{folder}/target/release/mtasim-bench-madsim"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("madsim's side cannot be started: {error}"))?;
        let answers = process.stdout.take().expect("it was asked for a pipe");
        Ok(Self {
            questions: process.stdin.take(),
            answers: BufReader::new(answers),
            process,
        })
    }

    /// W1: nanoseconds of processor time.
    pub fn associations(&mut self, work: Associations) -> u64 {
        let Associations {
            clients,
            each,
            at_once,
        } = work;
        self.ask(&format!("associations {clients} {each} {at_once}"))
    }

    /// W2: nanoseconds of processor time.
    pub fn ping_pong(&mut self, work: PingPong) -> u64 {
        self.ask(&format!("ping-pong {}", work.messages))
    }

    fn ask(&mut self, question: &str) -> u64 {
        let questions = self.questions.as_mut().expect("it is open until the end");
        writeln!(questions, "{question}").expect("madsim's side listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        answer.trim().parse().expect("it answers with a number")
    }
}

impl Drop for Madsim {
    fn drop(&mut self) {
        // The end of its questions is the end of its loop.
        self.questions = None;
        let _ = self.process.wait();
    }
}
