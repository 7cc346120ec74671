//! Text from outside, such as titles, names, and file names, as each kind of output may show it.
//!
//! A scenario, a log or a capsule comes from someone else. Raw control characters move a terminal's
//! cursor, set its title or hide text; characters for the direction of writing make a line read
//! otherwise than it is; and XML knows neither. Every output passes such text through one of these
//! functions.

use std::borrow::Cow;

/// Whether a character changes how other text is shown, or does not exist in XML: control
/// characters (C0, DEL, C1), marks of direction (CVE-2021-42574), line separators of Unicode, the
/// byte-order mark, and non-characters.
fn is_disruptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

/// For a terminal: whole lines, in which only line ends and tabs act. Every other disruptive
/// character is shown as Rust writes it, `\u{1b}`.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    replaced(text, &['\n', '\t'], |character| {
        character.escape_unicode().collect()
    })
}

/// For a part of a line on a terminal, such as a title or the name of a file: line ends and tabs are
/// shown as well, so that it cannot pass for a line of ours.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, &[], |character| character.escape_unicode().collect())
}

/// For a terminal, as [`terminal`], but colours pass: text of ours with colours around foreign text
/// that went through [`terminal`].
#[must_use]
pub fn coloured(text: &str) -> String {
    let mut rest = text;
    let mut shown = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        shown += &terminal(before);
        let end = after
            .bytes()
            .position(|byte| !b"0123456789;".contains(&byte));
        match end {
            Some(end) if after.as_bytes()[end] == b'm' => {
                shown += "\u{1b}[";
                shown += &after[..=end];
                rest = &after[end + 1..];
            }
            _ => {
                shown += &terminal("\u{1b}[");
                rest = after;
            }
        }
    }
    shown += &terminal(rest);
    shown
}

/// For JSON: finished JSON text. Its strings keep their value; what is disruptive is escaped.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    // Outside of strings JSON has no disruptive character but line ends and tabs.
    replaced(text, &['\n', '\t'], |character| {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

/// For HTML and SVG, as text or between double quotes. What is disruptive becomes U+FFFD, since XML
/// cannot express it.
#[must_use]
pub fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if is_disruptive(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// For a whole page of HTML that a template has escaped: what is disruptive becomes U+FFFD, as in
/// [`markup`].
#[must_use]
pub fn page(html: &str) -> String {
    replaced(html, &['\n', '\t'], |_| '\u{fffd}'.to_string()).into_owned()
}

/// For a cell of a CSV table, which a CSV writer then quotes. What is disruptive is shown as on a
/// terminal, line ends included. A cell that a spreadsheet would take for a formula begins with an
/// apostrophe; numbers stay numbers.
#[must_use]
pub fn csv(text: &str) -> Cow<'_, str> {
    let shown = line(text);
    if shown.starts_with(['=', '+', '-', '@']) && shown.parse::<f64>().is_err() {
        return Cow::Owned(format!("'{shown}"));
    }
    shown
}

/// The text with every disruptive character, except those `kept`, replaced.
fn replaced<'a>(text: &'a str, kept: &[char], escape: impl Fn(char) -> String) -> Cow<'a, str> {
    let is_replaced = |character| is_disruptive(character) && !kept.contains(&character);
    if !text.contains(is_replaced) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_replaced(character) {
            shown += &escape(character);
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn nothing_disruptive_is_left(text in ".*", more in "[\\x00-\\x9f\u{202e}\u{fffe}]*") {
            let text = text + &more;
            let acts = |shown: &str, kept: &[char]| shown.contains(|it| is_disruptive(it) && !kept.contains(&it));
            prop_assert!(!acts(&terminal(&text), &['\n', '\t']));
            prop_assert!(!acts(&markup(&text), &['\n', '\t']));
            prop_assert!(!acts(&page(&text), &['\n', '\t']));
            prop_assert!(!acts(&line(&text), &[]));
            prop_assert!(!acts(&csv(&text), &[]));
            let colours: String = coloured(&text).split("\u{1b}[").map(|it| it.split_once('m').map_or(it, |(_, rest)| rest)).collect();
            prop_assert!(!acts(&colours, &['\n', '\t']));
        }

        #[test]
        fn json_keeps_its_value(text: String) {
            let written = serde_json::to_string(&text).expect("a string");
            let shown = json(&written);
            prop_assert!(!shown.contains(is_disruptive));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).expect("JSON"), text);
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["", "über 日本 \u{301}", "a\tb\nc", "1 < 2"] {
            assert_eq!(terminal(text), text);
            assert_eq!(coloured(text), text);
        }
        assert_eq!(csv("-5"), "-5");
        assert_eq!(csv("=1+2"), "'=1+2");
        assert_eq!(
            markup("a<b & \"c\" 'd'"),
            "a&lt;b &amp; &quot;c&quot; &#39;d&#39;"
        );
    }

    #[test]
    fn an_escape_sequence_is_shown_and_a_colour_of_ours_passes() {
        let hostile = "\u{1b}]0;title\u{7}\u{9b}2J\r";
        assert_eq!(terminal(hostile), r"\u{1b}]0;title\u{7}\u{9b}2J\u{d}");
        let ours = format!("\u{1b}[1;31merror\u{1b}[0m: {}", terminal("\u{1b}[2J"));
        assert_eq!(coloured(&ours), ours);
        assert_eq!(coloured("\u{1b}[2J\u{1b}["), r"\u{1b}[2J\u{1b}[");
        assert_eq!(json("\"\u{9b}\u{202e}\""), r#""\u009b\u202e""#);
        assert_eq!(markup("a\u{fffe}\u{1b}b"), "a\u{fffd}\u{fffd}b");
    }
}
