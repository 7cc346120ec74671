//! Edits of a scenario that keep it consistent: removing a host also removes its links, and a
//! shorter duration removes what would happen later.

use config::plan::{Arrivals, Fault, FaultKind, Host, ResetScope, Scenario, When};
use kernel::{Duration, Instant};

/// Removes everything that refers to a host, link or connector that does not exist.
pub(crate) fn prune(scenario: &mut Scenario) {
    let hosts = &scenario.hosts;
    scenario
        .links
        .retain(|_, link| link.between.iter().all(|end| hosts.contains_key(end)));
    for link in scenario.links.values_mut() {
        // The list of its host may be back at its default.
        if let Some(addresses) = &mut link.addresses {
            let mut ends = link.between.iter().map(|end| &hosts[end]);
            let all: Vec<_> = ends.by_ref().flat_map(Host::all_addresses).collect();
            addresses.retain(|it| all.contains(it));
        }
        link.addresses = link.addresses.take().filter(|it| !it.is_empty());
    }
    scenario
        .connectors
        .retain(|_, it| hosts.contains_key(&it.from) && hosts.contains_key(&it.to));
    // In this order: each step removes what the next one looks up.
    let connectors = &scenario.connectors;
    scenario
        .workloads
        .retain(|_, workload| connectors.contains_key(&workload.connector));
    let links = &scenario.links;
    scenario.faults.retain(|_, fault| match &fault.kind {
        FaultKind::Cut { link, .. } | FaultKind::Reset(ResetScope::Link(link)) => {
            links.contains_key(link)
        }
        FaultKind::Reset(ResetScope::Host(host))
        | FaultKind::Crash { host, .. }
        | FaultKind::RestartService { host }
        | FaultKind::Stall { host, .. }
        | FaultKind::ClockOffset { host, .. } => hosts.contains_key(host),
        FaultKind::Lookup { name, on, .. } => {
            let is_name = |(host, it): (&String, &Host)| host == name || it.has_alias(name);
            on.as_ref().is_none_or(|host| hosts.contains_key(host)) && hosts.iter().any(is_name)
        }
    });
    let pins = &mut scenario.pins;
    pins.outages.retain(|it| links.contains_key(&it.link));
    pins.drop.retain(|it| links.contains_key(&it.link));
    pins.preempt.retain(|it| hosts.contains_key(&it.host));
}

/// Ends the scenario after `duration` and removes everything later, including healing.
pub(crate) fn cut(scenario: &mut Scenario, duration: Duration) {
    let end = Instant::ZERO.saturating_add(duration);
    scenario.duration = duration;
    // Healing would begin at the new end and change what the run is.
    scenario.healing = None;
    for workload in scenario.workloads.values_mut() {
        // Without an end a workload goes on to the end of the run, which is the same now.
        if workload.end.is_some_and(|it| it >= end) {
            workload.end = None;
        }
        if let Arrivals::At(times) = &mut workload.arrivals {
            let start = workload.start;
            times.retain(|time| start.saturating_add(time.since_start()) < end);
        }
    }
    scenario.workloads.retain(|_, workload| {
        let nothing = matches!(&workload.arrivals, Arrivals::At(times) if times.is_empty());
        workload.start < end && !nothing
    });
    scenario.faults.retain(|_, fault| cut_fault(fault, end));
    scenario.pins.outages.retain(|window| window.from < end);
    for window in &mut scenario.pins.outages {
        window.to = window.to.min(end);
    }
}

/// Removes the times of a fault from `end` on; returns whether any are left.
fn cut_fault(fault: &mut Fault, end: Instant) -> bool {
    match &mut fault.when {
        When::At(times) => {
            times.retain(|time| *time < end);
            !times.is_empty()
        }
        When::Window([from, to]) => {
            *to = end.min(*to);
            *from < *to
        }
        When::Random { .. } => true,
    }
}

/// The scenario with all times earlier by `by`; `None` if something would be before the start or
/// its time is random.
pub(crate) fn shifted_earlier(scenario: &Scenario, by: Duration) -> Option<Scenario> {
    let mut earlier = scenario.clone();
    let back = |time: &mut Instant| {
        let nanos = time.nanos().checked_sub(by.nanos())?;
        *time = Instant::from_nanos(nanos);
        Some(())
    };
    for workload in earlier.workloads.values_mut() {
        let Arrivals::At(times) = &mut workload.arrivals else {
            return None;
        };
        times.iter_mut().try_for_each(back)?;
    }
    for fault in earlier.faults.values_mut() {
        match &mut fault.when {
            When::At(times) => times.iter_mut().try_for_each(back)?,
            When::Window([from, to]) => [from, to].into_iter().try_for_each(back)?,
            When::Random { .. } => return None,
        }
    }
    for window in &mut earlier.pins.outages {
        // An outage that began before the new start begins at it.
        window.from =
            Instant::ZERO.saturating_add(window.from.saturating_since(Instant::ZERO + by));
        back(&mut window.to)?;
    }
    earlier.pins.outages.retain(|it| it.from < it.to);
    earlier.duration = Duration::from_nanos(scenario.duration.nanos().checked_sub(by.nanos())?);
    Some(earlier)
}

/// The scenario from `start` on, which becomes its beginning; `None` if arrivals are not listed.
pub(crate) fn starting_at(scenario: &Scenario, start: Instant) -> Option<Scenario> {
    let mut rest = scenario.clone();
    for workload in rest.workloads.values_mut() {
        let Arrivals::At(times) = &mut workload.arrivals else {
            return None;
        };
        // Ordinals change with the removed times, so what was omitted is removed as well.
        let omitted = std::mem::take(&mut workload.omit);
        let mut ordinal = 0;
        times.retain(|time| {
            ordinal += 1;
            *time >= start && !omitted.contains(&(ordinal - 1))
        });
    }
    rest.workloads.retain(
        |_, workload| !matches!(&workload.arrivals, Arrivals::At(times) if times.is_empty()),
    );
    for fault in rest.faults.values_mut() {
        if let When::At(times) = &mut fault.when {
            times.retain(|time| *time >= start);
        }
    }
    rest.faults.retain(|_, fault| match &fault.when {
        When::At(times) => !times.is_empty(),
        // A window that is open at the new start would have to begin there, which is another fault.
        // It is dropped, and the run shows whether it was needed.
        When::Window([from, _]) => *from >= start,
        When::Random { .. } => false,
    });
    rest.pins.outages.retain(|window| window.to > start);
    shifted_earlier(&rest, start.since_start())
}

/// Removes the random loss of a link.
pub(crate) fn without_loss(scenario: &mut Scenario, link: &str) {
    if let Some(link) = scenario.links.get_mut(link) {
        link.forward.remove_loss();
        link.backward.remove_loss();
    }
}
