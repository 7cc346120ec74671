//! Counts, truth, texts and addresses.

use std::net::Ipv4Addr;

use serde_json::{Value as Json, json};

use super::{Value, malformed, quoted, text_of, wrong_type};
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};
use crate::format::units::{self, QuantityError};

/// Signs a text may have.
const TEXT_MAX: u64 = 4_000;

impl Value for u64 {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a whole number, not negative";
        let too_large = || {
            let message = "the number does not fit 64 bits";
            Diagnostic::new(Code::OutOfRange, node.span, message)
        };
        match &node.item {
            Item::Integer { digits, .. } if digits.starts_with('-') => Err(Diagnostic::new(
                Code::OutOfRange,
                node.span,
                "a count is never negative",
            )),
            Item::Integer { digits, radix } => {
                let digits = digits.trim_start_matches('+');
                Self::from_str_radix(digits, *radix).map_err(|_| too_large())
            }
            // TOML's own integers end at 2^63 - 1; identities and seeds do not.
            Item::Text(text) => match text.strip_prefix("0x").map(units::hexadecimal) {
                Some(Ok(number)) => Ok(number),
                Some(Err(QuantityError::Overflow)) => Err(too_large()),
                Some(Err(_)) | None => Err(malformed(node, WANTED, "this text is not a number")),
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
                node.span,
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
