//! Time as a host counts it: whole nanoseconds since it started.
//!
//! Owns [`Uptime`] and [`Span`] and the rounding to a timer tick. It refuses a `now()`.

/// A moment: whole nanoseconds since the host started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(u64);

/// A length of time in whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

const NANOS_PER_MILLI: u64 = 1_000_000;

impl Uptime {
    /// The host's start.
    pub const ZERO: Self = Self(0);
    /// Later than any run lasts (584 years).
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the host's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the host's start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The moment `span` later, or [`Uptime::MAX`] where that would overflow.
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The first tick of a timer of period `tick` that is not before this moment.
    pub(crate) const fn round_up(self, tick: Span) -> Self {
        assert!(tick.0 > 0, "a timer without period never ticks");
        match self.0.checked_next_multiple_of(tick.0) {
            Some(nanos) => Self(nanos),
            None => Self::MAX,
        }
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length of whole nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length of whole milliseconds.
    ///
    /// # Panics
    /// If it exceeds 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        match millis.checked_mul(NANOS_PER_MILLI) {
            Some(nanos) => Self(nanos),
            None => panic!("a span exceeds 584 years"),
        }
    }

    /// A length of whole seconds.
    ///
    /// # Panics
    /// If it exceeds 584 years.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        match seconds.checked_mul(1_000) {
            Some(millis) => Self::from_millis(millis),
            None => panic!("a span exceeds 584 years"),
        }
    }

    /// The whole nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// This length times `2^doublings`, but at most `ceiling`.
    pub(crate) const fn doubled(self, doublings: u8, ceiling: Self) -> Self {
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
    fn a_moment_is_rounded_up_to_a_tick_and_a_tick_stays() {
        let tick = Span::from_millis(100);
        let at = |millis| Uptime::ZERO.after(Span::from_millis(millis));
        assert_eq!(at(0).round_up(tick), at(0));
        assert_eq!(at(101).round_up(tick), at(200));
        assert_eq!(at(200).round_up(tick), at(200));
        assert_eq!(Uptime::MAX.round_up(tick), Uptime::MAX);
    }

    #[test]
    fn doubling_stops_at_the_ceiling_and_never_wraps() {
        let (second, ceiling) = (Span::from_secs(1), Span::from_secs(240));
        assert_eq!(second.doubled(3, ceiling), Span::from_secs(8));
        assert_eq!(second.doubled(8, ceiling), ceiling);
        assert_eq!(second.doubled(255, ceiling), ceiling);
        assert_eq!(Span::ZERO.doubled(63, ceiling), Span::ZERO);
    }
}
