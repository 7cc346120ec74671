//! TOML text to a tree in which every key and value has its position.
//!
//! Any TOML document passes that is small and flat enough.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic, Span};

/// Largest size of a scenario file, in bytes; ten thousand hosts need half of it.
pub const SIZE_MAX: usize = 1 << 23;
/// Tables within tables; scenarios need five.
const DEPTH_MAX: usize = 12;
/// Up to this size, all syntax errors are reported, beyond it only the first: error recovery takes
/// time quadratic in the size.
const RECOVERY_SIZE_MAX: usize = 64 * 1024;
/// Syntax errors reported.
const SYNTAX_ERRORS_MAX: usize = 20;

/// A value and its position.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) item: Item,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    String(String),
    /// Digits without separators, maybe with a sign, and their base.
    Integer {
        digits: String,
        radix: u32,
    },
    Float,
    Boolean(bool),
    /// A TOML date or time in its text form.
    Datetime(String),
    Array(Vec<Node>),
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
    /// The TOML type of the value, for a message.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.item {
            Item::String(_) => "a string",
            Item::Integer { .. } => "an integer",
            Item::Float => "a float",
            Item::Boolean(_) => "a boolean",
            Item::Datetime(_) => "a date or time",
            Item::Array(_) => "an array",
            Item::Table(_) => "a table",
        }
    }
}

/// The file's text, if it is text of an acceptable size.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > SIZE_MAX {
        let message = format!(
            "the file has {} bytes, the limit is {SIZE_MAX}",
            bytes.len()
        );
        return Err(Diagnostic::of_file(Code::TooLarge, message));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!(
            "the file is not UTF-8 text: invalid byte at {}",
            error.valid_up_to()
        );
        Diagnostic::of_file(Code::NotText, message)
    })
}

/// The tree of the file, which is source 0.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    let whole = Source {
        number: 0,
        offset: 0,
    };
    match DeTable::parse(text) {
        Ok(table) => {
            let (span, table) = (table.span(), table.into_inner());
            let value = Spanned::new(span, DeValue::Table(table));
            let root = whole.node(value, 0).map_err(|mistake| vec![mistake])?;
            Ok(Node {
                span: Span::new(0, 0..0),
                ..root
            })
        }
        Err(first) => {
            let errors = if text.len() <= RECOVERY_SIZE_MAX {
                DeTable::parse_recoverable(text).1
            } else {
                vec![first]
            };
            let mistakes = errors.into_iter().take(SYNTAX_ERRORS_MAX).map(|error| {
                let span = Span::new(0, error.span().unwrap_or(0..0));
                Diagnostic::new(Code::Syntax, span, format!("not TOML: {}", error.message()))
            });
            Err(mistakes.collect())
        }
    }
}

/// The tree of the value at byte `offset` of an override; `None` if it is not a TOML
/// value.
pub(crate) fn parse_value(
    text: &str,
    source: usize,
    offset: usize,
) -> Option<Result<Node, Diagnostic>> {
    let value = DeValue::parse(text).ok()?;
    let source = Source {
        number: source,
        offset,
    };
    Some(source.node(value, 0))
}

/// The keys of a dotted path.
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

/// The text that values come from, and where they begin in it.
#[derive(Clone, Copy)]
struct Source {
    number: usize,
    offset: usize,
}

impl Source {
    fn span<T>(self, value: &Spanned<T>) -> Span {
        let range = value.span();
        Span::new(
            self.number,
            range.start + self.offset..range.end + self.offset,
        )
    }

    fn node(self, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Diagnostic> {
        let span = self.span(&value);
        if depth > DEPTH_MAX {
            let message = format!("tables or arrays are nested deeper than {DEPTH_MAX}");
            return Err(Diagnostic::new(Code::TooDeep, span, message));
        }
        let item = match value.into_inner() {
            DeValue::String(text) => Item::String(text.into_owned()),
            DeValue::Integer(integer) => Item::Integer {
                digits: integer.as_str().to_owned(),
                radix: integer.radix(),
            },
            DeValue::Float(_) => Item::Float,
            DeValue::Boolean(boolean) => Item::Boolean(boolean),
            DeValue::Datetime(datetime) => Item::Datetime(datetime.to_string()),
            DeValue::Array(array) => {
                let nodes = array.into_iter().map(|value| self.node(value, depth + 1));
                Item::Array(nodes.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                let entries = table.into_iter().map(|(key, value)| {
                    let entry = Entry {
                        key: self.span(&key),
                        node: self.node(value, depth + 1)?,
                    };
                    Ok((key.into_inner().into_owned(), entry))
                });
                Item::Table(entries.collect::<Result<_, _>>()?)
            }
        };
        Ok(Node { span, item })
    }
}
