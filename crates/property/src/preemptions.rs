//! Strategies for threads that lose their processor where it hurts.
//!
//! Owns lists of preemptions on the hosts of [`Cases`](crate::Cases), each just before a deed that
//! other threads can notice. Most defects of concurrency need one or two preemptions (Musuvathi,
//! Qadeer: "Iterative context bounding for systematic testing of multithreaded programs", PLDI
//! 2007), and a program whose data races are told by a judge needs them at its synchronisation only
//! (the same with others: "Finding and reproducing Heisenbugs in concurrent programs", OSDI 2008).
//! A schedule that is drawn call by call hardly ever has the one that counts, least of all for as
//! long as a connection lives. They shrink by leaving preemptions out, and each towards a mere
//! change of turns before the first deed. It refuses to know which deed is decisive.

use std::collections::BTreeSet;

use config::plan::{OperationKind, Preemption, PreemptionPoint};
use kernel::Duration;
use mta::threads::{self, ThreadRole};
use mta::{Build, Generation, Operation, Structure};
use proptest::prelude::*;

use crate::case::HOSTS;

/// The driver threads of a host that are put aside; further ones never are.
const DRIVERS: u32 = 2;
/// A deed is the how-manieth of its kind since the thread began, at the most.
const NTH_MAX: u64 = 8;

/// Up to `most` preemptions of threads of `build`, each before one of `deeds`, which is done to the
/// place or the critical section of this name: a thread lets others go first, or stands still for
/// whole seconds up to `longest`, as while a machine pages or a busier process has the processor.
///
/// ```
/// use kernel::Duration;
/// use mta::Shipped;
/// use property::{Cases, critical_sections, preemptions};
/// use proptest::prelude::*;
///
/// let build = Shipped::EXCHANGE_4_0_994_2;
/// let deeds = critical_sections(&build);
/// let aside = preemptions(&build, 4, &deeds, Duration::from_secs(30));
/// let cases = Cases::of(&build).preemptions(aside);
/// proptest!(ProptestConfig::with_cases(20), |(case in cases.strategy())| {
///     prop_assert!(case.scenario.pins.preempt.len() <= 4);
///     prop_assert_eq!(case.scenario.check(), vec![]);
/// });
/// ```
///
/// # Panics
/// If there is no deed.
pub fn preemptions(
    build: &impl Build,
    most: usize,
    deeds: &[(OperationKind, &'static str)],
    longest: Duration,
) -> impl Strategy<Value = Vec<Preemption>> + 'static {
    assert!(!deeds.is_empty(), "a thread is put aside before a deed");
    let hosts = prop::sample::select(HOSTS.to_vec());
    let threads = prop::sample::select(numbers(build.generation()));
    let deeds = prop::sample::select(deeds.to_vec());
    let preemption = (hosts, threads, deeds, 1..=NTH_MAX, 0..=longest.whole_secs()).prop_map(
        |(host, thread, (kind, of), nth, seconds)| Preemption {
            host: host.to_owned(),
            thread,
            before: PreemptionPoint::Operation {
                kind,
                of: of.to_owned(),
                nth,
            },
            length: Duration::from_secs(seconds),
            to: None,
        },
    );
    prop::collection::vec(preemption, 0..=most)
}

/// Entering each of the critical sections by which `build` guards its structures; none if it guards
/// nothing.
///
/// ```
/// use mta::Shipped;
/// use config::plan::OperationKind;
///
/// let deeds = property::critical_sections(&Shipped::EXCHANGE_4_0_994_2);
/// assert!(deeds.contains(&(OperationKind::Enter, "control block pool")));
/// assert!(property::critical_sections(&Shipped::EXCHANGE_4_0_993_6).is_empty());
/// ```
#[must_use]
pub fn critical_sections(build: &impl Build) -> Vec<(OperationKind, &'static str)> {
    let mut names = BTreeSet::new();
    for structure in [Structure::Pool, Structure::Blocks, Structure::WaitArrays] {
        for operation in [Operation::Allocate, Operation::Release, Operation::Use] {
            names.extend(build.guard(structure, operation));
        }
    }
    names
        .into_iter()
        .map(|name| (OperationKind::Enter, name))
        .collect()
}

/// The threads that use what is shared. The timer only posts.
fn numbers(generation: Generation) -> Vec<u32> {
    let mut duties = vec![ThreadRole::MainBase, ThreadRole::Down, ThreadRole::Up];
    for index in 0..DRIVERS {
        duties.push(ThreadRole::Driver(index));
        if generation == Generation::Pairs {
            duties.push(ThreadRole::AsyncNotify(index));
        }
    }
    let number = |duty| u32::from(threads::name(generation, duty).number);
    duties.into_iter().map(number).collect()
}
