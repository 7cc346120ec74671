//! The regression file of a shrunk failure: a commented scenario file for `sims/regress/` that
//! expects the failure, and the Rust test that runs it.
//!
//! It holds no digest, so it survives every change that preserves the failure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use config::file;
use config::file::Diagnostics;
use config::plan::{CountRange, ExceptionCode, Expectations, Preemption, Scenario, ViolationKind};
use config::untrusted_text;
use simulation::Outcome;

use crate::shrink::Shrunk;

/// At least once.
const AT_LEAST_ONCE: CountRange = CountRange { min: 1, max: None };
/// Any number of times.
const ANY: CountRange = CountRange { min: 0, max: None };

/// The scenario of a shrunk failure, expecting it, with a title that names it.
#[must_use]
pub fn scenario(shrunk: &Shrunk) -> Scenario {
    let mut scenario = shrunk.scenario.clone();
    scenario.expect = expectations(&shrunk.outcome, &shrunk.signature);
    scenario.title = format!("Pinned: {}", shrunk.signature);
    scenario
}

/// Requires the failure, and allows the other failures of the run.
fn expectations(outcome: &Outcome, signature: &str) -> Expectations {
    let range = |own: String| if own == signature { AT_LEAST_ONCE } else { ANY };
    let mut violations: BTreeMap<ViolationKind, CountRange> = BTreeMap::new();
    for violation in &outcome.violations {
        let range = range(violation.signature());
        let entry = violations.entry(violation.kind).or_insert(range);
        if range == AT_LEAST_ONCE {
            *entry = AT_LEAST_ONCE;
        }
    }
    let mut exceptions: BTreeMap<ExceptionCode, CountRange> = BTreeMap::new();
    for exception in &outcome.exceptions {
        let range = range(exception.signature());
        let code = ExceptionCode::Code(exception.code);
        let entry = exceptions.entry(code).or_insert(range);
        if range == AT_LEAST_ONCE {
            *entry = AT_LEAST_ONCE;
        }
    }
    Expectations {
        violations,
        exceptions,
        ..Expectations::default()
    }
}

/// The content of the file.
///
/// # Errors
/// If the content does not load as a scenario, which is a bug in mtasim.
pub fn text(shrunk: &Shrunk) -> Result<String, Diagnostics> {
    let scenario = scenario(shrunk);
    let [before, after] = shrunk.sizes;
    let randomness = if shrunk.any_seed {
        "No randomness left: five other seeds show it too."
    } else {
        "The seed below decides the remaining randomness, such as the cost of each call."
    };
    let minimal = match (shrunk.interrupted, shrunk.out_of_budget) {
        (true, _) => "The search was interrupted: a smaller scenario may exist.",
        (false, true) => "The search reached its budget: a smaller scenario may exist.",
        (false, false) => "No single part can be removed or set to its default.",
    };
    let comment = format!(
        "#:schema ../../docs/scenario.schema.json\n\n# Shows: {}\n# From: {before}\n# To:   {after}\n# {randomness}\n# {minimal}\n\n",
        untrusted_text::line(&shrunk.signature)
    );
    let body = annotated(&body(&scenario)?, &preempted_threads(shrunk));
    let text = format!("{comment}{body}");
    let loaded = file::load("pinned", text.as_bytes(), &[])?;
    assert_eq!(loaded, scenario, "the file loads as the shrunk scenario");
    Ok(text)
}

/// The scenario as TOML, without addresses if loading assigns the same ones.
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

/// A comment that names the preempted threads.
fn preempted_threads(shrunk: &Shrunk) -> String {
    let name = |pin: &Preemption| {
        let view = shrunk.outcome.hosts.iter().find(|it| it.name == pin.host)?;
        let mut threads = view.threads.iter();
        let (_, name) = threads.find(|(number, _)| u32::from(number.0) == pin.thread)?;
        Some(format!("{:03} on {} is {name}", pin.thread, pin.host))
    };
    let mut names: Vec<String> = shrunk
        .scenario
        .pins
        .preempt
        .iter()
        .filter_map(name)
        .collect();
    names.sort();
    names.dedup();
    format!(
        "Each thread is preempted just before this call, and others go first: {}.",
        names.join(", ")
    )
}

/// The scenario with comments before the keys that need one.
fn annotated(body: &str, preempted: &str) -> String {
    let mut text = body.to_owned();
    for (mark, comment) in [
        ("\npreempt = [", preempted),
        ("\n[pin]", "The random choices of the failing run, pinned."),
        (
            "\n[expect]",
            "The failure must occur: this file fails once the defect is fixed.",
        ),
        (
            "\ncall_jitter = \"0/1\"",
            "Every call costs the same, so no randomness is left.",
        ),
    ] {
        text = text.replacen(mark, &format!("\n# {comment}{mark}"), 1);
    }
    text
}

/// The test for guests, whose programs the user's `setup` registers. The scenario expects the failure.
fn guest_test(name: &str, file: &Path) -> String {
    format!(
        "#[mtasim::test(scenario = {:?}, seeds = 0..1)]\n\
         fn {name}(sim: &mut mtasim::guest::Sim) {{\n    \
             setup(sim);\n\
         }}\n",
        file.display().to_string()
    )
}

/// A Rust test that runs the file. `file` is the path of the file from the package's root, or an
/// absolute one; the test is for the folder `tests`.
#[must_use]
pub fn regression_test(shrunk: &Shrunk, file: &Path) -> String {
    let words = shrunk
        .signature
        .split(|it: char| !it.is_ascii_alphanumeric());
    let words = words.filter(|it| !it.is_empty()).take(8);
    let name = words.collect::<Vec<_>>().join("_").to_ascii_lowercase();
    let signature = &shrunk.signature;
    let mut hosts = shrunk.scenario.hosts.values();
    if hosts.any(|host| host.build().is_none()) {
        return guest_test(&name, file);
    }
    // `include_bytes!` starts from the folder of the source file.
    let path = Path::new("..").join(file).display().to_string();
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "#[test]\n\
         fn {name}() {{\n    \
             let text = include_bytes!({path:?});\n    \
             let scenario = mtasim::file::load({file_name:?}, text, &[]).expect(\"a scenario\");\n    \
             let options = mtasim::Options {{ keep_records: false }};\n    \
             let outcome = mtasim::run(&scenario, scenario.seed, options).expect(\"it runs\");\n    \
             assert!(outcome.signatures().iter().any(|it| it == {signature:?}));\n\
         }}\n"
    )
}
