//! What was observed of the guests: conditions that must hold, points that must be reached, errors,
//! panics, and quantities over time.

use std::collections::{BTreeMap, BTreeSet};

use config::plan::ViolationKind;
use kernel::Instant;
use net::HostId;
use simulation::outcome::Violation;

use crate::incarnation::Incarnation;

/// Samples kept of one gauge.
const SAMPLES_MAX: usize = 100_000;

/// What kind of property was violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PropertyKind {
    /// A condition that must always, or must never, hold.
    Condition,
    /// A panic in a guest's task.
    Panic,
    /// A host's program returned an error.
    Error,
    /// Something that was owed after healing did not happen in time, or a program never waits.
    Overdue,
}

/// A violated property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violated {
    pub(crate) failure: PropertyKind,
    pub(crate) host: HostId,
    /// The user's text, without numbers: it is part of the signature.
    pub(crate) what: String,
    pub(crate) detail: String,
}

/// A condition that is checked whenever no task can run.
pub(crate) struct Condition {
    pub(crate) name: String,
    pub(crate) host: Incarnation,
    pub(crate) must_be: bool,
    pub(crate) holds: Box<dyn Fn() -> bool>,
}

/// A condition that must come true in time.
pub(crate) struct Awaited {
    pub(crate) name: String,
    pub(crate) host: Incarnation,
    pub(crate) due: Instant,
    pub(crate) holds: Box<dyn Fn() -> bool>,
}

/// Attempts at something that is owed after healing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) last_success: Option<Instant>,
    pub(crate) last_failure: Option<FailedAttempt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    pub(crate) at: Instant,
    pub(crate) host: HostId,
    /// What was seen.
    pub(crate) detail: String,
}

/// Everything observed in one run.
#[derive(Default)]
pub(crate) struct GuestObservations {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) awaited: Vec<Awaited>,
    /// What was violated: each is reported once a run.
    reported: BTreeSet<(PropertyKind, String)>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) violations_dropped: u64,
    /// Points of the program by name, with the number of times each was reached.
    pub(crate) reached: BTreeMap<String, u64>,
    pub(crate) attempts: BTreeMap<String, Attempts>,
    pub(crate) gauges: BTreeMap<String, Vec<(Instant, i64)>>,
}

impl PropertyKind {
    const fn kind(self) -> ViolationKind {
        match self {
            Self::Condition => ViolationKind::Property,
            Self::Panic => ViolationKind::Panic,
            Self::Error => ViolationKind::ProgramError,
            Self::Overdue => ViolationKind::Liveness,
        }
    }
}

impl GuestObservations {
    /// Adds a violation, unless the same was reported before. Returns it if it is new.
    pub(crate) fn add(
        &mut self,
        violated: Violated,
        host: &str,
        at: Instant,
        limit: u64,
    ) -> Option<&Violation> {
        let Violated {
            failure,
            what,
            detail,
            ..
        } = violated;
        // A condition that does not hold may be seen millions of times: once a run is enough.
        if !self.reported.insert((failure, what.clone())) {
            return None;
        }
        if self.violations.len() as u64 >= limit {
            self.violations_dropped += 1;
            return None;
        }
        self.violations.push(Violation {
            kind: failure.kind(),
            host: host.to_owned(),
            at,
            location: what,
            block: None,
            detail,
        });
        self.violations.last()
    }

    pub(crate) fn reach(&mut self, name: &str, is_reached: bool) {
        let count = match self.reached.get_mut(name) {
            Some(count) => count,
            None => self.reached.entry(name.to_owned()).or_default(),
        };
        *count += u64::from(is_reached);
    }

    /// The new value of a gauge after adding `change`.
    pub(crate) fn change_gauge(&mut self, at: Instant, name: &str, change: i64) -> i64 {
        let samples = match self.gauges.get_mut(name) {
            Some(samples) => samples,
            None => self.gauges.entry(name.to_owned()).or_default(),
        };
        let value = samples.last().map_or(0, |(_, value)| *value);
        let value = value.saturating_add(change);
        let is_full = samples.len() >= SAMPLES_MAX;
        match samples.last_mut() {
            // Of several changes at one instant the last counts. When the list is full its end
            // still shows the latest value.
            Some(last) if last.0 == at || is_full => *last = (at, value),
            _ => samples.push((at, value)),
        }
        value
    }

    pub(crate) fn gauge(&self, name: &str) -> i64 {
        let samples = self.gauges.get(name);
        let last = samples.and_then(|samples| samples.last());
        last.map_or(0, |(_, value)| *value)
    }

    pub(crate) fn attempts_mut(&mut self, name: &str) -> &mut Attempts {
        self.attempts.entry(name.to_owned()).or_default()
    }
}

/// The first line of a text without its numbers: `timeout after 30s on 5 of 7` and the same with
/// other numbers are one defect.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.lines().next().unwrap_or("").chars() {
        match letter {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_no_numbers() {
        assert_eq!(
            without_numbers("3 of 12: late by 0.5 s\nmore"),
            "# of #: late by #.# s"
        );
    }

    #[test]
    fn a_condition_is_reported_once() {
        let mut seen = GuestObservations::default();
        for at in 0..3 {
            let violated = Violated {
                failure: PropertyKind::Condition,
                host: HostId(0),
                what: "never more than five".to_owned(),
                detail: String::new(),
            };
            let new = seen.add(violated, "app", Instant::from_nanos(at), 10);
            assert_eq!(new.is_some(), at == 0);
        }
        assert_eq!(seen.violations.len(), 1);
    }

    #[test]
    fn a_gauge_keeps_the_last_value_of_each_instant() {
        let mut seen = GuestObservations::default();
        let at = Instant::from_nanos;
        for (time, change) in [(1, 1), (1, 1), (2, -1)] {
            seen.change_gauge(at(time), "in use", change);
        }
        assert_eq!(seen.gauges["in use"], [(at(1), 2), (at(2), 1)]);
    }
}
