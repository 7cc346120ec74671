//! One run as one page that anybody can open.
//!
//! Owns [`report`]: a single HTML file with everything in it, which asks no network for anything
//! and is the same bytes for the same run. Its first screen says what went wrong; below that is
//! the run on a time axis. It refuses to run anything or to find causes: the explanation is
//! handed in.
//!
//! The page's own parts are files next to this module: `page.html` is the form, `page.css` its
//! looks in light and dark, and the scripts draw and answer.

mod columns;
mod data;
mod failures;
mod packets;
mod scenes;
mod threads;
mod time;

use askama::Template;
use config::plan::{Keyword, Scenario};
use explore::explain::{Explanation, Necessity};
use simulation::Outcome;

use crate::shown::Shown;

use failures::Failure;

/// The scripts, in the order in which they need each other.
const SCRIPTS: [&str; 6] = [
    include_str!("report/model.js"),
    include_str!("report/lanes.js"),
    include_str!("report/draw.js"),
    include_str!("report/panel.js"),
    include_str!("report/input.js"),
    include_str!("report/main.js"),
];

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
    why: &'a str,
    headline: String,
    more: String,
    verdict: &'static str,
    is_good: bool,
    unexpected: &'a [String],
    failures: &'a [Failure],
    explanation: Option<Told<'a>>,
    repeat: &'a str,
    facts: Vec<(&'static str, String)>,
    style: &'static str,
    script: String,
    data: String,
}

/// An explanation as the page tells it.
struct Told<'a> {
    signature: &'a str,
    /// In a line: what is necessary.
    short: String,
    chain: &'a [String],
    necessary: Vec<&'a str>,
    others: Vec<&'a str>,
    runs: u64,
}

/// The page of a run. The run has to be watched whole: packets and threads.
#[must_use]
pub fn report(run: &Shown<'_>, explanation: Option<&Explanation>) -> String {
    let failures = failures::failures(run.scenario, run.outcome);
    let headline = failures::headline(run.outcome, &failures);
    let (verdict, is_good) = failures::verdict(run.outcome);
    let page = Page {
        title: &run.scenario.title,
        why: run.scenario.why.trim(),
        headline: headline.text,
        more: headline.more,
        verdict,
        is_good,
        unexpected: &run.outcome.unexpected,
        explanation: explanation.map(told),
        repeat: run.repeat,
        facts: facts(run),
        style: include_str!("report/page.css"),
        script: SCRIPTS.concat(),
        data: data::json(run, &failures),
        failures: &failures,
    };
    page.render().expect("a string takes everything")
}

/// The signature of the failure that the page is about, if anything went wrong: what is worth
/// explaining.
#[must_use]
pub fn subject(scenario: &Scenario, outcome: &Outcome) -> Option<String> {
    let failures = failures::failures(scenario, outcome);
    failures.into_iter().next().map(|first| first.signature)
}

fn told(explanation: &Explanation) -> Told<'_> {
    let parts = |wanted: Necessity| {
        let parts = explanation.parts.iter();
        let parts = parts.filter(move |it| it.necessity == wanted);
        parts.map(|it| it.part.as_str()).collect::<Vec<&str>>()
    };
    let necessary = parts(Necessity::Necessary);
    let short = match necessary.len() {
        0 => "no single part of the scenario is necessary; it happens without each of them."
            .to_owned(),
        _ => format!("it does not happen without {}.", listed(&necessary)),
    };
    Told {
        signature: &explanation.signature,
        short,
        chain: &explanation.causal_trace,
        necessary,
        others: parts(Necessity::NotNecessary),
        runs: explanation.runs,
    }
}

/// `a, b or c`; of many, the first few.
fn listed(parts: &[&str]) -> String {
    const NAMED: usize = 6;
    let named = &parts[..parts.len().min(NAMED)];
    match (named, parts.len() - named.len()) {
        ([all @ .., last], 0) if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        (named, 0) => named.join(", "),
        (named, more) => format!("{} or {more} parts more", named.join(", ")),
    }
}

/// What else there is to know of a run, label by label.
fn facts(run: &Shown<'_>) -> Vec<(&'static str, String)> {
    let outcome = run.outcome;
    let (associations, messages) = (outcome.associations, outcome.messages);
    let hosts = outcome.hosts.iter();
    let hosts: Vec<String> = hosts
        .map(|it| format!("{} {}", it.name, it.build))
        .collect();
    let logged = outcome.events_logged.iter();
    let logged: Vec<String> = logged
        .map(|(id, count)| format!("{count} x {id}"))
        .collect();
    vec![
        ("hosts", hosts.join(", ")),
        (
            "associations",
            format!(
                "{} opened, {} closed, {} failed, {} refused",
                associations.opened, associations.closed, associations.failed, associations.refused
            ),
        ),
        (
            "messages",
            format!(
                "{} submitted, {} arrived, {} acknowledged, {} returned",
                messages.submitted, messages.arrived, messages.acknowledged, messages.returned
            ),
        ),
        ("events logged", logged.join(", ")),
        (
            "virtual time",
            format!("{} s", time::seconds(outcome.simulated.nanos())),
        ),
        ("scheduler", run.scenario.scheduler.as_str().to_owned()),
        ("seed", outcome.seed.to_string()),
        ("digest", outcome.digest.to_string()),
    ]
}
