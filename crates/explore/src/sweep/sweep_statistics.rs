//! The books of a sweep: one counters of all runs and one for each point of the grid.
//!
//! Owns [`SweepStatistics`], into which every row goes in order, whether it was just made, found on the disk
//! or comes from a shard. It refuses to run or to write anything.

use std::collections::BTreeMap;

use crate::run_result::RunResult;
use crate::statistics::counters::Counters;
use crate::sweep::results_directory::Manifest;
use crate::sweep::summary::Summary;

/// What the rows so far add up to.
#[derive(Clone, Debug)]
pub struct SweepStatistics {
    manifest: Manifest,
    whole: Counters,
    points: Vec<(BTreeMap<String, String>, Counters)>,
    /// The hash of every line so far.
    lines: blake3::Hasher,
}

impl SweepStatistics {
    /// Before the first row.
    #[must_use]
    pub fn new(manifest: &Manifest) -> Self {
        Self {
            manifest: manifest.clone(),
            whole: Counters::default(),
            points: Vec::new(),
            lines: blake3::Hasher::new(),
        }
    }

    /// Takes in the next row, with its line, and says of which failures, by place, a capsule is to be kept.
    pub fn add(&mut self, row: &RunResult, line: &str) -> Vec<usize> {
        self.lines.update(line.as_bytes());
        let points = usize::try_from(self.manifest.points).expect("a grid is limited");
        let place = usize::try_from(self.whole.runs % self.manifest.points).expect("as above");
        assert!(place <= self.points.len() && self.points.len() <= points);
        if place == self.points.len() {
            self.points
                .push((row.settings.clone(), Counters::default()));
        }
        let recheck = self.manifest.recheck;
        self.points[place].1.add(row, recheck);
        self.whole.add(row, recheck)
    }

    /// The counts of all runs.
    #[must_use]
    pub fn total(&self) -> &Counters {
        &self.whole
    }

    /// The counts of each point of the grid, with its settings.
    #[must_use]
    pub fn points(&self) -> &[(BTreeMap<String, String>, Counters)] {
        &self.points
    }

    /// Which sweep it is.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The seed and the point of the run whose row has this number.
    #[must_use]
    pub fn run_at(&self, number: u64) -> (u64, usize) {
        let seed = self.manifest.part().from + number / self.manifest.points;
        let point = number % self.manifest.points;
        (seed, usize::try_from(point).expect("a grid is limited"))
    }

    /// The hash (BLAKE3) of all lines so far.
    #[must_use]
    pub fn lines_hash(&self) -> String {
        self.lines.finalize().to_hex().to_string()
    }

    /// What has been found.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            rows_blake3: self.lines_hash(),
            ..Summary::of(&self.manifest, &self.whole, &self.points)
        }
    }
}
