//! The keys of a section as data: in words for the reference, and as JSON Schema for editors.
//!
//! A schema cannot state everything: unknown names and ranges of quantities with units are only
//! found by loading the file.

use serde_json::{Map, Value as Json, json};

use super::printer::{Detail, Printed};
use super::{Choice, Key, Keys, Range, Section, SettingValue};

/// A key and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct KeyDescription {
    pub(crate) key: Key,
    pub(crate) presence: Presence,
    pub(crate) shape: Shape,
}

/// Whether a key must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    /// Beside any of these keys it must be there, without them it must not.
    RequiredWith(Vec<&'static str>),
    /// Its default as TOML, if it can be written.
    Optional(Option<String>),
    /// One of a group of keys, of which one must be there if the group is `needed`.
    OneOf {
        /// The number of the group within the table.
        group: usize,
        needed: bool,
    },
}

/// What stands under a key.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// How it is written, in words.
    pub(crate) words: String,
    /// The range of the key in words, where it is narrower than that of the type.
    pub(crate) limits: Option<String>,
    pub(crate) schema: Json,
    /// The keys of the table or tables.
    pub(crate) keys: Vec<KeyDescription>,
    /// What stands between this key and those: `.`, `.NAME.` or `[].`.
    pub(crate) joint: &'static str,
}

impl Shape {
    pub(crate) fn scalar(words: impl Into<String>, schema: Json) -> Self {
        Self {
            words: words.into(),
            limits: None,
            schema,
            keys: Vec::new(),
            joint: "",
        }
    }

    /// One word in place of a table.
    pub(crate) fn word(word: &str) -> Self {
        Self::scalar(format!("`{word}`"), json!({ "const": word }))
    }

    /// The table of a section, or a scalar in place of it.
    pub(crate) fn of_section<T: Section>(range: Option<&Range>) -> Self {
        let table = Self::of_table(describe::<T>());
        match T::scalar_shape(range) {
            None => table,
            Some(scalar) => Self {
                words: format!("{}, or table", scalar.in_words()),
                schema: json!({ "anyOf": [scalar.schema, table.schema] }),
                ..table
            },
        }
    }

    fn of_table(keys: Vec<KeyDescription>) -> Self {
        Self {
            keys: keys.clone(),
            joint: ".",
            ..Self::scalar("table", object(&keys))
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        self.keys.is_empty()
    }

    /// The dotted paths of the keys of this name in the tables below that are not named by the file.
    pub(crate) fn places_of(&self, name: &str) -> Vec<String> {
        if self.joint != "." {
            return Vec::new();
        }
        let mut places = Vec::new();
        for KeyDescription { key, shape, .. } in &self.keys {
            if key.name == name {
                places.push(name.to_owned());
            }
            let below = shape.places_of(name).into_iter();
            places.extend(below.map(|it| format!("{}.{it}", key.name)));
        }
        places
    }

    pub(crate) fn in_words(&self) -> String {
        match &self.limits {
            Some(limits) => format!("{}, {limits}", self.words),
            None => self.words.clone(),
        }
    }
}

/// The schema of a table (draft 2020-12).
pub(crate) fn object(keys: &[KeyDescription]) -> Json {
    let properties: Map<String, Json> = keys
        .iter()
        .map(|key| (key.key.name.to_owned(), property(key)))
        .collect();
    let mut schema =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let required = keys.iter().filter(|key| key.presence == Presence::Required);
    let required: Vec<&str> = required.map(|key| key.key.name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let groups = groups(keys);
    if !groups.is_empty() {
        schema["allOf"] = Json::Array(groups);
    }
    for key in keys {
        let Presence::RequiredWith(others) = &key.presence else {
            continue;
        };
        for other in others {
            // Several keys may be needed beside the same one.
            let mut names = schema["dependentRequired"][*other]
                .as_array()
                .cloned()
                .unwrap_or_default();
            names.push(json!(key.key.name));
            schema["dependentRequired"][*other] = Json::Array(names);
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
    let rule = |members: &[(usize, bool, &str)]| {
        let rules = members
            .iter()
            .map(|(.., name)| json!({ "required": [name] }));
        let mut rules: Vec<Json> = rules.collect();
        let is_needed = members[0].1;
        // None of the group may be there either: the default is chosen then.
        if !is_needed {
            rules.push(json!({ "not": { "anyOf": rules } }));
        }
        json!({ "oneOf": rules })
    };
    members
        .chunk_by(|one, other| one.0 == other.0)
        .map(rule)
        .collect()
}

/// The schema of a key, with what it means, its default and range, and where they come from.
fn property(description: &KeyDescription) -> Json {
    let KeyDescription {
        key,
        presence,
        shape,
    } = description;
    let mut text = key.about.to_owned();
    if let Some(default) = key.default {
        text += &format!(" Default: {default}.");
    }
    if let Some(limits) = &shape.limits {
        text += &format!(" Range: {limits}.");
    }
    if !key.source.is_empty() {
        text += &format!(" Source: {}.", key.source);
    }
    let mut schema = shape.schema.clone();
    schema["description"] = json!(text);
    // A default that is computed from other keys is told in words only; as a value it would be
    // wrong for some files.
    if let (Presence::Optional(Some(default)), None) = (presence, key.default)
        // A scalar of TOML is one of JSON here, apart from dates and literal strings.
        && let Ok(default) = serde_json::from_str::<Json>(default)
    {
        schema["default"] = default;
    }
    schema
}

/// Visits keys in order to describe them.
#[derive(Debug, Default)]
struct Describer {
    keys: Vec<KeyDescription>,
    groups: usize,
}

/// Every key of a section.
pub(crate) fn describe<T: Section>() -> Vec<KeyDescription> {
    let mut describer = Describer::default();
    T::blank().keys(&mut describer, &T::blank());
    describer.keys
}

impl Describer {
    fn push(&mut self, key: &Key, presence: Presence, shape: Shape) {
        self.keys.push(KeyDescription {
            key: key.clone(),
            presence,
            shape,
        });
    }

    /// Adds a key that belongs beside the key `with`; alternatives can share it.
    fn push_beside(&mut self, mut beside: KeyDescription, with: &'static str) {
        let mut known = self.keys.iter_mut();
        if let Some(known) = known.find(|known| known.key.name == beside.key.name) {
            if let Presence::RequiredWith(keys) = &mut known.presence {
                keys.push(with);
            }
            return;
        }
        if beside.presence == Presence::Required {
            beside.presence = Presence::RequiredWith(vec![with]);
        }
        self.keys.push(beside);
    }
}

impl Keys for Describer {
    fn required<T: SettingValue>(&mut self, key: &Key, _: &mut T) {
        self.push(key, Presence::Required, T::describe(key.range.as_ref()));
    }

    fn optional<T: SettingValue>(&mut self, key: &Key, _: &mut T, default: &T) {
        let default = match default.print(default, Detail::Full) {
            Some(Printed::Scalar(text)) => Some(text),
            Some(Printed::Table(_) | Printed::Named(_) | Printed::List(_)) | None => None,
        };
        self.push(
            key,
            Presence::Optional(default),
            T::describe(key.range.as_ref()),
        );
    }

    fn choice<C: Choice>(&mut self, _: &mut C, default: Option<&C>) {
        self.groups += 1;
        let presence = Presence::OneOf {
            group: self.groups,
            needed: default.is_none(),
        };
        for (name, mut alternative) in C::alternatives() {
            let mut inner = Self::default();
            alternative.keys(&mut inner);
            let mut keys = inner.keys.into_iter();
            let own = keys.next().expect("an alternative has a key");
            assert_eq!(own.key.name, name, "an alternative's own key comes first");
            self.push(&own.key, presence.clone(), own.shape);
            keys.for_each(|beside| self.push_beside(beside, name));
        }
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        keys(&mut inner);
        self.push(key, Presence::Optional(None), Shape::of_table(inner.keys));
    }
}
