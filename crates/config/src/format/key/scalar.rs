//! Values that are not tables or lists: how each is written, read, bounded and described.

use std::net::Ipv4Addr;

use kernel::Ratio;
use kernel::ratio::ParseRatioError;
use serde_json::{Value as Json, json};

use super::Range;
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};
use crate::format::keyword::{Keyword, words};
use crate::format::suggestion::{shortened, suggestion};
use crate::format::units::{Quantity, QuantityError, hexadecimal};

/// The longest time in a scenario, in nanoseconds: a leap year.
pub(crate) const YEAR: u64 = 366 * 24 * 3_600 * 1_000_000_000;
/// Characters of a text.
const TEXT_MAX: u64 = 4_000;

/// A value that is not a table or a list.
pub(crate) trait Scalar: Clone + PartialEq {
    /// Smallest and largest amount that any key of this type takes.
    const RANGE: Range = 0..=u64::MAX;
    /// How `None` is written, if it can be written.
    const NONE: Option<&'static str> = None;

    /// A value that is never seen; see [`Setting::blank`](super::Setting::blank).
    const BLANK: Self;
    /// The value of a node.
    fn parse(node: &Node) -> Result<Self, Diagnostic>;
    /// The value as TOML.
    fn to_toml(&self) -> String;
    /// How the value is written, in words.
    fn form() -> String;
    /// How the value is written, as JSON Schema.
    fn schema(range: &Range) -> Json;
    /// What ranges limit, if the type has an order.
    fn amount(&self) -> Option<u64> {
        None
    }
    /// An amount with its unit.
    fn show(amount: u64) -> String {
        amount.to_string()
    }
}

/// How a scalar is written.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// In words.
    pub(crate) text: String,
    /// The range of the key in words, where it is narrower than that of the type.
    pub(crate) limits: Option<String>,
    pub(crate) schema: Json,
}

impl Form {
    pub(crate) fn of<T: Scalar>(range: Option<&Range>) -> Self {
        Self {
            text: T::form(),
            limits: range.map(|range| show_range(range, T::show)),
            schema: T::schema(range.unwrap_or(&T::RANGE)),
        }
    }

    /// A word in place of a table.
    pub(crate) fn of_word(word: &str) -> Self {
        Self {
            text: format!("`{word}`"),
            limits: None,
            schema: json!({ "const": word }),
        }
    }
}

/// Reads the one word that a node can have.
pub(crate) fn parse_word(node: &Node, word: &str) -> Result<(), Diagnostic> {
    let text = text_of(node, &format!("\"{word}\" or a table"))?;
    if text == word {
        return Ok(());
    }
    let message = format!("`{}` is not `{word}`", shortened(text));
    Err(Diagnostic::new(Code::UnknownWord, node.span, message)
        .label(format!("write \"{word}\" or a table")))
}

/// Reads a scalar and checks its range.
pub(crate) fn read<T: Scalar>(node: &Node, range: Option<&Range>) -> Result<T, Diagnostic> {
    let value = T::parse(node)?;
    if let Some(amount) = value.amount() {
        check_range(amount, range.unwrap_or(&T::RANGE), T::show, node)?;
    }
    Ok(value)
}

/// The amount of a quantity in its base unit.
pub(crate) fn parse_quantity(node: &Node, quantity: &Quantity) -> Result<u64, Diagnostic> {
    let text = match &node.item {
        Item::Integer { digits, .. } => digits,
        Item::String(text) => text,
        Item::Float | Item::Boolean(_) | Item::Datetime(_) | Item::Array(_) | Item::Table(_) => {
            return Err(wrong_type(node, quantity.expected));
        }
    };
    let parsed = quantity.parse(text);
    parsed.map_err(|error| quantity_mistake(node, &error, quantity, quantity.expected))
}

/// What is wrong with a quantity of which `wanted` is an example.
pub(crate) fn quantity_mistake(
    node: &Node,
    error: &QuantityError,
    quantity: &Quantity,
    wanted: &str,
) -> Diagnostic {
    let names = quantity.units.iter().map(|(name, _)| *name);
    let listed = names.clone().collect::<Vec<_>>().join(", ");
    let found = malformed(node, wanted, &error.to_string());
    match error {
        QuantityError::NoUnit => found.help(format!("units are {listed}")),
        QuantityError::UnknownUnit(unit) if unit.starts_with(['.', ',']) => {
            malformed(node, wanted, "only whole numbers are accepted")
                .help("use a smaller unit instead of a decimal point")
        }
        QuantityError::UnknownUnit(unit) => found.help(match suggestion(unit, names) {
            Some(name) => format!("did you mean `{name}`? Units are {listed}"),
            None => format!("units are {listed}"),
        }),
        QuantityError::NoNumber | QuantityError::Order => found,
        QuantityError::Overflow => Diagnostic {
            code: Code::OutOfRange,
            ..found
        },
    }
}

pub(crate) fn quantity_schema(quantity: &Quantity, range: &Range) -> Json {
    let text = json!({ "type": "string", "pattern": quantity.pattern });
    if quantity.is_unit_optional {
        json!({ "anyOf": [integer_schema(range), text] })
    } else {
        text
    }
}

fn integer_schema(range: &Range) -> Json {
    let mut schema = json!({ "type": "integer", "minimum": range.start() });
    if *range.end() < u64::MAX {
        schema["maximum"] = json!(range.end());
    }
    schema
}

/// The text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The text of a node, which should be `wanted`.
pub(crate) fn text_of<'a>(node: &'a Node, wanted: &str) -> Result<&'a str, Diagnostic> {
    if let Item::String(text) = &node.item {
        return Ok(text);
    }
    Err(wrong_type(node, wanted))
}

pub(crate) fn wrong_type(node: &Node, wanted: &str) -> Diagnostic {
    let message = format!("expected {wanted}, found {}", node.type_name());
    Diagnostic::new(Code::WrongType, node.span, message).label(format!("write {wanted}"))
}

pub(crate) fn malformed(node: &Node, wanted: &str, why: &str) -> Diagnostic {
    let message = format!("expected {wanted}: {why}");
    Diagnostic::new(Code::Malformed, node.span, message).label(format!("write {wanted}"))
}

fn out_of_range(node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::OutOfRange, node.span, message)
}

/// Checks that the amount lies within the range.
pub(crate) fn check_range(
    amount: u64,
    range: &Range,
    show: fn(u64) -> String,
    node: &Node,
) -> Result<(), Diagnostic> {
    if range.contains(&amount) {
        return Ok(());
    }
    let bound = if amount < *range.start() {
        format!("at least {}", show(*range.start()))
    } else {
        format!("at most {}", show(*range.end()))
    };
    let message = format!("{} is out of range, it must be {bound}", show(amount));
    Err(out_of_range(node, message).label(bound))
}

/// A range in words.
pub(crate) fn show_range(range: &Range, show: fn(u64) -> String) -> String {
    match *range.end() {
        u64::MAX => format!("at least {}", show(*range.start())),
        end => format!("{} to {}", show(*range.start()), show(end)),
    }
}

/// A count of things, such as `3 items`.
pub(crate) fn show_count(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

impl Scalar for u64 {
    const BLANK: Self = 0;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a non-negative integer";
        let too_large = || out_of_range(node, "the integer does not fit 64 bits");
        match &node.item {
            Item::Integer { digits, .. } if digits.starts_with('-') => {
                Err(out_of_range(node, "the integer must not be negative"))
            }
            Item::Integer { digits, radix } => {
                Self::from_str_radix(digits.trim_start_matches('+'), *radix)
                    .map_err(|_| too_large())
            }
            // TOML's own integers end at 2^63 - 1; identities and seeds do not.
            Item::String(text) => match text.strip_prefix("0x").map(hexadecimal) {
                Some(Ok(number)) => Ok(number),
                Some(Err(QuantityError::Overflow)) => Err(too_large()),
                Some(Err(_)) | None => Err(malformed(node, WANTED, "this string is not a number")),
            },
            Item::Float
            | Item::Boolean(_)
            | Item::Datetime(_)
            | Item::Array(_)
            | Item::Table(_) => Err(wrong_type(node, WANTED)),
        }
    }

    fn to_toml(&self) -> String {
        match i64::try_from(*self) {
            Ok(number) => number.to_string(),
            Err(_) => quoted(&format!("{self:#x}")),
        }
    }

    fn form() -> String {
        "integer".to_owned()
    }

    fn schema(range: &Range) -> Json {
        json!({ "anyOf": [
            integer_schema(range),
            { "type": "string", "pattern": "^0x[0-9a-fA-F]{1,16}$" },
        ] })
    }

    fn amount(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Scalar for u32 {
    const RANGE: Range = 0..=u32::MAX as u64;

    const BLANK: Self = 0;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        let wide = u64::parse(node)?;
        let narrow = Self::try_from(wide);
        narrow.map_err(|_| out_of_range(node, format!("the integer {wide} is too large")))
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }

    fn form() -> String {
        u64::form()
    }

    fn schema(range: &Range) -> Json {
        u64::schema(range)
    }

    fn amount(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl Scalar for bool {
    const BLANK: Self = false;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        match node.item {
            Item::Boolean(value) => Ok(value),
            Item::String(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Datetime(_)
            | Item::Array(_)
            | Item::Table(_) => Err(wrong_type(node, "true or false")),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }

    fn form() -> String {
        "true or false".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "boolean" })
    }
}

impl Scalar for String {
    const RANGE: Range = 1..=TEXT_MAX;

    const BLANK: Self = Self::new();

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        text_of(node, "a string").map(str::to_owned)
    }

    fn to_toml(&self) -> String {
        quoted(self)
    }

    fn form() -> String {
        "string".to_owned()
    }

    fn schema(range: &Range) -> Json {
        json!({ "type": "string", "minLength": range.start(), "maxLength": range.end() })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.chars().count() as u64)
    }

    fn show(amount: u64) -> String {
        show_count(amount, "character")
    }
}

impl Scalar for Ipv4Addr {
    const BLANK: Self = Self::UNSPECIFIED;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "an IPv4 address such as \"10.0.0.1\"";
        let address: Self = text_of(node, WANTED)?
            .parse()
            .map_err(|_| malformed(node, WANTED, "this is not an IPv4 address"))?;
        if address.is_unspecified()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_loopback()
        {
            return Err(malformed(node, WANTED, "a host cannot have this address"));
        }
        Ok(address)
    }

    fn to_toml(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "IPv4 address".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "string", "format": "ipv4" })
    }
}

impl Scalar for Ratio {
    const BLANK: Self = Self::ZERO;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a fraction such as \"1/8\" or \"0.125\"";
        text_of(node, WANTED)?
            .parse()
            .map_err(|error: ParseRatioError| match error {
                ParseRatioError::Form => malformed(node, WANTED, "this string is not a fraction"),
                ParseRatioError::ZeroDenominator => malformed(node, WANTED, &error.to_string()),
                ParseRatioError::AboveOne => Diagnostic {
                    code: Code::OutOfRange,
                    ..malformed(node, WANTED, &error.to_string())
                },
            })
    }

    fn to_toml(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "fraction".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "string", "pattern": r"^\s*[0-9]+\s*/\s*[0-9]+\s*$|^\s*[01](\.[0-9]{0,18})?\s*$" })
    }
}

impl<K: Keyword> Scalar for K {
    const BLANK: Self = K::ALL[0];

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        let words = words::<K>();
        let listed = words.join(", ");
        let text = text_of(node, &format!("one of {listed}"))?;
        K::parse(text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            let message = format!("`{short}` is not one of {listed}");
            let meant = suggestion(text, words);
            Diagnostic {
                help: meant.map(|word| format!("did you mean `{word}`?")),
                ..Diagnostic::new(Code::UnknownWord, node.span, message).label("unknown word")
            }
        })
    }

    fn to_toml(&self) -> String {
        quoted(self.as_str())
    }

    fn form() -> String {
        format!("`{}`", words::<K>().join("`, `"))
    }

    fn schema(_: &Range) -> Json {
        json!({ "enum": words::<K>() })
    }
}
