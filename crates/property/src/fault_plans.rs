//! Strategies for what goes wrong besides the line's own loss.
//!
//! Owns lists of faults on the hosts and the link of [`Cases`](crate::Cases). They shrink by
//! leaving faults out, and each towards a short cut of the line. It refuses faults that end
//! nothing: what is made up here is over when healing begins.

use std::collections::BTreeMap;

use config::plan::{Fault, FaultKind, ResetScope, ThreadName, When};
use kernel::{Duration, Instant};
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::case::{HOSTS, LINK};

/// What goes wrong, by name.
pub type Faults = BTreeMap<String, Fault>;

/// Nothing goes wrong.
pub fn no_faults() -> impl Strategy<Value = Faults> {
    Just(Faults::new())
}

/// Up to `most` faults within `span`: cuts of the line, loud or silent, of up to ten minutes;
/// connections reset; a thread that gets no processor for up to ten minutes; services
/// restarted; machines that crash and come back within ten minutes.
///
/// # Panics
/// If `span` is shorter than a second.
pub fn fault_plans(most: usize, span: Duration) -> impl Strategy<Value = Faults> {
    assert!(span.whole_secs() > 0, "faults strike at whole seconds");
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
            length: None,
        },
        when: When::Window {
            from: at(from),
            to: at(from + length),
        },
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
    Union::new([
        cut.boxed(),
        reset,
        once(span, stall.boxed()),
        once(span, restart.boxed()),
        once(span, crash.boxed()),
    ])
}

/// Up to `most` stalls within `span`: a thread gets no processor for up to ten minutes.
///
/// # Panics
/// If `span` is shorter than a second.
pub fn stalls(most: usize, span: Duration) -> impl Strategy<Value = Faults> {
    assert!(span.whole_secs() > 0, "faults strike at whole seconds");
    let stall = once(span.whole_secs(), stalled().boxed());
    prop::collection::vec(stall, 0..=most).prop_map(named)
}

/// The threads that every build has.
const THREADS: [ThreadName; 5] = [
    ThreadName::Driver,
    ThreadName::MainBase,
    ThreadName::Pop4Up,
    ThreadName::Pop4Down,
    ThreadName::Timer,
];

fn stalled() -> impl Strategy<Value = FaultKind> {
    let threads = prop::sample::select(THREADS.to_vec());
    (hosts(), threads, 1..600_u64).prop_map(|(host, thread, length)| FaultKind::Stall {
        host,
        thread,
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
