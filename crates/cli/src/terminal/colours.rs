//! Colours of a result for people: verdicts, the kinds of failures, and counts of what went wrong.

use config::plan::{Keyword, ViolationKind};

/// Bold red, as of an error of a diagnostic.
pub(super) const RED: &str = "\u{1b}[1m\u{1b}[91m";
const GREEN: &str = "\u{1b}[1m\u{1b}[92m";
const YELLOW: &str = "\u{1b}[1m\u{1b}[93m";
pub(super) const PLAIN: &str = "\u{1b}[0m";

/// Words that begin a line with a verdict. The last three are those of `diagnose`.
const VERDICTS: [(&str, &str); 6] = [
    ("PASS", GREEN),
    ("FAIL", RED),
    ("UNDECIDED", YELLOW),
    ("No leak.", GREEN),
    ("leaked  ", RED),
    ("suspected  ", YELLOW),
];

/// Words before a count that is worth a colour unless it is zero, in the lines of `sweep` and `compare`.
const COUNTS: [(&str, &str); 3] = [
    (" as the scenario expects, ", RED),
    ("  fixed ", GREEN),
    (", broke ", RED),
];

/// The text with its colours.
pub(super) fn coloured(text: &str) -> String {
    text.split_inclusive('\n').map(coloured_line).collect()
}

fn coloured_line(line: &str) -> String {
    let verdict = VERDICTS.iter().find(|(word, _)| {
        let rest = line.strip_prefix(word);
        rest.is_some_and(|it| {
            // A longer word, such as PASSED, is no verdict; `leaked  ` and `No leak.` end by themselves.
            word.ends_with([' ', '.']) || it.is_empty() || it.starts_with([':', '\n'])
        })
    });
    if let Some((word, colour)) = verdict {
        return format!("{colour}{word}{PLAIN}{}", &line[word.len()..]);
    }
    if let Some(kind) = failure_kind(line) {
        let (before, rest) = line.split_at(kind.start);
        let (word, after) = rest.split_at(kind.end - kind.start);
        return format!("{before}{RED}{word}{PLAIN}{after}");
    }
    let mut line = line.to_owned();
    for (before, colour) in COUNTS {
        if let Some((head, tail)) = line.split_once(before) {
            let end = tail
                .find(|it: char| !it.is_ascii_digit())
                .unwrap_or(tail.len());
            let (count, rest) = tail.split_at(end);
            if !count.is_empty() && count != "0" {
                line = format!("{head}{before}{colour}{count}{PLAIN}{rest}");
            }
        }
    }
    line.replacen(" UNDECIDED (", &format!(" {YELLOW}UNDECIDED{PLAIN} ("), 1)
        .replacen(": ok, ", &format!(": {GREEN}ok{PLAIN}, "), 1)
}

/// Where the kind of a failure is in a line that begins with a signature, after a count or a time:
/// `23 x control-block-leak: ...`.
fn failure_kind(line: &str) -> Option<std::ops::Range<usize>> {
    let mut rest = line.trim_start();
    for separator in [" x ", "  "] {
        if let Some((number, after)) = rest.split_once(separator)
            && number
                .bytes()
                .all(|it| it.is_ascii_digit() || b":.".contains(&it))
        {
            rest = after;
        }
    }
    let rest = rest.strip_prefix("recorded failure: ").unwrap_or(rest);
    let word = &rest[..rest.find(':')?];
    let code = word.strip_prefix("exception ");
    let is_exception =
        code.is_some_and(|it| it.len() == 8 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    let is_kind = ViolationKind::ALL.iter().any(|it| it.as_str() == word);
    let start = line.len() - rest.len();
    (is_kind || is_exception).then(|| start..start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_coloured_where_it_begins_a_line() {
        let text = "a title\nFAIL: not\n  FAIL: no\nPASSED\nPASS\n";
        let shown =
            format!("a title\n{RED}FAIL{PLAIN}: not\n  FAIL: no\nPASSED\n{GREEN}PASS{PLAIN}\n");
        assert_eq!(coloured(text), shown);
    }

    #[test]
    fn a_failure_is_coloured_in_the_lines_of_every_command() {
        for before in [
            "",
            "  ",
            "23 x ",
            "  0:02:01.300092061  ",
            "recorded failure: ",
        ] {
            for kind in ["control-block-leak", "data-race", "exception c0000005"] {
                let line = format!("{before}{kind}: somewhere\n");
                let shown = format!("{before}{RED}{kind}{PLAIN}: somewhere\n");
                assert_eq!(coloured(&line), shown);
            }
        }
        for other in [
            "link wan: 3 packets\n",
            "exception: no\n",
            "  why: data-race: no\n",
        ] {
            assert_eq!(coloured(other), other);
        }
    }

    #[test]
    fn counts_are_coloured_unless_they_are_zero() {
        let clean =
            "3 runs: 3 as the scenario expects, 0 not; 1 rerun\n  fixed 0, broke 0, both 0\n";
        assert_eq!(coloured(clean), clean);
        let text = "9 runs: 3 as the scenario expects, 2 not, 4 UNDECIDED (4 cut off)\n";
        let shown = format!(
            "9 runs: 3 as the scenario expects, {RED}2{PLAIN} not, 4 {YELLOW}UNDECIDED{PLAIN} (4 cut off)\n"
        );
        assert_eq!(coloured(text), shown);
        assert_eq!(
            coloured("  fixed 3, broke 12, both 0\n"),
            format!("  fixed {GREEN}3{PLAIN}, broke {RED}12{PLAIN}, both 0\n")
        );
        assert_eq!(
            coloured("a.toml: ok, a title\n"),
            format!("a.toml: {GREEN}ok{PLAIN}, a title\n")
        );
    }
}
