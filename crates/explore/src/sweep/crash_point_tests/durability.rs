//! What a sweep has finished survives a power failure, because it is synchronised. Without the
//! synchronisation it would be run again, which the other tests do not notice.

use super::*;

impl Fixture {
    /// How many seeds need not be run again after a power failure at the end of these changes, and
    /// whether the directory ends as expected. No run is kept in a directory that is refused.
    fn kept(&self, name: &str, changes: &[Change], crash: Crash, expected: &Files) -> (u64, bool) {
        let root = self.folder.path().join(name);
        build(&root, &Model::of(changes).left(crash, None));
        let disk = Recorder::new(&root, usize::MAX);
        let resumed = self.sweep(&root, 1, false, disk);
        let Ok(resumed) = resumed else {
            return (0, false);
        };
        assert_eq!(resumed.stop_reason, StopReason::Complete);
        let is_same = files(&root) == *expected;
        fs::remove_dir_all(&root).expect("it is there");
        (resumed.resumed, is_same)
    }
}

type Files = BTreeMap<PathBuf, Vec<u8>>;
/// Whether a store leaves a change out.
type IsForgotten = fn(&Change) -> bool;

#[test]
fn a_finished_sweep_survives_a_power_failure() {
    let fixture = Fixture::new();
    let (expected, changes) = fixture.recorded("whole");
    for crash in [Crash::Power, Crash::NamesOnly] {
        let kept = fixture.kept("power", &changes, crash, &expected);
        assert_eq!(kept, (SEEDS, true), "{crash:?}");
    }
}

/// A store that forgets to synchronise content, or names, loses runs to a power failure.
#[test]
fn a_store_that_does_not_synchronise_loses_runs() {
    let fixture = Fixture::new();
    let (expected, changes) = fixture.recorded("whole");
    let forgets: [(&str, Crash, IsForgotten); 3] = [
        ("content", Crash::Power, |it| {
            matches!(it, Change::SyncFile(_))
        }),
        ("content-alone", Crash::NamesOnly, |it| {
            matches!(it, Change::SyncFile(_))
        }),
        ("names", Crash::Power, |it| {
            matches!(it, Change::SyncDirectory(_))
        }),
    ];
    for (what, crash, is_forgotten) in forgets {
        let done: Vec<Change> = changes
            .iter()
            .filter(|it| !is_forgotten(it))
            .cloned()
            .collect();
        assert!(done.len() < changes.len(), "{what} is synchronised");
        let (kept, _) = fixture.kept(what, &done, crash, &expected);
        assert!(kept < SEEDS, "{what}: {kept}");
    }
}

/// While a sweep goes on, what is synchronised is kept: from one synchronisation to the next, runs are
/// only added.
#[test]
fn a_power_failure_loses_no_run_that_was_synchronised() {
    let fixture = Fixture::new();
    let (expected, changes) = fixture.recorded("whole");
    let syncs = changes.iter().enumerate();
    let syncs = syncs.filter(|(_, it)| matches!(it, Change::SyncFile(_)));
    let mut before = 0;
    for (at, _) in syncs.step_by(5) {
        let (kept, _) = fixture.kept("part", &changes[..=at], Crash::Power, &expected);
        assert!(
            kept >= before,
            "after {at} changes {kept} are left of {before}"
        );
        before = kept;
    }
    assert!(before > SEEDS / 2, "{before}");
}
