//! Scenarios from the user's files.
//!
//! Owns the way from a path to a loaded scenario, for every command alike. It refuses to say
//! what else to do about a scenario that is wrong than to say so.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use config::file::{self, Diagnostics};
use config::plan::Scenario;
use config::swarm;

use crate::arguments::Overrides;
use crate::exit_code;
use crate::terminal::Terminal;

/// Bytes read of a file: one more than a scenario may have, so that the excess is noticed.
const BYTES_MAX: u64 = file::SIZE_MAX as u64 + 1;

/// Why there is no scenario.
pub(crate) enum LoadError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// It is no scenario.
    Wrong(Diagnostics),
}

/// Reads and checks a scenario; `-` is standard input.
pub(crate) fn load(path: &Path, overrides: &Overrides) -> Result<Scenario, LoadError> {
    let bytes = read(path).map_err(LoadError::Unreadable)?;
    let name = path.display().to_string();
    file::load(&name, &bytes, &overrides.set).map_err(LoadError::Wrong)
}

/// Reads a scenario for a command that needs one, or says why there is none: the exit code.
pub(crate) fn require(
    path: &Path,
    overrides: &Overrides,
    terminal: &mut Terminal,
) -> io::Result<Result<Scenario, u8>> {
    match load(path, overrides) {
        Ok(scenario) => Ok(Ok(scenario)),
        Err(LoadError::Wrong(diagnostics)) => {
            terminal.note(&diagnostics.to_human(true))?;
            Ok(Err(exit_code::USAGE))
        }
        Err(LoadError::Unreadable(error)) => {
            terminal.error(&format!("cannot read {}: {error}", path.display()));
            Ok(Err(exit_code::ENVIRONMENT))
        }
    }
}

/// Reads a scenario as one seed of a swarm has it: the given seed, or the scenario's own. Says what
/// it selected.
pub(crate) fn require_selected(
    path: &Path,
    overrides: &Overrides,
    seed: Option<u64>,
    terminal: &mut Terminal,
) -> io::Result<Result<Scenario, u8>> {
    let name = path.display().to_string();
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            return Ok(Err(exit_code::ENVIRONMENT));
        }
    };
    let selected = file::load(&name, &bytes, &overrides.set).and_then(|whole| {
        let seed = seed.unwrap_or(whole.seed);
        swarm::select(&name, &bytes, &overrides.set, seed)
    });
    match selected {
        Ok(selection) => {
            let settings = selection.settings.iter();
            let settings: Vec<String> = settings
                .map(|(path, value)| format!("{path} {value}"))
                .collect();
            terminal.note(&format!("swarm: {}\n", settings.join(", ")))?;
            Ok(Ok(selection.scenario))
        }
        Err(found) => {
            terminal.note(&found.to_human(true))?;
            Ok(Err(exit_code::USAGE))
        }
    }
}

/// Reads a file, as much of it as a scenario may have; `-` is standard input.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, BYTES_MAX)
}

/// Reads a file, the first `most` bytes of it; `-` is standard input.
pub(crate) fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
