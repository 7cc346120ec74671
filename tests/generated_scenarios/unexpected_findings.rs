//! Findings of a generated run that its builds do not account for.
//!
//! A build with a known defect accounts for the violations of that defect; a pool that is too
//! small accounts for exhaustion and for what it delays.

use config::file;
use config::plan::{Build, Scenario, ViolationKind};
use simulation::{Options, Outcome};

use super::generator::{Builds, Generated, generate};

fn read(case: &Generated) -> Scenario {
    match file::load("generated.toml", case.text.as_bytes(), &[]) {
        Ok(scenario) => scenario,
        Err(mistakes) => panic!("{mistakes:?}\n{}", case.text),
    }
}

/// Runs one case. Returns what is wrong with it, in words.
pub(crate) fn check(case: u64, builds: Builds) -> (Outcome, Vec<String>) {
    let generated = generate(case, builds);
    let scenario = read(&generated);
    let options = Options {
        keep_records: false,
    };
    let outcome =
        explore::run(&scenario, case, options).expect("a generated link can be calibrated");
    let mut wrong = message_counts(&outcome);
    wrong.extend(unexpected(&scenario, &generated, &outcome));
    (outcome, wrong)
}

/// Relations between message counts that hold for every build.
fn message_counts(outcome: &Outcome) -> Vec<String> {
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
fn unexpected(scenario: &Scenario, case: &Generated, outcome: &Outcome) -> Vec<String> {
    let build = |host: &str| scenario.hosts[host].build();
    // What unguarded threads do to a message shows at the host where it arrives.
    let any_unguarded = scenario
        .hosts
        .values()
        .any(|host| host.build() == Some(Build::V4_0_993_6));
    let is_excused = |kind: ViolationKind, host: &str| {
        let build = build(host);
        let may_starve = case.has_tiny_pool;
        build == Some(Build::V4_0_993_6)
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
        .filter(|it| build(&it.host) != Some(Build::V4_0_993_6))
        .map(|it| format!("{} on {} at {}", it.signature(), it.host, it.at));
    violations.chain(exceptions).collect()
}

fn leaks(build: Option<Build>) -> bool {
    matches!(build, Some(Build::V5_5_2653_23 | Build::V6_0_4712_0))
}
