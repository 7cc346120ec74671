//! Values that are not tables or lists: how each is written, read, bounded and described.

use std::borrow::Cow;

use serde_json::{Value as Json, json};
use toml::de::{DeFloat, DeInteger};

use super::Range;
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{SpannedItem, type_name};
use crate::format::keyword::{Keyword, words};
use crate::format::suggestion::{did_you_mean, shortened};
use crate::format::units::{self, Quantity, QuantityError, hexadecimal};
use crate::untrusted_text;

/// The longest time in a scenario, in nanoseconds: a leap year.
pub(crate) const YEAR: u64 = 366 * 24 * 3_600 * 1_000_000_000;

/// Makes types settings that are written as one value: how it is described (in words and as JSON
/// Schema), parsed and printed as TOML. A type with an order has an `amount`, which the range of a
/// key limits, and shows it with its unit.
macro_rules! scalars {
    ($($name:ty {
        blank: $blank:expr, form: |$allowed:ident| $form:expr,
        parse: |$node:ident| $parse:expr, toml: |$it:ident| $toml:expr,
        $(amount: |$own:ident| $amount:expr, in $range:expr, show: $show:expr,)?
        $(none: $none:literal,)?
    })+) => {$(
        impl SettingValue for $name {
            $(const NONE: Option<&'static str> = Some($none);)?

            fn blank() -> Self {
                $blank
            }

            fn read($node: &SpannedItem<'_>, _: &Self) -> Self {
                let parse = || -> Result<Self, Diagnostic> { $parse };
                parse().expect("the document was checked")
            }

            fn print(&self, _: &Self, _: Detail) -> Option<Printed> {
                let $it = self;
                Some(Printed::Scalar($toml))
            }

            fn shape(key: &Key) -> Shape {
                let range = key.range.clone().unwrap_or(field!(@or 0..=u64::MAX, $($range)?));
                let $allowed = &range;
                let (words, schema) = $form;
                let limits = field!(@or None, $(
                    key.range.as_ref().map(|range| scalar::show_range(range, $show))
                )?);
                let check = |$node: &SpannedItem<'_>, _range: &Range| {
                    let parse = || -> Result<Self, Diagnostic> { $parse };
                    let _value = parse()?;
                    $({
                        let $own = _value;
                        scalar::check_range($amount, _range, $show)?;
                    })?
                    Ok(())
                };
                let scalar = Scalar::new(words, schema, check);
                Shape::Scalar(Scalar { range, limits, names: key.names, ..scalar })
            }
        }
    )+};
}

pub(crate) use scalars;

/// An integer of 64 bits, which TOML's own integers cannot express beyond 2^63 - 1.
pub(crate) fn parse_u64(node: &SpannedItem<'_>) -> Result<u64, Diagnostic> {
    const WANTED: &str = "a non-negative integer";
    let too_large = || out_of_range("the integer does not fit 64 bits");
    if let Some(number) = node.get_ref().as_integer() {
        if number.as_str().starts_with('-') {
            return Err(out_of_range("the integer must not be negative"));
        }
        return u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| too_large());
    }
    match text_of(node, WANTED)?.strip_prefix("0x").map(hexadecimal) {
        Some(Ok(number)) => Ok(number),
        Some(Err(QuantityError::Overflow)) => Err(too_large()),
        Some(Err(_)) | None => Err(malformed(WANTED, "this string is not a number")),
    }
}

/// The number as it is written, which is exact where a float would be rounded.
pub(crate) fn number_of<'n>(node: &'n SpannedItem<'_>) -> Option<&'n str> {
    let value = node.get_ref();
    let integer = value.as_integer().map(DeInteger::as_str);
    integer.or_else(|| value.as_float().map(DeFloat::as_str))
}

/// Checks that a node is this word.
pub(crate) fn check_word(node: &SpannedItem<'_>, word: &str) -> Result<(), Diagnostic> {
    let with_help = |found: Diagnostic| {
        // A number where a loss model should be.
        let text = number_of(node).or(node.get_ref().as_str());
        match text
            .filter(|it| it.starts_with(|it: char| it.is_ascii_digit()))
            .map(shortened)
        {
            Some(text) => found.help(format!(
                "a table is such as {{ independent = {{ loss = \"{text}\" }} }}"
            )),
            None => found,
        }
    };
    let text = text_of(node, &format!("\"{word}\" or a table")).map_err(with_help)?;
    if text == word {
        return Ok(());
    }
    let message = format!("`{}` is not `{word}`", shortened(text));
    let unknown = Diagnostic::of_file(Code::UnknownWord, message);
    Err(with_help(
        unknown.label(format!("write \"{word}\" or a table")),
    ))
}

pub(crate) fn parse_keyword<K: Keyword>(node: &SpannedItem<'_>) -> Result<K, Diagnostic> {
    let words = words::<K>();
    let listed = words.join(", ");
    let text = text_of(node, &format!("one of {listed}")).map_err(|found| {
        // The message lists the words.
        found.label("write one of these, in quotes")
    })?;
    K::parse(text).ok_or_else(|| {
        // A message quotes what the file has, and a file may have megabytes in one string.
        let short: String = text.chars().take(40).collect();
        let message = format!("`{short}` is not one of {listed}");
        let help = did_you_mean(text, &words);
        let unknown = Diagnostic::of_file(Code::UnknownWord, message);
        Diagnostic { help, ..unknown }.label("unknown word")
    })
}

pub(crate) fn form_of_keyword<K: Keyword>() -> (String, Json) {
    (
        format!("`{}`", words::<K>().join("`, `")),
        json!({ "enum": words::<K>() }),
    )
}

/// The amount of a quantity in its base unit.
pub(crate) fn parse_quantity(
    node: &SpannedItem<'_>,
    quantity: &Quantity,
) -> Result<u64, Diagnostic> {
    let integer = node.get_ref().as_integer().map(DeInteger::as_str);
    let text = integer.map_or_else(|| text_of(node, quantity.expected), Ok)?;
    let parsed = quantity.parse(text);
    parsed.map_err(|error| quantity_mistake(&error, quantity, quantity.expected))
}

/// What is wrong with a quantity of which `wanted` is an example.
pub(crate) fn quantity_mistake(
    error: &QuantityError,
    quantity: &Quantity,
    wanted: &str,
) -> Diagnostic {
    let names = quantity.units.iter().map(|(name, _)| *name);
    let listed = names.clone().collect::<Vec<_>>().join(", ");
    let found = malformed(wanted, &error.to_string());
    match error {
        QuantityError::NoUnit => found.help(format!("units are {listed}")),
        // `1.5h`: the digits end at the point, so what follows looks like a unit.
        QuantityError::UnknownUnit(unit) if unit.starts_with(['.', ',']) => {
            malformed(wanted, "only whole numbers are accepted")
                .help("use a smaller unit instead of a decimal point")
        }
        QuantityError::UnknownUnit(unit) => {
            found.help(match units::meant(unit, names.clone().collect()) {
                Some(meant) if unit.contains('B') && meant.contains("bit") => {
                    format!("a rate is in bits, and a byte has 8; units are {listed}")
                }
                Some(meant) => format!("did you mean `{meant}`? Units are {listed}"),
                None => format!("units are {listed}"),
            })
        }
        QuantityError::NoNumber | QuantityError::Order | QuantityError::Clock => found,
        QuantityError::Overflow => Diagnostic {
            code: Code::OutOfRange,
            ..found
        },
    }
}

pub(crate) fn quantity_form(quantity: &Quantity, range: &Range) -> Json {
    let text = json!({ "type": "string", "pattern": quantity.pattern });
    if !quantity.is_unit_optional {
        return text;
    }
    json!({ "anyOf": [plain_integer(range), text] })
}

pub(crate) fn integer_form(range: &Range) -> Json {
    let text = json!({ "type": "string", "pattern": "^0x[0-9a-fA-F]{1,16}$" });
    json!({ "anyOf": [plain_integer(range), text] })
}

fn plain_integer(range: &Range) -> Json {
    let mut schema = json!({ "type": "integer", "minimum": range.start() });
    // A maximum of 2^64 - 1 is no integer for most readers of JSON.
    if *range.end() < u64::MAX {
        schema["maximum"] = json!(range.end());
    }
    schema
}

/// The text as a TOML string, which can be shown on a terminal.
pub(crate) fn quoted(text: &str) -> String {
    // Nothing in it acts on a terminal, so TOML's own printer may choose the quotes. It would leave
    // control characters of its literal strings as they are.
    if let Cow::Borrowed(text) = untrusted_text::terminal(text) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    // Every escape of JSON is one of TOML's basic strings.
    untrusted_text::json(&Json::from(text).to_string()).into_owned()
}

/// The text of a node, which should be `wanted`.
pub(crate) fn text_of<'n>(node: &'n SpannedItem<'_>, wanted: &str) -> Result<&'n str, Diagnostic> {
    node.get_ref()
        .as_str()
        .ok_or_else(|| wrong_type(node, wanted))
}

pub(crate) fn wrong_type(node: &SpannedItem<'_>, wanted: &str) -> Diagnostic {
    let message = format!("expected {wanted}, found {}", type_name(node));
    Diagnostic::of_file(Code::WrongType, message).label(format!("write {wanted}"))
}

pub(crate) fn malformed(wanted: &str, why: &str) -> Diagnostic {
    let message = format!("expected {wanted}: {why}");
    // The message says already what to write.
    Diagnostic::of_file(Code::Malformed, message)
}

pub(crate) fn out_of_range(message: impl Into<String>) -> Diagnostic {
    Diagnostic::of_file(Code::OutOfRange, message)
}

/// Checks that the amount lies within the range.
pub(crate) fn check_range(
    amount: u64,
    range: &Range,
    show: fn(u64) -> String,
) -> Result<(), Diagnostic> {
    let bound = match amount {
        amount if range.contains(&amount) => return Ok(()),
        amount if amount < *range.start() => format!("at least {}", show(*range.start())),
        _ => format!("at most {}", show(*range.end())),
    };
    let message = format!("{} is out of range, it must be {bound}", show(amount));
    Err(out_of_range(message).label(bound))
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
