//! Lowers a scenario: names become numbers, and plans become the configurations of the models.
//!
//! Links are calibrated here from the success rate of pings. The scenario has been checked when
//! its file was read, so what is impossible here is a bug.

mod loss;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::rc::Rc;

use kernel::{Choices, Duration, Instant, Site, key};
use machine::{Costs, HeapConfig, Interrupts};
use mta::{Build, Database, ResponderTimeouts};
use net::calibration::{self, CalibrationError};
use net::{Direction, DropReason, LinkConfig, LinkState, LossModel, NetworkError};

use crate::names::{Names, host_numbers};
use crate::outcome::LinkCounts;
use config::plan::{
    Connector, Host, Keyword, OperationKind, PreemptionPoint, Scenario, Scheduler, TcpProfile,
};

/// When the ticks of a host's TCP timers come.
const TICK_PHASE: Site = Site::new("host.tick-phase");

/// Why a scenario cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoweringError {
    /// No parameters of a link give the success rate that the scenario asks for.
    #[error("link {link}: {error}")]
    Link {
        /// The link, by name.
        link: String,
        /// Why there are none.
        error: CalibrationError,
    },
    /// The network cannot be built.
    #[error("{0}")]
    Network(#[from] NetworkError),
    /// The scenario's scheduler needs call counts, and the run has none.
    #[error("the scheduler {0} needs call counts of pilot runs")]
    NoCallCounts(Scheduler),
    /// A host runs a program of the user, which only a program that registers it can start.
    #[error(
        "host `{0}` is a guest: its program is code of yours. Run the scenario with the program \
         that registers it (mtasim::guest), or give the host a `build` of the MTA"
    )]
    Guest(String),
    /// A system under test other than the shipped builds rejects the scenario.
    #[error("{0}")]
    Rejected(String),
}

/// A mistake in a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// The dotted path of the setting; empty if it is not of one.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl LoweringError {
    /// The setting that is wrong, and what is wrong with it.
    #[must_use]
    pub fn invalid_setting(&self, scenario: &Scenario) -> InvalidSetting {
        let (path, message) = match self {
            Self::Link { link, error } => (format!("link.{link}.loss"), error.to_string()),
            Self::Network(NetworkError::Link(link, error)) => {
                let name = scenario.links.keys().nth(link.0 as usize);
                let name = name.map_or_else(String::new, Clone::clone);
                let key = if let net::LinkConfigError::Queue(_) = error {
                    ".queue"
                } else {
                    ""
                };
                (format!("link.{name}{key}"), error.to_string())
            }
            Self::Network(error @ NetworkError::TooManyHosts(_)) => {
                ("host".to_owned(), error.to_string())
            }
            Self::Network(error) => ("link".to_owned(), error.to_string()),
            Self::NoCallCounts(_) => ("scheduler".to_owned(), self.to_string()),
            Self::Guest(host) => (format!("host.{host}.guest"), self.to_string()),
            Self::Rejected(_) => (String::new(), self.to_string()),
        };
        InvalidSetting { path, message }
    }
}

/// Checks that the network of a scenario can be built, as a run does before anything else.
///
/// # Errors
/// If a run would be refused for its links.
pub fn check_network(scenario: &Scenario) -> Result<(), LoweringError> {
    let links = links(scenario)?;
    let hosts = u32::try_from(scenario.hosts.len()).unwrap_or(u32::MAX);
    net::Network::new(Choices::new(0), hosts, &links)?;
    Ok(())
}

/// The network's configuration of each link, in the order of their names. Hosts are numbered in
/// the order of theirs.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn links(scenario: &Scenario) -> Result<Vec<LinkConfig>, LoweringError> {
    let numbers = host_numbers(scenario);
    let mut pinned = scheduled_losses(scenario);
    scenario
        .links
        .iter()
        .map(|(name, link)| {
            let mut config = LinkConfig {
                key: key(name),
                ends: [
                    numbers[link.between[0].as_str()],
                    numbers[link.between[1].as_str()],
                ],
                forward: direction(&link.forward),
                backward: direction(&link.backward),
                loss: net::Loss::Shared(LossModel::None),
                keep_alive: net::KeepAliveConfig {
                    unreachable_after: link.unreachable_after,
                    reset_after: link.reset_after,
                },
                addresses: link
                    .addresses
                    .iter()
                    .flatten()
                    .map(|it| u32::from(*it))
                    .collect(),
                mtu: link.mtu.and_then(|it| u32::try_from(it.0).ok()),
            };
            // An outage may begin between a request and its reply. How far apart they pass the link
            // depends on delay and bandwidth, so these are set before the loss is calibrated.
            let separation = config.separation(calibration::PING_LENGTH);
            let invalid = |error| {
                let link = name.clone();
                LoweringError::Link { link, error }
            };
            config.loss = loss::loss(link, separation).map_err(invalid)?;
            if let Some(scheduled) = pinned.remove(name.as_str()) {
                // Both ways: a pin names a link, not a direction.
                config.forward.scheduled = scheduled.clone();
                config.backward.scheduled = scheduled;
            }
            Ok(config)
        })
        .collect()
}

fn direction(plan: &config::plan::DirectionSettings) -> net::DirectionConfig {
    let bandwidth = |bits_per_second: u64| {
        Some(net::Bandwidth {
            bits_per_second: NonZeroU64::new(bits_per_second)?,
            queue: plan.queue.0,
        })
    };
    net::DirectionConfig {
        delay: plan.delay,
        bandwidth: plan.bandwidth.and_then(|it| bandwidth(it.bits_per_second)),
        bad: net::BadState {
            delay: plan.bad_delay,
            bandwidth: plan
                .bad_bandwidth
                .and_then(|it| bandwidth(it.bits_per_second)),
        },
        impairment: net::Impairment {
            jitter: plan.jitter,
            reorder: plan.reorder,
            reorder_delay: plan.reorder_delay,
            duplicate: plan.duplicate,
            corrupt: plan.corrupt,
        },
        scheduled: net::ScheduledLosses::default(),
    }
}

/// The outages and drops that the scenario pins, by link.
fn scheduled_losses(scenario: &Scenario) -> BTreeMap<&str, net::ScheduledLosses> {
    let mut pinned: BTreeMap<&str, net::ScheduledLosses> = BTreeMap::new();
    for it in &scenario.pins.outages {
        let outage = net::OutageInterval {
            from: it.from,
            until: it.to,
        };
        pinned.entry(&it.link).or_default().outages.push(outage);
    }
    for it in &scenario.pins.drop {
        let drop = net::Identity {
            flow: it.flow,
            unit: it.unit,
            attempt: it.attempt,
        };
        pinned.entry(&it.link).or_default().drops.push(drop);
    }
    for losses in pinned.values_mut() {
        // A scenario may pin overlapping outages; the network takes disjoint ones.
        losses.outages = net::loss::outage::union(std::mem::take(&mut losses.outages));
        losses.drops.sort_unstable();
        losses.drops.dedup();
    }
    pinned
}

/// The same links in the healing phase: without loss, outages, jitter, reordering, duplicates or
/// damage.
#[must_use]
pub fn healed(links: &[LinkConfig]) -> Vec<LinkConfig> {
    let heal = |direction: &net::DirectionConfig| net::DirectionConfig {
        impairment: net::Impairment::default(),
        scheduled: net::ScheduledLosses::default(),
        bad: net::BadState::default(),
        // Delay and bandwidth are the line itself; healing ends what goes wrong on it.
        ..direction.clone()
    };
    links
        .iter()
        .map(|link| LinkConfig {
            forward: heal(&link.forward),
            backward: heal(&link.backward),
            loss: net::Loss::Shared(LossModel::None),
            keep_alive: net::KeepAliveConfig::default(),
            ..link.clone()
        })
        .collect()
}

/// The state of a link while a fault cuts it: in both directions, or for the packets of one end.
#[must_use]
pub fn cut(scenario: &Scenario, link: &str, is_silent: bool, from: Option<&str>) -> LinkState {
    if let Some(from) = from {
        let is_first = scenario.links[link].between[0] == from;
        return LinkState::BlackHoleOneWay(match is_first {
            true => Direction::Forward,
            false => Direction::Backward,
        });
    }
    match is_silent {
        true => LinkState::BlackHole,
        false => LinkState::Withdrawn,
    }
}

/// Packets offered and lost, by link, over networks that followed each other in time.
pub(crate) fn link_counts(links: usize, networks: &[&net::Network]) -> Vec<LinkCounts> {
    (0..links)
        .map(|link| {
            let mut counts = LinkCounts::default();
            for network in networks {
                for direction in Direction::BOTH {
                    let statistics = network.statistics(net::LinkId(link as u32), direction);
                    counts.offered += statistics.offered;
                    counts.lost += statistics.dropped_total();
                    counts.damaged += statistics.corrupted;
                    for reason in DropReason::ALL {
                        if statistics.dropped(reason) > 0 {
                            *counts.lost_by.entry(reason).or_default() +=
                                statistics.dropped(reason);
                        }
                    }
                }
            }
            counts
        })
        .collect()
}

/// The socket layer of a host from one start of the machine to the next.
#[must_use]
pub fn sockets(name: &str, host: &Host, address: u32, choices: Choices) -> winsock::Config {
    let mut config = match host.tcp {
        TcpProfile::Nt351 => winsock::Config::nt351(address),
        TcpProfile::Nt4 => winsock::Config::nt4(address),
        TcpProfile::W2k => winsock::Config::w2k(address),
        TcpProfile::Linux => winsock::Config::linux(address),
    };
    let further = host.all_addresses().skip(1);
    config.further_addresses = further.map(u32::from).collect();
    // Machines are switched on at different times. If all ticked together, a timer of one would meet
    // a timer of its peer to the nanosecond.
    let granularity = config.profile.timer_granularity.nanos();
    let phase = match host.tick_phase {
        Some(phase) => phase.nanos() % granularity,
        None => choices
            .rng(TICK_PHASE, key(name), [0, 0])
            .below(granularity),
    };
    config.profile.tick_phase = tcp::TimeSpan::from_nanos(phase);
    config
}

/// The machine of a host. The scenario gives the cost of a memory access; the costs of all other
/// calls are scaled by the same factor.
pub(crate) fn machine(name: &str, scenario: &Scenario, heap: HeapConfig) -> machine::Config {
    let host = &scenario.hosts[name];
    let defaults = Costs::default();
    let scaled = |cost: Duration| {
        let ratio = u128::from(cost.nanos()) * u128::from(host.call_cost.nanos());
        let nanos = ratio / u128::from(defaults.access.nanos());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    };
    let preemptions = scenario
        .pins
        .preempt
        .iter()
        .filter(|pinned| pinned.host == name);
    machine::Config {
        processors: host.cpus,
        costs: Costs {
            access: host.call_cost,
            interlocked: scaled(defaults.interlocked),
            lock: scaled(defaults.lock),
            object: scaled(defaults.object),
            queue: scaled(defaults.queue),
            system: scaled(defaults.system),
            environment: scaled(defaults.environment),
        },
        jitter: host.call_jitter,
        interrupts: Interrupts {
            per_second: host.interrupts,
            mean_length: host.interrupt_length,
        },
        quantum: host.quantum,
        heap,
        detect_races: host.race_detector,
        preemptions: preemptions.map(preemption).collect(),
        access_log_length: usize::try_from(scenario.limits.access_log).unwrap_or(usize::MAX),
        call_limit: scenario.limits.calls,
        ..machine::Config::default()
    }
}

fn preemption(pinned: &config::plan::Preemption) -> machine::Preemption {
    let key = |number: u32| mta::threads::rng_key(u16::try_from(number).unwrap_or(u16::MAX));
    machine::Preemption {
        key: key(pinned.thread),
        before: match &pinned.before {
            PreemptionPoint::Call(call) => machine::PreemptionPoint::Call(*call),
            PreemptionPoint::Operation { kind, of, nth } => machine::PreemptionPoint::Operation {
                kind: match kind {
                    OperationKind::Read => machine::OperationKind::Read,
                    OperationKind::Write => machine::OperationKind::Write,
                    OperationKind::Interlocked => machine::OperationKind::Interlocked,
                    OperationKind::Enter => machine::OperationKind::Enter,
                },
                of: of.clone(),
                nth: *nth,
            },
        },
        length: pinned.length,
        to: pinned.to.map(key),
    }
}

/// The pin that repeats a deviation of the schedule found by a search; `None` if the thread's number
/// has more than the four digits that a scenario can name.
pub(crate) fn pinned(
    host: &str,
    deviation: &machine::ScheduleDeviation,
) -> Option<config::plan::Preemption> {
    // The machine knows a thread by its key only, which is a hash of its number.
    let number = |key| (0..=9_999_u16).find(|number| mta::threads::rng_key(*number) == key);
    Some(config::plan::Preemption {
        host: host.to_owned(),
        thread: u32::from(number(deviation.from)?),
        // The deviation follows this many calls, so it comes before the next one, counted from 1.
        before: PreemptionPoint::Call(deviation.calls + 1),
        length: Duration::ZERO,
        to: Some(u32::from(number(deviation.to)?)),
    })
}

/// The build that a host names; `None` for a guest.
pub(crate) fn build(host: &Host) -> Option<Rc<dyn Build>> {
    let build = host.build()?;
    Some(mta::named(build.as_str()).expect("every build of the format is known"))
}

/// # Errors
/// If a host is a guest: it has no build.
pub(crate) fn check_builds(scenario: &Scenario) -> Result<(), LoweringError> {
    let mut hosts = scenario.hosts.iter();
    match hosts.find(|(_, host)| host.build().is_none()) {
        Some((guest, _)) => Err(LoweringError::Guest(guest.clone())),
        None => Ok(()),
    }
}

/// What a service starts with.
pub(crate) struct ServiceStart<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) names: &'a Names,
    pub(crate) at: Instant,
    pub(crate) build: &'a Rc<dyn Build>,
    pub(crate) database: Database,
    /// Whether to record the waits for events, which are most lines of a Winsock.log.
    pub(crate) waits_recorded: bool,
}

/// The MTA of a host. Its connectors are numbered in the order of their names.
pub(crate) fn mta(name: &str, start: ServiceStart<'_>) -> mta::Config {
    let names = start.names;
    let plan = &start.scenario.hosts[name];
    let host = names.number(name);
    let address = |host: &str| names.address(names.number(host));
    // A guest may call from any of its addresses.
    let addresses = |host: &str| {
        let further = start.scenario.hosts[host].all_addresses().skip(1);
        std::iter::once(address(host)).chain(further.map(u32::from).collect::<Vec<_>>())
    };
    let connectors = |names: &'_ [String]| -> Vec<&Connector> {
        let found = names.iter().map(|name| &start.scenario.connectors[name]);
        found.collect()
    };
    let (outgoing, incoming) = (names.outgoing(host), names.incoming(host));
    let (calls, called) = (connectors(outgoing), connectors(incoming));
    // A peer that is silent for longer than any connector on either side allows is gone.
    let silence = calls
        .iter()
        .chain(&called)
        .map(|it| it.lifetime + it.session_disconnect)
        .max();
    // A guest has no connector of its own: an MTA with one to a guest takes its calls, too.
    let is_guest = |name: &&String| start.scenario.hosts[*name].build().is_none();
    let guests: Vec<&String> = calls.iter().map(|it| &it.to).filter(is_guest).collect();
    let calls = outgoing.iter().zip(calls);
    mta::Config {
        build: Rc::clone(start.build),
        control_blocks: plan.control_blocks,
        driver_threads: plan.driver_threads,
        connect_attempts: plan.connect_attempts,
        connect_pause: plan.connect_pause,
        connectors: calls
            .map(|(name, it)| connector(key(name), address(&it.to), it))
            .collect(),
        peers: called
            .iter()
            .map(|connector| &connector.from)
            .chain(guests)
            .flat_map(|peer| addresses(peer))
            .collect(),
        responder_timeouts: ResponderTimeouts {
            connect: Duration::from_secs(120),
            inactivity: silence.unwrap_or(Duration::from_secs(420)),
        },
        keep_alive: plan.keep_alive,
        database: start.database,
        waits_recorded: start.waits_recorded,
    }
}

fn connector(key: u64, to: u32, connector: &Connector) -> mta::Connector {
    mta::Connector {
        // The hash of the connector's name, not its number: another connector in the file must not
        // change this one's draws.
        rng_key: key,
        to,
        max_associations: connector.max_associations,
        threshold: connector.threshold,
        lifetime: connector.lifetime,
        session_disconnect: connector.session_disconnect,
        open_interval: connector.open_interval,
        open_retries: connector.open_retries,
        transfer_interval: connector.transfer_interval,
        transfer_retries: connector.transfer_retries,
        checkpoint: u32::try_from(connector.checkpoint.0).unwrap_or(u32::MAX),
        window: connector.window,
        recovery_timeout: connector.recovery_timeout,
        transfer_timeouts: [
            connector.transfer_timeout_urgent,
            connector.transfer_timeout_normal,
            connector.transfer_timeout_non_urgent,
        ],
    }
}
