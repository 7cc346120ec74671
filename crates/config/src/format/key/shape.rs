//! The keys of a section as data: what a document is checked with, in words for the reference, and
//! as JSON Schema for editors.
//!
//! A schema cannot state everything: unknown names and ranges of quantities with units are only
//! found by loading the file.

use serde_json::{Map, Value as Json, json};

use super::printer::{Detail, Printed};
use super::scalar::{show_count, show_range};
use super::{Choice, Key, Keys, Range, Section, SettingValue};
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{ITEMS_MAX, SpannedItem, TABLES_MAX, Table};

/// A key and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct KeyDescription {
    pub(crate) key: Key,
    /// What the key means if it is left out, as TOML.
    pub(crate) default: Option<String>,
    /// The alternatives beside which the key belongs; empty if it belongs into every such table.
    pub(crate) beside: Vec<&'static str>,
    pub(crate) shape: Shape,
}

/// Keys of which exactly one must be there, or at most one if none is needed.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) names: Vec<&'static str>,
    pub(crate) is_needed: bool,
    /// As for the keys.
    pub(crate) beside: Vec<&'static str>,
}

/// What a table can hold. It visits the keys of a section in order to describe them.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableShape {
    pub(crate) keys: Vec<KeyDescription>,
    pub(crate) groups: Vec<Group>,
    /// What can stand in place of the table.
    pub(crate) scalar: Option<Scalar>,
    /// The key of the alternative that is being visited.
    own: Option<&'static str>,
}

/// Says what is wrong with a value, which should be in the range.
pub(crate) type Check = fn(&SpannedItem<'_>, &Range) -> Result<(), Diagnostic>;

/// A value that is no table or list.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// How it is written, in words.
    pub(crate) words: String,
    pub(crate) schema: Json,
    /// The range of the type or, if it is narrower, of the key.
    pub(crate) range: Range,
    /// The range of the key in words.
    pub(crate) limits: Option<String>,
    pub(crate) check: Check,
    /// A word that can stand in place of the value.
    pub(crate) word: Option<&'static str>,
    /// The kind of table that the value names.
    pub(crate) names: Option<&'static str>,
}

/// The keys that a map can have.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What a key is, with its article.
    pub(crate) what: &'static str,
    /// The code of a name that is not a key.
    pub(crate) code: Code,
    pub(crate) is_valid: fn(&str) -> bool,
    /// What to write instead of a name that is not a key.
    pub(crate) help: fn(&str) -> String,
    /// The names, as JSON Schema.
    pub(crate) schema: Json,
}

/// What stands under a key.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Scalar(Scalar),
    Table(TableShape),
    /// A list of so many items. One value is read as a list of one, except for a table.
    List(Box<Self>, Option<Range>),
    Pair(Box<Self>),
    /// Values under names of the file's own.
    Map(Names, Box<Self>),
}

/// A number of items of a list.
pub(crate) fn items(count: u64) -> String {
    show_count(count, "item")
}

/// Whether a key of some alternatives fits a table with these.
pub(crate) fn fits(beside: &[&str], table: &Table<'_>) -> bool {
    beside.is_empty() || beside.iter().any(|it| table.contains_key(*it))
}

impl Scalar {
    pub(crate) fn new(words: impl Into<String>, schema: Json, check: Check) -> Self {
        Self {
            words: words.into(),
            schema,
            range: 0..=u64::MAX,
            limits: None,
            check,
            word: None,
            names: None,
        }
    }
}

impl Shape {
    /// The table that is below a key, or each of them.
    pub(crate) fn table(&self) -> Option<&TableShape> {
        match self {
            Self::Scalar(_) | Self::Pair(_) => None,
            Self::Table(table) => Some(table),
            Self::List(inner, _) | Self::Map(_, inner) => inner.table(),
        }
    }

    /// What stands between this key and those below it.
    pub(crate) const fn joint(&self) -> &'static str {
        match self {
            Self::List(..) => "[].",
            Self::Map(..) => ".NAME.",
            Self::Scalar(_) | Self::Table(_) | Self::Pair(_) => ".",
        }
    }

    /// How it is written, in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Scalar(Scalar { words, word, .. }) => match word {
                Some(word) => format!("{words}, or `{word}`"),
                None => words.clone(),
            },
            Self::Table(TableShape { scalar, .. }) => match scalar.clone().map(Self::Scalar) {
                Some(scalar) => format!("{}, or table", scalar.words_with_limits()),
                None => "table".to_owned(),
            },
            Self::List(item, _) if item.table().is_some() => "list of tables".to_owned(),
            Self::List(item, _) => format!("{}, or an array of them", item.words()),
            Self::Pair(item) => format!("two of: {}", item.words()),
            Self::Map(_, value) if value.table().is_some() => "tables".to_owned(),
            Self::Map(names, value) => {
                let what = names.what.trim_start_matches("an ");
                let (name, value) = (what.trim_start_matches("a "), value.words());
                format!("table: {name} = {value}")
            }
        }
    }

    /// The range in words, where it is narrower than that of the type.
    pub(crate) fn limits(&self) -> Option<String> {
        match self {
            Self::Scalar(scalar) => scalar.limits.clone(),
            Self::List(_, range) => range.as_ref().map(|range| show_range(range, items)),
            Self::Table(_) | Self::Pair(_) | Self::Map(..) => None,
        }
    }

    pub(crate) fn words_with_limits(&self) -> String {
        let limits = self.limits().map(|limits| format!(", {limits}"));
        self.words() + &limits.unwrap_or_default()
    }

    /// The JSON Schema (draft 2020-12).
    pub(crate) fn schema(&self) -> Json {
        match self {
            Self::Scalar(Scalar { schema, word, .. }) => match word {
                Some(word) => json!({ "anyOf": [{ "const": word }, schema] }),
                None => schema.clone(),
            },
            Self::Table(table) => match &table.scalar {
                Some(scalar) => json!({ "anyOf": [scalar.schema, table.schema()] }),
                None => table.schema(),
            },
            Self::List(item, _) => {
                let each = item.schema();
                let list = json!({ "type": "array", "items": each, "maxItems": ITEMS_MAX });
                match item.table() {
                    Some(_) => list,
                    None => json!({ "anyOf": [each, list] }),
                }
            }
            Self::Pair(item) => {
                json!({ "type": "array", "items": item.schema(), "minItems": 2, "maxItems": 2 })
            }
            Self::Map(names, value) => {
                let (names, each) = (&names.schema, value.schema());
                let mut schema = json!({ "propertyNames": names, "additionalProperties": each });
                schema["type"] = json!("object");
                if value.table().is_some() {
                    schema["maxProperties"] = json!(TABLES_MAX);
                }
                schema
            }
        }
    }
}

impl TableShape {
    /// The table of a section.
    pub(crate) fn of<T: Section>(key: &Key) -> Self {
        let scalar = T::scalar(key);
        let mut table = Self {
            scalar,
            ..Self::default()
        };
        T::blank().keys(&mut table, &T::blank());
        table
    }

    /// The dotted paths of the keys of this name, here and in tables that the file does not name.
    pub(crate) fn places_of(&self, name: &str) -> Vec<String> {
        let mut places = Vec::new();
        for described in &self.keys {
            let own = described.key.name;
            if own == name {
                places.push(name.to_owned());
            }
            let below = match &described.shape {
                Shape::Table(table) => table.places_of(name),
                Shape::Map(names, value) if value.table().is_none() && (names.is_valid)(name) => {
                    vec![name.to_owned()]
                }
                Shape::Scalar(_) | Shape::List(..) | Shape::Pair(_) | Shape::Map(..) => Vec::new(),
            };
            places.extend(below.iter().map(|it| format!("{own}.{it}")));
        }
        places
    }

    pub(crate) fn schema(&self) -> Json {
        let named = |it: &KeyDescription| (it.key.name.to_owned(), property(it));
        let properties: Map<String, Json> = self.keys.iter().map(named).collect();
        let mut schema =
            json!({ "type": "object", "properties": properties, "additionalProperties": false });
        for group in &self.groups {
            match (group.names.as_slice(), group.beside.as_slice()) {
                ([only], []) => add(&mut schema["required"], json!(only)),
                ([only], beside) => (beside.iter())
                    .for_each(|it| add(&mut schema["dependentRequired"][*it], json!(only))),
                (names, _) => {
                    let rules = names.iter().map(|name| json!({ "required": [name] }));
                    let mut rules: Vec<Json> = rules.collect();
                    // None of the group may be there either: the default is chosen then.
                    if !group.is_needed {
                        rules.push(json!({ "not": { "anyOf": rules } }));
                    }
                    add(&mut schema["allOf"], json!({ "oneOf": rules }));
                }
            }
        }
        schema
    }

    /// Adds a key. Alternatives can share one that belongs beside them.
    fn push(&mut self, key: &Key, default: Option<String>, shape: Shape) {
        let beside = self.own.filter(|own| *own != key.name);
        if let Some(shared) = self.keys.iter_mut().find(|it| it.key.name == key.name) {
            return shared.beside.extend(beside);
        }
        let (key, beside) = (key.clone(), beside.into_iter().collect());
        self.keys.push(KeyDescription {
            key,
            default,
            beside,
            shape,
        });
    }

    fn group(&mut self, names: Vec<&'static str>, is_needed: bool) {
        let beside: Vec<&str> = self.own.into_iter().collect();
        if let Some(shared) = self.groups.iter_mut().find(|it| it.names == names) {
            shared.beside.extend(beside);
        } else if names != beside {
            // The own key of an alternative is in the group of all alternatives.
            self.groups.push(Group {
                names,
                is_needed,
                beside,
            });
        }
    }
}

/// Adds to a list, which may be missing.
fn add(list: &mut Json, item: Json) {
    match list.as_array_mut() {
        Some(items) => items.push(item),
        None => *list = json!([item]),
    }
}

/// The schema of a key, with what it means, its default and range, and where they come from.
fn property(described: &KeyDescription) -> Json {
    let (key, shape) = (&described.key, &described.shape);
    let mut text = key.about.to_owned();
    if let Some(default) = key.default {
        text += &format!(" Default: {default}.");
    }
    if let Some(limits) = shape.limits() {
        text += &format!(" Range: {limits}.");
    }
    if !key.source.is_empty() {
        text += &format!(" Source: {}.", key.source);
    }
    let mut schema = shape.schema();
    schema["description"] = json!(text);
    // A default that is computed from other keys is told in words only; as a value it would be
    // wrong for some files.
    if let (Some(default), None) = (&described.default, key.default)
        // A scalar of TOML is one of JSON here, apart from dates and literal strings.
        && let Ok(default) = serde_json::from_str::<Json>(default)
    {
        schema["default"] = default;
    }
    schema
}

impl Keys for TableShape {
    fn required<T: SettingValue>(&mut self, key: &Key, _: &mut T) {
        self.push(key, None, T::shape(key));
        self.group(vec![key.name], true);
    }

    fn optional<T: SettingValue>(&mut self, key: &Key, _: &mut T, default: &T) {
        let default = match default.print(default, Detail::Full) {
            Some(Printed::Scalar(text)) => Some(text),
            Some(Printed::Table(_) | Printed::Named(_) | Printed::List(_)) | None => None,
        };
        self.push(key, default, T::shape(key));
    }

    fn choice<C: Choice>(&mut self, _: &mut C, default: Option<&C>) {
        let alternatives = C::alternatives();
        let names = alternatives.iter().map(|(name, _)| *name).collect();
        self.group(names, default.is_none());
        for (name, mut alternative) in alternatives {
            self.own = Some(name);
            alternative.keys(self);
        }
        self.own = None;
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        keys(&mut inner);
        self.push(key, None, Shape::Table(inner));
    }
}
