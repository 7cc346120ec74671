//! Writes a section as TOML: keys in the order of declaration, tables by name, one spelling for
//! each value.

use std::fmt::Write;

use super::{Choice, Key, Keys, Section, Setting};

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
    Table(Vec<PrintedKey>),
    /// Tables under names of the file's own.
    Named(Vec<PrintedKey>),
    /// A list of tables.
    List(Vec<Printed>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct PrintedKey {
    pub(crate) name: String,
    pub(crate) value: Printed,
    /// Whether leaving the key out means the same.
    pub(crate) is_default: bool,
}

/// Visits keys in order to write them.
#[derive(Debug, Default)]
pub(crate) struct Printer(Vec<PrintedKey>);

impl Printer {
    /// The section as a whole document.
    pub(crate) fn document<T: Section>(section: &T, detail: Detail) -> String {
        let Printed::Table(keys) = Self::table_of(section, &T::blank()) else {
            panic!("a section is printed as a table");
        };
        document(keys, detail)
    }

    /// The section as a table. `default` is what keys that are left out mean.
    pub(crate) fn table_of<T: Section>(section: &T, default: &T) -> Printed {
        let mut printer = Self::default();
        section.clone().keys(&mut printer, default);
        Printed::Table(printer.0)
    }

    fn push(&mut self, key: &Key, value: Printed, is_default: bool) {
        self.0.push(PrintedKey {
            name: key.name.to_owned(),
            value,
            is_default,
        });
    }
}

impl Keys for Printer {
    fn required<T: Setting>(&mut self, key: &Key, field: &mut T) {
        self.push(key, field.print(&T::blank()), false);
    }

    fn optional<T: Setting>(&mut self, key: &Key, field: &mut T, default: &T) {
        self.push(key, field.print(default), field == default);
    }

    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>) {
        let first = self.0.len();
        field.keys(self);
        if default == Some(field) {
            self.0[first..]
                .iter_mut()
                .for_each(|key| key.is_default = true);
        }
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        keys(&mut inner);
        // An alternative that is not written is not chosen: at least one of its keys stays.
        if inner.0.iter().all(|key| key.is_default)
            && let Some(first) = inner.0.first_mut()
        {
            first.is_default = false;
        }
        self.push(key, Printed::Table(inner.0), false);
    }
}

impl Printed {
    /// The form of `None`: nothing is written.
    pub(crate) const NOTHING: Self = Self::Table(Vec::new());

    /// A list of scalars.
    pub(crate) fn inline_list(items: &[Self]) -> Self {
        let items: Vec<String> = items.iter().map(inline).collect();
        Self::Scalar(format!("[{}]", items.join(", ")))
    }

    /// The value without what `detail` leaves out; `None` if nothing is left.
    fn kept(self, detail: Detail) -> Option<Self> {
        let keep = |keys: Vec<PrintedKey>| -> Vec<PrintedKey> {
            keys.into_iter()
                .filter_map(|key| key.kept(detail))
                .collect()
        };
        match self {
            Self::Scalar(_) => Some(self),
            Self::Table(keys) => Some(keep(keys))
                .filter(|keys| !keys.is_empty())
                .map(Self::Table),
            Self::Named(tables) => Some(Self::Named(keep(tables))),
            Self::List(tables) if tables.is_empty() => None,
            Self::List(tables) => Some(Self::List(
                tables
                    .into_iter()
                    .filter_map(|table| table.kept(detail))
                    .collect(),
            )),
        }
    }
}

impl PrintedKey {
    fn kept(self, detail: Detail) -> Option<Self> {
        if self.is_default && detail == Detail::Brief {
            return None;
        }
        let value = self.value.kept(detail)?;
        Some(Self { value, ..self })
    }
}

/// Scalars first, then every table under its own header.
fn document(keys: Vec<PrintedKey>, detail: Detail) -> String {
    let keys: Vec<PrintedKey> = keys
        .into_iter()
        .filter_map(|key| key.kept(detail))
        .collect();
    let mut text = String::new();
    for PrintedKey { name, value, .. } in &keys {
        if let Printed::Scalar(value) = value {
            line(&mut text, name, value);
        }
    }
    for PrintedKey { name, value, .. } in &keys {
        match value {
            Printed::Scalar(_) => {}
            Printed::Table(keys) => section(&mut text, name, keys),
            Printed::Named(tables) => {
                for table in tables {
                    let Printed::Table(keys) = &table.value else {
                        panic!("a named value is a table");
                    };
                    section(&mut text, &format!("{name}.{}", table.name), keys);
                }
            }
            Printed::List(_) => panic!("no list of tables stands at the root"),
        }
    }
    text
}

fn section(text: &mut String, header: &str, keys: &[PrintedKey]) {
    let gap = if text.is_empty() { "" } else { "\n" };
    writeln!(text, "{gap}[{header}]").expect("writing to a String does not fail");
    for PrintedKey { name, value, .. } in keys {
        line(text, name, &inline(value));
    }
}

fn inline(printed: &Printed) -> String {
    match printed {
        Printed::Scalar(value) => value.clone(),
        Printed::Table(keys) | Printed::Named(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|key| format!("{} = {}", key.name, inline(&key.value)))
                .collect();
            format!("{{ {} }}", keys.join(", "))
        }
        Printed::List(tables) => {
            let lines: Vec<String> = tables
                .iter()
                .map(|table| format!("    {},\n", inline(table)))
                .collect();
            format!("[\n{}]", lines.concat())
        }
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    writeln!(text, "{name} = {value}").expect("writing to a String does not fail");
}
