//! Lists and pairs of values.

use serde_json::{Value as Json, json};

use super::{LIST_MAX, Value, within_limits, wrong_type};
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};

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
            return Err(Diagnostic::new(Code::Malformed, node.span, message));
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
