//! A system in its own process, behind a pipe: one line asks for a repetition, one line returns
//! its cost.
//!
//! Each process has its own allocator, in a state that no other system has changed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::clock::ProcessorCost;

/// A process that does repetitions on request.
pub struct Subprocess {
    process: Child,
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
}

impl Subprocess {
    /// Starts `command`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let responses = process.stdout.take().expect("the output is a pipe");
        Ok(Self {
            requests: process.stdin.take(),
            responses: BufReader::new(responses),
            process,
        })
    }

    /// Requests one repetition.
    pub fn ask(&mut self, request: &str) -> ProcessorCost {
        let requests = self.requests.as_mut().expect("it is open until the end");
        writeln!(requests, "{request}").expect("the process reads its input");
        let mut response = String::new();
        self.responses
            .read_line(&mut response)
            .expect("the process writes text");
        let mut numbers = response.split_whitespace().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(nanos)), Some(Ok(units))) => ProcessorCost { nanos, units },
            _ => panic!("the response to {request:?} was {response:?}"),
        }
    }
}

impl Drop for Subprocess {
    fn drop(&mut self) {
        // The process ends at the end of its input.
        self.requests = None;
        let _ = self.process.wait();
    }
}

/// The loop of such a process: does `run` for each line.
pub fn serve(mut run: impl FnMut() -> ProcessorCost) {
    for line in std::io::stdin().lines() {
        line.expect("requests are text");
        let ProcessorCost { nanos, units } = run();
        println!("{nanos} {units}");
    }
}
