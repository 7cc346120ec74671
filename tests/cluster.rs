//! Runs the scripts of docs/sweeping-on-a-cluster.md unchanged.
//!
//! The test starts a Slurm of one node and stops it afterwards. It needs `slurm-wlm`, `munge` and
//! `parallel`, and root for Slurm, so it is ignored by default:
//!
//! ```text
//! cargo test --release --test tests cluster -- --ignored --nocapture --test-threads=1
//! ```

#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it says what it skipped, and waits for daemons of the machine"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::program::{argument, code, mtasim, text};

const DOCUMENT: &str = include_str!("../docs/sweeping-on-a-cluster.md");
/// What the page has for the reader's scenario and seeds, and ours.
const PLACEHOLDERS: [(&str, &str); 2] = [
    (
        "FILE",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../sims/canary/late-close-5.5.toml"
        ),
    ),
    ("0..100000", "0..22"),
];

/// The first block of shell commands under a heading, with our own scenario and seeds.
fn script(heading: &str) -> String {
    PLACEHOLDERS
        .iter()
        .fold(block(heading), |script, (placeholder, own)| {
            assert!(script.contains(placeholder), "{placeholder} in {script}");
            script.replace(placeholder, own)
        })
}

fn block(heading: &str) -> String {
    let (_, section) = DOCUMENT
        .split_once(&format!("\n## {heading}\n"))
        .expect("the document has the heading");
    let (_, block) = section.split_once("```sh\n").expect("a script");
    let (script, _) = block.split_once("```").expect("its end");
    script.to_owned()
}

/// Whether all of these programs are installed; prints which is not.
fn are_there(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output();
        !found.is_ok_and(|output| output.status.success())
    });
    if let Some(missing) = missing {
        eprintln!("SKIPPED: {missing} is not on this machine");
    }
    missing.is_none()
}

/// A command that finds the program under test by its name.
fn command(program: &str, folder: &Path) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_mtasim"))
        .parent()
        .expect("a folder");
    #[expect(
        clippy::disallowed_methods,
        reason = "the commands of a document search PATH"
    )]
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", own.display()));
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let (said, reported) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{reported}");
    said.to_owned()
}

/// The sweep of one machine.
fn single(folder: &Path) -> PathBuf {
    let [(_, file), (_, seeds)] = PLACEHOLDERS;
    let out = folder.join("single");
    code(
        &mtasim(&["sweep", file, "--seeds", seeds, "--out", argument(&out)]),
        0,
    );
    out
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let name = path.file_name().expect("a name");
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(inner, bytes)| (Path::new(name).join(inner), bytes)));
        } else {
            let name = path.file_name().expect("a name");
            found.insert(PathBuf::from(name), fs::read(&path).expect("a file"));
        }
    }
    found
}

#[track_caller]
fn assert_whole(single: &Path, whole: &Path) {
    let (single, whole) = (files(single), files(whole));
    let names = ["sweep.json", "seeds.jsonl", "summary.json"];
    assert!(
        names
            .iter()
            .all(|name| single.contains_key(Path::new(name)))
    );
    assert!(
        single == whole,
        "the merged sweep is not that of one machine"
    );
    let rows = &single[Path::new("seeds.jsonl")];
    eprintln!("{} rows, byte for byte", text(rows).lines().count());
}

/// A Slurm of one node with its own munge; all processes it started are stopped in the end.
struct Slurm {
    folder: TempDir,
}

impl Slurm {
    fn start() -> Self {
        let slurm = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let host = run(&mut Command::new("hostname"));
        fs::write(slurm.path("slurm.conf"), slurm.configuration(host.trim())).expect("a file");
        for folder in ["state", "spool"] {
            fs::create_dir(slurm.path(folder)).expect("a folder");
        }
        let option = |name: &str, file: &str| format!("--{name}={}", slurm.path(file).display());
        run(Command::new("mungekey")
            .arg("-c")
            .arg("-k")
            .arg(slurm.path("munge.key")));
        run(Command::new("munged").arg("--force").args([
            option("socket", "munge.socket"),
            option("key-file", "munge.key"),
            option("pid-file", "munged.pid"),
            option("log-file", "munged.log"),
            option("seed-file", "munge.seed"),
        ]));
        run(Command::new("slurmctld")
            .arg("-f")
            .arg(slurm.path("slurm.conf")));
        run(Command::new("slurmd")
            .arg("-f")
            .arg(slurm.path("slurm.conf")));
        slurm.wait_until_idle();
        slurm
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// No systemd, no cgroups, no accounting; its own ports, so that it disturbs no other Slurm.
    fn configuration(&self, host: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "ClusterName=one\n\
             SlurmctldHost={host}(127.0.0.1)\n\
             SlurmctldPort=26817\n\
             SlurmdPort=26818\n\
             SlurmUser=root\n\
             AuthType=auth/munge\n\
             AuthInfo=socket={folder}/munge.socket\n\
             ProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\n\
             JobAcctGatherType=jobacct_gather/none\n\
             SelectType=select/cons_tres\n\
             SchedulerParameters=sched_interval=1\n\
             ReturnToService=2\n\
             StateSaveLocation={folder}/state\n\
             SlurmdSpoolDir={folder}/spool\n\
             SlurmctldPidFile={folder}/slurmctld.pid\n\
             SlurmdPidFile={folder}/slurmd.pid\n\
             SlurmctldLogFile={folder}/slurmctld.log\n\
             SlurmdLogFile={folder}/slurmd.log\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=2 CoresPerSocket=2\n\
             PartitionName=all Nodes={host} Default=YES State=UP\n"
        )
    }

    fn client(&self, program: &str, folder: &Path) -> Command {
        let mut command = command(program, folder);
        command.env("SLURM_CONF", self.path("slurm.conf"));
        command
    }

    fn wait_until_idle(&self) {
        for _ in 0..120 {
            let state = self
                .client("sinfo", self.folder.path())
                .args(["-h", "-o", "%T"])
                .output();
            if state.is_ok_and(|output| text(&output.stdout).trim() == "idle") {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
        let log = fs::read_to_string(self.path("slurmctld.log")).unwrap_or_default();
        panic!("the node does not come up:\n{log}");
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for name in ["slurmd.pid", "slurmctld.pid", "munged.pid"] {
            if let Ok(pid) = fs::read_to_string(self.path(name)) {
                let _stopped = Command::new("kill").arg(pid.trim()).status();
            }
        }
    }
}

#[test]
#[ignore = "starts a Slurm of its own: needs slurm-wlm, munge and root"]
fn a_slurm_array_is_the_sweep_of_one_machine() {
    if !are_there(&["sbatch", "slurmctld", "slurmd", "munged", "mungekey"]) {
        return;
    }
    let slurm = Slurm::start();
    let work = tempfile::tempdir().expect("a folder");
    fs::write(work.path().join("sweep.sh"), script("Slurm")).expect("a file");
    // An option takes precedence over the script's own line.
    let array = ["--wait", "--array=1-4", "--cpus-per-task=1", "sweep.sh"];
    let said = run(slurm.client("sbatch", work.path()).args(array));
    assert!(said.starts_with("Submitted batch job"), "{said}");
    let parts = fs::read_dir(work.path().join("parts")).expect("parts");
    assert_eq!(parts.count(), 4);
    run(command("sh", work.path()).args(["-c", "mtasim merge parts/* --out whole"]));
    assert_whole(&single(work.path()), &work.path().join("whole"));
}

#[test]
#[ignore = "needs GNU parallel"]
fn gnu_parallel_is_the_sweep_of_one_machine() {
    if !are_there(&["parallel", "seq"]) {
        return;
    }
    let work = tempfile::tempdir().expect("a folder");
    let lines = script("GNU parallel")
        .replace("/16", "/4")
        .replace("seq 16", "seq 4");
    run(command("sh", work.path()).args(["-ec", &lines]));
    let log = fs::read_to_string(work.path().join("parts.log")).expect("a log");
    assert_eq!(log.lines().count(), 1 + 4, "{log}");
    assert_whole(&single(work.path()), &work.path().join("whole"));
}

/// One night: the code of the script, and what it said.
fn night(work: &Path, number: u32, scenario: &str) -> (Option<i32>, String) {
    let scenario = Path::new(crate::ROOT).join(scenario);
    let lines = block("Every night")
        .replace("$(date +%s)", &(number * 86_400).to_string())
        .replace("1000", "4")
        .replace("FILE", argument(&scenario));
    let output = command("sh", work).args(["-c", &lines]).output();
    let output = output.expect("it starts");
    (output.status.code(), text(&output.stdout).to_owned())
}

#[test]
fn the_first_night_with_a_new_signature_fails() {
    if !are_there(&["jq", "comm"]) {
        return;
    }
    let work = tempfile::tempdir().expect("a folder");
    let clean = "sims/smoke/clean-link.toml";
    let leak = "sims/canary/late-close-5.5.toml";
    let quiet = (Some(0), String::new());
    assert_eq!(night(work.path(), 1, clean), quiet);
    assert_eq!(night(work.path(), 2, clean), quiet);
    let (code, said) = night(work.path(), 3, leak);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("new: "), "{said}");
    assert_eq!(night(work.path(), 4, leak), quiet, "it is known");
    // What is no result has a code of its own.
    assert_eq!(night(work.path(), 5, "sims/no-such-file.toml").0, Some(4));
}
