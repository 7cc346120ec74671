//! Strategies for lists of faults on the hosts and the link of [`Cases`](crate::Cases).
//!
//! They shrink by removing faults, and each fault towards a short cut of the link. Every fault ends
//! before healing begins.

use std::collections::BTreeMap;

use config::plan::{Fault, FaultKind, ResetScope, ThreadKind, When};
use kernel::{Duration, Instant};
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::case::{HOSTS, LINK};

/// Faults by name.
pub type Faults = BTreeMap<String, Fault>;

/// No faults.
pub fn no_faults() -> impl Strategy<Value = Faults> {
    Just(Faults::new())
}

/// Up to `most` faults within `span`: cuts of the link, with or without ICMP errors, of up to ten
/// minutes; connection resets; stalls of a thread of up to ten minutes; restarts of a service;
/// crashes of a machine that restarts within ten minutes.
///
/// # Panics
/// If `span` is shorter than a second.
pub fn fault_plans(most: usize, span: Duration) -> impl Strategy<Value = Faults> {
    assert!(
        span.whole_secs() > 0,
        "faults are injected at whole seconds"
    );
    prop::collection::vec(faults(span.whole_secs()), 0..=most).prop_map(named)
}

fn named(faults: Vec<Fault>) -> Faults {
    let numbered = faults.into_iter().zip(1..);
    numbered
        .map(|(fault, number)| (format!("fault-{number}"), fault))
        .collect()
}

fn faults(span: u64) -> impl Strategy<Value = Fault> {
    let cut = (0..span, 1..600_u64, any::<bool>()).prop_map(|(from, length, loud)| Fault {
        kind: FaultKind::Cut {
            link: LINK.to_owned(),
            silent: !loud,
            from: None,
            length: None,
        },
        // Whole seconds: shrinking then moves a fault by steps that matter, not through
        // nanoseconds.
        when: When::Window([at(from), at(from + length)]),
    });
    let reset = once(
        span,
        Just(FaultKind::Reset(ResetScope::Link(LINK.to_owned()))).boxed(),
    );
    let stall = stalled();
    let restart = hosts().prop_map(|host| FaultKind::RestartService { host });
    let crash = (hosts(), 1..600_u64).prop_map(|(host, length)| FaultKind::Crash {
        host,
        restart_after: Some(Duration::from_secs(length)),
    });
    // A union shrinks towards its first strategy: the cut.
    Union::new([
        cut.boxed(),
        reset,
        once(span, stall.boxed()),
        once(span, restart.boxed()),
        once(span, crash.boxed()),
    ])
}

/// Up to `most` stalls within `span`: a thread gets no processor time for up to ten minutes.
///
/// # Panics
/// If `span` is shorter than a second.
pub fn stalls(most: usize, span: Duration) -> impl Strategy<Value = Faults> {
    assert!(
        span.whole_secs() > 0,
        "faults are injected at whole seconds"
    );
    let stall = once(span.whole_secs(), stalled().boxed());
    prop::collection::vec(stall, 0..=most).prop_map(named)
}

/// Threads that every build has.
const THREADS: [ThreadKind; 5] = [
    ThreadKind::Driver,
    ThreadKind::MainBase,
    ThreadKind::Pop4Up,
    ThreadKind::Pop4Down,
    ThreadKind::Timer,
];

fn stalled() -> impl Strategy<Value = FaultKind> {
    let threads = prop::sample::select(THREADS.to_vec());
    (hosts(), threads, 1..600_u64).prop_map(|(host, thread, length)| FaultKind::Stall {
        host,
        thread: Some(thread),
        length: Some(Duration::from_secs(length)),
    })
}

fn once(span: u64, kinds: BoxedStrategy<FaultKind>) -> BoxedStrategy<Fault> {
    let fault = (kinds, 0..span).prop_map(|(kind, time)| Fault {
        kind,
        when: When::At(vec![at(time)]),
    });
    fault.boxed()
}

fn hosts() -> impl Strategy<Value = String> {
    prop::sample::select(HOSTS.to_vec()).prop_map(str::to_owned)
}

fn at(second: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(second)
}
