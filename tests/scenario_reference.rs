//! The reference of scenario files and the schema agree with the reader.

use mtasim::file::{Code, key_tables, load, schema};

const PAGE: &str = include_str!("../docs/scenario.md");

/// The text between two comments of the page.
fn between(start: &str, end: &str) -> &'static str {
    let (_, rest) = PAGE
        .split_once(start)
        .expect("the page has the first remark");
    let (inside, _) = rest
        .split_once(end)
        .expect("the page has the second remark");
    inside.trim()
}

#[test]
fn the_schema_is_the_one_the_program_prints() {
    let committed = include_str!("../docs/scenario.schema.json");
    assert_eq!(
        committed,
        format!("{:#}\n", schema()),
        "docs/scenario.schema.json is out of date: mtasim schema > docs/scenario.schema.json"
    );
}

#[test]
fn the_page_lists_every_key() {
    assert_eq!(
        between("<!-- keys -->", "<!-- end of keys -->"),
        key_tables().trim(),
        "docs/scenario.md is out of date: see mtasim schema --keys"
    );
}

#[test]
fn the_page_lists_every_code() {
    let rows: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("| `{code}` | {} |", code.meaning().trim()))
        .collect();
    let listed = between("<!-- codes -->", "<!-- end of codes -->");
    let found: Vec<&str> = listed.lines().skip(2).collect();
    assert_eq!(found, rows);
}

#[test]
fn the_example_of_the_page_is_a_scenario() {
    let (_, rest) = PAGE
        .split_once("```toml\n")
        .expect("the page has an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let loaded = load("docs/scenario.md", example.as_bytes(), &[]);
    let scenario = loaded.unwrap_or_else(|found| panic!("{}", found.to_human(false)));
    assert_eq!(scenario.hosts.len(), 2);
}
