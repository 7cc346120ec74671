//! The directory that a sweep writes: `sweep.json`, `seeds.jsonl`, `summary.json`, `grid.csv` and
//! `capsules/`.
//!
//! Result lines are appended; all other files are written atomically. A directory that holds
//! another sweep is rejected, never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::atomic_file;
use crate::repro::capsule::{Capsule, file_name};
use crate::run_result::RunResult;
use crate::sweep::grid::Axis;
use crate::sweep::seeds::{SeedRange, Shard};

const MANIFEST: &str = "sweep.json";
const RESULTS: &str = "seeds.jsonl";
const SUMMARY: &str = "summary.json";
const GRID: &str = "grid.csv";
const CAPSULES: &str = "capsules";
/// The longest line that is read. The limits of a scenario keep lines far below.
const LINE_BYTES_MAX: usize = 1 << 20;

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
    /// One in this many passing runs is rerun to compare digests; 0 for none.
    pub recheck: u64,
    /// Whether every seed draws its own selection of settings.
    pub swarm: bool,
}

/// An open results directory.
#[derive(Debug)]
pub struct ResultsDirectory {
    path: PathBuf,
    lines: BufWriter<File>,
}

/// Why a results directory cannot be used.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// An input or output error.
    #[error("{path}: {1}", path = .0.display())]
    Io(PathBuf, io::Error),
    /// A file holds something unexpected.
    #[error("{path}: {1}", path = .0.display())]
    Foreign(PathBuf, String),
}

impl ResultsError {
    fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::Io(path.to_owned(), error)
    }
}

impl Manifest {
    /// The current version of the formats.
    pub const SCHEMA: u32 = 2;

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

impl ResultsDirectory {
    /// Opens the directory of a sweep, creating it if necessary, and passes every result that it
    /// already holds to `on_result`, with its line. An unfinished last line, left by a killed
    /// process, is cut off.
    ///
    /// # Errors
    /// On an input or output error, or if the directory holds another sweep or something else.
    pub fn open(
        path: &Path,
        manifest: &Manifest,
        mut on_result: impl FnMut(&RunResult, &str),
    ) -> Result<Self, ResultsError> {
        let manifest_path = path.join(MANIFEST);
        if manifest_path.exists() {
            let differences = read_manifest(path)?.differences(manifest);
            if !differences.is_empty() {
                let what = format!("it holds another sweep: {}", differences.join(", "));
                return Err(ResultsError::Foreign(path.to_owned(), what));
            }
        } else if let Some(name) = [RESULTS, SUMMARY, GRID, CAPSULES]
            .into_iter()
            .find(|name| path.join(name).exists())
        {
            let what = format!("it has a {name} but no {MANIFEST}; it is left as it is");
            return Err(ResultsError::Foreign(path.to_owned(), what));
        } else {
            fs::create_dir_all(path).map_err(ResultsError::io(path))?;
            let mut text = serde_json::to_string_pretty(manifest).expect("plain data");
            text.push('\n');
            write(&manifest_path, &text)?;
        }
        let capsules = path.join(CAPSULES);
        fs::create_dir_all(&capsules).map_err(ResultsError::io(path))?;
        for directory in [path, &capsules] {
            atomic_file::delete_leftovers(directory).map_err(ResultsError::io(directory))?;
        }
        let lines = path.join(RESULTS);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .append(true)
            .open(&lines)
            .map_err(ResultsError::io(&lines))?;
        let length = read_results(path, |result, line| {
            on_result(&result, line);
            Ok(())
        })?;
        // What is appended must not continue a half line of a killed process.
        file.set_len(length).map_err(ResultsError::io(&lines))?;
        Ok(Self {
            path: path.to_owned(),
            lines: BufWriter::new(file),
        })
    }

    /// Appends the line of one result. It is buffered until [`Self::flush`].
    ///
    /// # Errors
    /// On an output error.
    pub fn append(&mut self, line: &str) -> Result<(), ResultsError> {
        let written = self.lines.write_all(line.as_bytes());
        written.map_err(ResultsError::io(&self.path.join(RESULTS)))
    }

    /// Writes a capsule, replacing the one of the same run that an earlier attempt left.
    ///
    /// # Errors
    /// On an output error.
    pub fn write_capsule(&self, capsule: &Capsule) -> Result<(), ResultsError> {
        let path = self.path.join(CAPSULES).join(capsule.file_name());
        write(&path, &capsule.to_text())
    }

    /// Writes all appended lines to the file.
    ///
    /// # Errors
    /// On an output error.
    pub fn flush(&mut self) -> Result<(), ResultsError> {
        let flushed = self.lines.flush();
        flushed.map_err(ResultsError::io(&self.path.join(RESULTS)))
    }

    /// Flushes the lines, then writes `summary.json` and, for a grid, `grid.csv`.
    ///
    /// # Errors
    /// On an output error.
    pub fn write_summary(&mut self, summary: &str, grid: Option<&str>) -> Result<(), ResultsError> {
        self.flush()?;
        write(&self.path.join(SUMMARY), summary)?;
        match grid {
            Some(grid) => write(&self.path.join(GRID), grid),
            None => Ok(()),
        }
    }

    /// The path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn write(path: &Path, text: &str) -> Result<(), ResultsError> {
    atomic_file::write(path, text.as_bytes()).map_err(ResultsError::io(path))
}

/// The path of a capsule relative to its results directory.
#[must_use]
pub fn capsule_path(name: &str) -> String {
    format!("{CAPSULES}/{name}")
}

/// Reads the manifest of a results directory.
///
/// # Errors
/// If it cannot be read or is not a manifest.
pub fn read_manifest(path: &Path) -> Result<Manifest, ResultsError> {
    let path = path.join(MANIFEST);
    let bytes = fs::read(&path).map_err(ResultsError::io(&path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Foreign(path, format!("not a manifest: {error}")))
}

/// Reads the capsule of the failure at `index` of a result.
///
/// # Errors
/// If it cannot be read, is not a capsule, or belongs to another run.
pub(crate) fn read_capsule(
    path: &Path,
    result: &RunResult,
    index: usize,
) -> Result<Capsule, ResultsError> {
    let signature = &result.failures[index].signature;
    let name = file_name(signature, result.seed, &result.scenario);
    let path = path.join(CAPSULES).join(name);
    let bytes = fs::read(&path).map_err(ResultsError::io(&path))?;
    let capsule = Capsule::parse(&bytes)
        .map_err(|error| ResultsError::Foreign(path.clone(), error.to_string()))?;
    if (capsule.seed, &capsule.digest) != (result.seed, &result.digest) {
        let what = format!("not the run that {RESULTS} has for seed {}", result.seed);
        return Err(ResultsError::Foreign(path, what));
    }
    Ok(capsule)
}

/// The hash of the results that `summary.json` was made from; `None` if there is no summary.
///
/// # Errors
/// If the file cannot be read or is not a summary.
pub(crate) fn summarised_hash(path: &Path) -> Result<Option<String>, ResultsError> {
    #[derive(Deserialize)]
    struct Hash {
        rows_blake3: String,
    }
    let path = path.join(SUMMARY);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ResultsError::Io(path, error)),
    };
    let hash: Hash = serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Foreign(path, format!("not a summary: {error}")))?;
    Ok(Some(hash.rows_blake3))
}

/// Reads the results of a directory one by one, each with its line. Skips an unfinished last line.
/// Returns the length of the finished lines in bytes.
///
/// # Errors
/// If a line cannot be read or is not a result, or `on_result` fails.
pub fn read_results(
    path: &Path,
    mut on_result: impl FnMut(RunResult, &str) -> Result<(), ResultsError>,
) -> Result<u64, ResultsError> {
    let path = path.join(RESULTS);
    let mut reader = BufReader::new(File::open(&path).map_err(ResultsError::io(&path))?);
    let (mut line, mut length, mut number) = (String::new(), 0, 0_u64);
    loop {
        line.clear();
        let read = io::Read::take(&mut reader, LINE_BYTES_MAX as u64)
            .read_line(&mut line)
            .map_err(ResultsError::io(&path))?;
        if read == 0 || !line.ends_with('\n') {
            return Ok(length);
        }
        number += 1;
        let result = serde_json::from_str(&line).map_err(|error| {
            let what = format!("line {number} is not a result: {error}");
            ResultsError::Foreign(path.clone(), what)
        })?;
        on_result(result, &line)?;
        length += read as u64;
    }
}
