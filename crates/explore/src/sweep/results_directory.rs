//! The folder that a sweep writes.
//!
//! Owns `sweep.json` (which sweep it is), `seeds.jsonl` (its rows), `summary.json`, `grid.csv`
//! and `capsules/`. Whole files are written beside their place and renamed into it; rows are
//! appended. It refuses a folder that holds another sweep: nothing is overwritten.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::repro::capsule::{Capsule, file_name};
use crate::run_result::RunResult;
use crate::sweep::grid::Axis;
use crate::sweep::seeds::{SeedRange, Shard};

const MANIFEST: &str = "sweep.json";
const ROWS: &str = "seeds.jsonl";
const SUMMARY: &str = "summary.json";
const GRID: &str = "grid.csv";
const CAPSULES: &str = "capsules";
/// Bytes of one row at most: a scenario's limits keep rows far below.
const ROW_MAX: usize = 1 << 20;

/// Which sweep a folder holds: what its rows are a function of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub schema_version: u32,
    /// The build of mtasim.
    pub mtasim: String,
    /// The scenario's title.
    pub title: String,
    /// The hash of the scenario at every point of the grid.
    pub scenario_hash: String,
    /// All seeds of the sweep.
    pub seeds: SeedRange,
    /// Which part of them is run here.
    pub shard: Shard,
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How many points that makes.
    pub points: u64,
    /// One in so many runs is made twice; 0 for none.
    pub recheck: u64,
    /// Whether every seed has a selection of its own.
    pub swarm: bool,
}

/// A sweep's folder, open for more rows.
#[derive(Debug)]
pub struct ResultsDirectory {
    path: PathBuf,
    rows: BufWriter<File>,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub enum ResultsError {
    /// The system refuses.
    Io(PathBuf, io::Error),
    /// It holds something else.
    Foreign(PathBuf, String),
}

impl Manifest {
    /// The version of this format.
    pub const SCHEMA: u32 = 2;

    /// The seeds run here.
    #[must_use]
    pub fn part(&self) -> SeedRange {
        self.seeds.part(self.shard)
    }

    /// How many runs there are to be.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.part().len().saturating_mul(self.points)
    }

    /// In which respects another manifest differs, in words; empty if in none.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, one: String, two: String| {
            if one != two {
                found.push(format!("{what} {one} instead of {two}"));
            }
        };
        compare(
            "format",
            self.schema_version.to_string(),
            other.schema_version.to_string(),
        );
        compare("build", self.mtasim.clone(), other.mtasim.clone());
        compare(
            "scenario",
            short(&self.scenario_hash),
            short(&other.scenario_hash),
        );
        compare("seeds", self.seeds.to_string(), other.seeds.to_string());
        compare("shard", self.shard.to_string(), other.shard.to_string());
        compare("axes", words(&self.axes), words(&other.axes));
        compare(
            "recheck",
            self.recheck.to_string(),
            other.recheck.to_string(),
        );
        compare("swarm", self.swarm.to_string(), other.swarm.to_string());
        found
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn words(axes: &[Axis]) -> String {
    let axes = axes.iter();
    let axes: Vec<String> = axes
        .map(|axis| format!("{}={}", axis.path, axis.values.join(",")))
        .collect();
    format!("[{}]", axes.join(" "))
}

impl ResultsDirectory {
    /// Opens a folder for a sweep, making it if need be, and hands every row it holds already
    /// to `known`. An unfinished last line, left by a sweep that was killed, is taken away.
    ///
    /// # Errors
    /// If the system refuses, or the folder holds another sweep or something else.
    pub fn open(
        path: &Path,
        manifest: &Manifest,
        mut known: impl FnMut(&RunResult, &str),
    ) -> Result<Self, ResultsError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| ResultsError::Io(path, error)
        };
        let place = path.join(MANIFEST);
        if place.exists() {
            let held = read_manifest(path)?;
            let differences = held.differences(manifest);
            if !differences.is_empty() {
                let what = format!("it holds another sweep: {}", differences.join(", "));
                return Err(ResultsError::Foreign(path.to_owned(), what));
            }
        } else if let Some(name) = [ROWS, SUMMARY, GRID, CAPSULES]
            .into_iter()
            .find(|name| path.join(name).exists())
        {
            let what = format!("it has a {name} and no {MANIFEST}: nothing is written over it");
            return Err(ResultsError::Foreign(path.to_owned(), what));
        } else {
            fs::create_dir_all(path).map_err(io(path))?;
            let mut text = serde_json::to_string_pretty(manifest).expect("plain data");
            text.push('\n');
            write_atomically(&place, text.as_bytes()).map_err(io(&place))?;
        }
        fs::create_dir_all(path.join(CAPSULES)).map_err(io(path))?;
        let rows_path = path.join(ROWS);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .append(true)
            .open(&rows_path)
            .map_err(io(&rows_path))?;
        let whole = read_rows(path, |row, line| {
            known(&row, line);
            Ok(())
        })?;
        file.set_len(whole).map_err(io(&rows_path))?;
        Ok(Self {
            path: path.to_owned(),
            rows: BufWriter::new(file),
        })
    }

    /// Appends the line of one row.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn append(&mut self, line: &str) -> Result<(), ResultsError> {
        let result = self.rows.write_all(line.as_bytes());
        result.map_err(|error| ResultsError::Io(self.path.join(ROWS), error))
    }

    /// Writes a capsule. One that is there already is of the same run.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn keep(&self, capsule: &Capsule) -> Result<(), ResultsError> {
        let place = self.path.join(CAPSULES).join(capsule.file_name());
        write_atomically(&place, capsule.to_text().as_bytes())
            .map_err(|error| ResultsError::Io(place, error))
    }

    /// Makes sure that all rows are on their way to the disk.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn flush(&mut self) -> Result<(), ResultsError> {
        let result = self.rows.flush();
        result.map_err(|error| ResultsError::Io(self.path.join(ROWS), error))
    }

    /// Writes what the rows add up to.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn summarise(&mut self, summary: &str, grid: Option<&str>) -> Result<(), ResultsError> {
        self.flush()?;
        for (name, text) in [(SUMMARY, Some(summary)), (GRID, grid)] {
            let Some(text) = text else { continue };
            let place = self.path.join(name);
            write_atomically(&place, text.as_bytes())
                .map_err(|error| ResultsError::Io(place, error))?;
        }
        Ok(())
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The path of a capsule within its sweep's folder.
#[must_use]
pub fn capsule_path(name: &str) -> String {
    format!("{CAPSULES}/{name}")
}

/// Which sweep a folder holds.
///
/// # Errors
/// If it cannot be read or holds none.
pub fn read_manifest(path: &Path) -> Result<Manifest, ResultsError> {
    let place = path.join(MANIFEST);
    let bytes = fs::read(&place).map_err(|error| ResultsError::Io(place.clone(), error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Foreign(place, format!("it is no manifest: {error}")))
}

/// The capsule of one failure of a row, by place, as a folder has it.
///
/// # Errors
/// If it cannot be read, is none, or is of another run.
pub(crate) fn read_capsule(
    path: &Path,
    row: &RunResult,
    place: usize,
) -> Result<Capsule, ResultsError> {
    let name = file_name(&row.failures[place].signature, row.seed, &row.scenario);
    let place = path.join(CAPSULES).join(name);
    let bytes = fs::read(&place).map_err(|error| ResultsError::Io(place.clone(), error))?;
    let capsule = Capsule::parse(&bytes)
        .map_err(|error| ResultsError::Foreign(place.clone(), error.to_string()))?;
    if (capsule.seed, &capsule.digest) != (row.seed, &row.digest) {
        let what = format!("it is of another run than the row of seed {}", row.seed);
        return Err(ResultsError::Foreign(place, what));
    }
    Ok(capsule)
}

/// The hash of the rows that a folder's summary speaks of; `None` if it has no summary.
///
/// # Errors
/// If the summary is none.
pub(crate) fn summarised_rows(path: &Path) -> Result<Option<String>, ResultsError> {
    #[derive(Deserialize)]
    struct Known {
        rows_blake3: String,
    }
    let place = path.join(SUMMARY);
    let bytes = match fs::read(&place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ResultsError::Io(place, error)),
    };
    let known: Known = serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Foreign(place, format!("it is no summary: {error}")))?;
    Ok(Some(known.rows_blake3))
}

/// Reads the rows of a folder one by one, each with its own text. An unfinished last line is
/// passed over. Says how many bytes the whole lines have.
///
/// # Errors
/// If a line cannot be read or is no row, or `take` refuses.
pub fn read_rows(
    path: &Path,
    mut take: impl FnMut(RunResult, &str) -> Result<(), ResultsError>,
) -> Result<u64, ResultsError> {
    let place = path.join(ROWS);
    let io = |error| ResultsError::Io(place.clone(), error);
    let mut reader = BufReader::new(File::open(&place).map_err(io)?);
    let (mut line, mut whole, mut number) = (String::new(), 0, 0_u64);
    loop {
        line.clear();
        let length = io::Read::take(&mut reader, ROW_MAX as u64)
            .read_line(&mut line)
            .map_err(io)?;
        if length == 0 || !line.ends_with('\n') {
            return Ok(whole);
        }
        number += 1;
        let row = serde_json::from_str(&line).map_err(|error| {
            ResultsError::Foreign(place.clone(), format!("line {number} is no row: {error}"))
        })?;
        take(row, &line)?;
        whole += length as u64;
    }
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// If the system refuses.
pub fn write_atomically(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = place.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, place)
}

impl fmt::Display for ResultsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::Foreign(path, what) => write!(formatter, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for ResultsError {}
