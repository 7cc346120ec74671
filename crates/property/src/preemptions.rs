//! Strategies for preemptions of threads just before operations that other threads can observe.
//!
//! Most concurrency defects need one or two preemptions (Musuvathi, Qadeer: "Iterative context
//! bounding for systematic testing of multithreaded programs", PLDI 2007). If a race detector
//! reports data races, preemptions at synchronisation operations are enough (the same and others:
//! "Finding and reproducing Heisenbugs in concurrent programs", OSDI 2008). A schedule drawn call
//! by call rarely has the decisive preemption, and almost never for as long as a connection lives.
//!
//! They shrink by removing preemptions, and each towards a mere yield before the first operation.

use std::collections::BTreeSet;

use config::plan::{OperationKind, Preemption, PreemptionPoint};
use kernel::Duration;
use mta::threads::{self, ThreadRole};
use mta::{Build, Generation, Structure, StructureOperation};
use proptest::prelude::*;

use crate::case::HOSTS;

/// Only this many driver threads of a host are preempted.
const DRIVERS: u32 = 2;
/// The largest number of an operation, counted from the start of the thread.
const NTH_MAX: u64 = 8;

/// Up to `most` preemptions of threads of `build`. Each is before one of `operations`, given by
/// kind and name of the location or critical section. The thread yields to the others, or is
/// suspended for whole seconds up to `longest`, as it may while the machine pages or another process
/// runs.
///
/// ```
/// use kernel::Duration;
/// use mta::Shipped;
/// use property::{Cases, critical_sections, preemptions};
/// use proptest::prelude::*;
///
/// let build = Shipped::EXCHANGE_4_0_994_2;
/// let operations = critical_sections(&build);
/// let preemptions = preemptions(&build, 4, &operations, Duration::from_secs(30));
/// let cases = Cases::of(&build).preemptions(preemptions);
/// proptest!(ProptestConfig::with_cases(20), |(case in cases.strategy())| {
///     prop_assert!(case.scenario.pins.preempt.len() <= 4);
///     prop_assert_eq!(case.scenario.check(), Ok(()));
/// });
/// ```
///
/// # Panics
/// If there are no operations.
pub fn preemptions(
    build: &impl Build,
    most: usize,
    operations: &[(OperationKind, &'static str)],
    longest: Duration,
) -> impl Strategy<Value = Vec<Preemption>> + 'static {
    assert!(!operations.is_empty(), "there are no operations");
    let hosts = prop::sample::select(HOSTS.to_vec());
    let threads = prop::sample::select(thread_numbers(build.generation()));
    let operations = prop::sample::select(operations.to_vec());
    let preemption = (
        hosts,
        threads,
        operations,
        // By number of the operation, not by time: the point stays the same when shrinking changes
        // what comes before.
        1..=NTH_MAX,
        0..=longest.whole_secs(),
    )
        .prop_map(|(host, thread, (kind, of), nth, seconds)| Preemption {
            host: host.to_owned(),
            thread,
            before: PreemptionPoint::Operation {
                kind,
                of: of.to_owned(),
                nth,
            },
            length: Duration::from_secs(seconds),
            to: None,
        });
    prop::collection::vec(preemption, 0..=most)
}

/// Entering each critical section with which `build` guards its structures; empty if it has none.
///
/// ```
/// use mta::Shipped;
/// use config::plan::OperationKind;
///
/// let operations = property::critical_sections(&Shipped::EXCHANGE_4_0_994_2);
/// assert!(operations.contains(&(OperationKind::Enter, "control block pool")));
/// assert!(property::critical_sections(&Shipped::EXCHANGE_4_0_993_6).is_empty());
/// ```
#[must_use]
pub fn critical_sections(build: &impl Build) -> Vec<(OperationKind, &'static str)> {
    let mut names = BTreeSet::new();
    for structure in [Structure::Pool, Structure::Blocks, Structure::WaitArrays] {
        for operation in [
            StructureOperation::Allocate,
            StructureOperation::Release,
            StructureOperation::Use,
        ] {
            names.extend(build.guard(structure, operation));
        }
    }
    names
        .into_iter()
        .map(|name| (OperationKind::Enter, name))
        .collect()
}

/// The numbers of the threads that use shared structures. The timer thread only posts messages.
fn thread_numbers(generation: Generation) -> Vec<u32> {
    let mut roles = vec![ThreadRole::MainBase, ThreadRole::Down, ThreadRole::Up];
    for index in 0..DRIVERS {
        roles.push(ThreadRole::Driver(index));
        if generation == Generation::Pairs {
            roles.push(ThreadRole::AsyncNotify(index));
        }
    }
    let number = |role| u32::from(threads::name(generation, role).number);
    roles.into_iter().map(number).collect()
}
