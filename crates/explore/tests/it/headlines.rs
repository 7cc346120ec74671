//! The first sentence of an explanation, for every canary: two events, their order, and what followed.

use std::fs;
use std::path::{Path, PathBuf};

use config::plan::Scenario;
use explore::ShippedBuilds;
use explore::explain::explain_briefly;
use simulation::Options;

/// Units of a distance in time.
const UNITS: [&str; 4] = ["ns", "us", "ms", "s"];

fn canaries() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sims/canary");
    let files = fs::read_dir(folder).expect("the folder");
    let mut paths: Vec<PathBuf> = files.map(|it| it.expect("a file").path()).collect();
    paths.sort();
    let with_defect = paths.iter().filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".toml") && !name.ends_with("-fixed.toml")
    });
    let scenarios = with_defect.map(|path| {
        let bytes = fs::read(path).expect("a scenario");
        let name = path.to_string_lossy().into_owned();
        let scenario = config::file::load(&name, &bytes, &[]).expect("a scenario");
        (name, scenario)
    });
    scenarios.collect()
}

/// Whether a sentence says how long one event came before or after another: `117 us before`.
fn orders_two_events(sentence: &str) -> bool {
    let words: Vec<&str> = sentence.split(' ').collect();
    words.windows(3).any(|it| {
        let is_distance = it[0].parse::<f64>().is_ok() && UNITS.contains(&it[1]);
        is_distance && ["before", "after"].contains(&it[2])
    })
}

#[test]
fn every_failure_of_every_canary_begins_with_its_cause() {
    let canaries = canaries();
    assert_eq!(canaries.len(), 14);
    for (name, scenario) in canaries {
        let outcome = explore::run(
            &scenario,
            scenario.seed,
            Options {
                keep_records: false,
            },
        );
        for signature in outcome.expect("it runs").signatures() {
            let found = explain_briefly(&scenario, scenario.seed, Some(&signature), &ShippedBuilds);
            let found = found.expect("it fails");
            assert!(
                orders_two_events(&found.headline),
                "{name}: {signature}: {}",
                found.headline
            );
            let text = found.to_string();
            let first = text
                .lines()
                .nth(2)
                .expect("a line after signature and time");
            assert_eq!(first.trim_start(), found.headline, "{name}");
        }
    }
}
