//! The keys as Markdown tables, for `docs/scenario.md`.

use super::key::description::{KeyDescription, Presence};

/// A table of the keys outside of tables, then one for each kind of table.
pub(crate) fn reference(keys: &[KeyDescription]) -> String {
    let (scalars, tables): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.shape.is_scalar());
    let mut text = format!("### Outside of tables\n\n{}", table(scalars));
    for KeyDescription { key, shape, .. } in tables {
        let header = format!("{}{}", key.name, shape.joint.trim_end_matches('.'));
        text += &format!(
            "\n### `[{header}]`\n\n{}\n\n{}",
            key.about,
            table(&shape.keys)
        );
    }
    text
}

fn table<'a>(keys: impl IntoIterator<Item = &'a KeyDescription>) -> String {
    let mut text =
        "| key | value, range | default | meaning | source |\n|---|---|---|---|---|\n".to_owned();
    keys.into_iter().for_each(|key| add(&mut text, "", key));
    text
}

/// Adds the rows of a key and of the keys below it.
fn add(text: &mut String, prefix: &str, description: &KeyDescription) {
    let KeyDescription {
        key,
        presence,
        shape,
    } = description;
    let path = format!("{prefix}{}", key.name);
    let default = match (presence, key.default) {
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
    let (form, about) = (shape.in_words(), key.about.to_owned());
    let cells = [
        format!("`{path}`"),
        form,
        default,
        about,
        key.source.to_owned(),
    ];
    *text += &format!(
        "| {} |\n",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    );
    // The directions of a link repeat the keys of the link.
    if !matches!(key.name, "forward" | "backward") {
        let prefix = format!("{path}{}", shape.joint);
        shape.keys.iter().for_each(|key| add(text, &prefix, key));
    }
}
