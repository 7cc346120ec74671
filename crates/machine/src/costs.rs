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
    /// The cost of a call before jitter.
    #[must_use]
    pub const fn of(&self, operation: &Operation) -> Duration {
        if let Operation::Work(length) = operation {
            return *length;
        }
        match operation.kind() {
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

/// `cost` with a uniform share of at most `jitter` added or taken away; on average `cost`.
pub(crate) fn jittered(cost: Duration, jitter: Ratio, word: u64) -> Duration {
    let cost = u128::from(cost.nanos());
    let reach = cost * u128::from(jitter.numerator()) / u128::from(jitter.denominator());
    let nanos = cost - reach + ((u128::from(word) * (2 * reach + 1)) >> 64);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_reaches_both_ends_and_no_further() {
        let tenth = Ratio::new(1, 10).expect("a share");
        let cost = Duration::from_nanos(1_000);
        assert_eq!(jittered(cost, tenth, 0).nanos(), 900);
        assert_eq!(jittered(cost, tenth, u64::MAX).nanos(), 1_100);
        assert_eq!(jittered(cost, tenth, 1 << 63).nanos(), 1_000);
        assert_eq!(jittered(cost, Ratio::ZERO, u64::MAX), cost);
        assert_eq!(jittered(cost, Ratio::ONE, 0), Duration::ZERO);
        assert_eq!(jittered(Duration::MAX, Ratio::ONE, u64::MAX), Duration::MAX);
    }
}
