//! The scalar types of the standard library and the kernel.

use std::net::Ipv4Addr;

use kernel::ratio::ParseRatioError;
use kernel::{Duration, Instant, Ratio};
use serde_json::json;
use toml::de::DeValue;

use super::key::scalar::{
    YEAR, integer_form, malformed, number_of, out_of_range, parse_quantity, parse_u64,
    quantity_form, quoted, show_count, text_of, wrong_type,
};
use crate::format::diagnostic::Code;
use crate::format::field::field;
use crate::format::prelude::*;
use crate::format::units::TIME;

/// Characters of a text.
const TEXT_MAX: u64 = 4_000;

scalars! {
    u64 {
        blank: 0,
        form: |range| ("integer", integer_form(range)),
        parse: |node| parse_u64(node),
        // TOML's own integers end at 2^63 - 1; identities and seeds do not.
        toml: |it| match i64::try_from(*it) {
            Ok(number) => number.to_string(),
            Err(_) => quoted(&format!("{it:#x}")),
        },
        amount: |it| it, in 0..=u64::MAX, show: |amount| amount.to_string(),
    }
    u32 {
        blank: 0,
        form: |range| ("integer", integer_form(range)),
        parse: |node| {
            let wide = parse_u64(node)?;
            let too_large = |_| out_of_range(format!("the integer {wide} is too large"));
            Self::try_from(wide).map_err(too_large)
        },
        toml: |it| it.to_string(),
        amount: |it| u64::from(it), in 0..=u64::from(u32::MAX), show: |amount| amount.to_string(),
    }
    bool {
        blank: false,
        form: |_range| ("true or false", json!({ "type": "boolean" })),
        parse: |node| {
            let DeValue::Boolean(value) = node.get_ref() else {
                return Err(wrong_type(node, "true or false"));
            };
            Ok(*value)
        },
        toml: |it| it.to_string(),
    }
    String {
        blank: Self::new(),
        form: |range| ("string", json!({
            "type": "string", "minLength": range.start(), "maxLength": range.end(),
        })),
        parse: |node| text_of(node, "a string").map(str::to_owned),
        toml: |it| quoted(it),
        amount: |it| it.chars().count() as u64, in 1..=TEXT_MAX,
        show: |amount| show_count(amount, "character"),
    }
    Ipv4Addr {
        blank: Self::UNSPECIFIED,
        form: |_range| ("IPv4 address", json!({ "type": "string", "format": "ipv4" })),
        parse: |node| {
            let wrong = |why| malformed("an IPv4 address such as \"10.0.0.1\"", why);
            let address: Self = text_of(node, "an IPv4 address such as \"10.0.0.1\"")?
                .parse()
                .map_err(|_| wrong("this is not an IPv4 address"))?;
            let is_host = !(address.is_unspecified() || address.is_multicast()
                || address.is_broadcast() || address.is_loopback());
            is_host.then_some(address).ok_or_else(|| wrong("a host cannot have this address"))
        },
        toml: |it| quoted(&it.to_string()),
    }
    Ratio {
        blank: Self::ZERO,
        form: |_range| ("fraction", json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            {
                "type": "string",
                "pattern": r"^\s*[0-9]+\s*/\s*[0-9]+\s*$|^\s*[01](\.[0-9]{0,18})?\s*$|^\s*[0-9]{1,3}(\.[0-9]{1,12})?\s*%\s*$",
            },
        ]})),
        parse: |node| parse_ratio(node),
        toml: |it| quoted(&it.to_string()),
    }
    Duration {
        blank: Self::ZERO,
        form: |range| ("time", quantity_form(&TIME, range)),
        parse: |node| parse_quantity(node, &TIME).map(Self::from_nanos),
        toml: |it| quoted(&it.to_string()),
        amount: |it| it.nanos(), in 0..=YEAR, show: TIME.show,
    }
    Instant {
        blank: Self::ZERO,
        form: |range| ("time since the start", quantity_form(&TIME, range)),
        parse: |node| parse_quantity(node, &TIME).map(Self::from_nanos),
        toml: |it| quoted(&it.since_start().to_string()),
        amount: |it| it.nanos(), in 0..=YEAR, show: TIME.show,
    }
}

/// A number of percent as a quotient of integers: `12.5` is `125/1000`.
fn of_percent(text: &str) -> Option<String> {
    const DIGITS_MAX: usize = 12;
    let text = text.trim_end();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let is_short = (1..=3).contains(&whole.len()) && fraction.len() <= DIGITS_MAX;
    let is_cut = text.ends_with('.');
    if !is_number(whole) || !is_number(fraction) || !is_short || is_cut {
        return None;
    }
    let zeros = "0".repeat(fraction.len());
    Some(format!("{whole}{fraction}/100{zeros}"))
}

fn parse_ratio(node: &SpannedItem<'_>) -> Result<Ratio, Diagnostic> {
    const WANTED: &str = "a fraction such as \"1/8\", \"0.125\" or \"12.5%\"";
    // `0.01` needs no quotes, and is read as the decimal fraction that it is.
    let text = number_of(node).map_or_else(|| text_of(node, WANTED), Ok)?;
    // Turned into a quotient of integers before it is parsed: 12.5 % has to be exactly 1/8.
    let percent = text.trim().strip_suffix('%').and_then(of_percent);
    let text = percent.as_deref().unwrap_or(text);
    text.parse().map_err(|error: ParseRatioError| match error {
        ParseRatioError::Form => malformed(WANTED, "this is not a fraction"),
        ParseRatioError::ZeroDenominator => malformed(WANTED, &error.to_string()),
        ParseRatioError::AboveOne => Diagnostic {
            code: Code::OutOfRange,
            ..malformed(WANTED, &error.to_string())
        },
    })
}
