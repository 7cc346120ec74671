//! The keys as Markdown tables, for `docs/scenario.md`.

use super::key::shape::{KeyDescription, TableShape};

/// A table of the keys outside of tables, then one for each kind of table.
pub(crate) fn reference(root: &TableShape) -> String {
    let (tables, scalars): (Vec<_>, Vec<_>) =
        root.keys.iter().partition(|it| it.shape.table().is_some());
    let mut text = format!("### Outside of tables\n\n{HEAD}");
    for key in scalars {
        add(&mut text, "", root, key);
    }
    for KeyDescription { key, shape, .. } in tables {
        let header = format!("{}{}", key.name, shape.joint().trim_end_matches('.'));
        text += &format!("\n### `[{header}]`\n\n{}\n\n{HEAD}", key.about);
        add_all(&mut text, "", shape.table());
    }
    text
}

const HEAD: &str = "| key | value, range | default | meaning | source |\n|---|---|---|---|---|\n";

fn add_all(text: &mut String, prefix: &str, table: Option<&TableShape>) {
    for (table, key) in table
        .into_iter()
        .flat_map(|it| it.keys.iter().map(move |key| (it, key)))
    {
        add(text, prefix, table, key);
    }
}

/// Adds the rows of a key and of the keys below it.
fn add(text: &mut String, prefix: &str, table: &TableShape, described: &KeyDescription) {
    let KeyDescription {
        key,
        default,
        beside,
        shape,
    } = described;
    let path = format!("{prefix}{}", key.name);
    let group = table.groups.iter().find(|it| it.names.contains(&key.name));
    let presence = match (group, default) {
        _ if key.default.is_some() => key.default.unwrap_or_default().to_owned(),
        (None, Some(default)) => format!("`{default}`"),
        (None, None) => "-".to_owned(),
        (Some(group), _) if group.names.len() == 1 && beside.is_empty() => {
            "**required**".to_owned()
        }
        (Some(group), _) if group.names.len() == 1 => {
            format!("**required** with `{}`", beside.join("` or `"))
        }
        (Some(group), _) if group.is_needed => "**one of these**".to_owned(),
        (Some(_), _) => "one of these".to_owned(),
    };
    let (path_cell, form) = (format!("`{path}`"), shape.words_with_limits());
    let cells = [&*path_cell, &form, &presence, key.about, key.source];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    *text += &format!("| {} |\n", cells.join(" | "));
    // The directions of a link repeat the keys of the link.
    if !matches!(key.name, "forward" | "backward") {
        add_all(text, &format!("{path}{}", shape.joint()), shape.table());
    }
}
