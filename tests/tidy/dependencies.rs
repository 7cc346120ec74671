//! Dependencies between crates: `docs/architecture.md` against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::none_of;
use super::tree;

const PAGE: &str = include_str!("../../docs/architecture.md");

/// Every package's name, with the names of what it depends on.
type Table = BTreeMap<String, BTreeSet<String>>;

/// The declared dependencies of the workspace's packages: in the product, and in tests.
struct Metadata {
    normal: Table,
    every: Table,
}

fn cargo_metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--locked"])
        .args(["--format-version", "1"])
        .current_dir(tree::root())
        .output()
        .expect("cargo starts");
    let reported = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {reported}");
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn metadata() -> Metadata {
    let all = cargo_metadata();
    let mut it = Metadata {
        normal: Table::new(),
        every: Table::new(),
    };
    for package in list(&all["packages"]) {
        let name = short(&package["name"]);
        let (mut normal, mut every) = (BTreeSet::new(), BTreeSet::new());
        for dependency in list(&package["dependencies"]) {
            every.insert(short(&dependency["name"]));
            if dependency["kind"].is_null() {
                normal.insert(short(&dependency["name"]));
            }
        }
        it.normal.insert(name.clone(), normal);
        it.every.insert(name, every);
    }
    it
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("cargo metadata has a list here")
}

/// The name of a package in the table: its folder.
fn short(name: &Value) -> String {
    let name = name.as_str().expect("a package has a name");
    name.trim_start_matches("mtasim-").to_owned()
}

/// The rows of the table between two comments of the page, cell by cell.
fn rows(name: &str) -> Vec<Vec<&'static str>> {
    let (start, end) = (
        format!("<!-- {name} -->"),
        format!("<!-- end of {name} -->"),
    );
    let (_, rest) = PAGE.split_once(&start).expect("the page has the table");
    let (table, _) = rest.split_once(&end).expect("the table ends");
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    table.trim().lines().skip(2).map(cells).collect()
}

fn names(cell: &str) -> BTreeSet<String> {
    let words = cell.split(',').map(|it| it.trim().trim_matches('`'));
    words
        .filter(|it| !it.is_empty() && *it != "-")
        .map(str::to_owned)
        .collect()
}

#[test]
fn crates_use_only_allowed_crates() {
    let allowed: Table = rows("dependencies")
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), names(row[1])))
        .collect();
    let found = metadata().normal;
    let packages: Vec<&String> = found.keys().collect();
    assert_eq!(
        packages,
        allowed.keys().collect::<Vec<_>>(),
        "crates and rows"
    );
    let mut wrong = Vec::new();
    for (name, named) in &found {
        let ours = named.iter().filter(|it| found.contains_key(*it));
        let refused = ours.filter(|it| !allowed[name].contains(*it));
        wrong.extend(refused.map(|it| format!("{name} names {it}")));
    }
    none_of(
        &wrong,
        "docs/architecture.md lists the allowed dependencies",
    );
}

#[test]
fn every_external_dependency_has_a_reason() {
    let metadata = metadata();
    let outside = |name: &String| !metadata.every.contains_key(name);
    let used: BTreeSet<String> = metadata.every.values().flatten().cloned().collect();
    let used: BTreeSet<String> = used.into_iter().filter(outside).collect();
    let reported: BTreeSet<String> = rows("packages")
        .into_iter()
        .flat_map(|row| names(row[0]))
        .collect();
    let untold = used
        .difference(&reported)
        .map(|it| format!("{it} is not in the list"));
    let unused = reported
        .difference(&used)
        .map(|it| format!("{it} is not used"));
    let wrong: Vec<String> = untold.chain(unused).collect();
    none_of(
        &wrong,
        "docs/architecture.md gives the purpose of each dependency",
    );
}

/// A bare `cargo test` at the root must not leave a crate out.
#[test]
fn every_crate_is_tested_by_default() {
    let all = cargo_metadata();
    let sorted = |key: &str| {
        let ids = list(&all[key]).iter().map(Value::to_string);
        ids.collect::<BTreeSet<String>>()
    };
    assert_eq!(
        sorted("workspace_default_members"),
        sorted("workspace_members"),
        "default-members in Cargo.toml names every member"
    );
}

/// Only `kernel` depends on a crate of random number generators. It re-exports `rand`'s traits and
/// operations without its generators, so every random number comes from a keyed generator.
#[test]
fn chance_comes_from_the_kernel_alone() {
    let metadata = metadata();
    let is_source = |it: &&String| {
        it.starts_with("rand") || ["getrandom", "fastrand", "oorandom"].contains(&it.as_str())
    };
    let mut wrong = Vec::new();
    for (name, named) in metadata.normal.iter().filter(|(name, _)| *name != "kernel") {
        let sources = named.iter().filter(is_source);
        wrong.extend(sources.map(|it| format!("{name} names {it}")));
    }
    let kernel = tree::files_of("crates/kernel/src/lib.rs", "rs");
    assert!(
        kernel[0]
            .text
            .contains("pub use ::rand::{Rng, RngExt, TryRng, distr, seq};"),
        "kernel::rand has no generators"
    );
    // Both only generate code.
    let allowed = BTreeSet::from(["bitflags", "thiserror"].map(str::to_owned));
    assert_eq!(
        metadata.normal["tcp"], allowed,
        "tcp cannot schedule or draw"
    );
    none_of(
        &wrong,
        "only the kernel depends on random number generators",
    );
}

/// The crates that a package needs in a build without its tests.
fn needed(package: &str, features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "--edges",
            "normal",
        ])
        .args(["--package", package])
        .args(features)
        .current_dir(tree::root())
        .output()
        .expect("cargo starts");
    let reported = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {reported}");
    let lines = String::from_utf8_lossy(&output.stdout);
    let names = lines.lines().filter_map(|it| it.split(' ').next());
    names
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A test of guests waits for every crate that it compiles.
#[test]
fn a_test_of_guests_needs_at_most_41_crates_beyond_those_of_tokio() {
    let tokio = needed("tokio", &[]);
    let others = needed("mtasim", &["--no-default-features"]).into_iter();
    let others = others.filter(|it| !tokio.contains(it) && !it.starts_with("mtasim"));
    let others: Vec<String> = others.collect();
    assert!(others.len() > 10, "{others:?}");
    assert!(others.len() <= 41, "{}: {others:?}", others.len());
}
