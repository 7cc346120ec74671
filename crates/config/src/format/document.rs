//! TOML text as a tree in which every key and value has its position.
//!
//! Any TOML document passes that is small enough.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic, Span};

/// A value and its position.
pub(crate) type SpannedItem<'a> = Spanned<DeValue<'a>>;
/// The keys of a table with their positions and values.
pub(crate) type Table<'a> = DeTable<'a>;

/// Largest size of a scenario file, in bytes; ten thousand hosts need half of it.
pub const SIZE_MAX: usize = 1 << 23;
/// Items of a list and entries of a table.
pub(crate) const ITEMS_MAX: u64 = 100_000;
/// Named tables of all kinds together. Each takes some 15 microseconds to read, check and print.
pub(crate) const TABLES_MAX: usize = 50_000;
/// Links have the most keys and take the longest to read.
pub(crate) const LINKS_MAX: usize = 20_000;
/// Keys and tables of a file, as [`too_much`] counts them before the text is parsed.
const KEYS_MAX: usize = 500_000;
/// Tables within tables; scenarios need five.
pub(crate) const DEPTH_MAX: usize = 12;
/// Up to this size, all syntax errors are reported, beyond it only the first: error recovery takes
/// time quadratic in the size.
const RECOVERY_SIZE_MAX: usize = 64 * 1024;
/// Syntax errors reported.
const SYNTAX_ERRORS_MAX: usize = 20;

/// The TOML type of a value, for a message.
pub(crate) fn type_name(node: &SpannedItem<'_>) -> String {
    let name = node.get_ref().type_str();
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// The table that a value is, if it is one.
pub(crate) fn table_of<'n, 'a>(node: &'n SpannedItem<'a>) -> Option<&'n Table<'a>> {
    node.get_ref().as_table()
}

/// The names of the keys of a table.
pub(crate) fn names_of<'n>(table: &'n Table<'_>) -> Vec<&'n str> {
    table.keys().map(|key| &**key.get_ref()).collect()
}

pub(crate) fn is_table(node: &SpannedItem<'_>) -> bool {
    node.get_ref().is_table()
}

/// The named tables of a kind, such as `host`.
pub(crate) fn tables_of<'n, 'a>(
    document: &'n SpannedItem<'a>,
    kind: &str,
) -> Option<&'n Table<'a>> {
    table_of(document)?.get(kind).and_then(table_of)
}

/// The position of a setting or, if it is left out, of the innermost table around it.
pub(crate) fn position(document: &SpannedItem<'_>, path: &str) -> Span {
    let (mut span, mut node) = (document.span(), document);
    // Such as `workload.mail.at[3]`: tables by name, items of arrays by index.
    for name in path.split(['.', '[']) {
        let index = name.trim_end_matches(']').parse::<usize>();
        let below = match (node.get_ref(), index) {
            (DeValue::Table(table), _) => table
                .get_key_value(name)
                .map(|(key, inner)| (key.span(), inner)),
            (DeValue::Array(items), Ok(index)) => items.get(index).map(|it| (it.span(), it)),
            _ => None,
        };
        let Some((key_span, inner)) = below else {
            break;
        };
        span = if is_table(inner) {
            key_span
        } else {
            inner.span()
        };
        node = inner;
    }
    span.into()
}

/// The file's text, if it is text of an acceptable size.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Diagnostic> {
    let size = bytes.len();
    if size > SIZE_MAX {
        let message = format!("the file has {size} bytes, the limit is {SIZE_MAX}");
        return Err(Diagnostic::of_file(Code::TooLarge, message));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("the file is not UTF-8 text: invalid byte at {at}");
        let found = Diagnostic::of_file(Code::NotText, message);
        match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => found.help("it is UTF-16: save it as UTF-8"),
            _ => found.help("save it as UTF-8"),
        }
    })
}

/// The tree of the file, which is the first source.
pub(crate) fn parse(text: &str) -> Result<SpannedItem<'_>, Vec<Diagnostic>> {
    if let Some(mistake) = too_much(text) {
        return Err(vec![mistake]);
    }
    // A file with errors is parsed twice: only the second parser goes on after the first error, and it is
    // too slow for all files.
    let errors = match DeTable::parse(text) {
        Ok(table) => {
            let document = Spanned::new(0..0, DeValue::Table(table.into_inner()));
            return match too_many_tables(&document) {
                Some(mistake) => Err(vec![mistake]),
                None => Ok(document),
            };
        }
        Err(_) if text.len() <= RECOVERY_SIZE_MAX => DeTable::parse_recoverable(text).1,
        Err(first) => vec![first],
    };
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    for error in errors.into_iter().take(SYNTAX_ERRORS_MAX) {
        let span = error.span().unwrap_or(0..0);
        let message = format!("not TOML: {}", error.message());
        // Lines that end in a carriage return alone are one mistake.
        if message.contains("carriage return") && mistakes.iter().any(|it| it.message == message) {
            continue;
        }
        // The first only: later errors are often its consequences.
        let help = help_with_syntax(text, span.start).filter(|_| mistakes.is_empty());
        mistakes.push(Diagnostic {
            help: help.map(str::to_owned),
            ..Diagnostic::new(Code::Syntax, span, message)
        });
    }
    Err(mistakes)
}

/// What probably was meant where the text is not TOML.
fn help_with_syntax(text: &str, at: usize) -> Option<&'static str> {
    let at = text.floor_char_boundary(at);
    let line_start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[line_start..].lines().next()?.trim();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.contains('\r') && !text.contains('\n') {
        Some("lines end with a line feed, with or without a carriage return before it")
    } else if line.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        Some("write straight quotes: \" or '")
    } else if text.starts_with('{') {
        Some("this looks like JSON; `mtasim new` writes a scenario in TOML to start from")
    } else if line.starts_with(';') || line.starts_with("//") {
        Some("a comment begins with #")
    } else if !line.contains('=') && line.contains(':') {
        Some("write `=` between a key and its value")
    } else {
        None
    }
}

/// Refuses a file that would take seconds to parse. Counted are the signs `=` and `{`, and lines that begin
/// with `[`, outside of lines of comments: at least as many as there are keys and tables.
fn too_much(text: &str) -> Option<Diagnostic> {
    let lines = text.lines().map(str::trim_start);
    let count = |line: &str| {
        let signs = line.bytes().filter(|byte| matches!(byte, b'=' | b'{'));
        signs.count() + usize::from(line.starts_with('['))
    };
    let counted: usize = lines.filter(|line| !line.starts_with('#')).map(count).sum();
    too_many(counted, "keys and tables", KEYS_MAX)
}

/// Refuses a document with more tables such as `[host.A]` than are read within a second.
fn too_many_tables(document: &SpannedItem<'_>) -> Option<Diagnostic> {
    let kinds = table_of(document).into_iter().flat_map(Table::values);
    let named = kinds.filter_map(table_of).flat_map(Table::values);
    let count = named.filter(|it| is_table(it)).count();
    let links = tables_of(document, "link").map_or(0, Table::len);
    too_many(count, "tables", TABLES_MAX).or_else(|| too_many(links, "links", LINKS_MAX))
}

fn too_many(count: usize, what: &str, most: usize) -> Option<Diagnostic> {
    let message = || format!("{count} {what} are too many, the limit is {most}");
    (count > most).then(|| Diagnostic::of_file(Code::TooMany, message()))
}

/// The value of an override that stands at `start`; `None` if it is not a TOML value.
pub(crate) fn parse_value(text: &str, start: usize) -> Option<SpannedItem<'_>> {
    Some(moved(DeValue::parse(text).ok()?, start, DEPTH_MAX))
}

/// A value whose positions are so many bytes further, in so many levels of tables and arrays.
fn moved(value: SpannedItem<'_>, by: usize, levels: usize) -> SpannedItem<'_> {
    // What is deeper has no position that is shown, and a stack has an end.
    if levels == 0 {
        return value;
    }
    let span = value.span().start + by..value.span().end + by;
    let mut value = value.into_inner();
    if let DeValue::Array(items) = &mut value {
        let old = std::mem::replace(items, DeArray::new()).into_iter();
        *items = old.map(|item| moved(item, by, levels - 1)).collect();
    } else if let DeValue::Table(table) = &mut value {
        let old = std::mem::replace(table, Table::new())
            .into_iter()
            .map(|(key, value)| {
                let span = key.span().start + by..key.span().end + by;
                (
                    Spanned::new(span, key.into_inner()),
                    moved(value, by, levels - 1),
                )
            });
        *table = old.collect();
    }
    Spanned::new(span, value)
}
