//! Compares JSON with the schema files: the part of JSON Schema that they use, strictly: a key that a
//! schema does not have is an error, too.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

/// The schema of the JSON that a command prints. `merge` prints what `sweep` does.
pub(crate) fn schema(command: &str) -> Json {
    let name = if command == "merge" { "sweep" } else { command };
    let path = Path::new(crate::ROOT).join(format!("docs/schemas/{name}.schema.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// How a value differs from its schema, each difference with its place.
pub(crate) fn differences(schema: &Json, value: &Json, place: &str, found: &mut Vec<String>) {
    let kinds: Vec<&str> = match &schema["type"] {
        Json::String(kind) => vec![kind],
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Vec::new(),
    };
    let kind = kind(value);
    let is_number = kind == "integer" && kinds.contains(&"number");
    if !kinds.contains(&kind) && !is_number {
        found.push(format!("{place} is {value}, not {kinds:?}"));
        return;
    }
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                differences(&schema["items"], item, &format!("{place}[{index}]"), found);
            }
        }
        Json::Object(map) => {
            for (key, value) in map {
                let place = format!("{place}.{key}");
                let named = schema["properties"].get(key);
                match named.or_else(|| schema.get("additionalProperties")) {
                    Some(schema) => differences(schema, value, &place, found),
                    None => found.push(format!("{place} is not in the schema")),
                }
            }
            let required = schema["required"].as_array().into_iter().flatten();
            let missing =
                required.filter(|key| key.as_str().is_some_and(|it| !map.contains_key(it)));
            found.extend(missing.map(|key| format!("{place} has no {key}")));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Checks what a command printed with `--format json`: each object, if it printed any.
#[track_caller]
pub(crate) fn check(arguments: &[&str], stdout: &[u8]) {
    let is_json = arguments.windows(2).any(|it| it == ["--format", "json"]);
    let command = arguments.first().copied().unwrap_or_default();
    // The schema of scenarios is a schema itself.
    if !is_json || command == "schema" || stdout.is_empty() || super::is_update() {
        return;
    }
    let schema = schema(command);
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_slice(stdout).into_iter::<Json>() {
        let value = value.expect("--format json prints JSON");
        // A command that fails prints one object.
        match value["verdict"] == "error" {
            true => differences(&self::schema("error"), &value, "", &mut found),
            false => differences(&schema, &value, "", &mut found),
        }
    }
    assert!(found.is_empty(), "{arguments:?}: {found:#?}");
}
