//! The form of JSON values that were seen, as a schema.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::validation;

/// Objects whose keys are names of the scenario, ids, signatures or causes of loss.
const MAPS: [&str; 18] = [
    "connectors",
    "cut_off",
    "events_logged",
    "faults",
    "gauges",
    "links",
    "logged",
    "lost",
    "lost_by",
    "not_counted",
    "offered",
    "covered",
    "reached",
    "selected",
    "settings",
    "signatures_undecided",
    "undecided",
    "workloads",
];

/// Values of keys that the outputs of the tests do not have: schema, place, key and value.
const RARE: [(&str, &str, &str, &str); 15] = [
    ("explain", "", "critical_pair", "null"),
    ("explain", "", "headline", "null"),
    ("replay", "", "cut_off", r#""limits.events""#),
    ("report", "", "cut_off", r#""limits.events""#),
    ("explain", "failure_likelihood", "jump", JUMP),
    ("explain", "failure_likelihood", "jump", JUMP_AT_AN_END),
    ("diagnose", "", "notes", r#"["a note"]"#),
    ("journal", "", "protocol", r#""icmp""#),
    ("run", "", "reached", r#"{"a point": 1}"#),
    (
        "run",
        "",
        "gauges",
        r#"{"a gauge": {"at_ns": [1], "values": [1]}}"#,
    ),
    ("journal", "", "name", r#""a gauge""#),
    ("journal", "", "value", "1"),
    ("seeds", "", "reached", r#"{"a point": 1}"#),
    ("sweep", "", "never_reached", r#"["a point"]"#),
    ("journal", "", "ahead_ns", "1"),
];

const JUMP: &str = r#"{
    "before": {"from_ns": 1, "failing": 1, "undecided": 0, "rate": 0.5, "low": 0.5, "high": 0.5},
    "after": {"from_ns": 2, "failing": 1, "undecided": 0, "rate": 0.5, "low": 0.5, "high": 0.5},
    "is_instant": true, "when": ["an event"], "last_before": "a record", "first_after": "a record"
}"#;
const JUMP_AT_AN_END: &str = r#"{
    "before": {"from_ns": 1, "failing": 1, "undecided": 0, "rate": 0.5, "low": 0.5, "high": 0.5},
    "after": {"from_ns": 2, "failing": 1, "undecided": 0, "rate": 0.5, "low": 0.5, "high": 0.5},
    "is_instant": false, "when": ["an event"], "last_before": null, "first_after": null
}"#;

/// The form of the values seen at one place.
#[derive(Default)]
pub(super) struct Form {
    types: BTreeMap<&'static str, u64>,
    /// Values that were objects.
    objects: u64,
    keys: BTreeMap<String, (u64, Form)>,
    items: Option<Box<Form>>,
    is_map: bool,
}

impl Form {
    pub(super) fn add(&mut self, name: &str, value: &Json) {
        let kind = validation::kind(value);
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

    /// Adds what only a program of one's own, or a defect of ours, shows.
    pub(super) fn widen(&mut self, schema: &str) {
        for (_, parent, key, value) in RARE.iter().filter(|it| it.0 == schema) {
            let value: Json = serde_json::from_str(value).expect("JSON");
            let mut form = &mut *self;
            for step in parent.split('.').filter(|it| !it.is_empty()) {
                form = &mut form.keys.get_mut(step).expect("it was seen").1;
            }
            form.keys
                .entry((*key).to_owned())
                .or_default()
                .1
                .add(key, &value);
        }
    }

    /// The schema that all values seen have.
    pub(super) fn schema(&self) -> Json {
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
