//! Runs `docs/your-own-pool.md` unchanged: a package that consists of the page's own text, next to a
//! copy of this repository, and its commands with the outputs that the page shows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::how_to::{new_package, shares_target};

const PAGE: &str = include_str!("../docs/your-own-pool.md");
/// A line that stands for any lines of an output.
const OMITTED: &str = "...";

/// A program that never returns to the runtime, and one that depends on the wall clock.
const MISTAKES: &str = r#"
use std::time::{Duration, SystemTime};

use mtasim::guest::{self, Sim};

async fn spin() {
    tokio::time::sleep(Duration::from_secs(7)).await;
    loop {
        std::hint::spin_loop();
    }
}

fn loops(sim: &mut Sim) {
    sim.host("db", || async {});
    sim.host("app", spin);
}

fn leaks(sim: &mut Sim) {
    sim.host("db", || async {});
    sim.host("app", || async {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        guest::failure("date", format!("{since:?}"));
    });
}

mtasim::guest::main! {
    "loops" => loops,
    "leaks" => leaks,
}
"#;

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
                _ => {
                    let path = self.package.join(file);
                    let folder = path.parent().expect("it is in the package");
                    fs::create_dir_all(folder).expect("a folder can be made");
                    fs::write(path, text).expect("it can be written");
                }
            }
        }
    }

    /// The rows of 100 seeds, with their digests, are equal in every process and with any number of workers.
    fn has_the_same_runs_everywhere(&self) {
        let rows = |jobs: &str, out: &str| {
            let arguments = ["run", "-q", "--", "sweep", "pool.toml", "--seeds", "0..100"];
            let swept = shares_target(&mut Command::new(env!("CARGO")))
                .args(arguments)
                .args(["--jobs", jobs, "--out", out])
                .current_dir(&self.package)
                .output()
                .expect("cargo starts");
            assert_eq!(swept.status.code(), Some(1), "the pool starves");
            fs::read_to_string(self.package.join(out).join("seeds.jsonl")).expect("rows")
        };
        let first = rows("1", "first");
        assert_eq!(first.matches("\"digest\":").count(), 100);
        for (jobs, out) in [("1", "again"), ("2", "two"), ("2", "two-again")] {
            assert_eq!(first, rows(jobs, out), "{jobs} workers");
        }
    }

    /// What the page's test says when it fails, with one worker and with several. A test has as many workers as
    /// the processors that it may use.
    fn says_the_same_with_any_workers(&self) {
        let said = |processors: &str| {
            let tested = shares_target(&mut Command::new("taskset"))
                .args([
                    "-c",
                    processors,
                    env!("CARGO"),
                    "test",
                    "-q",
                    "--test",
                    "pool",
                ])
                .current_dir(&self.package)
                .output()
                .expect("taskset of util-linux starts");
            let printed = String::from_utf8(tested.stdout).expect("text");
            let (_, message) = printed.split_once("stdout ----").expect("a test fails");
            // The number of the thread and the time differ.
            let message = message.lines().filter(|it| !it.starts_with("thread '"));
            message
                .take_while(|it| !it.starts_with("test result"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let first = said("0");
        assert!(first.contains("seeds of pool.toml fail"), "{first}");
        for processors in ["0", "0-1", "0-1"] {
            assert_eq!(first, said(processors), "processors {processors}");
        }
    }

    /// Programs with mistakes, as a second binary beside the page's.
    fn explains_mistakes(&self) {
        let bin = self.package.join("src/bin");
        fs::create_dir_all(&bin).expect("a folder can be made");
        fs::write(bin.join("mistakes.rs"), MISTAKES).expect("it can be written");
        let run = |arguments: &[&str]| {
            let output = shares_target(&mut Command::new(env!("CARGO")))
                .args(["run", "-q", "--bin", "mistakes", "--"])
                .args(arguments)
                .current_dir(&self.package)
                .output()
                .expect("cargo starts");
            let errors = String::from_utf8(output.stderr).expect("text");
            (output.status.code(), errors)
        };
        let sweep = ["sweep", "pool.toml", "--seeds", "0..2", "--recheck", "1"];
        let loops = ["--arm", "loops", "--stuck-after", "1s"];
        let (code, errors) = run(&[&sweep[..], &loops].concat());
        assert_eq!(code, Some(1), "{errors}");
        assert!(errors.contains("for 1 second, seed "), "{errors}");
        assert!(
            errors.contains("on host app, the task that was spawned at"),
            "{errors}"
        );
        for command in [&sweep[..], &["run", "pool.toml", "--out", "twice"]] {
            let (code, errors) = run(&[command, &["--arm", "leaks"]].concat());
            assert_eq!(code, Some(3), "{errors}");
            assert!(errors.contains("use tokio::time::Instant"), "{errors}");
            assert!(!errors.contains("please report"), "{errors}");
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
    let reader = Reader { package };
    reader.read();
    reader.has_the_same_runs_everywhere();
    reader.says_the_same_with_any_workers();
    reader.explains_mistakes();
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
