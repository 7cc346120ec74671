//! Values of keys: how each is written, read, bounded and described.
//!
//! Owns the trait [`Value`] and the scalars every section uses. It refuses keys and tables:
//! a value does not know what it is called.

mod collection;
mod date;
pub(super) mod map_key;
mod plain;
mod quantity;
mod range;
pub(super) mod word;

use std::fmt::Debug;

use serde_json::Value as Json;

use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};

/// Items a list may have.
pub(super) const LIST_MAX: u64 = 100_000;
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
    Diagnostic::new(Code::WrongType, node.span, message).label(format!("write {wanted}"))
}

fn malformed(node: &Node, wanted: &str, why: &str) -> Diagnostic {
    let message = format!("expected {wanted}: {why}");
    Diagnostic::new(Code::Malformed, node.span, message).label(format!("write {wanted}"))
}

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
    Err(Diagnostic::new(Code::OutOfRange, node.span, message).label(bound))
}
