//! The result of one run: a line of `seeds.jsonl`.
//!
//! It holds integers and texts only and no wall-clock time, so it is the same on every machine.
//! Times are nanoseconds of virtual time since the start of the run.

pub(crate) mod coverage;

use std::collections::BTreeMap;

use config::untrusted_text;
use kernel::Instant;
use serde::{Deserialize, Serialize};
use simulation::Outcome;
use simulation::outcome::ConnectorTraffic;
use thiserror::Error;

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// The seed.
    pub seed: u64,
    /// The first sixteen digits of the hash of the scenario.
    pub scenario: String,
    /// The varied settings; absent without a grid.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The settings that the seed drew; absent outside a swarm sweep.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selected: BTreeMap<String, String>,
    /// Whether the run was as the scenario expects.
    pub as_expected: bool,
    /// The limit that cut the run off; absent if it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// The expectations that were not met.
    pub unexpected: Vec<String>,
    /// The failures, one for each signature, by time of first occurrence.
    pub failures: Vec<Failure>,
    /// The digest of the run.
    pub digest: String,
    /// The virtual time at the end, in nanoseconds.
    #[serde(rename = "simulated_ns")]
    pub simulated: u64,
    /// Simulation events handled.
    pub events: u64,
    /// Calls of modeled threads.
    pub calls: u64,
    /// Why the run stopped.
    pub stop: String,
    /// Associations by how they ended.
    pub associations: BTreeMap<String, u64>,
    /// Messages by what became of them.
    pub messages: BTreeMap<String, u64>,
    /// Messages and calls by connector.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connectors: BTreeMap<String, ConnectorResult>,
    /// Event-log entries by event id.
    pub logged: BTreeMap<u32, u64>,
    /// How often each fault was injected.
    pub faults: BTreeMap<String, u64>,
    /// Packets offered to each link.
    pub offered: BTreeMap<String, u64>,
    /// Packets lost on each link.
    pub lost: BTreeMap<String, u64>,
    /// Events of control blocks, by the state in which they occurred.
    #[serde(default)]
    pub covered: BTreeMap<String, u64>,
    /// How often each named point of guests was reached; absent without such points.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reached: BTreeMap<String, u64>,
}

/// Why a line is not a result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowError {
    /// It has no checksum.
    #[error("it is not a row of a sweep")]
    Foreign,
    /// Its checksum does not match.
    #[error("its checksum does not match: it was changed after it was written")]
    Changed,
    /// Its checksum matches, but its content is invalid.
    #[error("its checksum matches, but it is not a row of this version: {0}")]
    Invalid(String),
}

/// What precedes and follows the checksum in a line.
const CHECKSUM: &str = ",\"checksum\":\"";
const END: &str = "\"}\n";

/// Sixteen digits, as in a capsule.
fn checksum(body: &str) -> String {
    let hash = blake3::derive_key("mtasim row checksum 1", body.as_bytes());
    blake3::Hash::from(hash).to_hex()[..16].to_owned()
}

/// The messages and calls of one connector in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorResult {
    /// Associations that the caller began.
    pub begun: u64,
    /// Of these, opened.
    pub opened: u64,
    /// Of those begun, calls after one that did not open.
    pub retries: u64,
    /// Messages submitted.
    pub submitted: u64,
    /// Messages that arrived.
    pub arrived: u64,
    /// Messages returned as undeliverable.
    pub returned: u64,
    /// The median time from submission to arrival in nanoseconds; absent if nothing arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p50_ns: Option<u64>,
    /// 90 % of messages took at most this, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p90_ns: Option<u64>,
    /// The median time to arrive of all messages, those too that have not arrived (Kaplan and Meier);
    /// absent if it is not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_p50_ns: Option<u64>,
    /// 90 % of all messages take at most this; absent if it is not reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_p90_ns: Option<u64>,
    /// The largest number of messages in the queue.
    pub queue_peak: u64,
}

impl ConnectorResult {
    fn of(traffic: &ConnectorTraffic) -> Self {
        let ConnectorTraffic {
            associations,
            messages,
            ..
        } = traffic;
        Self {
            begun: associations.begun,
            opened: associations.opened,
            retries: associations.retries,
            submitted: messages.submitted,
            arrived: messages.arrived,
            returned: messages.returned,
            latency_p50_ns: messages.latency.map(|it| it.p50),
            latency_p90_ns: messages.latency.map(|it| it.p90),
            arrival_p50_ns: messages.arrival.and_then(|it| it.p50),
            arrival_p90_ns: messages.arrival.and_then(|it| it.p90),
            queue_peak: messages.queue.peak,
        }
    }
}

/// All failures with one signature in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Oracle, kind and location; never a time or an id.
    pub signature: String,
    /// When it was first found, in nanoseconds.
    #[serde(rename = "at_ns")]
    pub at: u64,
    /// How often it was found.
    pub count: u64,
}

impl Failure {
    /// When it was first found.
    #[must_use]
    pub const fn time(&self) -> Instant {
        Instant::from_nanos(self.at)
    }
}

/// What a row has of the hash of its scenario.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(16).collect()
}

impl RunResult {
    /// The result of a run of the scenario with this hash.
    #[must_use]
    pub fn of(outcome: &Outcome, hash: &str, settings: BTreeMap<String, String>) -> Self {
        let named = |counts: &[(&str, u64)]| {
            let counts = counts.iter();
            counts
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let links = || outcome.links.iter();
        Self {
            seed: outcome.seed,
            scenario: short(hash),
            settings,
            selected: BTreeMap::new(),
            as_expected: outcome.is_as_expected(),
            cut_off: outcome.stop.limit().map(str::to_owned),
            unexpected: outcome.unexpected.clone(),
            failures: failures(outcome),
            digest: outcome.digest.to_string(),
            simulated: outcome.simulated.nanos(),
            events: outcome.events,
            calls: outcome.calls,
            stop: outcome.stop.word().to_owned(),
            associations: named(&[
                ("opened", outcome.associations.opened),
                ("not_opened", outcome.associations.not_opened),
                ("refused", outcome.associations.refused),
                ("closed", outcome.associations.closed),
                ("broken", outcome.associations.broken),
            ]),
            messages: named(&[
                ("submitted", outcome.messages.submitted),
                ("arrived", outcome.messages.arrived),
                ("acknowledged", outcome.messages.acknowledged),
                ("returned", outcome.messages.returned),
            ]),
            connectors: outcome
                .traffic
                .connectors
                .iter()
                .map(|(name, it)| (name.clone(), ConnectorResult::of(it)))
                .collect(),
            logged: outcome.events_logged.clone(),
            faults: outcome.faults.clone(),
            offered: links()
                .map(|(name, it)| (name.clone(), it.offered))
                .collect(),
            lost: links().map(|(name, it)| (name.clone(), it.lost)).collect(),
            covered: coverage::names(&outcome.coverage),
            reached: outcome.reached.clone(),
        }
    }

    /// The line of `seeds.jsonl`, with a checksum as its last field and the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let line = serde_json::to_string(self).expect("plain data");
        let mut line = untrusted_text::json(&line).into_owned();
        // The object goes on: its closing brace follows the checksum.
        line.pop();
        let sum = checksum(&line);
        line.push_str(CHECKSUM);
        line.push_str(&sum);
        line.push_str(END);
        line
    }

    /// Reads a line of `seeds.jsonl`, with its line end.
    ///
    /// # Errors
    /// If it is not such a line, or is not as it was written.
    pub fn from_line(line: &str) -> Result<Self, RowError> {
        let (body, sum) = line.rsplit_once(CHECKSUM).ok_or(RowError::Foreign)?;
        if sum.strip_suffix(END) != Some(&checksum(body)) {
            return Err(RowError::Changed);
        }
        serde_json::from_str(&format!("{body}}}"))
            .map_err(|error| RowError::Invalid(error.to_string()))
    }

    /// Whether the run has a failure, expected or not.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        !self.failures.is_empty()
    }

    /// The limit that cut the run off before it showed anything unexpected: such a run decides
    /// nothing.
    #[must_use]
    pub fn undecided(&self) -> Option<&str> {
        let is_open = self.unexpected.is_empty();
        self.cut_off.as_deref().filter(|_| is_open)
    }

    /// Whether it is known if the run fails: it does, or it ended by itself without a failure.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_failing() || self.cut_off.is_none()
    }

    /// When the run first failed.
    #[must_use]
    pub fn first_failure(&self) -> Option<Instant> {
        self.failures.first().map(|it| Instant::from_nanos(it.at))
    }
}

/// The failures of a run, one for each signature, by time of first occurrence.
#[must_use]
pub fn failures(outcome: &Outcome) -> Vec<Failure> {
    let violations = outcome.violations.iter();
    let violations = violations.map(|it| (it.signature(), it.at));
    let exceptions = outcome.exceptions.iter();
    let exceptions = exceptions.map(|it| (it.signature(), it.at));
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (signature, at) in violations.chain(exceptions) {
        let (first, count) = found.entry(signature).or_insert((at.nanos(), 0));
        *first = at.nanos().min(*first);
        *count += 1;
    }
    let failures = found.into_iter();
    let mut failures: Vec<Failure> = failures
        .map(|(signature, (at, count))| Failure {
            signature,
            at,
            count,
        })
        .collect();
    failures.sort_by_key(|failure| failure.at);
    failures
}
