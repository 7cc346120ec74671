//! Families of cases on which fixes are tried.

use mtasim::plan::{self, Connector, Host, Keyword};
use mtasim::prelude::*;

/// A family of cases. What it does not fix is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// All cases of [`cases`].
    Any,
    /// Adversarial schedules, and many associations that open and close at once.
    Churn,
    /// Long outages, threads without processor time for minutes, small pools.
    Stalls,
    /// A clean link, and pools some of which are smaller than the number of simultaneous calls.
    SmallPools,
    /// A clean link and large pools: every message is delivered within a minute.
    Steady,
    /// Threads are preempted before they enter a critical section, while associations open and
    /// close.
    PreemptedAtLocks,
    /// Threads are preempted before they exchange the head of the free list.
    PreemptedAtExchange,
}

impl Family {
    pub(super) const ALL: [Self; 7] = [
        Self::Any,
        Self::Churn,
        Self::Stalls,
        Self::SmallPools,
        Self::Steady,
        Self::PreemptedAtLocks,
        Self::PreemptedAtExchange,
    ];

    pub(super) fn cases(self, build: &impl Build) -> BoxedStrategy<Case> {
        let cases = Cases::of(build);
        let minute = Duration::from_secs(60);
        let span = Duration::from_secs(20 * 60);
        let [small, large] = [4, 62].map(|control_blocks| host(build, control_blocks));
        let cases = match self {
            Self::Any => cases,
            Self::Churn => cases
                .networks(prop_oneof![clean_link(), networks()])
                .schedules(adversarial_schedules())
                .hosts(Just(large))
                .connectors(Just(busy())),
            Self::Stalls => cases
                .networks(bursty_link(1..=8, 30..=240))
                .faults(stalls(4, span))
                .hosts(Just(small))
                .connectors(Just(busy())),
            Self::SmallPools => cases
                .networks(clean_link())
                .faults(no_faults())
                .hosts(prop::sample::select(vec![large, small]))
                .connectors(Just(busy()))
                .timing(span, Duration::from_secs(600), Duration::from_secs(3_600)),
            Self::Steady => cases
                .networks(clean_link())
                .faults(no_faults())
                .hosts(Just(large))
                .workloads(workloads(8, minute))
                .timing(minute, Duration::ZERO, minute),
            Self::PreemptedAtLocks => {
                let operations = critical_sections(build);
                let preemptions = preemptions(build, 12, &operations, Duration::from_secs(15));
                concurrent(cases, build).preemptions(preemptions)
            }
            Self::PreemptedAtExchange => {
                let preemptions = preemptions(build, 12, &[EXCHANGE], Duration::from_secs(120));
                concurrent(cases, build).preemptions(preemptions)
            }
        };
        cases.strategy()
    }
}

/// The operation with which threads change the free list without a lock.
const EXCHANGE: (OperationKind, &str) =
    (OperationKind::Interlocked, "control block pool.free list");

/// Many associations open and close at once, at both ends.
fn concurrent(cases: Cases, build: &impl Build) -> Cases {
    let span = Duration::from_secs(120);
    cases
        .networks(clean_link())
        .faults(no_faults())
        .hosts(Just(host(build, 62)))
        .connectors(Just(busy()))
        .bidirectional()
        .workloads(workloads(8, span))
        .timing(
            span,
            Duration::from_secs(600),
            Duration::from_secs(12 * 3_600),
        )
}

fn host(build: &impl Build, control_blocks: u32) -> Host {
    let version = build.base().version().to_string();
    let named = plan::Build::ALL.iter().find(|it| it.as_str() == version);
    Host {
        control_blocks,
        ..Host::new(*named.expect("every shipped build has a name in scenarios"))
    }
}

/// A connector that opens an association per message if it can, and closes it soon.
fn busy() -> Connector {
    let seconds = Duration::from_secs;
    Connector {
        threshold: 1,
        lifetime: seconds(5),
        open_interval: seconds(15),
        open_retries: 100_000,
        transfer_interval: seconds(15),
        ..Connector::new("", "")
    }
}
