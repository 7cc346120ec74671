//! The tokens of a Rust source file, without comments, literals, and code that only tests compile.
//! This is enough to see which module names which.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A token and its position.
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
    let stream: TokenStream = text.parse().expect("a source file of the tree is Rust");
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    tokens
}

/// Adds the tokens of a stream in order. `::` is one token; literals say nothing about modules.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let mut add = |text: &str, line| {
            tokens.push(Token {
                text: text.to_owned(),
                line,
            });
        };
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = delimiters(group.delimiter());
                add(open, line);
                flatten(group.stream(), tokens);
                tokens.push(Token {
                    text: close.to_owned(),
                    line: group.span_close().start().line,
                });
            }
            TokenTree::Ident(ident) => add(&ident.to_string(), line),
            TokenTree::Punct(punct) => {
                let is_double = punct.as_char() == ':' && punct.spacing() == Spacing::Joint;
                if is_double
                    && matches!(trees.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':')
                {
                    trees.next();
                    add("::", line);
                } else {
                    add(&punct.as_char().to_string(), line);
                }
            }
            TokenTree::Literal(_) => {}
        }
    }
}

const fn delimiters(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

/// Skips the item after `#[cfg(test)]`, up to its `;` or the end of its braces.
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
