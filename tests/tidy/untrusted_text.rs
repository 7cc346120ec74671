//! Text from outside has one way into each output: `config::untrusted_text`. No other code writes to a terminal, escapes
//! for markup, or marks text as safe.

use std::collections::BTreeSet;

use super::none_of;
use super::tree::{self, File};

/// Files of the product that may name a stream of the terminal, each with the reason.
const TERMINAL: [(&str, &str); 5] = [
    ("crates/cli/src/terminal.rs", "the way itself"),
    (
        "crates/cli/src/progress.rs",
        "asks whether it is a terminal; its text goes through `untrusted_text`",
    ),
    (
        "crates/cli/src/tracing_filter.rs",
        "the subscriber escapes what it writes",
    ),
    (
        "crates/guest/src/stuck.rs",
        "its text goes through `untrusted_text`",
    ),
    (
        "crates/property/src/campaign.rs",
        "counts and words of ours",
    ),
];

/// Sources of the product, without tests and development tools.
fn sources() -> Vec<File> {
    let mut sources = tree::files_of("crates/", "rs");
    let tools = [
        "crates/bench/",
        "crates/fuzz/",
        "crates/packetdrill/",
        "crates/found/",
        "crates/realnet/",
    ];
    sources.retain(|file| {
        let is_tool = tools.iter().any(|tool| file.path.starts_with(tool));
        let is_test = file.path.contains("/tests/") || file.path.ends_with("tests.rs");
        !is_tool && !is_test
    });
    assert!(
        sources.len() > 100,
        "the product has more sources than that"
    );
    sources
}

/// The lines of the product outside unit tests that contain one of these words.
fn lines_with(words: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in sources() {
        let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        for (line, number) in code.lines().zip(1..) {
            let is_comment = line.trim_start().starts_with("//");
            if !is_comment && words.iter().any(|word| line.contains(word)) {
                found.push((
                    file.path.clone(),
                    format!("{}:{number}: {}", file.path, line.trim()),
                ));
            }
        }
    }
    found
}

#[test]
fn only_one_module_writes_to_the_terminal() {
    let streams = [
        "stdout()",
        "stderr()",
        "io::stderr",
        "io::stdout",
        "println!",
        "eprint",
        "print!(",
    ];
    let mut found = lines_with(&streams);
    assert!(
        found.iter().any(|(path, _)| path == TERMINAL[0].0),
        "the rule sees the way itself"
    );
    found.retain(|(path, line)| {
        let is_allowed = TERMINAL.iter().any(|(allowed, _)| path == allowed);
        // `use_stderr()` is a question, and a macro of `tracing` or a test is not meant.
        // A build script talks to cargo on standard output.
        let is_build_script = path.ends_with("/build.rs");
        !is_allowed && !is_build_script && !line.contains("use_stderr()")
    });
    let found: Vec<String> = found.into_iter().map(|(_, line)| line).collect();
    none_of(
        &found,
        "text for a terminal goes through crates/cli/src/terminal.rs",
    );
}

#[test]
fn only_one_module_escapes_for_markup() {
    let found = lines_with(&["&lt;", "&amp;", "&quot;"]);
    let found: Vec<String> = found
        .into_iter()
        .filter(|(path, _)| path != "crates/config/src/untrusted_text.rs")
        .map(|(_, line)| line)
        .collect();
    none_of(
        &found,
        "text for HTML and SVG goes through config::untrusted_text::markup",
    );
}

#[test]
fn what_writes_a_table_or_a_row_uses_the_function_for_it() {
    let users = |words: &[&str]| -> Vec<String> {
        lines_with(words)
            .into_iter()
            .map(|(path, _)| path)
            .collect()
    };
    let tables = users(&["csv::Writer"]);
    assert_eq!(tables, ["crates/explore/src/sweep/summary.rs"]);
    let safe = users(&["untrusted_text::csv("]);
    none_of(
        &tables
            .into_iter()
            .filter(|path| !safe.contains(path))
            .collect::<Vec<_>>(),
        "text for CSV goes through config::untrusted_text::csv",
    );
}

/// JSON keeps control characters from U+007F on, marks of direction and non-characters as they are.
#[test]
fn json_that_is_written_goes_through_one_function() {
    let paths = |words: &[&str]| -> BTreeSet<String> {
        let lines = lines_with(words).into_iter();
        lines.map(|(path, _)| path).collect()
    };
    // What turns a value into text. `to_value` does not.
    let printers = paths(&[
        "serde_json::to_string",
        "serde_json::to_vec",
        "serde_json::to_writer",
        "serde_json::Serializer",
        "Value::from(value.to_string()).to_string()",
        "json::object(",
    ]);
    assert!(
        printers.len() > 4,
        "the rule sees the printers: {printers:?}"
    );
    let safe = paths(&["untrusted_text::json(", "print_json(", "print_object("]);
    let unsafe_ones: Vec<String> = printers.difference(&safe).cloned().collect();
    none_of(
        &unsafe_ones,
        "JSON goes through config::untrusted_text::json",
    );
    // A value prints itself with `{object}`, which no word of the code shows. So only these crates may have values.
    let values = paths(&[
        "serde_json::{",
        "serde_json::Value",
        "serde_json::json",
        "json!(",
    ]);
    let makers = ["crates/cli/", "crates/config/", "crates/explore/"];
    let is_maker = |path: &String| makers.iter().any(|it| path.starts_with(it));
    let others = values.difference(&safe).filter(|path| !is_maker(path));
    none_of(
        &others.cloned().collect::<Vec<_>>(),
        "JSON is made where it goes through config::untrusted_text::json",
    );
}

/// Paths and titles have no place in a message but through `line`.
#[test]
fn a_path_is_shown_by_one_function_in_each_crate() {
    let mut found = lines_with(&[".display()"]);
    let allowed = [
        // The functions, and what is quoted for a shell or as text of Rust.
        ("crates/cli/src/paths.rs", "path.display().to_string()"),
        (
            "crates/explore/src/sweep/results_error.rs",
            "untrusted_text::line(",
        ),
        (
            "crates/explore/src/shrink/regression_file.rs",
            "display().to_string()",
        ),
    ];
    found.retain(|(path, line)| {
        let is_product = ["crates/cli/", "crates/explore/"]
            .iter()
            .any(|it| path.starts_with(it));
        let is_allowed = allowed
            .iter()
            .any(|(file, words)| path == file && line.contains(words));
        // The subscriber of `tracing` escapes; `diagnose` has its own way.
        let is_build_script = path.ends_with("/build.rs");
        is_product
            && !is_build_script
            && !is_allowed
            && !line.contains("tracing::debug!")
            && !path.contains("diagnose")
    });
    let found: Vec<String> = found.into_iter().map(|(_, line)| line).collect();
    none_of(&found, "a path in a message goes through `shown`");
}

/// Templates escape by themselves; what they do not escape is ours or went through `untrusted_text`.
#[test]
fn templates_mark_nothing_else_as_safe() {
    let mut marked: Vec<String> = tree::files()
        .into_iter()
        .filter(|file| file.path.starts_with("crates/view/page/") && file.path.ends_with(".html"))
        .flat_map(|file| {
            let lines = file.text.lines().filter(|line| line.contains("|safe"));
            lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    marked.sort();
    let allowed = [
        "<script type=\"application/json\" id=\"run\">{{ data|safe }}</script>",
        "<style>{{ style|safe }}</style>",
        "{{ script|safe }}</script>",
    ];
    assert_eq!(marked, allowed);
}
