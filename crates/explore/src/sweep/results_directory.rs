//! The directory that a sweep writes: `sweep.json`, `seeds.jsonl`, `summary.json`, `grid.csv` and
//! `capsules/`.
//!
//! Rows are in `seeds.jsonl` in the order of seeds. A row that ends before its turn is in
//! `early.jsonl` until then, so that no finished run is lost. Every row and capsule has a checksum
//! and is checked when a sweep resumes; the seeds of damaged rows are run again. All other files are replaced
//! whole. A directory that holds another sweep is rejected, never overwritten.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::untrusted_text;
use serde::Deserialize;

use crate::file_system::{self, FileSystem};
use crate::plain_file;
use crate::repro::capsule::{self, Capsule, file_name};
use crate::run_result::RunResult;
use crate::sweep::lock::{DirectoryLock, LOCK, LockError};
use crate::sweep::manifest::{MANIFEST, Manifest, read_manifest};
use crate::sweep::repairs::Repairs;
use crate::sweep::results_error::ResultsError;
use crate::sweep::rows::{self, NumberedRow, Row};

/// The names of everything that a sweep writes to its directory.
pub const NAMES: [&str; 7] = [MANIFEST, RESULTS, EARLY, SUMMARY, GRID, CAPSULES, LOCK];

const RESULTS: &str = "seeds.jsonl";
const EARLY: &str = "early.jsonl";
const SUMMARY: &str = "summary.json";
const GRID: &str = "grid.csv";
const CAPSULES: &str = "capsules";
/// The longest summary that is read.
const SUMMARY_MAX: u64 = 1 << 30;

/// An open results directory. Nobody else writes to it.
#[derive(Debug)]
pub(crate) struct ResultsDirectory {
    path: PathBuf,
    results: PathBuf,
    early: PathBuf,
    disk: Arc<dyn FileSystem>,
    /// Where the rows in `early.jsonl` are whose turn has not come, by number of run.
    waiting: BTreeMap<u64, Range<u64>>,
    /// Bytes of `early.jsonl`.
    early_length: u64,
    is_results_dirty: bool,
    is_early_dirty: bool,
    /// Deleted last.
    _lock: DirectoryLock,
}

/// What a directory held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct DirectoryContents {
    /// Rows in their place in `seeds.jsonl`.
    pub(crate) in_order: u64,
    /// Rows of later runs, by number of run.
    pub(crate) early: BTreeMap<u64, Range<u64>>,
    /// What was damaged.
    pub(crate) repairs: Repairs,
}

impl DirectoryContents {
    /// Rows that are missing at the end leave no line that could be named. The summary, which is written after
    /// them, tells how many there were.
    fn name_missing_rows(&mut self, summary: Option<Summarised>) {
        let rows = self.in_order + self.early.len() as u64;
        if let Some(Summarised { runs, .. }) = summary
            && runs > rows
            && self.repairs.count == 0
        {
            let missing = runs - rows;
            self.repairs
                .add(format!("{RESULTS}: {missing} of {runs} rows are missing"));
        }
    }
}

impl ResultsDirectory {
    /// Opens the directory of a sweep, creating it if necessary, and passes every result that is in
    /// its place to `on_result`, with its line. `is_of_sweep` says whether a result is that of the
    /// run of this number.
    ///
    /// # Errors
    /// On an input or output error, if another process writes to the directory, or if it holds
    /// another sweep or something else.
    pub(crate) fn open(
        path: &Path,
        manifest: &Manifest,
        disk: Arc<dyn FileSystem>,
        is_of_sweep: impl Fn(&RunResult, u64) -> bool,
        on_result: impl FnMut(&RunResult, &str),
    ) -> Result<(Self, DirectoryContents), ResultsError> {
        check_content(path, manifest)?;
        let io = ResultsError::io(path);
        disk.create_directory(path).map_err(&io)?;
        let lock = DirectoryLock::take(path).map_err(|error| match error {
            LockError::Held(owner) => ResultsError::Locked(path.to_owned(), owner),
            LockError::Io(path, error) => ResultsError::Io(path, error),
        })?;
        // Another process may have begun another sweep before the lock was taken.
        if !check_content(path, manifest)? {
            let text = serde_json::to_string_pretty(manifest).expect("plain data");
            let text = format!("{}\n", untrusted_text::json(&text));
            replace(&*disk, &path.join(MANIFEST), &text)?;
        }
        let capsules = path.join(CAPSULES);
        disk.create_directory(&capsules).map_err(&io)?;
        for directory in [path, &capsules] {
            file_system::delete_leftovers(&*disk, directory)
                .map_err(ResultsError::io(directory))?;
        }
        let results = path.join(RESULTS);
        // A shard without seeds has a file without rows.
        disk.append(&results, b"")
            .map_err(ResultsError::io(&results))?;
        disk.sync_directory(path).map_err(&io)?;
        let mut directory = Self {
            path: path.to_owned(),
            results,
            early: path.join(EARLY),
            disk,
            waiting: BTreeMap::new(),
            early_length: 0,
            is_results_dirty: false,
            is_early_dirty: false,
            _lock: lock,
        };
        let mut found = directory.restore(manifest, is_of_sweep, on_result)?;
        // A damaged summary is written again.
        found.name_missing_rows(summarised(path).ok().flatten());
        directory.waiting.clone_from(&found.early);
        Ok((directory, found))
    }

    /// Reads all rows, and brings the files into the state that a sweep goes on from: `seeds.jsonl`
    /// has a row for each of the first runs and nothing else, `early.jsonl` has all others.
    fn restore(
        &mut self,
        manifest: &Manifest,
        is_of_sweep: impl Fn(&RunResult, u64) -> bool,
        mut on_result: impl FnMut(&RunResult, &str),
    ) -> Result<DirectoryContents, ResultsError> {
        self.cut_unfinished_line()?;
        let number_of = |result: &RunResult| {
            let number = manifest.number_of(result);
            number.filter(|&number| is_of_sweep(result, number))
        };
        let mut found = DirectoryContents::default();
        let mut cut_at = None;
        let results = self.results.clone();
        rows::read(&results, |line| {
            let due = found.in_order;
            match &line.row {
                Row::Intact(result, text)
                    if cut_at.is_none() && due < manifest.runs() && is_of_sweep(result, due) =>
                {
                    on_result(result, text);
                    found.in_order += 1;
                    return Ok(());
                }
                // A good row behind a bad one saves its seed from being run again.
                Row::Intact(result, text) if number_of(result).is_some() => {
                    self.append_early(text)?;
                }
                Row::Intact(..) | Row::Damaged(_) | Row::Unfinished => {}
            }
            if let Some(what) = damage(&line, cut_at.is_none(), manifest, due) {
                found.repairs.add(format!("{RESULTS}: {what}"));
            }
            cut_at.get_or_insert(line.range.start);
            Ok(())
        })
        .map_err(|error: LinesError| error.into_results(&results))?;
        // First the rows are safe in the other file, then they are cut off here. A crash in between
        // leaves them in both, which does no harm.
        if let Some(length) = cut_at {
            self.sync_early()?;
            let io = ResultsError::io(&results);
            self.disk.truncate(&results, length).map_err(&io)?;
            self.disk.sync_file(&results).map_err(&io)?;
        }
        let early = self.early.clone();
        rows::read(&early, |line| {
            match &line.row {
                Row::Intact(result, _) => {
                    // Rows that have had their turn since are in `seeds.jsonl`: the process died
                    // before it could empty this file.
                    let number = number_of(result).filter(|it| *it >= found.in_order);
                    number.map(|number| found.early.insert(number, line.range.clone()));
                }
                Row::Damaged(what) => {
                    found
                        .repairs
                        .add(format!("{EARLY}: line {}: {what}", line.number));
                }
                Row::Unfinished => {}
            }
            self.early_length = line.range.end;
            Ok(())
        })
        .map_err(|error: LinesError| error.into_results(&early))?;
        Ok(found)
    }

    /// What is appended to `early.jsonl` must not continue the half line of a killed process.
    fn cut_unfinished_line(&self) -> Result<(), ResultsError> {
        let mut length = None;
        let io = ResultsError::io(&self.early);
        rows::read(&self.early, |line| {
            if let Row::Unfinished = line.row {
                length = Some(line.range.start);
            }
            Ok::<_, io::Error>(())
        })
        .map_err(&io)?;
        length.map_or(Ok(()), |length| {
            self.disk.truncate(&self.early, length).map_err(&io)
        })
    }

    /// Keeps the row of run `number`, whose turn has not come. It is in the file at once, and on the
    /// disk after [`Self::sync`].
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn keep_early(&mut self, number: u64, line: &str) -> Result<(), ResultsError> {
        let start = self.early_length;
        self.append_early(line)?;
        self.early_length += line.len() as u64;
        self.waiting.insert(number, start..self.early_length);
        Ok(())
    }

    fn append_early(&mut self, line: &str) -> Result<(), ResultsError> {
        self.is_early_dirty = true;
        let appended = self.disk.append(&self.early, line.as_bytes());
        appended.map_err(ResultsError::io(&self.early))
    }

    /// Appends the row of run `number`, which is the next one.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn append(&mut self, number: u64, line: &str) -> Result<(), ResultsError> {
        self.is_results_dirty = true;
        let appended = self.disk.append(&self.results, line.as_bytes());
        appended.map_err(ResultsError::io(&self.results))?;
        self.waiting.remove(&number);
        Ok(())
    }

    /// The number of rows whose turn has not come.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Moves all rows to the disk.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn sync(&mut self) -> Result<(), ResultsError> {
        if self.is_results_dirty {
            let synced = self.disk.sync_file(&self.results);
            // The first row created the file.
            let synced = synced.and_then(|()| self.disk.sync_directory(&self.path));
            synced.map_err(ResultsError::io(&self.results))?;
            self.is_results_dirty = false;
        }
        if self.waiting.is_empty() && self.early_length > 0 {
            // All its rows are in `seeds.jsonl`, on the disk.
            let cut = self.disk.truncate(&self.early, 0);
            cut.map_err(ResultsError::io(&self.early))?;
            self.early_length = 0;
            self.is_early_dirty = false;
        }
        self.sync_early()
    }

    fn sync_early(&mut self) -> Result<(), ResultsError> {
        if self.is_early_dirty {
            let synced = self.disk.sync_file(&self.early);
            let synced = synced.and_then(|()| self.disk.sync_directory(&self.path));
            synced.map_err(ResultsError::io(&self.early))?;
            self.is_early_dirty = false;
        }
        Ok(())
    }

    /// Writes a capsule, unless the directory has it intact.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn write_capsule(&self, capsule: &Capsule) -> Result<(), ResultsError> {
        let path = self.path.join(CAPSULES).join(capsule.file_name());
        replace(&*self.disk, &path, &capsule.to_text())
    }

    /// Checks that a capsule can be made again where a missing or damaged one should be.
    ///
    /// # Errors
    /// If what is there is no plain file: it is not replaced.
    pub(crate) fn check_capsule(
        &self,
        result: &RunResult,
        index: usize,
    ) -> Result<(), ResultsError> {
        let path = path_of_capsule(&self.path, result, index);
        plain_file::check_replaceable(&path).map_err(ResultsError::io(&path))
    }

    /// Deletes the capsule of a failure that turned out not to need one, if it is there.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn delete_capsule(
        &self,
        result: &RunResult,
        index: usize,
    ) -> Result<(), ResultsError> {
        let path = path_of_capsule(&self.path, result, index);
        match path.is_file() {
            true => self.disk.remove(&path).map_err(ResultsError::io(&path)),
            false => Ok(()),
        }
    }

    /// Moves all rows to the disk, then writes `summary.json` and, for a grid, `grid.csv`.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn write_summary(
        &mut self,
        summary: &str,
        grid: Option<&str>,
    ) -> Result<(), ResultsError> {
        // Before the summary: it has the hash of the rows, and `merge` takes a part with a summary
        // for finished.
        self.sync()?;
        replace(&*self.disk, &self.path.join(SUMMARY), summary)?;
        match grid {
            Some(grid) => replace(&*self.disk, &self.path.join(GRID), grid),
            None => Ok(()),
        }
    }

    /// Deletes the rows whose turn did not come, and their capsules: the sweep is over. The rows of
    /// a finished sweep are all in `seeds.jsonl`.
    ///
    /// # Errors
    /// On an output error.
    pub(crate) fn delete_early(&mut self) -> Result<(), ResultsError> {
        for range in std::mem::take(&mut self.waiting).into_values() {
            if let Some((result, _)) = rows::read_at(&self.early, &range) {
                let mut indices = 0..result.failures.len();
                indices.try_for_each(|index| self.delete_capsule(&result, index))?;
            }
        }
        match self.early.is_file() {
            true => self
                .disk
                .remove(&self.early)
                .map_err(ResultsError::io(&self.early)),
            false => Ok(()),
        }
    }

    /// The path of `early.jsonl`.
    pub(crate) fn early_path(&self) -> PathBuf {
        self.early.clone()
    }
}

/// Why lines are not read on: the file cannot be read, or what was to be done with a line failed.
enum LinesError {
    Io(io::Error),
    Results(ResultsError),
}

impl From<io::Error> for LinesError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ResultsError> for LinesError {
    fn from(error: ResultsError) -> Self {
        Self::Results(error)
    }
}

impl LinesError {
    fn into_results(self, path: &Path) -> ResultsError {
        match self {
            Self::Io(error) => ResultsError::Io(path.to_owned(), error),
            Self::Results(error) => error,
        }
    }
}

/// What is wrong with a line of `seeds.jsonl` in place of run `due`; `None` if nothing is, or
/// if an earlier row is out of place already: all rows behind it are then, too.
fn damage(line: &NumberedRow<'_>, is_first: bool, manifest: &Manifest, due: u64) -> Option<String> {
    let number = line.number;
    match &line.row {
        Row::Damaged(what) => Some(format!("line {number}: {what}")),
        Row::Intact(result, _) if is_first && due < manifest.runs() => {
            let (seed, _) = manifest.run_at(due);
            let found = result.seed;
            Some(match found == seed {
                true => format!("line {number}: seed {seed} of another scenario"),
                false => format!("line {number}: seed {found} in place of seed {seed}"),
            })
        }
        Row::Intact(result, _) if is_first => {
            let found = result.seed;
            Some(format!("line {number}: one row too many, of seed {found}"))
        }
        Row::Intact(..) | Row::Unfinished => None,
    }
}

/// Checks that a directory is that of this sweep, or is not in use. Returns whether it has a
/// manifest.
fn check_content(path: &Path, manifest: &Manifest) -> Result<bool, ResultsError> {
    // Before the runs: a link or a pipe in place of the summary would be found after them.
    for file in [MANIFEST, RESULTS, EARLY, SUMMARY, GRID].map(|name| path.join(name)) {
        plain_file::check_replaceable(&file).map_err(ResultsError::io(&file))?;
    }
    let capsules = path.join(CAPSULES);
    plain_file::check_directory(&capsules).map_err(ResultsError::io(&capsules))?;
    if path.join(MANIFEST).exists() {
        let differences = read_manifest(path)?.differences(manifest);
        if !differences.is_empty() {
            let what = format!("it holds another sweep: {}", differences.join(", "));
            return Err(ResultsError::Foreign(path.to_owned(), what));
        }
        return Ok(true);
    }
    let names = [RESULTS, EARLY, SUMMARY, GRID, CAPSULES];
    if let Some(name) = names.into_iter().find(|name| path.join(name).exists()) {
        let what = format!("it has a {name} but no {MANIFEST}; it is left as it is");
        return Err(ResultsError::Foreign(path.to_owned(), what));
    }
    Ok(false)
}

fn replace(disk: &dyn FileSystem, path: &Path, text: &str) -> Result<(), ResultsError> {
    file_system::replace(disk, path, text.as_bytes()).map_err(ResultsError::io(path))
}

/// The path of a capsule relative to its results directory.
#[must_use]
pub fn capsule_path(name: &str) -> String {
    format!("{CAPSULES}/{name}")
}

fn path_of_capsule(directory: &Path, result: &RunResult, index: usize) -> PathBuf {
    let signature = &result.failures[index].signature;
    let name = file_name(signature, result.seed, &result.scenario);
    directory.join(CAPSULES).join(name)
}

/// Reads a capsule in a directory to which this process writes.
///
/// # Errors
/// As for [`read_capsule`], and if it is a symbolic link: if it were damaged, it could not be replaced.
pub(crate) fn read_own_capsule(
    directory: &Path,
    result: &RunResult,
    index: usize,
) -> Result<Capsule, ResultsError> {
    let path = path_of_capsule(directory, result, index);
    plain_file::check_replaceable(&path).map_err(ResultsError::io(&path))?;
    read_capsule(directory, result, index)
}

/// Reads the capsule of the failure at `index` of a result.
///
/// # Errors
/// If it cannot be read, is not a capsule, or belongs to another run.
pub(crate) fn read_capsule(
    directory: &Path,
    result: &RunResult,
    index: usize,
) -> Result<Capsule, ResultsError> {
    let path = path_of_capsule(directory, result, index);
    let file = plain_file::open(&path).map_err(ResultsError::io(&path))?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the parser sees the excess.
    let mut file = io::Read::take(file, capsule::SIZE_MAX as u64 + 1);
    io::Read::read_to_end(&mut file, &mut bytes).map_err(ResultsError::io(&path))?;
    let capsule = Capsule::parse(&bytes)
        .map_err(|error| ResultsError::Foreign(path.clone(), error.to_string()))?;
    // The name does not have the digest: a capsule that another build wrote under it is of another
    // run.
    let is_of_run = (capsule.seed, &capsule.digest) == (result.seed, &result.digest)
        && capsule.failure == result.failures[index];
    if !is_of_run {
        let what = format!("not the run that {RESULTS} has for seed {}", result.seed);
        return Err(ResultsError::Foreign(path, what));
    }
    Ok(capsule)
}

/// The results that `summary.json` was made from.
#[derive(Deserialize)]
pub(crate) struct Summarised {
    pub(crate) rows_blake3: String,
    pub(crate) runs: u64,
}

/// The results that `summary.json` was made from; `None` if there is no summary.
///
/// # Errors
/// If the file cannot be read or is not a summary.
pub(crate) fn summarised(path: &Path) -> Result<Option<Summarised>, ResultsError> {
    let path = path.join(SUMMARY);
    let file = match plain_file::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ResultsError::Io(path, error)),
    };
    // All else is skipped, so memory stays small.
    let reader = io::Read::take(io::BufReader::new(file), SUMMARY_MAX);
    let found = serde_json::from_reader(reader)
        .map_err(|error| ResultsError::Foreign(path, format!("not a summary: {error}")))?;
    Ok(Some(found))
}

/// Reads the results of a directory one by one, each with its line. Skips an unfinished last line.
///
/// # Errors
/// If a line cannot be read or is not a result, or `on_result` fails.
pub fn read_results(
    path: &Path,
    mut on_result: impl FnMut(RunResult, &str) -> Result<(), ResultsError>,
) -> Result<(), ResultsError> {
    let path = path.join(RESULTS);
    if !path.exists() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return Err(ResultsError::Io(path, error));
    }
    rows::read(&path, |line| match line.row {
        Row::Intact(result, text) => Ok(on_result(*result, text)?),
        Row::Damaged(what) => {
            let what = format!(
                "line {}: {what}; the same sweep again mends it",
                line.number
            );
            Err(LinesError::Results(ResultsError::Foreign(
                path.clone(),
                what,
            )))
        }
        Row::Unfinished => Ok(()),
    })
    .map_err(|error: LinesError| error.into_results(&path))
}
