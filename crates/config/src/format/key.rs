//! How the keys of a table are declared: once, for reading, printing, the schema and the reference.
//!
//! A [`Section`] visits its keys with a [`Keys`]: the reader fills the fields, the printer writes
//! them, the describer lists the keys. A [`SettingValue`] is what a key can hold.

pub(crate) mod changes;
pub(crate) mod description;
pub(crate) mod printer;
pub(crate) mod reader;
pub(crate) mod scalar;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use self::description::Shape;
use self::printer::{Detail, Printed};
use self::reader::{Input, Reader};

/// Smallest and largest amount of a value, in its type's unit.
pub(crate) type Range = RangeInclusive<u64>;

/// A key and what the reference says about it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What the value is, in one or two sentences.
    pub(crate) about: &'static str,
    /// The range, where it is narrower than that of the type.
    pub(crate) range: Option<Range>,
    /// The kind of table that the value names, such as `host`.
    pub(crate) names: Option<&'static str>,
    /// Where the default or the meaning comes from; empty for a choice of this project.
    pub(crate) source: &'static str,
    /// The default in words, where it depends on other keys.
    pub(crate) default: Option<&'static str>,
}

impl Key {
    pub(crate) const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            range: None,
            names: None,
            source: "",
            default: None,
        }
    }
}

/// What visits the keys of a table.
pub(crate) trait Keys: Sized {
    /// A key that must be there.
    fn required<T: SettingValue>(&mut self, key: &Key, field: &mut T);
    /// A key that can be left out, which means `default`.
    fn optional<T: SettingValue>(&mut self, key: &Key, field: &mut T, default: &T);
    /// Exactly one of several keys of this table; at most one if there is a default.
    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>);
    /// A key with a table, which is the alternative of a choice.
    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self));
}

/// A value that can stand under a key.
pub(crate) trait SettingValue: Clone + PartialEq {
    /// Whether it is written as a table.
    const IS_TABLE: bool = false;
    /// How `None` is written, if it can be written.
    const NONE: Option<&'static str> = None;

    /// A value to read into. For a required key it is never seen.
    fn blank() -> Self;
    /// Reads the value from the document; keys that a table leaves out keep their value. Mistakes
    /// go to the reader, and the value is unspecified then.
    fn read<'a>(&mut self, input: &Input<'a>, reader: &mut Reader<'a>);
    /// The value as TOML; `None` if nothing is to be written. `default` is what keys that are left
    /// out mean, for tables.
    fn print(&self, default: &Self, detail: Detail) -> Option<Printed>;
    /// How the value is written; `range` is that of the key.
    fn describe(range: Option<&Range>) -> Shape;
    /// The paths below this value that end with a key of this name, for a help.
    fn places_of(name: &str) -> Vec<String> {
        Self::describe(None).places_of(name)
    }
}

/// A part of the plan that is one table.
pub(crate) trait Section: Clone + PartialEq {
    /// The section with every key left out.
    fn blank() -> Self;
    /// Visits the keys. `default` is what a key that is left out means.
    fn keys<K: Keys>(&mut self, keys: &mut K, default: &Self);

    /// The defaults of the keys that are left out, where the required keys decide them.
    fn defaults<'a>(&self, default: &'a Self) -> Cow<'a, Self> {
        Cow::Borrowed(default)
    }
    /// Reads a scalar that denotes the section, such as `"none"`; `false` if only a table will do.
    fn read_scalar<'a>(&mut self, _: &Input<'a>, _: &mut Reader<'a>) -> bool {
        false
    }
    /// The scalar in place of this section.
    fn to_scalar(&self) -> Option<String> {
        None
    }
    /// How the scalar is written.
    fn scalar_shape(_: Option<&Range>) -> Option<Shape> {
        None
    }
}

/// A part of the plan that is one of several keys.
pub(crate) trait Choice: Clone + PartialEq {
    /// The key of each alternative, and the alternative with every key left out.
    fn alternatives() -> Vec<(&'static str, Self)>;
    /// Visits the alternative's own key, then the keys that belong beside it.
    fn keys<K: Keys>(&mut self, keys: &mut K);
}
