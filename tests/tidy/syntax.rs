//! As much of Rust's syntax as it takes to see which module names which.
//!
//! Owns the way from text to [`Token`]s without comments, strings and tests. It refuses to be a
//! parser.

/// A word or a sign, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The tokens of a source without comments, literals, and items that only tests see.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    without_tests(lex(text))
}

fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = ignored(rest).unwrap_or_else(|| {
            let length = significant(rest, first);
            tokens.push(Token {
                text: rest[..length].to_owned(),
                line,
            });
            length
        });
        assert!(length > 0, "the lexer goes on");
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of a word, of `::` or of a single sign.
fn significant(rest: &str, first: char) -> usize {
    if rest.starts_with("::") {
        return 2;
    }
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    if is_word(first) {
        return rest.find(|it| !is_word(it)).unwrap_or(rest.len());
    }
    first.len_utf8()
}

/// The length of what says nothing about modules: space, comment or literal.
fn ignored(rest: &str) -> Option<usize> {
    let upto = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    if rest.starts_with(char::is_whitespace) {
        return Some(
            rest.find(|it: char| !it.is_whitespace())
                .unwrap_or(rest.len()),
        );
    }
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(upto("*/"));
    }
    let raw = rest.trim_start_matches(['b', 'c']);
    if let Some(after) = raw.strip_prefix('r') {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.len() - after.len() + hashes + 1;
            let inside = rest[start..].find(&end).expect("a raw string ends");
            return Some(start + inside + end.len());
        }
    }
    if rest.starts_with('"') || rest.starts_with("b\"") || rest.starts_with("c\"") {
        return Some(string(rest));
    }
    character(rest)
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    let start = rest.find('"').expect("a string starts") + 1;
    let end = rest[start..].find(|it| {
        let ends = it == '"' && !escaped;
        escaped = it == '\\' && !escaped;
        ends
    });
    start + end.expect("a string ends") + 1
}

/// The length of a character, or of a lifetime, which begins alike.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix("b'").or(rest.strip_prefix('\''))?;
    let start = rest.len() - inside.len();
    if let Some(escape) = inside.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        let end = escape[first..].find('\'').expect("a character ends");
        return Some(start + 1 + first + end + 1);
    }
    let first = inside.chars().next()?.len_utf8();
    if inside[first..].starts_with('\'') {
        return Some(start + first + 1);
    }
    Some(start)
}

/// Leaves out what stands behind `#[cfg(test)]`, up to its `;` or the end of its braces.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let is_mark = |at: usize| {
        let texts = tokens[at..].iter().map(|it| it.text.as_str());
        texts.take(MARK.len()).eq(MARK)
    };
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if is_mark(at) {
            at = item_end(&tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (token, at) in tokens[start..].iter().zip(start..) {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "]" | ")" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[test]
fn only_what_is_said_to_the_compiler_counts() {
    let text = r##"
        // use crate::comment;
        #[cfg(test)] mod tests { use crate::test; fn f() { } }
        fn f<'a>(_: &'a str) -> char { let _ = "use \" crate::string"; let _ = r#"a" b"#; '\'' }
        use crate::{one, two::Three};
    "##;
    let found: Vec<String> = tokens(text).into_iter().map(|it| it.text).collect();
    let said = found.join(" ");
    assert!(!said.contains("comment") && !said.contains("test") && !said.contains("string"));
    assert!(
        said.ends_with("use crate :: { one , two :: Three } ;"),
        "{said}"
    );
}
