//! One failing run in one text file.
//!
//! Owns [`Capsule`]: everything that repeats the run, with a checksum, and how it is read back.
//! It refuses what was cut, changed or is something else, and says which.

use std::fmt;

use config::file;
use config::plan::Scenario;
use kernel::{Checkpoint, Instant};
use serde::{Deserialize, Serialize};

use crate::run_result::{Failure, RunResult};

/// Bytes a capsule has at most: a scenario and some.
pub const SIZE_MAX: usize = file::SIZE_MAX + (1 << 20);
const MAGIC: &str = "mtasim capsule";
const FORMAT: u32 = 1;
const CHECKSUM: &str = "checksum = \"";

/// The build of this program as capsules and summaries name it.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

/// A failing run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capsule {
    /// The build of mtasim that found it.
    pub build: String,
    /// The command that repeats it.
    pub command: String,
    /// The seed.
    pub seed: u64,
    /// The settings that were put in place of the file's; the scenario has them already.
    pub overrides: Vec<String>,
    /// The failure it is kept for.
    pub failure: Failure,
    /// The digest of the whole run.
    pub digest: String,
    /// What the digest was along the way.
    pub checkpoints: Vec<Checkpoint>,
    /// The scenario, overrides included.
    pub scenario: Scenario,
}

/// Why a text is no capsule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapsuleError {
    /// It is something else.
    Foreign,
    /// It is longer than [`SIZE_MAX`].
    TooLarge,
    /// Its end is missing.
    Truncated,
    /// It was changed after it was written.
    Changed,
    /// It has a format that this build does not read.
    Format(u32),
    /// It is whole and yet makes no sense.
    Wrong(String),
}

/// What is written. The order of the fields is that of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    magic: String,
    format: u32,
    mtasim: String,
    command: String,
    /// As text, since TOML's numbers end at 2^63.
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
        row: &RunResult,
        failure: &Failure,
        checkpoints: &[Checkpoint],
        (scenario, overrides): (&Scenario, &[String]),
    ) -> Self {
        let mut capsule = Self {
            build: BUILD.to_owned(),
            command: String::new(),
            seed: row.seed,
            overrides: overrides.to_vec(),
            failure: failure.clone(),
            digest: row.digest.clone(),
            checkpoints: checkpoints.to_vec(),
            scenario: scenario.clone(),
        };
        capsule.command = format!("mtasim replay {}", capsule.file_name());
        capsule
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        let hash = blake3::Hash::from(self.scenario.content_hash()).to_string();
        file_name(&self.failure.signature, self.seed, &hash)
    }

    /// The text of its file.
    ///
    /// # Panics
    /// Never for a capsule: its parts are texts and small numbers.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = Text {
            magic: MAGIC.to_owned(),
            format: FORMAT,
            mtasim: self.build.clone(),
            command: self.command.clone(),
            seed: self.seed.to_string(),
            signature: self.failure.signature.clone(),
            failed_at: self.failure.at,
            failed_times: self.failure.count,
            overrides: self.overrides.clone(),
            digest: self.digest.clone(),
            scenario_hash: blake3::Hash::from(self.scenario.content_hash()).to_string(),
            scenario: self.scenario.to_toml(),
            checkpoints: self.checkpoints.iter().map(print_checkpoint).collect(),
            checksum: None,
        };
        let body = toml::to_string_pretty(&text).expect("texts and numbers can be written");
        let at = Instant::from_nanos(self.failure.at);
        let mut whole = format!(
            "# {} at {at} s, seed {}\n# repeat: {}\n{body}",
            self.failure.signature, self.seed, self.command
        );
        let checksum = checksum(&whole);
        whole.push_str(&format!("{CHECKSUM}{checksum}\"\n"));
        whole
    }

    /// Reads a capsule.
    ///
    /// # Errors
    /// If it is none, was cut or changed, or is of another format.
    pub fn parse(bytes: &[u8]) -> Result<Self, CapsuleError> {
        if bytes.len() > SIZE_MAX {
            return Err(CapsuleError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| CapsuleError::Foreign)?;
        if !text.contains(&format!("magic = \"{MAGIC}\"")) {
            return Err(CapsuleError::Foreign);
        }
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
        let wrong = |what: &str| CapsuleError::Wrong(what.to_owned());
        let table: toml::Table = body.parse().map_err(|_| wrong("it is no TOML"))?;
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(format) if format == i64::from(FORMAT) => {}
            other => {
                let format = other.and_then(|it| u32::try_from(it).ok()).unwrap_or(0);
                return Err(CapsuleError::Format(format));
            }
        }
        let text: Text = table
            .try_into()
            .map_err(|error| CapsuleError::Wrong(format!("{error}")))?;
        let scenario = file::load("capsule", text.scenario.as_bytes(), &[])
            .map_err(|found| CapsuleError::Wrong(found.to_human(false)))?;
        let checkpoints = text.checkpoints.iter().map(|it| parse_checkpoint(it));
        Ok(Self {
            build: text.mtasim,
            command: text.command,
            seed: text
                .seed
                .parse()
                .map_err(|_| wrong("its seed is no number"))?,
            overrides: text.overrides,
            failure: Failure {
                signature: text.signature,
                at: text.failed_at,
                count: text.failed_times,
            },
            digest: text.digest,
            checkpoints: checkpoints
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("a checkpoint cannot be read"))?,
            scenario,
        })
    }

    /// Whether this build of mtasim wrote it.
    #[must_use]
    pub fn is_of_this_build(&self) -> bool {
        self.build == BUILD
    }
}

/// The name of the file of a capsule: the signature, the seed, and which scenario by the
/// beginning of its hash.
#[must_use]
pub fn file_name(signature: &str, seed: u64, scenario_hash: &str) -> String {
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

/// A signature as part of a file's name; a hash keeps those apart that would look alike.
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
    slug.truncate(LENGTH_MAX);
    format!("{slug}-{:04x}", kernel::key(signature) & 0xffff)
}

impl fmt::Display for CapsuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => formatter.write_str("it is no capsule of mtasim"),
            Self::TooLarge => write!(formatter, "it has more than {SIZE_MAX} bytes"),
            Self::Truncated => formatter.write_str("its end is missing: it was cut off"),
            Self::Changed => formatter
                .write_str("its checksum does not hold: it was changed after it was written"),
            Self::Format(format) => write!(
                formatter,
                "it has format {format}, and this build of mtasim reads format {FORMAT}"
            ),
            Self::Wrong(why) => write!(formatter, "its checksum holds, and yet {why}"),
        }
    }
}

impl std::error::Error for CapsuleError {}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Duration;
    use proptest::prelude::*;

    fn capsule(seed: u64, points: &[(u64, u64, u64)]) -> Capsule {
        let mut scenario = Scenario::new("a \"title\" '''", "why\nnot", Duration::from_secs(60));
        let host = config::plan::Host::new(config::plan::Build::V4_0_993_6);
        scenario.hosts.insert("A".to_owned(), host);
        // Loading assigns addresses: what is kept has them.
        let text = scenario.to_toml();
        let scenario = file::load("t", text.as_bytes(), &[]).expect("a scenario");
        let mut capsule = Capsule {
            build: BUILD.to_owned(),
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
        capsule.command = format!("mtasim replay {}", capsule.file_name());
        capsule
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_written_is_read_again(seed: u64, points in prop::collection::vec(any::<(u64, u64, u64)>(), 0..20)) {
            let capsule = capsule(seed, &points);
            prop_assert_eq!(Capsule::parse(capsule.to_text().as_bytes()), Ok(capsule));
        }

        #[test]
        fn no_prefix_and_no_changed_byte_passes(cut: prop::sample::Index, byte: u8) {
            let text = capsule(7, &[(256, 1, 2)]).to_text().into_bytes();
            let at = cut.index(text.len());
            prop_assert!(Capsule::parse(&text[..at]).is_err());
            let mut changed = text.clone();
            changed[at] = byte;
            prop_assert_eq!(Capsule::parse(&changed).is_ok(), changed == text);
        }

        #[test]
        fn strange_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Capsule::parse(&bytes), Err(CapsuleError::Foreign));
        }
    }

    #[test]
    fn each_refusal_has_its_word() {
        let text = capsule(7, &[]).to_text();
        let told = |text: &str| {
            Capsule::parse(text.as_bytes())
                .expect_err("wrong")
                .to_string()
        };
        assert_eq!(told("title = \"x\""), "it is no capsule of mtasim");
        assert_eq!(
            told(&text[..text.len() - 30]),
            "its end is missing: it was cut off"
        );
        assert_eq!(
            told(&text.replace("seed = \"7\"", "seed = \"8\"")),
            "its checksum does not hold: it was changed after it was written"
        );
        let body = text.split(CHECKSUM).next().expect("a body");
        let sealed = |body: String| {
            let sum = checksum(&body);
            format!("{body}{CHECKSUM}{sum}\"\n")
        };
        assert_eq!(
            told(&sealed(body.replace("format = 1", "format = 9"))),
            "it has format 9, and this build of mtasim reads format 1"
        );
        let told = told(&sealed(body.replace("seed = \"7\"", "seed = \"x\"")));
        assert_eq!(told, "its checksum holds, and yet its seed is no number");
        assert!(Capsule::parse(&vec![b' '; SIZE_MAX + 1]) == Err(CapsuleError::TooLarge));
    }

    #[test]
    fn names_of_files_are_plain() {
        let name = capsule(7, &[]).file_name();
        assert!(name.starts_with("data-race-"), "{name}");
        assert!(
            name.chars()
                .all(|it| it.is_ascii_alphanumeric() || "-.".contains(it))
        );
    }
}
