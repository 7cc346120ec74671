//! The timers of a connection.

use crate::time::Uptime;

/// A timer. Timers that expire at the same time are handled in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Retransmission (RFC 6298).
    Retransmit,
    /// Zero-window probing (RFC 9293 section 3.8.6.1).
    Persist,
    /// Delayed acknowledgment (RFC 1122 section 4.2.3.2).
    DelayedAck,
    /// Keep-alive (RFC 1122 section 4.2.3.6).
    KeepAlive,
    /// The end of TIME-WAIT and, on a detached connection, of FIN-WAIT-2. BSD uses one timer for
    /// both as well.
    TwoMsl,
}

impl Timer {
    pub(crate) const ALL: [Self; 5] = [
        Self::Retransmit,
        Self::Persist,
        Self::DelayedAck,
        Self::KeepAlive,
        Self::TwoMsl,
    ];
}

/// When each timer expires; [`Uptime::MAX`] if it is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    expiries: [Uptime; Timer::ALL.len()],
}

impl Timers {
    pub(crate) const STOPPED: Self = Self {
        expiries: [Uptime::MAX; Timer::ALL.len()],
    };

    pub(crate) fn set(&mut self, timer: Timer, expiry: Uptime) {
        self.expiries[timer as usize] = expiry;
    }

    pub(crate) fn expiry(&self, timer: Timer) -> Uptime {
        self.expiries[timer as usize]
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.expiries[timer as usize] = Uptime::MAX;
    }

    pub(crate) fn is_running(&self, timer: Timer) -> bool {
        self.expiries[timer as usize] < Uptime::MAX
    }

    /// Stops `timer` if it has expired, and returns whether it had.
    pub(crate) fn take_expired(&mut self, timer: Timer, now: Uptime) -> bool {
        let expired = self.is_running(timer) && self.expiries[timer as usize] <= now;
        if expired {
            self.stop(timer);
        }
        expired
    }

    /// When the first timer expires.
    pub(crate) fn next(&self) -> Option<Uptime> {
        // Five comparisons are cheaper than keeping a minimum up to date.
        let first = self.expiries.into_iter().min()?;
        (first < Uptime::MAX).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_expires_once_and_not_early() {
        let mut timers = Timers::STOPPED;
        assert_eq!(timers.next(), None);
        timers.set(Timer::TwoMsl, Uptime::from_nanos(9));
        timers.set(Timer::Persist, Uptime::from_nanos(5));
        assert_eq!(timers.next(), Some(Uptime::from_nanos(5)));
        assert!(!timers.take_expired(Timer::Persist, Uptime::from_nanos(4)));
        assert!(timers.take_expired(Timer::Persist, Uptime::from_nanos(5)));
        assert!(!timers.take_expired(Timer::Persist, Uptime::from_nanos(5)));
        assert_eq!(timers.next(), Some(Uptime::from_nanos(9)));
    }

    #[test]
    fn the_discriminant_of_a_timer_is_its_index() {
        for (index, timer) in Timer::ALL.iter().enumerate() {
            assert_eq!(*timer as usize, index);
        }
    }
}
