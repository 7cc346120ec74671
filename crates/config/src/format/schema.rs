//! The keys as JSON Schema, for editors.
//!
//! A schema cannot state everything: unknown names and ranges of quantities with units are only
//! found by loading the file.

use serde_json::{Map, Value as Json, json};

use super::key::description::{KeyDescription, Presence, Shape};
use super::setting::ITEMS_MAX;

/// The schema (draft 2020-12) of a file with these keys.
pub(crate) fn schema(title: &str, keys: &[KeyDescription]) -> Json {
    let mut schema = object(keys);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}

fn object(keys: &[KeyDescription]) -> Json {
    let properties: Map<String, Json> = keys
        .iter()
        .map(|key| (key.key.name.to_owned(), property(key)))
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.presence == Presence::Required)
        .map(|key| key.key.name)
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let groups = groups(keys);
    if !groups.is_empty() {
        schema["allOf"] = Json::Array(groups);
    }
    for key in keys {
        if let Presence::RequiredWith(others) = &key.presence {
            for other in others {
                let names = &mut schema["dependentRequired"][*other];
                if names.is_null() {
                    *names = json!([]);
                }
                let names = names.as_array_mut().expect("it was made an array");
                names.push(json!(key.key.name));
            }
        }
    }
    schema
}

/// The rule for each group of keys that exclude each other.
fn groups(keys: &[KeyDescription]) -> Vec<Json> {
    let member = |key: &KeyDescription| match key.presence {
        Presence::OneOf { group, needed } => Some((group, needed, key.key.name)),
        Presence::Required | Presence::RequiredWith(_) | Presence::Optional(_) => None,
    };
    let members: Vec<(usize, bool, &str)> = keys.iter().filter_map(member).collect();
    members
        .chunk_by(|one, other| one.0 == other.0)
        .map(|members| {
            let mut rules: Vec<Json> = members
                .iter()
                .map(|(.., name)| json!({ "required": [name] }))
                .collect();
            let is_needed = members[0].1;
            if !is_needed {
                rules.push(json!({ "not": { "anyOf": rules } }));
            }
            json!({ "oneOf": rules })
        })
        .collect()
}

fn property(description: &KeyDescription) -> Json {
    let mut schema = match &description.shape {
        Shape::Scalar(form) => form.schema.clone(),
        Shape::Table(keys) => object(keys),
        Shape::Named { keys, names } => json!({
            "type": "object",
            "propertyNames": names,
            "additionalProperties": object(keys),
            "maxProperties": ITEMS_MAX,
        }),
        Shape::Map {
            keys_schema,
            values,
            ..
        } => json!({
            "type": "object",
            "propertyNames": keys_schema,
            "additionalProperties": values.schema,
        }),
        Shape::List(keys) => json!({
            "type": "array",
            "items": object(keys),
            "maxItems": ITEMS_MAX,
        }),
        Shape::Either(form, keys) => json!({ "anyOf": [form.schema, object(keys)] }),
    };
    schema["description"] = json!(text(description));
    if let (Presence::Optional(Some(default)), None) =
        (&description.presence, description.key.default)
        && let Ok(default) = serde_json::from_str::<Json>(default)
    {
        schema["default"] = default;
    }
    schema
}

/// What the key means, its default and range, and where they come from.
fn text(description: &KeyDescription) -> String {
    let key = &description.key;
    let mut text = key.about();
    if let Some(default) = key.default {
        text += &format!(" Default: {default}.");
    }
    if let Shape::Scalar(form) = &description.shape
        && let Some(limits) = &form.limits
    {
        text += &format!(" Range: {limits}.");
    }
    if !key.source.is_empty() {
        text += &format!(" Source: {}.", key.source);
    }
    text
}
