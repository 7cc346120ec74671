//! What every command does with its outputs: paths that it refuses, readers that leave, full disks,
//! and text that someone else wrote.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::program::{argument, code, mtasim, text};

const CLEAN: &str = "sims/smoke/clean-link.toml";
const LEAK: &str = "sims/canary/late-close-5.5.toml";
const BROKEN: &str = "sims/verify/close-vs-timeout.toml";
/// A run that differs from what the scenario expects.
const UNEXPECTED: [&str; 4] = ["run", LEAK, "--set", "expect={}"];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// A capsule of a short sweep.
fn capsule(folder: &Path) -> std::path::PathBuf {
    let out = folder.join("swept");
    code(
        &mtasim(&["sweep", LEAK, "--seeds", "0..2", "--out", argument(&out)]),
        0,
    );
    let mut capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    capsules.next().expect("one").expect("an entry").path()
}

/// Every command that writes a file, with the option that names it last.
fn writers(capsule: &str) -> Vec<Vec<&str>> {
    let sweep = [
        "sweep",
        CLEAN,
        "--seeds",
        "0..1",
        "--vary",
        "seed=1,2",
        "--set",
        "duration=1m",
    ];
    vec![
        vec!["run", CLEAN, "--pcap"],
        vec!["run", CLEAN, "--perfetto"],
        vec!["report", CLEAN, "-o"],
        vec!["shrink", capsule, "--budget", "50", "-o"],
        [&sweep[..], &["--recheck", "0", "--plot"]].concat(),
    ]
}

#[test]
fn every_command_makes_the_folder_says_what_it_wrote_and_replaces_only_by_request() {
    let folder = folder();
    let capsule = capsule(folder.path());
    for (number, command) in writers(argument(&capsule)).into_iter().enumerate() {
        let path = folder.path().join(format!("{number}/below/file.svg"));
        let command = [&command[..], &[argument(&path)]].concat();
        let output = mtasim(&command);
        code(&output, 0);
        let wrote = format!("wrote {}\n", path.display());
        assert!(
            text(&output.stderr).ends_with(&wrote),
            "{command:?}: {}",
            text(&output.stderr)
        );
        let first = fs::read(&path).expect("it is written");
        let refused = mtasim(&command);
        code(&refused, 4);
        let what = format!(
            "mtasim: {} exists; use --force to replace it\n",
            path.display()
        );
        assert_eq!(text(&refused.stderr), what, "{command:?}");
        assert_eq!(
            text(&refused.stdout),
            "",
            "nothing is done before the path is checked"
        );
        fs::write(&path, "old").expect("it can be written");
        code(&mtasim(&[&command[..], &["--force"]].concat()), 0);
        assert!(
            fs::read(&path).expect("it is written") == first,
            "{command:?}"
        );
    }
}

#[test]
fn no_command_replaces_its_input_even_by_request() {
    let folder = folder();
    let scenario = folder.path().join("in.svg");
    fs::copy(Path::new(crate::ROOT).join(CLEAN), &scenario).expect("a copy");
    let before = fs::read(&scenario).expect("a scenario");
    let capsule = capsule(folder.path());
    let name = argument(&scenario);
    for mut command in writers(argument(&capsule)) {
        let input = command[1].to_owned();
        let input = if input == CLEAN { name } else { command[1] };
        command[1] = input;
        let output = mtasim(&[&command[..], &[input, "--force"]].concat());
        code(&output, 4);
        assert!(
            text(&output.stderr).ends_with("it is an input of this command\n"),
            "{command:?}"
        );
    }
    // The scenario of a directory that a run would write.
    let out = folder.path().join("out");
    code(&mtasim(&["run", CLEAN, "--out", argument(&out)]), 0);
    let own = out.join("scenario.toml");
    code(
        &mtasim(&["run", argument(&own), "--out", argument(&out), "--force"]),
        4,
    );
    // A file that the shell redirects to standard input is one, too.
    let redirected = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(["run", "-", "--force", "--pcap", name])
        .stdin(File::open(&scenario).expect("a scenario"))
        .output()
        .expect("the program starts");
    code(&redirected, 4);
    assert!(text(&redirected.stderr).ends_with("it is an input of this command\n"));
    assert_eq!(fs::read(&scenario).expect("a scenario"), before);
}

#[test]
fn a_device_and_a_link_are_not_replaced() {
    let folder = folder();
    for option in ["--pcap", "--perfetto"] {
        code(&mtasim(&["run", CLEAN, option, "/dev/null"]), 0);
    }
    let kind = fs::metadata("/dev/null").expect("a device").file_type();
    assert!(kind.is_char_device());
    let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
    fs::write(&target, "mine").expect("a file");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    code(&mtasim(&["run", CLEAN, "--pcap", argument(&link)]), 4);
    assert_eq!(fs::read(&target).expect("a file"), b"mine");
    let same = argument(&link);
    let two = mtasim(&[
        "run",
        CLEAN,
        "--pcap",
        same,
        "--perfetto",
        argument(&target),
        "--force",
    ]);
    code(&two, 2);
}

/// A result is printed even if its file cannot be written.
#[test]
fn a_finding_is_printed_even_if_it_cannot_be_kept() {
    let output = mtasim(&["run", CLEAN, "--pcap", "/dev/full"]);
    code(&output, 4);
    assert!(text(&output.stdout).contains("PASS: "));
    let folder = folder();
    let verify = [
        "verify",
        BROKEN,
        "--build",
        "5.5.2653.23",
        "--out",
        argument(folder.path()),
    ];
    let found = mtasim(&verify);
    code(&found, 1);
    let capsules = || {
        let entries = fs::read_dir(folder.path()).expect("a folder");
        entries
            .map(|it| it.expect("an entry").path())
            .collect::<Vec<_>>()
    };
    let [capsule] = &capsules()[..] else {
        panic!("one capsule");
    };
    // The same counterexample again is the same file.
    code(&mtasim(&verify), 1);
    fs::write(capsule, "something else").expect("a file");
    let again = mtasim(&verify);
    code(&again, 4);
    assert!(text(&again.stdout).contains("FAIL: violation: "));
    assert!(text(&again.stderr).contains("exists; use --force to replace it"));
    assert_eq!(fs::read(capsule).expect("a file"), b"something else");
    code(&mtasim(&[&verify[..], &["--force"]].concat()), 1);
    assert_eq!(capsules().len(), 1);
}

/// Runs a command whose reader has left before it begins.
fn without_reader(arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments)
        .current_dir(crate::ROOT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    child.wait_with_output().expect("the program ends")
}

fn to_full_disk(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments)
        .current_dir(crate::ROOT)
        .stdout(
            File::options()
                .write(true)
                .open("/dev/full")
                .expect("a device"),
        )
        .output()
        .expect("the program starts")
}

#[test]
fn the_exit_code_does_not_depend_on_the_reader_and_a_full_disk_is_four() {
    let folder = folder();
    let capsule = capsule(folder.path());
    let capsule = argument(&capsule);
    let out = argument(folder.path());
    let log = folder.path().join("A.Winsock.log");
    fs::write(&log, "(008) No more data\n").expect("a log");
    let short = ["--seeds", "0..1", "--recheck", "0"];
    let commands = [
        &UNEXPECTED[..],
        &["run", CLEAN],
        &["run", CLEAN, "--format", "json"],
        &["run", "/nowhere"],
        &["check", CLEAN],
        &["check", CLEAN, "/nowhere"],
        &["check", CLEAN, "--print"],
        &["ping", CLEAN, "--link", "wan"],
        &["replay", capsule],
        &["explain", capsule, "--reseeds", "0"],
        &["report", CLEAN, "-o", "-"],
        &["verify", BROKEN, "--max-runs", "3", "--out", out],
        &["diagnose", argument(&log)],
        &["schema"],
        &["schema", "--keys"],
        &["completions", "bash"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
        &[&["sweep", LEAK, "--set", "expect={}"], &short[..]].concat(),
        &[&["compare", LEAK, "--set", "seed=1"], &short[..2]].concat(),
    ];
    for arguments in commands {
        let read = mtasim(arguments).status.code();
        let unread = without_reader(arguments);
        assert_eq!(
            unread.status.code(),
            read,
            "{arguments:?}: {}",
            text(&unread.stderr)
        );
        if mtasim(arguments).stdout.is_empty() {
            continue;
        }
        let full = to_full_disk(arguments);
        code(&full, 4);
        assert!(
            text(&full.stderr).contains("cannot write: No space left on device"),
            "{arguments:?}"
        );
    }
    assert_eq!(mtasim(&UNEXPECTED).status.code(), Some(1));
}

#[test]
fn what_cannot_be_written_or_read_is_four() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let below = file.join("below");
    let below = argument(&below);
    for command in [
        &["run", CLEAN, "--out", below][..],
        &["run", CLEAN, "--pcap", below],
        &["report", CLEAN, "-o", below],
        &["sweep", CLEAN, "--seeds", "0..1", "--out", below],
        &[
            "sweep",
            CLEAN,
            "--seeds",
            "0..1",
            "--plot",
            &format!("{below}.svg"),
        ],
        &["merge", below, "--out", below],
        &["verify", BROKEN, "--out", below],
        &["man", "--out", below],
        &["report", below, "-o", "-"],
        &["diagnose", below],
    ] {
        let output = mtasim(command);
        code(&output, 4);
        assert_eq!(text(&output.stdout), "", "{command:?}");
        assert!(
            text(&output.stderr).contains(below),
            "{command:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn numbers_beyond_reason_are_refused() {
    let sweep = ["sweep", CLEAN, "--seeds", "0..4"];
    let jobs = mtasim(&[&sweep[..], &["--jobs", "18446744073709551615"]].concat());
    code(&jobs, 2);
    assert!(text(&jobs.stderr).contains("18446744073709551615 is not in 1..=1024"));
    for (name, value) in [
        ("JOB_COMPLETION_INDEX", "18446744073709551615"),
        ("SLURM_ARRAY_TASK_ID", "18446744073709551615"),
        ("SLURM_ARRAY_TASK_ID", "-1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mtasim"))
            .args([&sweep[..], &["--shard", "auto/4"]].concat())
            .env(name, value)
            .current_dir(crate::ROOT)
            .output()
            .expect("the program starts");
        code(&output, 2);
        assert!(
            text(&output.stderr).contains("shard"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_file_name_need_not_be_text() {
    let folder = folder();
    let capsule = capsule(folder.path());
    let strange = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"a\xff\x1b[2J.toml"));
    let output = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args([
            "shrink",
            argument(&capsule),
            "--budget",
            "20",
            "--format",
            "json",
            "-o",
        ])
        .arg(&strange)
        .output()
        .expect("the program starts");
    code(&output, 0);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        answer["pinned"]
            .as_str()
            .expect("a name")
            .ends_with("a\u{fffd}\u{1b}[2J.toml")
    );
    assert!(strange.exists());
    assert!(
        !output.stderr.contains(&0x1b),
        "no escape sequence reaches the terminal"
    );
}

/// A title, names and values that try to leave their place, in every output that shows them.
#[test]
fn hostile_text_stays_text_in_every_output() {
    let folder = folder();
    let file = folder.path().join("hostile.toml");
    let hostile = "\\u001b]0;x\\u0007\\u009b2J\\u202e\\ufffe</script><b>\\\"&";
    let scenario = fs::read_to_string(Path::new(crate::ROOT).join(CLEAN)).expect("a scenario");
    let mut lines: Vec<String> = scenario.lines().map(str::to_owned).collect();
    let title = lines
        .iter_mut()
        .find(|line| line.starts_with("title"))
        .expect("a title");
    *title = format!("title = \"{hostile}\"");
    fs::write(&file, lines.join("\n")).expect("a file");
    let file = argument(&file);
    let [page, plot, out, kept] =
        ["p.html", "p.svg", "out", "kept"].map(|name| folder.path().join(name));
    let short = ["--seeds", "0..2", "--recheck", "0", "--set", "duration=1m"];
    let sweep = [
        "sweep",
        file,
        "--out",
        argument(&out),
        "--plot",
        argument(&plot),
    ];
    for arguments in [
        &["run", file][..],
        &["run", file, "--format", "json"],
        &["check", file],
        &["check", file, "--print"],
        &["check", file, "--format", "json"],
        &["check", file, "--set", "\u{1b}[2J=\u{9b}"],
        &["report", file, "-o", argument(&page)],
        &[&sweep[..], &["--vary", "seed=1,2"], &short[..]].concat(),
        &["run", file, "--out", argument(&kept)],
    ] {
        let output = mtasim(arguments);
        for bytes in [&output.stdout, &output.stderr] {
            let shown = text(bytes);
            let acts =
                |it: char| (it.is_control() && it != '\n') || "\u{202e}\u{fffe}".contains(it);
            assert!(!shown.contains(acts), "{arguments:?}: {shown:?}");
        }
    }
    let printed = mtasim(&["check", file, "--print"]);
    let again = folder.path().join("again.toml");
    fs::write(&again, &printed.stdout).expect("a file");
    assert_eq!(
        mtasim(&["check", argument(&again), "--print"]).stdout,
        printed.stdout
    );
    for (file, mark) in [(&page, "<b>"), (&plot, "<b>")] {
        let written = fs::read_to_string(file).expect("it is written");
        let acts =
            |it: char| (it.is_control() && !"\n\t".contains(it)) || "\u{202e}\u{fffe}".contains(it);
        assert!(!written.contains(acts), "{}", file.display());
        let inner = written.matches(mark).count();
        assert_eq!(inner, 0, "{}", file.display());
    }
    for file in [
        out.join("summary.json"),
        out.join("seeds.jsonl"),
        out.join("sweep.json"),
        kept.join("run.json"),
        kept.join("journal.jsonl"),
        kept.join("scenario.toml"),
    ] {
        let written = fs::read_to_string(&file).expect("it is written");
        let acts = |it: char| (it.is_control() && it != '\n') || "\u{202e}\u{fffe}".contains(it);
        assert!(!written.contains(acts), "{}", file.display());
    }
    let manifest = fs::read(out.join("sweep.json")).expect("it is written");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let title = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{fffe}</script><b>\"&";
    assert_eq!(manifest["title"], title, "its value stays");
}

/// A line end in a title or in the name of a file cannot begin a line of the output.
#[test]
fn a_line_end_in_foreign_text_begins_no_line() {
    let folder = folder();
    let scenario = fs::read_to_string(Path::new(crate::ROOT).join(LEAK)).expect("a scenario");
    let mut lines: Vec<&str> = scenario.lines().collect();
    let title = lines.iter_mut().find(|line| line.starts_with("title"));
    *title.expect("a title") = "title = \"a\\nINJECTED\"";
    let name = |name: &str| {
        let path = folder.path().join(format!("{name}\nINJECTED.toml"));
        argument(&path).to_owned()
    };
    let (file, out, other) = (name("a"), name("out"), name("other"));
    fs::write(&file, lines.join("\n")).expect("a file");
    let swept = ["sweep", &file, "--seeds", "0..2", "--recheck", "0", "--out"];
    let mut found = Vec::new();
    let mut check = |arguments: &[&str]| {
        let output = mtasim(arguments);
        for bytes in [&output.stdout, &output.stderr] {
            let said = text(bytes);
            if said.contains("\nINJECTED") {
                found.push(format!("{arguments:?}: {said}"));
            }
        }
    };
    check(&[&swept[..], &[&out]].concat());
    check(&["run", &file, "--log", "debug"]);
    check(&["diagnose", &name("missing"), &file]);
    let capsule = fs::read_dir(Path::new(&out).join("capsules")).expect("capsules");
    let capsule = capsule.map(|it| it.expect("an entry").path()).next();
    let capsule = capsule.expect("one");
    let capsule = argument(&capsule);
    for arguments in [
        &["run", &file][..],
        &["run", &file, "--out", &name("kept")],
        &[
            "run",
            &file,
            "--pcap",
            &name("pcap"),
            "--set",
            "limits.records=10",
        ],
        &["run", &name("missing")],
        &["run", "/dev/null/\nINJECTED"],
        &["check", &name("missing")],
        &["report", &file, "-o", &name("page")],
        &["report", &out, "-o", &name("page2")],
        &["report", &file, "-o", &file],
        &["ping", &file, "--link", "nothing\nINJECTED"],
        &["replay", capsule],
        &["replay", capsule, "--set", "a\nINJECTED"],
        &["explain", capsule, "--reseeds", "0"],
        &["explain", &file, "--seed", "1", "--reseeds", "0"],
        &["shrink", capsule, "--budget", "9", "-o", &name("small")],
        &[
            "verify",
            BROKEN,
            "--build",
            "5.5.2653.23",
            "--out",
            &name("found"),
        ],
        &[
            "compare",
            &file,
            "--set",
            "seed=1",
            "--seeds",
            "0..1",
            "--signature",
            "x\nINJECTED",
        ],
        &["merge", &out, "--out", &other],
        &["merge", &out, &out, "--out", &other],
        &["merge", &name("missing"), "--out", &other],
        &["man", "--out", &name("man")],
        &["new", &name("new")],
        &["run", &file, "--seed", "a\nINJECTED"],
        &["run", &file, "--log", "a\nINJECTED=1"],
        &["sweep", &file, "--seeds", "0..1", "--plot", &name("plot")],
        &["diagnose", &name("missing")],
    ] {
        check(arguments);
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// A message waits as a range of its bytes: 256 MiB of address space are enough for one of a gigabyte that nothing
/// divides.
#[test]
fn messages_of_a_gigabyte_need_no_memory_of_their_size() {
    let program = argument(Path::new(env!("CARGO_BIN_EXE_mtasim")));
    let limited = "ulimit -v 262144; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .current_dir(crate::ROOT)
        .args(["-c", limited, program, "run", CLEAN])
        .args(["--set", "workload.mail.size=\"1 GiB\""])
        .args(["--set", "connector.paris-lyon.checkpoint=0"])
        .args([
            "--set",
            "connector.paris-lyon.transfer_timeout_normal=\"24h\"",
        ])
        .args(["--set", "limits.events=10000"])
        .output()
        .expect("sh starts");
    code(&output, 5);
    assert!(text(&output.stdout).contains("limits.events"));
}

#[test]
fn a_place_that_cannot_be_written_is_named_as_the_user_named_it() {
    for command in [
        &["run", CLEAN, "--pcap", "/proc/run.pcapng"][..],
        &["report", CLEAN, "-o", "/proc/run.html"],
        &["run", CLEAN, "--out", "/proc/run"],
        &["new", "/proc/new.toml"],
    ] {
        let output = mtasim(command);
        code(&output, 4);
        let said = text(&output.stderr);
        assert!(said.starts_with("mtasim: cannot write /proc/"), "{said}");
        assert!(!said.contains(".partial"), "{said}");
        assert!(said.contains("No such file or directory"), "{said}");
    }
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo is there").success());
}

/// Runs the program for at most a minute: a command that waits for another program fails the test.
fn bounded(arguments: &[&str]) -> Output {
    let output = Command::new("timeout")
        .args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_mtasim")])
        .args(arguments)
        .current_dir(crate::ROOT)
        .output();
    output.expect("coreutils has timeout")
}

#[track_caller]
fn is_refused(arguments: &[&str], file: &Path, cause: &str) {
    let output = bounded(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{arguments:?}: {said}");
    assert!(said.contains(argument(file)), "{arguments:?}: {said}");
    assert!(said.contains(cause), "{arguments:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
}

#[test]
fn a_pipe_without_a_reader_is_refused_before_the_work_and_one_with_a_reader_is_written_to() {
    let folder = folder();
    let capsule = capsule(folder.path());
    let unread = "it is a pipe that nobody reads; start its reader first, or name a file";
    let pipe = folder.path().join("pipe.svg");
    make_pipe(&pipe);
    let mut commands = writers(argument(&capsule));
    commands.push(vec!["replay", argument(&capsule), "--pcap"]);
    commands.push(vec!["new"]);
    for command in &commands {
        is_refused(&[command, &[argument(&pipe)][..]].concat(), &pipe, unread);
        is_refused(
            &[command, &[argument(&pipe), "--force"][..]].concat(),
            &pipe,
            unread,
        );
    }
    // Files whose names the program chooses.
    for (command, name) in [
        (&["run", CLEAN, "--force", "--out"][..], "run.json"),
        (&["man", "--force", "--out"], "mtasim-run.1"),
    ] {
        let out = folder.path().join(format!("{name}-out"));
        fs::create_dir(&out).expect("a folder");
        make_pipe(&out.join(name));
        is_refused(
            &[command, &[argument(&out)]].concat(),
            &out.join(name),
            unread,
        );
        assert_eq!(fs::read_dir(&out).expect("a folder").count(), 1, "{name}");
    }
    for command in &commands {
        let streamed = Command::new("sh")
            .current_dir(crate::ROOT)
            .args([
                "-c",
                "cat \"$0\" > \"$0.read\" & exec 9>\"$0\"; \"$@\" \"$0\" 9>&-; code=$?; exec 9>&-; wait; exit $code",
                argument(&pipe),
            ])
            .arg(env!("CARGO_BIN_EXE_mtasim"))
            .args(command)
            .output();
        code(&streamed.expect("sh starts"), 0);
        let read = folder.path().join("pipe.svg.read");
        assert!(fs::metadata(&read).expect("what cat wrote").len() > 500);
        assert!(
            pipe.symlink_metadata()
                .expect("a pipe")
                .file_type()
                .is_fifo()
        );
    }
}

/// What a resumed sweep, `merge`, `report` or `replay` reads is a plain file, or is refused; nothing waits, and nothing
/// is replaced.
#[test]
fn what_is_no_plain_file_in_a_directory_of_results_is_refused() {
    let folder = folder();
    let swept = capsule(folder.path());
    let out = folder.path().join("swept");
    let sweep = ["sweep", LEAK, "--seeds", "0..2", "--out", argument(&out)];
    let merged = folder.path().join("merged");
    let merge = ["merge", argument(&out), "--out", argument(&merged)];
    let kept = folder.path().join("kept");
    code(&mtasim(&["run", CLEAN, "--out", argument(&kept)]), 0);
    let page = folder.path().join("page.html");
    let report = ["report", argument(&kept), "-o", argument(&page)];
    let replay = ["replay", argument(&swept)];
    let rows: [(&Path, &[&[&str]]); 6] = [
        (&out.join("sweep.json"), &[&sweep, &merge]),
        (&out.join("seeds.jsonl"), &[&sweep, &merge]),
        (&out.join("summary.json"), &[&sweep, &merge]),
        (&swept, &[&sweep, &merge, &replay]),
        (&kept.join("run.json"), &[&report]),
        (&kept.join("scenario.toml"), &[&report]),
    ];
    let aside = folder.path().join("aside");
    for (file, commands) in rows {
        fs::rename(file, &aside).expect("a file");
        for make in ["mkfifo", "mkdir"] {
            let made = Command::new(make).arg(file).status();
            assert!(made.expect("coreutils").success());
            let cause = match make {
                "mkfifo" => "it is a pipe",
                _ => "it is a directory",
            };
            for command in commands {
                is_refused(command, file, cause);
            }
            let removed = match make {
                "mkfifo" => fs::remove_file(file),
                _ => fs::remove_dir(file),
            };
            removed.expect("it is still there");
        }
        fs::rename(&aside, file).expect("a file");
    }
    for name in ["early.jsonl", "grid.csv", "sweep.lock"] {
        make_pipe(&out.join(name));
        is_refused(&sweep, &out.join(name), "it is a pipe");
        fs::remove_file(out.join(name)).expect("a pipe");
    }
    code(&mtasim(&sweep), 0);
    code(&mtasim(&merge), 0);
}

/// A link stays a link, also one to nothing: a sweep neither replaces nor follows it.
#[test]
fn a_sweep_refuses_a_link_in_its_directory() {
    let folder = folder();
    let swept = capsule(folder.path());
    let out = folder.path().join("swept");
    let sweep = ["sweep", LEAK, "--seeds", "0..2", "--out", argument(&out)];
    for name in ["sweep.json", "seeds.jsonl", "summary.json", "early.jsonl"] {
        let (file, fresh) = (out.join(name), folder.path().join("fresh"));
        let _ = fs::remove_file(&file);
        for (directory, command) in [
            (&out, &sweep),
            (
                &fresh,
                &["sweep", LEAK, "--seeds", "0..2", "--out", argument(&fresh)],
            ),
        ] {
            fs::create_dir_all(directory).expect("a folder");
            let link = directory.join(name);
            std::os::unix::fs::symlink("/nowhere/file", &link).expect("a link");
            is_refused(command, &link, "it is a symbolic link");
            assert!(link.is_symlink());
            fs::remove_file(link).expect("a link");
        }
        fs::remove_dir_all(&out).expect("a folder");
        code(&mtasim(&sweep), 0);
    }
    fs::remove_file(&swept).expect("a capsule");
    std::os::unix::fs::symlink("/nowhere/file", &swept).expect("a link");
    is_refused(&sweep, &swept, "it is a symbolic link");
    assert!(swept.is_symlink());
}

#[test]
fn an_output_in_the_place_of_another_is_refused_before_the_work() {
    let folder = folder();
    let capsule = capsule(folder.path());
    let path = |name: &str| argument(&folder.path().join(name)).to_owned();
    let (out, inner) = (path("o"), path("o/run.json"));
    let (below, up) = (path("o/journal.jsonl/x"), path("o/../o/scenario.toml"));
    let (one, plot) = (path("one"), path("o.svg"));
    let (in_summary, in_capsules) = (path("o/summary.json/x.svg"), path("o/capsules/x.svg"));
    let deep = path("p/a/b");
    let run = ["run", CLEAN, "--force"];
    let replay = ["replay", argument(&capsule)];
    let sweep = ["sweep", CLEAN, "--seeds", "0..1", "--vary", "seed=1,2"];
    for (command, given) in [
        (&run[..], ["--out", &out, "--pcap", &inner]),
        (&run, ["--out", &out, "--perfetto", &below]),
        (&run, ["--out", &out, "--pcap", &up]),
        (&run, ["--out", &out, "--pcap", &out]),
        (&run, ["--pcap", &one, "--perfetto", &one]),
        (&replay, ["--pcap", &one, "--perfetto", &one]),
        (&sweep, ["--out", &plot, "--plot", &plot]),
        (&sweep, ["--out", &out, "--plot", &in_summary]),
        (&sweep, ["--out", &out, "--plot", &in_capsules]),
        (&run, ["--pcap", &deep, "--perfetto", &path("p/a")]),
    ] {
        let output = mtasim(&[command, &given].concat());
        code(&output, 2);
        let said = text(&output.stderr);
        assert!(said.contains("two outputs"), "{given:?}: {said}");
        assert!(said.contains("name another file"), "{given:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{given:?}");
        // A directory that was made for one of them would be in the way of the next command.
        for made in ["o", "p"] {
            assert!(!folder.path().join(made).exists(), "{given:?}: {made}");
        }
    }
}

/// A file of a later version may mean something else by the same keys.
#[test]
fn a_result_of_an_unknown_version_is_refused() {
    let folder = folder();
    let kept = folder.path().join("kept");
    code(&mtasim(&["run", CLEAN, "--out", argument(&kept)]), 0);
    let result = kept.join("run.json");
    let whole = fs::read_to_string(&result).expect("a result");
    let mut object: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let page = folder.path().join("page.html");
    let report = ["report", argument(&kept), "-o", argument(&page), "--force"];
    for (version, code_expected) in [
        (object["schema_version"].clone(), 0),
        (99.into(), 2),
        (0.into(), 2),
        ("4".into(), 2),
        (serde_json::Value::Null, 2),
    ] {
        object["schema_version"] = version.clone();
        fs::write(&result, object.to_string()).expect("a result");
        let output = mtasim(&report);
        code(&output, code_expected);
        if code_expected != 0 {
            let said = text(&output.stderr);
            assert!(
                said.contains("run.json: ") && said.contains("schema_version"),
                "{version}: {said}"
            );
        }
    }
}

/// A command says the same whether or not somebody can read its messages.
#[test]
fn a_full_standard_error_changes_no_exit_code() {
    let folder = folder();
    let capsule = capsule(folder.path());
    let capsule = argument(&capsule);
    let path = |name: &str| argument(&folder.path().join(name)).to_owned();
    let (kept, page, small, pages) = (path("kept"), path("p.html"), path("s.toml"), path("man"));
    let (found, swept, merged) = (path("found"), path("swept"), path("merged"));
    let random = ["--set", "scheduler=\"random\"", "--recheck", "0"];
    for (arguments, expected) in [
        (&["run", LEAK, "--out", &kept, "--force"][..], 0),
        (&["run", CLEAN, "--set", "hots=1"], 2),
        (&["run", "/nowhere"], 4),
        (&["run", CLEAN, "--nonsense"], 2),
        (&["run", CLEAN, "--swarm"], 0),
        (&UNEXPECTED, 1),
        (&["check", CLEAN, "/nowhere"], 4),
        (&["report", LEAK, "-o", &page, "--force"], 0),
        (
            &[
                "verify",
                BROKEN,
                "--build",
                "5.5.2653.23",
                "--out",
                &found,
                "--force",
            ],
            1,
        ),
        (
            &["shrink", capsule, "--budget", "5", "-o", &small, "--force"],
            0,
        ),
        (&["replay", capsule], 0),
        (&["merge", &swept, "--out", &merged], 0),
        (&["man", "--out", &pages, "--force"], 0),
        (&["diagnose", "/nowhere"], 4),
        (
            &[&["sweep", CLEAN, "--seeds", "0..1"], &random[..]].concat(),
            0,
        ),
        (&["new", &small, "--force"], 0),
    ] {
        let full = File::options().write(true).open("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_mtasim"))
            .args(arguments)
            .current_dir(crate::ROOT)
            .stderr(full.expect("a device"))
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}");
        assert_eq!(
            mtasim(arguments).status.code(),
            Some(expected),
            "{arguments:?}"
        );
    }
}
