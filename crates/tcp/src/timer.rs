//! The timers of a connection and when the first is due.
//!
//! Owns [`Timer`] and [`Timers`]. It refuses to act: what a due timer does is `deadlines`'s.

use crate::uptime::Uptime;

/// A timer of RFC 9293 or RFC 1122; the order is the order in which due timers act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// RFC 6298: something sent is not acknowledged.
    Retransmit,
    /// RFC 9293 section 3.8.6.1: the peer's window is closed.
    Persist,
    /// RFC 1122 section 4.2.3.2.
    DelayedAck,
    /// RFC 1122 section 4.2.3.6.
    KeepAlive,
    /// TIME-WAIT, and FIN-WAIT-2 where no application is left.
    Linger,
}

impl Timer {
    pub(crate) const ALL: [Self; 5] = [
        Self::Retransmit,
        Self::Persist,
        Self::DelayedAck,
        Self::KeepAlive,
        Self::Linger,
    ];
}

/// The deadline of each timer; [`Uptime::MAX`] is a stopped one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    deadlines: [Uptime; Timer::ALL.len()],
}

impl Timers {
    pub(crate) const STOPPED: Self = Self {
        deadlines: [Uptime::MAX; Timer::ALL.len()],
    };

    pub(crate) fn set(&mut self, timer: Timer, deadline: Uptime) {
        self.deadlines[timer as usize] = deadline;
    }

    pub(crate) fn deadline(&self, timer: Timer) -> Uptime {
        self.deadlines[timer as usize]
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = Uptime::MAX;
    }

    pub(crate) fn is_running(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize] < Uptime::MAX
    }

    /// Stops `timer` if it is due, and says whether it was.
    pub(crate) fn expire(&mut self, timer: Timer, now: Uptime) -> bool {
        let due = self.is_running(timer) && self.deadlines[timer as usize] <= now;
        if due {
            self.stop(timer);
        }
        due
    }

    pub(crate) fn next(&self) -> Option<Uptime> {
        let first = self.deadlines.into_iter().min()?;
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
        timers.set(Timer::Linger, Uptime::from_nanos(9));
        timers.set(Timer::Persist, Uptime::from_nanos(5));
        assert_eq!(timers.next(), Some(Uptime::from_nanos(5)));
        assert!(!timers.expire(Timer::Persist, Uptime::from_nanos(4)));
        assert!(timers.expire(Timer::Persist, Uptime::from_nanos(5)));
        assert!(!timers.expire(Timer::Persist, Uptime::from_nanos(5)));
        assert_eq!(timers.next(), Some(Uptime::from_nanos(9)));
    }

    #[test]
    fn every_timer_has_its_own_place() {
        for (place, timer) in Timer::ALL.iter().enumerate() {
            assert_eq!(*timer as usize, place);
        }
    }
}
