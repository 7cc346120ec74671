//! Values of keys: how each is written, read, bounded and described.
//!
//! Owns the trait [`Value`] and the scalars every section uses. It refuses keys and tables:
//! a value does not know what it is called.

use std::fmt::Debug;
use std::net::Ipv4Addr;

use kernel::{Duration, Instant, Ratio};
use serde_json::{Value as Json, json};

use super::diagnostic::{Code, Diagnostic};
use super::document::{Item, Node};
use super::nearest::nearest;
use super::units::{self, QuantityError, Unit};
use crate::plan::{Bandwidth, ByteSize, CountRange, Epoch, ExceptionCode, Offset, Vocabulary};

/// Items a list may have.
pub(super) const LIST_MAX: u64 = 100_000;
/// Signs a text may have.
const TEXT_MAX: u64 = 4_000;
/// The longest length of time a scenario may speak of: a leap year.
pub(super) const YEAR: u64 = 366 * 24 * 3_600 * 1_000_000_000;

/// What the value of a key can be.
pub(super) trait Value: Clone + PartialEq + Debug {
    /// Smallest and greatest amount that make sense for any key of this type.
    const AMOUNTS: (u64, u64) = (0, u64::MAX);

    /// The value a node stands for.
    fn read(node: &Node) -> Result<Self, Diagnostic>;
    /// The value as TOML.
    fn print(&self) -> String;
    /// How the value is written, for people.
    fn form() -> String;
    /// How the value is written, as JSON Schema.
    fn schema() -> Json;
    /// What limits are held against, if the type has an order.
    fn amount(&self) -> Option<u64> {
        None
    }
    /// An amount in the type's unit.
    fn show(amount: u64) -> String {
        amount.to_string()
    }
}

/// The text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn text_of<'a>(node: &'a Node, wanted: &str) -> Result<&'a str, Diagnostic> {
    if let Item::Text(text) = &node.item {
        return Ok(text);
    }
    Err(wrong_type(node, wanted))
}

pub(super) fn wrong_type(node: &Node, wanted: &str) -> Diagnostic {
    let message = format!("expected {wanted}, found {}", node.type_name());
    Diagnostic::new(Code::WrongType, node.place, message).label(format!("write {wanted}"))
}

fn malformed(node: &Node, wanted: &str, why: &str) -> Diagnostic {
    let message = format!("expected {wanted}: {why}");
    Diagnostic::new(Code::Malformed, node.place, message).label(format!("write {wanted}"))
}

/// A quantity with units, `wanted` naming an example.
fn quantity(
    node: &Node,
    read: impl Fn(&str, &[Unit]) -> Result<u64, QuantityError>,
    units: &[Unit],
    wanted: &str,
) -> Result<u64, Diagnostic> {
    let text = match &node.item {
        Item::Integer { digits, .. } => digits,
        Item::Text(_)
        | Item::Float
        | Item::Boolean(_)
        | Item::Moment(_)
        | Item::List(_)
        | Item::Table(_) => text_of(node, wanted)?,
    };
    read(text, units).map_err(|error| quantity_error(node, &error, units, wanted))
}

fn quantity_error(node: &Node, error: &QuantityError, units: &[Unit], wanted: &str) -> Diagnostic {
    let names = units.iter().map(|(name, _)| *name);
    let listed = names.clone().collect::<Vec<_>>().join(", ");
    match error {
        QuantityError::NoNumber => malformed(node, wanted, "no whole number where one is due"),
        QuantityError::NoUnit => {
            malformed(node, wanted, "the unit is missing").help(format!("units are {listed}"))
        }
        QuantityError::UnknownUnit(unit) if unit.starts_with(['.', ',']) => {
            malformed(node, wanted, "only whole numbers are taken")
                .help("take a smaller unit instead of a point")
        }
        QuantityError::UnknownUnit(unit) => {
            let short: String = unit.chars().take(20).collect();
            malformed(node, wanted, &format!("`{short}` is no unit here")).help(
                match nearest(unit, names) {
                    Some(name) => format!("did you mean `{name}`? Units are {listed}"),
                    None => format!("units are {listed}"),
                },
            )
        }
        QuantityError::Order => malformed(node, wanted, "units must fall from large to small"),
        QuantityError::Overflow => {
            let mut found = malformed(node, wanted, "the number is too large");
            found.code = Code::OutOfRange;
            found
        }
    }
}

const A_TIME: &str = "a length of time such as \"90s\" or \"1h30m\"";
const TIME_PATTERN: &str = r"^\s*[0-9]+\s*(h|m|s|ms|us|ns)(\s*[0-9]+\s*(h|m|s|ms|us|ns))*\s*$";

impl Value for Duration {
    const AMOUNTS: (u64, u64) = (0, YEAR);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        quantity(node, units::sum, units::TIME, A_TIME).map(Self::from_nanos)
    }

    fn print(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "time".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": TIME_PATTERN })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.nanos())
    }

    fn show(amount: u64) -> String {
        Self::from_nanos(amount).to_string()
    }
}

impl Value for Instant {
    const AMOUNTS: (u64, u64) = (0, YEAR);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        quantity(node, units::sum, units::TIME, A_TIME).map(Self::from_nanos)
    }

    fn print(&self) -> String {
        self.since_start().print()
    }

    fn form() -> String {
        "time since the start".to_owned()
    }

    fn schema() -> Json {
        Duration::schema()
    }

    fn amount(&self) -> Option<u64> {
        Some(self.nanos())
    }

    fn show(amount: u64) -> String {
        Duration::show(amount)
    }
}

impl Value for Offset {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a signed length of time such as \"-250ms\"";
        let text = text_of(node, WANTED)?.trim();
        let (sign, length) = match text.strip_prefix('-') {
            Some(length) => (-1, length),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let nanos = units::sum(length, units::TIME)
            .map_err(|error| quantity_error(node, &error, units::TIME, WANTED))?;
        if nanos > YEAR {
            return Err(Diagnostic::new(
                Code::OutOfRange,
                node.place,
                "a clock is at most a year off",
            ));
        }
        let nanos = i64::try_from(nanos).expect("a year of nanoseconds fits");
        Ok(Self {
            nanos: sign * nanos,
        })
    }

    fn print(&self) -> String {
        let length = Duration::from_nanos(self.nanos.unsigned_abs());
        let sign = if self.nanos < 0 { "-" } else { "" };
        quoted(&format!("{sign}{length}"))
    }

    fn form() -> String {
        "signed time".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": TIME_PATTERN.replacen('^', "^[-+]?", 1) })
    }
}

impl Value for ByteSize {
    const AMOUNTS: (u64, u64) = (0, 1 << 40);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a size such as \"30 KiB\" or 4096";
        let bare_or_unit = |text: &str, units: &[Unit]| {
            units::whole(text.trim()).or_else(|_| units::single(text, units))
        };
        quantity(node, bare_or_unit, units::SIZE, WANTED).map(Self)
    }

    fn print(&self) -> String {
        quoted(&Self::show(self.0))
    }

    fn form() -> String {
        "size".to_owned()
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^\s*[0-9]+\s*(GiB|MiB|KiB|B)?\s*$" },
        ] })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.0)
    }

    fn show(amount: u64) -> String {
        units::show(amount, units::SIZE, " ")
    }
}

impl Value for Bandwidth {
    const AMOUNTS: (u64, u64) = (1, 1_000_000_000_000);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a rate such as \"64kbit/s\"";
        quantity(node, units::single, units::RATE, WANTED)
            .map(|bits_per_second| Self { bits_per_second })
    }

    fn print(&self) -> String {
        quoted(&Self::show(self.bits_per_second))
    }

    fn form() -> String {
        "rate".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r"^\s*[0-9]+\s*(G|M|k)?bit/s\s*$" })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.bits_per_second)
    }

    fn show(amount: u64) -> String {
        units::show(amount, units::RATE, "")
    }
}

impl Value for Ratio {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a share such as \"1/8\" or \"0.125\"";
        text_of(node, WANTED)?
            .parse()
            .map_err(|error: kernel::ratio::ParseRatioError| {
                let mut found = malformed(node, WANTED, &error.to_string());
                if error == kernel::ratio::ParseRatioError::AboveOne {
                    found.code = Code::OutOfRange;
                }
                found
            })
    }

    fn print(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "share".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r"^\s*[0-9]+\s*/\s*[0-9]+\s*$|^\s*[01](\.[0-9]{0,18})?\s*$" })
    }
}

impl Value for u64 {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a whole number, not negative";
        let too_large = || {
            let message = "the number does not fit 64 bits";
            Diagnostic::new(Code::OutOfRange, node.place, message)
        };
        match &node.item {
            Item::Integer { digits, .. } if digits.starts_with('-') => Err(Diagnostic::new(
                Code::OutOfRange,
                node.place,
                "a count is never negative",
            )),
            Item::Integer { digits, radix } => {
                let digits = digits.trim_start_matches('+');
                Self::from_str_radix(digits, *radix).map_err(|_| too_large())
            }
            // TOML's own numbers end at 2^63, identities and seeds do not.
            Item::Text(text) => match text.strip_prefix("0x") {
                Some(digits)
                    if (1..=16).contains(&digits.len())
                        && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
                {
                    Self::from_str_radix(digits, 16).map_err(|_| too_large())
                }
                _ => Err(malformed(node, WANTED, "this text is no number")),
            },
            Item::Float | Item::Boolean(_) | Item::Moment(_) | Item::List(_) | Item::Table(_) => {
                Err(wrong_type(node, WANTED))
            }
        }
    }

    fn print(&self) -> String {
        if i64::try_from(*self).is_ok() {
            self.to_string()
        } else {
            quoted(&format!("{self:#x}"))
        }
    }

    fn form() -> String {
        "count".to_owned()
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^0x[0-9a-fA-F]{1,16}$" },
        ] })
    }

    fn amount(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Value for u32 {
    const AMOUNTS: (u64, u64) = (0, u32::MAX as u64);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let wide = u64::read(node)?;
        Self::try_from(wide).map_err(|_| {
            Diagnostic::new(
                Code::OutOfRange,
                node.place,
                format!("the number {wide} is too large"),
            )
        })
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn form() -> String {
        u64::form()
    }

    fn schema() -> Json {
        u64::schema()
    }

    fn amount(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl Value for bool {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        if let Item::Boolean(value) = node.item {
            return Ok(value);
        }
        Err(wrong_type(node, "true or false"))
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn form() -> String {
        "true or false".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl Value for String {
    const AMOUNTS: (u64, u64) = (1, TEXT_MAX);

    fn read(node: &Node) -> Result<Self, Diagnostic> {
        text_of(node, "a text").map(str::to_owned)
    }

    fn print(&self) -> String {
        quoted(self)
    }

    fn form() -> String {
        "text".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": TEXT_MAX })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.chars().count() as u64)
    }

    fn show(amount: u64) -> String {
        format!("{amount} character{}", if amount == 1 { "" } else { "s" })
    }
}

impl<T: Value> Value for Vec<T> {
    const AMOUNTS: (u64, u64) = (0, LIST_MAX);

    /// A list, or one value that stands for a list of one.
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let read_one = |node: &Node| -> Result<T, Diagnostic> {
            let value = T::read(node)?;
            within_limits(&value, T::AMOUNTS, node)?;
            Ok(value)
        };
        match &node.item {
            Item::List(nodes) => nodes.iter().map(read_one).collect(),
            Item::Text(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Boolean(_)
            | Item::Moment(_)
            | Item::Table(_) => Ok(vec![read_one(node)?]),
        }
    }

    fn print(&self) -> String {
        let items: Vec<String> = self.iter().map(Value::print).collect();
        format!("[{}]", items.join(", "))
    }

    fn form() -> String {
        format!("{}, or a list of them", T::form())
    }

    fn schema() -> Json {
        let item = T::schema();
        json!({ "anyOf": [item.clone(), { "type": "array", "items": item, "maxItems": LIST_MAX }] })
    }

    fn amount(&self) -> Option<u64> {
        Some(self.len() as u64)
    }

    fn show(amount: u64) -> String {
        format!("{amount} item{}", if amount == 1 { "" } else { "s" })
    }
}

impl<T: Value> Value for [T; 2] {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        let wanted = format!("a list of two: {}", T::form());
        let Item::List(nodes) = &node.item else {
            return Err(wrong_type(node, &wanted));
        };
        let [first, second] = nodes.as_slice() else {
            let message = format!("expected {wanted}, found {}", nodes.len());
            return Err(Diagnostic::new(Code::Malformed, node.place, message));
        };
        let pair = [T::read(first)?, T::read(second)?];
        within_limits(&pair[0], T::AMOUNTS, first)?;
        within_limits(&pair[1], T::AMOUNTS, second)?;
        Ok(pair)
    }

    fn print(&self) -> String {
        format!("[{}, {}]", self[0].print(), self[1].print())
    }

    fn form() -> String {
        format!("two of: {}", T::form())
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": T::schema(), "minItems": 2, "maxItems": 2 })
    }
}

impl Value for CountRange {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a range of counts such as \"0\", \"1..\" or \"2..10\"";
        if let Item::Integer { .. } = node.item {
            return u64::read(node).map(Self::exactly);
        }
        let text = text_of(node, WANTED)?.trim();
        let bound = |digits: &str| {
            units::whole(digits.trim())
                .map_err(|_| malformed(node, WANTED, "a bound is no whole number"))
        };
        let Some((least, most)) = text.split_once("..") else {
            return Ok(Self::exactly(bound(text)?));
        };
        let range = Self {
            least: if least.is_empty() { 0 } else { bound(least)? },
            most: match most {
                "" => None,
                digits => Some(bound(digits)?),
            },
        };
        if least.is_empty() && most.is_empty() {
            return Err(malformed(node, WANTED, "both bounds are missing"));
        }
        if range.most.is_some_and(|most| most < range.least) {
            return Err(malformed(node, WANTED, "no count is in this range"));
        }
        Ok(range)
    }

    fn print(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "range of counts".to_owned()
    }

    fn schema() -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^\s*([0-9]+|[0-9]+\.\.[0-9]*|\.\.[0-9]+)\s*$" },
        ] })
    }
}

impl Value for Epoch {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a date such as \"2001-06-06T08:00:00\"";
        let text = match &node.item {
            Item::Moment(text) => text,
            Item::Text(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Boolean(_)
            | Item::List(_)
            | Item::Table(_) => text_of(node, WANTED)?,
        };
        parse_epoch(text)
            .filter(|epoch| epoch.is_valid())
            .ok_or_else(|| malformed(node, WANTED, "this is no date from 1601 on, to the second"))
    }

    fn print(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "date and time".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}$" })
    }
}

fn parse_epoch(text: &str) -> Option<Epoch> {
    let (date, time) = text.split_once(['T', ' '])?;
    let numbers = |part: &str, separator: char, widths: [usize; 3]| -> Option<[u16; 3]> {
        let mut fields = part.split(separator);
        let mut found = [0; 3];
        for (slot, width) in found.iter_mut().zip(widths) {
            let field = fields.next().filter(|field| field.len() == width)?;
            *slot = u16::try_from(units::whole(field).ok()?).ok()?;
        }
        fields.next().is_none().then_some(found)
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let small = |number: u16| u8::try_from(number).ok();
    Some(Epoch {
        year,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    })
}

impl Value for Ipv4Addr {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "an IPv4 address such as \"10.0.0.1\"";
        let address: Self = text_of(node, WANTED)?
            .parse()
            .map_err(|_| malformed(node, WANTED, "this is no IPv4 address"))?;
        if address.is_unspecified()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_loopback()
        {
            return Err(malformed(node, WANTED, "no host can have this address"));
        }
        Ok(address)
    }

    fn print(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "IPv4 address".to_owned()
    }

    fn schema() -> Json {
        json!({ "type": "string", "format": "ipv4" })
    }
}

/// A word of a vocabulary, read and described alike for every vocabulary.
pub(super) fn read_word<V: Vocabulary>(node: &Node) -> Result<V, Diagnostic> {
    let words = || V::ALL.iter().map(|member| member.word());
    let listed = words().collect::<Vec<_>>().join(", ");
    let text = text_of(node, &format!("one of {listed}"))?;
    V::ALL
        .iter()
        .copied()
        .find(|member| member.word() == text)
        .ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            let message = format!("`{short}` is not one of {listed}");
            Diagnostic::new(Code::UnknownWord, node.place, message)
                .label("not a word of this key")
                .maybe_help(nearest(text, words()).map(|word| format!("did you mean `{word}`?")))
        })
}

/// Makes vocabularies values.
macro_rules! word_values {
    ($($name:ty),+ $(,)?) => {$(
        impl Value for $name {
            fn read(node: &Node) -> Result<Self, Diagnostic> {
                read_word(node)
            }

            fn print(&self) -> String {
                quoted(self.word())
            }

            fn form() -> String {
                let words: Vec<String> =
                    Self::ALL.iter().map(|member| format!("`{member}`")).collect();
                words.join(", ")
            }

            fn schema() -> Json {
                let words: Vec<&str> = Self::ALL.iter().map(|member| member.word()).collect();
                json!({ "enum": words })
            }
        }
    )+};
}

word_values!(
    crate::plan::Scheduler,
    crate::plan::Build,
    crate::plan::TcpProfile,
    crate::plan::Scope,
    crate::plan::Priority,
    crate::plan::ThreadName,
);

/// Whether the amount lies within `limits`.
pub(super) fn within_limits<T: Value>(
    value: &T,
    limits: (u64, u64),
    node: &Node,
) -> Result<(), Diagnostic> {
    let (least, most) = limits;
    let Some(amount) = value.amount() else {
        return Ok(());
    };
    if (least..=most).contains(&amount) {
        return Ok(());
    }
    let bound = if amount < least {
        format!("at least {}", T::show(least))
    } else {
        format!("at most {}", T::show(most))
    };
    let message = format!("{} is out of range, it must be {bound}", T::show(amount));
    Err(Diagnostic::new(Code::OutOfRange, node.place, message).label(bound))
}

/// The key of a map in a table, such as `control-block-leak` or `9156`.
pub(super) trait MapKey: Copy + Ord {
    /// What the keys are, for people.
    const FORM: &'static str;

    /// The key a name stands for; the error is what would help.
    fn parse(name: &str) -> Result<Self, Option<String>>;
    /// The name.
    fn name(self) -> String;
    /// The names there are, as JSON Schema.
    fn schema() -> Json;
}

impl MapKey for crate::plan::ViolationKind {
    const FORM: &'static str = "kind of violation";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        let words = || Self::ALL.iter().map(|member| member.word());
        let found = Self::ALL.iter().find(|member| member.word() == name);
        found.copied().ok_or_else(|| {
            Some(match nearest(name, words()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("kinds are {}", words().collect::<Vec<_>>().join(", ")),
            })
        })
    }

    fn name(self) -> String {
        self.word().to_owned()
    }

    fn schema() -> Json {
        let words: Vec<&str> = Self::ALL.iter().map(|member| member.word()).collect();
        json!({ "enum": words })
    }
}

impl MapKey for ExceptionCode {
    const FORM: &'static str = "`any` or eight hexadecimal digits";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        if name == "any" {
            return Ok(Self::Any);
        }
        let is_code = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(name, 16).ok().filter(|_| is_code);
        code.map(Self::Code).ok_or_else(|| {
            Some("write `any` or eight hexadecimal digits such as c0000005".to_owned())
        })
    }

    fn name(self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "pattern": "^(any|[0-9a-fA-F]{8})$" })
    }
}

impl MapKey for u32 {
    const FORM: &'static str = "event id";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        let id = units::whole(name).ok().filter(|id| *id <= 65_535);
        id.and_then(|id| Self::try_from(id).ok())
            .ok_or_else(|| Some("write an event id such as 9156".to_owned()))
    }

    fn name(self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "pattern": "^[0-9]{1,5}$" })
    }
}
