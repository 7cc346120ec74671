//! What a key can hold besides scalars: tables, lists, maps and options.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::diagnostic::{Code, Diagnostic};
use super::document::{ITEMS_MAX, Item, TABLES_MAX, Table};
use super::key::description::Shape;
use super::key::printer::{Detail, Printed, Printer};
use super::key::reader::{Input, Reader};
use super::key::scalar::{check_range, quoted, show_count, show_range, wrong_type};
use super::key::{Range, Section, SettingValue};
use super::suggestion::{NAME_MAX, shortened};

/// The key of a table whose keys are values themselves, such as `control-block-leak` or `9156`.
pub(crate) trait MapKey: Clone + Ord {
    /// What a key is, with its article.
    const FORM: &'static str;
    /// The code of a name that is not a key.
    const CODE: Code = Code::UnknownWord;
    /// Whether a key is recognized by its form alone. A name that the file chooses is not.
    const IS_RECOGNIZED: bool = true;

    /// The key with this name.
    fn parse(name: &str) -> Option<Self>;
    /// Whether the name may be written.
    fn is_valid(name: &str) -> bool {
        Self::parse(name).is_some()
    }
    /// What to write instead of a name that is not a key.
    fn help(name: &str) -> String;
    /// The name.
    fn name(&self) -> String;
    /// The names, as JSON Schema.
    fn schema() -> Json;
}

impl<T: Section> SettingValue for T {
    const IS_TABLE: bool = true;

    fn blank() -> Self {
        Section::blank()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        if input.node.is_table() || !self.read_scalar(input, reader) {
            // The value holds the defaults here: those of the link, for one of its directions.
            let default = self.clone();
            reader.nested(input, |reader| self.keys(reader, &default));
        }
    }

    fn print(&self, default: &Self, detail: Detail) -> Option<Printed> {
        let scalar = self.to_scalar().map(Printed::Scalar);
        scalar.or_else(|| Printer::table_of(self, default, detail))
    }

    fn describe(range: Option<&Range>) -> Shape {
        Shape::of_section::<T>(range)
    }
}

/// `None` where the key is left out or says [`SettingValue::NONE`].
impl<T: SettingValue> SettingValue for Option<T> {
    fn blank() -> Self {
        None
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        // A file replaces the default as a whole: `none` has to mean none even where the default is
        // a value.
        *self = None;
        if !matches!(&input.node.item, Item::String(text) if T::NONE == Some(text)) {
            self.insert(T::blank()).read(input, reader);
        }
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        match self {
            Some(value) => value.print(&T::blank(), detail),
            None => T::NONE.map(|word| Printed::Scalar(quoted(word))),
        }
    }

    fn describe(range: Option<&Range>) -> Shape {
        let shape = T::describe(range);
        let Some(word) = T::NONE else { return shape };
        Shape {
            words: format!("{}, or `{word}`", shape.words),
            schema: json!({ "anyOf": [{ "const": word }, shape.schema] }),
            ..shape
        }
    }
}

/// A list. One value is read as a list of one, except for a table.
impl<T: SettingValue> SettingValue for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        let items = if let Item::Array(nodes) = &input.node.item {
            let range = input.range.clone().unwrap_or(0..=ITEMS_MAX);
            if let Err(mistake) = check_range(nodes.len() as u64, &range, items, input.node) {
                return reader.mistake(input, mistake);
            }
            let nodes = nodes.iter().enumerate();
            nodes.map(|(index, node)| input.item(index, node)).collect()
        } else if T::IS_TABLE {
            return reader.mistake(input, wrong_type(input.node, "an array of tables"));
        } else {
            vec![input.alone()]
        };
        let read_one = |input: &Input<'a>| {
            let mut item = T::blank();
            item.read(input, reader);
            item
        };
        *self = items.iter().map(read_one).collect();
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        if T::IS_TABLE {
            return (!self.is_empty()).then(|| Printed::List(printed(self, detail)));
        }
        Some(inline_list(self, detail))
    }

    fn describe(range: Option<&Range>) -> Shape {
        let item = T::describe(None);
        let mut list = json!({ "type": "array", "items": item.schema, "maxItems": ITEMS_MAX });
        if T::IS_TABLE {
            return Shape {
                words: "list of tables".to_owned(),
                schema: list,
                joint: "[].",
                ..item
            };
        }
        list = json!({ "anyOf": [item.schema, list] });
        // The range of a list's key is of its length, not of its items.
        let limits = range.map(|range| show_range(range, items));
        Shape {
            limits,
            ..Shape::scalar(format!("{}, or an array of them", item.words), list)
        }
    }
}

fn items(count: u64) -> String {
    show_count(count, "item")
}

fn printed<T: SettingValue>(items: &[T], detail: Detail) -> Vec<Printed> {
    let printed = items.iter().map(|it| it.print(&T::blank(), detail));
    printed.flatten().collect()
}

fn inline_list<T: SettingValue>(items: &[T], detail: Detail) -> Printed {
    let items = printed(items, detail);
    let items: Vec<String> = items.iter().map(Printed::inline).collect();
    Printed::Scalar(format!("[{}]", items.join(", ")))
}

/// A list of exactly two.
impl<T: SettingValue> SettingValue for [T; 2] {
    fn blank() -> Self {
        [T::blank(), T::blank()]
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        let wanted = || {
            let words = T::describe(None).words;
            format!("an array of two: [{words}, {words}]")
        };
        let Item::Array(nodes) = &input.node.item else {
            return reader.mistake(input, wrong_type(input.node, &wanted()));
        };
        if nodes.len() != 2 {
            let found = items(nodes.len() as u64);
            let message = format!("expected {}, found {found}", wanted());
            let found = Diagnostic::new(Code::Malformed, input.node.span, message);
            return reader.mistake(input, found);
        }
        for (index, (item, node)) in self.iter_mut().zip(nodes).enumerate() {
            item.read(&input.item(index, node), reader);
        }
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        Some(inline_list(self, detail))
    }

    fn describe(_: Option<&Range>) -> Shape {
        let Shape { words, schema, .. } = T::describe(None);
        let schema = json!({ "type": "array", "items": schema, "minItems": 2, "maxItems": 2 });
        Shape::scalar(format!("two of: {words}"), schema)
    }
}

/// A table whose keys the file chooses: names, or values such as an event id.
impl<K: MapKey, V: SettingValue> SettingValue for BTreeMap<K, V> {
    fn blank() -> Self {
        Self::new()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        self.clear();
        let Item::Table(table) = &input.node.item else {
            let path = &input.path;
            let help = match matches!(input.node.item, Item::Array(_)) {
                true => format!("write [{path}.NAME] for each, with single brackets"),
                false => format!("write tables [{path}.NAME]"),
            };
            let wrong = Diagnostic {
                help: V::IS_TABLE.then_some(help),
                ..wrong_type(input.node, "a table")
            };
            return reader.mistake(input, wrong);
        };
        if let Some(mistake) = without_name::<V>(table, &input.path) {
            return reader.mistake(input, mistake);
        }
        let count = table.len();
        if count as u64 > ITEMS_MAX {
            let message = format!("{count} tables are too many, the limit is {ITEMS_MAX}");
            return reader.mistake(input, Diagnostic::new(Code::TooMany, input.key, message));
        }
        for (name, entry) in table {
            if !K::is_valid(name) {
                let message = format!("`{}` is not {}", shortened(name), K::FORM);
                let mistake = Diagnostic::new(K::CODE, entry.key, message).help(K::help(name));
                reader.mistake(input, mistake);
            }
            let Some(key) = K::parse(name) else { continue };
            let input = input.entry(name, entry);
            let mut value = V::blank();
            value.read(&input, reader);
            self.insert(key, value);
        }
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        let entry = |(key, value): (&K, &V)| Some((key.name(), value.print(&V::blank(), detail)?));
        let entries: Vec<(String, Printed)> = self.iter().filter_map(entry).collect();
        if V::IS_TABLE {
            return Some(Printed::Named(entries));
        }
        (!entries.is_empty()).then_some(Printed::Table(entries))
    }

    fn places_of(name: &str) -> Vec<String> {
        let is_key = K::IS_RECOGNIZED && K::is_valid(name);
        is_key.then(|| name.to_owned()).into_iter().collect()
    }

    fn describe(range: Option<&Range>) -> Shape {
        let value = V::describe(range);
        let mut schema = json!({
            "type": "object", "propertyNames": K::schema(), "additionalProperties": value.schema,
        });
        if V::IS_TABLE {
            schema["maxProperties"] = json!(TABLES_MAX);
            return Shape {
                words: "tables".to_owned(),
                schema,
                joint: ".NAME.",
                ..value
            };
        }
        let key = K::FORM.trim_start_matches("an ").trim_start_matches("a ");
        Shape::scalar(format!("table: {key} = {}", value.words), schema)
    }
}

/// What is wrong if keys stand in `[fault]` that belong into `[fault.NAME]`.
fn without_name<V: SettingValue>(table: &Table, path: &str) -> Option<Diagnostic> {
    if !V::IS_TABLE {
        return None;
    }
    let mut entries = table.iter();
    let (name, entry) = entries.find(|(_, entry)| !entry.node.is_table())?;
    let keys = V::describe(None).keys;
    keys.iter().find(|it| it.key.name == name)?;
    let message = format!("`{name}` belongs into a table with a name");
    let found = Diagnostic::new(Code::WrongType, entry.key, message);
    Some(found.help(format!("write [{path}.NAME] above it")))
}

/// Whether a name can have this character.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The name of a table, such as a host's: letters, digits, `-` and `_`.
impl MapKey for String {
    const FORM: &'static str = "a name";
    const CODE: Code = Code::BadName;
    const IS_RECOGNIZED: bool = false;

    /// Reads a bad name too, so that settings which refer to it are not reported as well.
    fn parse(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }

    fn is_valid(name: &str) -> bool {
        (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_plain)
    }

    fn help(_: &str) -> String {
        format!("names have 1 to {NAME_MAX} characters: letters, digits, `-` and `_`")
    }

    fn name(&self) -> String {
        self.clone()
    }

    fn schema() -> Json {
        json!({ "pattern": format!("^[A-Za-z0-9_-]{{1,{NAME_MAX}}}$") })
    }
}
