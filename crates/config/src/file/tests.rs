//! Tests of scenario files.

mod declarations;
mod hostile;
mod mistakes;
mod overrides;
mod round_trip;
mod slow_files;

use crate::plan::Scenario;

/// A file that uses every key.
const FULL: &str = include_str!("tests/full.toml");

/// The smallest scenario.
const SMALL: &str = r#"title = "t"
why = "w"
duration = "1h"
[host.A]
build = "5.5.2653.23"
[host.B]
build = "5.5.2653.23"
[link.l]
between = ["A", "B"]
[connector.c]
from = "A"
to = "B"
"#;

fn load(text: &str) -> Scenario {
    super::load("test.toml", text.as_bytes(), &[])
        .unwrap_or_else(|found| panic!("{}", found.to_human(false)))
}

/// The diagnostics of a wrong file, as a terminal shows them.
fn rendered(text: &[u8], overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    super::load("test.toml", text, &overrides)
        .expect_err("the file is wrong")
        .to_human(false)
}
