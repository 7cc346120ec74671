//! The keys as Markdown tables, for `docs/scenario.md`.

use super::key::description::{KeyDescription, Presence, Shape};
use super::key::scalar::Form;

/// A table of the keys outside of tables, then one for each kind of table.
pub(crate) fn reference(keys: &[KeyDescription]) -> String {
    let (scalars, tables): (Vec<_>, Vec<_>) = keys
        .iter()
        .partition(|key| matches!(key.shape, Shape::Scalar(_)));
    let mut rows = Vec::new();
    scalars.iter().for_each(|key| add(&mut rows, "", key));
    let mut text = format!("### Outside of tables\n\n{}", table(&rows));
    for key in tables {
        let (header, keys) = match &key.shape {
            Shape::Named { keys, .. } => (format!("[{}.NAME]", key.key.name), keys),
            Shape::Table(keys) => (format!("[{}]", key.key.name), keys),
            shape @ (Shape::Scalar(_) | Shape::Map { .. } | Shape::List(_) | Shape::Either(..)) => {
                panic!("at the root: {shape:?}")
            }
        };
        let mut rows = Vec::new();
        keys.iter().for_each(|key| add(&mut rows, "", key));
        text += &format!(
            "\n### `{header}`\n\n{}\n\n{}",
            key.key.about(),
            table(&rows)
        );
    }
    text
}

/// Adds the rows of a key and of the keys below it.
fn add(rows: &mut Vec<String>, prefix: &str, description: &KeyDescription) {
    let path = format!("{prefix}{}", description.key.name);
    let (form, below, inner): (String, &[KeyDescription], String) = match &description.shape {
        Shape::Scalar(form) => (in_words(form), &[], String::new()),
        Shape::Table(keys) => ("table".to_owned(), keys, format!("{path}.")),
        Shape::Named { keys, .. } => ("tables".to_owned(), keys, format!("{path}.NAME.")),
        Shape::Map { keys, values, .. } => {
            let keys = keys.trim_start_matches("an ").trim_start_matches("a ");
            (
                format!("table: {keys} = {}", values.text),
                &[],
                String::new(),
            )
        }
        Shape::List(keys) => ("list of tables".to_owned(), keys, format!("{path}[].")),
        Shape::Either(form, keys) => (
            format!("{}, or table", in_words(form)),
            keys,
            format!("{path}."),
        ),
    };
    let key = &description.key;
    let default = match (&description.presence, key.default) {
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
    let cells = [
        format!("`{path}`"),
        form,
        default,
        key.about(),
        key.source.to_owned(),
    ];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    rows.push(format!("| {} |\n", cells.join(" | ")));
    // The directions of a link repeat the keys of the link.
    if !matches!(key.name, "forward" | "backward") {
        below.iter().for_each(|key| add(rows, &inner, key));
    }
}

fn in_words(form: &Form) -> String {
    match &form.limits {
        Some(limits) => format!("{}, {limits}", form.text),
        None => form.text.clone(),
    }
}

fn table(rows: &[String]) -> String {
    format!(
        "| key | value, range | default | meaning | source |\n|---|---|---|---|---|\n{}",
        rows.concat()
    )
}
