//! Writes a section as TOML: keys in the order of declaration, tables by name, one spelling for
//! each value.

use super::{Choice, Key, Keys, Section, SettingValue};

/// Which keys are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Those that differ from their default.
    Brief,
    /// All of them.
    Full,
}

/// A value as TOML.
#[derive(Clone, Debug)]
pub(crate) enum Printed {
    Scalar(String),
    Table(Vec<(String, Printed)>),
    /// Tables under names of the file's own.
    Named(Vec<(String, Printed)>),
    /// A list of tables.
    List(Vec<Printed>),
}

/// Visits keys in order to write them.
#[derive(Debug)]
pub(crate) struct Printer {
    detail: Detail,
    keys: Vec<(String, Printed)>,
}

/// The keys of a section that are written.
fn keys_of<T: Section>(section: &T, default: &T, detail: Detail) -> Vec<(String, Printed)> {
    let keys = Vec::new();
    let mut printer = Printer { detail, keys };
    section.clone().keys(&mut printer, default);
    printer.keys
}

/// The section as a table, if anything is to be written. `default` is what keys that are left out
/// mean.
pub(crate) fn table_of<T: Section>(section: &T, default: &T, detail: Detail) -> Option<Printed> {
    let keys = keys_of(section, default, detail);
    (!keys.is_empty()).then_some(Printed::Table(keys))
}

/// The section as a whole document: scalars first, then every table under its own header.
pub(crate) fn document<T: Section>(section: &T, detail: Detail) -> String {
    let keys = keys_of(section, &T::blank(), detail);
    let mut text = String::new();
    for (name, value) in &keys {
        if let Printed::Scalar(value) = value {
            text += &format!("{name} = {value}\n");
        }
    }
    for (name, value) in &keys {
        match value {
            Printed::Scalar(_) => {}
            Printed::Table(_) => table(&mut text, name, value),
            Printed::Named(tables) => tables
                .iter()
                .for_each(|(own, value)| table(&mut text, &format!("{name}.{own}"), value)),
            Printed::List(_) => panic!("no list of tables stands at the root"),
        }
    }
    text
}

impl Keys for Printer {
    fn required<T: SettingValue>(&mut self, key: &Key, field: &mut T) {
        let value = field.print(&T::blank(), self.detail);
        self.keys
            .extend(value.map(|value| (key.name.to_owned(), value)));
    }

    fn optional<T: SettingValue>(&mut self, key: &Key, field: &mut T, default: &T) {
        if self.detail == Detail::Full || field != default {
            let value = field.print(default, self.detail);
            self.keys
                .extend(value.map(|value| (key.name.to_owned(), value)));
        }
    }

    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>) {
        if self.detail == Detail::Full || default != Some(field) {
            field.keys(self);
        }
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.keys);
        keys(self);
        let inner = std::mem::replace(&mut self.keys, outer);
        self.keys.push((key.name.to_owned(), Printed::Table(inner)));
    }
}

impl Printed {
    /// The value within a line; only a list of tables takes several.
    pub(crate) fn inline(&self) -> String {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Table(keys) if keys.is_empty() => "{}".to_owned(),
            Self::Table(keys) | Self::Named(keys) => {
                let keys = keys
                    .iter()
                    .map(|(name, value)| format!("{name} = {}", value.inline()));
                format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
            }
            Self::List(tables) => {
                let lines = tables
                    .iter()
                    .map(|table| format!("    {},\n", table.inline()));
                format!("[\n{}]", lines.collect::<String>())
            }
        }
    }
}

fn table(text: &mut String, header: &str, table: &Printed) {
    let (Printed::Table(keys) | Printed::Named(keys)) = table else {
        panic!("`{header}` is a table");
    };
    let gap = if text.is_empty() { "" } else { "\n" };
    *text += &format!("{gap}[{header}]\n");
    for (name, value) in keys {
        *text += &format!("{name} = {}\n", value.inline());
    }
}
