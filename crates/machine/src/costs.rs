//! What calls cost in modeled time.
//!
//! Owns [`Costs`] and the keyed jitter on them. It refuses to know processors.

use kernel::{Duration, Ratio};

use crate::call::{CostClass, Operation};

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
    pub const fn of(&self, kind: CostClass) -> Duration {
        match kind {
            CostClass::Access => self.access,
            CostClass::Interlocked => self.interlocked,
            CostClass::Lock => self.lock,
            CostClass::Object => self.object,
            CostClass::Queue => self.queue,
            CostClass::System => self.system,
            CostClass::Environment => self.environment,
            CostClass::Work => Duration::ZERO,
        }
    }
}

/// Costs and jitter made ready for drawing: a call costs `low` and a uniform part of `span`.
#[derive(Clone, Debug)]
pub(crate) struct CostTable {
    /// By the operation's number.
    prices: [CostRange; KINDS.len()],
}

/// What a call costs, if that is known when it is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost(Duration);

#[derive(Clone, Copy, Debug)]
struct CostRange {
    low: u64,
    span: u64,
}

/// The kind of every operation, by its number; none has the number zero.
const KINDS: [CostClass; 18] = [
    CostClass::Work,
    CostClass::Access,
    CostClass::Access,
    CostClass::Interlocked,
    CostClass::Interlocked,
    CostClass::Lock,
    CostClass::Lock,
    CostClass::Object,
    CostClass::Object,
    CostClass::Object,
    CostClass::Object,
    CostClass::Object,
    CostClass::Queue,
    CostClass::Queue,
    CostClass::System,
    CostClass::Work,
    CostClass::Environment,
    CostClass::System,
];

impl CostTable {
    /// Each cost with a uniform share of at most `jitter` added or taken away: on average itself.
    pub(crate) fn new(costs: &Costs, jitter: Ratio) -> Self {
        let prices = KINDS.map(|kind| CostRange::around(costs.of(kind), jitter));
        Self { prices }
    }

    /// What the call costs, where luck has no say.
    pub(crate) fn quote(&self, operation: &Operation) -> Cost {
        if let Operation::Work(length) = operation {
            return Cost(*length);
        }
        let CostRange { low, span } = self.price(operation);
        if span == 0 {
            Cost(Duration::from_nanos(low))
        } else {
            Cost::DRAWN
        }
    }

    fn price(&self, operation: &Operation) -> CostRange {
        self.prices[usize::from(operation.number())]
    }

    /// The cost of a call that a uniform word decides on.
    pub(crate) fn draw(&self, operation: &Operation, word: u64) -> Duration {
        self.price(operation).at(word)
    }
}

impl Cost {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self(Duration::ZERO);
    /// Luck says: no call costs as much as this.
    const DRAWN: Self = Self(Duration::MAX);

    /// The cost; none if luck says.
    pub(crate) fn fixed(self) -> Option<Duration> {
        (self != Self::DRAWN).then_some(self.0)
    }
}

impl CostRange {
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

    /// The cost that a uniform word decides on.
    fn at(self, word: u64) -> Duration {
        let above = (u128::from(word) * (u128::from(self.span) + 1)) >> 64;
        Duration::from_nanos(self.low.saturating_add(above as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Dependence, EventId, LockId, QueueId, SemaphoreId};
    use crate::memory::address::{Address, Location};
    use kernel::Instant;

    #[test]
    fn jitter_reaches_both_ends_and_no_further() {
        let tenth = Ratio::new(1, 10).expect("a share");
        let cost = Duration::from_nanos(1_000);
        let price = CostRange::around(cost, tenth);
        let at = |word| price.at(word);
        let nanos = [at(0), at(1 << 63), at(u64::MAX)].map(Duration::nanos);
        assert_eq!(nanos, [900, 1_000, 1_100]);
        assert_eq!(CostRange::around(cost, Ratio::ONE).at(0), Duration::ZERO);
        assert_eq!(
            CostRange::around(Duration::MAX, Ratio::ONE).at(u64::MAX),
            Duration::MAX
        );
    }

    #[test]
    fn luck_has_a_say_where_there_is_jitter() {
        let read = Operation::Read(Location::new(Address(4), "word"));
        let work = Operation::Work(Duration::from_nanos(7));
        let tariff = |jitter| CostTable::new(&Costs::default(), jitter);
        let sure = tariff(Ratio::ZERO);
        assert_eq!(sure.quote(&read).fixed(), Some(Costs::default().access));
        let jittery = tariff(Ratio::new(1, 10).expect("a share"));
        assert_eq!(jittery.quote(&read).fixed(), None);
        assert_eq!(jittery.draw(&read, 0), Duration::from_nanos(180));
        assert_eq!(jittery.quote(&work).fixed(), Some(Duration::from_nanos(7)));
    }

    #[test]
    fn every_operation_costs_what_its_kind_does() {
        let (place, at) = (Location::new(Address(4), "word"), Instant::ZERO);
        let all = [
            Operation::Read(place),
            Operation::Write(place, 1),
            Operation::Exchange(place, 1),
            Operation::CompareExchange {
                place,
                new: 1,
                expected: 2,
            },
            Operation::Lock(LockId(0)),
            Operation::Unlock(LockId(0)),
            Operation::Wait(SemaphoreId(0), at),
            Operation::Signal(SemaphoreId(0)),
            Operation::WaitEvent(EventId(0), at),
            Operation::SetEvent(EventId(0)),
            Operation::ResetEvent(EventId(0)),
            Operation::Send(QueueId(0)),
            Operation::Receive(QueueId(0), at),
            Operation::Sleep(at),
            Operation::Work(Duration::ZERO),
            Operation::Environment(Dependence::All),
            Operation::Raise(1),
        ];
        for (operation, number) in all.iter().zip(1..) {
            assert_eq!(operation.number(), number);
            assert_eq!(KINDS[usize::from(number)], operation.kind());
        }
    }
}
