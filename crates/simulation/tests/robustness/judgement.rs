//! What is wrong with a run, beyond what its builds account for.
//!
//! Owns the excuses: a known defect of a build, a pool too small for what is asked of it. It
//! refuses to know the cases.

use config::file;
use config::plan::{Build, Scenario, ViolationKind};
use simulation::{Options, Outcome, run};

use crate::invented::{Builds, Invented, invent};

fn read(invented: &Invented) -> Scenario {
    match file::load("invented.toml", invented.text.as_bytes(), &[]) {
        Ok(scenario) => scenario,
        Err(mistakes) => panic!("{mistakes:?}\n{}", invented.text),
    }
}

/// Runs one case; what is wrong with it, in words.
pub(crate) fn judge(case: u64, builds: Builds) -> (Outcome, Vec<String>) {
    let invented = invent(case, builds);
    let scenario = read(&invented);
    let options = Options {
        keep_records: false,
    };
    let outcome = run(&scenario, case, options).expect("an invented link can be calibrated");
    let mut wrong = accounts(&outcome);
    wrong.extend(unexpected(&scenario, &invented, &outcome));
    (outcome, wrong)
}

/// What must agree whatever the build does.
fn accounts(outcome: &Outcome) -> Vec<String> {
    let messages = outcome.messages;
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}: {messages:?}"));
        }
    };
    let damaged = outcome
        .violations
        .iter()
        .any(|it| it.kind == ViolationKind::Delivery);
    check(
        messages.arrived <= messages.submitted || damaged,
        "more arrived than was sent",
    );
    check(
        messages.acknowledged <= messages.arrived || damaged,
        "more was acknowledged than arrived",
    );
    check(
        messages.returned <= messages.submitted,
        "more was returned than was sent",
    );
    wrong
}

/// Violations and exceptions that the builds of the scenario do not account for.
fn unexpected(scenario: &Scenario, invented: &Invented, outcome: &Outcome) -> Vec<String> {
    let build = |host: &str| scenario.hosts[host].build;
    // What unguarded threads do to a message is seen where the message arrives.
    let any_unguarded = scenario
        .hosts
        .values()
        .any(|host| host.build == Build::V4_0_993_6);
    let is_excused = |kind: ViolationKind, host: &str| {
        let build = build(host);
        let may_starve = invented.has_tiny_pool;
        build == Build::V4_0_993_6
            || kind == ViolationKind::Liveness && (may_starve || any_unguarded)
            || kind == ViolationKind::Delivery && any_unguarded
            || kind == ViolationKind::ControlBlockExhaustion && (may_starve || leaks(build))
            || kind == ViolationKind::ControlBlockLeak && leaks(build)
    };
    let violations = outcome
        .violations
        .iter()
        .filter(|it| !is_excused(it.kind, &it.host))
        .map(|it| {
            format!(
                "{} on {} at {}: {}",
                it.signature(),
                it.host,
                it.at,
                it.detail
            )
        });
    let exceptions = outcome
        .exceptions
        .iter()
        .filter(|it| build(&it.host) != Build::V4_0_993_6)
        .map(|it| format!("{} on {} at {}", it.signature(), it.host, it.at));
    violations.chain(exceptions).collect()
}

fn leaks(build: Build) -> bool {
    matches!(build, Build::V5_5_2653_23 | Build::V6_0_4712_0)
}
