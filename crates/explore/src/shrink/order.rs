//! The order of threads without luck.
//!
//! Owns the way from a failure that depends on the cost of each call to one that depends on a few
//! preemptions: they are looked for, fewest first, where threads race (M. Musuvathi and S. Qadeer,
//! "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", 2007). It
//! refuses to copy the schedule of the failing run: another one with the same signature will do,
//! and a shorter one is easier to read.

use config::plan::{
    Arrivals, OutageWindow, Pins, Priorities, Priority, Scenario, Scheduler, SizeRange,
};
use kernel::{Duration, Instant, Ratio};
use simulation::Outcome;

use super::points::{Point, partners, points, racing_sites, run_in_order};
use super::{QUICK, SECOND, Search, found_at};
use crate::shrink::edit;

/// Runs in which preemptions are looked for in one way, before it is given up.
const LOOKS: u64 = 4_000;
/// Places for a preemption that are tried in one of the smallest scenarios, and in a larger one.
const TRIES: usize = 700;
const TRIES_OF_MORE: usize = 300;
/// And for a second one.
const TRIES_OF_PARTNER: usize = 60;
/// The newest accesses looked at.
const FOOTPRINTS: u64 = 200_000;

/// The scenario with nothing left to chance but what no listing can replace.
pub(super) fn without_luck(scenario: &Scenario) -> Scenario {
    let mut plain = scenario.clone();
    plain.scheduler = Scheduler::Timed;
    for host in plain.hosts.values_mut() {
        host.cpus = 1;
        host.driver_threads = 1;
        host.call_jitter = Ratio::ZERO;
    }
    for link in plain.links.values_mut() {
        for way in [&mut link.forward, &mut link.backward] {
            way.jitter = Duration::ZERO;
            way.reorder = Ratio::ZERO;
            way.duplicate = Ratio::ZERO;
            way.corrupt = Ratio::ZERO;
        }
    }
    for workload in plain.workloads.values_mut() {
        workload.size = SizeRange::exactly(workload.size.from);
        if let Priorities::Mix { .. } = workload.priorities {
            workload.priorities = Priorities::All(Priority::Normal);
        }
    }
    plain
}

/// Replaces luck in the order of threads by preemptions; false if that was not found.
pub(super) fn lay_down(search: &mut Search<'_>) -> bool {
    let plain = without_luck(&search.best);
    let Some((outcome, _)) = watched(search, &search.best.clone()) else {
        return false;
    };
    search.racing = racing_sites(&outcome);
    search.patience = search.runs + LOOKS;
    let sketches: Vec<Scenario> = (1..=3)
        .flat_map(|messages| [false, true].map(|out| sketch(&plain, messages, out)))
        .collect();
    let mut tries = [TRIES, TRIES]
        .into_iter()
        .chain(std::iter::repeat(TRIES_OF_MORE));
    let mut sketched = sketches.iter();
    if sketched.any(|sketch| look(search, sketch, Instant::ZERO, tries.next().unwrap_or(0))) {
        return true;
    }
    search.patience = search.runs + 2 * LOOKS;
    sketches.iter().any(|sketch| look_twice(search, sketch)) || look_at_the_end(search, &plain)
}

/// Looks in the last seconds before the failure, ever more of them.
fn look_at_the_end(search: &mut Search<'_>, plain: &Scenario) -> bool {
    let failed_at = search.failed_at;
    search.patience = search.runs + LOOKS;
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1_280] {
        let before = Instant::ZERO + Duration::from_secs(seconds);
        let start = failed_at.saturating_since(before).nanos();
        let start = Instant::from_nanos(start - start % SECOND);
        let hint = Instant::ZERO.saturating_add(failed_at.saturating_since(start));
        if edit::from(plain, start).is_some_and(|window| look(search, &window, hint, TRIES_OF_MORE))
        {
            return true;
        }
        if start == Instant::ZERO || search.is_spent() {
            return false;
        }
    }
    false
}

/// The smallest scenarios of the same cast: so many messages of each workload at the very start,
/// and all links out or none.
fn sketch(plain: &Scenario, messages: usize, out: bool) -> Scenario {
    let mut small = plain.clone();
    for workload in small.workloads.values_mut() {
        workload.arrivals = Arrivals::At(vec![Instant::ZERO; messages]);
        workload.omit.clear();
    }
    small.faults.clear();
    small.pins = Pins::default();
    edit::cut(&mut small, plain.duration.min(Duration::from_secs(120)));
    if out {
        let end = Instant::ZERO.saturating_add(small.duration);
        let windows = small.links.keys().map(|link| OutageWindow {
            link: link.clone(),
            from: Instant::ZERO,
            to: end,
        });
        small.pins.outages = windows.collect();
    }
    small
}

/// Looks for one preemption, the shortest and nearest to `hint` first, one of each kind before more
/// of a kind.
fn look(search: &mut Search<'_>, scenario: &Scenario, hint: Instant, tries: usize) -> bool {
    let Some((outcome, at)) = watched(search, scenario) else {
        return false;
    };
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let points = points(&outcome, &search.racing);
    try_each(search, scenario, run_in_order(points, hint).take(tries))
}

/// Looks for two preemptions: one that lets another thread come to the same word, and one of that
/// thread while it is there, so that the first goes on in between.
fn look_twice(search: &mut Search<'_>, scenario: &Scenario) -> bool {
    let Some((outcome, None)) = watched(search, scenario) else {
        return false;
    };
    let points = points(&outcome, &search.racing);
    let meetings = points.into_iter().filter(|point| point.other.is_some());
    for first in run_in_order(meetings.collect(), Instant::ZERO).take(TRIES) {
        let mut candidate = scenario.clone();
        candidate.pins.preempt.push(first.preemption.clone());
        let Some((outcome, at)) = watched(search, &candidate) else {
            return false;
        };
        if let Some(at) = at {
            return search.accept(candidate, at, outcome);
        }
        let partners = partners(&outcome, &first).into_iter();
        if try_each(search, &candidate, partners.take(TRIES_OF_PARTNER)) {
            return true;
        }
        if search.runs >= search.patience {
            return false;
        }
    }
    false
}

/// Takes the first preemption with which the failure comes.
fn try_each(
    search: &mut Search<'_>,
    scenario: &Scenario,
    points: impl Iterator<Item = Point>,
) -> bool {
    for point in points {
        if search.runs >= search.patience {
            return false;
        }
        let mut candidate = scenario.clone();
        candidate.pins.preempt.push(point.preemption);
        if let Some((at, outcome)) = search.shows(&candidate, search.seed) {
            return search.accept(candidate, at, outcome);
        }
    }
    false
}

/// A candidate whose preemptions come too early or too late, since something before them is left
/// out: looks for others like them.
pub(super) fn realign(search: &mut Search<'_>, candidate: &Scenario) -> bool {
    let pins = &search.best.pins.preempt;
    if pins.is_empty() || candidate.pins.preempt != *pins {
        return false;
    }
    let pins = pins.clone();
    let Some((outcome, _)) = watched(search, &search.best.clone()) else {
        return false;
    };
    if search.racing.is_empty() {
        search.racing = racing_sites(&outcome);
    }
    let footprints = outcome.access_log.iter();
    let aside = footprints.filter(|footprint| footprint.put_aside);
    let models = aside.zip(pins);
    let models = models.map(|(footprint, pin)| Point::new(footprint, pin.length));
    let models: Vec<Point> = models.collect();
    let tries: &[usize] = match models.len() {
        0 => return false,
        1 => &[24],
        2 => &[8, 8],
        _ => &[4, 4, 4],
    };
    let mut bare = candidate.clone();
    bare.pins.preempt.clear();
    settle(search, &bare, &models, tries)
}

/// Adds a preemption like the first of `models`, then one like the next.
fn settle(search: &mut Search<'_>, scenario: &Scenario, models: &[Point], tries: &[usize]) -> bool {
    let Some((outcome, at)) = watched(search, scenario) else {
        return false;
    };
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let ([model, models @ ..], [few, tries @ ..]) = (models, tries) else {
        return false;
    };
    let mut points = points(&outcome, &search.racing);
    points.sort_by_key(|point| {
        let later = point.at.nanos().abs_diff(model.at.nanos());
        let lengths = [point, model].map(|it| it.preemption.length.nanos());
        let longer = lengths[0].abs_diff(lengths[1]);
        (point.unlikeness(model), later.max(longer))
    });
    for point in points.into_iter().take(*few) {
        let mut next = scenario.clone();
        next.pins.preempt.push(point.preemption);
        if models.is_empty() {
            if let Some((at, outcome)) = search.shows(&next, search.seed) {
                return search.accept(next, at, outcome);
            }
        } else if settle(search, &next, models, tries) {
            return true;
        }
    }
    false
}

/// Lets threads stand still for a length that a person can read, the longer the better for a pin
/// that is to outlive other costs of calls.
pub(super) fn round(search: &mut Search<'_>) {
    for place in 0..search.best.pins.preempt.len() {
        for milliseconds in [0, 1_000, 500, 200, 100, 50, 20, 10, 5, 2] {
            let length = Duration::from_millis(milliseconds);
            let Some(pin) = search.best.pins.preempt.get(place) else {
                return;
            };
            if pin.length == length {
                break;
            }
            let mut candidate = search.best.clone();
            candidate.pins.preempt[place].length = length;
            if search.attempt(candidate) {
                break;
            }
        }
    }
}

/// A run with its accesses, and when the failure came in it.
fn watched(search: &mut Search<'_>, scenario: &Scenario) -> Option<(Outcome, Option<Instant>)> {
    if search.is_spent() || !scenario.check().is_empty() {
        return None;
    }
    search.runs += 1;
    let mut watched = scenario.clone();
    watched.limits.access_log = FOOTPRINTS;
    let outcome = search.subject.run(&watched, search.seed, QUICK).ok()?;
    search.calls += outcome.calls;
    let at = found_at(&outcome, &search.signature);
    Some((outcome, at))
}
