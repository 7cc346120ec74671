//! The order of threads without luck.
//!
//! Owns the way from a failure that depends on the cost of each call to one that depends on a few
//! preemptions: they are looked for, fewest first, where threads race (M. Musuvathi and S. Qadeer,
//! "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", 2007). It
//! refuses to copy the schedule of the failing run: another one with the same signature will do,
//! and a shorter one is easier to read.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Duration, Instant, Ratio};
use scenario::plan::{
    Arrivals, OutageWindow, Pins, Preemption, Priorities, Scenario, Scheduler, SizeRange,
};
use scenario::{Outcome, Touch};

use super::{QUICK, SECOND, Search, found_at};
use crate::edit;

/// How long a thread is put aside at most.
const REACH: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
/// The newest accesses looked at.
const TOUCHES: u64 = 200_000;

/// A place in a run where another thread could go on.
#[derive(Clone, Debug)]
pub(super) struct Point {
    at: Instant,
    preemption: Preemption,
    /// The line of the program, for telling points of one kind.
    site: (&'static str, u32),
    /// That of the access which comes first now.
    other: Option<(&'static str, u32)>,
}

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
            workload.priorities = Priorities::All(scenario::plan::Priority::Normal);
        }
    }
    plain
}

/// Replaces luck in the order of threads by preemptions; false if that was not found.
pub(super) fn lay_down(search: &mut Search<'_>) -> bool {
    let plain = without_luck(&search.best);
    let sketches: Vec<Scenario> = (1..=3)
        .flat_map(|messages| [false, true].map(|out| sketch(&plain, messages, out)))
        .collect();
    for depth in 1..=2 {
        for sketch in &sketches {
            if look(search, sketch, Instant::ZERO, depth) {
                return true;
            }
        }
    }
    let failed_at = search.failed_at;
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1_280] {
        let start = Instant::ZERO
            .saturating_add(failed_at.saturating_since(Instant::ZERO + Duration::from_secs(seconds)));
        let start = Instant::from_nanos(start.nanos() - start.nanos() % SECOND);
        let Some(window) = edit::from(&plain, start) else {
            continue;
        };
        let hint = Instant::ZERO.saturating_add(failed_at.saturating_since(start));
        if look(search, &window, hint, 1) {
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

/// Looks for `depth` preemptions, the shortest and nearest to `hint` first, one of each kind before
/// more of a kind.
fn look(search: &mut Search<'_>, scenario: &Scenario, hint: Instant, depth: u32) -> bool {
    let Some((outcome, at)) = watched(search, scenario) else {
        return false;
    };
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let mut points = points(&outcome);
    let distance = |point: &Point| point.at.nanos().abs_diff(hint.nanos());
    points.sort_by_key(|point| (point.preemption.length, distance(point)));
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| {
        let Preemption { host, thread, .. } = &point.preemption;
        seen.insert((host.clone(), *thread, point.site, point.other))
    });
    if depth != 1 || scenario.pins.preempt.is_empty() {
    eprintln!("depth {depth} of {} s: {} + {} points, {} calls", scenario.duration.nanos() / SECOND, first.len(), rest.len(), outcome.steps);
    }
    let few = if scenario.pins.preempt.is_empty() && depth == 1 { 400 } else { 60 };
    for (place, point) in first.into_iter().chain(rest).enumerate().take(few) {
        let mut candidate = scenario.clone();
        candidate.pins.preempt.push(point.preemption.clone());
        if depth > 1 {
            if look(search, &candidate, point.at, depth - 1) {
                return true;
            }
        } else if let Some((at, outcome)) = search.shows(&candidate, search.seed) {
            eprintln!("found at {place}: {point:?}");
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
    let aside = outcome.touches.iter().filter(|touch| touch.put_aside);
    let models = aside.zip(pins.clone()).map(|(touch, pin)| Point::new(touch, pin.length, None));
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
fn settle(
    search: &mut Search<'_>,
    scenario: &Scenario,
    models: &[Point],
    tries: &[usize],
) -> bool {
    let Some((outcome, at)) = watched(search, scenario) else {
        return false;
    };
    if let Some(at) = at {
        return search.accept(scenario.clone(), at, outcome);
    }
    let ([model, models @ ..], [few, tries @ ..]) = (models, tries) else {
        return false;
    };
    let mut points = points(&outcome);
    points.sort_by_key(|point| {
        let later = point.at.nanos().abs_diff(model.at.nanos());
        let longer = point.preemption.length.nanos().abs_diff(model.preemption.length.nanos());
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

/// A run with its accesses, and when the failure came in it.
fn watched(search: &mut Search<'_>, scenario: &Scenario) -> Option<(Outcome, Option<Instant>)> {
    if search.is_spent() || !scenario.check().is_empty() {
        return None;
    }
    search.runs += 1;
    let mut watched = scenario.clone();
    watched.limits.touches = TOUCHES;
    let outcome = search.subject.run(&watched, search.seed, QUICK).ok()?;
    let at = found_at(&outcome, &search.signature);
    Some((outcome, at))
}

/// Preemptions next to racing accesses: before one, or behind it, which is before whatever can be
/// named next. One lets whoever can go first, or lasts until another thread has come to the
/// same word.
fn points(outcome: &Outcome) -> Vec<Point> {
    let touches = &outcome.touches;
    let raced = touches.iter().filter(|touch| touch.raced);
    let racing: BTreeSet<(&str, u32)> = raced
        .filter_map(|touch| Some((touch.host.as_str(), touch.address?)))
        .collect();
    let mut by_word: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
    for (index, touch) in touches.iter().enumerate() {
        let word = touch.address.map(|address| (touch.host.as_str(), address));
        if let Some(word) = word.filter(|word| racing.contains(word)) {
            by_word.entry(word).or_default().push(index);
        }
    }
    let mut last: BTreeMap<(&str, u16), Option<u32>> = BTreeMap::new();
    let mut points = Vec::new();
    for (index, touch) in touches.iter().enumerate() {
        let word = |address: u32| (touch.host.as_str(), address);
        let own = touch.address.filter(|address| racing.contains(&word(*address)));
        let before = last.insert((&touch.host, touch.number), own).flatten();
        if own.is_none() && before.is_none() {
            continue;
        }
        if touch.contended {
            points.push(Point::new(touch, Duration::ZERO, None));
        }
        let mut end = touch.at;
        let words = own.into_iter().chain(before.filter(|before| own != Some(*before)));
        for others in words.filter_map(|address| by_word.get(&word(address))) {
            let later = others.partition_point(|other| *other <= index);
            let later = others[later..].iter().map(|other| &touches[*other]);
            let near = later.take_while(|other| other.at.saturating_since(touch.at) <= REACH);
            for other in near.filter(|other| other.number != touch.number) {
                if other.at.saturating_since(end) >= MILLISECOND {
                    let gap = other.at.saturating_since(touch.at).nanos();
                    let whole = (gap / MILLISECOND.nanos() + 1) * MILLISECOND.nanos();
                    let length = Duration::from_nanos(whole);
                    points.push(Point::new(touch, length, Some(other)));
                    end = other.at;
                }
            }
        }
    }
    points
}

impl Point {
    fn new(touch: &Touch, length: Duration, other: Option<&Touch>) -> Self {
        let preemption = Preemption {
            length,
            ..touch.preemption()
        };
        Self {
            at: touch.at,
            preemption,
            site: (touch.file, touch.line),
            other: other.map(|other| (other.file, other.line)),
        }
    }

    /// How much it differs from another one, but for when.
    fn unlikeness(&self, other: &Self) -> u32 {
        let parts = [
            self.site != other.site,
            self.preemption.thread != other.preemption.thread,
            self.preemption.host != other.preemption.host,
        ];
        parts.into_iter().map(u32::from).sum()
    }
}
