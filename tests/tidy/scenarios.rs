//! Every scenario file parses, names its schema, and is in the right directory.

use config::file::load;

use super::none_of;
use super::tree::{self, File};

/// The folders and what they hold: docs/scenario.md.
const FOLDERS: [&str; 5] = ["smoke", "casebook", "canary", "regress", "verify"];

/// The line with which an editor checks and completes a scenario.
const SCHEMA_LINE: &str = "#:schema ../../docs/scenario.schema.json";

fn sims() -> Vec<File> {
    let sims = tree::files_of("sims/", "toml");
    assert!(!sims.is_empty(), "there are scenarios");
    sims
}

#[test]
fn every_file_is_a_scenario() {
    let mut found = Vec::new();
    for file in sims() {
        if let Err(diagnostics) = load(&file.path, file.text.as_bytes(), &[]) {
            found.push(diagnostics.to_human(false));
        }
    }
    none_of(&found, "a file below sims/ is a scenario");
}

#[test]
fn every_file_is_in_a_known_folder() {
    let is_known = |path: &str| match path.split('/').collect::<Vec<_>>()[..] {
        ["sims", folder, _] => FOLDERS.contains(&folder),
        _ => false,
    };
    let all = tree::files().into_iter();
    let found: Vec<String> = all
        .map(|file| file.path)
        .filter(|path| path.starts_with("sims/") && !is_known(path))
        .collect();
    none_of(
        &found,
        "sims/ holds scenarios in smoke, casebook, canary, regress and verify",
    );
}

#[test]
fn every_file_names_its_schema() {
    let found: Vec<String> = sims()
        .into_iter()
        .filter(|file| file.text.lines().next() != Some(SCHEMA_LINE))
        .map(|file| file.path)
        .collect();
    none_of(&found, "a scenario's first line names its schema");
}

/// A canary shows that an oracle detects a defect; its fixed variant shows that the oracle
/// reports nothing else.
#[test]
fn every_canary_has_a_fixed_variant() {
    let canaries: Vec<String> = sims()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.starts_with("sims/canary/"))
        .collect();
    let variant = |path: &str| match path.strip_suffix("-fixed.toml") {
        Some(name) => format!("{name}.toml"),
        None => path.replace(".toml", "-fixed.toml"),
    };
    let found: Vec<String> = canaries
        .iter()
        .map(|path| variant(path))
        .filter(|variant| !canaries.contains(variant))
        .collect();
    none_of(
        &found,
        "a canary needs a fixed variant, and a fixed variant a canary; missing",
    );
}
