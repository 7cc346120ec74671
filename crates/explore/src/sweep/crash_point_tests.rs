//! A sweep may stop, fail or lose power after any change that it makes to its directory: the same
//! sweep again always ends with what an undisturbed one writes.
//!
//! A recording file system notes every change. For each prefix of them the state that a crash may
//! leave is built in another directory, and the sweep is resumed there.

mod durability;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use config::plan::Scenario;
use simulation::{LoweringError, Outcome};

use super::*;
use crate::subject::Custom;
use crate::sweep::grid;

const SEEDS: u64 = 40;
/// The seed that ends last: all later ones end before their turn.
const SLOW: u64 = 7;
/// Of some forty minutes about half leak a block.
const LEAK: &[u8] = include_bytes!("../../../../sims/casebook/q303102-cb-leak.toml");
const SET: [&str; 5] = [
    "duration=20m",
    "workload.mail.end=15m",
    "fault={}",
    "link.wan.unreachable_after=24h",
    "link.wan.loss={ outages = { ping_success = \"1/2\", mean_outage = \"60s\" } }",
];

/// A change of the directory.
#[derive(Clone, Debug)]
enum Change {
    CreateDirectory(PathBuf),
    Create(PathBuf, Vec<u8>),
    Append(PathBuf, Vec<u8>),
    Truncate(PathBuf, u64),
    SyncFile(PathBuf),
    SyncDirectory(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// Carries changes out and notes them; from `fail_at` on it refuses them.
#[derive(Debug)]
struct Recorder {
    root: PathBuf,
    changes: Mutex<Vec<Change>>,
    fail_at: usize,
}

impl Recorder {
    fn new(root: &Path, fail_at: usize) -> Arc<Self> {
        Arc::new(Self {
            root: root.to_owned(),
            changes: Mutex::default(),
            fail_at,
        })
    }

    /// Carries out a change, unless it is the one that fails.
    fn change<T>(&self, change: impl FnOnce(&Self) -> io::Result<(T, Change)>) -> io::Result<T> {
        let mut changes = self.changes.lock().expect("no panic");
        if changes.len() >= self.fail_at {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let (result, change) = change(self)?;
        changes.push(change);
        Ok(result)
    }

    fn name(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root)
            .expect("below the root")
            .to_owned()
    }
}

impl FileSystem for Recorder {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.change(|it| {
            Ok(((), {
                Disk.create_directory(path)?;
                Change::CreateDirectory(it.name(path))
            }))
        })
    }

    fn create_temporary(&self, directory: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        self.change(|it| {
            let path = Disk.create_temporary(directory, bytes)?;
            let change = Change::Create(it.name(&path), bytes.to_owned());
            Ok((path, change))
        })
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.change(|it| {
            Disk.append(path, bytes)?;
            Ok(((), Change::Append(it.name(path), bytes.to_owned())))
        })
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.change(|it| {
            Disk.truncate(path, length)?;
            Ok(((), Change::Truncate(it.name(path), length)))
        })
    }

    // Nothing is really synchronised: the tests ask what would be lost.
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.change(|it| Ok(((), Change::SyncFile(it.name(path)))))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.change(|it| Ok(((), Change::SyncDirectory(it.name(path)))))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|it| {
            Disk.rename(from, to)?;
            Ok(((), Change::Rename(it.name(from), it.name(to))))
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|it| {
            Disk.remove(path)?;
            Ok(((), Change::Remove(it.name(path))))
        })
    }
}

/// What a crash may leave of changes that were not synchronised.
#[derive(Clone, Copy, Debug)]
enum Crash {
    /// The process ended: everything is there.
    Process,
    /// The process ended in the middle of its last write.
    Torn,
    /// The power failed: names and content that were not synchronised are lost.
    Power,
    /// The power failed when names had reached the disk and content had not.
    NamesOnly,
}

/// A file or directory as the process sees it and as the disk has it.
#[derive(Clone, Debug, Default)]
struct Model {
    /// Content of files by number, now and on the disk.
    now: Vec<Vec<u8>>,
    on_disk: Vec<Vec<u8>>,
    /// Files by name; `None` is a directory.
    names: BTreeMap<PathBuf, Option<usize>>,
    names_on_disk: BTreeMap<PathBuf, Option<usize>>,
}

impl Model {
    fn of(changes: &[Change]) -> Self {
        let mut model = Self::default();
        changes.iter().for_each(|change| model.apply(change));
        model
    }

    fn create(&mut self, path: &Path) -> usize {
        self.now.push(Vec::new());
        self.on_disk.push(Vec::new());
        let file = self.now.len() - 1;
        self.names.insert(path.to_owned(), Some(file));
        file
    }

    fn file(&self, path: &Path) -> Option<usize> {
        self.names.get(path).copied().flatten()
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::CreateDirectory(path) => {
                self.names.insert(path.clone(), None);
            }
            Change::Create(path, bytes) => {
                let file = self.create(path);
                self.now[file].clone_from(bytes);
            }
            Change::Append(path, bytes) => {
                let file = self.file(path).unwrap_or_else(|| self.create(path));
                self.now[file].extend(bytes);
            }
            Change::Truncate(path, length) => {
                let file = self.file(path).expect("it is there");
                self.now[file].truncate(usize::try_from(*length).expect("small"));
            }
            Change::SyncFile(path) => {
                let file = self.file(path).expect("it is there");
                self.on_disk[file] = self.now[file].clone();
            }
            Change::SyncDirectory(path) => {
                let is_in = |name: &Path| name.parent() == Some(path);
                self.names_on_disk.retain(|name, _| !is_in(name));
                let names = self.names.iter().filter(|(name, _)| is_in(name));
                let names: Vec<_> = names.map(|(name, file)| (name.clone(), *file)).collect();
                self.names_on_disk.extend(names);
            }
            Change::Rename(from, to) => {
                let file = self.names.remove(from).expect("it is there");
                self.names.insert(to.clone(), file);
            }
            Change::Remove(path) => {
                self.names.remove(path).expect("it is there");
            }
        }
    }

    /// The files that a crash leaves; `None` is a directory.
    fn left(&self, crash: Crash, last: Option<&Change>) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let (names, content) = match crash {
            Crash::Process | Crash::Torn => (&self.names, &self.now),
            Crash::Power => (&self.names_on_disk, &self.on_disk),
            Crash::NamesOnly => (&self.names, &self.on_disk),
        };
        let mut left: BTreeMap<_, _> = names
            .iter()
            .map(|(name, file)| (name.clone(), file.map(|file| content[file].clone())))
            .collect();
        if let (Crash::Torn, Some(Change::Append(path, bytes) | Change::Create(path, bytes))) =
            (crash, last)
            && let Some(Some(content)) = left.get_mut(path)
        {
            content.truncate(content.len() - bytes.len() / 2);
        }
        // What is in a directory that is lost is lost with it.
        let is_there = |name: &Path| name == Path::new("") || left.contains_key(name);
        let lost: Vec<PathBuf> = left
            .keys()
            .filter(|name| !name.parent().is_none_or(is_there))
            .cloned()
            .collect();
        left.retain(|name, _| !lost.contains(name));
        left
    }
}

fn build(root: &Path, files: &BTreeMap<PathBuf, Option<Vec<u8>>>) {
    fs::create_dir_all(root).expect("a directory");
    for (name, content) in files {
        let path = root.join(name);
        match content {
            None => fs::create_dir_all(&path).expect("a directory"),
            Some(bytes) => fs::write(&path, bytes).expect("a file"),
        }
    }
}

/// Every file below a directory.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = PathBuf::from(path.file_name().expect("a name"));
        if path.is_dir() {
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).expect("a file"));
        }
    }
    found
}

/// Results that are computed once and remembered, so that a resumed sweep costs nothing. While `hold`
/// is set, the slow seed waits for all others.
#[derive(Default)]
struct Remembered {
    outcomes: Mutex<BTreeMap<u64, Outcome>>,
    others: Mutex<u64>,
    changed: Condvar,
    hold: bool,
}

impl Remembered {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        if self.hold {
            let mut others = self.others.lock().expect("no panic");
            if seed == SLOW {
                let waited = self.changed.wait_while(others, |it| *it < SEEDS - 1);
                drop(waited.expect("no panic"));
            } else {
                *others += 1;
                self.changed.notify_all();
            }
        }
        if let Some(outcome) = self.outcomes.lock().expect("no panic").get(&seed) {
            return Ok(outcome.clone());
        }
        let outcome = crate::run(scenario, seed, options)?;
        self.outcomes
            .lock()
            .expect("no panic")
            .insert(seed, outcome.clone());
        Ok(outcome)
    }
}

struct Fixture {
    folder: tempfile::TempDir,
    points: Arc<Vec<GridPoint>>,
    outcomes: BTreeMap<u64, Outcome>,
}

impl Fixture {
    fn new() -> Self {
        let set = SET.map(str::to_owned);
        let points = grid::points("leak", LEAK, &set, &[]).expect("a scenario");
        let options = Options {
            keep_records: false,
        };
        let outcome = |seed| crate::run(&points[0].scenario, seed, options).expect("a run");
        let outcomes = (0..SEEDS).map(|seed| (seed, outcome(seed))).collect();
        Self {
            folder: tempfile::tempdir().expect("a directory"),
            points: Arc::new(points),
            outcomes,
        }
    }

    fn sweep(
        &self,
        out: &Path,
        jobs: usize,
        hold: bool,
        disk: Arc<Recorder>,
    ) -> Result<SweepResult, SweepError> {
        let plan = SweepPlan {
            axes: Vec::new(),
            points: Arc::clone(&self.points),
            swarm: None,
            seeds: SeedRange { from: 0, to: SEEDS },
            shard: Shard::WHOLE,
            jobs: NonZeroUsize::new(jobs).expect("some"),
            stop_after: None,
            keep_going: false,
            recheck: 0,
            out: Some(out.to_owned()),
            handle_signals: false,
        };
        let remembered = Remembered {
            outcomes: Mutex::new(self.outcomes.clone()),
            hold,
            ..Remembered::default()
        };
        let subject = Custom(move |scenario: &Scenario, seed, options| {
            remembered.run(scenario, seed, options)
        });
        let storage = Storage {
            disk,
            sync_every: Duration::from_millis(1),
        };
        sweep_on(&plan, Arc::new(subject), storage, |_| {})
    }

    /// A sweep of which nothing fails and in which most runs end before their turn.
    fn recorded(&self, name: &str) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<Change>) {
        let root = self.folder.path().join(name);
        let recorder = Recorder::new(&root, usize::MAX);
        let swept = self.sweep(&root, 2, true, Arc::clone(&recorder));
        let swept = swept.expect("it runs");
        assert_eq!(swept.stop_reason, StopReason::Complete);
        assert_eq!(swept.repairs.count, 0);
        let failing = swept.statistics.total().failing;
        assert!((5..SEEDS).contains(&failing), "{failing}");
        let changes = recorder.changes.lock().expect("no panic").clone();
        (files(&root), changes)
    }

    /// Resumes in a directory and compares the end.
    fn resume(&self, root: &Path, expected: &BTreeMap<PathBuf, Vec<u8>>, what: &str) {
        let disk = Recorder::new(root, usize::MAX);
        let resumed = self.sweep(root, 1, false, disk);
        let resumed = resumed.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(resumed.stop_reason, StopReason::Complete, "{what}");
        let found = files(root);
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(expected), "{what}");
        let differs = found
            .iter()
            .find(|(name, bytes)| expected[*name] != **bytes);
        assert!(differs.is_none(), "{what}: {:?}", differs.map(|it| it.0));
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for docs/reliability.md")]
fn a_sweep_resumes_from_whatever_a_crash_leaves() {
    let fixture = Fixture::new();
    let (expected, changes) = fixture.recorded("whole");
    let (mut seen, mut tried) = (BTreeSet::new(), 0);
    for length in 0..=changes.len() {
        let prefix = &changes[..length];
        let model = Model::of(prefix);
        for crash in [Crash::Process, Crash::Torn, Crash::Power, Crash::NamesOnly] {
            let left = model.left(crash, prefix.last());
            if !seen.insert(left.clone()) {
                continue;
            }
            tried += 1;
            let root = fixture.folder.path().join(format!("{length}-{crash:?}"));
            build(&root, &left);
            fixture.resume(
                &root,
                &expected,
                &format!("{length} {crash:?} {:?}", prefix.last()),
            );
            fs::remove_dir_all(&root).expect("it is there");
        }
    }
    println!("{} changes, {tried} different states", changes.len());
    assert!(
        changes.len() > 100 && tried > changes.len(),
        "{} {tried}",
        changes.len()
    );
}

/// No row that was in a file when the process ended is run again.
#[test]
fn a_killed_process_loses_no_finished_run() {
    let fixture = Fixture::new();
    let (_, changes) = fixture.recorded("whole");
    for length in (0..=changes.len()).step_by(7) {
        let prefix = &changes[..length];
        let root = fixture.folder.path().join(length.to_string());
        build(&root, &Model::of(prefix).left(Crash::Process, None));
        let kept: BTreeSet<&[u8]> = prefix
            .iter()
            .filter_map(|change| {
                if let Change::Append(_, bytes) = change {
                    Some(&bytes[..]).filter(|bytes| !bytes.is_empty())
                } else {
                    None
                }
            })
            .collect();
        let resumed = fixture.sweep(&root, 1, false, Recorder::new(&root, usize::MAX));
        let resumed = resumed.expect("it runs").resumed;
        assert_eq!(resumed, kept.len() as u64, "after {length} changes");
    }
}

/// Each change fails once, as on a full disk: the sweep says so, returns what it found, and resumes
/// when there is space again.
#[test]
fn a_sweep_resumes_after_any_change_that_failed() {
    fail_changes(3);
}

#[test]
#[ignore = "campaign: all changes fail once, not a third of them"]
fn a_sweep_resumes_after_every_change_that_failed() {
    fail_changes(1);
}

/// Makes every `step`th change fail, each in a sweep of its own.
fn fail_changes(step: usize) {
    let fixture = Fixture::new();
    let (expected, changes) = fixture.recorded("whole");
    for fail_at in (0..changes.len()).step_by(step) {
        let root = fixture.folder.path().join(fail_at.to_string());
        let failed = fixture.sweep(&root, 2, true, Recorder::new(&root, fail_at));
        match failed {
            Err(SweepError::Results(ResultsError::Io(_, error))) => {
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            }
            Ok(result) => match result.write_error {
                Some(ResultsError::Io(..)) => {
                    assert_eq!(result.stop_reason, StopReason::CannotWrite);
                }
                // The number of ticks, and so of changes, differs from sweep to sweep.
                None => assert!(fail_at * 2 > changes.len(), "{fail_at}"),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
        fixture.resume(&root, &expected, &format!("{fail_at} failed"));
        fs::remove_dir_all(&root).expect("it is there");
    }
}
