//! The faults of a scenario that a ping over one link meets: cuts of the link, and crashes of its hosts.

use config::plan::{FaultKind, Scenario, When};
use kernel::{Choices, Instant};
use net::{HostId, LinkState};

use crate::fault_times::FaultTimes;
use crate::lowering;

/// The faults that interrupt a series. Ask in the order of time.
#[derive(Debug)]
pub(super) struct Interruptions {
    choices: Choices,
    faults: Vec<Interruption>,
    /// From here on there are no faults.
    healed: Instant,
}

#[derive(Debug)]
struct Interruption {
    times: FaultTimes,
    effect: InterruptionKind,
    /// How often it has begun.
    starts: u64,
    /// Its next beginning; `None` if there is none.
    next: Option<Instant>,
    /// Its latest beginning, and its end.
    latest: Option<[Instant; 2]>,
}

#[derive(Clone, Copy, Debug)]
enum InterruptionKind {
    Cut(LinkState),
    Crash(HostId),
}

impl Interruptions {
    /// The faults of `link`, whose hosts have the numbers 0 and 1.
    pub(super) fn new(scenario: &Scenario, choices: Choices, link: &str) -> Self {
        let ends = &scenario.links[link].between;
        let faults = scenario.faults.iter().filter_map(|(name, fault)| {
            let effect = match &fault.kind {
                FaultKind::Cut {
                    link: cut,
                    silent,
                    from,
                    ..
                } if cut == link => {
                    InterruptionKind::Cut(lowering::cut(scenario, link, *silent, from.as_deref()))
                }
                FaultKind::Crash { host, .. } => {
                    let end = ends.iter().position(|end| end == host)?;
                    InterruptionKind::Crash(HostId(end as u32))
                }
                // A ping needs the IP layer of both ends alone: what stops their processes does not stop it.
                FaultKind::Cut { .. }
                | FaultKind::Reset(_)
                | FaultKind::RestartService { .. }
                | FaultKind::Stall { .. }
                | FaultKind::ClockOffset { .. }
                | FaultKind::Lookup { .. } => return None,
            };
            let times = FaultTimes::new(name, fault);
            let next = times.begins(choices, 0, Instant::ZERO);
            Some(Interruption {
                times,
                effect,
                starts: 0,
                next,
                latest: None,
            })
        });
        Self {
            choices,
            faults: faults.collect(),
            healed: match scenario.healing {
                Some(_) => Instant::ZERO + scenario.duration,
                None => Instant::MAX,
            },
        }
    }

    /// The state of the link: the latest of its cuts that are in force decides.
    pub(super) fn link_state(&mut self, now: Instant) -> LinkState {
        let active = self.active(now);
        let cuts = active.filter_map(|(since, effect)| match effect {
            InterruptionKind::Cut(state) => Some((since, state)),
            InterruptionKind::Crash(_) => None,
        });
        cuts.max_by_key(|(since, _)| *since)
            .map_or(LinkState::Up, |(_, state)| state)
    }

    /// Whether a crash keeps the host down.
    pub(super) fn is_down(&mut self, host: HostId, now: Instant) -> bool {
        self.active(now)
            .any(|(_, effect)| matches!(effect, InterruptionKind::Crash(it) if it == host))
    }

    /// The faults in force, with their beginnings.
    fn active(&mut self, now: Instant) -> impl Iterator<Item = (Instant, InterruptionKind)> {
        let (choices, healed) = (self.choices, self.healed);
        self.faults.iter_mut().filter_map(move |fault| {
            fault.advance(choices, now);
            let [since, until] = fault.latest?;
            (now < until && now < healed).then_some((since, fault.effect))
        })
    }
}

impl Interruption {
    /// Moves on to the latest occurrence that has begun at `now`.
    fn advance(&mut self, choices: Choices, now: Instant) {
        while let Some(since) = self.next.filter(|next| *next <= now) {
            let until = self.times.ends(choices, self.starts, since);
            self.latest = Some([since, until]);
            self.starts += 1;
            // As in a run: the wait for the next occurrence of a random fault begins when this one ends.
            let is_listed = matches!(self.times.when, When::At(_));
            let from = if is_listed || until == Instant::MAX {
                since
            } else {
                until
            };
            let next = self.times.begins(choices, self.starts, from);
            self.next = next.map(|next| next.max(from));
        }
    }
}
