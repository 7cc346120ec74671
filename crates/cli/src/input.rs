//! Scenarios and capsules from the user's files. The path `-` is standard input.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use config::file;
use config::plan::Scenario;
use config::swarm;
use explore::repro::capsule::{self, Capsule, CapsuleError};
use simulation::lowering;

use crate::arguments::{Overrides, Seed};
use crate::command_error::CommandError;
use crate::paths::is_descriptor;
pub(crate) use crate::paths::{name, shown};
use crate::terminal::Terminal;

/// Bytes read of a capsule or scenario: one more than allowed, so that the parser sees the excess.
const CAPSULE_MAX: u64 = capsule::SIZE_MAX as u64 + 1;

/// A file that is a capsule or a scenario.
pub(crate) enum InputFile {
    Capsule(Box<Capsule>),
    Scenario(Box<Scenario>),
}

/// Reads a scenario; of a capsule, the scenario that it holds, with its seed.
pub(crate) fn scenario(path: &Path, overrides: &Overrides) -> Result<Scenario, CommandError> {
    let bytes = bytes(path)?;
    load(&name(path), &bytes, &overrides.set)
}

/// Reads a scenario as [`scenario`] does, and checks what every seed of a swarm could draw.
pub(crate) fn whole_scenario(path: &Path, overrides: &Overrides) -> Result<Scenario, CommandError> {
    let (name, bytes) = (name(path), bytes(path)?);
    let scenario = load(&name, &bytes, &overrides.set)?;
    swarm::check(&scenario, &name, &bytes, &overrides.set)?;
    Ok(scenario)
}

/// Reads a scenario and checks everything for which a run would refuse it.
fn load(name: &str, bytes: &[u8], set: &[String]) -> Result<Scenario, CommandError> {
    let scenario = file::load(name, bytes, set)?;
    check_network(name, bytes, set, &scenario)?;
    Ok(scenario)
}

/// Checks that the network of a scenario can be built.
pub(crate) fn check_network(
    name: &str,
    bytes: &[u8],
    set: &[String],
    scenario: &Scenario,
) -> Result<(), CommandError> {
    lowering::check_network(scenario).map_err(|error| {
        let setting = error.invalid_setting(scenario);
        file::mistake_at(name, bytes, set, &setting.path, &setting.message).into()
    })
}

/// Reads a scenario as `sweep --swarm` runs it with `seed`, or with the scenario's own seed.
/// Prints what the seed selected.
pub(crate) fn swarm_scenario(
    path: &Path,
    overrides: &Overrides,
    seed: Option<u64>,
    terminal: &mut Terminal,
) -> Result<Scenario, CommandError> {
    let (name, bytes) = (name(path), bytes(path)?);
    let whole = load(&name, &bytes, &overrides.set)?;
    let seed = seed.unwrap_or(whole.seed);
    let selection = swarm::select(&name, &bytes, &overrides.set, seed)?;
    let settings = selection.settings.iter();
    let settings: Vec<String> = settings
        .map(|(path, value)| format!("{path} {value}"))
        .collect();
    terminal.note(&format!("swarm: {}\n", settings.join(", ")));
    Ok(selection.scenario)
}

/// Reads a capsule.
pub(crate) fn capsule(path: &Path) -> Result<Capsule, CommandError> {
    let bytes = at_most(path, CAPSULE_MAX)?;
    Capsule::parse(&bytes).map_err(|error| invalid(path, &error))
}

/// Reads a capsule, or a scenario with the settings applied to it, and the seed.
pub(crate) fn capsule_or_scenario(
    path: &Path,
    seed: &Seed,
    overrides: &Overrides,
) -> Result<InputFile, CommandError> {
    let bytes = at_most(path, CAPSULE_MAX)?;
    match Capsule::parse(&bytes) {
        Ok(capsule) => {
            refuse_changes(path, seed, overrides)?;
            Ok(InputFile::Capsule(Box::new(capsule)))
        }
        // Not a capsule. Whatever it is, the reader of scenarios says what is wrong with it.
        Err(CapsuleError::Foreign) => {
            let mut scenario = load(&name(path), &bytes, &overrides.set)?;
            scenario.seed = seed.given.unwrap_or(scenario.seed);
            Ok(InputFile::Scenario(Box::new(scenario)))
        }
        Err(error) => Err(invalid(path, &error)),
    }
}

/// A recorded run has its own seed and settings: other ones would be another run, without the failure that
/// was recorded.
pub(crate) fn refuse_changes(
    path: &Path,
    seed: &Seed,
    overrides: &Overrides,
) -> Result<(), CommandError> {
    if seed.given.is_none() && overrides.set.is_empty() {
        return Ok(());
    }
    Err(CommandError::usage(format_args!(
        "{}: this is a recorded run with its own seed and settings; --seed and --set are for scenario files",
        shown(path)
    )))
}

/// Reads the bytes of a scenario; of a capsule, those of the scenario that it holds, with its seed.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let bytes = at_most(path, CAPSULE_MAX)?;
    match Capsule::parse(&bytes) {
        Ok(capsule) => {
            let seed = capsule.seed;
            let scenario = Scenario {
                seed,
                ..capsule.scenario
            };
            // As a scenario file, so that settings apply to it as to any other.
            Ok(scenario.to_toml().into_bytes())
        }
        Err(CapsuleError::Foreign) => Ok(bytes),
        Err(error) => Err(invalid(path, &error)),
    }
}

fn at_most(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    read(path, limit).map_err(|error| CommandError::cannot_read(path, &error))
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        refuse_pipe(path)?;
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    tracing::debug!(path = %path.display(), bytes = bytes.len(), "read");
    Ok(bytes)
}

/// A pipe in a folder may have no writer, and to open it would wait for one. A shell that redirects it, or that makes one
/// for `<(command)`, names a descriptor instead.
fn refuse_pipe(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.file_type().is_fifo() && !is_descriptor(path) {
        true => Err(io::Error::other(
            "it is a pipe; give it as standard input: `-` in place of its name, and `<` before it",
        )),
        false => Ok(()),
    }
}

fn invalid(path: &Path, error: &CapsuleError) -> CommandError {
    CommandError::usage(format_args!("{}: {error}", shown(path)))
}
