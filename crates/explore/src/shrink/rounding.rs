//! Makes times readable: joins outages, shifts the scenario towards its start, and rounds times.
//!
//! Outages may grow, over a gap or to a round time. Nothing else gets larger.

use config::plan::{Arrivals, OutageWindow, Scenario};
use kernel::{Duration, Instant};

use super::{SECOND, ShrinkSearch};
use crate::shrink::edit;

/// Runs all passes of this module, the largest gain first.
pub(super) fn simplify(search: &mut ShrinkSearch<'_>) {
    join_outages(search);
    shift_earlier(search);
    // Coarse first: a time that is a multiple of ten minutes needs no finer rounding.
    for unit in [600 * SECOND, 60 * SECOND, 10 * SECOND, SECOND] {
        round(search, unit);
    }
    search.cut_after_failure();
}

/// Joins all outages of a link, or else pairs of neighbours.
fn join_outages(search: &mut ShrinkSearch<'_>) {
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
    let mut index = 0;
    while index + 1 < search.best.pins.outages.len() {
        let mut candidate = search.best.clone();
        let windows = &mut candidate.pins.outages;
        let same = windows[index].link == windows[index + 1].link;
        // Outwards: a longer outage loses at least the packets that the shorter ones lost.
        windows[index].to = windows[index].to.max(windows[index + 1].to);
        windows.remove(index + 1);
        if !same || !search.attempt(candidate) {
            index += 1;
        }
    }
}

/// Moves everything that has a time earlier by the same duration.
fn shift_earlier(search: &mut ShrinkSearch<'_>) {
    let Some(first) = first_time(&search.best) else {
        return;
    };
    let seconds = first.nanos() / SECOND;
    // A service needs some time to start, so a shift to the very beginning may lose the failure.
    for keep in [0, 1, 5, 10, 60] {
        let by = Duration::from_secs(seconds.saturating_sub(keep));
        if by.is_zero() {
            return;
        }
        if let Some(candidate) = edit::shifted_earlier(&search.best, by)
            && search.attempt(candidate)
        {
            return;
        }
    }
}

/// The time of the first message.
fn first_time(scenario: &Scenario) -> Option<Instant> {
    let times = scenario.workloads.values().filter_map(|workload| {
        let Arrivals::At(times) = &workload.arrivals else {
            return None;
        };
        times.iter().min().copied()
    });
    times.min()
}

/// Rounds times to multiples of `unit` nanoseconds: outages outwards, messages down.
fn round(search: &mut ShrinkSearch<'_>, unit: u64) {
    let down = |at: Instant| Instant::from_nanos(at.nanos() - at.nanos() % unit);
    let up = |at: Instant| Instant::from_nanos(at.nanos().div_ceil(unit) * unit);
    for index in 0..search.best.pins.outages.len() {
        let end = Instant::ZERO.saturating_add(search.best.duration);
        let window = search.best.pins.outages[index].clone();
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
            candidate.pins.outages[index] = rounded;
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
        for index in 0..count {
            let mut candidate = search.best.clone();
            let workload = candidate.workloads.get_mut(&name).expect("it is there");
            if let Arrivals::At(times) = &mut workload.arrivals {
                times[index] = down(times[index]);
                search.attempt(candidate);
            }
        }
    }
}
