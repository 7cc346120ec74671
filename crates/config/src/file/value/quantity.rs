//! Quantities with units, and shares.

use kernel::ratio::ParseRatioError;
use kernel::{Duration, Instant, Ratio};
use serde_json::{Value as Json, json};

use super::{Value, YEAR, malformed, quoted, text_of};
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};
use crate::format::suggestion::suggestion;
use crate::format::units::{self, QuantityError, Unit};
use crate::plan::{Bandwidth, ByteSize, Offset};

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

const A_TIME: &str = "a length of time such as \"90s\" or \"1h30m\"";
const TIME_PATTERN: &str = r"^\s*[0-9]+\s*(d|h|m|s|ms|us|ns)(\s*[0-9]+\s*(d|h|m|s|ms|us|ns))*\s*$";

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
                node.span,
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
            .map_err(|error: ParseRatioError| {
                let mut found = malformed(node, WANTED, &error.to_string());
                if error == ParseRatioError::AboveOne {
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
