//! What a key can hold besides scalars: tables, lists, maps and options.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::diagnostic::{Code, Diagnostic};
use super::document::Item;
use super::key::description::{Shape, describe};
use super::key::printer::{Printed, PrintedKey, Printer};
use super::key::reader::{Input, Reader};
use super::key::scalar::{Form, check_range, quoted, show_count, show_range, wrong_type};
use super::key::{Range, Section, Setting};
use super::suggestion::{NAME_MAX, shortened};

/// Items of a list and tables of a kind.
pub(crate) const ITEMS_MAX: u64 = 100_000;

/// The key of a table whose keys are values themselves, such as `control-block-leak` or `9156`.
pub(crate) trait MapKey: Clone + Ord {
    /// What a key is, with its article.
    const FORM: &'static str;

    /// The key with this name.
    fn parse(name: &str) -> Option<Self>;
    /// What to write instead of a name that is not a key.
    fn help(name: &str) -> String;
    /// Reports a name that is not a key; the diagnostic has no position.
    fn check(name: &str) -> Result<(), Diagnostic> {
        if Self::parse(name).is_some() {
            return Ok(());
        }
        let message = format!("`{}` is not {}", shortened(name), Self::FORM);
        Err(Diagnostic::of_file(Code::UnknownWord, message).help(Self::help(name)))
    }
    /// The name.
    fn name(&self) -> String;
    /// The names, as JSON Schema.
    fn schema() -> Json;
}

impl<T: Section> Setting for T {
    const IS_TABLE: bool = true;

    fn blank() -> Self {
        Section::blank()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        let is_table = matches!(input.node.item, Item::Table(_));
        let scalar = T::from_scalar(input.node, input.range.as_ref()).filter(|_| !is_table);
        match scalar {
            Some(Ok(section)) => *self = section,
            Some(Err(mistake)) => reader.mistake(input, mistake),
            None => {
                // The value holds the defaults here: those of the link, for one of its directions.
                let default = self.clone();
                reader.nested(input, |reader| self.keys(reader, &default));
            }
        }
    }

    fn print(&self, default: &Self) -> Printed {
        match self.to_scalar() {
            Some(text) => Printed::Scalar(text),
            None => Printer::table_of(self, default),
        }
    }

    fn describe(range: Option<&Range>) -> Shape {
        let keys = describe::<T>();
        match T::scalar_form(range) {
            Some(form) => Shape::Either(form, keys),
            None => Shape::Table(keys),
        }
    }
}

/// `None` where the key is left out or says [`Setting::NONE`].
impl<T: Setting> Setting for Option<T> {
    fn blank() -> Self {
        None
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        *self = None;
        if !matches!(&input.node.item, Item::String(text) if T::NONE == Some(text)) {
            self.insert(T::blank()).read(input, reader);
        }
    }

    fn print(&self, _: &Self) -> Printed {
        match (self, T::NONE) {
            (Some(value), _) => value.print(&T::blank()),
            (None, Some(word)) => Printed::Scalar(quoted(word)),
            (None, None) => Printed::NOTHING,
        }
    }

    fn describe(range: Option<&Range>) -> Shape {
        match (T::describe(range), T::NONE) {
            (Shape::Scalar(form), Some(word)) => Shape::Scalar(Form {
                text: format!("{}, or `{word}`", form.text),
                schema: json!({ "anyOf": [{ "const": word }, form.schema] }),
                ..form
            }),
            (shape, _) => shape,
        }
    }
}

/// A list. One value is read as a list of one, except for a table.
impl<T: Setting> Setting for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        let items: Vec<Input<'a>> = match &input.node.item {
            Item::Array(nodes) => {
                let range = input.range.clone().unwrap_or(0..=ITEMS_MAX);
                if let Err(mistake) = check_range(nodes.len() as u64, &range, items, input.node) {
                    return reader.mistake(input, mistake);
                }
                let numbered = nodes.iter().enumerate();
                numbered
                    .map(|(index, node)| input.item(index, node))
                    .collect()
            }
            _ if T::IS_TABLE => {
                return reader.mistake(input, wrong_type(input.node, "an array of tables"));
            }
            Item::String(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Boolean(_)
            | Item::Datetime(_)
            | Item::Table(_) => vec![input.alone()],
        };
        let read_one = |input: &Input<'a>| {
            let mut item = T::blank();
            reader.locate(input);
            item.read(input, reader);
            item
        };
        *self = items.iter().map(read_one).collect();
    }

    fn print(&self, _: &Self) -> Printed {
        let printed: Vec<Printed> = self.iter().map(|item| item.print(&T::blank())).collect();
        if T::IS_TABLE {
            Printed::List(printed)
        } else {
            Printed::inline_list(&printed)
        }
    }

    fn describe(range: Option<&Range>) -> Shape {
        match T::describe(None) {
            Shape::Scalar(item) => Shape::Scalar(Form {
                text: format!("{}, or an array of them", item.text),
                limits: range.map(|range| show_range(range, items)),
                schema: json!({ "anyOf": [
                    item.schema.clone(),
                    { "type": "array", "items": item.schema, "maxItems": ITEMS_MAX },
                ] }),
            }),
            Shape::Table(keys) => Shape::List(keys),
            shape @ (Shape::Named { .. }
            | Shape::Map { .. }
            | Shape::List(_)
            | Shape::Either(..)) => panic!("a list of {shape:?}"),
        }
    }
}

fn items(count: u64) -> String {
    show_count(count, "item")
}

/// A list of exactly two.
impl<T: Setting> Setting for [T; 2] {
    fn blank() -> Self {
        [T::blank(), T::blank()]
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        let wanted = || match Self::describe(None) {
            Shape::Scalar(form) => format!("an array of {}", form.text),
            shape @ (Shape::Table(_)
            | Shape::Named { .. }
            | Shape::Map { .. }
            | Shape::List(_)
            | Shape::Either(..)) => panic!("a pair of {shape:?}"),
        };
        let Item::Array(nodes) = &input.node.item else {
            return reader.mistake(input, wrong_type(input.node, &wanted()));
        };
        if nodes.len() != 2 {
            let message = format!("expected {}, found {}", wanted(), nodes.len());
            let found = Diagnostic::new(Code::Malformed, input.node.span, message);
            return reader.mistake(input, found);
        }
        for (index, (item, node)) in self.iter_mut().zip(nodes).enumerate() {
            item.read(&input.item(index, node), reader);
        }
    }

    fn print(&self, _: &Self) -> Printed {
        Printed::inline_list(&self.each_ref().map(|item| item.print(&T::blank())))
    }

    fn describe(_: Option<&Range>) -> Shape {
        match T::describe(None) {
            Shape::Scalar(item) => Shape::Scalar(Form {
                text: format!("two of: {}", item.text),
                limits: None,
                schema: json!({
                    "type": "array", "items": item.schema, "minItems": 2, "maxItems": 2,
                }),
            }),
            shape @ (Shape::Table(_)
            | Shape::Named { .. }
            | Shape::Map { .. }
            | Shape::List(_)
            | Shape::Either(..)) => panic!("a pair of {shape:?}"),
        }
    }
}

/// A table whose keys the file chooses: names, or values such as an event id.
impl<K: MapKey, V: Setting> Setting for BTreeMap<K, V> {
    fn blank() -> Self {
        Self::new()
    }

    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>) {
        self.clear();
        let Item::Table(table) = &input.node.item else {
            return reader.mistake(input, wrong_type(input.node, "a table"));
        };
        if table.len() as u64 > ITEMS_MAX {
            let message = format!(
                "{} tables are too many, the limit is {ITEMS_MAX}",
                table.len()
            );
            return reader.mistake(input, Diagnostic::new(Code::TooMany, input.key, message));
        }
        for (name, entry) in table {
            if let Err(mistake) = K::check(name) {
                reader.mistake(
                    input,
                    Diagnostic {
                        span: Some(entry.key),
                        ..mistake
                    },
                );
            }
            let Some(key) = K::parse(name) else {
                continue;
            };
            let input = input.entry(name, entry);
            let mut value = V::blank();
            reader.locate(&input);
            value.read(&input, reader);
            self.insert(key, value);
        }
    }

    fn print(&self, _: &Self) -> Printed {
        let entries = self.iter().map(|(key, value)| PrintedKey {
            name: key.name(),
            value: value.print(&V::blank()),
            is_default: false,
        });
        if V::IS_TABLE {
            Printed::Named(entries.collect())
        } else {
            Printed::Table(entries.collect())
        }
    }

    fn describe(range: Option<&Range>) -> Shape {
        match V::describe(range) {
            Shape::Scalar(values) => Shape::Map {
                keys: K::FORM,
                keys_schema: K::schema(),
                values,
            },
            Shape::Table(keys) => Shape::Named {
                names: K::schema(),
                keys,
            },
            shape @ (Shape::Named { .. }
            | Shape::Map { .. }
            | Shape::List(_)
            | Shape::Either(..)) => panic!("a map of {shape:?}"),
        }
    }
}

/// The name of a table, such as a host's: letters, digits, `-` and `_`.
impl MapKey for String {
    const FORM: &'static str = "a name";

    /// Reads a bad name too, so that settings which refer to it are not reported as well.
    fn parse(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }

    fn help(_: &str) -> String {
        format!("names have 1 to {NAME_MAX} characters: letters, digits, `-` and `_`")
    }

    fn check(name: &str) -> Result<(), Diagnostic> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
            return Ok(());
        }
        let message = format!("`{}` is not {}", shortened(name), Self::FORM);
        Err(Diagnostic::of_file(Code::BadName, message).help(Self::help(name)))
    }

    fn name(&self) -> String {
        self.clone()
    }

    fn schema() -> Json {
        json!({ "pattern": format!("^[A-Za-z0-9_-]{{1,{NAME_MAX}}}$") })
    }
}
