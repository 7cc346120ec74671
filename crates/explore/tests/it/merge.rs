//! Merging of shards.

use std::fs;
use std::path::PathBuf;

use explore::merge;
use explore::run_result::RunResult;
use explore::sweep::SweepPlan;
use explore::sweep::seeds::Shard;
use tempfile::{TempDir, tempdir};

use crate::fixture::{assert_same, plan, swept};

fn shards(folder: &TempDir, plan: &SweepPlan, of: u64) -> Vec<PathBuf> {
    let shard = |number| {
        let path = folder.path().join(format!("{number}-of-{of}"));
        let shard = Shard { number, of };
        swept(
            &SweepPlan {
                shard,
                ..plan.clone()
            },
            &path,
        );
        path
    };
    (1..=of).map(shard).collect()
}

#[track_caller]
fn rejection(parts: &[&PathBuf], folder: &TempDir) -> String {
    let parts: Vec<PathBuf> = parts.iter().map(|it| (*it).clone()).collect();
    let out = folder.path().join("rejected");
    let message = merge(&parts, &out).expect_err("rejected").to_string();
    assert!(
        !out.exists(),
        "nothing is written before all parts are checked"
    );
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn shards_merged_are_the_sweep_of_one_machine() {
    let folder = tempdir().expect("a folder");
    for (seeds, axes, of) in [
        ("0..22", &[][..], 4),
        ("5..12", &["host.PARIS.cpus=1,2"], 3),
        ("0..3", &[], 5),
    ] {
        let plan = plan(seeds, axes);
        let [single, merged] =
            ["single", "merged"].map(|it| folder.path().join(format!("{it}-{of}")));
        swept(&plan, &single);
        let mut parts = shards(&folder, &plan, of);
        parts.reverse();
        merge(&parts, &merged).expect("they fit");
        assert_same(&single, &merged);
        // Merging again changes nothing.
        merge(&parts, &merged).expect("they still fit");
        assert_same(&single, &merged);
    }
}

#[test]
fn consecutive_ranges_merge_too() {
    let folder = tempdir().expect("a folder");
    let [single, low, high, merged] =
        ["single", "low", "high", "merged"].map(|it| folder.path().join(it));
    swept(&plan("2..10", &[]), &single);
    swept(&plan("2..5", &[]), &low);
    swept(&plan("5..10", &[]), &high);
    merge(&[high, low], &merged).expect("they fit");
    assert_same(&single, &merged);
}

#[test]
fn parts_that_do_not_fit_are_rejected_with_a_message() {
    let folder = tempdir().expect("a folder");
    let parts = shards(&folder, &plan("0..8", &[]), 4);
    let [one, two, three, four] = &parts[..] else {
        panic!("four parts");
    };
    assert_eq!(
        rejection(&[one, two, four], &folder),
        "seeds 4..6 are in no part"
    );
    assert_eq!(
        rejection(&[one, two, three], &folder),
        "seeds 6..8 are in no part"
    );
    assert_eq!(
        rejection(&[one, two, two, three, four], &folder),
        "2-of-4 and 2-of-4 overlap: both have seeds 2..4"
    );
    let other = folder.path().join("other");
    swept(&plan("0..8", &["host.PARIS.cpus=1"]), &other);
    let message = rejection(&[one, two, three, four, &other], &folder);
    assert!(
        message.contains("belongs to another sweep than"),
        "{message}"
    );
    // A shard that was stopped early.
    let results = three.join("seeds.jsonl");
    let whole = fs::read_to_string(&results).expect("results");
    let first = whole.lines().next().expect("a result");
    fs::write(&results, format!("{first}\n")).expect("a result");
    assert_eq!(
        rejection(&[one, two, three, four], &folder),
        "3-of-4 is unfinished: 1 of 2 runs; run the same sweep again to resume it"
    );
    // A changed result: one digit of a digest.
    let (head, tail) = whole.split_once("\"digest\":\"").expect("a digest");
    let other = if tail.starts_with('0') { '1' } else { '0' };
    fs::write(
        &results,
        format!("{head}\"digest\":\"{other}{}", &tail[1..]),
    )
    .expect("results");
    let changed = "3-of-4/seeds.jsonl: line 1: its checksum does not match: it was changed after it was \
                   written; the same sweep again mends it";
    assert_eq!(rejection(&[one, two, three, four], &folder), changed);
    fs::write(
        &results,
        whole.replace("\"stop\":\"duration\"", "\"stop\":\"quiet\""),
    )
    .expect("results");
    assert_eq!(rejection(&[one, two, three, four], &folder), changed);
    fs::write(&results, format!("{first}\n{first}\n")).expect("results");
    assert_eq!(
        rejection(&[one, two, three, four], &folder),
        "3-of-4 has seed 4 in place of seed 5"
    );
    fs::write(&results, "{}\n").expect("a result");
    let message = rejection(&[one, two, three, four], &folder);
    assert_eq!(
        message,
        "3-of-4/seeds.jsonl: line 1: it is not a row of a sweep; the same sweep again mends it"
    );
    // Of another version: nothing is taken from it.
    let manifest = three.join("sweep.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    for (ours, other, reason) in [
        (
            "\"schema_version\": 4",
            "\"schema_version\": 99",
            "it has format 99, but",
        ),
        (
            "\"points\": 1",
            "\"points\": 0",
            "not a manifest: its axes do not have 0 points",
        ),
    ] {
        assert!(text.contains(ours), "{text}");
        fs::write(&manifest, text.replace(ours, other)).expect("a manifest");
        let message = rejection(&[one, two, three, four], &folder);
        assert!(message.contains(reason), "{message}");
    }
    fs::write(&manifest, vec![b' '; (16 << 20) + 1]).expect("a manifest");
    let message = rejection(&[one, two, three, four], &folder);
    assert!(
        message.ends_with("it has more than 16777216 bytes"),
        "{message}"
    );
    // A shard of another build.
    let manifest = four.join("sweep.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let ours = format!("\"mtasim\": \"{}\"", explore::repro::capsule::PROGRAM_BUILD);
    assert!(text.contains(&ours));
    fs::write(&manifest, text.replace(&ours, "\"mtasim\": \"9.9.9\"")).expect("a manifest");
    let message = rejection(&[one, two, four], &folder);
    assert!(message.contains("build 9.9.9 instead of"), "{message}");
    assert_eq!(rejection(&[], &folder), "there is nothing to merge");
}

#[test]
fn a_row_of_another_scenario_is_not_merged_even_with_a_right_checksum() {
    let folder = tempdir().expect("a folder");
    let parts = shards(&folder, &plan("0..4", &["host.PARIS.cpus=1,2"]), 2);
    let [one, two] = &parts[..] else {
        panic!("two parts");
    };
    let results = two.join("seeds.jsonl");
    let whole = fs::read_to_string(&results).expect("results");
    let other = |row: &str| {
        let row = format!("{row}\n");
        let mut result = RunResult::from_line(&row).expect("a row");
        result.scenario = "0".repeat(result.scenario.len());
        result.to_line()
    };
    let rows: Vec<&str> = whole.lines().collect();
    assert_eq!(rows.len(), 4, "two seeds at two points");
    // One row, and all rows of one point alike.
    for (changed, seed) in [(&[2][..], 3), (&[1, 3], 2)] {
        let row = |(index, row): (usize, &&str)| match changed.contains(&index) {
            true => other(row),
            false => format!("{row}\n"),
        };
        let text: String = rows.iter().enumerate().map(row).collect();
        fs::write(&results, text).expect("results");
        assert_eq!(
            rejection(&[one, two], &folder),
            format!(
                "2-of-2: the row of seed {seed} is of another scenario than sweep.json names; the same sweep \
                 again mends it"
            )
        );
    }
}
