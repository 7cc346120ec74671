//! Settings from the command line, put into the document before it is typed.
//!
//! Owns the form `PATH=VALUE`. It refuses shortcuts: what is set here passes the same checks as
//! what the file says, and an error points into the option itself.

use super::diagnostic::{Code, Diagnostic, Span};
use super::document::{self, Entry, Item, Node, Table};

/// Puts one `PATH=VALUE`, which is source number `source`, into the document.
pub(crate) fn apply(document: &mut Node, text: &str, source: usize) -> Result<(), Diagnostic> {
    assert!(source > 0, "source 0 is the file itself");
    let whole = Span::new(source, 0..text.len());
    if text.len() > document::SIZE_MAX {
        return Err(Diagnostic::of_file(
            Code::TooLarge,
            "an override is too long",
        ));
    }
    let Some((path_text, value_text)) = text.split_once('=') else {
        return Err(
            Diagnostic::new(Code::BadOverride, whole, "an override has no `=`")
                .help("write PATH=VALUE, such as host.PARIS.control_blocks=40"),
        );
    };
    let path_place = Span::new(source, 0..path_text.len());
    let path = document::parse_path(path_text).ok_or_else(|| {
        Diagnostic::new(
            Code::BadOverride,
            path_place,
            "the path of an override is not a dotted key",
        )
        .help("write PATH=VALUE, such as link.wan.delay=180ms")
    })?;
    let value = value_node(value_text, source, path_text.len() + 1)?;
    insert(document, &path, path_place, value)
}

/// The value as TOML or, where it is none, as a text: `180ms` needs no quotes.
fn value_node(text: &str, source: usize, offset: usize) -> Result<Node, Diagnostic> {
    if let Some(parsed) = document::parse_value(text, source, offset) {
        return parsed;
    }
    Ok(Node {
        span: Span::new(source, offset..offset + text.len()),
        item: Item::Text(text.trim().to_owned()),
    })
}

fn insert(node: &mut Node, path: &[String], key: Span, value: Node) -> Result<(), Diagnostic> {
    let Item::Table(table) = &mut node.item else {
        let kind = node.type_name();
        let message = format!("the path leads through {kind}, which has no keys");
        return Err(Diagnostic::new(Code::BadOverride, key, message));
    };
    let (name, rest) = path
        .split_first()
        .expect("a path has at least one key at every step");
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
