//! A results directory that someone damaged, or that someone else writes to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use explore::sweep::results_error::ResultsError;
use explore::sweep::{SweepError, SweepPlan, SweepResult};
use explore::{Custom, ShippedBuilds, Subject, sweep};
use tempfile::tempdir;

use crate::fixture::{assert_same, files, plan, plan_with, swept};

const RESULTS: &str = "seeds.jsonl";

fn write(out: &Path, files: &std::collections::BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(out.join("capsules")).expect("a directory");
    for (name, bytes) in files {
        fs::write(out.join(name), bytes).expect("a file");
    }
}

/// Resumes, and counts the runs that are made.
fn resume(plan: &SweepPlan, out: &Path) -> (SweepResult, u64) {
    let made = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&made);
    let subject = Custom(move |scenario: &config::plan::Scenario, seed, options| {
        counted.fetch_add(1, Ordering::Relaxed);
        ShippedBuilds.run(scenario, seed, options)
    });
    let plan = SweepPlan {
        out: Some(out.to_owned()),
        recheck: 0,
        ..plan.clone()
    };
    let resumed = sweep(&plan, Arc::new(subject), |_| {}).expect("the directory is of this sweep");
    (resumed, made.load(Ordering::Relaxed))
}

/// Each way of damaging rows: which is named, and how many seeds are run again.
#[test]
fn damaged_rows_are_named_and_made_again() {
    let folder = tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    let plan = SweepPlan {
        recheck: 0,
        ..plan("3..15", &[])
    };
    swept(&plan, &whole);
    let good = files(&whole);
    let text = String::from_utf8(good[RESULTS].clone()).expect("text");
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    let foreign = folder.path().join("foreign");
    let other = SweepPlan {
        recheck: 0,
        ..plan_with("3..15", &["host.PARIS.cpus=2"])
    };
    swept(&other, &foreign);
    let foreign = fs::read_to_string(foreign.join(RESULTS)).expect("rows");
    let foreign: Vec<&str> = foreign.split_inclusive('\n').collect();
    let edited = rows[5].replace("\"simulated_ns\":1", "\"simulated_ns\":2");
    assert_ne!(edited, rows[5]);
    let long = format!("{}\n", "x".repeat(100));
    let changed = |from: usize, to: usize, with: &[&str]| {
        [&rows[..from], with, &rows[to..]].concat().concat()
    };
    let sum = "its checksum does not match: it was changed after it was written";
    for (damaged, named, again) in [
        (text.clone(), None, 0),
        (
            changed(5, 6, &[]),
            Some("line 6: seed 9 in place of seed 8".to_owned()),
            1,
        ),
        (
            changed(5, 7, &[rows[6], rows[5]]),
            Some("line 6: seed 9 in place of seed 8".to_owned()),
            0,
        ),
        (changed(5, 6, &[&edited]), Some(format!("line 6: {sum}")), 1),
        (
            changed(5, 6, &[foreign[5]]),
            Some("line 6: seed 8 of another scenario".to_owned()),
            1,
        ),
        (
            changed(5, 6, &[rows[5], rows[5]]),
            Some("line 7: seed 8 in place of seed 9".to_owned()),
            0,
        ),
        (
            changed(5, 6, &[&long]),
            Some("line 6: it is not a row of a sweep".to_owned()),
            1,
        ),
        (
            changed(12, 12, &[rows[3]]),
            Some("line 13: one row too many, of seed 6".to_owned()),
            0,
        ),
        (
            changed(0, 12, &[]),
            Some("12 of 12 rows are missing".to_owned()),
            12,
        ),
        (
            text[..text.len() - 9].to_owned(),
            Some("1 of 12 rows are missing".to_owned()),
            1,
        ),
        (
            "\0".repeat(500),
            Some("12 of 12 rows are missing".to_owned()),
            12,
        ),
    ] {
        let out = folder.path().join("damaged");
        let _ = fs::remove_dir_all(&out);
        let mut files = good.clone();
        files.insert(RESULTS.to_owned(), damaged.into_bytes());
        write(&out, &files);
        let (resumed, made) = resume(&plan, &out);
        let expected: Vec<String> = named
            .iter()
            .map(|what| format!("{RESULTS}: {what}"))
            .collect();
        assert_eq!(resumed.repairs.listed, expected);
        assert_eq!(made, again, "{expected:?}");
        assert_same(&whole, &out);
    }
}

/// A sweep that has not ended has no summary.
#[test]
fn the_half_row_of_a_killed_process_is_no_damage() {
    let folder = tempdir().expect("a folder");
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let plan = SweepPlan {
        recheck: 0,
        ..plan("0..4", &[])
    };
    swept(&plan, &whole);
    let mut files = files(&whole);
    files.remove("summary.json");
    let rows = files.get_mut(RESULTS).expect("rows");
    rows.truncate(rows.len() - 9);
    write(&out, &files);
    let (resumed, made) = resume(&plan, &out);
    assert_eq!((resumed.repairs.listed, made), (Vec::new(), 1));
    assert_same(&whole, &out);
}

/// What a sweep may have to replace is no link to a place elsewhere.
#[test]
fn links_in_place_of_capsules_are_refused() {
    let folder = tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    let plan = plan("0..4", &[]);
    swept(&plan, &whole);
    let capsules = whole.join("capsules");
    let capsule = fs::read_dir(&capsules).expect("capsules").next();
    let capsule = capsule.expect("a run fails").expect("an entry").path();
    for path in [capsule, capsules] {
        let moved = folder.path().join("moved");
        fs::rename(&path, &moved).expect("it is moved");
        symlink(&moved, &path).expect("a link");
        let plan = SweepPlan {
            out: Some(whole.clone()),
            ..plan.clone()
        };
        let error = sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect_err("it is refused");
        let SweepError::Results(ResultsError::Io(named, error)) = error else {
            panic!("{error}");
        };
        assert_eq!(named, path);
        let said = error.to_string();
        assert!(said.starts_with("it is a symbolic link, and a "), "{said}");
        fs::remove_file(&path).expect("the link");
        fs::rename(&moved, &path).expect("it is moved back");
    }
}

#[test]
fn rows_that_are_not_text_or_longer_than_a_reader_wants_are_damaged_rows() {
    let folder = tempdir().expect("a folder");
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let plan = SweepPlan {
        recheck: 0,
        ..plan("0..4", &[])
    };
    swept(&plan, &whole);
    let good = files(&whole);
    let mut rows = good[RESULTS].clone();
    let end = rows.iter().position(|byte| *byte == b'\n').expect("a row");
    rows.splice(
        ..=end,
        [&vec![b'y'; (64 << 20) + 5][..], b"\n\xff\xfe\n"].concat(),
    );
    let mut files = good.clone();
    files.insert(RESULTS.to_owned(), rows);
    write(&out, &files);
    let (resumed, made) = resume(&plan, &out);
    let expected = [
        "line 1: it has more than 67108864 bytes",
        "line 2: it is not text",
    ];
    assert_eq!(
        resumed.repairs.listed,
        expected.map(|what| format!("{RESULTS}: {what}"))
    );
    assert_eq!(made, 1);
    assert_same(&whole, &out);
}

#[test]
fn missing_and_damaged_capsules_are_named_and_made_again() {
    let folder = tempdir().expect("a folder");
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let plan = SweepPlan {
        recheck: 0,
        ..plan("3..19", &[])
    };
    swept(&plan, &whole);
    let good = files(&whole);
    let capsules: Vec<&String> = good.keys().filter(|name| name.contains('/')).collect();
    assert!(capsules.len() >= 3, "{capsules:?}");
    let mut damaged = good.clone();
    let cut = damaged[capsules[0]][..100].to_owned();
    damaged.insert(capsules[0].clone(), cut);
    damaged.remove(capsules[1]);
    // The intact capsule of another run.
    damaged.insert(capsules[2].clone(), good[capsules[0]].clone());
    write(&out, &damaged);
    let (resumed, made) = resume(&plan, &out);
    assert_eq!((resumed.repairs.count, made), (3, 3));
    let listed = &resumed.repairs.listed;
    for capsule in &capsules[..3] {
        let names = |what: &String| what.contains(capsule.as_str());
        assert!(listed.iter().any(names), "{capsule} in {listed:?}");
    }
    assert_same(&whole, &out);
}

/// A directory whose rows another build of the same version made.
#[test]
fn a_row_that_its_run_does_not_have_any_more_is_an_error() {
    let folder = tempdir().expect("a folder");
    let out = folder.path().join("out");
    let plan = SweepPlan {
        recheck: 0,
        out: Some(out.clone()),
        ..plan("3..19", &[])
    };
    sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("it runs");
    fs::remove_dir_all(out.join("capsules")).expect("capsules");
    let other_build = Custom(|scenario: &config::plan::Scenario, seed: u64, options| {
        ShippedBuilds.run(scenario, seed + 100, options)
    });
    match sweep(&plan, Arc::new(other_build), |_| {}) {
        Err(SweepError::OtherRun(_)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_sweep_in_the_same_directory_is_told_who_is_there() {
    let folder = tempdir().expect("a folder");
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let plan = SweepPlan {
        recheck: 0,
        out: Some(out.clone()),
        ..plan("0..3", &[])
    };
    swept(&plan, &whole);
    let inner = plan.clone();
    let second = Custom(move |scenario: &config::plan::Scenario, seed, options| {
        match sweep(&inner, Arc::new(ShippedBuilds), |_| {}) {
            Err(SweepError::Results(error @ ResultsError::Locked(..))) => {
                let message = error.to_string();
                assert!(message.contains(": process "), "{message}");
                assert!(
                    message.contains(" is writing to it; wait for it, or give each"),
                    "{message}"
                );
            }
            other => panic!("{other:?}"),
        }
        ShippedBuilds.run(scenario, seed, options)
    });
    sweep(&plan, Arc::new(second), |_| {}).expect("it runs");
    assert_same(&whole, &out);
    // What is no plain file is not of a sweep.
    fs::remove_file(out.join(RESULTS)).expect("rows");
    symlink(whole.join(RESULTS), out.join(RESULTS)).expect("a link");
    match sweep(&plan, Arc::new(ShippedBuilds), |_| {}) {
        Err(SweepError::Results(ResultsError::Io(_, error))) => {
            let said = "it is a symbolic link, and a plain file is needed here; move it away";
            assert_eq!(error.to_string(), said);
        }
        other => panic!("{other:?}"),
    }
}
