//! A test of guests: seeds of a scenario, and what a reader needs to know if one fails.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use explore::explain::explain;
use explore::{Capsule, Subject};

use crate::search::{Search, search_subject};
use crate::sim::Sim;
use crate::subject::Guests;

/// Runs the guests that `setup` registers under all `seeds` of a scenario. `name` is the name of the
/// scenario's file in messages. `#[mtasim::test]` calls it.
///
/// # Panics
/// If the scenario is not valid, a run is not as the scenario expects, two runs of one seed differ,
/// or a point of [`sometimes`](crate::sometimes) was never reached. The message has the first
/// failing seed, the smallest scenario found that fails, and its explanation.
pub fn test<F>(name: &str, scenario: &str, seeds: Range<u64>, setup: F)
where
    F: Fn(&mut Sim) + Send + Sync + 'static,
{
    test_subject(name, scenario, seeds, Arc::new(Guests(setup)));
}

/// The same for guests as a [`Subject`]: [`Guests`], or what runs them in another way.
///
/// # Panics
/// As [`test()`].
pub fn test_subject(name: &str, scenario: &str, seeds: Range<u64>, subject: Arc<dyn Subject>) {
    let found = match search_subject(scenario, seeds, subject) {
        Ok(found) => found,
        Err(error) => panic!("{name}: {error}"),
    };
    if let Some(message) = complaint(name, &found) {
        panic!("{message}");
    }
}

/// What is wrong with a sweep.
fn complaint(name: &str, found: &Search) -> Option<String> {
    let unexpected = found.unexpected.len();
    if let Some((seed, why)) = found.unexpected.first_key_value() {
        let mut text = format!("{unexpected} of {} seeds of {name} fail", found.runs);
        for (signature, seeds) in found.signatures() {
            write_line(&mut text, &format!("{signature}: {seeds} seeds"));
        }
        write_line(&mut text, &format!("first seed {seed}: {}", why.join("; ")));
        if let Some(capsule) = found.first() {
            text += &described(found, capsule);
        }
        return Some(text);
    }
    let never = found.never_reached();
    if never.is_empty() {
        return None;
    }
    Some(format!(
        "never true in {} runs of {name}: {}. What depends on it was not tested: change the \
         scenario, or run more seeds",
        found.runs,
        never.join(", ")
    ))
}

/// The failure in small, and its explanation.
fn described(found: &Search, capsule: &Capsule) -> String {
    let mut text = String::new();
    let at = capsule.failure.time();
    write_line(
        &mut text,
        &format!(
            "seed {} at {at}: {}",
            capsule.seed, capsule.failure.signature
        ),
    );
    let shrunk = match found.shrink(capsule) {
        Ok(shrunk) => shrunk,
        Err(error) => {
            write_line(&mut text, &error.to_string());
            return text;
        }
    };
    let seeds = if shrunk.any_seed {
        "under any seed".to_owned()
    } else {
        format!("under seed {}", shrunk.scenario.seed)
    };
    let runs = shrunk.runs;
    write_line(
        &mut text,
        &format!("the smallest scenario found in {runs} runs fails {seeds}:\n"),
    );
    text += &shrunk.scenario.to_toml();
    let seed = shrunk.scenario.seed;
    let signature = Some(shrunk.signature.as_str());
    if let Ok(explanation) = explain(&shrunk.scenario, seed, signature, found.subject()) {
        write_line(&mut text, &format!("\n{explanation}"));
    }
    text
}

fn write_line(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    let _ = write!(text, "\n{line}");
}
