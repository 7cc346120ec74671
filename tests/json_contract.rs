//! The JSON that the program writes has the form of the schema files in `docs/schemas/`: every key with its
//! type. The files are made from outputs by this test, with `UPDATE_SCHEMAS=1`; a change of form shows as
//! a difference in review.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::program::{argument, mtasim, text};

const LEAK: &str = "sims/canary/late-close-5.5.toml";
const CRASH: &str = "sims/canary/unguarded-4.0.toml";
const VERIFY: &str = "sims/verify/two-allocations.toml";
const LOG: &str = "crates/diagnose/tests/it/data/rolled-over/Winsock.log";

/// Objects whose keys are names of the scenario, ids or signatures.
const MAPS: [&str; 13] = [
    "connectors",
    "cut_off",
    "events_logged",
    "faults",
    "links",
    "logged",
    "lost",
    "offered",
    "covered",
    "selected",
    "settings",
    "undecided",
    "workloads",
];

/// The form of the values seen at one place.
#[derive(Default)]
struct Form {
    types: BTreeMap<&'static str, u64>,
    /// Values that were objects.
    objects: u64,
    keys: BTreeMap<String, (u64, Form)>,
    items: Option<Box<Form>>,
    is_map: bool,
}

impl Form {
    fn add(&mut self, name: &str, value: &Json) {
        let kind = match value {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(number) if number.is_f64() => "number",
            Json::Number(_) => "integer",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        *self.types.entry(kind).or_default() += 1;
        match value {
            Json::Array(items) => {
                let form = self.items.get_or_insert_default();
                items.iter().for_each(|it| form.add("", it));
            }
            Json::Object(map) if MAPS.contains(&name) || is_reasons(name, map) => {
                self.is_map = true;
                let form = self.items.get_or_insert_default();
                map.values().for_each(|it| form.add("", it));
            }
            Json::Object(map) => {
                self.objects += 1;
                for (key, value) in map {
                    let (times, form) = self.keys.entry(key.clone()).or_default();
                    *times += 1;
                    form.add(key, value);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }

    fn schema(&self) -> Json {
        let mut types: Vec<&str> = self.types.keys().copied().collect();
        if types.contains(&"number") {
            types.retain(|it| *it != "integer");
        }
        let mut schema = match types.as_slice() {
            [one] => json!({ "type": one }),
            types => json!({ "type": types }),
        };
        if let Some(items) = self.items.as_ref().filter(|it| !it.types.is_empty()) {
            let place = if self.is_map {
                "additionalProperties"
            } else {
                "items"
            };
            schema[place] = items.schema();
        }
        if self.objects > 0 {
            let keys = self.keys.iter();
            let properties = keys.map(|(key, (_, form))| (key.clone(), form.schema()));
            schema["properties"] = Json::Object(properties.collect());
            let always = self.keys.iter().filter(|it| it.1.0 == self.objects);
            schema["required"] = always.map(|it| Json::from(it.0.as_str())).collect();
        }
        schema
    }
}

/// Reasons of a sweep, and signatures of a comparison, are keys; elsewhere these are lists.
fn is_reasons(name: &str, map: &serde_json::Map<String, Json>) -> bool {
    let is_named = name == "unexpected" || name == "signatures";
    is_named && !map.contains_key("signature")
}

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

#[test]
fn one_run_has_the_form_of_its_schema() {
    let stopped = ["run", LEAK, "--set", "limits.events=1"];
    let unexpected = ["run", LEAK, "--set", "expect={}"];
    let runs = outputs(&[&["run", LEAK], &["run", CRASH], &stopped, &unexpected]);
    has_form("run", "mtasim run --format json", &runs);
    let checks = outputs(&[&["check", LEAK], &["check", LEAK, "--set", "hots=1"]]);
    has_form(
        "check",
        "mtasim check --format json, one object for each file",
        &checks,
    );
    let ping = outputs(&[&["ping", LEAK, "--link", "wan", "--count", "4"]]);
    has_form("ping", "mtasim ping --format json", &ping);
    let diagnoses = outputs(&[&["diagnose", LOG]]);
    has_form(
        "diagnose",
        "mtasim diagnose --format json, one object for each log",
        &diagnoses,
    );
}

#[test]
fn the_files_of_a_run_and_a_sweep_have_the_form_of_their_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let run = mtasim(&["run", "sims/smoke/faults.toml", "--out", argument(&out)]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let journal = fs::read(out.join("journal.jsonl")).expect("a journal");
    has_form("journal", "a line of journal.jsonl", &objects(&journal));
    let (sweep, _) = swept(folder.path());
    let rows = fs::read(sweep.join("seeds.jsonl")).expect("rows");
    has_form("seeds", "a line of seeds.jsonl", &objects(&rows));
}

#[test]
fn many_runs_have_the_form_of_their_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, capsule) = swept(folder.path());
    let capsule = argument(&capsule);
    let vary = [
        "--vary",
        "connector.paris-lyon.session_disconnect=120s,240s",
    ];
    let unexpected = ["--set", "expect={}"];
    let sweep = ["sweep", LEAK, "--seeds", "0..2"];
    let sweeps = outputs(&[
        &[&sweep[..], &vary].concat(),
        &[&sweep[..], &unexpected].concat(),
    ]);
    has_form(
        "sweep",
        "mtasim sweep and merge --format json, and summary.json",
        &sweeps,
    );
    let compare = [
        "compare",
        LEAK,
        "--seeds",
        "0..2",
        "--builds",
        "5.5.2653.23,5.5.2655.16",
    ];
    has_form(
        "compare",
        "mtasim compare --format json",
        &outputs(&[&compare]),
    );
    has_form(
        "replay",
        "mtasim replay --format json",
        &outputs(&[&["replay", capsule]]),
    );
    let explain = ["explain", capsule, "--reseeds", "4"];
    has_form(
        "explain",
        "mtasim explain --format json",
        &outputs(&[&explain]),
    );
    let small = folder.path().join("small.toml");
    let shrink = ["shrink", capsule, "--budget", "50", "-o", argument(&small)];
    has_form(
        "shrink",
        "mtasim shrink --format json",
        &outputs(&[&shrink]),
    );
    let out = folder.path().join("verify");
    let verify = [
        "verify",
        VERIFY,
        "--preemptions",
        "1",
        "--out",
        argument(&out),
    ];
    let broken = [&verify[..], &["--build", "4.0.993.6"]].concat();
    has_form(
        "verify",
        "mtasim verify --format json",
        &outputs(&[&verify, &broken]),
    );
}
