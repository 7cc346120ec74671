//! Replaces random call costs by a few pinned preemptions.
//!
//! Preemptions are searched fewest first, where threads race (M. Musuvathi and S. Qadeer,
//! "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", 2007). The
//! schedule of the failing run is not copied: any schedule with the same signature will do, and a
//! shorter one is easier to read.

use config::plan::{
    Arrivals, OutageWindow, Pins, Priorities, Priority, Scenario, Scheduler, SizeRange,
};
use kernel::{Duration, Instant, Ratio};
use simulation::Outcome;

use super::preemption_candidates::{
    PreemptionCandidate, in_search_order, partners, points, racing_lines,
};
use super::{QUICK, SECOND, ShrinkSearch, found_at};
use crate::shrink::edit;

/// The maximum number of runs per search method.
const RUNS_MAX: u64 = 4_000;
/// Preemption points tried in each of the smallest scenarios.
// Two small scenarios with 700 tries and four with 300 make 2,600 runs, so that all six have their turn
// before RUNS_MAX. That the first two get more is a judgement: most failures show there.
const TRIES: usize = 700;
/// Preemption points tried in each larger scenario.
const TRIES_IN_LARGER: usize = 300;
/// Points tried for a second preemption.
// With 60 partners, twice RUNS_MAX is enough for 131 first points; the points of `in_search_order` come
// before, and `partners` lists the nearest first.
const TRIES_OF_PARTNER: usize = 60;
/// The length of a small scenario, without the lifetime of its associations.
const SKETCH: Duration = Duration::from_secs(120);
/// The maximum length of the access log; older accesses are dropped.
const ACCESSES_MAX: u64 = 200_000;

/// The scenario without the random choices that no list can replace: call costs, jitter,
/// reordering, duplication, corruption, message sizes and priorities.
pub(super) fn without_randomness(scenario: &Scenario) -> Scenario {
    let mut plain = scenario.clone();
    plain.scheduler = Scheduler::Timed;
    for host in plain.hosts.values_mut() {
        // With one processor a switch happens only at a preemption, a wait or the end of a quantum,
        // so a list of preemptions determines the order.
        host.cpus = 1;
        host.driver_threads = 1;
        host.call_jitter = Ratio::ZERO;
        host.interrupts = 0;
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

/// Replaces the random order of threads by pinned preemptions; false if none were found.
pub(super) fn pin_preemptions(search: &mut ShrinkSearch<'_>) -> bool {
    let plain = without_randomness(&search.best);
    let Some((outcome, _)) = run_logged(search, &search.best.clone()) else {
        return false;
    };
    search.racing = racing_lines(&outcome);
    search.preemption_runs_max = search.runs + RUNS_MAX;
    // Small scenarios first: most failures need one to three messages, with or without an outage.
    let sketches: Vec<Scenario> = (1..=3)
        .flat_map(|messages| [false, true].map(|down| sketch(&plain, messages, down)))
        .collect();
    // One message each, with the links up and down: these two show most failures, so they get more
    // tries.
    let mut tries = [TRIES, TRIES]
        .into_iter()
        .chain(std::iter::repeat(TRIES_IN_LARGER));
    let mut sketched = sketches.iter();
    if sketched.any(|sketch| search_one(search, sketch, Instant::ZERO, tries.next().unwrap_or(0))) {
        return true;
    }
    // Two preemptions are tried only after one failed everywhere: the number of pairs is quadratic.
    search.preemption_runs_max = search.runs + 2 * RUNS_MAX;
    sketches.iter().any(|sketch| search_two(search, sketch)) || search_end(search, &plain)
}

/// Searches in the last seconds before the failure, doubling their number.
fn search_end(search: &mut ShrinkSearch<'_>, plain: &Scenario) -> bool {
    let failed_at = search.failed_at;
    search.preemption_runs_max = search.runs + RUNS_MAX;
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1_280] {
        let before = Instant::ZERO + Duration::from_secs(seconds);
        let start = failed_at.saturating_since(before).nanos();
        // Whole seconds, so that the shifted times stay readable.
        let start = Instant::from_nanos(start - start % SECOND);
        let hint = Instant::ZERO.saturating_add(failed_at.saturating_since(start));
        if edit::starting_at(plain, start)
            .is_some_and(|window| search_one(search, &window, hint, TRIES_IN_LARGER))
        {
            return true;
        }
        if start == Instant::ZERO || search.is_spent() {
            return false;
        }
    }
    false
}

/// A small scenario with the same hosts: `messages` messages of each workload at the start, with
/// all links down or none.
fn sketch(plain: &Scenario, messages: usize, links_down: bool) -> Scenario {
    let mut small = plain.clone();
    for workload in small.workloads.values_mut() {
        workload.arrivals = Arrivals::At(vec![Instant::ZERO; messages]);
        workload.omit.clear();
    }
    // Faults and pins have times, which mean nothing in a scenario of another length.
    small.faults.clear();
    small.pins = Pins::default();
    // Long enough for orderly closes, which come after the lifetime of an idle association.
    let lifetimes = plain.connectors.values().map(|it| it.lifetime);
    let longest = lifetimes.max().unwrap_or(Duration::ZERO);
    edit::cut(&mut small, plain.duration.min(SKETCH + longest));
    if links_down {
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

/// Searches for one preemption, in the order of [`in_search_order`].
fn search_one(
    search: &mut ShrinkSearch<'_>,
    scenario: &Scenario,
    hint: Instant,
    tries: usize,
) -> bool {
    let Some((outcome, at)) = run_logged(search, scenario) else {
        return false;
    };
    // It fails without any further preemption, which is smaller still.
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let points = points(&outcome, &search.racing);
    try_each(search, scenario, in_search_order(points, hint).take(tries))
}

/// Searches for two preemptions: the first lets another thread access the same word; the second
/// preempts that thread there, so that the first continues in between.
fn search_two(search: &mut ShrinkSearch<'_>, scenario: &Scenario) -> bool {
    let Some((outcome, None)) = run_logged(search, scenario) else {
        return false;
    };
    let points = points(&outcome, &search.racing);
    let contended = points.into_iter().filter(|point| point.other.is_some());
    for first in in_search_order(contended.collect(), Instant::ZERO).take(TRIES) {
        let mut candidate = scenario.clone();
        candidate.pins.preempt.push(first.preemption.clone());
        let Some((outcome, at)) = run_logged(search, &candidate) else {
            return false;
        };
        if let Some(at) = at {
            return search.accept(candidate, at, outcome);
        }
        // Lu and others, "Learning from mistakes" (ASPLOS 2008): almost all of the concurrency bugs
        // they studied need the order of at most four accesses, and most need two threads.
        let partners = partners(&outcome, &first).into_iter();
        if try_each(search, &candidate, partners.take(TRIES_OF_PARTNER)) {
            return true;
        }
        if search.runs >= search.preemption_runs_max {
            return false;
        }
    }
    false
}

/// Accepts the first preemption that shows the failure.
fn try_each(
    search: &mut ShrinkSearch<'_>,
    scenario: &Scenario,
    points: impl Iterator<Item = PreemptionCandidate>,
) -> bool {
    for point in points {
        if search.runs >= search.preemption_runs_max {
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

/// Searches for preemptions like the pinned ones in a candidate where they no longer fit, because
/// something before them was removed.
pub(super) fn realign(search: &mut ShrinkSearch<'_>, candidate: &Scenario) -> bool {
    let pins = &search.best.pins.preempt;
    // A candidate that removes a preemption is meant to lack it; only removals of other parts are
    // repaired.
    if pins.is_empty() || candidate.pins.preempt != *pins {
        return false;
    }
    let pins = pins.clone();
    let Some((outcome, _)) = run_logged(search, &search.best.clone()) else {
        return false;
    };
    if search.racing.is_empty() {
        search.racing = racing_lines(&outcome);
    }
    let accesses = outcome.access_log.iter();
    let preempted = accesses.filter(|access| access.preempted);
    let models = preempted.zip(pins);
    let models = models.map(|(access, pin)| PreemptionCandidate::new(access, pin.length));
    let models: Vec<PreemptionCandidate> = models.collect();
    // Their product bounds the number of runs: at most 64.
    let tries: &[usize] = match models.len() {
        0 => return false,
        1 => &[24],
        2 => &[8, 8],
        _ => &[4, 4, 4],
    };
    let mut bare = candidate.clone();
    bare.pins.preempt.clear();
    pin_like(search, &bare, &models, tries)
}

/// Pins a preemption like the first of `models`, then one like the next, trying the number of
/// points in `tries` for each.
fn pin_like(
    search: &mut ShrinkSearch<'_>,
    scenario: &Scenario,
    models: &[PreemptionCandidate],
    tries: &[usize],
) -> bool {
    let Some((outcome, at)) = run_logged(search, scenario) else {
        return false;
    };
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let ([model, models @ ..], [few, tries @ ..]) = (models, tries) else {
        return false;
    };
    let mut points = points(&outcome, &search.racing);
    // The nearest first: without the removed part the same preemption is needed a little earlier or later.
    points.sort_by_key(|point| {
        let later = point.at.nanos().abs_diff(model.at.nanos());
        let lengths = [point, model].map(|it| it.preemption.length.nanos());
        let longer = lengths[0].abs_diff(lengths[1]);
        (point.difference(model), later.max(longer))
    });
    for point in points.into_iter().take(*few) {
        let mut next = scenario.clone();
        next.pins.preempt.push(point.preemption);
        if models.is_empty() {
            if let Some((at, outcome)) = search.shows(&next, search.seed) {
                return search.accept(next, at, outcome);
            }
        } else if pin_like(search, &next, models, tries) {
            return true;
        }
    }
    false
}

/// Rounds the lengths of preemptions. Longer is better: the pin then survives changes in the cost
/// of calls.
pub(super) fn round(search: &mut ShrinkSearch<'_>) {
    for index in 0..search.best.pins.preempt.len() {
        // Zero comes first: a mere yield is the simplest preemption.
        for milliseconds in [0, 1_000, 500, 200, 100, 50, 20, 10, 5, 2] {
            let length = Duration::from_millis(milliseconds);
            let Some(pin) = search.best.pins.preempt.get(index) else {
                return;
            };
            if pin.length == length {
                break;
            }
            let mut candidate = search.best.clone();
            candidate.pins.preempt[index].length = length;
            if search.attempt(candidate) {
                break;
            }
        }
    }
}

/// Runs a scenario with its access log. Returns the time of the failure if it occurs.
fn run_logged(
    search: &mut ShrinkSearch<'_>,
    scenario: &Scenario,
) -> Option<(Outcome, Option<Instant>)> {
    if search.is_spent() || scenario.check().is_err() {
        return None;
    }
    search.runs += 1;
    let mut logged = scenario.clone();
    logged.limits.access_log = ACCESSES_MAX;
    let outcome = search.subject.run(&logged, search.seed, QUICK).ok()?;
    search.calls += outcome.calls;
    let at = found_at(&outcome, &search.signature);
    Some((outcome, at))
}
