//! The JSON that the program writes has the form of the schema files in `docs/schemas/`, each of which
//! [`has_form`] makes from outputs with `UPDATE_SCHEMAS=1`. What any test of the project prints with
//! `--format json` is validated against them.

mod form;
mod validation;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use explore::Capsule;
use explore::repro::capsule::PROGRAM_BUILD;
use serde_json::{Value as Json, json};

use crate::program::{argument, code, mtasim, text};
use form::Form;
pub(crate) use validation::check;

const LEAK: &str = "sims/canary/late-close-5.5.toml";
const CRASH: &str = "sims/canary/unguarded-4.0.toml";
const OTHERS: &str = "sims/canary/two-owners-4.0.toml";
const REGRESS: &str = "sims/regress/q152941-freed-set.toml";
const VERIFY: &str = "sims/verify/two-allocations.toml";
const LOGS: &str = "crates/diagnose/tests/it/data";

/// A message takes hours.
const NOTHING_ARRIVES: &str = "link.wan.bandwidth=64 bit/s";

/// The objects of an output: one, or one on each line.
fn objects(bytes: &[u8]) -> Vec<Json> {
    let all = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>();
    all.map(|it| it.expect("JSON")).collect()
}

/// Compares the form of these values with a schema file, or writes it.
#[track_caller]
fn has_form(name: &str, title: &str, values: &[Json]) {
    assert!(!values.is_empty(), "{name}: there is something to compare");
    let mut form = Form::default();
    values.iter().for_each(|it| form.add("", it));
    form.widen(name);
    let mut schema = form.schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    let found = format!("{schema:#}\n");
    let path = Path::new(crate::ROOT).join(format!("docs/schemas/{name}.schema.json"));
    if is_update() {
        fs::write(&path, &found).expect("it can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == found,
        "{} is out of date: run this test with UPDATE_SCHEMAS=1 and read the difference",
        path.display()
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that can rewrite its files"
)]
fn is_update() -> bool {
    std::env::var("UPDATE_SCHEMAS").is_ok()
}

/// The outputs of commands with `--format json`.
fn outputs(commands: &[&[&str]]) -> Vec<Json> {
    let outputs = commands.iter().flat_map(|command| {
        let output = mtasim(&[command, &["--format", "json"][..]].concat());
        assert!(
            !output.stdout.is_empty(),
            "{command:?}: {}",
            text(&output.stderr)
        );
        objects(&output.stdout)
    });
    outputs.collect()
}

/// A results directory of a sweep, with one of its capsules.
fn swept(folder: &Path) -> (PathBuf, PathBuf) {
    let out = folder.join("sweep");
    let sweep = mtasim(&["sweep", LEAK, "--seeds", "0..2", "--out", argument(&out)]);
    assert!(sweep.status.success(), "{}", text(&sweep.stderr));
    let mut capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    let capsule = capsules.next().expect("one").expect("readable").path();
    (out, capsule)
}

/// A log with its event log, and one whose lines have time stamps.
fn log(name: &str) -> String {
    format!("{LOGS}/{name}")
}

#[test]
fn one_run_has_the_form_of_its_schema() {
    let stopped = ["run", LEAK, "--set", "limits.events=1"];
    let unexpected = ["run", LEAK, "--set", "expect={}"];
    let faults = ["run", "sims/smoke/faults.toml"];
    let runs: [&[&str]; 5] = [
        &["run", LEAK],
        &["run", CRASH],
        &stopped,
        &unexpected,
        &faults,
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    mtasim(&["run", LEAK, "--out", argument(&kept)]);
    let kept = fs::read(kept.join("run.json")).expect("it was written");
    let kept: Json = serde_json::from_slice(&kept).expect("it is JSON");
    let mut runs = outputs(&runs);
    runs.push(kept);
    has_form("run", "mtasim run --format json, and run.json", &runs);
    let misspelt = ["check", LEAK, "--set", "hots=1"];
    let distant = ["check", LEAK, "--set", "zzz.zzz=1"];
    let value = ["check", LEAK, "--set", "duration=\"soon\""];
    let printed = ["check", LEAK, "--print"];
    let checks = outputs(&[&["check", LEAK], &printed, &misspelt, &distant, &value]);
    has_form(
        "check",
        "mtasim check --format json, one object for each file",
        &checks,
    );
    let lossy = [
        "ping",
        "sims/casebook/q303102-cb-leak.toml",
        "--link",
        "wan",
    ];
    let ping = outputs(&[&["ping", LEAK, "--link", "wan"], &lossy]);
    has_form("ping", "mtasim ping --format json", &ping);
    let [plain, stamped, beside, events] = [
        "normal.txt",
        "day-first/Winsock.log",
        "rolled-over/Winsock.log",
        "rolled-over/EV0.LOG",
    ]
    .map(log);
    let alone = ["diagnose", "--alone", &beside];
    // A log into which somebody copied the event log.
    let folder = tempfile::tempdir().expect("a folder");
    let both = folder.path().join("Winsock.log");
    let parts =
        ["normal.txt", "events.txt"].map(|it| fs::read(Path::new(crate::ROOT).join(log(it))));
    fs::write(&both, parts.map(|it| it.expect("a log")).concat()).expect("a file");
    let mixed = log("mixed.txt");
    // Nothing in it can be read as it is.
    let odd = folder.path().join("odd.log");
    fs::write(&odd, "x\n? (008) No more data\n(008) something\n").expect("a file");
    // Its clock goes back, and a line is damaged.
    let back = folder.path().join("back.log");
    let line = |at: &str, rest: &str| format!("2001-06-06 {at} (008) {rest}\n");
    let lines = line("10:00:00", "No more data")
        + &line("10:00:30", "No more data")
        + &line("10:00:10", "Wait for cb 1O");
    fs::write(&back, lines).expect("a file");
    let diagnoses = outputs(&[
        &["diagnose", argument(&back)],
        &["diagnose", &plain],
        &["diagnose", "--alone", &mixed],
        &["diagnose", &stamped, &beside],
        &alone,
        &["diagnose", &events],
        &["diagnose", argument(&both)],
        &["diagnose", argument(&odd)],
        &["diagnose", "--alone", &beside, "--calls", "1"],
    ]);
    has_form(
        "diagnose",
        "mtasim diagnose --format json, one object for each log",
        &diagnoses,
    );
}

#[test]
fn the_files_of_a_run_and_a_sweep_have_the_form_of_their_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Vec::new();
    let files = [
        "sims/smoke/faults.toml",
        "sims/smoke/bad-links.toml",
        CRASH,
        LEAK,
    ];
    for (index, file) in files.iter().enumerate() {
        let out = folder.path().join(format!("run{index}"));
        let run = mtasim(&["run", file, "--out", argument(&out)]);
        assert_ne!(run.status.code(), Some(2), "{}", text(&run.stderr));
        let lines = objects(&fs::read(out.join("journal.jsonl")).expect("a journal"));
        assert_eq!(lines[0]["kind"], "journal");
        assert!(lines[0]["schema_version"].is_u64(), "{}", lines[0]);
        journal.extend(lines);
    }
    has_form("journal", "a line of journal.jsonl", &journal);
    let (sweep, _) = swept(folder.path());
    let mut rows = objects(&fs::read(sweep.join("seeds.jsonl")).expect("rows"));
    let vary = ["--vary", "limits.events=100,1000000", "--swarm"];
    for (name, more) in [
        ("varied", &vary[..]),
        ("stopped", &["--set", "limits.events=100"]),
        ("slow", &["--set", NOTHING_ARRIVES]),
    ] {
        let out = folder.path().join(name);
        let sweep = [
            "sweep",
            "sims/smoke/faults.toml",
            "--seeds",
            "0..2",
            "--out",
        ];
        mtasim(&[&sweep[..], &[argument(&out)], more].concat());
        rows.extend(objects(&fs::read(out.join("seeds.jsonl")).expect("rows")));
    }
    let out = folder.path().join("unexpected");
    let out = ["--out", argument(&out), "--set", "expect={}"];
    mtasim(&[&["sweep", LEAK, "--seeds", "0..1"], &out[..]].concat());
    let unexpected = fs::read(folder.path().join("unexpected/seeds.jsonl"));
    rows.extend(objects(&unexpected.expect("rows")));
    has_form("seeds", "a line of seeds.jsonl", &rows);
}

#[test]
fn sweeps_and_comparisons_have_the_form_of_their_schemas() {
    let vary = [
        "--vary",
        "connector.paris-lyon.session_disconnect=120s,240s",
    ];
    let sweep = ["sweep", LEAK, "--seeds", "0..2"];
    let faults = [
        "sweep",
        "sims/smoke/faults.toml",
        "--seeds",
        "0..2",
        "--swarm",
    ];
    let limits = ["--vary", "limits.events=100,1000000"];
    let sweeps = outputs(&[
        &[&sweep[..], &vary].concat(),
        &[&sweep[..], &["--set", "expect={}"]].concat(),
        &[&sweep[..], &limits].concat(),
        &[&sweep[..], &vary, &["--set", NOTHING_ARRIVES]].concat(),
        &faults,
    ]);
    has_form(
        "sweep",
        "mtasim sweep and merge --format json, and summary.json",
        &sweeps,
    );
    let compare = ["compare", LEAK, "--seeds", "0..2"];
    let fixed = ["--builds", "5.5.2653.23,5.5.2655.16"];
    let broken = ["--builds", "5.5.2655.16,5.5.2653.23"];
    let stopped = ["--set", "limits.events=100"];
    let compared = outputs(&[
        &[&compare[..], &fixed, &["--signature", "nonsense"]].concat(),
        &[&compare[..], &fixed].concat(),
        &[&compare[..], &broken].concat(),
        &[&compare[..], &stopped].concat(),
    ]);
    has_form("compare", "mtasim compare --format json", &compared);
}

#[test]
fn one_failure_has_the_form_of_its_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, kept) = swept(folder.path());
    let capsule = argument(&kept);
    // A capsule of another build, whose run is another one.
    let mut other = Capsule::parse(&fs::read(&kept).expect("a capsule")).expect("whole");
    other.build = "0.0.1+0".to_owned();
    other.digest = "0".to_owned();
    other.seed += 1;
    let of_other = folder.path().join("other.toml");
    fs::write(&of_other, other.to_text()).expect("it can be written");
    let of_other = argument(&of_other);
    let replays = outputs(&[
        &["replay", capsule, "--window", "10s"],
        &["replay", of_other],
    ]);
    has_form("replay", "mtasim replay --format json", &replays);
    let explanations = outputs(&[
        &["explain", capsule, "--reseeds", "4"],
        &["explain", REGRESS, "--reseeds", "4"],
        &["explain", CRASH, "--reseeds", "0"],
        // Without a part, another failure occurs instead.
        &["explain", OTHERS, "--reseeds", "0"],
        &["explain", LEAK, "--set", "limits.events=1"],
    ]);
    has_form("explain", "mtasim explain --format json", &explanations);
    let small = folder.path().join("small.toml");
    let shrink = ["shrink", capsule, "--budget", "50", "-o", argument(&small)];
    has_form(
        "shrink",
        "mtasim shrink --format json",
        &outputs(&[&shrink]),
    );
    let page = folder.path().join("page.html");
    let page = [
        "report",
        capsule,
        "-o",
        argument(&page),
        "--explain",
        "never",
    ];
    let explained = folder.path().join("explained.html");
    let explained = ["report", REGRESS, "-o", argument(&explained)];
    has_form(
        "report",
        "mtasim report --format json",
        &outputs(&[&page, &explained]),
    );
    let out = folder.path().join("verify");
    let verify = ["verify", VERIFY, "--preemptions", "1", "--out"];
    let verify = [&verify[..], &[argument(&out)]].concat();
    let more = |more: &[&'static str]| [&verify[..], more].concat();
    let verified = outputs(&[
        &verify,
        &more(&["--build", "4.0.993.6"]),
        &more(&["--max-runs", "1"]),
        &more(&["--set", "limits.calls=10"]),
    ]);
    has_form("verify", "mtasim verify --format json", &verified);
    let file = folder.path().join("new.toml");
    let new = outputs(&[&["new", argument(&file)]]);
    has_form("new", "mtasim new --format json", &new);
    let pages = folder.path().join("man");
    let man = outputs(&[&["man", "--out", argument(&pages)]]);
    has_form("man", "mtasim man --format json", &man);
    let script = outputs(&[&["completions", "bash"]]);
    has_form("completions", "mtasim completions --format json", &script);
    let keys = outputs(&[&["schema", "--keys"]]);
    has_form("keys", "mtasim schema --keys --format json", &keys);
}

/// A program that reads the result gets an object, whatever is wrong; people read standard error.
#[test]
fn an_error_is_an_object_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let typo = folder.path().join("typo.toml");
    fs::write(
        &typo,
        "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[hots.PARIS]\n",
    )
    .expect("a file");
    let typo = argument(&typo);
    let missing = folder.path().join("missing.toml");
    let missing = argument(&missing);
    let commands: [&[&str]; 13] = [
        // What the reader of arguments refuses.
        &["run", LEAK, "--seed", "soon"],
        &["sweep", LEAK],
        &["ping", LEAK, "--link", "wan", "--nonsense"],
        &["check", missing],
        &["run", LEAK, "--log", "[", "--arm", "nobody"],
        &["run", typo],
        &["sweep", typo, "--seeds", "0..2"],
        &["compare", typo, "--seeds", "0..2", "--set", "duration=2h"],
        &["verify", typo],
        &["ping", typo, "--link", "wan"],
        &["report", typo, "-o", "-"],
        &["replay", missing],
        &["run", LEAK, "--set", "duration=\"soon\""],
    ];
    let errors = outputs(&commands);
    for (command, error) in commands.iter().zip(&errors) {
        let output = mtasim(&[command, &["--format", "json"][..]].concat());
        assert_eq!(
            objects(&output.stdout),
            std::slice::from_ref(error),
            "{command:?}"
        );
        assert_eq!(error["verdict"], "error");
        let exit_code = output.status.code().expect("it ended by itself");
        assert!([2, 4].contains(&exit_code), "{exit_code}");
        assert_eq!(error["exit_code"], exit_code);
        assert!(!output.stderr.is_empty());
    }
    let place = &errors[5]["diagnostics"][0]["place"];
    assert_eq!(place["line"], 4);
    let message = "invalid value 'soon' for '--seed <SEED>': a seed is an integer from 0 to 2^64 - 1, decimal or 0x \
                   hexadecimal";
    assert_eq!(errors[0]["message"], message);
    assert_eq!(errors[3]["file"], missing);
    has_form(
        "error",
        "any command with --format json that fails",
        &errors,
    );
}

/// Arguments with which a command prints JSON; `folder` has a sweep and takes what is written.
fn sample(command: &str, folder: &Path, capsule: &str) -> Vec<String> {
    let path = |name: &str| argument(&folder.join(name)).to_owned();
    let log = log("normal.txt");
    let arguments: Vec<String> = match command {
        "run" | "check" => vec![LEAK.into()],
        "report" => vec![LEAK.into(), "-o".into(), path("page.html")],
        "ping" => vec![LEAK.into(), "--link".into(), "wan".into()],
        "new" => vec![path("new.toml")],
        "sweep" => vec![LEAK.into(), "--seeds".into(), "0..1".into()],
        "merge" => vec![path("sweep"), "--out".into(), path("merged")],
        "compare" => [LEAK, "--seeds", "0..1", "--set", "host.PARIS.cpus=1"]
            .map(str::to_owned)
            .into(),
        "replay" => vec![capsule.into()],
        "verify" => vec![VERIFY.into(), "--preemptions".into(), "0".into()],
        "shrink" => [capsule, "--budget", "2", "-o", &path("small.toml")]
            .map(str::to_owned)
            .into(),
        "explain" => vec![capsule.into(), "--reseeds".into(), "0".into()],
        "diagnose" => vec![log],
        "schema" => Vec::new(),
        "completions" => vec!["bash".into()],
        "man" => vec!["--out".into(), path("man")],
        other => panic!("{other} is new: give it a schema in docs/schemas and arguments here"),
    };
    arguments
}

#[test]
fn every_command_prints_json_that_names_its_schema_and_the_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, capsule) = swept(folder.path());
    let help = mtasim(&["--help"]);
    let (_, commands) = text(&help.stdout)
        .split_once("Commands:\n")
        .expect("a list");
    let (commands, _) = commands.split_once("\n\n").expect("its end");
    let commands: BTreeSet<&str> = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|it| *it != "help")
        .collect();
    assert!(commands.len() > 12, "{commands:?}");
    for command in commands {
        let sample = sample(command, folder.path(), argument(&capsule));
        let sample: Vec<&str> = sample.iter().map(String::as_str).collect();
        let output = mtasim(&[&[command][..], &sample, &["--format", "json"]].concat());
        let printed = objects(&output.stdout);
        assert!(!printed.is_empty(), "{command}: {}", text(&output.stderr));
        let is_named = printed
            .iter()
            .all(|it| it["schema_version"].is_u64() && it["mtasim"] == PROGRAM_BUILD);
        assert!(is_named || command == "schema", "{command}: {printed:?}");
    }
    let refused = mtasim(&["new", "-", "--format", "json"]);
    code(&refused, 2);
    let refused = mtasim(&["report", LEAK, "-o", "-", "--format", "json"]);
    code(&refused, 2);
}

/// Every key of every schema with the kinds of its values.
fn keys(schema: &Json, found: &mut Vec<(String, String)>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, schema) in properties {
            found.push((key.clone(), schema["type"].to_string()));
            keys(schema, found);
        }
    }
    for part in ["items", "additionalProperties"] {
        if let Some(part) = schema.get(part) {
            keys(part, found);
        }
    }
}

/// Parts of the names of times, and of lengths of time.
const TIMES: [&str; 17] = [
    "at",
    "by",
    "delay",
    "duration",
    "elapsed",
    "from",
    "interval",
    "lasted",
    "latency",
    "left",
    "simulated",
    "step",
    "time",
    "timeout",
    "trip",
    "until",
    "wall",
];
/// Numbers that have such a part and are no times.
const COUNTS: [&str; 7] = [
    "allocations_left",
    "at_end",
    "by_order",
    "calls_at_once",
    "first_left_out",
    "left_open",
    "left_out",
];

#[test]
fn every_time_in_json_is_an_integer_of_nanoseconds_and_says_so() {
    let mut found = Vec::new();
    let folder = fs::read_dir(Path::new(crate::ROOT).join("docs/schemas")).expect("schemas");
    for file in folder {
        let file = fs::read(file.expect("an entry").path()).expect("a file");
        keys(&serde_json::from_slice(&file).expect("JSON"), &mut found);
    }
    let times = found.iter().filter(|it| it.0.ends_with("_ns")).count();
    assert!(times > 20, "{times}");
    for (key, kinds) in &found {
        let is_number = kinds.contains("integer") || kinds.contains("number");
        let mut parts = key.split('_');
        if key.ends_with("_ns") {
            let is_whole = kinds.contains("integer") || kinds == "\"array\"";
            assert!(is_whole, "{key} is {kinds}");
        } else if is_number && parts.any(|it| TIMES.contains(&it)) {
            assert!(COUNTS.contains(&key.as_str()), "{key} has no unit");
        }
        for unit in ["s", "ms", "us", "seconds", "millis", "nanoseconds"] {
            let other = format!("_{unit}");
            assert!(!key.ends_with(&other) && key != unit, "{key}: another unit");
        }
    }
}
