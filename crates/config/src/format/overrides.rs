//! `PATH=VALUE` settings from the command line, put into the document before it is read, so that
//! they pass the same checks as the file. Mistakes point into the option.

use super::diagnostic::{Code, Diagnostic, Span};
use super::document::{self, Item, Node, Table, TableEntry};
use super::suggestion::{did_you_mean, shortened};

/// Letters of a name that are compared; a longer name is no name.
const SIZE_OF_NAMES_MAX: usize = 256;

/// A table, such as `link.wna`, that only an override names, although the document has others of the
/// kind.
#[derive(Debug)]
pub(crate) struct NewName {
    /// Whether another name has the same letters: this one is mistyped.
    pub(crate) is_mistyped: bool,
    /// `there is no link`, and the name.
    pub(crate) message: String,
    /// What to write.
    pub(crate) help: String,
}

/// The table that an override would add.
pub(crate) fn new_name(document: &Node, text: &str) -> Option<NewName> {
    let (path, _) = text.split_once('=')?;
    let mut names = path.split('.').map(str::trim);
    let (kind, name, _) = (names.next()?, names.next()?, names.next()?);
    let Item::Table(root) = &document.item else {
        return None;
    };
    let Item::Table(tables) = &root.get(kind)?.node.item else {
        return None;
    };
    if tables.contains_key(name) {
        return None;
    }
    let mut entries = tables.values();
    if !entries.all(|it| matches!(it.node.item, Item::Table(_))) {
        return None;
    }
    let known = || tables.keys().map(String::as_str);
    let others = known().collect::<Vec<&str>>();
    let question = did_you_mean(name, others.iter().copied());
    Some(NewName {
        is_mistyped: others
            .iter()
            .any(|it| sorted_letters(it) == sorted_letters(name)),
        message: format!("there is no {kind} `{}`", shortened(name)),
        help: question.unwrap_or_else(|| format!("there are {}", others.join(", "))),
    })
}

/// The letters of a name without their case, which stay the same if two are exchanged.
fn sorted_letters(name: &str) -> Vec<u8> {
    let mut letters = name.to_ascii_lowercase().into_bytes();
    letters.truncate(SIZE_OF_NAMES_MAX);
    letters.sort_unstable();
    letters
}

/// Puts one `PATH=VALUE`, which is source number `source`, into the document.
pub(crate) fn apply(document: &mut Node, text: &str, source: usize) -> Result<(), Diagnostic> {
    if text.len() > document::SIZE_MAX {
        return Err(Diagnostic::of_file(
            Code::TooLarge,
            "an override is too long",
        ));
    }
    let wrong = |end, message| {
        Diagnostic::new(Code::BadOverride, Span::new(source, 0..end), message)
            .help("write PATH=VALUE, such as link.wan.delay=180ms")
    };
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| wrong(text.len(), "an override has no `=`"))?;
    let names: Vec<&str> = path.split('.').map(str::trim).collect();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_key = |name: &&str| !name.is_empty() && name.bytes().all(is_plain);
    if names.len() > document::DEPTH_MAX || !names.iter().all(is_key) {
        return Err(wrong(
            path.len(),
            "the path of an override is not a dotted key",
        ));
    }
    // A value that is not TOML is a string: `180ms` needs no quotes.
    let span = Span::new(source, path.len() + 1..text.len());
    let node = document::parse_value(value, span).unwrap_or_else(|| {
        Ok(Node {
            span,
            item: Item::String(value.trim().to_owned()),
        })
    })?;
    let key = Span::new(source, 0..path.len());
    let mut at = document;
    for (index, name) in names.iter().enumerate() {
        let kind = at.type_name();
        let Item::Table(table) = &mut at.item else {
            let message = format!("the path leads into {kind}, which has no keys");
            return Err(Diagnostic::new(Code::BadOverride, key, message));
        };
        let empty = Node {
            span: key,
            item: Item::Table(Table::new()),
        };
        let entry = table
            .entry((*name).to_owned())
            .or_insert(TableEntry { key, node: empty });
        if index + 1 == names.len() {
            entry.key = key;
        }
        at = &mut entry.node;
    }
    *at = node;
    Ok(())
}
