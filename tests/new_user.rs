//! What a new user does: starts from `mtasim new`, gives a capsule where a scenario is wanted, compares
//! settings, and asks why a sweep is not as expected.

use std::fs;

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/canary/late-close-5.5.toml";

fn json(arguments: &[&str], expected: i32) -> Json {
    let output = mtasim(&[arguments, &["--format", "json"]].concat());
    code(&output, expected);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_new_scenario_runs_as_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    let file = argument(&file);
    code(&mtasim(&["new", file]), 0);
    code(&mtasim(&["check", file]), 0);
    code(&mtasim(&["run", file]), 0);
    // Nothing of the user's is overwritten.
    code(&mtasim(&["new", file]), 4);
    code(&mtasim(&["new", file, "--force"]), 0);
    let shown = mtasim(&["new", "-"]);
    let written = fs::read_to_string(file).expect("a file");
    assert_eq!(text(&shown.stdout), written);
    // Whatever is changed, a run in which something goes wrong is no success: here the build that the file
    // names, a pool that is too small, and a workload without a message.
    for changed in [
        "host.PARIS.build=5.5.2653.23",
        "host.LYON.control_blocks=2",
        "workload.mail.poisson={ mean = \"100h\" }",
    ] {
        code(&mtasim(&["run", file, "--set", changed]), 1);
    }
}

#[test]
fn a_capsule_is_recognised_where_a_scenario_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    code(
        &mtasim(&["sweep", LEAK, "--seeds", "7..8", "--out", argument(&out)]),
        0,
    );
    let mut capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    let capsule = capsules.next().expect("one").expect("readable").path();
    let capsule = argument(&capsule);
    code(&mtasim(&["check", capsule]), 0);
    // With the capsule's seed, it is the capsule's run.
    let run = json(&["run", capsule], 0);
    assert_eq!(run["seed"], 7);
    let of_file = json(&["run", LEAK, "--seed", "7"], 0);
    assert_eq!(run["digest"], of_file["digest"]);
    code(&mtasim(&["sweep", capsule, "--seeds", "0..2"]), 0);
    // A damaged capsule is not a scenario with many mistakes.
    let damaged = folder.path().join("damaged.toml");
    let content = fs::read_to_string(capsule).expect("a capsule");
    fs::write(&damaged, content.replace("20m", "21m")).expect("a file");
    let output = mtasim(&["run", argument(&damaged)]);
    code(&output, 2);
    let said = text(&output.stderr);
    assert!(
        said.contains("checksum") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn a_comparison_takes_settings_for_either_arm_and_one_signature() {
    let compare = ["compare", LEAK, "--seeds", "0..3"];
    let fixed = "host.PARIS.build=5.5.2655.16";
    let broken = "host.PARIS.build=5.5.2653.23";
    let of = |more: &[&str], expected| json(&[&compare[..], more].concat(), expected);
    let fix = of(&["--set", fixed], 0);
    assert_eq!(fix["pairs"][0]["fixed"], 3);
    let break_again = of(&["--set-first", fixed, "--set", broken], 1);
    assert_eq!(break_again["pairs"][0]["broke"], 3);
    assert_eq!(break_again["pairs"][0]["first"], fixed);
    let both = of(&["--set-all", fixed, "--set", "duration=15m"], 0);
    assert_eq!(both["pairs"][0]["neither"], 3);
    let leak = of(&["--set", fixed, "--signature", "control-block-leak"], 0);
    assert_eq!(leak["pairs"][0]["fixed"], 3);
    let other = of(&["--set", fixed, "--signature", "heap-corruption"], 0);
    assert_eq!(other["pairs"][0]["neither"], 3);
    assert_eq!(other["signatures"], serde_json::json!({}));
}

#[test]
fn a_sweep_says_why_runs_are_not_as_expected() {
    let none = ["--set", "expect.violations.control-block-leak=\"0\""];
    let sweep = [&["sweep", LEAK, "--seeds", "4..6"], &none[..]].concat();
    let output = mtasim(&sweep);
    code(&output, 1);
    let said = "because of control-block-leak in 2 runs, first seed 4: 1 instead of 0";
    assert!(
        text(&output.stdout).contains(said),
        "{}",
        text(&output.stdout)
    );
    let summary = json(&sweep, 1);
    let reason = &summary["unexpected"]["control-block-leak"];
    assert_eq!(
        (&reason["runs"], &reason["seed"]),
        (&Json::from(2), &Json::from(4))
    );
}

/// Two trees of one version are told apart.
#[test]
fn the_version_names_the_sources() {
    let version = mtasim(&["--version"]);
    let version = text(&version.stdout).trim().to_owned();
    let (_, build) = version.split_once(' ').expect("a name and a version");
    let (number, hash) = build.split_once('+').expect("a hash");
    assert_eq!(number, env!("CARGO_PKG_VERSION"));
    assert!(
        hash.len() == 16 && hash.bytes().all(|it| it.is_ascii_hexdigit()),
        "{hash}"
    );
    let run = json(&["run", "sims/smoke/clean-link.toml"], 0);
    assert_eq!(run["mtasim"], build);
    let summary = json(&["sweep", LEAK, "--seeds", "0..1"], 0);
    assert_eq!(summary["mtasim"], build);
}

#[test]
fn a_sweep_in_junit_fails_where_a_run_is_not_as_expected() {
    let sweep = ["sweep", LEAK, "--seeds", "0..2", "--format", "junit"];
    let output = mtasim(&sweep);
    code(&output, 0);
    let xml = text(&output.stdout);
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "),
        "{xml}"
    );
    assert!(xml.contains("tests=\"4\" failures=\"0\""), "{xml}");
    let none = ["--set", "expect.violations.control-block-leak=\"0\""];
    let undecided = ["--set", "limits.events=1"];
    for (more, expected, said) in [
        (
            none,
            1,
            "control-block-leak in 2 runs, first seed 0: 1 instead of 0",
        ),
        (undecided, 5, "2 runs cut off at limits.events"),
    ] {
        let output = mtasim(&[&sweep[..], &more].concat());
        code(&output, expected);
        let xml = text(&output.stdout);
        assert!(xml.contains("failures=\"1\""), "{xml}");
        assert!(
            xml.contains(&format!("<failure message=\"{said}\">")),
            "{xml}"
        );
        // As many elements end as begin.
        assert_eq!(xml.matches("<testcase").count(), 4);
        let skipped = xml.matches("<skipped/>").count();
        assert_eq!(xml.matches("</testcase>").count(), 1 + skipped);
        assert!(xml.contains(&format!("skipped=\"{skipped}\"")), "{xml}");
        assert!(xml.ends_with("</testsuites>\n"));
    }
}

/// From Rust, a search runs a build of the user's own.
#[test]
fn verify_searches_a_build_of_ones_own() {
    use std::ops::ControlFlow;

    use mtasim::explore::verify::{Bound, Conclusion, verify};
    use mtasim::prelude::*;
    use mtasim::property::Builds;

    /// 4.0.993.6 with one lock for everything.
    #[derive(Clone, Debug)]
    struct OneLock;
    impl Build for OneLock {
        fn base(&self) -> Shipped {
            Shipped::EXCHANGE_4_0_993_6
        }
        fn guard(&self, _: Structure, _: StructureOperation) -> Option<LockName> {
            Some("the one lock")
        }
    }
    let name = "sims/verify/two-allocations.toml";
    let path = std::path::Path::new(crate::ROOT).join(name);
    let file = fs::read(path).expect("a scenario");
    let scenario = mtasim::file::load(name, &file, &[]).expect("it is valid");
    let bound = Bound {
        preemptions: Some(1),
        runs: 2_000,
    };
    let search = |builds: Builds| {
        let found = verify(&scenario, bound, &builds, |_| ControlFlow::Continue(()));
        found.expect("it can be searched").conclusion
    };
    let unguarded = search(Builds::everywhere(Shipped::EXCHANGE_4_0_993_6));
    assert!(matches!(unguarded, Conclusion::Broken(_)), "{unguarded:?}");
    let guarded = search(Builds::everywhere(OneLock));
    assert!(!matches!(guarded, Conclusion::Broken(_)), "{guarded:?}");
}

#[test]
fn a_range_without_seeds_is_not_a_sweep_that_passes() {
    for range in ["5..5", "0..0"] {
        let output = mtasim(&["sweep", LEAK, "--seeds", range]);
        code(&output, 2);
        let said = text(&output.stderr);
        assert!(
            said.contains("it has no seeds, because the end is not included"),
            "{said}"
        );
    }
}

#[test]
fn a_debug_log_says_which_run_and_what_was_found() {
    let output = mtasim(&["run", LEAK, "--log", "debug"]);
    code(&output, 0);
    let said = text(&output.stderr);
    assert!(said.contains("DEBUG") && said.contains("seed=1"), "{said}");
    assert!(said.contains("Violation"), "{said}");
}
