//! Statistics of a bug search: how many schedules fail, and how many it takes to find a failure.
//!
//! The probability of a failure has its Wilson interval. The median of schedules and of time to the
//! first failure is that of Kaplan and Meier, because a search may end without one.

use std::sync::{Arc, Mutex};

use explore::statistics::proportions::{ConfidenceInterval, wilson};

use crate::clock;

/// The size of a search.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Master seeds. Each is an independent search.
    pub seeds: u32,
    /// Schedules under each seed. A failure does not end the search.
    pub schedules: u32,
}

/// The search under one master seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedSearch {
    /// Schedules that were run.
    pub schedules: u64,
    /// Those that failed.
    pub failed: u64,
    /// Processor time of all schedules, in nanoseconds.
    pub nanos: u64,
    /// The first failure.
    pub first: Option<FirstFailure>,
}

/// The first schedule that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstFailure {
    /// It was the nth, from 1.
    pub schedule: u64,
    /// Processor time until then, in nanoseconds.
    pub nanos: u64,
}

/// The searches under all master seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BugSearch(Vec<SeedSearch>);

/// How many times as likely a failure is in one search as in another.
#[derive(Clone, Copy, Debug)]
pub struct LikelihoodRatio {
    /// The measured ratio.
    pub ratio: f64,
    /// Its 95 % interval, from the variance between master seeds.
    pub interval: ConfidenceInterval,
}

/// Records the results of schedules. Clones share the record, for code that must be `Fn` and `Sync`.
#[derive(Clone, Debug)]
pub struct SearchRecorder(Arc<Mutex<RecordedSearch>>);

#[derive(Debug)]
struct RecordedSearch {
    began: u64,
    search: SeedSearch,
}

impl Campaign {
    /// Searches under each master seed.
    pub fn search(self, search: impl FnMut(u64) -> SeedSearch) -> BugSearch {
        BugSearch((0..u64::from(self.seeds)).map(search).collect())
    }
}

impl SearchRecorder {
    /// Records what `run` passes to it, from now until `run` returns.
    ///
    /// # Panics
    /// If a holder of a clone has panicked.
    pub fn record(run: impl FnOnce(Self)) -> SeedSearch {
        let began = clock::now();
        let search = SeedSearch::default();
        let recorder = Self(Arc::new(Mutex::new(RecordedSearch { began, search })));
        run(recorder.clone());
        let nanos = clock::now() - began;
        let record = recorder.0.lock().expect("no holder has panicked");
        SeedSearch {
            nanos,
            ..record.search
        }
    }

    /// Adds a schedule that has ended.
    ///
    /// # Panics
    /// If a holder of a clone has panicked.
    pub fn add(&self, failed: bool) {
        let mut record = self.0.lock().expect("no holder has panicked");
        let began = record.began;
        let search = &mut record.search;
        search.schedules += 1;
        if failed {
            search.failed += 1;
            search.first.get_or_insert_with(|| FirstFailure {
                schedule: search.schedules,
                nanos: clock::now() - began,
            });
        }
    }
}

impl BugSearch {
    /// A single search that is not random.
    pub fn single(search: SeedSearch) -> Self {
        Self(vec![search])
    }

    /// The number of schedules.
    pub fn schedules(&self) -> u64 {
        self.0.iter().map(|search| search.schedules).sum()
    }

    /// The number of schedules that failed.
    pub fn failed(&self) -> u64 {
        self.0.iter().map(|search| search.failed).sum()
    }

    /// The number of master seeds that found the bug.
    pub fn successes(&self) -> usize {
        let found = self.0.iter().filter(|search| search.first.is_some());
        found.count()
    }

    /// The fraction of schedules that failed.
    pub fn fraction(&self) -> f64 {
        self.failed() as f64 / self.schedules() as f64
    }

    /// Its Wilson interval, 95 %.
    pub fn interval(&self) -> ConfidenceInterval {
        wilson(self.failed(), self.schedules())
    }

    /// Schedules per second of processor time.
    pub fn rate(&self) -> f64 {
        let nanos: u64 = self.0.iter().map(|search| search.nanos).sum();
        self.schedules() as f64 * 1e9 / nanos as f64
    }

    /// The median of schedules to the first failure; `None` if more than half of the searches end
    /// without one.
    pub fn median_schedules(&self) -> Option<u64> {
        self.median(|search| search.schedules, |first| first.schedule)
    }

    /// The median of processor time to the first failure, in nanoseconds; `None` if more than half of
    /// the searches end without one.
    pub fn median_nanos(&self) -> Option<u64> {
        self.median(|search| search.nanos, |first| first.nanos)
    }

    /// How many times as likely a failure is here as in `theirs`; `None` if one of them has none.
    ///
    /// The interval is that of a ratio of two means over master seeds, in logarithms. It does not
    /// treat schedules as independent: a strategy that counts calls in its first schedules depends on
    /// what it counted, so schedules of one seed are correlated.
    pub fn likelihood_ratio(&self, theirs: &Self) -> Option<LikelihoodRatio> {
        // The 97.5 % quantile of the normal distribution.
        const Z: f64 = 1.96;
        if self.failed() == 0 || theirs.failed() == 0 {
            return None;
        }
        let ratio = self.fraction() / theirs.fraction();
        let half = Z * (self.relative_variance() + theirs.relative_variance()).sqrt();
        Some(LikelihoodRatio {
            ratio,
            interval: ConfidenceInterval {
                low: ratio * (-half).exp(),
                high: ratio * half.exp(),
            },
        })
    }

    /// The variance of the mean number of failures over master seeds, divided by the squared mean.
    fn relative_variance(&self) -> f64 {
        let count = self.0.len() as f64;
        let mean = self.failed() as f64 / count;
        let off = |search: &SeedSearch| (search.failed as f64 - mean).powi(2);
        let variance = self.0.iter().map(off).sum::<f64>() / (count - 1.0);
        variance / count / (mean * mean)
    }

    /// The median of Kaplan and Meier. A search without a failure is censored: the failure takes longer
    /// than the search, by an unknown time.
    fn median(
        &self,
        end: impl Fn(&SeedSearch) -> u64,
        event: impl Fn(&FirstFailure) -> u64,
    ) -> Option<u64> {
        let time = |search: &SeedSearch| match &search.first {
            // Sorts before a search that is censored at the same time: that one was still at risk.
            Some(first) => (event(first), 0, true),
            None => (end(search), 1, false),
        };
        let mut times: Vec<(u64, u8, bool)> = self.0.iter().map(time).collect();
        times.sort_unstable();
        let mut surviving = 1.0;
        for (index, (at, _, happened)) in times.iter().enumerate() {
            let at_risk = (times.len() - index) as f64;
            if *happened {
                surviving *= (at_risk - 1.0) / at_risk;
            }
            if surviving <= 0.5 {
                return Some(*at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(ends: &[(u64, Option<u64>)]) -> BugSearch {
        let seed_search = |&(schedules, first): &(u64, Option<u64>)| SeedSearch {
            schedules,
            failed: u64::from(first.is_some()),
            nanos: 1_000 * schedules,
            first: first.map(|schedule| FirstFailure {
                schedule,
                nanos: 1_000 * schedule,
            }),
        };
        BugSearch(ends.iter().map(seed_search).collect())
    }

    /// Computed by hand: 5/6 survive the failure at 10; one search is censored at 15; 5/6 x 3/4 survive
    /// the failure at 20; two are censored at 30; none survives the failure at 40.
    #[test]
    fn a_search_without_a_failure_is_censored() {
        let ends = [
            (50, Some(10)),
            (15, None),
            (50, Some(20)),
            (30, None),
            (30, None),
            (50, Some(40)),
        ];
        assert_eq!(search(&ends).median_schedules(), Some(40));
        assert_eq!(search(&ends).median_nanos(), Some(40_000));
        assert_eq!(
            search(&[(9, None), (9, Some(3)), (9, None)]).median_schedules(),
            None
        );
        assert_eq!(
            search(&[(9, Some(1)), (9, Some(3)), (9, Some(7))]).median_schedules(),
            Some(3)
        );
    }

    #[test]
    fn recorded_schedules_are_counted() {
        let search = SearchRecorder::record(|recorder| {
            for failed in [false, true, true, false] {
                recorder.add(failed);
            }
        });
        assert_eq!((search.schedules, search.failed), (4, 2));
        assert_eq!(search.first.map(|first| first.schedule), Some(2));
    }

    #[test]
    fn equal_searches_have_a_ratio_of_one() {
        let ends = [(10, Some(1)), (10, None), (10, Some(2)), (10, Some(9))];
        let ratio = search(&ends)
            .likelihood_ratio(&search(&ends))
            .expect("both fail");
        assert!((ratio.ratio - 1.0).abs() < 1e-12);
        assert!(ratio.interval.low < 1.0 && ratio.interval.high > 1.0);
        assert!(
            search(&ends)
                .likelihood_ratio(&search(&[(10, None)]))
                .is_none()
        );
    }
}
