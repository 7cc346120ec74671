//! A contestant in a process of its own.
//!
//! Owns the pipe to it: a line asks for one repetition, a line answers with its cost. Each has an
//! allocator of its own that way, which no other's work has filled or emptied.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::contest::Cost;

/// A process that does repetitions when it is asked.
pub struct Other {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Other {
    /// Starts `command`.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let answers = process.stdout.take().expect("it was asked for a pipe");
        Ok(Self {
            questions: process.stdin.take(),
            answers: BufReader::new(answers),
            process,
        })
    }

    /// One repetition of what `question` names.
    pub fn ask(&mut self, question: &str) -> Cost {
        let questions = self.questions.as_mut().expect("it is open until the end");
        writeln!(questions, "{question}").expect("the other process listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        let mut numbers = answer.split_whitespace().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(nanos)), Some(Ok(units))) => Cost { nanos, units },
            _ => panic!("{question:?} was answered {answer:?}"),
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // The end of its questions is the end of its loop.
        self.questions = None;
        let _ = self.process.wait();
    }
}

/// The other end of the pipe: does `run` for each line that comes.
pub fn serve(mut run: impl FnMut() -> Cost) {
    for line in std::io::stdin().lines() {
        line.expect("the asking process writes text");
        let Cost { nanos, units } = run();
        println!("{nanos} {units}");
    }
}
