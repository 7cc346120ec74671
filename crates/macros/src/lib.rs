//! The attribute `#[mtasim::test]`: a test that runs guests under many seeds of a scenario.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// A test that runs guests under many seeds: `#[mtasim::test(scenario = "pool.toml", seeds = 0..200)]`
/// on a function that takes a `&mut mtasim::guest::Sim`.
///
/// `scenario` is the path of a scenario file, from the folder of the package's `Cargo.toml`. `seeds`
/// is a range; without it, 0 to 99 are run. The test fails as `mtasim::guest::test` does.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match expand(arguments, item) {
        Ok(test) => test,
        Err(message) => {
            let error = format!("::core::compile_error!({message:?});");
            error.parse().expect("a macro call with a string")
        }
    }
}

fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream, String> {
    let Arguments { scenario, seeds } = Arguments::read(arguments)?;
    let item: Vec<TokenTree> = item.into_iter().collect();
    let is_fn = |token: &TokenTree| token.to_string() == "fn";
    let at = item.iter().position(is_fn);
    let name = at.and_then(|at| item.get(at + 1));
    let name = name.ok_or("#[mtasim::test] stands before a function")?;
    // Attributes such as #[ignore] belong to the test, not to the function inside.
    let mut rest = item.as_slice();
    let mut attributes = TokenStream::new();
    while let [hash, group, others @ ..] = rest
        && hash.to_string() == "#"
        && matches!(group, TokenTree::Group(it) if it.delimiter() == Delimiter::Bracket)
    {
        attributes.extend([hash.clone(), group.clone()]);
        rest = others;
    }
    let function: TokenStream = rest.iter().cloned().collect();
    let test = format!(
        "{attributes} #[::core::prelude::v1::test] fn {name}() {{ \
             {function} \
             ::mtasim::guest::test({scenario}, ::core::include_str!(::core::concat!(\
                 ::core::env!(\"CARGO_MANIFEST_DIR\"), \"/\", {scenario})), {seeds}, {name}); \
         }}"
    );
    test.parse()
        .map_err(|error| format!("#[mtasim::test]: {error}"))
}

struct Arguments {
    scenario: String,
    seeds: String,
}

impl Arguments {
    fn read(tokens: TokenStream) -> Result<Self, String> {
        let (mut scenario, mut seeds) = (None, "0..100".to_owned());
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_comma = |token: &TokenTree| token.to_string() == ",";
        for part in tokens.split(is_comma).filter(|part| !part.is_empty()) {
            let [key, equals, value @ ..] = part else {
                return Err(Self::usage());
            };
            let value: TokenStream = value.iter().cloned().collect();
            match (key.to_string().as_str(), equals.to_string().as_str()) {
                ("scenario", "=") => scenario = Some(value.to_string()),
                ("seeds", "=") => seeds = value.to_string(),
                _ => return Err(Self::usage()),
            }
        }
        let scenario = scenario.ok_or_else(Self::usage)?;
        Ok(Self { scenario, seeds })
    }

    fn usage() -> String {
        "write #[mtasim::test(scenario = \"FILE.toml\", seeds = 0..200)]".to_owned()
    }
}
