//! The declarations as data.
//!
//! Owns [`Described`], a tree of all keys that the schema and the reference are made from. It
//! refuses layout of any kind.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::fields::{Choice, Fields, Key, Section, Shorthand};
use super::value::Value;
use super::value::map_key::MapKey;

/// One key, fully described.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) key: Key,
    pub(super) presence: Presence,
    pub(super) kind: Kind,
}

/// Whether a key must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    /// It must be there beside any of these keys, and cannot be without one of them.
    RequiredWith(Vec<&'static str>),
    /// What its absence means: the default as TOML, or nothing of its own.
    Optional(Option<String>),
    /// One of a group of keys, by the group's number within the table; whether one of them
    /// must be there.
    OneOf {
        group: usize,
        needed: bool,
    },
}

/// What stands under a key.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    Table(Vec<Described>),
    Named(Vec<Described>),
    Map {
        keys: Json,
        keys_form: &'static str,
        value: Scalar,
    },
    Records(Vec<Described>),
    /// A table, or a scalar that stands for one.
    Either(Scalar, Vec<Described>),
}

/// A value that is not a table.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) form: String,
    pub(super) schema: Json,
    /// Limits in words; `None` where the type alone limits.
    pub(super) limits: Option<String>,
    /// Smallest and greatest, for numbers.
    pub(super) amounts: Option<(u64, u64)>,
}

/// A walk that describes.
pub(super) struct Describer {
    tables: Vec<Vec<Described>>,
    groups: usize,
}

impl Describer {
    /// Every key of a section.
    pub(super) fn describe<T: Section>() -> Vec<Described> {
        let mut describer = Self {
            tables: Vec::new(),
            groups: 0,
        };
        describer.section::<T>()
    }

    fn section<T: Section>(&mut self) -> Vec<Described> {
        self.nested(|describer| T::blank().fields(describer, &T::blank()))
    }

    fn nested(&mut self, body: impl FnOnce(&mut Self)) -> Vec<Described> {
        self.tables.push(Vec::new());
        body(self);
        self.tables.pop().expect("the table was entered above")
    }

    fn push(&mut self, key: Key, presence: Presence, kind: Kind) {
        self.tables
            .last_mut()
            .expect("fields are named within a table only")
            .push(Described {
                key,
                presence,
                kind,
            });
    }

    /// Describes the keys of one alternative: the first is the alternative's own.
    fn alternative<T: Choice>(&mut self, mut alternative: T, group: usize, needed: bool) {
        let key = alternative.key();
        let mut described = self.nested(|describer| alternative.payload(key, describer));
        assert_eq!(described.len(), 1, "an alternative has one key");
        let mut own = described.pop().expect("counted above");
        own.presence = Presence::OneOf { group, needed };
        let companions = self.nested(|describer| alternative.companions(describer));
        let table = self
            .tables
            .last_mut()
            .expect("a choice is made within a table");
        table.push(own);
        for companion in companions {
            add_companion(table, companion, key.name);
        }
    }
}

/// Adds a key that stands beside `with`; alternatives may share it.
fn add_companion(table: &mut Vec<Described>, mut companion: Described, with: &'static str) {
    let name = companion.key.name;
    if let Some(known) = table.iter_mut().find(|known| known.key.name == name) {
        if let Presence::RequiredWith(keys) = &mut known.presence {
            keys.push(with);
        }
        return;
    }
    if companion.presence == Presence::Required {
        companion.presence = Presence::RequiredWith(vec![with]);
    }
    table.push(companion);
}

fn scalar<T: Value>(key: Key) -> Scalar {
    let (least, most) = key.limits::<T>();
    let limits = match (least, most) {
        (0, u64::MAX) => None,
        (least, u64::MAX) => Some(format!("at least {}", T::show(least))),
        (least, most) => Some(format!("{} to {}", T::show(least), T::show(most))),
    };
    let is_default_range = key.amounts.is_none();
    Scalar {
        form: T::form(),
        schema: T::schema(),
        limits: limits.filter(|_| !is_default_range),
        amounts: key.amounts,
    }
}

impl Fields for Describer {
    fn required<T: Value>(&mut self, key: Key, _: &mut T) {
        self.push(key, Presence::Required, Kind::Scalar(scalar::<T>(key)));
    }

    fn value<T: Value>(&mut self, key: Key, _: &mut T, default: T) {
        let presence = Presence::Optional(Some(default.print()));
        self.push(key, presence, Kind::Scalar(scalar::<T>(key)));
    }

    fn optional<T: Value>(&mut self, key: Key, _: &mut Option<T>) {
        self.push(
            key,
            Presence::Optional(None),
            Kind::Scalar(scalar::<T>(key)),
        );
    }

    fn table(&mut self, key: Key, body: impl FnOnce(&mut Self)) {
        let keys = self.nested(body);
        self.push(key, Presence::Optional(None), Kind::Table(keys));
    }

    fn named<T: Section>(&mut self, key: Key, _: &mut BTreeMap<String, T>) {
        let keys = self.section::<T>();
        self.push(key, Presence::Optional(None), Kind::Named(keys));
    }

    fn map<K: MapKey, V: Value>(&mut self, key: Key, _: &mut BTreeMap<K, V>) {
        let kind = Kind::Map {
            keys: K::schema(),
            keys_form: K::FORM,
            value: scalar::<V>(key),
        };
        self.push(key, Presence::Optional(None), kind);
    }

    fn records<T: Section>(&mut self, key: Key, _: &mut Vec<T>) {
        let keys = self.section::<T>();
        self.push(key, Presence::Optional(None), Kind::Records(keys));
    }

    fn one_of<T: Choice>(&mut self, _: &mut T, default: Option<T>) {
        self.groups += 1;
        let group = self.groups;
        for alternative in T::alternatives() {
            self.alternative(alternative, group, default.is_none());
        }
    }

    fn either<T: Shorthand>(&mut self, key: Key, _: &mut T, default: T) {
        let default = default.abbreviate().map(|scalar| scalar.print());
        let keys = self.section::<T>();
        let kind = Kind::Either(scalar::<T::Scalar>(key), keys);
        self.push(key, Presence::Optional(default), kind);
    }

    fn demand(&mut self, _: Option<&str>, _: impl FnOnce() -> Result<(), String>) {}
}
