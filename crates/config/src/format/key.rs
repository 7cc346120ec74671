//! How the keys of a table are declared: once, for checking, reading, printing, the schema and the
//! reference.
//!
//! A [`Section`] visits its keys with a [`Keys`]: the describer lists them as a `shape`, with which a
//! document is checked; the reader fills the fields, the printer writes them. A [`SettingValue`] is what a
//! key can hold.

pub(crate) mod changes;
pub(crate) mod printer;
pub(crate) mod reader;
pub(crate) mod scalar;
pub(crate) mod shape;
pub(crate) mod validator;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use self::printer::{Detail, Printed};
use self::shape::{Scalar, Shape};
use crate::format::document::SpannedItem;

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
    /// The value of a node that fits the shape; what a table leaves out is as in `default`.
    fn read(node: &SpannedItem<'_>, default: &Self) -> Self;
    /// The value as TOML, if anything is to be written.
    fn print(&self, default: &Self, detail: Detail) -> Option<Printed>;
    /// How the value is written under a key.
    fn shape(key: &Key) -> Shape;
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
    /// The scalar that can stand in place of the table, such as `"none"`.
    fn scalar(_: &Key) -> Option<Scalar> {
        None
    }
    /// The section that this scalar denotes.
    fn read_scalar(_: &SpannedItem<'_>) -> Self {
        Self::blank()
    }
    /// The scalar in place of this section.
    fn to_scalar(&self) -> Option<String> {
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
