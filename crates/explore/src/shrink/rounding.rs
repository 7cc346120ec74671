//! TimeHistogram that a person can read.
//!
//! Owns the passes that join neighbouring outages, let everything begin sooner, and round times
//! to whole minutes or seconds. It refuses to make anything larger but an outage, which may grow
//! to round borders and over its neighbour.

use config::plan::{Arrivals, OutageWindow, Scenario};
use kernel::{Duration, Instant};

use super::{SECOND, Search};
use crate::shrink::edit;

/// All of them, the greatest gain first.
pub(super) fn simplify(search: &mut Search<'_>) {
    join_outages(search);
    begin_sooner(search);
    for unit in [600 * SECOND, 60 * SECOND, 10 * SECOND, SECOND] {
        round(search, unit);
    }
    search.cut_after_failure();
}

/// Two neighbouring outages become one; all of a link at once if that does.
fn join_outages(search: &mut Search<'_>) {
    let outages = search.best.pins.outages.clone();
    if outages.len() < 2 {
        return;
    }
    let mut all: Vec<OutageWindow> = Vec::new();
    for window in &outages {
        match all.iter_mut().find(|it| it.link == window.link) {
            Some(whole) => {
                whole.from = whole.from.min(window.from);
                whole.to = whole.to.max(window.to);
            }
            None => all.push(window.clone()),
        }
    }
    let mut candidate = search.best.clone();
    candidate.pins.outages = all;
    if search.attempt(candidate) {
        return;
    }
    let mut place = 0;
    while place + 1 < search.best.pins.outages.len() {
        let mut candidate = search.best.clone();
        let windows = &mut candidate.pins.outages;
        let same = windows[place].link == windows[place + 1].link;
        windows[place].to = windows[place].to.max(windows[place + 1].to);
        windows.remove(place + 1);
        if !same || !search.attempt(candidate) {
            place += 1;
        }
    }
}

/// Everything that has a time comes earlier by the same length.
fn begin_sooner(search: &mut Search<'_>) {
    let Some(first) = first_time(&search.best) else {
        return;
    };
    let seconds = first.nanos() / SECOND;
    for keep in [0, 1, 5, 10, 60] {
        let by = Duration::from_secs(seconds.saturating_sub(keep));
        if by.is_zero() {
            return;
        }
        if let Some(candidate) = edit::advanced(&search.best, by)
            && search.attempt(candidate)
        {
            return;
        }
    }
}

/// When the first message comes.
fn first_time(scenario: &Scenario) -> Option<Instant> {
    let times = scenario.workloads.values().filter_map(|workload| {
        let Arrivals::At(times) = &workload.arrivals else {
            return None;
        };
        times.iter().min().copied()
    });
    times.min()
}

/// Every time that still fails when it is a multiple of `unit`.
fn round(search: &mut Search<'_>, unit: u64) {
    let down = |at: Instant| Instant::from_nanos(at.nanos() - at.nanos() % unit);
    let up = |at: Instant| Instant::from_nanos(at.nanos().div_ceil(unit) * unit);
    for place in 0..search.best.pins.outages.len() {
        let end = Instant::ZERO.saturating_add(search.best.duration);
        let window = search.best.pins.outages[place].clone();
        let wider = OutageWindow {
            from: down(window.from),
            to: up(window.to).min(end),
            link: window.link.clone(),
        };
        for rounded in [
            OutageWindow {
                from: wider.from,
                ..window.clone()
            },
            OutageWindow {
                to: wider.to,
                ..window.clone()
            },
            wider,
        ] {
            let mut candidate = search.best.clone();
            candidate.pins.outages[place] = rounded;
            search.attempt(candidate);
        }
    }
    let names: Vec<String> = search.best.workloads.keys().cloned().collect();
    for name in names {
        let mut candidate = search.best.clone();
        let workload = candidate.workloads.get_mut(&name).expect("it is there");
        let Arrivals::At(times) = &mut workload.arrivals else {
            continue;
        };
        let count = times.len();
        times.iter_mut().for_each(|at| *at = down(*at));
        if search.attempt(candidate) {
            continue;
        }
        for place in 0..count {
            let mut candidate = search.best.clone();
            let workload = candidate.workloads.get_mut(&name).expect("it is there");
            if let Arrivals::At(times) = &mut workload.arrivals {
                times[place] = down(times[place]);
                search.attempt(candidate);
            }
        }
    }
}
