//! The reference of all keys as Markdown.
//!
//! Owns the tables of `docs/scenario.md`, which a test holds against these. It refuses prose:
//! what is not a key is written by hand there.

use super::describe::{Described, Describer, Kind, Presence, Scalar};
use crate::plan::Scenario;

/// One Markdown table for the keys outside of tables, and one for each kind of table.
#[must_use]
pub fn key_tables() -> String {
    let keys = Describer::describe::<Scenario>();
    let (scalars, tables): (Vec<_>, Vec<_>) = keys
        .iter()
        .partition(|key| matches!(key.kind, Kind::Scalar(_)));
    let mut text = String::from("### Outside of tables\n\n");
    let mut rows = Rows::default();
    for key in scalars {
        rows.add("", key);
    }
    text.push_str(&rows.table());
    for key in tables {
        let (header, keys) = match &key.kind {
            Kind::Named(keys) => (format!("[{}.NAME]", key.key.name), keys),
            Kind::Table(keys) => (format!("[{}]", key.key.name), keys),
            Kind::Scalar(_) | Kind::Map { .. } | Kind::Records(_) | Kind::Either(..) => {
                panic!("at the root stand scalars and tables only")
            }
        };
        let mut rows = Rows::default();
        rows.add_all("", keys);
        text.push_str(&format!("\n### `{header}`\n\n{}\n\n", key.key.about));
        text.push_str(&rows.table());
    }
    text
}

/// The rows of one table.
#[derive(Default)]
struct Rows(Vec<[String; 5]>);

impl Rows {
    fn add_all(&mut self, prefix: &str, keys: &[Described]) {
        for key in keys {
            self.add(prefix, key);
        }
    }

    fn add(&mut self, prefix: &str, described: &Described) {
        let path = format!("{prefix}{}", described.key.name);
        let inner = format!("{path}.");
        match &described.kind {
            Kind::Scalar(scalar) => self.row(&path, described, &form(scalar)),
            Kind::Table(keys) | Kind::Named(keys) => {
                self.row(&path, described, "table");
                // A direction has the keys of its link once more.
                if !matches!(described.key.name, "forward" | "backward") {
                    self.add_all(&inner, keys);
                }
            }
            Kind::Map {
                keys_form, value, ..
            } => {
                let form = format!("table: {keys_form} = {}", value.form);
                self.row(&path, described, &form);
            }
            Kind::Records(keys) => {
                self.row(&path, described, "list of tables");
                self.add_all(&format!("{path}[]."), keys);
            }
            Kind::Either(scalar, keys) => {
                self.row(&path, described, &format!("{}, or table", form(scalar)));
                self.add_all(&inner, keys);
            }
        }
    }

    fn row(&mut self, path: &str, described: &Described, form: &str) {
        let default = match (&described.presence, described.key.default) {
            (_, Some(words)) => words.to_owned(),
            (Presence::Required, None) => "**required**".to_owned(),
            (Presence::RequiredWith(keys), None) => {
                format!("**required** with `{}`", keys.join("` or `"))
            }
            (Presence::Optional(Some(default)), None) => format!("`{default}`"),
            (Presence::Optional(None), None) => "-".to_owned(),
            (Presence::OneOf { needed: true, .. }, None) => "**one of these**".to_owned(),
            (Presence::OneOf { needed: false, .. }, None) => "one of these".to_owned(),
        };
        self.0.push([
            format!("`{path}`"),
            form.to_owned(),
            default,
            described.key.about.to_owned(),
            described.key.source.to_owned(),
        ]);
    }

    fn table(&self) -> String {
        let mut text = String::from(
            "| key | value, range | default | meaning | source |\n|---|---|---|---|---|\n",
        );
        for row in &self.0 {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text
    }
}

fn form(scalar: &Scalar) -> String {
    match &scalar.limits {
        Some(limits) => format!("{}, {limits}", scalar.form),
        None => scalar.form.clone(),
    }
}
