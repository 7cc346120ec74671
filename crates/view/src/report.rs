//! An HTML page about one run: what failed, why, and the run on a timeline.
//!
//! The page is one file and loads nothing. Failures are readable without JavaScript. The crate's
//! folder `page` has the template, the style sheet and the scripts; `report.js` is their bundle.

mod access_contexts;
mod columns;
mod data;
mod failures;
mod gauges;
mod left_out;
mod packets;
mod selection;
mod threads;
mod traffic;

use askama::Template;
use config::plan::{Keyword, Scenario};
use config::untrusted_text;
use explore::cut_off;
use explore::explain::{Explanation, Necessity};
use kernel::Instant;
use simulation::Outcome;
use simulation::timeline::{self, DrawnOutages};

use crate::finished_run::FinishedRun;

use data::Data;
use failures::Failure;

/// Outages of a link on the page.
const OUTAGES_MAX: usize = 10_000;

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    title: &'a str,
    /// Why the scenario exists.
    purpose: &'a str,
    headline: String,
    more: String,
    verdict: String,
    is_clean: bool,
    unexpected: &'a [String],
    failures: &'a [Failure],
    cause: Option<ShownExplanation<'a>>,
    command: &'a str,
    left_out: String,
    connectors: traffic::Group,
    workloads: traffic::Group,
    gauges: Vec<gauges::Gauge>,
    outages: Vec<gauges::Outage>,
    facts: Vec<(&'static str, String)>,
    style: &'static str,
    script: &'static str,
    data: String,
}

/// An explanation as the page shows it.
struct ShownExplanation<'a> {
    signature: &'a str,
    /// The necessary parts, in a sentence.
    summary: String,
    trace: &'a [String],
    necessary: Vec<&'a str>,
    unnecessary: Vec<&'a str>,
    undecided: Vec<&'a str>,
    has_parts: bool,
    runs: u64,
}

/// The page of a run. The run must be observed with packets and threads.
#[must_use]
pub fn report(run: &FinishedRun<'_>, explanation: Option<&Explanation>) -> String {
    let failures = failures::failures(run.scenario, run.outcome);
    let headline = failures::headline(run.outcome, &failures);
    let (verdict, is_clean) = failures::verdict(run.outcome);
    let outages = drawn_outages(run, &failures);
    let data = Data::of(run, &failures, &outages);
    let page = PageTemplate {
        title: &run.scenario.title,
        purpose: run.scenario.why.trim(),
        headline: headline.text,
        more: headline.more,
        verdict,
        is_clean,
        unexpected: &run.outcome.unexpected,
        cause: explanation.map(cause),
        command: run.command,
        left_out: left_out::words(run, &data, &outages),
        connectors: traffic::connectors(run.outcome),
        workloads: traffic::workloads(run.outcome),
        gauges: gauges::gauges(run),
        outages: gauges::outages(run, &outages),
        facts: facts(run),
        style: include_str!("../page/page.css"),
        script: include_str!("../page/report.js"),
        data: data.to_json(),
        failures: &failures,
    };
    // The template escapes for HTML; what no page should hold is left.
    untrusted_text::page(&page.render().expect("a String accepts any text"))
}

/// The signature of the most serious failure of a run: the one that is worth explaining.
#[must_use]
pub fn gravest_failure(scenario: &Scenario, outcome: &Outcome) -> Option<String> {
    let failures = failures::failures(scenario, outcome);
    failures.into_iter().next().map(|first| first.signature)
}

fn cause(explanation: &Explanation) -> ShownExplanation<'_> {
    let parts = |wanted: Necessity| {
        let parts = explanation.parts.iter();
        let parts = parts.filter(move |it| it.necessity == wanted);
        parts.map(|it| it.part.as_str()).collect::<Vec<&str>>()
    };
    let necessary = parts(Necessity::Necessary);
    let undecided = parts(Necessity::Undecided);
    let has_parts = !explanation.parts.is_empty();
    let summary = if necessary.is_empty() && !undecided.is_empty() {
        "no part is known to be necessary: runs without a part were cut off at a limit.".to_owned()
    } else if necessary.is_empty() {
        "no single part of the scenario is necessary; it happens without each of them.".to_owned()
    } else {
        format!("it does not happen without {}.", alternatives(&necessary))
    };
    // The cause first, then the parts that it needs.
    let headline = &explanation.headline;
    let summary = match has_parts {
        false => headline.clone(),
        true => format!("{headline}. In this run {summary}"),
    };
    ShownExplanation {
        signature: &explanation.signature,
        summary,
        trace: &explanation.causal_trace,
        necessary,
        unnecessary: parts(Necessity::NotNecessary),
        undecided,
        has_parts,
        runs: explanation.runs,
    }
}

/// `a, b or c`; of many parts, the first few.
fn alternatives(parts: &[&str]) -> String {
    const NAMED_MAX: usize = 6;
    let named = &parts[..parts.len().min(NAMED_MAX)];
    match (named, parts.len() - named.len()) {
        ([all @ .., last], 0) if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        (named, 0) => named.join(", "),
        (named, more) => format!("{} or {more} more parts", named.join(", ")),
    }
}

/// The table of the run's numbers.
fn facts(run: &FinishedRun<'_>) -> Vec<(&'static str, String)> {
    let outcome = run.outcome;
    let hosts = outcome.hosts.iter();
    let hosts: Vec<String> = hosts
        .map(|it| format!("{} {}", it.name, it.program()))
        .collect();
    let mut facts = vec![("hosts", hosts.join(", "))];
    if outcome.hosts.iter().any(|it| it.build.is_some()) {
        facts.extend(facts_of_mtas(outcome));
    }
    facts.extend([
        ("virtual time", outcome.simulated.to_string()),
        ("scheduler", run.scenario.scheduler.as_str().to_owned()),
        ("seed", outcome.seed.to_string()),
        ("digest", outcome.digest.to_string()),
    ]);
    // Also where the verdict is another one: more could have followed.
    facts.extend(cut_off(run.scenario, outcome).map(|words| ("the run was", words)));
    facts
}

/// What only MTAs have.
fn facts_of_mtas(outcome: &Outcome) -> [(&'static str, String); 3] {
    let (associations, messages) = (outcome.associations, outcome.messages);
    let logged = outcome.events_logged.iter();
    let logged: Vec<String> = logged
        .map(|(id, count)| format!("{count} x {id}"))
        .collect();
    [
        ("associations", associations.to_string()),
        (
            "messages",
            format!(
                "{} submitted, {} arrived, {} acknowledged, {} returned",
                messages.submitted, messages.arrived, messages.acknowledged, messages.returned
            ),
        ),
        ("events logged", logged.join(", ")),
    ]
}

/// The outages on the page: on each link the nearest to each failure, and an even sample of the rest.
fn drawn_outages(run: &FinishedRun<'_>, failures: &[Failure]) -> Vec<DrawnOutages> {
    let moments = failures::moments(failures).into_iter();
    let moments: Vec<Instant> = moments.map(Instant::from_nanos).collect();
    let (seed, end) = (run.outcome.seed, run.outcome.simulated);
    let outages = timeline::outages_around(run.scenario, seed, end, &moments, OUTAGES_MAX);
    outages.unwrap_or_default()
}
