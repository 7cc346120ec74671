//! The plan as TOML again.
//!
//! Owns the canonical text: keys in the order of declaration, tables by name, one spelling
//! for each value. It refuses comments and the layout of the file that was read.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::fields::{Choice, Fields, Key, Section, Shorthand};
use super::value::Value;
use super::value::map_key::MapKey;

/// Which keys are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Those that say something else than their default.
    Brief,
    /// All of them.
    Full,
}

/// A walk that prints.
pub(super) struct Printer {
    detail: Detail,
    /// The tables being printed, the innermost last.
    tables: Vec<Vec<(String, Printed)>>,
}

enum Printed {
    Scalar(String),
    /// A table with the keys given.
    Table(Vec<(String, Printed)>),
    /// A table of tables under names of the scenario's own.
    Named(Vec<(String, Printed)>),
    /// A list of tables.
    Records(Vec<Printed>),
}

impl Printer {
    /// The text of a whole section.
    pub(super) fn print<T: Section>(section: &T, detail: Detail) -> String {
        let mut printer = Self {
            detail,
            tables: vec![Vec::new()],
        };
        section.clone().fields(&mut printer, &T::blank());
        let root = printer.tables.pop().expect("the root table is there");
        assert!(printer.tables.is_empty(), "every table entered was left");
        document(&root)
    }

    fn push(&mut self, name: &str, printed: Printed) {
        self.tables
            .last_mut()
            .expect("fields are named within a table only")
            .push((name.to_owned(), printed));
    }

    fn nested(&mut self, body: impl FnOnce(&mut Self)) -> Vec<(String, Printed)> {
        self.tables.push(Vec::new());
        body(self);
        self.tables.pop().expect("the table was entered above")
    }

    fn section<T: Section>(&mut self, section: &T) -> Printed {
        Printed::Table(self.nested(|printer| section.clone().fields(printer, &T::blank())))
    }

    fn is_full(&self) -> bool {
        self.detail == Detail::Full
    }
}

impl Fields for Printer {
    fn required<T: Value>(&mut self, key: Key, field: &mut T) {
        self.push(key.name, Printed::Scalar(field.print()));
    }

    fn value<T: Value>(&mut self, key: Key, field: &mut T, default: T) {
        if self.is_full() || *field != default {
            self.required(key, field);
        }
    }

    fn optional<T: Value>(&mut self, key: Key, field: &mut Option<T>) {
        if let Some(value) = field {
            self.required(key, value);
        }
    }

    fn table(&mut self, key: Key, body: impl FnOnce(&mut Self)) {
        let table = self.nested(body);
        if !table.is_empty() {
            self.push(key.name, Printed::Table(table));
        }
    }

    fn named<T: Section>(&mut self, key: Key, map: &mut BTreeMap<String, T>) {
        let sections: Vec<_> = map
            .iter()
            .map(|(name, section)| (name.clone(), self.section(section)))
            .collect();
        self.push(key.name, Printed::Named(sections));
    }

    fn map<K: MapKey, V: Value>(&mut self, key: Key, map: &mut BTreeMap<K, V>) {
        if !map.is_empty() {
            let entries = map
                .iter()
                .map(|(name, value)| (name.name(), Printed::Scalar(value.print())))
                .collect();
            self.push(key.name, Printed::Table(entries));
        }
    }

    fn records<T: Section>(&mut self, key: Key, list: &mut Vec<T>) {
        if !list.is_empty() {
            let tables = list.iter().map(|section| self.section(section)).collect();
            self.push(key.name, Printed::Records(tables));
        }
    }

    fn one_of<T: Choice>(&mut self, field: &mut T, default: Option<T>) {
        if self.is_full() || default.as_ref() != Some(field) {
            field.payload(field.key(), self);
            field.companions(self);
        }
    }

    fn either<T: Shorthand>(&mut self, key: Key, field: &mut T, default: T) {
        if !self.is_full() && *field == default {
            return;
        }
        let printed = match field.abbreviate() {
            Some(scalar) => Printed::Scalar(scalar.print()),
            None => self.section(field),
        };
        self.push(key.name, printed);
    }

    fn demand(&mut self, _: Option<&str>, _: impl FnOnce() -> Result<(), String>) {}
}

/// Scalars first, then every table under its own header.
fn document(root: &[(String, Printed)]) -> String {
    let mut text = String::new();
    for (name, printed) in root {
        if let Printed::Scalar(value) = printed {
            line(&mut text, name, value);
        }
    }
    for (name, printed) in root {
        match printed {
            Printed::Scalar(_) => {}
            Printed::Table(entries) => section(&mut text, name, entries),
            Printed::Named(sections) => {
                for (own, printed) in sections {
                    let Printed::Table(entries) = printed else {
                        panic!("what has a name is a table");
                    };
                    section(&mut text, &format!("{name}.{own}"), entries);
                }
            }
            Printed::Records(_) => panic!("no list of tables stands at the root"),
        }
    }
    text
}

fn section(text: &mut String, header: &str, entries: &[(String, Printed)]) {
    line_break(text);
    write!(text, "[{header}]").expect("a String takes every text");
    text.push('\n');
    for (name, printed) in entries {
        let mut value = String::new();
        inline(&mut value, printed);
        line(text, name, &value);
    }
}

fn inline(text: &mut String, printed: &Printed) {
    match printed {
        Printed::Scalar(value) => text.push_str(value),
        Printed::Table(entries) | Printed::Named(entries) => {
            text.push('{');
            for (index, (name, printed)) in entries.iter().enumerate() {
                text.push_str(if index == 0 { " " } else { ", " });
                text.push_str(name);
                text.push_str(" = ");
                inline(text, printed);
            }
            text.push_str(" }");
        }
        Printed::Records(tables) => {
            text.push_str("[\n");
            for table in tables {
                text.push_str("    ");
                inline(text, table);
                text.push_str(",\n");
            }
            text.push(']');
        }
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    for part in [name, " = ", value, "\n"] {
        text.push_str(part);
    }
}

fn line_break(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}
