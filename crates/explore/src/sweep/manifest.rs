//! `sweep.json`: everything that the results of a sweep depend on.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plain_file;
use crate::run_result::RunResult;
use crate::sweep::grid::{self, Axis};
use crate::sweep::results_error::ResultsError;
use crate::sweep::seeds::{SeedRange, Shard};

/// The name of the file.
pub(crate) const MANIFEST: &str = "sweep.json";
/// The longest manifest that is read: the values of all axes, many times over.
const SIZE_MAX: u64 = 16 << 20;

/// `sweep.json`: everything that the results of a sweep depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the formats in the directory.
    pub schema_version: u32,
    /// The build of mtasim.
    pub mtasim: String,
    /// The scenario's title.
    pub title: String,
    /// A hash over the scenarios at all points of the grid.
    pub scenario_hash: String,
    /// All seeds of the sweep.
    pub seeds: SeedRange,
    /// The shard of the seeds that this directory holds.
    pub shard: Shard,
    /// The varied settings.
    pub axes: Vec<Axis>,
    /// Points of the grid.
    pub points: u64,
    /// The scenario at each point, as rows name it; empty in a swarm, and from builds that did not write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// One in this many passing runs is rerun to compare digests; 0 for none.
    pub recheck: u64,
    /// Whether every seed draws its own selection of settings.
    pub swarm: bool,
}

impl Manifest {
    /// The current version of the formats.
    pub const SCHEMA: u32 = 4;

    /// The seeds of this shard.
    #[must_use]
    pub fn part(&self) -> SeedRange {
        self.seeds.part(self.shard)
    }

    /// The number of runs of this shard.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.part().len().saturating_mul(self.points)
    }

    /// The seed and the index of the grid point of run `number`, counted from 0: seed by seed, and
    /// within a seed point by point.
    #[must_use]
    pub fn run_at(&self, number: u64) -> (u64, usize) {
        let seed = self.part().from + number / self.points;
        let point = number % self.points;
        (seed, usize::try_from(point).expect("a grid is limited"))
    }

    /// The varied settings at a point of the grid.
    #[must_use]
    pub fn settings(&self, point: usize) -> BTreeMap<String, String> {
        let paths = self.axes.iter().map(|axis| axis.path.clone());
        paths.zip(grid::values_at(&self.axes, point)).collect()
    }

    /// Whether this is the result of run `number`.
    #[must_use]
    pub(crate) fn is_result_of(&self, result: &RunResult, number: u64) -> bool {
        let (seed, point) = self.run_at(number);
        result.seed == seed && result.settings == self.settings(point)
    }

    /// Whether a result of run `number` is of the scenario of this sweep, as far as the manifest knows.
    #[must_use]
    pub(crate) fn is_of_scenario(&self, result: &RunResult, number: u64) -> bool {
        let (_, point) = self.run_at(number);
        let scenario = self.scenarios.get(point);
        scenario.is_none_or(|scenario| *scenario == result.scenario)
    }

    /// The number of the run that a result is of; `None` if this sweep has none.
    pub(crate) fn number_of(&self, result: &RunResult) -> Option<u64> {
        let part = self.part();
        if !(part.from..part.to).contains(&result.seed) {
            return None;
        }
        let first = (result.seed - part.from) * self.points;
        // The point that the values name is nearly always right. The others are tried because an
        // axis may list one value twice.
        let likely = self.point_with(&result.settings).map(|point| first + point);
        let mut numbers = likely.into_iter().chain(first..first + self.points);
        numbers.find(|&number| self.is_result_of(result, number))
    }

    /// The point with these settings, if no key is varied twice.
    fn point_with(&self, settings: &BTreeMap<String, String>) -> Option<u64> {
        self.axes.iter().try_fold(0, |point, axis| {
            let value = settings.get(&axis.path)?;
            let index = axis.values.iter().position(|it| it == value)?;
            Some(point * axis.values.len() as u64 + index as u64)
        })
    }

    /// How this manifest differs from another, one phrase each; empty if it does not.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let short = |hash: &str| -> String { hash.chars().take(12).collect() };
        let fields = [
            (
                "format",
                self.schema_version.to_string(),
                other.schema_version.to_string(),
            ),
            ("build", self.mtasim.clone(), other.mtasim.clone()),
            (
                "scenario",
                short(&self.scenario_hash),
                short(&other.scenario_hash),
            ),
            ("seeds", self.seeds.to_string(), other.seeds.to_string()),
            ("shard", self.shard.to_string(), other.shard.to_string()),
            ("axes", describe(&self.axes), describe(&other.axes)),
            (
                "recheck",
                self.recheck.to_string(),
                other.recheck.to_string(),
            ),
            ("swarm", self.swarm.to_string(), other.swarm.to_string()),
        ];
        let different = fields.into_iter().filter(|(_, one, two)| one != two);
        different
            .map(|(field, one, two)| format!("{field} {one} instead of {two}"))
            .collect()
    }
}

fn describe(axes: &[Axis]) -> String {
    let axes = axes.iter();
    let axes: Vec<String> = axes
        .map(|axis| format!("{}={}", axis.path, axis.values.join(",")))
        .collect();
    format!("[{}]", axes.join(" "))
}

/// Reads the manifest of a results directory.
///
/// # Errors
/// If it cannot be read, is not a manifest, or has another format.
pub fn read_manifest(directory: &Path) -> Result<Manifest, ResultsError> {
    #[derive(Deserialize)]
    struct SchemaVersion {
        schema_version: u32,
    }
    let path = directory.join(MANIFEST);
    let foreign = |what: String| ResultsError::Foreign(path.clone(), what);
    let file = plain_file::open(&path).map_err(ResultsError::io(&path))?;
    let mut bytes = Vec::new();
    let read = file.take(SIZE_MAX + 1).read_to_end(&mut bytes);
    if read.map_err(ResultsError::io(&path))? as u64 > SIZE_MAX {
        return Err(foreign(format!("it has more than {SIZE_MAX} bytes")));
    }
    let not_one = |error| foreign(format!("not a manifest: {error}"));
    // The version alone first: fields of another format would be reported as mistakes in this one.
    let SchemaVersion { schema_version } = serde_json::from_slice(&bytes).map_err(not_one)?;
    if schema_version != Manifest::SCHEMA {
        return Err(foreign(format!(
            "it has format {schema_version}, but this version of mtasim reads and writes format {}; use \
             another directory",
            Manifest::SCHEMA
        )));
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(not_one)?;
    // Runs are numbered by seed and point. A file with other numbers would send rows to points that
    // do not exist.
    if grid::size(&manifest.axes).map(|size| size as u64) != Some(manifest.points) {
        return Err(foreign(format!(
            "not a manifest: its axes do not have {} points",
            manifest.points
        )));
    }
    let known = manifest.scenarios.len() as u64;
    if known != 0 && known != manifest.points {
        return Err(foreign(format!(
            "not a manifest: it has {known} scenarios for {} points",
            manifest.points
        )));
    }
    Ok(manifest)
}
