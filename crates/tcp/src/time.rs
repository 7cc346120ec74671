//! Points in time and durations, in integer nanoseconds since the host started.

/// A point in time: nanoseconds since the host started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(u64);

/// A duration in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan(u64);

const NANOS_PER_MILLI: u64 = 1_000_000;

impl Uptime {
    /// The start of the host.
    pub const ZERO: Self = Self(0);
    /// The last representable time, about 584 years after the start.
    pub const MAX: Self = Self(u64::MAX);

    /// The time `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The time `span` later. Saturates at [`Uptime::MAX`].
    #[must_use]
    pub const fn after(self, span: TimeSpan) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> TimeSpan {
        TimeSpan(self.0.saturating_sub(earlier.0))
    }

    /// Rounds up to `phase` after a multiple of `tick`; `phase` is less than `tick`.
    pub(crate) const fn round_up(self, tick: TimeSpan, phase: TimeSpan) -> Self {
        assert!(tick.0 > 0, "the tick is zero");
        assert!(phase.0 < tick.0, "the phase is a tick or more");
        // Before the first tick there is none to round up from.
        let Some(since_phase) = self.0.checked_sub(phase.0) else {
            return Self(phase.0);
        };
        match since_phase.checked_next_multiple_of(tick.0) {
            Some(nanos) => Self(nanos.saturating_add(phase.0)),
            None => Self::MAX,
        }
    }
}

impl TimeSpan {
    /// The empty duration.
    pub const ZERO: Self = Self(0);

    /// A duration of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration of `millis` milliseconds.
    ///
    /// # Panics
    /// If the result exceeds 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        match millis.checked_mul(NANOS_PER_MILLI) {
            Some(nanos) => Self(nanos),
            None => panic!("a span exceeds 584 years"),
        }
    }

    /// A duration of `seconds` seconds.
    ///
    /// # Panics
    /// If the result exceeds 584 years.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        match seconds.checked_mul(1_000) {
            Some(millis) => Self::from_millis(millis),
            None => panic!("a span exceeds 584 years"),
        }
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// This duration times `2^doublings`, capped at `ceiling`.
    pub(crate) const fn doubled(self, doublings: u8, ceiling: Self) -> Self {
        // A shift by more than the leading zeros would drop high bits instead of saturating.
        let fits = (doublings as u32) < self.0.leading_zeros();
        let nanos = if fits { self.0 << doublings } else { u64::MAX };
        if nanos < ceiling.0 {
            Self(nanos)
        } else {
            ceiling
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_keeps_multiples_of_the_tick() {
        let tick = TimeSpan::from_millis(100);
        let at = |millis| Uptime::ZERO.after(TimeSpan::from_millis(millis));
        let none = TimeSpan::ZERO;
        assert_eq!(at(0).round_up(tick, none), at(0));
        assert_eq!(at(101).round_up(tick, none), at(200));
        assert_eq!(at(200).round_up(tick, none), at(200));
        assert_eq!(Uptime::MAX.round_up(tick, none), Uptime::MAX);
        let phase = TimeSpan::from_millis(30);
        for (time, tick_after) in [(0, 30), (30, 30), (31, 130), (101, 130), (131, 230)] {
            assert_eq!(at(time).round_up(tick, phase), at(tick_after));
        }
        assert_eq!(Uptime::MAX.round_up(tick, phase), Uptime::MAX);
    }

    #[test]
    fn doubling_stops_at_the_ceiling_without_overflow() {
        let (second, ceiling) = (TimeSpan::from_secs(1), TimeSpan::from_secs(240));
        assert_eq!(second.doubled(3, ceiling), TimeSpan::from_secs(8));
        assert_eq!(second.doubled(8, ceiling), ceiling);
        assert_eq!(second.doubled(255, ceiling), ceiling);
        assert_eq!(TimeSpan::ZERO.doubled(63, ceiling), TimeSpan::ZERO);
    }
}
