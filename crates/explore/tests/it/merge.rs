//! Shards and their merging.

use std::fs;
use std::path::PathBuf;

use explore::merge;
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
fn refusal(parts: &[&PathBuf], folder: &TempDir) -> String {
    let parts: Vec<PathBuf> = parts.iter().map(|it| (*it).clone()).collect();
    let out = folder.path().join("refused");
    let told = merge(&parts, &out).expect_err("refused").to_string();
    assert!(
        !out.exists(),
        "nothing is written before all is known to fit"
    );
    told.replace(&format!("{}/", folder.path().display()), "")
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
fn ranges_that_follow_each_other_merge_too() {
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
fn parts_that_do_not_fit_are_refused_with_a_word() {
    let folder = tempdir().expect("a folder");
    let parts = shards(&folder, &plan("0..8", &[]), 4);
    let [one, two, three, four] = &parts[..] else {
        panic!("four parts");
    };
    assert_eq!(
        refusal(&[one, two, four], &folder),
        "seeds 4..6 are in no part"
    );
    assert_eq!(
        refusal(&[one, two, three], &folder),
        "seeds 6..8 are in no part"
    );
    assert_eq!(
        refusal(&[one, two, two, three, four], &folder),
        "2-of-4 and 2-of-4 overlap: both have seeds 2..4"
    );
    let other = folder.path().join("other");
    swept(&plan("0..8", &["host.PARIS.cpus=1"]), &other);
    let told = refusal(&[one, two, three, four, &other], &folder);
    assert!(told.contains("belongs to another sweep than"), "{told}");
    // A shard that was stopped before its end.
    let rows = three.join("seeds.jsonl");
    let whole = fs::read_to_string(&rows).expect("rows");
    let first = whole.lines().next().expect("a row");
    fs::write(&rows, format!("{first}\n")).expect("a row");
    assert_eq!(
        refusal(&[one, two, three, four], &folder),
        "3-of-4 is unfinished: 1 of 2 runs; run the same sweep again to resume it"
    );
    // A row that somebody has touched: one digit of a digest.
    let (head, tail) = whole.split_once("\"digest\":\"").expect("a digest");
    let other = if tail.starts_with('0') { '1' } else { '0' };
    fs::write(&rows, format!("{head}\"digest\":\"{other}{}", &tail[1..])).expect("rows");
    let told = refusal(&[one, two, three, four], &folder);
    let is_capsule = told.ends_with("not the run that seeds.jsonl has for seed 4");
    let is_results = told.starts_with("3-of-4: seeds.jsonl was changed: ");
    assert!(is_capsule || is_results, "{told}");
    fs::write(
        &rows,
        whole.replace("\"stop\":\"duration\"", "\"stop\":\"quiet\""),
    )
    .expect("rows");
    let told = refusal(&[one, two, three, four], &folder);
    assert!(
        told.starts_with("3-of-4: seeds.jsonl was changed: "),
        "{told}"
    );
    fs::write(&rows, format!("{first}\n{first}\n")).expect("rows");
    assert_eq!(
        refusal(&[one, two, three, four], &folder),
        "3-of-4 has seed 4 in place of seed 5"
    );
    fs::write(&rows, "{}\n").expect("a row");
    let told = refusal(&[one, two, three, four], &folder);
    assert!(
        told.starts_with("3-of-4/seeds.jsonl: line 1 is not a result: "),
        "{told}"
    );
    // A shard of another build.
    let manifest = four.join("sweep.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let ours = format!("\"mtasim\": \"{}\"", explore::repro::capsule::BUILD);
    assert!(text.contains(&ours));
    fs::write(&manifest, text.replace(&ours, "\"mtasim\": \"9.9.9\"")).expect("a manifest");
    let told = refusal(&[one, two, four], &folder);
    assert!(told.contains("build 9.9.9 instead of"), "{told}");
    assert_eq!(refusal(&[], &folder), "there is nothing to merge");
}
