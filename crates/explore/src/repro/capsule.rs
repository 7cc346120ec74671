//! The capsule: one text file that holds everything needed to reproduce a failing run.
//!
//! A checksum detects truncated and changed files.

use std::borrow::Cow;

use config::file;
use config::plan::Scenario;
use config::untrusted_text;
use kernel::{Checkpoint, Instant};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::program_name;
use crate::run_result::{Failure, RunResult};

/// The maximum size of a capsule in bytes: twice that of a scenario, each of whose characters may be
/// escaped, and 1 MiB.
pub const SIZE_MAX: usize = 2 * file::SIZE_MAX + (1 << 20);
const MAGIC: &str = "mtasim capsule";
const FORMAT: u32 = 1;
const CHECKSUM: &str = "checksum = \"";

/// The version of mtasim that capsules and summaries name, with a hash of the sources and of the lock
/// file that a run depends on.
pub const PROGRAM_BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("MTASIM_SOURCES"));

/// A failing run, with everything that reproduces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capsule {
    /// The version of mtasim that found it.
    pub build: String,
    /// The command that replays it.
    pub command: String,
    /// The seed.
    pub seed: u64,
    /// The overrides of the original file; the scenario already includes them.
    pub overrides: Vec<String>,
    /// The failure that it documents.
    pub failure: Failure,
    /// The digest of the whole run.
    pub digest: String,
    /// The digest at points along the run.
    pub checkpoints: Vec<Checkpoint>,
    /// The scenario, overrides included.
    pub scenario: Scenario,
}

/// Why a file cannot be read as a capsule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CapsuleError {
    /// It is not a capsule.
    #[error(
        "it is not a capsule of mtasim; a sweep writes capsules: mtasim sweep FILE --seeds A..B --out DIR"
    )]
    Foreign,
    /// It is larger than [`SIZE_MAX`].
    #[error("it has more than {SIZE_MAX} bytes")]
    TooLarge,
    /// Its end is missing.
    #[error("it is truncated")]
    Truncated,
    /// Its checksum does not match.
    #[error("its checksum does not match: it was changed after it was written")]
    Changed,
    /// It has a format that this version does not read.
    #[error("it has format {0}, but this version of mtasim reads format {FORMAT}")]
    Format(u32),
    /// Its checksum matches, but its content is invalid.
    #[error("its checksum matches, but {0}")]
    Invalid(String),
}

/// The file. Fields are written in this order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapsuleText {
    magic: String,
    format: u32,
    mtasim: String,
    command: String,
    /// A string, because TOML integers end at 2^63.
    seed: String,
    signature: String,
    failed_at: u64,
    failed_times: u64,
    overrides: Vec<String>,
    digest: String,
    scenario_hash: String,
    scenario: String,
    checkpoints: Vec<String>,
    checksum: Option<String>,
}

impl Capsule {
    /// The capsule of one failure of a run.
    #[must_use]
    pub fn of(
        result: &RunResult,
        failure: &Failure,
        checkpoints: &[Checkpoint],
        scenario: &Scenario,
        overrides: &[String],
    ) -> Self {
        let mut capsule = Self {
            build: PROGRAM_BUILD.to_owned(),
            command: String::new(),
            seed: result.seed,
            overrides: overrides.to_vec(),
            failure: failure.clone(),
            digest: result.digest.clone(),
            checkpoints: checkpoints.to_vec(),
            scenario: scenario.clone(),
        };
        capsule.command = program_name::command(&format!("replay {}", capsule.file_name()));
        capsule
    }

    /// The file name: signature, seed and the first digits of the scenario hash.
    #[must_use]
    pub fn file_name(&self) -> String {
        let hash = scenario_hash(&self.scenario);
        file_name(&self.failure.signature, self.seed, &hash)
    }

    /// The content of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = CapsuleText {
            magic: MAGIC.to_owned(),
            format: FORMAT,
            mtasim: self.build.clone(),
            command: self.command.clone(),
            // A string, since the integers of TOML have 63 bits.
            seed: self.seed.to_string(),
            signature: self.failure.signature.clone(),
            failed_at: self.failure.at,
            failed_times: self.failure.count,
            overrides: self.overrides.clone(),
            digest: self.digest.clone(),
            scenario_hash: scenario_hash(&self.scenario),
            scenario: self.scenario.to_toml(),
            checkpoints: self.checkpoints.iter().map(print_checkpoint).collect(),
            checksum: None,
        };
        let at = Instant::from_nanos(self.failure.at);
        let mut whole = format!(
            "# {} at {at}, seed {}\n# to reproduce: {}\n{}",
            untrusted_text::line(&self.failure.signature),
            self.seed,
            untrusted_text::line(&self.command),
            body(&text)
        );
        let checksum = checksum(&whole);
        whole.push_str(&format!("{CHECKSUM}{checksum}\"\n"));
        whole
    }

    /// Reads a capsule.
    ///
    /// # Errors
    /// If it is not a capsule, is truncated or changed, or has another format.
    pub fn parse(bytes: &[u8]) -> Result<Self, CapsuleError> {
        if bytes.len() > SIZE_MAX {
            return Err(CapsuleError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| CapsuleError::Foreign)?;
        let text = as_written(text);
        // Before the checksum: of any other file it would say that the capsule was changed.
        if !text.contains(&format!("magic = \"{MAGIC}\"")) {
            return Err(CapsuleError::Foreign);
        }
        // The checksum is the last line and covers every byte before it.
        let start = text.rfind(&format!("\n{CHECKSUM}"));
        let start = start.ok_or(CapsuleError::Truncated)? + 1;
        let (body, last) = text.split_at(start);
        let Some(written) = last
            .strip_prefix(CHECKSUM)
            .and_then(|it| it.strip_suffix("\"\n"))
        else {
            return Err(CapsuleError::Truncated);
        };
        if written != checksum(body) {
            return Err(CapsuleError::Changed);
        }
        Self::from_body(body)
    }

    fn from_body(body: &str) -> Result<Self, CapsuleError> {
        let invalid = |what: &str| CapsuleError::Invalid(what.to_owned());
        let table: toml::Table = body.parse().map_err(|_| invalid("it is not TOML"))?;
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(format) if format == i64::from(FORMAT) => {}
            other => {
                let format = other.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
                return Err(CapsuleError::Format(format));
            }
        }
        // The format first: fields of a newer one would be reported as mistakes in this one.
        let text: CapsuleText = table
            .try_into()
            .map_err(|error| CapsuleError::Invalid(format!("{error}")))?;
        let scenario = file::load("capsule", text.scenario.as_bytes(), &[])
            .map_err(|found| CapsuleError::Invalid(found.to_human(false)))?;
        let checkpoints = text.checkpoints.iter().map(|it| parse_checkpoint(it));
        Ok(Self {
            build: text.mtasim,
            command: text.command,
            seed: text
                .seed
                .parse()
                .map_err(|_| invalid("its seed is not a number"))?,
            overrides: text.overrides,
            failure: Failure {
                signature: text.signature,
                at: text.failed_at,
                count: text.failed_times,
            },
            digest: text.digest,
            checkpoints: checkpoints
                .collect::<Option<_>>()
                .ok_or_else(|| invalid("a checkpoint cannot be read"))?,
            scenario,
        })
    }

    /// Whether this version of mtasim wrote it.
    #[must_use]
    pub fn is_of_this_program_build(&self) -> bool {
        self.build == PROGRAM_BUILD
    }
}

/// The fields as TOML.
fn body(text: &CapsuleText) -> String {
    let body = toml::to_string_pretty(text).expect("strings and small numbers are valid TOML");
    if let Cow::Borrowed(_) = untrusted_text::terminal(&body) {
        return body;
    }
    // The printer of TOML leaves control characters from U+007F on and marks of direction as they are. Every text and
    // list of JSON is one of TOML, too, and has all of it on one line.
    let table = toml::Table::try_from(text).expect("strings and small numbers are valid TOML");
    let fields = table.iter().map(|(name, value)| {
        let value = serde_json::to_string(value).expect("plain data");
        format!("{name} = {}\n", untrusted_text::json(&value))
    });
    fields.collect()
}

/// The text as it was written. Editors and version control on Windows put a byte order mark before it or end
/// lines with CR LF; a capsule has neither, since TOML escapes a CR inside a text.
fn as_written(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.contains("\r\n") {
        true => text.replace("\r\n", "\n").into(),
        false => text.into(),
    }
}

/// The hash of a scenario's content, in hexadecimal.
pub(crate) fn scenario_hash(scenario: &Scenario) -> String {
    blake3::Hash::from(scenario.content_hash()).to_string()
}

/// The file name of a capsule: signature, seed and the first digits of the scenario hash.
#[must_use]
pub fn file_name(signature: &str, seed: u64, scenario_hash: &str) -> String {
    // The seed alone would not do: capsules of a grid have the same seeds and signatures.
    let hash: String = scenario_hash.chars().take(8).collect();
    format!("{}-{seed}-{hash}.toml", slug(signature))
}

/// `records nanoseconds digest`.
fn print_checkpoint(point: &Checkpoint) -> String {
    format!("{} {} {:016x}", point.records, point.at.nanos(), point.hash)
}

fn parse_checkpoint(text: &str) -> Option<Checkpoint> {
    let mut words = text.split(' ');
    let point = Checkpoint {
        records: words.next()?.parse().ok()?,
        at: Instant::from_nanos(words.next()?.parse().ok()?),
        hash: u64::from_str_radix(words.next()?, 16).ok()?,
    };
    words.next().is_none().then_some(point)
}

fn checksum(body: &str) -> String {
    let hash = blake3::derive_key("mtasim capsule checksum 1", body.as_bytes());
    blake3::Hash::from(hash).to_hex()[..16].to_owned()
}

/// A signature as part of a file name. The hash distinguishes signatures that look alike when
/// shortened.
fn slug(signature: &str) -> String {
    const LENGTH_MAX: usize = 40;
    let mut slug = String::new();
    for character in signature.chars().take_while(|it| *it != ':') {
        match character.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9') => slug.push(plain),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    // File names have at most 255 bytes on the usual file systems.
    slug.truncate(LENGTH_MAX);
    format!("{slug}-{:04x}", kernel::key(signature) & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Duration;
    use proptest::prelude::*;

    fn capsule(seed: u64, points: &[(u64, u64, u64)]) -> Capsule {
        let mut scenario = Scenario::new("a \"title\" '''", "why\nnot", Duration::from_secs(60));
        let host = config::plan::Host::new(config::plan::Build::V4_0_993_6);
        scenario.hosts.insert("A".to_owned(), host);
        // Loading assigns addresses, and a capsule has a loaded scenario.
        let text = scenario.to_toml();
        let scenario = file::load("t", text.as_bytes(), &[]).expect("a scenario");
        let mut capsule = Capsule {
            build: PROGRAM_BUILD.to_owned(),
            command: String::new(),
            seed,
            overrides: vec!["host.A.cpus=1".to_owned()],
            failure: Failure {
                signature: "data-race: pool's \\ free list".to_owned(),
                at: 12_000_000_000,
                count: 3,
            },
            digest: "00ff".to_owned(),
            checkpoints: points
                .iter()
                .map(|&(records, at, hash)| Checkpoint {
                    records,
                    at: Instant::from_nanos(at),
                    hash,
                })
                .collect(),
            scenario,
        };
        capsule.command = program_name::command(&format!("replay {}", capsule.file_name()));
        capsule
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn write_and_parse_round_trip(seed: u64, points in prop::collection::vec(any::<(u64, u64, u64)>(), 0..20)) {
            let capsule = capsule(seed, &points);
            prop_assert_eq!(Capsule::parse(capsule.to_text().as_bytes()), Ok(capsule));
        }

        #[test]
        fn truncation_and_every_changed_byte_are_detected(cut: prop::sample::Index, byte: u8) {
            let text = capsule(7, &[(256, 1, 2)]).to_text().into_bytes();
            let at = cut.index(text.len());
            prop_assert!(Capsule::parse(&text[..at]).is_err());
            let mut changed = text.clone();
            changed[at] = byte;
            prop_assert_eq!(Capsule::parse(&changed).is_ok(), changed == text);
        }

        #[test]
        fn arbitrary_bytes_are_not_a_capsule(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Capsule::parse(&bytes), Err(CapsuleError::Foreign));
        }
    }

    #[test]
    fn a_capsule_that_an_editor_on_windows_saved_is_the_same() {
        let capsule = capsule(7, &[(256, 1, 2)]);
        let text = capsule.to_text();
        for saved in [
            text.replace('\n', "\r\n"),
            format!("\u{feff}{text}"),
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        ] {
            assert_eq!(Capsule::parse(saved.as_bytes()).as_ref(), Ok(&capsule));
        }
    }

    #[test]
    fn each_error_has_its_message() {
        let text = capsule(7, &[]).to_text();
        let error = |text: &str| {
            Capsule::parse(text.as_bytes())
                .expect_err("invalid")
                .to_string()
        };
        assert_eq!(
            error("title = \"x\""),
            "it is not a capsule of mtasim; a sweep writes capsules: mtasim sweep FILE --seeds A..B --out DIR"
        );
        assert_eq!(error(&text[..text.len() - 30]), "it is truncated");
        assert_eq!(
            error(&text.replace("seed = \"7\"", "seed = \"8\"")),
            "its checksum does not match: it was changed after it was written"
        );
        let body = text.split(CHECKSUM).next().expect("a body");
        let sealed = |body: String| {
            let sum = checksum(&body);
            format!("{body}{CHECKSUM}{sum}\"\n")
        };
        assert_eq!(
            error(&sealed(body.replace("format = 1", "format = 9"))),
            "it has format 9, but this version of mtasim reads format 1"
        );
        let error = error(&sealed(body.replace("seed = \"7\"", "seed = \"x\"")));
        assert_eq!(error, "its checksum matches, but its seed is not a number");
        assert!(Capsule::parse(&vec![b' '; SIZE_MAX + 1]) == Err(CapsuleError::TooLarge));
    }

    #[test]
    fn hostile_text_is_escaped_and_read_again() {
        let hostile = "a\n[b]\"'\u{7f}\u{9b}2J\u{202e}\u{fffe}\u{1f600}\\";
        let mut capsule = capsule(7, &[(256, 1, 2)]);
        capsule.failure.signature = format!("panic: {hostile}");
        capsule.overrides = vec![format!("title={hostile}"), "seed=1".to_owned()];
        capsule.command = format!("mtasim replay '{hostile}'");
        capsule.scenario.title = hostile.to_owned();
        let text = capsule.to_text();
        let disruptive =
            |it: char| (it.is_control() && it != '\n') || "\u{202e}\u{fffe}".contains(it);
        assert!(!text.contains(disruptive), "{text}");
        assert!(text.lines().take(2).all(|line| line.starts_with('#')));
        assert_eq!(Capsule::parse(text.as_bytes()), Ok(capsule));
    }

    #[test]
    fn file_names_have_plain_characters() {
        let name = capsule(7, &[]).file_name();
        assert!(name.starts_with("data-race-"), "{name}");
        assert!(
            name.chars()
                .all(|it| it.is_ascii_alphanumeric() || "-.".contains(it))
        );
    }
}
