//! The modeled time that calls take.

use kernel::{Duration, Ratio};

use crate::call::{CostClass, Operation};

/// The mean time from a thread's call to its earliest next one, by class of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// A plain access, together with the private instructions around it.
    pub access: Duration,
    /// An interlocked operation.
    pub interlocked: Duration,
    /// Entering or leaving a critical section.
    pub lock: Duration,
    /// An operation on a semaphore or an NT event object.
    pub object: Duration,
    /// Sending or receiving a message.
    pub queue: Duration,
    /// Going to sleep, or raising an exception.
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
    /// Calls take no time. The exhaustive search needs this: time then passes only when every
    /// thread is blocked.
    pub const FREE: Self = Self {
        access: Duration::ZERO,
        interlocked: Duration::ZERO,
        lock: Duration::ZERO,
        object: Duration::ZERO,
        queue: Duration::ZERO,
        system: Duration::ZERO,
        environment: Duration::ZERO,
    };

    /// The mean cost of a class of operations; zero for [`CostClass::Work`], which carries its own
    /// cost.
    #[must_use]
    pub const fn of(&self, class: CostClass) -> Duration {
        match class {
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

/// The range of costs of every operation, ready for drawing.
#[derive(Clone, Debug)]
pub(crate) struct CostTable {
    /// Indexed by [`Operation::number`].
    ranges: [CostRange; CLASSES.len()],
}

/// The cost of a pending call, if it is known when the call is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost(Duration);

/// A cost of at least `low` nanoseconds and at most `span` more.
#[derive(Clone, Copy, Debug)]
struct CostRange {
    low: u64,
    span: u64,
}

/// The class of every operation, indexed by [`Operation::number`]. No operation has number zero.
const CLASSES: [CostClass; 18] = [
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
    /// Costs that deviate uniformly by at most `jitter` of the mean, in both directions.
    pub(crate) fn new(costs: &Costs, jitter: Ratio) -> Self {
        let ranges = CLASSES.map(|class| CostRange::around(costs.of(class), jitter));
        Self { ranges }
    }

    /// The cost of a call if it is not random.
    pub(crate) fn cost(&self, operation: &Operation) -> Cost {
        if let Operation::Work(length) = operation {
            return Cost(*length);
        }
        let CostRange { low, span } = self.range(operation);
        if span == 0 {
            Cost(Duration::from_nanos(low))
        } else {
            Cost::RANDOM
        }
    }

    fn range(&self, operation: &Operation) -> CostRange {
        self.ranges[usize::from(operation.number())]
    }

    /// The cost of a call, drawn by a uniformly random `word`.
    pub(crate) fn draw(&self, operation: &Operation, word: u64) -> Duration {
        self.range(operation).at(word)
    }
}

impl Cost {
    pub(crate) const ZERO: Self = Self(Duration::ZERO);
    /// Marks a cost that must be drawn. No real cost is that large.
    const RANDOM: Self = Self(Duration::MAX);

    /// The cost; `None` if it must be drawn.
    pub(crate) fn fixed(self) -> Option<Duration> {
        (self != Self::RANDOM).then_some(self.0)
    }
}

impl CostRange {
    fn around(cost: Duration, jitter: Ratio) -> Self {
        // The product of two 64-bit numbers needs 128 bits.
        let mean = u128::from(cost.nanos());
        let reach = mean * u128::from(jitter.numerator()) / u128::from(jitter.denominator());
        // At most half the range, so that `2 * reach` does not overflow.
        let reach = u64::try_from(reach).unwrap_or(u64::MAX).min(u64::MAX / 2);
        Self {
            low: cost.nanos() - reach,
            span: 2 * reach,
        }
    }

    /// Maps a uniformly random `word` to the range by multiplication, without a division.
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
        let tenth = Ratio::new(1, 10).expect("a fraction");
        let cost = Duration::from_nanos(1_000);
        let range = CostRange::around(cost, tenth);
        let at = |word| range.at(word);
        let nanos = [at(0), at(1 << 63), at(u64::MAX)].map(Duration::nanos);
        assert_eq!(nanos, [900, 1_000, 1_100]);
        assert_eq!(CostRange::around(cost, Ratio::ONE).at(0), Duration::ZERO);
        assert_eq!(
            CostRange::around(Duration::MAX, Ratio::ONE).at(u64::MAX),
            Duration::MAX
        );
    }

    #[test]
    fn costs_are_random_only_with_jitter() {
        let read = Operation::Read(Location::new(Address(4), "word"));
        let work = Operation::Work(Duration::from_nanos(7));
        let table = |jitter| CostTable::new(&Costs::default(), jitter);
        let fixed = table(Ratio::ZERO);
        assert_eq!(fixed.cost(&read).fixed(), Some(Costs::default().access));
        let jittery = table(Ratio::new(1, 10).expect("a fraction"));
        assert_eq!(jittery.cost(&read).fixed(), None);
        assert_eq!(jittery.draw(&read, 0), Duration::from_nanos(180));
        assert_eq!(jittery.cost(&work).fixed(), Some(Duration::from_nanos(7)));
    }

    #[test]
    fn every_operation_is_in_the_table_under_its_number() {
        let (location, at) = (Location::new(Address(4), "word"), Instant::ZERO);
        let all = [
            Operation::Read(location),
            Operation::Write(location, 1),
            Operation::Exchange(location, 1),
            Operation::CompareExchange {
                location,
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
            assert_eq!(CLASSES[usize::from(number)], operation.cost_class());
        }
    }
}
