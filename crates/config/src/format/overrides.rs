//! `PATH=VALUE` settings from the command line, put into the document before it is read, so that
//! they pass the same checks as the file. Mistakes point into the option.

use super::diagnostic::{Code, Diagnostic, Span};
use super::document::{self, Item, SpannedItem, Table, TableEntry};
use super::setting::is_plain;
use super::suggestion::{did_you_mean, is_close, shortened};

/// The tables whose names the file chooses.
const NAMED_TABLES: [&str; 5] = ["host", "link", "connector", "workload", "fault"];

/// A table, such as `link.wna`, that only an override names, although the document has others of the
/// kind.
#[derive(Debug)]
pub(crate) struct NewName {
    /// Whether the name is close to another: this one is mistyped.
    pub(crate) is_mistyped: bool,
    /// `there is no link`, and the name.
    pub(crate) message: String,
    /// What to write.
    pub(crate) help: String,
}

/// The table that an override would add.
pub(crate) fn new_name(document: &SpannedItem, text: &str) -> Option<NewName> {
    let (path, _) = text.split_once('=')?;
    let mut names = path.split('.').map(str::trim);
    let (kind, name, _) = (names.next()?, names.next()?, names.next()?);
    let tables = document.table()?.get(kind)?.node.table()?;
    let is_new = NAMED_TABLES.contains(&kind) && !tables.contains_key(name);
    if !is_new || !tables.values().all(|it| it.node.is_table()) {
        return None;
    }
    let known = || tables.keys().map(String::as_str);
    let short = shortened(name);
    let is_mistyped = is_close(name, known());
    let question = did_you_mean(name, known());
    let question = question.unwrap_or_else(|| format!("there are {}", some_of(known())));
    Some(NewName {
        is_mistyped,
        message: format!("there is no {kind} `{short}`"),
        help: format!("{question}; to add one, set it as a whole: {kind}.{short}={{ ... }}"),
    })
}

/// The first names of a table, for a help.
fn some_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<&str> = names.take(SHOWN + 1).collect();
    if names.len() > SHOWN {
        names[SHOWN] = "...";
    }
    names.join(", ")
}

/// Puts one `PATH=VALUE`, which is source number `source`, into the document.
pub(crate) fn apply(
    document: &mut SpannedItem,
    text: &str,
    source: usize,
) -> Result<(), Diagnostic> {
    if text.len() > document::SIZE_MAX {
        let message = "an override is too long";
        return Err(Diagnostic::of_file(Code::TooLarge, message));
    }
    let wrong = |end, message| {
        Diagnostic::new(Code::BadOverride, Span::new(source, 0..end), message)
            .help("write PATH=VALUE, such as link.wan.delay=180ms")
    };
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| wrong(text.len(), "an override has no `=`"))?;
    let names: Vec<&str> = path.split('.').map(str::trim).collect();
    let is_key = |name: &&str| !name.is_empty() && name.bytes().all(is_plain);
    if names.len() > document::DEPTH_MAX || !names.iter().all(is_key) {
        let message = "the path of an override is not a dotted key";
        return Err(wrong(path.len(), message));
    }
    // A value that is not TOML is a string: `180ms` needs no quotes.
    let span = Span::new(source, path.len() + 1..text.len());
    let plain = || Item::String(value.trim().to_owned());
    let node = document::parse_value(value, span).unwrap_or_else(|| {
        Ok(SpannedItem {
            span,
            item: plain(),
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
        let empty = SpannedItem {
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
