//! Statistical laws of the model, tested on whole runs.
//!
//! Every seed is fixed, so a law that holds once holds always. Each law has a small test that always
//! runs and, where rates matter, an ignored campaign that prints what it measured.
//!
//! - `churn`: opens and closes at a fixed rate make unguarded structures fail, and bytes do not.
//! - `clean_runs`: a clean link and a fixed build violate nothing.
//! - `closes`: connections that end at one moment, and bytes.
//! - `heap_races`: what makes unguarded structures fail.
//! - `leak_rate`: what the leak rate depends on.
//! - `link_loss`: what a link loses.
//! - `tcp_timing`: the timing of the TCP profiles.
//! - `processors`: how many threads can run at once.
//! - `q152941`: the sentences and events of the article.
//! - `q303102`: the sentences and log lines of the article.
//! - `second_frees`: which thread frees a select set second.
//! - `symptoms`: symptoms, delivery and conservation.

mod churn;
mod clean_runs;
mod closes;
mod heap_races;
mod leak_rate;
mod link_loss;
mod processors;
mod q152941;
mod q303102;
mod second_frees;
mod symptoms;
mod tcp_timing;

use config::file;
use config::plan::{Scenario, ViolationKind};
use simulation::{Options, Outcome};

/// The pair of hosts of Q303102 over a bad link, with a pool that is never empty. Each law
/// overrides what it varies.
const PAIR: &str = r#"
title = "A pair over a bad link"
why = "The laws of docs/model.md"
duration = "10h"

[host.PARIS]
build = "5.5.2653.23"
control_blocks = 1250
race_detector = false

[host.LYON]
build = "5.5.2655.16"
control_blocks = 1250
race_detector = false

[link.wan]
between = ["PARIS", "LYON"]
delay = "100ms"
loss.outages = { ping_success = "1/8", mean_outage = "30s" }

[connector.paris-lyon]
from = "PARIS"
to = "LYON"
lifetime = "15s"
open_interval = "120s"

[workload.mail]
connector = "paris-lyon"
poisson = { mean = "60s" }
size = { from = "1 KiB", to = "8 KiB" }
end = "8h"

[expect]
only = false
"#;

/// [`PAIR`] with these settings replaced, such as `link.wan.delay=20ms`.
fn pair(settings: &[&str]) -> Scenario {
    read(PAIR, settings)
}

fn read(text: &str, settings: &[&str]) -> Scenario {
    let settings: Vec<String> = settings.iter().map(|&it| it.to_owned()).collect();
    match file::load("law.toml", text.as_bytes(), &settings) {
        Ok(scenario) => scenario,
        Err(mistakes) => panic!("{mistakes:?}"),
    }
}

fn run(scenario: &Scenario, seed: u64) -> Outcome {
    let options = Options {
        keep_records: false,
    };
    explore::run(scenario, seed, options).expect("the link can be calibrated")
}

fn run_with_records(scenario: &Scenario, seed: u64) -> Outcome {
    let options = Options { keep_records: true };
    explore::run(scenario, seed, options).expect("the link can be calibrated")
}

fn leaks_of(outcome: &Outcome) -> u64 {
    let leaked = outcome
        .violations
        .iter()
        .filter(|it| it.kind == ViolationKind::ControlBlockLeak);
    leaked.count() as u64
}

/// Leaks over seeds 1 to `seeds`.
fn leaks(settings: &[&str], seeds: u64) -> u64 {
    let scenario = pair(settings);
    (1..=seeds)
        .map(|seed| leaks_of(&run(&scenario, seed)))
        .sum()
}
