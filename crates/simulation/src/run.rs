//! Makes one run of one scenario.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use machine::Explorer;
use mta::Build;
use net::HostId;

use crate::assembly::{self, AssemblyError};
use crate::ledger::{Broken, Ledger};
use crate::outcome::{Outcome, Stop};
use crate::scheduling::{CallCounts, Scheduling};
use crate::watch::{Seen, Watch};
use crate::world::{Options, World};
use config::plan::{Preemption, Scenario, ViolationKind};

/// Runs `scenario` under `seed` with the builds that its hosts name.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says, or if the scenario's scheduler needs call
/// counts (see [`Run::with_counts`]).
pub fn run(scenario: &Scenario, seed: u64, options: Options) -> Result<Outcome, AssemblyError> {
    Run::new(scenario, seed).outcome(options)
}

/// One run to be made: a scenario, a seed, and what else it depends on.
#[derive(Debug)]
pub struct Run<'a> {
    scenario: &'a Scenario,
    seed: u64,
    builds: Vec<Rc<dyn Build>>,
    scheduling: Scheduling,
}

impl<'a> Run<'a> {
    /// A run with the builds that the hosts name and with the scenario's scheduler.
    #[must_use]
    pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            builds: shipped(scenario),
            scheduling: Scheduling::Named(Vec::new()),
        }
    }

    /// The same run with other builds, one for each host in the order of their names.
    ///
    /// # Panics
    /// If there are not as many builds as hosts.
    #[must_use]
    pub fn with_builds(self, builds: Vec<Rc<dyn Build>>) -> Self {
        assert_eq!(
            builds.len(),
            self.scenario.hosts.len(),
            "one build for each host"
        );
        Self { builds, ..self }
    }

    /// The same run with the call counts that its scheduler needs; other schedulers ignore them.
    #[must_use]
    pub fn with_counts(self, counts: &CallCounts) -> Self {
        Self {
            scheduling: counts.known(),
            ..self
        }
    }

    /// Makes the run and says how it ended.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says, or if the scheduler lacks counts.
    ///
    /// # Panics
    /// A bug of this program, or of a build, is a panic that names the scenario, the seed and the
    /// virtual time.
    pub fn outcome(self, options: Options) -> Result<Outcome, AssemblyError> {
        let seed = self.seed;
        Ok(judged(self.world(options)?, seed))
    }

    /// Makes the run with every record kept, and observes what `watch` asks for. Observing does
    /// not change the run.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says, or if the scheduler lacks counts.
    pub fn observed(self, watch: Watch) -> Result<(Outcome, Seen), AssemblyError> {
        let seed = self.seed;
        let mut world = self.world(Options { keep_records: true })?;
        world.watch(watch);
        let stop = world.run();
        close_books(&mut world);
        for host in (0..world.hosts.len()).map(|host| HostId(host as u32)) {
            world.observer.on_end(host, world.now);
        }
        let seen = std::mem::take(&mut world.observer).into_seen();
        Ok((summarise(world, seed, stop), seen))
    }

    /// Makes the run under the random walk, whatever the scenario's scheduler is, and adds the
    /// calls of each host's threads to `counts`.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says.
    pub fn count_calls(self, counts: &mut CallCounts) -> Result<(), AssemblyError> {
        let scheduling = counts.counting(self.scenario.hosts.len());
        let options = Options {
            keep_records: false,
        };
        Self { scheduling, ..self }.world(options)?.run();
        Ok(())
    }

    fn world(self, options: Options) -> Result<World<'a>, AssemblyError> {
        let Self {
            scenario,
            seed,
            builds,
            scheduling,
        } = self;
        scheduling.check(scenario)?;
        World::new(scenario, seed, builds, options, scheduling)
    }
}

fn shipped(scenario: &Scenario) -> Vec<Rc<dyn Build>> {
    let hosts = scenario.hosts.values();
    hosts
        .map(|host| -> Rc<dyn Build> { Rc::new(assembly::shipped(host)) })
        .collect()
}

/// Runs `scenario` under `seed` in the order of calls that a search has come to, and says where it
/// turned: the pins with which the `cooperative` scheduler takes the same course.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
///
/// # Panics
/// If calls take time: it must stand still while somebody can go on.
pub fn run_explored(
    scenario: &Scenario,
    seed: u64,
    explorer: Explorer,
) -> Result<(Outcome, Vec<Preemption>), AssemblyError> {
    let mut hosts = scenario.hosts.values();
    let still = hosts.all(|host| host.call_cost.is_zero());
    assert!(still, "time stands still while somebody can go on");
    let explorer = Rc::new(explorer);
    let seats = Rc::new(RefCell::new(Vec::new()));
    let run = Run {
        scheduling: Scheduling::Explored(Rc::clone(&explorer), Rc::clone(&seats)),
        ..Run::new(scenario, seed)
    };
    let outcome = run.outcome(Options {
        keep_records: false,
    })?;
    let seats = seats.borrow();
    let pin = |turning: &machine::Turning| {
        let seat = usize::try_from(turning.seat).ok()?.checked_sub(1)?;
        let name = scenario.hosts.keys().nth(seats.get(seat)?.0 as usize)?;
        assembly::pinned(name, turning)
    };
    let pins = explorer.turnings().iter().filter_map(pin).collect();
    Ok((outcome, pins))
}

/// Runs a world to its end. What panics below cannot know where in which run it was.
fn judged(mut world: World<'_>, seed: u64) -> Outcome {
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let stop = world.run();
        // A search that gives a run up has no end of it to judge.
        if stop != Stop::Repeats {
            close_books(&mut world);
        }
        stop
    }));
    match ended {
        Ok(stop) => summarise(world, seed, stop),
        Err(cause) => panic!(
            "at {} s of \"{}\", seed {seed}: {}",
            world.now,
            world.scenario.title,
            text_of(cause.as_ref())
        ),
    }
}

fn text_of(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text")
}

/// What can be judged only once nothing more happens.
fn close_books(world: &mut World<'_>) {
    let now = world.now;
    for index in 0..world.hosts.len() {
        let host = &world.hosts[index];
        let table = world.internet.sockets(host.id);
        let sockets = table.counters().sockets;
        let open = table.open_sockets().count() as u64;
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
            for socket in table.open_sockets().filter(|it| !owned(it.handle.0)) {
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
        block: None,
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
    let footprints = world.take_footprints();
    let (events, steps, simulated) = (world.events(), world.steps(), world.now);
    let coverage = world.coverage();
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
        healing: scenario.healing,
        violations: results.violations,
        violations_dropped: results.violations_dropped,
        exceptions: results.exceptions,
        events_logged: results.events_logged,
        associations: results.associations,
        messages: results.messages,
        faults,
        coverage,
        links,
        unexpected: Vec::new(),
        records,
        footprints,
        hosts: results.views,
    };
    outcome.compare(&scenario.expect);
    outcome
}
