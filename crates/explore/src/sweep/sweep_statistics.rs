//! Running statistics of a sweep: counters over all runs and for each point of the grid.

use std::collections::BTreeMap;

use crate::run_result::RunResult;
use crate::statistics::counters::{self, Counters};
use crate::sweep::manifest::Manifest;

/// The statistics of the results added so far. Results are added in the order of seeds, whether
/// they come from a run, from disk or from a shard.
#[derive(Clone, Debug)]
pub struct SweepStatistics {
    manifest: Manifest,
    total: Counters,
    points: Vec<PointStatistics>,
    /// Hashes every line of `seeds.jsonl` so far.
    lines: blake3::Hasher,
}

/// The statistics of one point of the grid.
#[derive(Clone, Debug)]
pub struct PointStatistics {
    /// The varied settings at this point; empty without a grid.
    pub settings: BTreeMap<String, String>,
    /// The counters of its runs.
    pub counters: Counters,
}

impl SweepStatistics {
    /// No results yet.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        Self {
            manifest: manifest.clone(),
            total: Counters::default(),
            points: Vec::new(),
            lines: blake3::Hasher::new(),
        }
    }

    /// Adds the next result with its line. Returns the indices of the failures that need a capsule.
    pub fn add(&mut self, result: &RunResult, line: &str) -> Vec<usize> {
        self.lines.update(line.as_bytes());
        let points = usize::try_from(self.manifest.points).expect("a grid is limited");
        // Runs are numbered seed by seed, and within a seed point by point.
        let index = usize::try_from(self.total.runs % self.manifest.points).expect("as above");
        assert!(index <= self.points.len() && self.points.len() <= points);
        if index == self.points.len() {
            self.points.push(PointStatistics {
                settings: result.settings.clone(),
                counters: Counters::default(),
            });
        }
        let is_rechecked = self.is_rechecked(result);
        self.points[index].counters.add(result, is_rechecked);
        self.total.add(result, is_rechecked)
    }

    /// Whether the run of the next result is repeated: it is in the sample, or it has a failure of
    /// a signature that no earlier run had. It depends on the results only, so it is the same in a
    /// resumed sweep. Each shard of a sweep makes its own first run of a signature twice.
    #[must_use]
    pub fn is_rechecked(&self, result: &RunResult) -> bool {
        let recheck = self.manifest.recheck;
        recheck > 0
            && (counters::is_sampled(result.seed, recheck) || self.total.has_new_signature(result))
    }

    /// The indices of the failures that need a capsule if this result is added now or after others:
    /// none is missing, some may turn out not to be needed.
    pub(crate) fn may_need_capsules(&self, result: &RunResult) -> Vec<usize> {
        let indices = 0..result.failures.len();
        indices
            .filter(|&index| self.total.may_need_capsule(&result.failures[index]))
            .collect()
    }

    /// The counters over all runs.
    #[must_use]
    pub fn total(&self) -> &Counters {
        &self.total
    }

    /// The points of the grid, in its order.
    #[must_use]
    pub fn points(&self) -> &[PointStatistics] {
        &self.points
    }

    /// The manifest of the sweep.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The hash (BLAKE3) of all lines so far.
    #[must_use]
    pub fn lines_hash(&self) -> String {
        self.lines.finalize().to_string()
    }
}
