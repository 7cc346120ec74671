//! `packetdrill --profile NAME PATH...`: runs scripts and prints what came of each.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use packetdrill::{ScriptReport, ScriptVerdict, parse, run};
use winsock::Config;

/// Run packetdrill scripts against one host of the simulator.
#[derive(Debug, Parser)]
struct Arguments {
    /// The host's system.
    #[arg(long, value_enum, default_value = "linux")]
    profile: System,
    /// Print scripts that differ only.
    #[arg(long)]
    differences: bool,
    /// Scripts, or folders with scripts.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    Nt351,
    Nt4,
    W2k,
    Linux,
}

/// The host's address, of a private network, as packetdrill has it.
const ADDRESS: u32 = 0xC0A8_0001;

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let config = match arguments.profile {
        System::Nt351 => Config::nt351(ADDRESS),
        System::Nt4 => Config::nt4(ADDRESS),
        System::W2k => Config::w2k(ADDRESS),
        System::Linux => Config::linux(ADDRESS),
    };
    let mut scripts = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut scripts)?;
    }
    let mut output = io::stdout().lock();
    let mut counts = [0u32; 3];
    for path in scripts {
        let report = judge(&fs::read_to_string(&path)?, &config);
        let (at, word) = match &report.verdict {
            ScriptVerdict::Passes => (0, "passes".to_owned()),
            ScriptVerdict::Deviates(difference) => (1, format!("deviates\n{difference}")),
            ScriptVerdict::NotApplicable(feature) => (2, format!("not applicable: {feature}")),
        };
        counts[at] += 1;
        if at == 1 || !arguments.differences {
            writeln!(output, "{}: {word}", path.display())?;
        }
    }
    let [passes, deviates, without] = counts;
    writeln!(
        output,
        "{passes} pass, {deviates} deviate, {without} are not applicable"
    )?;
    Ok(ExitCode::from(u8::from(deviates > 0)))
}

fn judge(text: &str, config: &Config) -> ScriptReport {
    match parse(text) {
        Ok(script) => run(&script, config),
        Err(error) => ScriptReport {
            verdict: ScriptVerdict::NotApplicable(format!("the statement of {error}")),
            not_compared: std::collections::BTreeSet::new(),
        },
    }
}

/// The scripts of a folder in the order of their paths, or the one script.
fn collect(path: &Path, scripts: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        scripts.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?
        .map(|it| it.map(|it| it.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|it| it == "pkt") {
            collect(&entry, scripts)?;
        }
    }
    Ok(())
}
