//! A strategy for whole cases: two hosts, a link, connectors with workloads, faults and a schedule.
//!
//! Each part shrinks by itself, so parts that do not matter for a failure end at their defaults and
//! do not appear in the printed file.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use config::plan::Keyword;
use config::plan::{
    self, Connector, DirectionSettings, Host, Limits, Link, Pins, Preemption, Scenario, TcpProfile,
    Workload,
};
use kernel::{Duration, Instant};
use mta::{Build, Shipped};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::case::{Case, HOSTS, LINK};
use crate::fault_plans::{Faults, fault_plans};
use crate::networks::networks;
use crate::schedules::{Scheduling, schedules};
use crate::workloads::workloads;

/// The default time in which messages are submitted and faults are injected.
const SPAN: Duration = Duration::from_secs(20 * 60);
/// The default time from the last of them to healing: all timers of Q303102 have expired by then.
const QUIET: Duration = Duration::from_secs(20 * 60);
/// The default time for recovery: longer than the longest timer of an association, the transfer
/// timeout of 3000 s per KiB of a non-urgent message of 1 KiB. The transfer of a larger message has
/// begun before.
const HEALING: Duration = Duration::from_secs(12 * 60 * 60);
/// So many that no message is returned to its sender instead of being delivered.
const OPEN_RETRIES: u32 = 100_000;
/// A run with this many events does not end by itself.
const EVENTS_MAX: u64 = 5_000_000;
/// A service with this many calls never becomes idle.
const CALLS_MAX: u64 = 20_000_000;

/// A builder of strategies for cases. The hosts run one shipped build; each part can be replaced.
///
/// ```
/// use property::{Cases, bursty_link, no_faults};
/// use mta::Shipped;
/// use proptest::prelude::*;
///
/// let cases = Cases::of(&Shipped::EXCHANGE_5_5_2655_16)
///     .networks(bursty_link(2..=8, 30..=240))
///     .faults(no_faults());
/// proptest!(ProptestConfig::with_cases(20), |(case in cases.strategy())| {
///     prop_assert!(case.scenario.faults.is_empty());
///     prop_assert_eq!(case.scenario.check(), Ok(()));
/// });
/// ```
#[derive(Debug)]
pub struct Cases {
    networks: BoxedStrategy<DirectionSettings>,
    workloads: BoxedStrategy<Workload>,
    faults: BoxedStrategy<Faults>,
    schedules: BoxedStrategy<Scheduling>,
    preemptions: BoxedStrategy<Vec<Preemption>>,
    hosts: BoxedStrategy<[Host; 2]>,
    connectors: BoxedStrategy<Connector>,
    connector_names: BoxedStrategy<ConnectorNames>,
    span: Duration,
    quiet: Duration,
    healing: Duration,
}

/// The names of the connectors.
type ConnectorNames = &'static [&'static str];

/// A connector in each direction.
const BOTH: ConnectorNames = &["out", "back"];

/// Both connectors, or one of them; both shrinks to one.
fn connector_names() -> impl Strategy<Value = ConnectorNames> {
    [any::<bool>(), any::<bool>()].prop_map(|there| -> ConnectorNames {
        match there {
            [true, true] => BOTH,
            [false, true] => &["back"],
            [_, false] => &["out"],
        }
    })
}

/// Cases with hosts of the base of `build`, with all parts at their defaults: [`Cases::of`].
pub fn cases(build: &impl Build) -> BoxedStrategy<Case> {
    Cases::of(build).strategy()
}

/// The configuration of a property test with this many cases. Failures are saved next to the test
/// in a file that ends in `.proptest-regressions`, and later runs try them first.
#[must_use]
pub fn campaign_config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // proptest's default looks for a lib.rs or main.rs above the test, and there is none.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        // Each shrink iteration is a run; this is enough to remove what does not matter.
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}

impl Cases {
    /// Cases with hosts of the base of `build`.
    #[must_use]
    pub fn of(build: &impl Build) -> Self {
        let base = Some(build.base());
        let named = |it: &&plan::Build| Shipped::named(it.as_str()) == base;
        let build = plan::Build::ALL.iter().find(named);
        let build = *build.expect("every shipped build has a name in scenarios");
        Self {
            networks: networks().boxed(),
            workloads: workloads(8, SPAN).boxed(),
            faults: fault_plans(2, SPAN).boxed(),
            schedules: schedules().boxed(),
            preemptions: Just(Vec::new()).boxed(),
            hosts: [hosts(build), hosts(build)].boxed(),
            connectors: connectors().boxed(),
            connector_names: connector_names().boxed(),
            span: SPAN,
            quiet: QUIET,
            healing: HEALING,
        }
    }

    /// Replaces the link between the hosts.
    #[must_use]
    pub fn networks(self, networks: impl Strategy<Value = DirectionSettings> + 'static) -> Self {
        Self {
            networks: networks.boxed(),
            ..self
        }
    }

    /// Replaces the workload of each connector.
    #[must_use]
    pub fn workloads(self, workloads: impl Strategy<Value = Workload> + 'static) -> Self {
        Self {
            workloads: workloads.boxed(),
            ..self
        }
    }

    /// Replaces the faults.
    #[must_use]
    pub fn faults(self, faults: impl Strategy<Value = Faults> + 'static) -> Self {
        Self {
            faults: faults.boxed(),
            ..self
        }
    }

    /// Replaces the hosts. The schedule still sets their processors, quantum and number of drivers.
    #[must_use]
    pub fn hosts(self, hosts: impl Strategy<Value = Host> + Clone + 'static) -> Self {
        Self {
            hosts: [hosts.clone(), hosts].boxed(),
            ..self
        }
    }

    /// Replaces the connectors, of which a case has one or both; their ends are overwritten.
    #[must_use]
    pub fn connectors(self, connectors: impl Strategy<Value = Connector> + 'static) -> Self {
        Self {
            connectors: connectors.boxed(),
            connector_names: connector_names().boxed(),
            ..self
        }
    }

    /// Replaces the schedule.
    #[must_use]
    pub fn schedules(self, schedules: impl Strategy<Value = Scheduling> + 'static) -> Self {
        Self {
            schedules: schedules.boxed(),
            ..self
        }
    }

    /// Adds preemptions, whatever the schedule.
    #[must_use]
    pub fn preemptions(
        self,
        preemptions: impl Strategy<Value = Vec<Preemption>> + 'static,
    ) -> Self {
        Self {
            preemptions: preemptions.boxed(),
            ..self
        }
    }

    /// Replaces the phases of a run: messages and faults in the first `span`, then `quiet` time
    /// after the last fault, then recovery within `healing`. Give [`Self::workloads`] and
    /// [`Self::faults`] strategies with the same span.
    #[must_use]
    pub fn timing(self, span: Duration, quiet: Duration, healing: Duration) -> Self {
        Self {
            span,
            quiet,
            healing,
            ..self
        }
    }

    /// Gives every case a connector in each direction.
    #[must_use]
    pub fn bidirectional(self) -> Self {
        Self {
            // Drawn all the same, so that the other parts of a case are as without this.
            connector_names: self.connector_names.prop_map(|_| BOTH).boxed(),
            ..self
        }
    }

    /// Builds the strategy.
    pub fn strategy(self) -> BoxedStrategy<Case> {
        let Self {
            networks,
            workloads,
            faults,
            schedules,
            preemptions,
            hosts,
            connectors,
            connector_names,
            span,
            quiet,
            healing,
        } = self;
        let mail = [workloads.clone(), workloads];
        let threads = (schedules, preemptions);
        let parts = (
            networks,
            mail,
            faults,
            threads,
            hosts,
            connectors,
            connector_names,
        );
        let cases = parts.prop_map(
            move |(link, mail, faults, threads, hosts, connector, names)| {
                let (schedule, preempt) = threads;
                let duration = end_of_faults(&faults).max(span) + quiet;
                let title = "A generated case";
                let why = "A property of docs/how-to-test-a-fix.md";
                let mut scenario = Scenario {
                    seed: schedule.seed,
                    scheduler: schedule.scheduler,
                    healing: Some(healing),
                    faults,
                    pins: Pins {
                        preempt,
                        ..Pins::default()
                    },
                    limits: Limits {
                        events: EVENTS_MAX,
                        calls: CALLS_MAX,
                        ..Limits::default()
                    },
                    ..Scenario::new(title, why, duration)
                };
                add_hosts(&mut scenario, hosts, schedule, link);
                add_connectors(&mut scenario, &connector, names, mail);
                Case { scenario }
            },
        );
        cases.boxed()
    }
}

/// Adds the hosts and the link between them. Addresses are those that loading a file would assign.
fn add_hosts(
    scenario: &mut Scenario,
    hosts: [Host; 2],
    schedule: Scheduling,
    direction: DirectionSettings,
) {
    for ((name, host), last) in HOSTS.into_iter().zip(hosts).zip(1..) {
        let host = Host {
            address: Ipv4Addr::new(10, 0, 0, last),
            cpus: schedule.processors,
            quantum: schedule.quantum,
            driver_threads: schedule.drivers.unwrap_or(host.driver_threads),
            ..host
        };
        scenario.hosts.insert(name.to_owned(), host);
    }
    let link = Link {
        forward: direction.clone(),
        backward: direction,
        ..Link::new(HOSTS[1], HOSTS[0])
    };
    scenario.links.insert(LINK.to_owned(), link);
}

/// Adds the named connectors with their workloads.
fn add_connectors(
    scenario: &mut Scenario,
    connector: &Connector,
    names: ConnectorNames,
    mail: [Workload; 2],
) {
    let [lyon, paris] = HOSTS;
    let there = [("out", paris, lyon), ("back", lyon, paris)];
    for ((name, from, to), workload) in there.into_iter().zip(mail) {
        if !names.contains(&name) {
            continue;
        }
        let connector = Connector {
            from: from.to_owned(),
            to: to.to_owned(),
            ..connector.clone()
        };
        scenario.connectors.insert(name.to_owned(), connector);
        let workload = Workload {
            connector: name.to_owned(),
            ..workload
        };
        scenario.workloads.insert(name.to_owned(), workload);
    }
}

fn hosts(build: plan::Build) -> impl Strategy<Value = Host> + Clone {
    // A selection shrinks towards its first item, so each list begins with the default.
    let profiles = vec![
        build.default_tcp(),
        TcpProfile::Nt4,
        TcpProfile::W2k,
        TcpProfile::Nt351,
        TcpProfile::Linux,
    ];
    let profiles = prop::sample::select(profiles);
    let pools = prop::sample::select(vec![20, 62, 4_u32]);
    let attempts = prop::sample::select(vec![7, 1, 2, 3, 5, 10, 12_u32]);
    let pauses = prop::sample::select(vec![0, 1, 10, 30_u64]);
    (profiles, pools, attempts, pauses).prop_map(
        move |(tcp, control_blocks, connect_attempts, pause)| Host {
            tcp,
            control_blocks,
            connect_attempts,
            connect_pause: Duration::from_secs(pause),
            ..Host::new(build)
        },
    )
}

fn connectors() -> impl Strategy<Value = Connector> {
    let thresholds = prop::sample::select(vec![50, 1_u32]);
    let lifetimes = prop::sample::select(vec![300, 60, 15, 5_u64]);
    let rests = prop::sample::select(vec![600, 120, 60, 15_u64]);
    let timers = prop::sample::select(vec![120, 60, 240, 360_u64]);
    (thresholds, lifetimes, rests, timers).prop_map(|(threshold, lifetime, rest, timer)| {
        let rest = Duration::from_secs(rest);
        Connector {
            threshold,
            lifetime: Duration::from_secs(lifetime),
            open_interval: rest,
            open_retries: OPEN_RETRIES,
            transfer_interval: rest.min(Duration::from_secs(120)),
            session_disconnect: Duration::from_secs(timer),
            ..Connector::new("", "")
        }
    })
}

/// When the last fault ends.
fn end_of_faults(faults: &BTreeMap<String, plan::Fault>) -> Duration {
    let end = |fault: &plan::Fault| match &fault.when {
        plan::When::At(times) => times.last().copied().unwrap_or(Instant::ZERO),
        plan::When::Window([_, to]) => *to,
        plan::When::Random { .. } => Instant::ZERO,
    };
    let last = faults.values().map(end).max();
    last.unwrap_or(Instant::ZERO).since_start()
}
