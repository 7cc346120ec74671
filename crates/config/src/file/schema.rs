//! The format as JSON Schema, for editors.
//!
//! Owns the translation of the declared keys to draft 2020-12. It refuses to promise more than
//! schemas can say: names that lead nowhere and limits on quantities with units are found by
//! loading only.

use serde_json::{Map, Value as Json, json};

use super::describe::{Described, Describer, Kind, Presence, Scalar};
use super::reader::{NAME_MAX, NAMED_MAX, RECORDS_MAX};
use crate::plan::Scenario;

/// The schema of scenario files.
#[must_use]
pub fn schema() -> Json {
    let mut schema = object(&Describer::describe::<Scenario>());
    let root = schema
        .as_object_mut()
        .expect("a table's schema is an object");
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert("title".to_owned(), json!("mtasim scenario"));
    schema
}

fn object(keys: &[Described]) -> Json {
    let properties: Map<String, Json> = keys
        .iter()
        .map(|key| (key.key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.presence == Presence::Required)
        .map(|key| key.key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let choices = choices(keys);
    if !choices.is_empty() {
        schema["allOf"] = Json::Array(choices);
    }
    let companions = companions(keys);
    if !companions.is_empty() {
        schema["dependentRequired"] = Json::Object(companions);
    }
    schema
}

/// For each group of keys of which one may be there, the rule that says so.
fn choices(keys: &[Described]) -> Vec<Json> {
    let mut groups: Vec<(usize, bool, Vec<Json>)> = Vec::new();
    for key in keys {
        let Presence::OneOf { group, needed } = key.presence else {
            continue;
        };
        let rule = json!({ "required": [key.key.name] });
        match groups.iter_mut().find(|(known, ..)| *known == group) {
            Some((.., rules)) => rules.push(rule),
            None => groups.push((group, needed, vec![rule])),
        }
    }
    groups
        .into_iter()
        .map(|(_, needed, mut rules)| {
            if !needed {
                rules.push(json!({ "not": { "anyOf": rules } }));
            }
            json!({ "oneOf": rules })
        })
        .collect()
}

fn companions(keys: &[Described]) -> Map<String, Json> {
    let mut rules: Map<String, Json> = Map::new();
    for key in keys {
        let Presence::RequiredWith(alternatives) = &key.presence else {
            continue;
        };
        for alternative in alternatives {
            let names = rules.entry((*alternative).to_owned()).or_insert(json!([]));
            names
                .as_array_mut()
                .expect("inserted as an array")
                .push(json!(key.key.name));
        }
    }
    rules
}

fn property(described: &Described) -> Json {
    let mut schema = match &described.kind {
        Kind::Scalar(scalar) => limited(scalar),
        Kind::Table(keys) => object(keys),
        Kind::Named(keys) => json!({
            "type": "object",
            "propertyNames": { "pattern": format!("^[A-Za-z0-9_-]{{1,{NAME_MAX}}}$") },
            "additionalProperties": object(keys),
            "maxProperties": NAMED_MAX,
        }),
        Kind::Map { keys, value, .. } => json!({
            "type": "object",
            "propertyNames": keys,
            "additionalProperties": limited(value),
        }),
        Kind::Records(keys) => json!({
            "type": "array",
            "items": object(keys),
            "maxItems": RECORDS_MAX,
        }),
        Kind::Either(scalar, keys) => json!({ "anyOf": [limited(scalar), object(keys)] }),
    };
    schema["description"] = json!(description(described));
    if let Presence::Optional(Some(default)) = &described.presence
        && described.key.default.is_none()
        && let Ok(default) = serde_json::from_str::<Json>(default)
    {
        schema["default"] = default;
    }
    schema
}

fn description(described: &Described) -> String {
    let mut text = described.key.about.to_owned();
    if let Some(default) = described.key.default {
        text.push_str(&format!(" Default: {default}."));
    }
    if let Kind::Scalar(Scalar {
        limits: Some(limits),
        ..
    }) = &described.kind
    {
        text.push_str(&format!(" Range: {limits}."));
    }
    if !described.key.source.is_empty() {
        text.push_str(&format!(" Source: {}.", described.key.source));
    }
    text
}

/// The scalar's schema with the key's own limits, where JSON Schema can state them.
fn limited(scalar: &Scalar) -> Json {
    let mut schema = scalar.schema.clone();
    let Some((least, most)) = scalar.amounts else {
        return schema;
    };
    if schema["type"] == "string" && schema["minLength"].is_number() {
        schema["minLength"] = json!(least);
        schema["maxLength"] = json!(most);
    }
    if let Some(alternatives) = schema.get_mut("anyOf").and_then(Json::as_array_mut) {
        for alternative in alternatives {
            if alternative["type"] == "integer" {
                alternative["minimum"] = json!(least);
                alternative["maximum"] = json!(most);
            }
        }
    }
    schema
}
