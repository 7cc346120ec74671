//! `mtasim check`: what is wrong with scenarios, without running them.

use std::io;
use std::path::Path;

use config::file::Diagnostics;
use config::plan::Scenario;
use serde_json::{Value as Json, json};

use crate::arguments::{CheckArguments, Format};
use crate::exit_code;
use crate::input::{self, LoadError};
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &CheckArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let mut worst = exit_code::SUCCESS;
    for path in &arguments.files {
        worst = worst.max(check_one(path, arguments, terminal)?);
    }
    Ok(worst)
}

fn check_one(path: &Path, arguments: &CheckArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let name = path.display().to_string();
    match input::load(path, &arguments.overrides) {
        Ok(scenario) => {
            show(&name, &scenario, arguments, terminal)?;
            Ok(exit_code::SUCCESS)
        }
        Err(LoadError::Wrong(diagnostics)) => {
            complain(&name, &diagnostics, arguments.format, terminal)?;
            Ok(exit_code::USAGE)
        }
        Err(LoadError::Unreadable(error)) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            Ok(exit_code::ENVIRONMENT)
        }
    }
}

fn show(
    name: &str,
    scenario: &Scenario,
    arguments: &CheckArguments,
    terminal: &mut Terminal,
) -> io::Result<()> {
    if arguments.print {
        return terminal.print(&scenario.to_toml());
    }
    match arguments.format {
        Format::Human => terminal.print(&format!("{name}: ok, {}\n", scenario.title)),
        Format::Json => terminal.print(&format!(
            "{}\n",
            answer(
                name,
                json!({
                    "ok": true,
                    "title": scenario.title,
                    "content_hash": hexadecimal(&scenario.content_hash()),
                    "diagnostics": [],
                })
            )
        )),
    }
}

fn complain(
    name: &str,
    diagnostics: &Diagnostics,
    format: Format,
    terminal: &mut Terminal,
) -> io::Result<()> {
    match format {
        Format::Human => terminal.note(&diagnostics.to_human(true)),
        Format::Json => {
            let mut found = diagnostics.to_json();
            found["ok"] = json!(false);
            terminal.print(&format!("{}\n", answer(name, found)))
        }
    }
}

/// One line of JSON about a file.
fn answer(name: &str, mut about: Json) -> Json {
    about["schema_version"] = json!(1);
    about["file"] = json!(name);
    about
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
