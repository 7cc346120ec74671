//! Fills the plan from a document.
//!
//! Owns the walk over tables and the complaints about keys: unknown, missing, mistyped, out of
//! range, several at once. It refuses what takes more than one table to see; that is checked
//! on the finished plan.

use std::collections::BTreeMap;

use super::fields::{Choice, Fields, Key, Section, Shorthand, about};
use super::value::map_key::MapKey;
use super::value::{Value, within_limits, wrong_type};
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic, Span};
use crate::format::document::{Entry, Item, Node, Table};
use crate::format::suggestion::suggestion;

/// Tables of one kind, such as hosts.
pub(super) const NAMED_MAX: usize = 100_000;
/// Tables in a list, such as dropped packets.
pub(super) const RECORDS_MAX: usize = 100_000;
/// Signs a table's name may have.
pub(super) const NAME_MAX: usize = 64;

/// Where each setting stands, by dotted path.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<String, Span>);

/// A walk that reads.
pub(super) struct Reader<'a> {
    frames: Vec<Frame<'a>>,
    diagnostics: Vec<Diagnostic>,
    spans: Spans,
}

/// One table that is being read.
struct Frame<'a> {
    /// `None` for a table that the document leaves out.
    table: Option<&'a Table>,
    span: Span,
    path: String,
    known: Vec<&'static str>,
}

impl Spans {
    /// The span of the setting or, where it is left out, of the innermost table around it.
    pub(super) fn of(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(span) = self.0.get(path) {
                return Some(*span);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads one section from a whole document.
    pub(super) fn read<T: Section>(document: &'a Node) -> (T, Spans, Vec<Diagnostic>) {
        let Item::Table(table) = &document.item else {
            panic!("a TOML document is a table");
        };
        let mut reader = Self {
            frames: Vec::new(),
            diagnostics: Vec::new(),
            spans: Spans::default(),
        };
        let mut section = T::blank();
        let frame = Frame {
            table: Some(table),
            span: document.span,
            path: String::new(),
            known: Vec::new(),
        };
        reader.within(frame, |reader| {
            let default = T::blank();
            section.fields(reader, &default);
        });
        assert!(reader.frames.is_empty(), "every table entered was left");
        (section, reader.spans, reader.diagnostics)
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames
            .last_mut()
            .expect("fields are named within a table only")
    }

    fn path_of(&mut self, name: &str) -> String {
        let path = &self.frame().path;
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    }

    /// The entry of a key, which from now on is known.
    fn entry(&mut self, name: &'static str) -> Option<&'a Entry> {
        let frame = self.frame();
        frame.known.push(name);
        let entry = frame.table?.get(name)?;
        let path = self.path_of(name);
        let span = match entry.node.item {
            Item::Table(_) => entry.key,
            Item::Text(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Boolean(_)
            | Item::Moment(_)
            | Item::List(_) => entry.node.span,
        };
        self.spans.0.insert(path, span);
        Some(entry)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }

    fn read_value<T: Value>(&mut self, key: Key, node: &Node) -> Option<T> {
        let path = self.path_of(key.name);
        self.read_at(&path, key, node)
    }

    fn read_at<T: Value>(&mut self, path: &str, key: Key, node: &Node) -> Option<T> {
        let read = T::read(node).and_then(|value| {
            within_limits(&value, key.limits::<T>(), node)?;
            Ok(value)
        });
        match read {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.report(about(path, diagnostic));
                None
            }
        }
    }

    fn within(&mut self, frame: Frame<'a>, body: impl FnOnce(&mut Self)) {
        self.frames.push(frame);
        body(self);
        let frame = self.frames.pop().expect("the table was entered above");
        self.report_unknown_keys(&frame);
    }

    fn report_unknown_keys(&mut self, frame: &Frame<'_>) {
        for (name, entry) in frame.table.into_iter().flatten() {
            // Looking for what was meant takes time; nobody reads it beyond the limit.
            if self.diagnostics.len() == DIAGNOSTICS_MAX {
                return;
            }
            if frame.known.contains(&name.as_str()) {
                continue;
            }
            let short: String = name.chars().take(NAME_MAX).collect();
            let whose = if frame.path.is_empty() {
                "a scenario".to_owned()
            } else {
                format!("`{}`", frame.path)
            };
            let help = match suggestion(name, frame.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("keys here are {}", frame.known.join(", ")),
            };
            self.report(
                Diagnostic::new(
                    Code::UnknownKey,
                    entry.key,
                    format!("{whose} has no key `{short}`"),
                )
                .label("unknown key")
                .help(help),
            );
        }
    }

    /// The table under a key; complains if something else stands there.
    fn table_of(&mut self, key: Key, node: &'a Node) -> Option<&'a Table> {
        if let Item::Table(table) = &node.item {
            return Some(table);
        }
        let path = self.path_of(key.name);
        self.report(about(&path, wrong_type(node, "a table")));
        None
    }

    fn missing(&mut self, message: String) {
        let frame = self.frame();
        let whose = if frame.path.is_empty() {
            "the scenario".to_owned()
        } else {
            format!("`{}`", frame.path)
        };
        let span = frame.span;
        self.report(
            Diagnostic::new(Code::MissingKey, span, format!("{whose}: {message}"))
                .label("add it here"),
        );
    }

    fn check_name(&mut self, name: &str, span: Span) {
        let is_plain = (1..=NAME_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !is_plain {
            let short: String = name.chars().take(NAME_MAX).collect();
            let message = format!("`{short}` cannot be a name");
            let help = format!(
                "names have 1 to {NAME_MAX} characters out of letters, digits, `-` and `_`"
            );
            self.report(Diagnostic::new(Code::BadName, span, message).help(help));
        }
    }

    fn check_count(&mut self, key: Key, count: usize, most: usize, span: Span) -> bool {
        if count <= most {
            return true;
        }
        let path = self.path_of(key.name);
        let message = format!("`{path}`: {count} tables are too many, at most {most} are taken");
        self.report(Diagnostic::new(Code::TooMany, span, message));
        false
    }
}

impl<'a> Fields for Reader<'a> {
    fn required<T: Value>(&mut self, key: Key, field: &mut T) {
        match self.entry(key.name) {
            Some(entry) => {
                if let Some(value) = self.read_value(key, &entry.node) {
                    *field = value;
                }
            }
            None => self.missing(format!("the key `{}` is missing", key.name)),
        }
    }

    fn value<T: Value>(&mut self, key: Key, field: &mut T, default: T) {
        *field = self
            .entry(key.name)
            .and_then(|entry| self.read_value(key, &entry.node))
            .unwrap_or(default);
    }

    fn optional<T: Value>(&mut self, key: Key, field: &mut Option<T>) {
        *field = self
            .entry(key.name)
            .and_then(|entry| self.read_value(key, &entry.node));
    }

    fn table(&mut self, key: Key, body: impl FnOnce(&mut Self)) {
        let entry = self.entry(key.name);
        let table = match entry {
            None => None,
            Some(entry) => match self.table_of(key, &entry.node) {
                Some(table) => Some(table),
                None => return,
            },
        };
        let frame = Frame {
            table,
            span: entry.map_or(self.frame().span, |entry| entry.key),
            path: self.path_of(key.name),
            known: Vec::new(),
        };
        self.within(frame, body);
    }

    fn named<T: Section>(&mut self, key: Key, map: &mut BTreeMap<String, T>) {
        map.clear();
        let Some(entry) = self.entry(key.name) else {
            return;
        };
        let Some(table) = self.table_of(key, &entry.node) else {
            return;
        };
        if !self.check_count(key, table.len(), NAMED_MAX, entry.key) {
            return;
        }
        for (name, entry) in table {
            self.check_name(name, entry.key);
            let path = format!("{}.{name}", key.name);
            let Item::Table(table) = &entry.node.item else {
                self.report(about(&path, wrong_type(&entry.node, "a table")));
                continue;
            };
            self.spans.0.insert(path.clone(), entry.key);
            let frame = Frame {
                table: Some(table),
                span: entry.key,
                path,
                known: Vec::new(),
            };
            let mut section = T::blank();
            self.within(frame, |reader| section.fields(reader, &T::blank()));
            map.insert(name.clone(), section);
        }
    }

    fn map<K: MapKey, V: Value>(&mut self, key: Key, map: &mut BTreeMap<K, V>) {
        map.clear();
        let Some(entry) = self.entry(key.name) else {
            return;
        };
        let Some(table) = self.table_of(key, &entry.node) else {
            return;
        };
        for (name, entry) in table {
            match K::parse(name) {
                Ok(parsed) => {
                    let path = format!("{}.{}", self.path_of(key.name), parsed.name());
                    if let Some(value) = self.read_at(&path, key, &entry.node) {
                        map.insert(parsed, value);
                    }
                }
                Err(help) => {
                    let short: String = name.chars().take(NAME_MAX).collect();
                    let path = self.path_of(key.name);
                    let message = format!("`{path}`: `{short}` is no {}", K::FORM);
                    self.report(
                        Diagnostic::new(Code::UnknownWord, entry.key, message).maybe_help(help),
                    );
                }
            }
        }
    }

    fn records<T: Section>(&mut self, key: Key, list: &mut Vec<T>) {
        list.clear();
        let Some(entry) = self.entry(key.name) else {
            return;
        };
        let path = self.path_of(key.name);
        let Item::List(nodes) = &entry.node.item else {
            self.report(about(&path, wrong_type(&entry.node, "a list of tables")));
            return;
        };
        if !self.check_count(key, nodes.len(), RECORDS_MAX, entry.key) {
            return;
        }
        for (index, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let Item::Table(table) = &node.item else {
                self.report(about(&path, wrong_type(node, "a table")));
                continue;
            };
            self.spans.0.insert(path.clone(), node.span);
            let frame = Frame {
                table: Some(table),
                span: node.span,
                path,
                known: Vec::new(),
            };
            let mut section = T::blank();
            self.within(frame, |reader| section.fields(reader, &T::blank()));
            list.push(section);
        }
    }

    fn one_of<T: Choice>(&mut self, field: &mut T, default: Option<T>) {
        let table = self.frame().table;
        let mut present = Vec::new();
        let mut names = Vec::new();
        for alternative in T::alternatives() {
            let name = alternative.key().name;
            self.frame().known.push(name);
            names.push(format!("`{name}`"));
            if let Some(entry) = table.and_then(|table| table.get(name)) {
                present.push((alternative, entry));
            }
        }
        if let [_, (second, entry), ..] = present.as_slice() {
            let message = format!(
                "`{}` beside `{}`: only one of {} may be there",
                second.key().name,
                present[0].0.key().name,
                names.join(", "),
            );
            let found = Diagnostic::new(Code::NotExactlyOne, entry.key, message);
            self.report(found.label("one too many"));
        }
        match (present.into_iter().next(), default) {
            (Some((mut chosen, _)), _) => {
                chosen.payload(chosen.key(), self);
                chosen.companions(self);
                *field = chosen;
            }
            (None, Some(default)) => *field = default,
            (None, None) => {
                self.missing(format!("one of {} is missing", names.join(", ")));
            }
        }
    }

    fn either<T: Shorthand>(&mut self, key: Key, field: &mut T, default: T) {
        let Some(entry) = self.entry(key.name) else {
            *field = default;
            return;
        };
        let Item::Table(table) = &entry.node.item else {
            if let Some(scalar) = self.read_value::<T::Scalar>(key, &entry.node) {
                *field = T::expand(scalar);
            }
            return;
        };
        let frame = Frame {
            table: Some(table),
            span: entry.key,
            path: self.path_of(key.name),
            known: Vec::new(),
        };
        self.within(frame, |reader| field.fields(reader, &T::blank()));
    }

    fn demand(&mut self, key: Option<&str>, verdict: impl FnOnce() -> Result<(), String>) {
        let Err(message) = verdict() else {
            return;
        };
        let frame = self.frame();
        let span = key
            .and_then(|key| frame.table?.get(key))
            .map_or(frame.span, |entry| entry.node.span);
        let message = format!("`{}`: {message}", frame.path);
        self.report(Diagnostic::new(Code::Contradiction, span, message));
    }

    fn is_reading(&self) -> bool {
        true
    }
}
