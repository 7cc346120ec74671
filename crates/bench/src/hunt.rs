//! How long it takes to find a bug by trying.
//!
//! Owns what a campaign of schedules comes to: how many failed, when the first one did, and what
//! that says of the chance, after Wilson, and of the median, after Kaplan and Meier. It refuses to
//! know who chose the schedules.

use std::sync::{Arc, Mutex};

use explore::statistics::intervals::{Interval, wilson};

use crate::clock;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Master seeds, each of which begins anew.
    pub seeds: u32,
    /// Schedules under each, whether they fail or not.
    pub schedules: u32,
}

/// What one master seed came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chase {
    /// Schedules that were run.
    pub schedules: u64,
    /// Those that failed.
    pub failed: u64,
    /// Nanoseconds of processor time that all of them took.
    pub nanos: u64,
    /// When one failed first.
    pub first: Option<First>,
}

/// The first schedule that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The how-manieth, counted from one.
    pub schedule: u64,
    /// Nanoseconds of processor time until then.
    pub nanos: u64,
}

/// What all master seeds came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunt(Vec<Chase>);

/// How many times as likely something is, with 95 %.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// As measured.
    pub ratio: f64,
    /// With what master seeds differ by.
    pub interval: Interval,
}

/// Looks on while schedules are run. It can be shared with code that must be `Fn` and `Sync`.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Mutex<Seen>>);

#[derive(Debug)]
struct Seen {
    began: u64,
    chase: Chase,
}

impl Campaign {
    /// Chases under each master seed.
    pub fn hunt(self, chase: impl FnMut(u64) -> Chase) -> Hunt {
        Hunt((0..u64::from(self.seeds)).map(chase).collect())
    }
}

impl Watch {
    /// Watches what `run` does with it, from now to its end.
    ///
    /// # Panics
    /// If somebody who looked on has panicked.
    pub fn shared(run: impl FnOnce(Self)) -> Chase {
        let began = clock::now();
        let chase = Chase::default();
        let watch = Self(Arc::new(Mutex::new(Seen { began, chase })));
        run(watch.clone());
        let nanos = clock::now() - began;
        let seen = watch.0.lock().expect("nobody has panicked");
        Chase {
            nanos,
            ..seen.chase
        }
    }

    /// One more schedule has ended.
    ///
    /// # Panics
    /// If somebody who looked on has panicked.
    pub fn saw(&self, failed: bool) {
        let mut seen = self.0.lock().expect("nobody has panicked");
        let began = seen.began;
        let chase = &mut seen.chase;
        chase.schedules += 1;
        if failed {
            chase.failed += 1;
            chase.first.get_or_insert_with(|| First {
                schedule: chase.schedules,
                nanos: clock::now() - began,
            });
        }
    }
}

impl Hunt {
    /// Of a single chase, whose schedules have no chance.
    pub fn single(chase: Chase) -> Self {
        Self(vec![chase])
    }

    /// All schedules.
    pub fn schedules(&self) -> u64 {
        self.0.iter().map(|chase| chase.schedules).sum()
    }

    /// Those that failed.
    pub fn failed(&self) -> u64 {
        self.0.iter().map(|chase| chase.failed).sum()
    }

    /// How many master seeds found the bug.
    pub fn successes(&self) -> usize {
        let found = self.0.iter().filter(|chase| chase.first.is_some());
        found.count()
    }

    /// The share of schedules that failed.
    pub fn share(&self) -> f64 {
        self.failed() as f64 / self.schedules() as f64
    }

    /// Its Wilson interval of 95 %.
    pub fn interval(&self) -> Interval {
        wilson(self.failed(), self.schedules())
    }

    /// Schedules per second of processor time.
    pub fn rate(&self) -> f64 {
        let nanos: u64 = self.0.iter().map(|chase| chase.nanos).sum();
        self.schedules() as f64 * 1e9 / nanos as f64
    }

    /// The median of schedules to the first bug; `None`: more than half end without one.
    pub fn median_schedules(&self) -> Option<u64> {
        self.median(|chase| chase.schedules, |first| first.schedule)
    }

    /// The median of processor time to the first bug, in nanoseconds; `None`: more than half end
    /// without one.
    pub fn median_nanos(&self) -> Option<u64> {
        self.median(|chase| chase.nanos, |first| first.nanos)
    }

    /// How many times as likely a schedule of ours is to fail as one of theirs; `None` if neither
    /// or only one ever fails. The interval is that of the ratio of two means over master seeds, in
    /// logarithms: some strategies depend on what a few first runs told them, so that schedules of
    /// one master seed are not independent.
    pub fn times(&self, theirs: &Self) -> Option<Times> {
        const Z: f64 = 1.96;
        if self.failed() == 0 || theirs.failed() == 0 {
            return None;
        }
        let ratio = self.share() / theirs.share();
        let half = Z * (self.relative_variance() + theirs.relative_variance()).sqrt();
        Some(Times {
            ratio,
            interval: Interval {
                low: ratio * (-half).exp(),
                high: ratio * half.exp(),
            },
        })
    }

    /// The variance of the mean share of master seeds, in units of its square.
    fn relative_variance(&self) -> f64 {
        let count = self.0.len() as f64;
        let mean = self.failed() as f64 / count;
        let off = |chase: &Chase| (chase.failed as f64 - mean).powi(2);
        let variance = self.0.iter().map(off).sum::<f64>() / (count - 1.0);
        variance / count / (mean * mean)
    }

    /// The median after Kaplan and Meier: a chase that ends without a bug says that it takes longer
    /// than that, and no more.
    fn median(&self, end: impl Fn(&Chase) -> u64, event: impl Fn(&First) -> u64) -> Option<u64> {
        let time = |chase: &Chase| match &chase.first {
            // Who ends at the very time of an event was still there when it came.
            Some(first) => (event(first), 0, true),
            None => (end(chase), 1, false),
        };
        let mut times: Vec<(u64, u8, bool)> = self.0.iter().map(time).collect();
        times.sort_unstable();
        let mut left = 1.0;
        for (place, (at, _, happened)) in times.iter().enumerate() {
            let at_risk = (times.len() - place) as f64;
            if *happened {
                left *= (at_risk - 1.0) / at_risk;
            }
            if left <= 0.5 {
                return Some(*at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunt(ends: &[(u64, Option<u64>)]) -> Hunt {
        let chase = |&(schedules, first): &(u64, Option<u64>)| Chase {
            schedules,
            failed: u64::from(first.is_some()),
            nanos: 1_000 * schedules,
            first: first.map(|schedule| First {
                schedule,
                nanos: 1_000 * schedule,
            }),
        };
        Hunt(ends.iter().map(chase).collect())
    }

    /// By hand: 5/6 are left after the first event; one ends at 15; 5/6 of 3/4 after the second;
    /// two end at 30; nothing is left after the third.
    #[test]
    fn a_chase_without_a_bug_says_longer_than_that() {
        let ends = [
            (50, Some(10)),
            (15, None),
            (50, Some(20)),
            (30, None),
            (30, None),
            (50, Some(40)),
        ];
        assert_eq!(hunt(&ends).median_schedules(), Some(40));
        assert_eq!(hunt(&ends).median_nanos(), Some(40_000));
        assert_eq!(
            hunt(&[(9, None), (9, Some(3)), (9, None)]).median_schedules(),
            None
        );
        assert_eq!(
            hunt(&[(9, Some(1)), (9, Some(3)), (9, Some(7))]).median_schedules(),
            Some(3)
        );
    }

    #[test]
    fn what_is_seen_is_counted() {
        let chase = Watch::shared(|watch| {
            for failed in [false, true, true, false] {
                watch.saw(failed);
            }
        });
        assert_eq!((chase.schedules, chase.failed), (4, 2));
        assert_eq!(chase.first.map(|first| first.schedule), Some(2));
    }

    #[test]
    fn what_fails_alike_is_once_as_likely() {
        let ends = [(10, Some(1)), (10, None), (10, Some(2)), (10, Some(9))];
        let times = hunt(&ends).times(&hunt(&ends)).expect("both fail");
        assert!((times.ratio - 1.0).abs() < 1e-12);
        assert!(times.interval.low < 1.0 && times.interval.high > 1.0);
        assert!(hunt(&ends).times(&hunt(&[(10, None)])).is_none());
    }
}
