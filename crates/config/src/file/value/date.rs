//! The date of the epoch.

use serde_json::{Value as Json, json};

use super::{Value, malformed, quoted, text_of};
use crate::format::diagnostic::Diagnostic;
use crate::format::document::{Item, Node};
use crate::format::units;
use crate::plan::Epoch;

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
