//! Scenario files: from text to a checked [`Scenario`] and back.
//!
//! [`load`] never panics, whatever the bytes are.

mod check;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Value as Json;

use crate::format::document::{self, Node};
use crate::format::key::description::describe;
use crate::format::key::printer::{Detail, Printer};
use crate::format::key::reader::{Read, Reader};
use crate::format::overrides;
use crate::plan::Scenario;
use check::{check, check_names};

pub use crate::format::diagnostic::{Code, Diagnostic, Source, Span};
pub use crate::format::document::SIZE_MAX;
pub use crate::format::render::{Diagnostics, Position};
pub use crate::format::units::{QuantityError, parse_duration, parse_seed};

/// Overrides of one run.
const OVERRIDES_MAX: usize = 1_000;
/// Changes with the meaning of the text, so that old hashes match nothing new.
const HASH_CONTEXT: &str = "mtasim scenario 4";

/// Reads a scenario.
///
/// `name` is the file's name in diagnostics. Each override is a `PATH=VALUE` from the command line,
/// such as `link.wan.delay=180ms`, and passes the same checks as the file.
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
        Err(diagnostic) => return Err(Diagnostics::new(sources, vec![diagnostic])),
    };
    text.clone_into(&mut sources[0].text);
    if overrides.len() > OVERRIDES_MAX {
        let message = format!("more than {OVERRIDES_MAX} overrides");
        let found = Diagnostic::of_file(Code::TooMany, message);
        return Err(Diagnostics::new(sources, vec![found]));
    }
    sources.extend(overrides.iter().map(|text| Source {
        name: "--set".to_owned(),
        text: text.clone(),
    }));
    document::parse(text)
        .and_then(|document| interpret(document, &sources))
        .map_err(|diagnostics| Diagnostics::new(sources, diagnostics))
}

/// Applies the overrides, reads the settings and checks the plan.
fn interpret(mut document: Node, sources: &[Source]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    for (number, source) in sources.iter().enumerate().skip(1) {
        if let Err(diagnostic) = overrides::apply(&mut document, &source.text, number) {
            diagnostics.push(diagnostic);
        }
    }
    let Read {
        section: mut scenario,
        spans,
        diagnostics: found,
    } = Reader::read::<Scenario>(&document);
    diagnostics.extend(found);
    assign_addresses(&mut scenario);
    // A setting that could not be read would contradict others; names still can be looked up.
    let mistakes = if diagnostics.is_empty() {
        check(&scenario)
    } else {
        check_names(&scenario)
    };
    diagnostics.extend(mistakes.into_iter().map(|mistake| Diagnostic {
        code: mistake.code,
        span: Some(spans.of(&mistake.path).unwrap_or(Span::new(0, 0..0))),
        message: format!("`{}`: {}", mistake.path, mistake.message),
        label: String::new(),
        help: mistake.help,
    }));
    if diagnostics.is_empty() {
        Ok(scenario)
    } else {
        Err(diagnostics)
    }
}

/// Gives every host without an address the next free one from 10.0.0.1 upwards.
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
                .expect("10.0.0.0/8 has more addresses than a file has hosts");
        }
    }
}

/// The JSON Schema of scenario files.
#[must_use]
pub fn schema() -> Json {
    crate::format::schema::schema("mtasim scenario", &describe::<Scenario>())
}

/// The reference of all keys, as Markdown.
#[must_use]
pub fn key_tables() -> String {
    crate::format::reference::reference(&describe::<Scenario>())
}

impl Scenario {
    /// The scenario as a file, without the keys that are at their default. Loading the file gives
    /// the same scenario, provided that [`Scenario::check`] finds nothing.
    #[must_use]
    pub fn to_toml(&self) -> String {
        Printer::document(self, Detail::Brief)
    }

    /// The BLAKE3 hash of all settings, defaults included.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 32] {
        let text = Printer::document(self, Detail::Full);
        blake3::derive_key(HASH_CONTEXT, text.as_bytes())
    }

    /// What is wrong with an edited plan, as `(dotted path, message)`. Ranges of single values are
    /// not checked.
    #[must_use]
    pub fn check(&self) -> Vec<(String, String)> {
        let mistakes = check(self).into_iter();
        mistakes
            .map(|mistake| (mistake.path, mistake.message))
            .collect()
    }
}
