//! One run of one scenario.
//!
//! Owns the way from a [`Scenario`] and a seed to an [`Outcome`]. It refuses to know that there
//! is more than one run.

use std::rc::Rc;

use mta::Build;

use crate::assembly::{self, AssemblyError};
use crate::ledger::{Broken, Ledger};
use crate::outcome::{Outcome, Stop};
use crate::plan::{Scenario, ViolationKind};
use crate::world::{Options, World};

/// Runs `scenario` under `seed` with the builds that its hosts name.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn run(scenario: &Scenario, seed: u64, options: Options) -> Result<Outcome, AssemblyError> {
    let shipped = scenario
        .hosts
        .values()
        .map(|host| -> Rc<dyn Build> { Rc::new(assembly::shipped(host)) });
    run_builds(scenario, seed, shipped.collect(), options)
}

/// Runs `scenario` under `seed` with builds of one's own, one for each host in the order of their
/// names.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
///
/// # Panics
/// If there are not as many builds as hosts.
pub fn run_builds(
    scenario: &Scenario,
    seed: u64,
    builds: Vec<Rc<dyn Build>>,
    options: Options,
) -> Result<Outcome, AssemblyError> {
    assert_eq!(
        builds.len(),
        scenario.hosts.len(),
        "one build for each host"
    );
    let mut world = World::new(scenario, seed, builds, options)?;
    let stop = world.run();
    close_books(&mut world);
    Ok(summarise(world, seed, stop))
}

/// What can be judged only once nothing more happens.
fn close_books(world: &mut World<'_>) {
    let now = world.now;
    for index in 0..world.hosts.len() {
        let host = &world.hosts[index];
        let sockets = host.sockets.counters().sockets;
        let open = host.sockets.open_sockets().count() as u64;
        assert_eq!(
            sockets.opened,
            sockets.closed + open,
            "the sockets of {} are opened, closed or open",
            host.name
        );
        let Some(service) = &host.service else {
            continue;
        };
        let id = host.id;
        let mut found = Vec::new();
        if let Err(fault) = service.machine.heap_census() {
            let detail = format!("{fault:?}");
            let kind = ViolationKind::HeapCorruption;
            found.push(broken(kind, "process heap", detail));
        }
        if service.is_quiescent() {
            let audit = service.process.audit(&service.machine);
            let owned = |socket: u32| audit.blocks.iter().any(|it| it.socket == Some(socket));
            for socket in host.sockets.open_sockets().filter(|it| !owned(it.handle.0)) {
                let detail = format!("socket {} belongs to no control block", socket.handle.0);
                found.push(broken(ViolationKind::SocketLeak, "socket", detail));
            }
        }
        found
            .into_iter()
            .for_each(|broken| world.ledger.add(id, now, broken));
    }
    world
        .ledger
        .on_finish(now, world.scenario.healing.is_some());
    for violation in world.ledger.take_new() {
        world.write(crate::record::Record::Violation(Box::new(violation)));
    }
}

fn broken(kind: ViolationKind, place: &str, detail: String) -> Broken {
    Broken {
        kind,
        place: place.to_owned(),
        lease: None,
        detail,
    }
}

fn summarise(mut world: World<'_>, seed: u64, stop: Stop) -> Outcome {
    let scenario = world.scenario;
    let names = scenario.links.keys().cloned();
    let links = names.zip(world.link_counts()).collect();
    let faults = world
        .fault_counts()
        .map(|(name, count)| (name.to_owned(), count))
        .collect();
    let touches = world.take_touches();
    let (events, steps, simulated) = (world.events(), world.steps(), world.now);
    let (records, digest) = world.journal.into_parts();
    let results = Ledger::into_results(world.ledger);
    let mut outcome = Outcome {
        seed,
        digest: digest.fingerprint(),
        checkpoints: digest.checkpoints().to_vec(),
        simulated,
        events,
        steps,
        stop,
        violations: results.violations,
        violations_dropped: results.violations_dropped,
        exceptions: results.exceptions,
        events_logged: results.events_logged,
        associations: results.associations,
        messages: results.messages,
        faults,
        links,
        unexpected: Vec::new(),
        records,
        touches,
        hosts: results.views,
    };
    outcome.compare(&scenario.expect);
    outcome
}
