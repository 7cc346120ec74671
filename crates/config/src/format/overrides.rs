//! `PATH=VALUE` settings from the command line, put into the document before it is read, so that
//! they pass the same checks as the file. Mistakes point into the option.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;

use super::diagnostic::{Code, Diagnostic, SourceText};
use super::document::{self, SpannedItem, Table, is_table, names_of, type_name};
use super::setting::is_plain;
use super::suggestion::{did_you_mean, is_close, shortened, some_of};

/// The tables whose names the file chooses.
const NAMED_TABLES: [&str; 5] = ["host", "link", "connector", "workload", "fault"];

/// A table, such as `link.wna`, that only an override names, although the document has others of the
/// kind.
#[derive(Debug)]
pub(crate) struct NewName {
    /// Whether the name is close to another: this one is mistyped.
    pub(crate) is_mistyped: bool,
    /// What to say if it is mistyped.
    pub(crate) mistake: Diagnostic,
}

/// The table that an override would add.
pub(crate) fn new_name(document: &SpannedItem<'_>, source: &SourceText) -> Option<NewName> {
    let (path, _) = source.text.split_once('=')?;
    let mut names = path.split('.').map(str::trim);
    let (kind, name, _) = (names.next()?, names.next()?, names.next()?);
    let tables = document::tables_of(document, kind)?;
    let is_new = NAMED_TABLES.contains(&kind) && !tables.contains_key(name);
    if !is_new || !tables.values().all(is_table) {
        return None;
    }
    let (known, short) = (names_of(tables), shortened(name));
    let question = did_you_mean(name, &known);
    let question = question.unwrap_or_else(|| format!("there are {}", some_of(&known)));
    let span = source.start..source.start + path.len();
    let message = format!("there is no {kind} `{short}`");
    let mistake = Diagnostic::new(Code::UnknownName, span, message).label("unknown name");
    let help = format!("{question}; to add one, set it as a whole: {kind}.{short}={{ ... }}");
    Some(NewName {
        is_mistyped: is_close(name, &known),
        mistake: mistake.help(help),
    })
}

/// Puts one `PATH=VALUE` into the document.
pub(crate) fn apply<'a>(
    document: &mut SpannedItem<'a>,
    source: &'a SourceText,
) -> Result<(), Diagnostic> {
    let (text, start) = (source.text.as_str(), source.start);
    if text.len() > document::SIZE_MAX {
        let message = "an override is too long";
        return Err(Diagnostic::of_file(Code::TooLarge, message));
    }
    let wrong = |end, message| {
        Diagnostic::new(Code::BadOverride, start..start + end, message)
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
    let (key, at) = (start..start + path.len(), start + path.len() + 1);
    // A value that is not TOML is a string: `180ms` needs no quotes.
    let plain = || DeValue::String(value.trim().into());
    let node = document::parse_value(value, at)
        .unwrap_or_else(|| Spanned::new(at..start + text.len(), plain()));
    let mut inner = document;
    for (index, name) in names.iter().enumerate() {
        let kind = type_name(inner);
        let DeValue::Table(table) = inner.get_mut() else {
            let message = format!("the path leads into {kind}, which has no keys");
            return Err(Diagnostic::new(Code::BadOverride, key, message));
        };
        let name = Cow::Borrowed(*name);
        if index + 1 == names.len() || !table.contains_key(&*name) {
            table.remove(&*name);
            let empty = DeValue::Table(Table::new());
            table.insert(
                Spanned::new(key.clone(), name.clone()),
                Spanned::new(key.clone(), empty),
            );
        }
        inner = table.get_mut(&*name).expect("it was inserted");
    }
    *inner = node;
    Ok(())
}
