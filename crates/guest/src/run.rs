//! One run of guests: the runtime, the hosts' programs, and what the run comes to.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use config::plan::Scenario;
use internet::Internet;
use kernel::{Choices, Duration, Instant, mix};
use net::{HostId, Network};
use simulation::mta_hosts::MtaHosts;
use simulation::observers::Observe;
use simulation::outcome::Stop;
use simulation::recorder::{Ended, Recorder, link_counts};
use simulation::{CallCounts, LoweringError, Observations, Options, Outcome, lowering};
use tokio::runtime::{Builder, Runtime};

use crate::ambient::{self, with_world};
use crate::observations::{FailedAttempt, PropertyKind, Violated, without_numbers};
use crate::panics;
use crate::programs;
use crate::sim::{HostProgram, Owed, Sim};
use crate::sockets::socket_config;
use crate::task::spawn_on;
use crate::traces::Traces;
use crate::world::World;

/// Pilot runs before a run whose scheduler needs call counts, as `explore::pilot` makes them.
const PILOTS: u64 = 3;

/// Runs the programs that `setup` registers as the guests of `scenario`, and observes what `observe` asks
/// for. Observing does not change the run. Its other hosts run the MTA that they name.
///
/// # Errors
/// If a link cannot be calibrated, a guest has no program, no host is a guest, or the host of a program is
/// not one of the scenario's guests.
pub fn run(
    setup: impl Fn(&mut Sim),
    scenario: &Scenario,
    seed: u64,
    options: Options,
    observe: Observe,
) -> Result<(Outcome, Observations), LoweringError> {
    let mut sim = Sim::default();
    setup(&mut sim);
    programs::check(&sim, scenario)?;
    let mut hosts = scenario.hosts.values();
    if hosts.all(|host| host.build().is_none()) {
        return run_with(&sim, scenario, seed, Observed { options, observe }, None);
    }
    let mut counts = CallCounts::default();
    if scenario.scheduler.needs_counts() {
        for pilot in 0..PILOTS {
            let seed = mix(seed, pilot);
            let mtas = MtaHosts::counting(scenario, Choices::new(seed), &mut counts);
            run_with(&sim, scenario, seed, Observed::nothing(), Some(mtas))?;
        }
    }
    let mtas = MtaHosts::named(scenario, Choices::new(seed), options, &counts)?;
    let observed = Observed { options, observe };
    run_with(&sim, scenario, seed, observed, Some(mtas))
}

/// What is kept and observed of a run.
struct Observed {
    options: Options,
    observe: Observe,
}

impl Observed {
    fn nothing() -> Self {
        Self {
            options: Options {
                keep_records: false,
            },
            observe: Observe::default(),
        }
    }
}

/// One run. `mtas` are its hosts that run an MTA, if it has any.
fn run_with(
    sim: &Sim,
    scenario: &Scenario,
    seed: u64,
    observed: Observed,
    mtas: Option<MtaHosts>,
) -> Result<(Outcome, Observations), LoweringError> {
    let links = lowering::links(scenario)?;
    let healed = lowering::healed(&links);
    let choices = Choices::new(seed);
    let sockets = |name, host: &config::plan::Host| {
        let config = lowering::sockets(name, host, u32::from(host.address), choices);
        match host.build() {
            Some(_) => config,
            None => socket_config(config),
        }
    };
    let hosts = scenario.hosts.iter();
    let hosts: Vec<winsock::Config> = hosts.map(|(name, host)| sockets(name, host)).collect();
    let count = u32::try_from(hosts.len()).expect("the file's reader limits hosts");
    let internet = Internet::new(choices, hosts, &links)?;
    let healed = Network::new(choices, count, &healed)?;
    let recorder = Recorder::new(scenario, observed.options, observed.observe);

    panics::install_hook();
    let runtime = runtime(seed);
    let traces = tracing::subscriber::set_default(Traces::default());
    runtime.block_on(async {
        let mut world = World::new(scenario, choices, internet, healed, recorder, mtas);
        world.schedule_start();
        let hosts = world.hosts.ids();
        world.to_start = hosts.filter(|host| !world.is_mta(*host)).collect();
        ambient::enter(world);
        poll_fn(|context| poll_run(sim, context)).await;
    });
    // Tasks that still run are dropped here, while the world is still entered: their destructors may call
    // it. It has stopped, and ignores what they do.
    drop(runtime);
    drop(traces);
    let world = ambient::leave().expect("it was entered above");
    Ok(finish(sim, world, seed))
}

/// One thread, no real time and no real I/O: time advances only when no task can run.
fn runtime(seed: u64) -> Runtime {
    let mut builder = Builder::new_current_thread();
    // The runtime itself starts no thread, so a thread that asks for a name is one of `spawn_blocking`. The name is made
    // by the caller, so that the moment does not depend on when the thread starts.
    let has_blocking = Arc::new(AtomicBool::new(false));
    let starts = Arc::clone(&has_blocking);
    builder
        .enable_time()
        .start_paused(true)
        .thread_name_fn(move || {
            starts.store(true, Ordering::Relaxed);
            "spawn_blocking".to_owned()
        })
        .on_thread_park(move || on_idle(&has_blocking))
        .on_thread_unpark(|| {
            with_world(World::on_unpark);
        });
    // Makes `select!` without `biased` start with the same branch in every run.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    let _ = seed;
    builder
        .build()
        .expect("a runtime without I/O needs nothing of the system")
}

fn on_idle(has_blocking: &AtomicBool) {
    if has_blocking.load(Ordering::Relaxed) {
        // A task of `spawn_blocking` runs on a host thread of its own, at a time that no seed
        // decides.
        with_world(World::refuse_blocking);
    }
    // Only now: while tasks can run at this instant, a condition may be between two states.
    check_conditions();
    check_awaited();
    with_world(World::on_idle);
}

/// Checks the conditions that must always or never hold. They may call this crate, so they are taken
/// out of the world meanwhile.
fn check_conditions() {
    let conditions = with_world(|world| std::mem::take(&mut world.observations.conditions));
    let Some(conditions) = conditions.filter(|it| !it.is_empty()) else {
        return;
    };
    let (kept, broken): (Vec<_>, Vec<_>) = conditions
        .into_iter()
        .partition(|it| (it.holds)() == it.must_be);
    with_world(|world| {
        // A broken condition is dropped, so it is reported once.
        world.observations.conditions.extend(kept);
        for condition in broken {
            world.violate(Violated {
                failure: PropertyKind::Condition,
                host: condition.host.host,
                what: condition.name,
                detail: format!("the condition was {}", !condition.must_be),
            });
        }
    });
}

/// Checks the conditions that must come true in time. Between two checks nothing has run, so a condition
/// that has not held up to now did not hold when it was due.
fn check_awaited() {
    let awaited =
        with_world(|world| (world.now(), std::mem::take(&mut world.observations.awaited)));
    let Some((now, awaited)) = awaited.filter(|(_, it)| !it.is_empty()) else {
        return;
    };
    let (late, waiting): (Vec<_>, Vec<_>) = awaited.into_iter().partition(|it| it.due < now);
    let waiting: Vec<_> = waiting.into_iter().filter(|it| !(it.holds)()).collect();
    with_world(|world| {
        world.observations.awaited.extend(waiting);
        for it in late {
            world.violate_late(it);
        }
    });
}

/// Starts programs that are due, until the run is over.
fn poll_run(sim: &Sim, context: &mut Context<'_>) -> Poll<()> {
    let due = with_world(|world| {
        // The world wakes this future when a host must be started or the run is over.
        if world.main.is_none() {
            world.main = Some(context.waker().clone());
        }
        let due = std::mem::take(&mut world.to_start);
        let due: Vec<(HostId, String)> = due
            .into_iter()
            .map(|host| (host, world.hosts.of(host).name.clone()))
            .collect();
        (due, world.stop.is_some())
    });
    let (due, is_over) = due.expect("the run is under way");
    if is_over {
        return Poll::Ready(());
    }
    for (host, name) in due {
        let programs = &mut sim.programs.iter();
        let program = programs.find(|it| it.host == name);
        start(program.expect("programs were checked"), host);
    }
    Poll::Pending
}

/// Starts the program of a host.
fn start(program: &HostProgram, host: HostId) {
    let incarnation = with_world(|world| {
        world.note(host, "the program starts".to_owned());
        if program.is_client {
            world.hosts.set_client(host);
        }
        world.hosts.start(host)
    });
    let incarnation = incarnation.expect("the run is under way");
    // The closure of `sim.host` runs before there is a task: what it asks of this crate must find
    // its host.
    let before = ambient::set_polled(Some(incarnation));
    let main = (program.start)();
    ambient::set_polled(before);
    drop(spawn_on(incarnation, program.location, async move {
        let ended = main.await;
        report_end(host, ended);
    }));
}

fn report_end(host: HostId, ended: Result<(), String>) {
    with_world(|world| {
        match ended {
            Ok(()) => world.note(host, "the program ends".to_owned()),
            Err(error) => world.violate(Violated {
                failure: PropertyKind::Error,
                host,
                what: without_numbers(&error),
                detail: format!("the program returned: {error}"),
            }),
        }
        world.hosts.end_program(host);
        // Servers never end by themselves; without this a run would last for its whole duration.
        if world.hosts.clients_ended() {
            world.end(Stop::Quiet);
        }
    });
}

fn finish(sim: &Sim, mut world: World, seed: u64) -> (Outcome, Observations) {
    let (stop, at) = world.stop.unwrap_or((Stop::Quiet, Instant::ZERO));
    // A run that a limit cut off decides nothing about what is owed: it might still have come.
    if let Some(healed_at) = world.healed_at.filter(|_| stop.limit().is_none()) {
        for owed in &sim.owed {
            if let Some((at, violated)) = overdue(&world, owed, healed_at, at) {
                world.violate_at(violated, at);
            }
        }
    }
    // Nothing has run since the last check.
    for it in std::mem::take(&mut world.observations.awaited) {
        if it.due <= at && stop.limit().is_none() {
            world.violate_late(it);
        }
    }
    world.with_mtas_at(at, |run| {
        run.final_checks(stop);
        run.end_observation();
    });
    let scenario = world.scenario;
    let internet = world.sockets.internet();
    let mut networks: Vec<&Network> = world.faulty.iter().collect();
    networks.push(internet.network());
    let observations = world.observations;
    let ended = Ended {
        seed,
        at,
        events: world.events,
        stop,
        violations: observations.violations,
        violations_dropped: observations.violations_dropped,
        faults: world.faults.counts(&scenario),
        links: link_counts(&scenario, &networks),
        reached: observations.reached,
        gauges: observations.gauges,
    };
    let counts = world.mtas.map(|mtas| mtas.into_counts(&scenario, at));
    world.recorder.finish(&scenario, ended, counts)
}

/// What is wrong with something that is owed, and when. That it fails late and that it never
/// succeeds again are two defects: without a link, everything fails.
fn overdue(
    world: &World,
    owed: &Owed,
    healed_at: Instant,
    end: Instant,
) -> Option<(Instant, Violated)> {
    let within = u64::try_from(owed.within.as_nanos()).unwrap_or(u64::MAX);
    let due = healed_at.saturating_add(Duration::from_nanos(within));
    let attempts = world.observations.attempts.get(&owed.name);
    let succeeded = attempts.and_then(|it| it.last_success);
    let violated = |at, host, what: &str, detail| {
        let what = format!("`{}` {what}", owed.name);
        let failure = PropertyKind::Overdue;
        let violated = Violated {
            failure,
            host,
            what,
            detail,
        };
        Some((at, violated))
    };
    if succeeded.is_none_or(|at| at < healed_at) {
        if end < due {
            return None;
        }
        let detail = match succeeded {
            Some(at) => format!("the last success was at {at}, healing at {healed_at}"),
            None => "nothing has succeeded in the whole run".to_owned(),
        };
        return violated(due, HostId(0), "does not succeed after healing", detail);
    }
    let FailedAttempt {
        at,
        host,
        detail: seen,
    } = attempts.and_then(|it| it.last_failure.clone())?;
    let detail = format!("{seen}; the network has been perfect since {healed_at}");
    (at > due)
        .then(|| violated(at, host, "still fails after healing", detail))
        .flatten()
}
