//! Text to a tree in which every key and value knows its span.
//!
//! Owns [`Node`] and the limits on size and depth. It refuses meaning: any TOML document
//! passes that is small and flat enough.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::diagnostic::{Code, Diagnostic, Span};

/// Bytes a scenario file may have; ours are a thousand times smaller, ten thousand hosts need half of it.
pub const SIZE_MAX: usize = 1 << 23;
/// Tables within tables; scenarios need five.
const DEPTH_MAX: usize = 12;
/// Up to this size all syntax errors are looked for, beyond it only the first.
const RECOVERY_SIZE_MAX: usize = 64 * 1024;
/// Syntax errors shown.
const SYNTAX_ERRORS_MAX: usize = 20;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) item: Item,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Text(String),
    /// Digits without sign separators, and their base.
    Integer {
        digits: String,
        radix: u32,
    },
    Float,
    Boolean(bool),
    /// A TOML date or time in its text form.
    Moment(String),
    List(Vec<Node>),
    Table(Table),
}

pub(crate) type Table = BTreeMap<String, Entry>;

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    pub(crate) node: Node,
}

impl Node {
    /// What the value is, for a message.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.item {
            Item::Text(_) => "a text",
            Item::Integer { .. } => "a number",
            Item::Float => "a number with a point",
            Item::Boolean(_) => "true or false",
            Item::Moment(_) => "a date or time",
            Item::List(_) => "a list",
            Item::Table(_) => "a table",
        }
    }
}

/// The file's text, if it is text of a reasonable size.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > SIZE_MAX {
        return Err(Diagnostic::of_file(
            Code::TooLarge,
            format!(
                "the file has {} bytes, a scenario at most {SIZE_MAX}",
                bytes.len()
            ),
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        Diagnostic::of_file(
            Code::NotText,
            format!(
                "the file is not UTF-8 text (first at byte {})",
                error.valid_up_to()
            ),
        )
    })
}

/// The tree of source 0.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    assert!(text.len() <= SIZE_MAX, "size is checked before parsing");
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(first) => return Err(syntax_errors(text, first)),
    };
    let item = convert_table(table.into_inner(), 0, 0).map_err(|error| vec![error])?;
    Ok(Node {
        span: Span::new(0, 0..0),
        item,
    })
}

/// The tree of a value alone that stands at byte `offset` of an override; `None` if it is not
/// a TOML value.
pub(crate) fn parse_value(
    text: &str,
    source: usize,
    offset: usize,
) -> Option<Result<Node, Diagnostic>> {
    let value = DeValue::parse(text).ok()?;
    let range = value.span();
    let shifted = Spanned::new(range, value.into_inner());
    Some(convert(shifted, source, 0).map(|node| shift(node, offset)))
}

/// The keys of the dotted path that begins a source.
pub(crate) fn parse_path(text: &str) -> Option<Vec<String>> {
    let document = format!("{text} = 0");
    let mut table = DeTable::parse(&document).ok()?.into_inner();
    let mut path = Vec::new();
    loop {
        if table.len() != 1 || path.len() > DEPTH_MAX {
            return None;
        }
        let (key, value) = table.into_iter().next()?;
        path.push(key.into_inner().into_owned());
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            DeValue::Integer(_) => return Some(path),
            DeValue::String(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => return None,
        }
    }
}

fn syntax_errors(text: &str, first: Error) -> Vec<Diagnostic> {
    let errors = if text.len() <= RECOVERY_SIZE_MAX {
        DeTable::parse_recoverable(text).1
    } else {
        vec![first]
    };
    assert!(!errors.is_empty(), "parsing failed without a reason");
    errors
        .into_iter()
        .take(SYNTAX_ERRORS_MAX)
        .map(|error| {
            let range = error.span().unwrap_or(0..0);
            Diagnostic::new(
                Code::Syntax,
                Span::new(0, range),
                format!("not TOML: {}", error.message()),
            )
        })
        .collect()
}

fn convert(value: Spanned<DeValue<'_>>, source: usize, depth: usize) -> Result<Node, Diagnostic> {
    let span = Span::new(source, value.span());
    if depth > DEPTH_MAX {
        let message = format!("tables or lists within each other deeper than {DEPTH_MAX}");
        return Err(Diagnostic::new(Code::TooDeep, span, message));
    }
    let item = match value.into_inner() {
        DeValue::String(text) => Item::Text(text.into_owned()),
        DeValue::Integer(integer) => Item::Integer {
            digits: integer.as_str().to_owned(),
            radix: integer.radix(),
        },
        DeValue::Float(_) => Item::Float,
        DeValue::Boolean(boolean) => Item::Boolean(boolean),
        DeValue::Datetime(moment) => Item::Moment(moment.to_string()),
        DeValue::Array(array) => Item::List(
            array
                .into_iter()
                .map(|value| convert(value, source, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => convert_table(table, source, depth)?,
    };
    Ok(Node { span, item })
}

fn convert_table(table: DeTable<'_>, source: usize, depth: usize) -> Result<Item, Diagnostic> {
    let mut entries = Table::new();
    for (key, value) in table {
        let entry = Entry {
            key: Span::new(source, key.span()),
            node: convert(value, source, depth + 1)?,
        };
        entries.insert(key.into_inner().into_owned(), entry);
    }
    Ok(Item::Table(entries))
}

fn shift(mut node: Node, offset: usize) -> Node {
    let moved = |span: Span| Span::new(span.source, span.start + offset..span.end + offset);
    node.span = moved(node.span);
    node.item = match node.item {
        Item::List(nodes) => {
            Item::List(nodes.into_iter().map(|node| shift(node, offset)).collect())
        }
        Item::Table(table) => Item::Table(
            table
                .into_iter()
                .map(|(name, entry)| {
                    let key = moved(entry.key);
                    let node = shift(entry.node, offset);
                    (name, Entry { key, node })
                })
                .collect(),
        ),
        item @ (Item::Text(_)
        | Item::Integer { .. }
        | Item::Float
        | Item::Boolean(_)
        | Item::Moment(_)) => item,
    };
    node
}
