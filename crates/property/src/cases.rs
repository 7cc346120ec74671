//! A strategy for whole cases.
//!
//! Owns the two hosts, the line and the connectors that a made-up network, workload, fault plan
//! and schedule are put together to. It shrinks each part by itself, so that what does not
//! matter for a failure is at its default and stands in no file.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use config::plan::Keyword;
use config::plan::{
    self, Connector, Direction, Host, Limits, Link, Pins, Preemption, Scenario, TcpProfile,
    Workload,
};
use kernel::{Duration, Instant};
use mta::{Build, Shipped};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::case::{Case, HOSTS, LINK};
use crate::fault_plans::{Faults, fault_plans};
use crate::networks::networks;
use crate::schedules::{Schedule, schedules};
use crate::workloads::workloads;

/// How long messages come and faults strike, unless told otherwise.
const SPAN: Duration = Duration::from_secs(20 * 60);
/// Time from the last of them to healing: whatever a timer of Q303102 does has been done by then.
const REST: Duration = Duration::from_secs(20 * 60);
/// How long progress is owed then: longer than the longest timer that an association can wait
/// for, the transfer timeout of 3000 s for each KiB of a message that is not urgent, if it is of
/// 1 KiB; a larger one has been begun before.
const HEALING: Duration = Duration::from_secs(12 * 60 * 60);
/// So many that no message is returned to its sender instead of getting through.
const OPEN_RETRIES: u32 = 100_000;
/// A run that handles so many events does not end by itself.
const EVENTS_MAX: u64 = 5_000_000;
/// A service whose threads make so many calls does not come to rest.
const CALLS_MAX: u64 = 20_000_000;

/// A strategy for cases with hosts of one shipped build, in parts that can be replaced.
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
///     prop_assert_eq!(case.scenario.check(), vec![]);
/// });
/// ```
#[derive(Debug)]
pub struct Cases {
    networks: BoxedStrategy<Direction>,
    workloads: BoxedStrategy<Workload>,
    faults: BoxedStrategy<Faults>,
    schedules: BoxedStrategy<Schedule>,
    preemptions: BoxedStrategy<Vec<Preemption>>,
    hosts: BoxedStrategy<[Host; 2]>,
    connectors: BoxedStrategy<(Connector, Ways)>,
    span: Duration,
    rest: Duration,
    healing: Duration,
}

/// The connectors there are, by name.
type Ways = &'static [&'static str];

/// One each way.
const BOTH: Ways = &["out", "back"];

/// One of the two, or both; from both, either can be left out.
fn ways() -> impl Strategy<Value = Ways> {
    [any::<bool>(), any::<bool>()].prop_map(|there| -> Ways {
        match there {
            [true, true] => BOTH,
            [false, true] => &["back"],
            [_, false] => &["out"],
        }
    })
}

/// Cases with hosts of the build that `build` is made from: [`Cases::of`] with everything at
/// its default.
pub fn cases(build: &impl Build) -> BoxedStrategy<Case> {
    Cases::of(build).strategy()
}

/// The configuration of a property test over so many cases, whose failures are kept next to the
/// test's file, in one that ends in `.proptest-regressions`, and are tried first ever after.
#[must_use]
pub fn campaign_config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        // The usual place is sought from a lib.rs or main.rs, which a test has none of.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        // Each step is a run: a few hundred are enough to leave out what does not matter.
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}

impl Cases {
    /// Cases with hosts of the build that `build` is made from.
    #[must_use]
    pub fn of(build: &impl Build) -> Self {
        let base = Some(build.base());
        let named = |it: &&plan::Build| Shipped::named(it.as_str()) == base;
        let build = plan::Build::ALL.iter().find(named);
        let build = *build.expect("the plan names every build that shipped");
        Self {
            networks: networks().boxed(),
            workloads: workloads(8, SPAN).boxed(),
            faults: fault_plans(2, SPAN).boxed(),
            schedules: schedules().boxed(),
            preemptions: Just(Vec::new()).boxed(),
            hosts: [hosts(build), hosts(build)].boxed(),
            connectors: (connectors(), ways()).boxed(),
            span: SPAN,
            rest: REST,
            healing: HEALING,
        }
    }

    /// Over lines such as these.
    #[must_use]
    pub fn networks(self, networks: impl Strategy<Value = Direction> + 'static) -> Self {
        Self {
            networks: networks.boxed(),
            ..self
        }
    }

    /// With messages such as these, on each connector.
    #[must_use]
    pub fn workloads(self, workloads: impl Strategy<Value = Workload> + 'static) -> Self {
        Self {
            workloads: workloads.boxed(),
            ..self
        }
    }

    /// Under faults such as these.
    #[must_use]
    pub fn faults(self, faults: impl Strategy<Value = Faults> + 'static) -> Self {
        Self {
            faults: faults.boxed(),
            ..self
        }
    }

    /// On machines such as these. What the schedule says of processors, quantum and threads goes
    /// before.
    #[must_use]
    pub fn hosts(self, hosts: impl Strategy<Value = Host> + Clone + 'static) -> Self {
        Self {
            hosts: [hosts.clone(), hosts].boxed(),
            ..self
        }
    }

    /// Through connectors such as these, one each way or one only; their ends do not matter.
    #[must_use]
    pub fn connectors(self, connectors: impl Strategy<Value = Connector> + 'static) -> Self {
        Self {
            connectors: (connectors, ways()).boxed(),
            ..self
        }
    }

    /// With threads scheduled so.
    #[must_use]
    pub fn schedules(self, schedules: impl Strategy<Value = Schedule> + 'static) -> Self {
        Self {
            schedules: schedules.boxed(),
            ..self
        }
    }

    /// With threads put aside so, whoever schedules them.
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

    /// With messages and faults in the first `span` of the run, healing `rest` after the last of
    /// them, and progress owed within `healing` from there. Give [`Self::workloads`] and
    /// [`Self::faults`] the same span.
    #[must_use]
    pub fn timing(self, span: Duration, rest: Duration, healing: Duration) -> Self {
        Self {
            span,
            rest,
            healing,
            ..self
        }
    }

    /// With a connector each way in every case.
    #[must_use]
    pub fn bidirectional(self) -> Self {
        let both = |(connector, _)| (connector, BOTH);
        Self {
            connectors: self.connectors.prop_map(both).boxed(),
            ..self
        }
    }

    /// The strategy.
    pub fn strategy(self) -> BoxedStrategy<Case> {
        let Self {
            networks,
            workloads,
            faults,
            schedules,
            preemptions,
            hosts,
            connectors,
            span,
            rest,
            healing,
        } = self;
        let mail = [workloads.clone(), workloads];
        let threads = (schedules, preemptions);
        let parts = (networks, mail, faults, threads, hosts, connectors);
        let made_up = parts.prop_map(move |(line, mail, faults, threads, hosts, connector)| {
            let (schedule, preempt) = threads;
            let duration = last_of(&faults).max(span) + rest;
            let title = "A made-up case";
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
                    ..Limits::DEFAULT
                },
                ..Scenario::new(title, why, duration)
            };
            settle(&mut scenario, hosts, schedule, line);
            connect(&mut scenario, connector, mail);
            Case { scenario }
        });
        made_up.boxed()
    }
}

/// The hosts and the line between them. Addresses are as the reader of files assigns them.
fn settle(scenario: &mut Scenario, hosts: [Host; 2], schedule: Schedule, line: Direction) {
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
        forward: line.clone(),
        backward: line,
        ..Link::new(HOSTS[1], HOSTS[0])
    };
    scenario.links.insert(LINK.to_owned(), link);
}

/// One connector each way, or one only, each with its workload.
fn connect(scenario: &mut Scenario, connector: (Connector, Ways), mail: [Workload; 2]) {
    let (connector, ways) = connector;
    let [lyon, paris] = HOSTS;
    let there = [("out", paris, lyon), ("back", lyon, paris)];
    for ((name, from, to), workload) in there.into_iter().zip(mail) {
        if !ways.contains(&name) {
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
    let profiles = vec![
        build.usual_tcp(),
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

/// When the last of the faults is over.
fn last_of(faults: &BTreeMap<String, plan::Fault>) -> Duration {
    let end = |fault: &plan::Fault| match &fault.when {
        plan::When::At(times) => times.last().copied().unwrap_or(Instant::ZERO),
        plan::When::Window { to, .. } => *to,
        plan::When::Random { .. } => Instant::ZERO,
    };
    let last = faults.values().map(end).max();
    last.unwrap_or(Instant::ZERO).since_start()
}
