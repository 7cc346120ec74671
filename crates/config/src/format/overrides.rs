//! `PATH=VALUE` settings from the command line, put into the document before it is read, so that
//! they pass the same checks as the file. Mistakes point into the option.

use super::diagnostic::{Code, Diagnostic, Span};
use super::document::{self, Entry, Item, Node, Table};

/// Puts one `PATH=VALUE`, which is source number `source`, into the document.
pub(crate) fn apply(document: &mut Node, text: &str, source: usize) -> Result<(), Diagnostic> {
    if text.len() > document::SIZE_MAX {
        return Err(Diagnostic::of_file(
            Code::TooLarge,
            "an override is too long",
        ));
    }
    let wrong = |range, message: &str| {
        Diagnostic::new(Code::BadOverride, Span::new(source, range), message)
            .help("write PATH=VALUE, such as link.wan.delay=180ms")
    };
    let Some((path, value)) = text.split_once('=') else {
        return Err(wrong(0..text.len(), "an override has no `=`"));
    };
    let keys = document::parse_path(path)
        .ok_or_else(|| wrong(0..path.len(), "the path of an override is not a dotted key"))?;
    let offset = path.len() + 1;
    // A value that is not TOML is a string: `180ms` needs no quotes.
    let value = document::parse_value(value, source, offset).unwrap_or_else(|| {
        Ok(Node {
            span: Span::new(source, offset..text.len()),
            item: Item::String(value.trim().to_owned()),
        })
    })?;
    insert(document, &keys, Span::new(source, 0..path.len()), value)
}

fn insert(node: &mut Node, path: &[String], key: Span, value: Node) -> Result<(), Diagnostic> {
    let Item::Table(table) = &mut node.item else {
        let kind = node.type_name();
        let message = format!("the path leads into {kind}, which has no keys");
        return Err(Diagnostic::new(Code::BadOverride, key, message));
    };
    let (name, rest) = path.split_first().expect("a path has at least one key");
    if rest.is_empty() {
        table.insert(name.clone(), Entry { key, node: value });
        return Ok(());
    }
    let entry = table.entry(name.clone()).or_insert_with(|| Entry {
        key,
        node: Node {
            span: key,
            item: Item::Table(Table::new()),
        },
    });
    insert(&mut entry.node, rest, key, value)
}
