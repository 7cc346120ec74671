//! What a key can hold besides scalars: tables, lists, maps and options.

use std::collections::BTreeMap;

use serde_json::json;

use super::diagnostic::Code;
use super::document::{SpannedItem, is_table, table_of};
use super::key::printer::{self, Detail, Printed};
use super::key::reader;
use super::key::scalar::quoted;
use super::key::shape::{Names, Shape, TableShape};
use super::key::{Key, Section, SettingValue};
use super::suggestion::NAME_MAX;

/// The key of a table whose keys are values themselves, such as `control-block-leak` or `9156`.
pub(crate) trait MapKey: Clone + Ord {
    /// The key with this name.
    fn parse(name: &str) -> Option<Self>;
    /// The name.
    fn name(&self) -> String;
    /// The names that a key can have.
    fn names() -> Names;
}

impl<T: Section> SettingValue for T {
    const IS_TABLE: bool = true;

    fn blank() -> Self {
        Section::blank()
    }

    fn read(node: &SpannedItem<'_>, default: &Self) -> Self {
        if is_table(node) {
            reader::read(node, default)
        } else {
            Self::read_scalar(node)
        }
    }

    fn print(&self, default: &Self, detail: Detail) -> Option<Printed> {
        let scalar = self.to_scalar().map(Printed::Scalar);
        scalar.or_else(|| printer::table_of(self, default, detail))
    }

    fn shape(key: &Key) -> Shape {
        Shape::Table(TableShape::of::<T>(key))
    }
}

/// `None` where the key is left out or says [`SettingValue::NONE`].
impl<T: SettingValue> SettingValue for Option<T> {
    fn blank() -> Self {
        None
    }

    fn read(node: &SpannedItem<'_>, _: &Self) -> Self {
        let is_none = T::NONE.is_some() && node.get_ref().as_str() == T::NONE;
        (!is_none).then(|| T::read(node, &T::blank()))
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        match self {
            Some(value) => value.print(&T::blank(), detail),
            None => T::NONE.map(|word| Printed::Scalar(quoted(word))),
        }
    }

    fn shape(key: &Key) -> Shape {
        let mut shape = T::shape(key);
        if let Shape::Scalar(scalar) = &mut shape {
            scalar.word = T::NONE;
        }
        shape
    }
}

/// A list. One value is read as a list of one, except for a table.
impl<T: SettingValue> SettingValue for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn read(node: &SpannedItem<'_>, _: &Self) -> Self {
        let alone = std::slice::from_ref(node);
        let nodes = node.get_ref().as_array().map_or(alone, |it| it);
        nodes.iter().map(|it| T::read(it, &T::blank())).collect()
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        if T::IS_TABLE {
            return (!self.is_empty()).then(|| Printed::List(printed(self, detail)));
        }
        Some(inline_list(self, detail))
    }

    fn shape(key: &Key) -> Shape {
        Shape::List(Box::new(T::shape(&item_of(key))), key.range.clone())
    }
}

/// The range of a list's key is of its length, not of its items.
fn item_of(key: &Key) -> Key {
    Key {
        range: None,
        ..key.clone()
    }
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

    fn read(node: &SpannedItem<'_>, _: &Self) -> Self {
        let pair = Vec::read(node, &Vec::new()).try_into();
        pair.unwrap_or_else(|_| Self::blank())
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        Some(inline_list(self, detail))
    }

    fn shape(key: &Key) -> Shape {
        Shape::Pair(Box::new(T::shape(&item_of(key))))
    }
}

/// A table whose keys the file chooses: names, or values such as an event id.
impl<K: MapKey, V: SettingValue> SettingValue for BTreeMap<K, V> {
    fn blank() -> Self {
        Self::new()
    }

    fn read(node: &SpannedItem<'_>, _: &Self) -> Self {
        let blank = V::blank();
        let entries = table_of(node).into_iter().flatten();
        let read = |name: &str, node| Some((K::parse(name)?, V::read(node, &blank)));
        entries
            .filter_map(|(key, node)| read(key.get_ref(), node))
            .collect()
    }

    fn print(&self, _: &Self, detail: Detail) -> Option<Printed> {
        let entry = |(key, value): (&K, &V)| Some((key.name(), value.print(&V::blank(), detail)?));
        let entries: Vec<(String, Printed)> = self.iter().filter_map(entry).collect();
        if V::IS_TABLE {
            return Some(Printed::Named(entries));
        }
        (!entries.is_empty()).then_some(Printed::Table(entries))
    }

    fn shape(key: &Key) -> Shape {
        Shape::Map(K::names(), Box::new(V::shape(key)))
    }
}

/// Whether a name can have this character.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The name of a table, such as a host's: letters, digits, `-` and `_`.
impl MapKey for String {
    fn parse(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }

    fn name(&self) -> String {
        self.clone()
    }

    fn names() -> Names {
        let about = |_: &str| {
            format!("names have 1 to {NAME_MAX} characters: letters, digits, `-` and `_`")
        };
        Names {
            what: "a name",
            code: Code::BadName,
            is_valid: |it| (1..=NAME_MAX).contains(&it.len()) && it.bytes().all(is_plain),
            help: about,
            schema: json!({ "pattern": format!("^[A-Za-z0-9_-]{{1,{NAME_MAX}}}$") }),
        }
    }
}
