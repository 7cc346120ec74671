//! Rules about text: file headers, banned words, lints in manifests, documentation examples.

use super::none_of;
use super::tree::{self, File};

/// Module names that say nothing about the content.
const HOMELESS: [&str; 8] = [
    "util", "utils", "helpers", "common", "misc", "imp", "types", "errors",
];

/// The crates that compute a run.
const SIMULATION: [&str; 10] = [
    "kernel",
    "tcp",
    "net",
    "winsock",
    "internet",
    "machine",
    "mta",
    "config",
    "simulation",
    "logs",
];

/// The source of packages from the public index in a lock file. Behind a mirror, a lock file may
/// name another source.
const INDEX: &str = "registry+https://github.com/rust-lang/";

fn sources() -> Vec<File> {
    let mut sources = tree::files_of("crates/", "rs");
    sources.extend(tree::files_of("tests/", "rs"));
    assert!(sources.len() > 100, "the tree has more sources than that");
    sources
}

#[test]
fn every_source_opens_with_a_description() {
    let is_silent = |file: &File| !file.text.starts_with("//! ");
    let found: Vec<String> = sources()
        .into_iter()
        .filter(is_silent)
        .map(|file| file.path)
        .collect();
    none_of(&found, "a file opens with a `//!` comment");
}

/// Both RFC 9293 and the modeled program have a control block of these initials.
#[test]
fn the_ambiguous_letters_are_nowhere() {
    let letters = ["T", "CB"].concat();
    let capitalised = ["T", "cb"].concat();
    let mut found = Vec::new();
    for file in tree::files() {
        for (line, number) in file.text.lines().zip(1..) {
            let mut words = line.split(|it: char| !it.is_ascii_alphanumeric());
            if words.any(|word| word.eq_ignore_ascii_case(&letters)) || line.contains(&capitalised)
            {
                found.push(format!("{}:{number}", file.path));
            }
        }
    }
    none_of(
        &found,
        "say control block, thread control block or connection",
    );
}

#[test]
fn no_module_has_a_catch_all_name() {
    let mut found = Vec::new();
    for file in sources() {
        let parts = file.path.trim_end_matches(".rs").split('/');
        let names = parts.chain(file.text.lines().filter_map(declared));
        let is_homeless = |name: &&str| HOMELESS.contains(name);
        found.extend(
            names
                .filter(is_homeless)
                .map(|name| format!("{}: {name}", file.path)),
        );
    }
    none_of(&found, "a module name describes its content");
}

/// The module that a line declares.
fn declared(line: &str) -> Option<&str> {
    let (_, rest) = line.trim().split_once("mod ")?;
    rest.split([' ', ';']).next()
}

#[test]
fn simulation_crates_compute_in_integers() {
    let is_missing = |name: &&&str| {
        let path = format!("crates/{name}/src/lib.rs");
        let found = tree::files_of(&path, "rs");
        !found[0]
            .text
            .contains("\n#![deny(clippy::float_arithmetic)]\n")
    };
    let found: Vec<String> = SIMULATION
        .iter()
        .filter(is_missing)
        .map(|name| (*name).to_owned())
        .collect();
    none_of(&found, "a simulation crate denies float_arithmetic");
}

/// A variable of a thread is an input that no argument shows. Guests need one
/// (docs/decisions/0013-guests-on-one-tokio-runtime.md), and functions of the C library
/// (docs/decisions/0018-answers-of-the-system.md).
#[test]
fn two_modules_have_variables_of_a_thread() {
    let files = tree::files_of("crates/", "rs").into_iter();
    let found: Vec<String> = files
        .filter(|file| !file.path.starts_with("crates/bench/"))
        .filter(|file| file.text.contains("thread_local! {"))
        .map(|file| file.path)
        .collect();
    assert_eq!(
        found,
        [
            "crates/entropy/src/answers.rs",
            "crates/guest/src/ambient.rs"
        ]
    );
}

#[test]
fn every_crate_obeys_the_workspace_lints() {
    let manifests = tree::files_of("crates/", "toml");
    let found: Vec<String> = manifests
        .into_iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
        // Separate workspaces do not inherit the workspace lints. `entropy` repeats them: a manifest cannot
        // inherit all but one.
        .filter(|file| {
            !["/bench/", "/entropy/", "/found/", "/fuzz/", "/realnet/"]
                .iter()
                .any(|it| file.path.contains(it))
        })
        .filter(|file| !file.text.contains("\n[lints]\nworkspace = true\n"))
        .map(|file| file.path)
        .collect();
    none_of(&found, "a crate's manifest says [lints] workspace = true");
}

#[test]
fn no_example_in_the_documentation_is_left_out() {
    let mut found = Vec::new();
    for file in sources() {
        for (line, number) in file.text.lines().zip(1..) {
            let said = line.trim_start();
            let is_documentation = said.starts_with("///") || said.starts_with("//!");
            let is_fence = said.trim_start_matches(['/', '!', ' ']).starts_with("```");
            if is_documentation && is_fence && said.contains("ignore") {
                found.push(format!("{}:{number}", file.path));
            }
        }
    }
    none_of(&found, "an example is compiled, and run where it can be");
}

/// A clone must build anywhere, not only where a certain mirror is reachable.
#[test]
fn packages_come_from_the_public_index_only() {
    let mut found = Vec::new();
    for file in tree::files() {
        let is_lock = file.path.ends_with("Cargo.lock");
        let is_config = file.path.contains(".cargo/config");
        for (line, number) in file.text.lines().zip(1..) {
            let is_elsewhere = is_lock && line.starts_with("source = ") && !line.contains(INDEX);
            let replaces = is_config && (line.contains("replace-with") || line.contains("[source"));
            let names_registry =
                file.path.ends_with("Cargo.toml") && line.trim_start().starts_with("registry");
            if is_elsewhere || replaces || names_registry {
                found.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none_of(&found, "packages come from the public index");
}
