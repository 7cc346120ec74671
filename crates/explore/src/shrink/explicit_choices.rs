//! Replaces random arrivals, outages, losses and call costs by explicit lists of what occurred.
//!
//! These passes remove nothing; `delta_debugging` shortens the lists later.

use config::plan::{
    Arrivals, DirectionSettings, Fault, Loss, OutageWindow, Priorities, Scenario, Scheduler, When,
    Workload,
};
use kernel::Ratio;
use simulation::{Options, timeline};

use super::ShrinkSearch;
use crate::shrink::edit;

/// Whether a scenario has random choices left that its seed decides.
pub(super) fn has_any(scenario: &Scenario) -> bool {
    let direction = |it: &DirectionSettings| {
        let probabilities = [it.reorder, it.duplicate, it.corrupt];
        let is_random = probabilities.into_iter().any(|it| it != Ratio::ZERO);
        is_random || it.loss != Loss::None || !it.jitter.is_zero()
    };
    let workload = |it: &Workload| {
        let arrives_randomly = matches!(it.arrivals, Arrivals::Poisson { .. });
        let varies = it.size.from != it.size.to;
        arrives_randomly || varies || matches!(it.priorities, Priorities::Mix { .. })
    };
    let ticks = scenario.hosts.values().any(|it| it.tick_phase.is_none());
    let mut links = scenario.links.values();
    let fault = |it: &Fault| match it.when {
        When::Random { .. } => true,
        When::Window(_) => !it.kind.lasts(),
        When::At(_) => false,
    };
    has_jitter(scenario)
        || ticks
        || draws(scenario.scheduler)
        || links.any(|link| direction(&link.forward) || direction(&link.backward))
        || scenario.workloads.values().any(workload)
        || scenario.faults.values().any(fault)
}

/// Whether a scheduler makes random choices.
const fn draws(scheduler: Scheduler) -> bool {
    match scheduler {
        Scheduler::Timed | Scheduler::RoundRobin | Scheduler::Cooperative => false,
        Scheduler::Random
        | Scheduler::Pct
        | Scheduler::DelayBounding
        | Scheduler::Pos
        | Scheduler::Surw
        | Scheduler::TimeWeighted
        | Scheduler::Parallel
        | Scheduler::Portfolio => true,
    }
}

/// Whether calls have a random cost on any host.
fn has_jitter(scenario: &Scenario) -> bool {
    let mut hosts = scenario.hosts.values();
    hosts.any(|host| host.call_jitter != Ratio::ZERO || host.interrupts != 0)
}

/// Sets the ticks of the hosts' TCP timers to what the seed says, or to round numbers if those do too.
pub(super) fn set_ticks(search: &mut ShrinkSearch<'_>) {
    let drawn = timeline::tick_phases(&search.best, search.seed);
    let mut candidate = search.best.clone();
    let unset = candidate.hosts.iter_mut();
    for (name, host) in unset.filter(|(_, host)| host.tick_phase.is_none()) {
        host.tick_phase = Some(drawn[name]);
    }
    if candidate == search.best {
        return;
    }
    let mut round = candidate.clone();
    for host in round.hosts.values_mut() {
        host.tick_phase = Some(kernel::Duration::ZERO);
    }
    if !search.attempt(round) {
        search.attempt(candidate);
    }
}

/// Replaces arrival processes by lists of arrival times.
pub(super) fn list_messages(search: &mut ShrinkSearch<'_>) {
    // The same draws as in the run, so the listed scenario is the same run.
    let arrivals = timeline::arrivals(&search.best, search.seed);
    let mut candidate = search.best.clone();
    for (name, workload) in &mut candidate.workloads {
        if matches!(workload.arrivals, Arrivals::At(_)) && workload.start.nanos() == 0 {
            continue;
        }
        workload.arrivals = Arrivals::At(arrivals[name].clone());
        workload.start = kernel::Instant::ZERO;
        workload.end = None;
        workload.limit = None;
    }
    let end = candidate.duration;
    edit::cut(&mut candidate, end);
    candidate.healing = search.best.healing;
    search.attempt(candidate);
}

/// Replaces random outages by pinned ones, on all links at once or else link by link.
pub(super) fn list_outages(search: &mut ShrinkSearch<'_>) {
    let is_out = |loss: Loss| match loss {
        Loss::Outages { .. } => true,
        Loss::None | Loss::Independent(_) | Loss::GilbertElliott { .. } => false,
    };
    let links: Vec<String> = search
        .best
        .links
        .iter()
        .filter(|(_, link)| is_out(link.forward.loss) || is_out(link.backward.loss))
        .map(|(name, _)| name.clone())
        .collect();
    if links.is_empty() {
        return;
    }
    let Ok(outages) = timeline::outages(&search.best, search.seed) else {
        return;
    };
    let explicit = |search: &mut ShrinkSearch<'_>, chosen: &[String]| {
        let mut candidate = search.best.clone();
        let is_chosen = |window: &OutageWindow| chosen.contains(&window.link);
        // The list already includes the outages that were pinned before.
        candidate.pins.outages.retain(|window| !is_chosen(window));
        let listed = outages.iter().filter(|window| is_chosen(window));
        candidate.pins.outages.extend(listed.cloned());
        for link in chosen {
            edit::without_loss(&mut candidate, link);
        }
        search.attempt(candidate)
    };
    if !explicit(search, &links) && links.len() > 1 {
        for link in &links {
            explicit(search, std::slice::from_ref(link));
        }
    }
}

/// Replaces loss models by pinned losses of the packets that they dropped.
pub(super) fn list_losses(search: &mut ShrinkSearch<'_>) {
    let by_packet = |loss: Loss| match loss {
        Loss::Independent(_) | Loss::GilbertElliott { .. } => true,
        Loss::None | Loss::Outages { .. } => false,
    };
    let links: Vec<String> = search
        .best
        .links
        .iter()
        .filter(|(_, link)| by_packet(link.forward.loss) || by_packet(link.backward.loss))
        .map(|(name, _)| name.clone())
        .collect();
    if links.is_empty() || search.is_spent() {
        return;
    }
    // Which packets a run loses follows from the packets it sends, so it must be run with records.
    // Outages follow from the seed alone.
    search.runs += 1;
    let keep = Options { keep_records: true };
    let Ok(outcome) = search.subject.run(&search.best, search.seed, keep) else {
        return;
    };
    let mut candidate = search.best.clone();
    let lost = timeline::losses(&search.best, &outcome);
    let lost = lost.into_iter().filter(|it| links.contains(&it.link));
    candidate.pins.drop.extend(lost);
    for link in &links {
        edit::without_loss(&mut candidate, link);
    }
    search.attempt(candidate);
}

/// Gives every call a fixed cost, on all hosts at once or else host by host.
pub(super) fn remove_jitter(search: &mut ShrinkSearch<'_>) {
    if !has_jitter(&search.best) {
        return;
    }
    let mut all = search.best.clone();
    for host in all.hosts.values_mut() {
        host.call_jitter = Ratio::ZERO;
        host.interrupts = 0;
    }
    if search.attempt(all) {
        return;
    }
    let names: Vec<String> = search.best.hosts.keys().cloned().collect();
    for name in names {
        let mut one = search.best.clone();
        if let Some(host) = one.hosts.get_mut(&name) {
            host.call_jitter = Ratio::ZERO;
            host.interrupts = 0;
        }
        search.attempt(one);
    }
}
