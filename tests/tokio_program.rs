//! Runs `docs/testing-a-tokio-program.md` unchanged: a package that consists of the page's own text, next to a
//! copy of this repository, and its commands with the outputs that the page shows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::how_to::{new_package, shares_target};

const PAGE: &str = include_str!("../docs/testing-a-tokio-program.md");
/// A line that stands for any lines of an output.
const OMITTED: &str = "...";

/// Writes files and runs commands in the order of the page.
struct Reader {
    /// Its folder.
    package: PathBuf,
}

impl Reader {
    fn read(&self) {
        let parts: Vec<&str> = PAGE.split("```").collect();
        let mut file = "";
        for pair in parts.chunks_exact(2) {
            let named = pair[0].split('`').skip(1).step_by(2);
            let named = named.filter_map(|it| it.strip_prefix("my-pool/"));
            file = named.last().unwrap_or(file);
            let (word, text) = pair[1].split_once('\n').expect("a block has lines");
            match word {
                "console" => self.run(text),
                "toml,append" => {
                    let path = self.package.join(file);
                    let before = fs::read_to_string(&path).expect("it was written before");
                    fs::write(path, before + text).expect("it can be written");
                }
                _ => fs::write(self.package.join(file), text).expect("it can be written"),
            }
        }
    }

    /// Runs each command of a block, a line after `$ `, and compares what it prints.
    fn run(&self, block: &str) {
        for part in block.split("$ ").skip(1) {
            let (command, shown) = part.split_once('\n').expect("a command is a line");
            let output = shares_target(&mut Command::new("sh"))
                .args(["-c", command])
                .current_dir(&self.package)
                .output()
                .expect("a shell starts");
            let printed = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches(&printed, shown),
                "$ {command}\n{printed}\n{errors}\nbut the page shows\n{shown}"
            );
        }
    }
}

/// Whether an output is what the page shows.
fn matches(printed: &str, shown: &str) -> bool {
    let mut rest = printed.lines();
    let mut skips = false;
    for line in shown.lines() {
        if line == OMITTED {
            skips = true;
        } else if skips {
            if !rest.any(|it| is_line(it, line)) {
                return false;
            }
            skips = false;
        } else if !rest.next().is_some_and(|it| is_line(it, line)) {
            return false;
        }
    }
    skips || rest.next().is_none()
}

/// Whether a line is what the page shows, which may leave out its end.
fn is_line(printed: &str, shown: &str) -> bool {
    match shown.strip_suffix(OMITTED) {
        Some(beginning) => printed.starts_with(beginning),
        None => printed == shown,
    }
}

#[test]
#[ignore = "builds a package that depends on this one"]
fn the_tokio_page_is_a_package_that_works() {
    let package = new_package("my-pool");
    Reader { package }.read();
}

#[test]
fn an_output_matches_with_lines_left_out() {
    assert!(matches("a\nb\nc\n", "a\n...\nc\n"));
    assert!(matches("a\nb\nc\n", "a\n...\n"));
    assert!(!matches("a\nb\nc\n", "a\nc\n"));
    assert!(!matches("a\nb\nc\n", "a\nb\n"));
    assert!(!matches("a\nb\n", "a\n...\nd\n"));
    assert!(matches("digest 07\n", "digest ...\n"));
}
