//! The one declaration of every key.
//!
//! Owns [`Key`] and the traits by which a section of the plan names its keys once, each with
//! meaning, default, limits and source. Reading, printing, the schema and the reference all
//! walk the same declarations, so none of them can know a key that another does not. It
//! refuses to say what the keys are: `sections` does.

use std::collections::BTreeMap;

use super::value::Value;
use super::value::map_key::MapKey;
use crate::format::diagnostic::Diagnostic;

/// A key as scenarios write it, and what a reader must know of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means, one sentence.
    pub(super) about: &'static str,
    /// Where the default or the meaning comes from; empty for our own choice.
    pub(super) source: &'static str,
    /// Smallest and greatest amount, where the value's type alone does not say.
    pub(super) amounts: Option<(u64, u64)>,
    /// The default in words, where it depends on other keys.
    pub(super) default: Option<&'static str>,
}

impl Key {
    pub(super) const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            source: "",
            amounts: None,
            default: None,
        }
    }

    pub(super) const fn from(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    pub(super) const fn within(mut self, least: u64, most: u64) -> Self {
        assert!(least <= most, "limits are a range");
        self.amounts = Some((least, most));
        self
    }

    pub(super) const fn default(mut self, words: &'static str) -> Self {
        self.default = Some(words);
        self
    }

    /// The limits that hold for values of type `T`.
    pub(super) fn limits<T: Value>(&self) -> (u64, u64) {
        self.amounts.unwrap_or(T::AMOUNTS)
    }
}

/// What walks over the keys of a section: the reader, the printer, the describer.
pub(super) trait Fields: Sized {
    /// A key that must be there.
    fn required<T: Value>(&mut self, key: Key, field: &mut T);
    /// A key with a default.
    fn value<T: Value>(&mut self, key: Key, field: &mut T, default: T);
    /// A key whose absence means something of its own.
    fn optional<T: Value>(&mut self, key: Key, field: &mut Option<T>);
    /// A table with keys of its own; absent, it counts as empty.
    fn table(&mut self, key: Key, body: impl FnOnce(&mut Self));
    /// A table of tables, each under a name that the scenario chooses.
    fn named<T: Section>(&mut self, key: Key, map: &mut BTreeMap<String, T>);
    /// A table whose keys are values themselves.
    fn map<K: MapKey, V: Value>(&mut self, key: Key, map: &mut BTreeMap<K, V>);
    /// A list of tables.
    fn records<T: Section>(&mut self, key: Key, list: &mut Vec<T>);
    /// One of several keys of this table; without a default one must be there.
    fn one_of<T: Choice>(&mut self, field: &mut T, default: Option<T>);
    /// A key whose value is a table or, short, a scalar.
    fn either<T: Shorthand>(&mut self, key: Key, field: &mut T, default: T);
    /// What the keys of this table together must satisfy; it is reported at the table, or at
    /// the named key of it.
    fn demand(&mut self, key: Option<&str>, verdict: impl FnOnce() -> Result<(), String>);
    /// Whether fields are being filled.
    fn is_reading(&self) -> bool {
        false
    }
}

/// A part of the plan that is one table.
pub(super) trait Section: Clone + PartialEq {
    /// The section before anything is read.
    fn blank() -> Self;
    /// Names every key. `default` is what absent keys mean, as far as the section's own
    /// required keys do not decide it.
    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self);
}

/// A part of the plan that is one of several keys.
pub(super) trait Choice: Clone + PartialEq {
    /// Each alternative, blank.
    fn alternatives() -> Vec<Self>;
    /// The key of this alternative.
    fn key(&self) -> Key;
    /// Names what stands under the key.
    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F);
    /// Names the keys that stand beside it and only make sense there.
    fn companions<F: Fields>(&mut self, _: &mut F) {}
}

/// A section that a scalar can stand for.
pub(super) trait Shorthand: Section {
    /// The scalar.
    type Scalar: Value;

    /// The section it stands for.
    fn expand(scalar: Self::Scalar) -> Self;
    /// The scalar, if this section has one.
    fn abbreviate(&self) -> Option<Self::Scalar>;
}

/// A diagnostic, its message beginning with the setting it is about.
pub(super) fn about(path: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.message = format!("`{path}`: {}", diagnostic.message);
    diagnostic
}
