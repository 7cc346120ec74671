//! The keys of a section as data, from which the schema and the reference are made.

use serde_json::Value as Json;

use super::printer::Printed;
use super::scalar::Form;
use super::{Choice, Key, Keys, Section, Setting};

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
pub(crate) enum Shape {
    Scalar(Form),
    Table(Vec<KeyDescription>),
    /// Tables under names of the file's own.
    Named {
        names: Json,
        keys: Vec<KeyDescription>,
    },
    /// A table whose keys are values themselves.
    Map {
        keys: &'static str,
        keys_schema: Json,
        values: Form,
    },
    /// A list of tables.
    List(Vec<KeyDescription>),
    /// A table, or a scalar in place of one.
    Either(Form, Vec<KeyDescription>),
}

/// Visits keys in order to describe them.
#[derive(Debug, Default)]
pub(crate) struct Describer {
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
    fn required<T: Setting>(&mut self, key: &Key, _: &mut T) {
        self.push(key, Presence::Required, T::describe(key.range.as_ref()));
    }

    fn optional<T: Setting>(&mut self, key: &Key, _: &mut T, default: &T) {
        let default = match default.print(default) {
            Printed::Scalar(text) => Some(text),
            Printed::Table(_) | Printed::Named(_) | Printed::List(_) => None,
        };
        let shape = T::describe(key.range.as_ref());
        self.push(key, Presence::Optional(default), shape);
    }

    fn choice<C: Choice>(&mut self, _: &mut C, default: Option<&C>) {
        self.groups += 1;
        let group = self.groups;
        for (name, mut alternative) in C::alternatives() {
            let mut inner = Self::default();
            alternative.keys(&mut inner);
            let mut keys = inner.keys.into_iter();
            let own = keys.next().expect("an alternative has a key");
            assert_eq!(own.key.name, name, "an alternative's own key comes first");
            let needed = default.is_none();
            self.push(&own.key, Presence::OneOf { group, needed }, own.shape);
            keys.for_each(|beside| self.push_beside(beside, name));
        }
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        keys(&mut inner);
        self.push(key, Presence::Optional(None), Shape::Table(inner.keys));
    }
}
