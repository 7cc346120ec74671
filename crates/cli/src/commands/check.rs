//! `mtasim check`: checks scenario files without running them.

use std::path::Path;

use config::plan::Scenario;
use config::untrusted_text::line;
use serde_json::{Value as Json, json};

use crate::arguments::{CheckArguments, Format};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &CheckArguments, terminal: &mut Terminal) -> Result<u8, CommandError> {
    let mut worst = exit_code::SUCCESS;
    for path in &arguments.files {
        // A bad file does not stop the check of the next.
        let code = match check(path, arguments, terminal) {
            Err(CommandError::Terminal(error)) => return Err(CommandError::Terminal(error)),
            Err(failure) => {
                // Every file has an object, also one that cannot be read.
                if arguments.format == Format::Json {
                    terminal.print_object(named(path, failure.object()))?;
                }
                failure.report(terminal)
            }
            Ok(code) => code,
        };
        worst = worst.max(code);
    }
    Ok(worst)
}

fn check(
    path: &Path,
    arguments: &CheckArguments,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    match (
        input::whole_scenario(path, &arguments.overrides),
        arguments.format,
    ) {
        (Ok(scenario), format) => {
            match format {
                Format::Human if arguments.print => terminal.print(&scenario.to_toml())?,
                Format::Human => {
                    let file = input::name(path);
                    let (file, title) = (line(&file), line(&scenario.title));
                    let guests = guests(&scenario);
                    terminal.print(&format!("{file}: ok, {title}{guests}\n"))?;
                }
                Format::Json => {
                    let mut object = valid(&scenario);
                    if arguments.print {
                        object["canonical"] = json!(scenario.to_toml());
                    }
                    terminal.print_object(named(path, object))?;
                }
            }
            Ok(exit_code::SUCCESS)
        }
        (Err(CommandError::Scenario(diagnostics)), Format::Json) => {
            let mut object = diagnostics.to_json();
            object["ok"] = json!(false);
            terminal.print_object(named(path, object))?;
            Ok(exit_code::USAGE)
        }
        (Err(failure), _) => Err(failure),
    }
}

/// What a run needs that the file does not have: the programs of its guests.
fn guests(scenario: &Scenario) -> String {
    let hosts = scenario.hosts.iter();
    let guests = hosts.filter(|(_, host)| host.build().is_none());
    let guests: Vec<&str> = guests.map(|(name, _)| name.as_str()).collect();
    match guests.as_slice() {
        [] => String::new(),
        guests => format!(
            "\n  guests, which run in a program that registers them (mtasim::guest): {}",
            guests.join(", ")
        ),
    }
}

fn valid(scenario: &Scenario) -> Json {
    let hash = scenario.content_hash();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "ok": true,
        "title": scenario.title,
        "content_hash": hash,
        "diagnostics": [],
    })
}

fn named(path: &Path, mut object: Json) -> Json {
    object["schema_version"] = json!(1);
    object["file"] = json!(input::name(path));
    object
}
