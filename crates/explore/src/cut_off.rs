//! What cut a run off, in words: every command says it in the same ones.

use config::plan::Scenario;
use kernel::Instant;
use simulation::Outcome;

/// `cut off at limits.events after 0:00:01 of 10:00:00: what would have followed is unknown; raise
/// limits.events`; `None` of a run that ended by itself.
#[must_use]
pub fn cut_off(scenario: &Scenario, outcome: &Outcome) -> Option<String> {
    let (limit, cure) = (outcome.stop.limit()?, outcome.stop.cure()?);
    let whole = Instant::ZERO + scenario.duration + scenario.healing.unwrap_or_default();
    Some(format!(
        "cut off at {limit} after {} of {whole}: what would have followed is unknown; {cure}",
        outcome.simulated
    ))
}
