//! A shrunk failure as an ordinary scenario file.
//!
//! Owns the text that is committed to `sims/regress/`: comments, the scenario, the failure as an
//! expectation, and the regression test that goes with it. It refuses digests: the file is to
//! survive every change that leaves the failure in place.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use config::file;
use config::file::Diagnostics;
use config::plan::{CountRange, ExceptionCode, Expectations, Preemption, Scenario, ViolationKind};
use simulation::Outcome;

use crate::shrink::Shrunk;

/// At least once.
const SOME: CountRange = CountRange { min: 1, max: None };
/// Any number of times.
const ANY: CountRange = CountRange { min: 0, max: None };

/// The scenario of a shrunk failure, which demands it, with a title that says so.
#[must_use]
pub fn scenario(shrunk: &Shrunk) -> Scenario {
    let mut scenario = shrunk.scenario.clone();
    scenario.expect = expectations(&shrunk.outcome, &shrunk.signature);
    scenario.title = format!("Pinned: {}", shrunk.signature);
    scenario
}

/// The failure has to appear; what else went wrong in the run may.
fn expectations(outcome: &Outcome, signature: &str) -> Expectations {
    let range = |own: String| if own == signature { SOME } else { ANY };
    let mut violations: BTreeMap<ViolationKind, CountRange> = BTreeMap::new();
    for violation in &outcome.violations {
        let range = range(violation.signature());
        let entry = violations.entry(violation.kind).or_insert(range);
        if range == SOME {
            *entry = SOME;
        }
    }
    let mut exceptions: BTreeMap<ExceptionCode, CountRange> = BTreeMap::new();
    for exception in &outcome.exceptions {
        let range = range(exception.signature());
        let code = ExceptionCode::Code(exception.code);
        let entry = exceptions.entry(code).or_insert(range);
        if range == SOME {
            *entry = SOME;
        }
    }
    Expectations {
        violations,
        exceptions,
        ..Expectations::default()
    }
}

/// The file's text.
///
/// # Errors
/// If the scenario's text is no scenario, which is a bug of this program.
pub fn text(shrunk: &Shrunk) -> Result<String, Diagnostics> {
    let scenario = scenario(shrunk);
    let [before, after] = shrunk.sizes;
    let chance = if shrunk.any_seed {
        "Nothing is left to chance: five other seeds show it too."
    } else {
        "What is left to chance, such as the cost of each call, follows the seed below."
    };
    let minimal = if shrunk.out_of_budget {
        "The search ran out of its budget: smaller may be possible."
    } else {
        "No single element can be left out or set to its default."
    };
    let comment = format!(
        "#:schema ../../docs/scenario.schema.json\n\n# Shows: {}\n# From: {before}\n# To:   {after}\n# {chance}\n# {minimal}\n\n",
        shrunk.signature
    );
    let body = commented(&body(&scenario)?, &put_aside(shrunk));
    let text = format!("{comment}{body}");
    let loaded = file::load("pinned", text.as_bytes(), &[])?;
    assert_eq!(loaded, scenario, "the text says what was found");
    Ok(text)
}

/// The scenario's text, without addresses where loading gives the same ones again.
fn body(scenario: &Scenario) -> Result<String, Diagnostics> {
    let mut bare = scenario.clone();
    for host in bare.hosts.values_mut() {
        host.address = Ipv4Addr::UNSPECIFIED;
    }
    let text = bare.to_toml();
    let loaded = file::load("pinned", text.as_bytes(), &[])?;
    Ok(if loaded == *scenario {
        text
    } else {
        scenario.to_toml()
    })
}

/// Who the threads are that are put aside.
fn put_aside(shrunk: &Shrunk) -> String {
    let name = |pin: &Preemption| {
        let view = shrunk.outcome.hosts.iter().find(|it| it.name == pin.host)?;
        let mut threads = view.threads.iter();
        let (_, name) = threads.find(|(number, _)| u32::from(number.0) == pin.thread)?;
        Some(format!("{:03} on {} is {name}", pin.thread, pin.host))
    };
    let mut who: Vec<String> = shrunk
        .scenario
        .pins
        .preempt
        .iter()
        .filter_map(name)
        .collect();
    who.sort();
    who.dedup();
    format!(
        "A thread is put aside just before it does this, and others go first: {}.",
        who.join(", ")
    )
}

/// A word before what a reader may not expect.
fn commented(body: &str, put_aside: &str) -> String {
    let mut text = body.to_owned();
    for (mark, comment) in [
        ("\npreempt = [", put_aside),
        ("\n[pin]", "What chance did when it failed, laid down."),
        (
            "\n[expect]",
            "The failure has to appear. Without the defect this file fails.",
        ),
        (
            "\ncall_jitter = \"0/1\"",
            "Every call costs the same, so that no luck is left.",
        ),
    ] {
        text = text.replacen(mark, &format!("\n# {comment}{mark}"), 1);
    }
    text
}

/// A regression test for the file, ready to be pasted.
#[must_use]
pub fn regression_test(shrunk: &Shrunk, file_name: &str) -> String {
    let name: String = shrunk
        .signature
        .chars()
        .map(|it| {
            if it.is_ascii_alphanumeric() {
                it.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let mut words: Vec<&str> = name.split('_').filter(|it| !it.is_empty()).collect();
    words.truncate(8);
    let name = words.join("_");
    let signature = &shrunk.signature;
    format!(
        "#[test]\n\
         fn {name}() {{\n    \
             let text = include_bytes!(\"../sims/regress/{file_name}\");\n    \
             let scenario = mtasim::file::load({file_name:?}, text, &[]).expect(\"a scenario\");\n    \
             let options = mtasim::Options {{ keep_records: false }};\n    \
             let outcome = mtasim::run(&scenario, scenario.seed, options).expect(\"it runs\");\n    \
             assert!(outcome.signatures().iter().any(|it| it == {signature:?}));\n\
         }}\n"
    )
}
