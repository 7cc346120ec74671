//! TOML text to a tree in which every key and value has its position.
//!
//! Any TOML document passes that is small and flat enough.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic, Span};

/// Largest size of a scenario file, in bytes; ten thousand hosts need half of it.
pub const SIZE_MAX: usize = 1 << 23;
/// Items of a list and tables of a kind.
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

/// A value and its position.
#[derive(Clone, Debug)]
pub(crate) struct SpannedItem {
    pub(crate) span: Span,
    pub(crate) item: Item,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    String(String),
    /// Digits without separators, maybe with a sign, and their base.
    Integer(String, u32),
    /// The number as it is written.
    Float(String),
    Boolean(bool),
    /// A TOML date or time in its text form.
    Datetime(String),
    Array(Vec<SpannedItem>),
    Table(Table),
}

pub(crate) type Table = BTreeMap<String, TableEntry>;

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct TableEntry {
    pub(crate) key: Span,
    pub(crate) node: SpannedItem,
}

impl SpannedItem {
    /// The TOML type of the value, for a message.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.item {
            Item::String(_) => "a string",
            Item::Integer(..) => "an integer",
            Item::Float(_) => "a float",
            Item::Boolean(_) => "a boolean",
            Item::Datetime(_) => "a date or time",
            Item::Array(_) => "an array",
            Item::Table(_) => "a table",
        }
    }

    pub(crate) const fn table(&self) -> Option<&Table> {
        if let Item::Table(table) = &self.item {
            return Some(table);
        }
        None
    }

    pub(crate) const fn is_table(&self) -> bool {
        matches!(self.item, Item::Table(_))
    }

    /// The position of a setting or, if it is left out, of the innermost table around it.
    pub(crate) fn position(&self, path: &str) -> Span {
        let (mut span, mut node) = (self.span, self);
        // Such as `workload.mail.at[3]`: tables by name, items of arrays by index.
        for name in path.split(['.', '[']) {
            let index = name.trim_end_matches(']').parse::<usize>();
            let below = match (&node.item, index) {
                (Item::Table(table), _) => table.get(name).map(|entry| (entry.key, &entry.node)),
                (Item::Array(items), Ok(index)) => items.get(index).map(|item| (item.span, item)),
                _ => None,
            };
            let Some((key, inner)) = below else { break };
            span = if inner.is_table() { key } else { inner.span };
            node = inner;
        }
        span
    }
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

/// The tree of the file, which is source 0.
pub(crate) fn parse(text: &str) -> Result<SpannedItem, Vec<Diagnostic>> {
    if let Some(mistake) = too_much(text) {
        return Err(vec![mistake]);
    }
    // A file with errors is parsed twice: only the second parser goes on after the first error, and it is
    // too slow for all files.
    let errors = match DeTable::parse(text) {
        Ok(table) => {
            let root = Spanned::new(0..0, DeValue::Table(table.into_inner()));
            return tree(root, Span::new(0, 0..0), 0)
                .and_then(check_tables)
                .map_err(|mistake| vec![mistake]);
        }
        Err(_) if text.len() <= RECOVERY_SIZE_MAX => DeTable::parse_recoverable(text).1,
        Err(first) => vec![first],
    };
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    for error in errors.into_iter().take(SYNTAX_ERRORS_MAX) {
        let span = Span::new(0, error.span().unwrap_or(0..0));
        let message = format!("not TOML: {}", error.message());
        // Lines that end in a carriage return alone are one mistake.
        if message.contains("carriage return") && mistakes.iter().any(|it| it.message == message) {
            continue;
        }
        let found = Diagnostic::new(Code::Syntax, span, message);
        // The first only: later errors are often its consequences.
        let help = help_with_syntax(text, span).filter(|_| mistakes.is_empty());
        mistakes.push(Diagnostic {
            help: help.map(str::to_owned),
            ..found
        });
    }
    Err(mistakes)
}

/// What probably was meant where the text is not TOML.
fn help_with_syntax(text: &str, span: Span) -> Option<&'static str> {
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |it| it + 1);
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
    (counted > KEYS_MAX).then(|| {
        let message = format!("{counted} keys and tables are too many, the limit is {KEYS_MAX}");
        Diagnostic::of_file(Code::TooMany, message)
    })
}

/// Refuses a document with more tables such as `[host.A]` than are read within a second.
fn check_tables(document: SpannedItem) -> Result<SpannedItem, Diagnostic> {
    let kinds = document.table().into_iter().flat_map(BTreeMap::values);
    let named = kinds.filter_map(|kind| kind.node.table());
    let named = named.flat_map(BTreeMap::values);
    let count = named.filter(|it| it.node.is_table()).count();
    // Before anything of them is read: reading them is what takes the time.
    let links = document.table().and_then(|kinds| kinds.get("link"));
    let links = links.and_then(|it| it.node.table());
    let links = links.map_or(0, BTreeMap::len);
    for (count, what, most) in [(count, "tables", TABLES_MAX), (links, "links", LINKS_MAX)] {
        if count > most {
            let message = format!("{count} {what} are too many, the limit is {most}");
            return Err(Diagnostic::of_file(Code::TooMany, message));
        }
    }
    Ok(document)
}

/// The tree of a value of an override, which stands at the start of `place`; `None` if it is not a
/// TOML value.
pub(crate) fn parse_value(text: &str, place: Span) -> Option<Result<SpannedItem, Diagnostic>> {
    Some(tree(DeValue::parse(text).ok()?, place, 0))
}

/// A value with its positions, which count from the start of `base`.
fn tree(value: Spanned<DeValue<'_>>, base: Span, depth: usize) -> Result<SpannedItem, Diagnostic> {
    let place = |range: std::ops::Range<usize>| {
        Span::new(
            base.source,
            base.start + range.start..base.start + range.end,
        )
    };
    let span = place(value.span());
    // The tree is read by recursion, so its depth is bounded before the stack is.
    if depth > DEPTH_MAX {
        let message = format!("tables or arrays are nested deeper than {DEPTH_MAX}");
        return Err(Diagnostic::new(Code::TooDeep, span, message));
    }
    let item = match value.into_inner() {
        DeValue::String(text) => Item::String(text.into_owned()),
        // As text: seeds and flows are unsigned, and the integers of TOML are not.
        DeValue::Integer(integer) => Item::Integer(integer.as_str().to_owned(), integer.radix()),
        // As text, which is an exact decimal fraction where the number would be a rounded one.
        DeValue::Float(float) => Item::Float(float.as_str().to_owned()),
        DeValue::Boolean(boolean) => Item::Boolean(boolean),
        DeValue::Datetime(datetime) => Item::Datetime(datetime.to_string()),
        DeValue::Array(array) => {
            let nodes = array.into_iter().map(|value| tree(value, base, depth + 1));
            Item::Array(nodes.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| {
                let (key, name) = (place(key.span()), key.into_inner().into_owned());
                let node = tree(value, base, depth + 1)?;
                Ok((name, TableEntry { key, node }))
            });
            Item::Table(entries.collect::<Result<_, _>>()?)
        }
    };
    Ok(SpannedItem { span, item })
}
