//! Ranges of counts.

use serde_json::{Value as Json, json};

use super::{Value, malformed, quoted, text_of};
use crate::format::diagnostic::Diagnostic;
use crate::format::document::{Item, Node};
use crate::format::units;
use crate::plan::CountRange;

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
        let Some((min, max)) = text.split_once("..") else {
            return Ok(Self::exactly(bound(text)?));
        };
        let range = Self {
            min: if min.is_empty() { 0 } else { bound(min)? },
            max: match max {
                "" => None,
                digits => Some(bound(digits)?),
            },
        };
        if min.is_empty() && max.is_empty() {
            return Err(malformed(node, WANTED, "both bounds are missing"));
        }
        if range.max.is_some_and(|max| max < range.min) {
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
