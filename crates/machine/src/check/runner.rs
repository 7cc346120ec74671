//! One run of a program under test, and what was wrong with it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use kernel::{Choices, Instant};

use super::panics::{self, Caught};
use super::program::{FinalState, Program};
use super::schedule::{KeyedSwitch, Recording, Schedule, Switch};
use super::thread::{Alone, Thread};
use crate::call::{Operation, Request, ThreadId};
use crate::config::{Config, HeapConfig};
use crate::costs::Costs;
use crate::engine::activity::Activity;
use crate::machine::{Machine, Progress};
use crate::schedulers::{Scheduler, Strategy};

/// Room for some blocks. Each run starts with a fresh heap, so a large one would take time.
const HEAP_BYTES: u32 = 1 << 14;

/// The function that declares a program.
pub(super) type DeclareProgram<'s> = &'s dyn Fn(&mut Program<'_>);

/// A machine for many runs of one program.
pub(super) struct ProgramRunner {
    machine: Machine<Alone>,
    call_limit: u64,
}

/// What was wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The same in every run that meets the defect: it has no numbers of the run.
    pub(super) signature: String,
    /// More about this run.
    pub(super) detail: String,
}

/// A run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) wrong: Option<Wrong>,
    pub(super) switches: Vec<KeyedSwitch>,
    /// The names of the threads, by number.
    pub(super) names: Vec<String>,
}

impl ProgramRunner {
    /// A machine whose calls take no time, so that time passes only when no thread can run: a schedule
    /// then says all about a run.
    pub(super) fn controlled(call_limit: u64, detect_races: bool) -> Self {
        Self::new(Config {
            costs: Costs::FREE,
            ..config(call_limit, detect_races)
        })
    }

    /// A machine on which threads run as fast as the modeled processors.
    pub(super) fn timed(processors: u32, call_limit: u64, detect_races: bool) -> Self {
        Self::new(Config {
            processors,
            ..config(call_limit, detect_races)
        })
    }

    fn new(config: Config) -> Self {
        let call_limit = config.call_limit;
        let machine = Machine::new(config, Strategy::Timed, Choices::new(0), 0);
        let mut machine = machine.expect("one to thirty-two processors, and the smallest heap");
        // Before anything is declared: each run declares its words and threads anew on the machine
        // as it is now.
        machine.save_initial_state();
        Self {
            machine,
            call_limit,
        }
    }

    /// Runs the program under a scheduler.
    pub(super) fn run(&mut self, setup: DeclareProgram<'_>, scheduler: Box<dyn Scheduler>) -> Ran {
        let switches = Rc::default();
        let recording = Recording::new(scheduler, &switches);
        let strategy = Strategy::Controlled(Box::new(recording));
        let mut ran = self.run_with(setup, strategy, Choices::new(0));
        ran.switches = RefCell::take(&switches);
        ran
    }

    /// Runs the program in modeled time.
    pub(super) fn run_timed(&mut self, setup: DeclareProgram<'_>, choices: Choices) -> Ran {
        self.run_with(setup, Strategy::Timed, choices)
    }

    fn run_with(&mut self, setup: DeclareProgram<'_>, strategy: Strategy, choices: Choices) -> Ran {
        self.machine.reset_with(strategy, choices);
        let mut program = Program::new(&mut self.machine);
        setup(&mut program);
        let Program {
            at_end,
            threads,
            panicked,
            ..
        } = program;
        let progress = self.machine.run(Instant::ZERO, Instant::MAX);
        let panicked = panicked.borrow_mut().take();
        // What is checked at the end holds only where all threads have ended, so these come first.
        let wrong = self.unfinished(&progress, panicked, &threads).or_else(|| {
            // A race is a defect even where its outcome is right, but says less than a wrong outcome.
            let end = FinalState::new(&self.machine);
            let failed = at_end
                .into_iter()
                .find_map(|it| panics::catch(|| it(&end)).err());
            failed.map(Wrong::panic).or_else(|| self.race())
        });
        Ran {
            wrong,
            switches: Vec::new(),
            names: self
                .machine
                .threads()
                .map(|it| it.name.to_owned())
                .collect(),
        }
    }

    /// Why the threads did not all come to their ends.
    fn unfinished(
        &self,
        progress: &Progress<Alone>,
        panicked: Option<Caught>,
        threads: &[Thread],
    ) -> Option<Wrong> {
        if let Some(caught) = panicked {
            return Some(Wrong::panic(caught));
        }
        match progress {
            Progress::Raised(exception) => Some(Wrong {
                signature: exception.to_string(),
                detail: format!("at {}", exception.site),
            }),
            Progress::CallLimitReached => Some(Wrong {
                signature: "a run that does not end".to_owned(),
                detail: format!(
                    "the threads made {} calls: raise the limit with `call_limit`, or bound the loop \
                     in which a thread waits for another",
                    self.call_limit
                ),
            }),
            // No deadline is left either: what still waits, waits for ever. That includes a lost
            // wake-up, which a test with real threads would see as a hang.
            Progress::Idle => self.blocked(threads),
            Progress::ReachedUntil | Progress::Environment { .. } => {
                panic!("no call comes after the end of time, and none needs an environment")
            }
        }
    }

    /// The threads that wait for ever.
    fn blocked(&self, threads: &[Thread]) -> Option<Wrong> {
        let waiting: Vec<String> = threads
            .iter()
            .filter_map(|thread| {
                let view = self.machine.thread(thread.id());
                let request = view.request?;
                Some(format!(
                    "{} waits for {}",
                    view.name,
                    self.awaited(thread, &request)
                ))
            })
            .collect();
        (!waiting.is_empty()).then(|| Wrong {
            signature: format!("threads wait for ever: {}", waiting.join(", ")),
            detail: self.owners(),
        })
    }

    fn awaited(&self, thread: &Thread, request: &Request) -> String {
        match (thread.waits_for(), request.operation) {
            // A waiter of a condition variable sleeps on an event of its own, whose name would tell
            // the user nothing.
            (Some(condvar), _) => format!("condition variable {condvar}"),
            (None, operation) => self.object(&operation).unwrap_or("its time".to_owned()),
        }
    }

    /// The kernel object that an operation works on.
    pub(super) fn object(&self, operation: &Operation) -> Option<String> {
        let machine = &self.machine;
        Some(match *operation {
            Operation::Lock(lock) | Operation::Unlock(lock) => {
                format!("lock {}", machine.lock(lock).name())
            }
            Operation::Wait(semaphore, _) | Operation::Signal(semaphore) => {
                format!("semaphore {}", machine.semaphore(semaphore).name())
            }
            Operation::Send(queue) | Operation::Receive(queue, _) => {
                format!("queue {}", machine.queue_name(queue))
            }
            Operation::WaitEvent(event, _)
            | Operation::SetEvent(event)
            | Operation::ResetEvent(event) => machine.event(event).name().to_owned(),
            Operation::Read(_)
            | Operation::Write(..)
            | Operation::Exchange(..)
            | Operation::CompareExchange { .. }
            | Operation::FetchAdd(..)
            | Operation::Sleep(_)
            | Operation::Work(_)
            | Operation::Environment(_)
            | Operation::Raise(_) => return None,
        })
    }

    /// Who has the locks that others wait for.
    fn owners(&self) -> String {
        let owner = |thread: ThreadId, lock| {
            let lock = self.machine.lock(lock);
            let owner = lock.owner()?;
            let name = |it| self.machine.thread(it).name;
            Some(format!(
                "{} has lock {}, for which {} waits",
                name(owner),
                lock.name(),
                name(thread)
            ))
        };
        let locks: Vec<String> = self
            .machine
            .threads()
            .zip(0..)
            .filter_map(|(view, index)| {
                let Operation::Lock(lock) = view.request?.operation else {
                    return None;
                };
                owner(ThreadId(index), lock)
            })
            .collect();
        locks.join("; ")
    }

    fn race(&self) -> Option<Wrong> {
        let found = self.machine.race_detector().findings().first()?;
        Some(Wrong {
            signature: found.signature().to_string(),
            detail: found.to_string(),
        })
    }

    /// From now on the activity of threads is kept.
    pub(super) fn watch(&mut self) {
        self.machine.watch();
    }

    /// The calls since the last time that are choices of a scheduler, with their threads.
    pub(super) fn take_calls(&mut self) -> Vec<Activity> {
        let mut calls = self.machine.take_activity();
        calls.retain(
            |it| matches!(it, Activity::Call { request, .. } if !request.operation.is_private()),
        );
        calls
    }
}

impl Ran {
    /// Where the run differs from the cooperative schedule.
    pub(super) fn schedule(&self) -> Schedule {
        let name = |key: u64| self.names[key as usize - 1].clone();
        let switch = |it: &KeyedSwitch| Switch {
            from: name(it.from),
            calls: it.calls,
            to: name(it.to),
        };
        Schedule(self.switches.iter().map(switch).collect())
    }

    /// The key of the thread with this name: its number from one.
    pub(super) fn key_of(&self, name: &str) -> Option<u64> {
        let index = self.names.iter().position(|it| it == name)?;
        Some(index as u64 + 1)
    }

    /// How often a thread was switched away from although it could go on.
    pub(super) fn preemptions(&self) -> usize {
        self.switches.iter().filter(|it| it.is_preemption).count()
    }

    pub(super) fn has(&self, signature: &str) -> bool {
        self.wrong
            .as_ref()
            .is_some_and(|it| it.signature == signature)
    }
}

impl Wrong {
    fn panic(caught: Caught) -> Self {
        Self {
            // The first line: `assert_eq!` prints the values of the run behind it.
            signature: format!("panic: {}", caught.text.lines().next().unwrap_or_default()),
            detail: format!("{}, at {}", caught.text, caught.place),
        }
    }
}

fn config(call_limit: u64, detect_races: bool) -> Config {
    Config {
        heap: HeapConfig {
            bytes: HEAP_BYTES,
            serialize: true,
        },
        detect_races,
        call_limit,
        ..Config::default()
    }
}

impl fmt::Debug for ProgramRunner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.machine.fmt(formatter)
    }
}
