//! What calls cost in modeled time.
//!
//! Owns [`Costs`] and the keyed jitter on them. It refuses to know processors.

use kernel::{Duration, Ratio};

use crate::call::{CallKind, Operation};

/// Modeled time between a thread's call and the earliest next one, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// A plain access, together with the private instructions around it.
    pub access: Duration,
    /// An interlocked operation.
    pub interlocked: Duration,
    /// Entering or leaving a critical section.
    pub lock: Duration,
    /// A semaphore or an NT event object.
    pub object: Duration,
    /// Sending or receiving a message.
    pub queue: Duration,
    /// Going to sleep.
    pub system: Duration,
    /// A call of the environment.
    pub environment: Duration,
}

/// Modelling decision, for a Pentium at 133 MHz: some twenty private instructions for each
/// shared access, a bus lock, an uncontended critical section, a trap into the NT kernel, and a
/// socket call through AFD.
impl Default for Costs {
    fn default() -> Self {
        Self {
            access: Duration::from_nanos(200),
            interlocked: Duration::from_nanos(400),
            lock: Duration::from_nanos(600),
            object: Duration::from_micros(4),
            queue: Duration::from_micros(6),
            system: Duration::from_micros(4),
            environment: Duration::from_micros(40),
        }
    }
}

impl Costs {
    /// Calls that take no time: nothing passes but what the world lets pass.
    pub const FREE: Self = Self {
        access: Duration::ZERO,
        interlocked: Duration::ZERO,
        lock: Duration::ZERO,
        object: Duration::ZERO,
        queue: Duration::ZERO,
        system: Duration::ZERO,
        environment: Duration::ZERO,
    };

    /// The mean cost of a kind of call. Computing costs what it says, not what its kind does.
    #[must_use]
    pub const fn of(&self, kind: CallKind) -> Duration {
        match kind {
            CallKind::Access => self.access,
            CallKind::Interlocked => self.interlocked,
            CallKind::Lock => self.lock,
            CallKind::Object => self.object,
            CallKind::Queue => self.queue,
            CallKind::System => self.system,
            CallKind::Environment => self.environment,
            CallKind::Work => Duration::ZERO,
        }
    }
}

/// Costs and jitter made ready for drawing: a call costs `low` and a uniform part of `span`.
#[derive(Clone, Debug)]
pub(crate) struct Tariff {
    prices: [Price; KINDS.len()],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Price {
    low: u64,
    span: u64,
}

/// Every kind, at its own number.
const KINDS: [CallKind; 8] = [
    CallKind::Access,
    CallKind::Interlocked,
    CallKind::Lock,
    CallKind::Object,
    CallKind::Queue,
    CallKind::System,
    CallKind::Work,
    CallKind::Environment,
];

impl Tariff {
    /// Each cost with a uniform share of at most `jitter` added or taken away: on average itself.
    pub(crate) fn new(costs: &Costs, jitter: Ratio) -> Self {
        let prices = KINDS.map(|kind| Price::around(costs.of(kind), jitter));
        Self { prices }
    }

    /// What the call costs.
    pub(crate) fn price(&self, operation: &Operation) -> Price {
        // Most calls read or write.
        if matches!(operation, Operation::Read(_) | Operation::Write(..)) {
            return self.prices[CallKind::Access as usize];
        }
        if let Operation::Work(length) = operation {
            let (low, span) = (length.nanos(), 0);
            return Price { low, span };
        }
        self.prices[operation.kind() as usize]
    }
}

impl Price {
    fn around(cost: Duration, jitter: Ratio) -> Self {
        // Half the range of a duration: 292 years of jitter.
        let mean = u128::from(cost.nanos());
        let reach = mean * u128::from(jitter.numerator()) / u128::from(jitter.denominator());
        let reach = u64::try_from(reach).unwrap_or(u64::MAX).min(u64::MAX / 2);
        Self {
            low: cost.nanos() - reach,
            span: 2 * reach,
        }
    }

    /// The cost; `word` is asked for only where luck decides.
    pub(crate) fn cost(self, word: impl FnOnce() -> u64) -> Duration {
        if self.span == 0 {
            return Duration::from_nanos(self.low);
        }
        Duration::from_nanos(self.at(word()))
    }

    fn at(self, word: u64) -> u64 {
        let above = (u128::from(word) * (u128::from(self.span) + 1)) >> 64;
        self.low.saturating_add(above as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_reaches_both_ends_and_no_further() {
        let tenth = Ratio::new(1, 10).expect("a share");
        let cost = Duration::from_nanos(1_000);
        let price = Price::around(cost, tenth);
        let at = |word| price.at(word);
        assert_eq!([at(0), at(1 << 63), at(u64::MAX)], [900, 1_000, 1_100]);
        assert_eq!(Price::around(cost, Ratio::ZERO).at(u64::MAX), 1_000);
        assert_eq!(Price::around(cost, Ratio::ONE).at(0), 0);
        assert_eq!(
            Price::around(Duration::MAX, Ratio::ONE).at(u64::MAX),
            u64::MAX
        );
    }

    #[test]
    fn every_kind_has_its_own_number() {
        let numbers = KINDS.map(|kind| kind as usize);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
