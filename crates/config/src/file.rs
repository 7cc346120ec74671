//! Scenario files: from text to a checked [`Scenario`] and back.
//!
//! [`load`] never panics, whatever the bytes are.

mod check;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::format::document::{self, SpannedItem};
use crate::format::key::printer::{self, Detail};
use crate::format::key::shape::TableShape;
use crate::format::key::{Key, Section, reader, validator};
use crate::format::overrides::{self, NewName};
use crate::plan::{Host, Scenario};
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

/// The file and its overrides, one after the other.
fn sources(name: &str, text: &str, overrides: &[String]) -> Vec<SourceText> {
    let overrides = overrides.iter().map(|text| ("--set", text.as_str()));
    let mut start = 0;
    let all = std::iter::once((name, text)).chain(overrides);
    let source = |(name, text): (&str, &str)| {
        let (name, text) = (name.to_owned(), text.to_owned());
        let source = SourceText { name, text, start };
        // The place after the last byte of a text is not in the next.
        start += source.text.len() + 1;
        source
    };
    all.map(source).collect()
}

/// The shape of scenario files.
fn shape() -> &'static TableShape {
    static SHAPE: LazyLock<TableShape> =
        LazyLock::new(|| TableShape::of::<Scenario>(&Key::new("", "")));
    &SHAPE
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
        for source in &sources[1..] {
            // They were applied before; an error leaves the document as it is.
            let _ = overrides::apply(&mut document, source);
        }
        mistake.span = Some(document::position(&document, path));
    }
    Diagnostics::new(sources, vec![mistake])
}

/// Applies the overrides, checks and reads the settings, and checks the plan.
fn interpret<'a>(
    document: &mut SpannedItem<'a>,
    sources: &'a [SourceText],
) -> Result<Scenario, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut new_names = Vec::new();
    for source in &sources[1..] {
        // Before the override is applied, which would make the name known.
        let new_name = overrides::new_name(document, source);
        new_names.extend(new_name.map(|it| (source, it)));
        diagnostics.extend(overrides::apply(document, source).err());
    }
    diagnostics.extend(validator::mistakes(shape(), document));
    report_mistyped_names(&mut diagnostics, new_names);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut scenario = reader::read(document, &Scenario::blank());
    assign_addresses(&mut scenario);
    let positioned = |(path, mistake): (String, Diagnostic)| Diagnostic {
        span: Some(document::position(document, &path)),
        message: format!("`{path}`: {}", mistake.message),
        ..mistake
    };
    let found: Vec<Diagnostic> = check(&scenario).into_iter().map(positioned).collect();
    if found.is_empty() {
        Ok(scenario)
    } else {
        Err(found)
    }
}

/// A table that only an override names, and that is not complete or whose name is close to another, is a
/// mistyped name. That is one mistake, whatever the table lacks.
fn report_mistyped_names(
    diagnostics: &mut Vec<Diagnostic>,
    new_names: Vec<(&SourceText, NewName)>,
) {
    for (source, name) in new_names {
        let place = source.start..source.start + source.text.len();
        let is_consequence = |it: &Diagnostic| {
            let is_of_table = matches!(it.code, Code::MissingKey | Code::UnknownKey);
            is_of_table && it.span.is_some_and(|it| place.contains(&it.start))
        };
        if !name.is_mistyped && !diagnostics.iter().any(is_consequence) {
            continue;
        }
        diagnostics.retain(|it| !is_consequence(it));
        diagnostics.push(name.mistake);
    }
}

/// Gives every host without an address the next free one from 10.0.0.1 upwards.
fn assign_addresses(scenario: &mut Scenario) {
    for host in scenario.hosts.values_mut() {
        // An `address` that is written stays: it may contradict the list.
        if let Some([first, ..]) = host.addresses.as_deref()
            && host.address.is_unspecified()
        {
            host.address = *first;
        }
    }
    let hosts = scenario.hosts.values();
    let taken: BTreeSet<Ipv4Addr> = hosts.flat_map(Host::all_addresses).collect();
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
    let mut schema = shape().schema();
    schema["$schema"] = Json::from("https://json-schema.org/draft/2020-12/schema");
    schema["properties"]["link"]["maxProperties"] = Json::from(document::LINKS_MAX);
    schema["title"] = Json::from("mtasim scenario");
    schema
}

/// The reference of all keys, as Markdown.
#[must_use]
pub fn key_tables() -> String {
    crate::format::reference::reference(shape())
}

impl Scenario {
    /// The scenario as a file, without the keys that are at their default. Loading the file gives
    /// the same scenario, provided that [`Scenario::check`] finds nothing.
    #[must_use]
    pub fn to_toml(&self) -> String {
        printer::document(self, Detail::Brief)
    }

    /// The BLAKE3 hash of all settings, defaults included.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 32] {
        // With the defaults: where a later version has another default, the hash says that the run differs.
        let text = printer::document(self, Detail::Full);
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
