//! When a fault begins and ends: what its times, its window or its random waits give.

use kernel::{Choices, Duration, Instant, Site, key};

use config::plan::{FaultKind, When};

const GAP: Site = Site::new("fault.gap");
const LENGTH: Site = Site::new("fault.length");
const MOMENT: Site = Site::new("fault.moment");

/// A fault of a scenario, by name.
#[derive(Clone, Debug)]
pub struct FaultTimes {
    key: u64,
    /// What happens.
    pub kind: FaultKind,
    /// When it happens.
    pub when: When,
}

impl FaultTimes {
    /// The times of the fault with this name.
    #[must_use]
    pub fn new(name: &str, fault: &config::plan::Fault) -> Self {
        Self {
            key: key(name),
            kind: fault.kind.clone(),
            when: fault.when.clone(),
        }
    }

    /// When the fault begins for the `occurrence`-th time, counted from 0; `None` for not any more.
    /// `since` is when the random wait for it began. Random choices are keyed by fault and occurrence:
    /// leaving out one fault changes no other.
    ///
    /// # Panics
    /// If `occurrence` is beyond the length of any list.
    #[must_use]
    pub fn begins(&self, choices: Choices, occurrence: u64, since: Instant) -> Option<Instant> {
        match &self.when {
            When::At(times) => {
                let index = usize::try_from(occurrence).expect("a list is limited");
                times.get(index).copied()
            }
            // A cut lasts for the window; a reset happens at one moment in it.
            When::Window([from, _]) if self.kind.lasts() => (occurrence == 0).then_some(*from),
            When::Window([from, to]) => (occurrence == 0).then(|| {
                let mut draw = choices.rng(MOMENT, self.key, [0, 0]);
                // The window does not include `to`.
                let longest = Duration::from_nanos(to.nanos() - from.nanos() - 1);
                *from + draw.between(Duration::ZERO, longest)
            }),
            When::Random { mean_interval, .. } => {
                let mut draw = choices.rng(GAP, self.key, [occurrence, 0]);
                // Exponential waits make a Poisson process: when a fault comes says nothing about
                // the next.
                Some(since.saturating_add(draw.exponential(*mean_interval)))
            }
        }
    }

    /// When the `occurrence`-th of a fault that is active from `since` on ends by itself;
    /// [`Instant::MAX`] for never.
    #[must_use]
    pub fn ends(&self, choices: Choices, occurrence: u64, since: Instant) -> Instant {
        let length = match &self.when {
            When::Window([_, to]) if self.kind.lasts() => return *to,
            When::Random {
                mean_duration: Some(mean),
                ..
            } => {
                let mut draw = choices.rng(LENGTH, self.key, [occurrence, 0]);
                Some(draw.exponential(*mean))
            }
            When::At(_) | When::Window(_) | When::Random { .. } => self.kind.length(),
        };
        length.map_or(Instant::MAX, |length| since.saturating_add(length))
    }
}
