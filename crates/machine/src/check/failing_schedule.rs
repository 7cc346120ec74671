//! A failure as a user reads it: what was wrong, the smallest schedule, and why it fails.

use std::fmt;

use kernel::Choices;

use super::runner::{DeclareProgram, ProgramRunner, Ran, Wrong};
use super::schedule::{Following, KeyedSwitch, Schedule, SwitchKeys};
use super::shrink::{Shrunk, follow};
use crate::call::Operation;
use crate::engine::activity::{Activity, CallOutcome};
use crate::schedulers::Random;

/// Random walks from each point of a schedule, for the likelihood of the failure.
const WALKS: u32 = 200;
/// Lines of the story of a run; the middle of a longer one is left out.
const LINES_MAX: usize = 80;

/// A schedule in which the program fails, as small as shrinking could make it.
///
/// Printed, it tells the run call by call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingSchedule {
    wrong: Wrong,
    found_by: String,
    schedule: Schedule,
    switches_before: usize,
    preemptions: usize,
    is_least: bool,
    repeats: bool,
    /// Failing walks of [`WALKS`]: from the start, and after each switch.
    likelihood: Vec<u32>,
    story: Vec<String>,
}

impl FailingSchedule {
    pub(super) fn new(
        runner: &mut ProgramRunner,
        setup: DeclareProgram<'_>,
        found_by: String,
        switches_before: usize,
        shrunk: Shrunk,
    ) -> Self {
        let Shrunk {
            ran,
            repeats,
            is_least,
        } = shrunk;
        let wrong = ran.wrong.clone().expect("only a failing run is shrunk");
        let mut failure = Self {
            found_by,
            schedule: ran.schedule(),
            switches_before,
            preemptions: ran.preemptions(),
            is_least,
            repeats,
            likelihood: Vec::new(),
            story: Vec::new(),
            wrong,
        };
        // A schedule that does not repeat the failure says nothing about it: neither the walks nor
        // the story would be of this failure.
        if repeats {
            failure.likelihood = (0..=ran.switches.len())
                .map(|made| failing_walks(runner, setup, &ran, made, &failure.wrong.signature))
                .collect();
            failure.story = story(runner, setup, &ran);
        }
        failure
    }

    /// What identifies the defect over many runs: the text of the panic, the threads that wait for
    /// ever, the two sides of a race.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.wrong.signature
    }

    /// The schedule, which [`Check::schedule`](super::Check::schedule) repeats.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How many times a thread is switched away from although it could go on.
    #[must_use]
    pub const fn preemptions(&self) -> usize {
        self.preemptions
    }

    /// Whether every schedule with fewer preemptions was run and none fails in this way.
    #[must_use]
    pub const fn is_least(&self) -> bool {
        self.is_least
    }
}

/// How many random walks fail in this way after the first `made` switches.
fn failing_walks(
    runner: &mut ProgramRunner,
    setup: DeclareProgram<'_>,
    ran: &Ran,
    made: usize,
    signature: &str,
) -> u32 {
    let keyed = |it: &KeyedSwitch| SwitchKeys {
        from: it.from,
        calls: it.calls,
        to: it.to,
    };
    let switches: Vec<_> = ran.switches[..made].iter().map(keyed).collect();
    let fails = |seed: &u32| {
        let walk = Random::new(Choices::new(u64::from(*seed)), 0);
        let following = Following::new(switches.clone(), Some(Box::new(walk)));
        runner.run(setup, Box::new(following)).has(signature)
    };
    (0..WALKS).filter(fails).count() as u32
}

/// The run call by call, with its switches.
fn story(runner: &mut ProgramRunner, setup: DeclareProgram<'_>, ran: &Ran) -> Vec<String> {
    runner.watch();
    // Those of the runs before, which were watched too.
    runner.take_calls();
    follow(runner, setup, ran, &ran.schedule());
    let width = ran
        .names
        .iter()
        .map(|it| it.chars().count())
        .max()
        .unwrap_or(0);
    // Keys count threads from one, as `Program::thread` gives them.
    let name = |key: u64| &ran.names[key as usize - 1];
    let mut lines = Vec::new();
    for (call, step) in runner.take_calls().iter().zip(0..) {
        for switch in ran.switches.iter().filter(|it| it.step == step) {
            let pending = operation(runner, &switch.pending, None);
            let (from, to) = (name(switch.from), name(switch.to));
            lines.push(format!("-- {to} goes on; {from} is about to {pending}"));
        }
        if let Activity::Call {
            thread,
            request,
            answer,
            outcome,
            ..
        } = call
        {
            let name = &ran.names[thread.index()];
            let answer = (*outcome == CallOutcome::Completed).then_some(*answer);
            let mut line = format!(
                "{name:width$}  {}",
                operation(runner, &request.operation, answer)
            );
            if *outcome == CallOutcome::Blocked {
                line.push_str(", and waits");
            }
            if has_place(&request.operation) {
                let site = request.site;
                let file = site.file().rsplit(['/', '\\']).next().unwrap_or_default();
                line.push_str(&format!("  ({file}:{})", site.line()));
            }
            lines.push(line);
        }
    }
    shortened(lines)
}

/// Whether the line of the call is one of the user's: a lock is left after the guard was dropped, and a
/// waiter is woken within a notification.
const fn has_place(operation: &Operation) -> bool {
    !matches!(
        operation,
        Operation::Unlock(_) | Operation::SetEvent(_) | Operation::Raise(_)
    )
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > LINES_MAX {
        let dropped = lines.len() - LINES_MAX;
        let middle = LINES_MAX / 4;
        lines.splice(middle..middle + dropped, [format!(".. {dropped} calls ..")]);
    }
    lines
}

/// An operation in words, with its answer once it is made.
fn operation(runner: &ProgramRunner, operation: &Operation, answer: Option<u32>) -> String {
    let was = answer.map_or(String::new(), |it| format!(", was {it}"));
    let object = || runner.object(operation).unwrap_or_default();
    match *operation {
        Operation::Read(word) => {
            let value = answer.map_or(String::new(), |it| format!(": {it}"));
            format!("read {}{value}", word.name)
        }
        Operation::Write(word, value) => format!("write {value} to {}", word.name),
        Operation::Exchange(word, value) => format!("swap {} for {value}{was}", word.name),
        Operation::CompareExchange {
            location,
            expected,
            new,
        } => {
            let result = answer.map_or("", |it| {
                if it == expected {
                    ": done"
                } else {
                    ": not done"
                }
            });
            format!(
                "set {} from {expected} to {new}{result}{was}",
                location.name
            )
        }
        // An atomic load is modeled as adding zero: it orders as an interlocked call does, and
        // changes nothing.
        Operation::FetchAdd(word, 0) => {
            let value = answer.map_or(String::new(), |it| format!(": {it}"));
            format!("load {}{value}", word.name)
        }
        Operation::FetchAdd(word, summand) => format!("add {summand} to {}{was}", word.name),
        Operation::Lock(_) => format!("take {}", object()),
        Operation::Unlock(_) => format!("leave {}", object()),
        Operation::Wait(..) | Operation::WaitEvent(..) => format!("wait for {}", object()),
        Operation::Signal(_) => format!("signal {}", object()),
        Operation::SetEvent(_) => "wake the waiter".to_owned(),
        Operation::ResetEvent(_) => format!("reset {}", object()),
        Operation::Send(_) => format!("send to {}", object()),
        Operation::Receive(..) => format!("receive from {}", object()),
        Operation::Sleep(_) => "sleep".to_owned(),
        Operation::Work(_) | Operation::Environment(_) => "work".to_owned(),
        Operation::Raise(_) => "end with a panic".to_owned(),
    }
}

impl fmt::Display for FailingSchedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wrong, schedule, ..
        } = self;
        writeln!(formatter, "{}", wrong.signature)?;
        if !wrong.detail.is_empty() {
            writeln!(formatter, "  {}", wrong.detail.replace('\n', "\n  "))?;
        }
        writeln!(formatter, "found by {}", self.found_by)?;
        if !self.repeats {
            return write!(
                formatter,
                "no schedule repeats it: it depends on modeled time, or the program reads what is not the \
                 machine's, such as a clock, an address or the order of a HashMap"
            );
        }
        writeln!(
            formatter,
            "switches: {}, before shrinking {}; without any one of them the run does not fail like this",
            schedule.switches(),
            self.switches_before
        )?;
        let least = match (self.preemptions, self.is_least) {
            (0, _) | (_, false) => "",
            (_, true) => "; no schedule with fewer fails like this",
        };
        writeln!(formatter, "preemptions: {}{least}", self.preemptions)?;
        writeln!(formatter, "to repeat it: Check::schedule(\"{schedule}\")")?;
        writeln!(formatter, "the run:")?;
        for line in &self.story {
            writeln!(formatter, "  {line}")?;
        }
        let after = self
            .likelihood
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>();
        write!(
            formatter,
            "random walks of {WALKS} that fail like this, from the start and after each switch: {}",
            after.join(", ")
        )
    }
}

impl std::error::Error for FailingSchedule {}
