//! Runs `docs/how-to-test-a-fix.md` unchanged: a package that consists of the page's own
//! text, next to a copy of this repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use mtasim::prelude::*;

const PAGE: &str = include_str!("../docs/how-to-test-a-fix.md");

/// A fenced block of the page, with the word after its fence and the file it belongs to: the last
/// one that the text before it names.
struct Block {
    word: &'static str,
    file: &'static str,
    text: &'static str,
}

fn blocks() -> Vec<Block> {
    let parts: Vec<&'static str> = PAGE.split("```").collect();
    let (mut found, mut file) = (Vec::new(), "");
    for pair in parts.chunks_exact(2) {
        let named = pair[0].split('`').skip(1).step_by(2);
        file = named
            .filter(|it| it.starts_with("my-fix/") && !it.ends_with("lib.rs"))
            .last()
            .unwrap_or(file);
        let (word, text) = pair[1].split_once('\n').expect("a block has lines");
        found.push(Block { word, file, text });
    }
    found
}

/// What a package that depends on this repository needs from it.
const PARTS: [&str; 3] = ["Cargo.toml", "Cargo.lock", "crates"];

/// Where packages that depend on this repository lie, beside a copy of it: always the same folder, so that
/// they share what they compile.
fn neighbours() -> PathBuf {
    Path::new(crate::ROOT).join("target/how-to")
}

/// A symbolic link would not work: paths with `..` resolve relative to its target.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.ends_with("target") {
        return Ok(());
    }
    if from.is_file() {
        fs::create_dir_all(to.parent().expect("it lies in a folder"))?;
        return fs::copy(from, to).map(drop);
    }
    for entry in from.read_dir()? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Copies this repository once for all packages.
fn copy_repository() {
    static COPIED: Once = Once::new();
    COPIED.call_once(|| {
        let to = neighbours().join("mtasim");
        if to.exists() {
            fs::remove_dir_all(&to).expect("an old copy can be removed");
        }
        for part in PARTS {
            copy(&Path::new(crate::ROOT).join(part), &to.join(part)).expect("it can be copied");
        }
    });
}

/// An empty package folder beside a copy of this repository.
pub(crate) fn new_package(name: &str) -> PathBuf {
    copy_repository();
    let package = neighbours().join(name);
    if package.exists() {
        fs::remove_dir_all(&package).expect("an old package can be removed");
    }
    fs::create_dir_all(package.join("src")).expect("a folder can be made");
    fs::create_dir_all(package.join("tests")).expect("a folder can be made");
    // The versions already downloaded, so that cargo needs no index.
    let lock = Path::new(crate::ROOT).join("Cargo.lock");
    fs::copy(lock, package.join("Cargo.lock")).expect("it can be copied");
    package
}

/// Makes commands use this repository's target folder: a crate of the registry that both need is compiled
/// once. Only what the pages leave open is set.
pub(crate) fn shares_target(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_TARGET_DIR", Path::new(crate::ROOT).join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("RUST_BACKTRACE")
}

fn cargo(folder: &Path, test: &str) -> Output {
    shares_target(&mut Command::new(env!("CARGO")))
        .args(["test", "--test", test])
        .current_dir(folder)
        .output()
        .expect("cargo starts")
}

#[test]
#[ignore = "builds a package that depends on this one"]
fn the_page_is_a_package_that_works() {
    let package = new_package("my-fix");
    fs::write(package.join("src/lib.rs"), "").expect("it can be written");
    for block in blocks() {
        if matches!(block.word, "toml" | "rust" | "rust,fails") && !block.file.is_empty() {
            fs::write(neighbours().join(block.file), block.text).expect("it can be written");
        }
    }
    let right = cargo(&package, "my_fix");
    let output = String::from_utf8_lossy(&right.stdout);
    let errors = String::from_utf8_lossy(&right.stderr);
    assert!(right.status.success(), "{output}\n{errors}");
    assert!(output.contains("test my_fix_is_right ... ok"), "{output}");

    let covered = cargo(&package, "covered");
    let output = String::from_utf8_lossy(&covered.stdout);
    let said = String::from_utf8_lossy(&covered.stderr);
    assert!(covered.status.success(), "{output}\n{said}");
    assert!(
        output.contains("test what_my_cases_cover ... ok"),
        "{output}"
    );

    let wrong = cargo(&package, "longer_timer");
    let output = String::from_utf8_lossy(&wrong.stdout);
    assert!(!wrong.status.success(), "{output}");
    assert!(output.contains("never_leaks does not hold"), "{output}");
    let kept = package.join("tests/longer_timer.proptest-regressions");
    assert!(kept.exists(), "the failure is kept");
    // The text between the dashed lines is a scenario.
    let shown = output.split("# -----").nth(1).expect("a case is printed");
    let text = shown.trim_start_matches('-');
    assert!(Case::read("shown", text).is_ok(), "{text}");
}

/// The test of a fix stays short.
#[test]
fn the_pages_property_has_at_most_fifteen_lines() {
    let first = blocks()
        .into_iter()
        .find(|it| it.word == "rust")
        .expect("the page has a test");
    let (_, test) = first
        .text
        .split_once("proptest! {")
        .expect("it is a property test");
    assert!(test.lines().count() < 15, "{test}");
}

/// The failure on the page is real: its scenario leaks with the longer timer, and not with the fix
/// of the page.
#[test]
fn the_failure_that_the_page_shows_is_one() {
    let shown = blocks()
        .into_iter()
        .find(|it| it.word == "text" && it.text.contains("# ---"));
    let text = shown.expect("the page shows a failure").text;
    let rulers: Vec<&str> = text.lines().filter(|it| it.starts_with("# ---")).collect();
    let case = text.split(rulers[0]).nth(1).expect("a case between rulers");
    let case = Case::read("page", case).expect("it is a scenario");
    let outcome = case.run(LongerTimer).expect("it runs");
    let failure = never_leaks(&outcome).expect_err("it leaks");
    assert!(text.contains(&failure.findings[0]), "{failure}");
    never_leaks(&case.run(TimeoutOnlyAsks).expect("it runs")).expect("it does not leak");
}

#[derive(Clone, Debug)]
struct LongerTimer;

impl Build for LongerTimer {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn session_timer(&self, configured: Duration) -> Duration {
        configured.max(Duration::from_secs(360))
    }
}

#[derive(Clone, Debug)]
struct TimeoutOnlyAsks;

impl Build for TimeoutOnlyAsks {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
        TimeoutAction::RequestClose
    }
}
