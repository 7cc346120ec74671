//! The modeled time that calls take.

use kernel::fixed_point::neg_ln;
use kernel::{Duration, Ratio, mix};

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

/// Interrupts, with the deferred procedure calls that they queue: they take a processor from whatever
/// runs on it, and make the call under way take longer.
///
/// They come independently of each other, and their lengths are exponentially distributed. Network
/// drivers of NT kept a processor for anything from some microseconds to milliseconds (Jones and
/// Regehr, "The problems you're having may not be the problems you think you're having", HotOS-VII,
/// 1999); this mean and this shape are modeling decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupts {
    /// How many a busy processor gets in a second on average, at most 100,000.
    pub per_second: u32,
    /// Their mean length.
    pub mean_length: Duration,
}

/// The range of costs of every operation, ready for drawing.
#[derive(Clone, Debug)]
pub(crate) struct CostTable {
    /// Indexed by [`CostClass`].
    ranges: [CostRange; CLASSES.len()],
    interrupts: Interrupts,
}

/// All classes, in their order.
const CLASSES: [CostClass; 8] = [
    CostClass::Access,
    CostClass::Interlocked,
    CostClass::Lock,
    CostClass::Object,
    CostClass::Queue,
    CostClass::System,
    CostClass::Work,
    CostClass::Environment,
];

/// The cost of a pending call, if it is known when the call is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost(Duration);

/// A cost of at least `low` nanoseconds and at most `span` more.
#[derive(Clone, Copy, Debug)]
struct CostRange {
    low: u64,
    span: u64,
}

impl CostTable {
    /// Costs that deviate uniformly by at most `jitter` of the mean, in both directions, and that
    /// `interrupts` prolong.
    pub(crate) fn new(costs: &Costs, jitter: Ratio, interrupts: Interrupts) -> Self {
        let ranges = CLASSES.map(|class| CostRange::around(costs.of(class), jitter));
        Self { ranges, interrupts }
    }

    /// The cost of a call if it is not random.
    pub(crate) fn cost(&self, operation: &Operation) -> Cost {
        if let Operation::Work(length) = operation {
            return Cost(*length);
        }
        self.of_class(operation.cost_class())
    }

    /// The same for any call of a class but private work.
    #[inline(always)]
    pub(crate) fn of_class(&self, class: CostClass) -> Cost {
        let CostRange { low, span } = self.range(class);
        if span == 0 && (self.interrupts.per_second == 0 || low == 0) {
            Cost(Duration::from_nanos(low))
        } else {
            Cost::RANDOM
        }
    }

    fn range(&self, class: CostClass) -> CostRange {
        self.ranges[class as usize]
    }

    /// The cost of a call, drawn by a uniformly random `word`.
    #[inline(always)]
    pub(crate) fn draw(&self, class: CostClass, word: u64) -> Duration {
        let cost = self.range(class).at(word);
        cost + self.interrupts.during(cost, word)
    }
}

impl Interrupts {
    /// None ever come.
    pub const NONE: Self = Self {
        per_second: 0,
        mean_length: Duration::ZERO,
    };

    /// How much longer a call takes. A call is so much shorter than the time between two interrupts
    /// that it gets one at most. `word` is uniformly random.
    fn during(self, cost: Duration, word: u64) -> Duration {
        // 2^64 / 10^9: the scale of a probability for each nanosecond and each interrupt in a second.
        const SCALE: u64 = 18_446_744_073;
        let probability = cost.nanos().saturating_mul(self.per_second.into());
        if probability == 0 {
            return Duration::ZERO;
        }
        // The word has decided about the cost already; other words follow from it.
        if mix(word, 1) >= probability.saturating_mul(SCALE) {
            return Duration::ZERO;
        }
        let length = u128::from(self.mean_length.nanos()) * u128::from(neg_ln(mix(word, 2)));
        Duration::from_nanos(u64::try_from(length >> 32).unwrap_or(u64::MAX / 4))
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
    use crate::memory::address::{Address, Location};

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
        let table = |jitter| CostTable::new(&Costs::default(), jitter, Interrupts::NONE);
        let fixed = table(Ratio::ZERO);
        assert_eq!(fixed.cost(&read).fixed(), Some(Costs::default().access));
        let jittery = table(Ratio::new(1, 10).expect("a fraction"));
        assert_eq!(jittery.cost(&read).fixed(), None);
        assert_eq!(
            jittery.draw(CostClass::Access, 0),
            Duration::from_nanos(180)
        );
        assert_eq!(jittery.cost(&work).fixed(), Some(Duration::from_nanos(7)));
    }

    #[test]
    fn every_class_is_in_the_table_under_its_number() {
        for (class, number) in CLASSES.iter().zip(0..) {
            assert_eq!(*class as usize, number);
        }
    }

    /// A call of a millisecond gets an interrupt with probability 1/2, of 80 microseconds on average.
    #[test]
    fn interrupts_prolong_calls_in_proportion() {
        let interrupts = Interrupts {
            per_second: 500,
            mean_length: Duration::from_micros(80),
        };
        let cost = Duration::from_millis(1);
        let lengths = (0..100_000_u64).map(|n| interrupts.during(cost, mix(7, n)));
        let hits: Vec<u64> = lengths
            .map(Duration::nanos)
            .filter(|length| *length > 0)
            .collect();
        assert!(hits.len().abs_diff(50_000) < 5 * 158, "{}", hits.len());
        let mean = hits.iter().sum::<u64>() / hits.len() as u64;
        assert!(mean.abs_diff(80_000) < 5 * 358, "{mean}");
    }

    #[test]
    fn a_free_call_is_not_interrupted() {
        let interrupts = Interrupts {
            per_second: 1_000,
            mean_length: Duration::from_micros(80),
        };
        let table = CostTable::new(&Costs::FREE, Ratio::ZERO, interrupts);
        let read = Operation::Read(Location::new(Address(4), "word"));
        assert_eq!(table.cost(&read).fixed(), Some(Duration::ZERO));
    }
}
