//! Scenario files: from text to a checked [`Scenario`] and back.
//!
//! Owns the format: its grammar of quantities, its keys with their meaning and defaults, what
//! a file gets told when it is wrong, the canonical text and the schema. Text becomes a tree
//! in which every value knows its span, the tree fills the plan, the plan is checked as a
//! whole. It refuses to run anything.
//!
//! Nothing here panics, whatever the bytes: they are a stranger's.

mod canonical;
mod check;
mod describe;
mod fields;
mod manual;
mod printer;
mod reader;
mod schema;
mod sections;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::plan::Scenario;

pub use crate::format::diagnostic::{Code, Diagnostic, Source, Span};
pub use crate::format::document::SIZE_MAX;
pub use crate::format::render::{Diagnostics, Position};
pub use manual::key_tables;
pub use schema::schema;

pub use crate::format::units::{QuantityError, parse_duration, parse_seed};

pub(crate) use crate::format::units::quantities;

use crate::format::diagnostic::{self};
use crate::format::document::{self, Node};
use crate::format::overrides;
use check::finding::Finding;
use fields::about;
use reader::{Reader, Spans};

/// Overrides one run may have.
const OVERRIDES_MAX: usize = 1_000;

/// Reads a scenario.
///
/// `name` is what diagnostics call the file. Each override is a `PATH=VALUE` from the command
/// line, such as `link.wan.delay=180ms`, and passes the same checks as the file.
///
/// # Errors
/// Everything that is wrong, as far as one mistake does not hide another.
pub fn load(name: &str, bytes: &[u8], overrides: &[String]) -> Result<Scenario, Diagnostics> {
    let mut sources = vec![Source {
        name: name.to_owned(),
        text: String::new(),
    }];
    let text = match document::text_of(bytes) {
        Ok(text) => text,
        Err(diagnostic) => return Err(sorted(sources, vec![diagnostic])),
    };
    text.clone_into(&mut sources[0].text);
    if overrides.len() > OVERRIDES_MAX {
        let message = format!("more than {OVERRIDES_MAX} overrides");
        return Err(sorted(
            sources,
            vec![Diagnostic::of_file(Code::TooMany, message)],
        ));
    }
    sources.extend(overrides.iter().map(|text| Source {
        name: "--set".to_owned(),
        text: text.clone(),
    }));
    document::parse(text)
        .and_then(|document| interpret(document, &sources))
        .map_err(|diagnostics| sorted(sources, diagnostics))
}

/// Overrides, types and checks, in this order.
fn interpret(mut document: Node, sources: &[Source]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for (number, source) in sources.iter().enumerate().skip(1) {
        if let Err(diagnostic) = overrides::apply(&mut document, &source.text, number) {
            diagnostics.push(diagnostic);
        }
    }
    let (mut scenario, spans, found) = Reader::read::<Scenario>(&document);
    diagnostics.extend(found);
    assign_addresses(&mut scenario);
    // Settings that could not be read would contradict others by accident; names would not.
    let findings = if diagnostics.is_empty() {
        check::check(&scenario)
    } else {
        check::check_names(&scenario)
    };
    diagnostics.extend(with_spans(findings, &spans));
    if diagnostics.is_empty() {
        Ok(scenario)
    } else {
        Err(diagnostics)
    }
}

/// Findings at the spans their settings came from.
fn with_spans(findings: Vec<Finding>, spans: &Spans) -> impl Iterator<Item = Diagnostic> {
    findings
        .into_iter()
        .take(diagnostic::DIAGNOSTICS_MAX)
        .map(|finding| {
            let span = spans.of(&finding.path).unwrap_or(Span::new(0, 0..0));
            let diagnostic = Diagnostic::new(finding.code, span, finding.message);
            about(&finding.path, diagnostic).maybe_help(finding.help)
        })
}

/// Gives every host without one the next free address from 10.0.0.1 upwards.
fn assign_addresses(scenario: &mut Scenario) {
    let taken: BTreeSet<Ipv4Addr> = scenario.hosts.values().map(|host| host.address).collect();
    let first = u32::from(Ipv4Addr::new(10, 0, 0, 1));
    let mut free = (first..)
        .map(Ipv4Addr::from)
        .filter(|address| !matches!(address.octets()[3], 0 | 255) && !taken.contains(address));
    for host in scenario.hosts.values_mut() {
        if host.address.is_unspecified() {
            host.address = free
                .next()
                .expect("no file has hosts enough to fill 10.0.0.0/8");
        }
    }
}

fn sorted(sources: Vec<Source>, mut diagnostics: Vec<Diagnostic>) -> Diagnostics {
    assert!(!diagnostics.is_empty(), "an error has a reason");
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    diagnostics.dedup();
    diagnostics.truncate(diagnostic::DIAGNOSTICS_MAX);
    Diagnostics {
        sources,
        diagnostics,
    }
}
