//! Scenario files: from text to a checked [`Scenario`] and back.
//!
//! [`load`] never panics, whatever the bytes are.

mod check;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::Value as Json;

use crate::format::document::{self, SpannedItem};
use crate::format::key::description::{describe, object};
use crate::format::key::printer::{Detail, Printer};
use crate::format::key::reader::Reader;
use crate::format::overrides::{self, NewName};
use crate::plan::Scenario;
use check::check;

pub use crate::format::diagnostic::{Code, Diagnostic, SourceText, Span};
pub use crate::format::document::SIZE_MAX;
pub use crate::format::render::{Diagnostics, Position};
pub use crate::format::units::{QuantityError, parse_duration, parse_seed};

/// Overrides of one run.
pub(crate) const OVERRIDES_MAX: usize = 1_000;
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
    let decoded = document::text_of(bytes);
    let sources = sources(name, decoded.as_ref().map_or("", |text| text), overrides);
    decoded
        .map_err(|found| vec![found])
        .and_then(|text| read(text, &sources))
        .and_then(|scenario| check_printed_size(scenario, bytes.len()))
        .map_err(|diagnostics| Diagnostics::new(sources, diagnostics))
}

fn read(text: &str, sources: &[SourceText]) -> Result<Scenario, Vec<Diagnostic>> {
    if text.trim().is_empty() && sources.len() == 1 {
        let found = Diagnostic::of_file(Code::MissingKey, "the file is empty")
            .help("`mtasim new` writes a commented scenario to start from");
        return Err(vec![found]);
    }
    if sources.len() > OVERRIDES_MAX + 1 {
        let message = format!("more than {OVERRIDES_MAX} overrides");
        return Err(vec![Diagnostic::of_file(Code::TooMany, message)]);
    }
    interpret(&mut document::parse(text)?, sources)
}

/// The file and its overrides.
fn sources(name: &str, text: &str, overrides: &[String]) -> Vec<SourceText> {
    let file = SourceText {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let overrides = overrides.iter().cloned().map(override_of);
    std::iter::once(file).chain(overrides).collect()
}

/// A setting of the command line, or one that is drawn.
fn override_of(text: String) -> SourceText {
    let name = "--set".to_owned();
    SourceText { name, text }
}

/// Checks that a file is also a scenario with the settings of `vary` at their first values, at their
/// second ones and so on; a setting with fewer values stays at its last. The text is parsed once.
///
/// # Errors
/// Everything that is wrong with the first values that do not fit.
pub(crate) fn check_variations(
    name: &str,
    bytes: &[u8],
    overrides: &[String],
    vary: &[(&str, &[String])],
) -> Result<(), Diagnostics> {
    let text = String::from_utf8_lossy(bytes);
    let given = sources(name, &text, overrides);
    let mut document = match document::parse(&text) {
        Ok(document) => document,
        Err(diagnostics) => return Err(Diagnostics::new(given, diagnostics)),
    };
    let rounds = vary.iter().map(|(_, values)| values.len()).max();
    for round in 0..rounds.unwrap_or(0) {
        let drawn = vary.iter().filter_map(|(key, values)| {
            let value = values.get(round).or_else(|| values.last())?;
            Some(override_of(format!("{key}={value}")))
        });
        let sources: Vec<SourceText> = given.iter().cloned().chain(drawn).collect();
        if let Err(diagnostics) = interpret(&mut document, &sources) {
            return Err(Diagnostics::new(sources, diagnostics));
        }
    }
    Ok(())
}

/// What is written of a scenario can be read again: it is printed with tables and addresses that its
/// file may leave out, and so may be larger.
fn check_printed_size(scenario: Scenario, size: usize) -> Result<Scenario, Vec<Diagnostic>> {
    /// Printing makes a file at most so many times larger.
    const GROWTH: usize = 8;
    if size < SIZE_MAX / GROWTH {
        return Ok(scenario);
    }
    let printed = scenario.to_toml().len();
    if printed <= SIZE_MAX {
        return Ok(scenario);
    }
    let message = format!(
        "with all tables and addresses the scenario has {printed} bytes, the limit is {SIZE_MAX}"
    );
    Err(vec![Diagnostic::of_file(Code::TooLarge, message)])
}

/// What a run would refuse in a scenario that [`load`] accepted: a mistake of the setting at a dotted
/// path, shown in its line.
#[must_use]
pub fn mistake_at(
    name: &str,
    bytes: &[u8],
    overrides: &[String],
    path: &str,
    message: &str,
) -> Diagnostics {
    let sources = sources(name, &String::from_utf8_lossy(bytes), overrides);
    let message = match path {
        "" => message.to_owned(),
        path => format!("`{path}`: {message}"),
    };
    let mut mistake = Diagnostic::of_file(Code::Contradiction, message);
    if let Ok(mut document) = document::parse(&sources[0].text) {
        for (number, source) in sources.iter().enumerate().skip(1) {
            // They were applied before; an error leaves the document as it is.
            let _ = overrides::apply(&mut document, &source.text, number);
        }
        mistake.span = Some(document.position(path));
    }
    Diagnostics::new(sources, vec![mistake])
}

/// Applies the overrides, reads the settings and checks the plan.
fn interpret(
    document: &mut SpannedItem,
    sources: &[SourceText],
) -> Result<Scenario, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut new_names = BTreeMap::new();
    for (number, source) in sources.iter().enumerate().skip(1) {
        // Before the override is applied, which would make the name known.
        let new_name = overrides::new_name(document, &source.text);
        new_names.extend(new_name.map(|it| (number, it)));
        if let Err(diagnostic) = overrides::apply(document, &source.text, number) {
            diagnostics.push(diagnostic);
        }
    }
    let (mut scenario, found) = Reader::read::<Scenario>(document);
    diagnostics.extend(found);
    report_mistyped_names(&mut diagnostics, new_names, sources);
    assign_addresses(&mut scenario);
    // A setting that could not be read would contradict others.
    if diagnostics.is_empty() {
        let positioned = |(path, mistake): (String, Diagnostic)| Diagnostic {
            span: Some(document.position(&path)),
            message: format!("`{path}`: {}", mistake.message),
            ..mistake
        };
        diagnostics.extend(check(&scenario).into_iter().map(positioned));
    }
    if diagnostics.is_empty() {
        Ok(scenario)
    } else {
        Err(diagnostics)
    }
}

/// A table that only an override names, and that is not complete or whose name is close to another, is a
/// mistyped name. That is one mistake, whatever the table lacks.
fn report_mistyped_names(
    diagnostics: &mut Vec<Diagnostic>,
    new_names: BTreeMap<usize, NewName>,
    sources: &[SourceText],
) {
    for (number, name) in new_names {
        let is_consequence = |it: &Diagnostic| {
            let is_of_table = matches!(it.code, Code::MissingKey | Code::UnknownKey);
            is_of_table && it.span.is_some_and(|it| it.source == number)
        };
        if !name.is_mistyped && !diagnostics.iter().any(is_consequence) {
            continue;
        }
        diagnostics.retain(|it| !is_consequence(it));
        let path = sources[number].text.find('=').unwrap_or(0);
        let span = Span::new(number, 0..path);
        let found = Diagnostic::new(Code::UnknownName, span, name.message);
        diagnostics.push(found.label("unknown name").help(name.help));
    }
}

/// Gives every host without an address the next free one from 10.0.0.1 upwards.
fn assign_addresses(scenario: &mut Scenario) {
    let taken: BTreeSet<Ipv4Addr> = scenario.hosts.values().map(|host| host.address).collect();
    let first = u32::from(Ipv4Addr::new(10, 0, 0, 1));
    // Addresses that end in 0 or 255 look like those of networks and of broadcasts. In the order of names,
    // so that moving a table in the file changes no address.
    let mut free = (first..)
        .map(Ipv4Addr::from)
        .filter(|address| !matches!(address.octets()[3], 0 | 255) && !taken.contains(address));
    for host in scenario.hosts.values_mut() {
        if host.address.is_unspecified() {
            let next = free.next();
            host.address = next.expect("10.0.0.0/8 has more addresses than a file has hosts");
        }
    }
}

/// The JSON Schema of scenario files.
#[must_use]
pub fn schema() -> Json {
    let mut schema = object(&describe::<Scenario>());
    schema["$schema"] = Json::from("https://json-schema.org/draft/2020-12/schema");
    schema["properties"]["link"]["maxProperties"] = Json::from(document::LINKS_MAX);
    schema["title"] = Json::from("mtasim scenario");
    schema
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
        // With the defaults: where a later version has another default, the hash says that the run differs.
        let text = Printer::document(self, Detail::Full);
        blake3::derive_key(HASH_CONTEXT, text.as_bytes())
    }

    /// Checks an edited plan, as if it were read from a file.
    ///
    /// # Errors
    /// Everything that is wrong, in the lines of [`Scenario::to_toml`].
    pub fn check(&self) -> Result<(), Diagnostics> {
        // By way of the text, so that an edited plan obeys the same rules as a file, and its mistakes have lines.
        load("plan", self.to_toml().as_bytes(), &[]).map(|_| ())
    }
}
