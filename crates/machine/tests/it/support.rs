//! Helpers of all tests: machines, and an environment that replies to every call at once with the next
//! number.

use kernel::{Choices, Duration, Instant, Ratio};
use machine::{
    Config, Costs, Environment, Exception, HeapConfig, Increment, Machine, OperationKind,
    Preemption, PreemptionPoint, Progress, Random, Scheduler, Strategy,
};

pub(crate) const HOST: u64 = 77;

/// The environment of the tests: everything is a number.
#[derive(Debug)]
pub(crate) struct Numbers;

impl Environment for Numbers {
    type Call = u32;
    type Reply = u32;
    type Message = u32;
    type Record = u32;
}

pub(crate) type Thread = machine::Thread<Numbers>;

/// A small heap, costs without jitter.
pub(crate) fn config() -> Config {
    Config {
        jitter: Ratio::ZERO,
        trace_hash: true,
        heap: HeapConfig {
            bytes: 0x680 + 0x2000,
            serialize: true,
        },
        ..Config::default()
    }
}

/// A preemption of the thread with key 0 before its nth read of `word`.
pub(crate) fn before_read(nth: u64) -> Preemption {
    Preemption {
        key: 0,
        before: PreemptionPoint::Operation {
            kind: OperationKind::Read,
            of: "word".to_owned(),
            nth,
        },
        length: Duration::ZERO,
        to: None,
    }
}

/// Every call takes one microsecond.
pub(crate) fn even_costs() -> Costs {
    let one = Duration::from_micros(1);
    Costs {
        access: one,
        interlocked: one,
        lock: one,
        object: one,
        queue: one,
        system: one,
        environment: one,
    }
}

pub(crate) fn machine(config: Config, strategy: Strategy, seed: u64) -> Machine<Numbers> {
    Machine::new(config, strategy, Choices::new(seed), HOST).expect("the configuration is valid")
}

pub(crate) fn timed(config: Config) -> Machine<Numbers> {
    machine(config, Strategy::Timed, 1)
}

pub(crate) fn controlled(config: Config, scheduler: impl Scheduler + 'static) -> Machine<Numbers> {
    machine(config, Strategy::Controlled(Box::new(scheduler)), 1)
}

pub(crate) fn random(config: Config, seed: u64) -> Machine<Numbers> {
    let walk = Random::new(Choices::new(seed), HOST);
    machine(config, Strategy::Controlled(Box::new(walk)), seed)
}

/// Runs until all threads are blocked or have exited. Returns the exception that ended the run.
pub(crate) fn finish(machine: &mut Machine<Numbers>) -> Option<Exception> {
    finish_watching(machine, |_, _| {})
}

/// The same, and calls `watch` at every environment call.
pub(crate) fn finish_watching(
    machine: &mut Machine<Numbers>,
    mut watch: impl FnMut(&Machine<Numbers>, u32),
) -> Option<Exception> {
    loop {
        match machine.run(Instant::ZERO, Instant::MAX) {
            Progress::Environment { thread, at, call } => {
                watch(machine, call);
                machine.reply(thread, at, call + 1, Increment::OBJECT);
            }
            Progress::Raised(exception) => return Some(exception),
            Progress::Idle => return None,
            Progress::ReachedUntil => panic!("no call comes after the end of time"),
            Progress::CallLimitReached => panic!("the number of calls is not limited"),
        }
    }
}

/// The records, without thread and time.
pub(crate) fn records(machine: &mut Machine<Numbers>) -> Vec<u32> {
    let records = machine.take_records();
    records.into_iter().map(|it| it.record).collect()
}
