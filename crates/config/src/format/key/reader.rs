//! Fills a section from a document and collects every mistake.

use std::collections::BTreeMap;

use super::scalar::wrong_type;
use super::{Choice, Key, Keys, Range, Section, Setting};
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic, Span};
use crate::format::document::{Entry, Item, Node, Table};
use crate::format::suggestion::{shortened, suggestion};

/// Visits keys in order to read them.
pub(crate) struct Reader<'a> {
    /// The table that is being read.
    frame: Frame<'a>,
    diagnostics: Vec<Diagnostic>,
    spans: Spans,
}

struct Frame<'a> {
    table: &'a Table,
    span: Span,
    /// The dotted path of the table; empty for the document.
    path: String,
    /// The keys visited so far.
    known: Vec<&'static str>,
}

/// A value of the document and the setting it is for.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) node: &'a Node,
    /// The key that holds it, or the value itself in a list.
    pub(crate) key: Span,
    /// The dotted path of the setting.
    pub(crate) path: String,
    /// The range of the key.
    pub(crate) range: Option<Range>,
}

/// The position of each setting of a document, by dotted path.
#[derive(Debug, Default)]
pub(crate) struct Spans(BTreeMap<String, Span>);

/// What reading a document gives.
#[derive(Debug)]
pub(crate) struct Read<T> {
    pub(crate) section: T,
    pub(crate) spans: Spans,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Spans {
    /// The position of a setting or, if it is left out, of the innermost table around it.
    pub(crate) fn of(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(span) = self.0.get(path) {
                return Some(*span);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

impl<'a> Input<'a> {
    /// An item of a list.
    pub(crate) fn item(&self, index: usize, node: &'a Node) -> Self {
        Self {
            node,
            key: node.span,
            path: format!("{}[{index}]", self.path),
            range: None,
        }
    }

    /// A value in place of a list of one.
    pub(crate) fn alone(&self) -> Self {
        Self {
            path: self.path.clone(),
            ..self.item(0, self.node)
        }
    }

    /// An entry of a table.
    pub(crate) fn entry(&self, name: &str, entry: &'a Entry) -> Self {
        Self {
            node: &entry.node,
            key: entry.key,
            path: format!("{}.{name}", self.path),
            range: self.range.clone(),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a whole document as one section.
    pub(crate) fn read<T: Section>(document: &'a Node) -> Read<T> {
        let Item::Table(table) = &document.item else {
            panic!("a TOML document is a table");
        };
        let mut reader = Self {
            frame: Frame {
                table,
                span: document.span,
                path: String::new(),
                known: Vec::new(),
            },
            diagnostics: Vec::new(),
            spans: Spans::default(),
        };
        let mut section = T::blank();
        section.keys(&mut reader, &T::blank());
        reader.report_unknown_keys();
        Read {
            section,
            spans: reader.spans,
            diagnostics: reader.diagnostics,
        }
    }

    /// Notes where a setting stands.
    pub(crate) fn locate(&mut self, input: &Input<'a>) {
        let is_table = matches!(input.node.item, Item::Table(_));
        let span = if is_table { input.key } else { input.node.span };
        self.spans.0.insert(input.path.clone(), span);
    }

    /// Reads the keys of a table with `keys`; reports it if the value is not a table.
    pub(crate) fn nested(&mut self, input: &Input<'a>, keys: impl FnOnce(&mut Self)) {
        let Item::Table(table) = &input.node.item else {
            return self.mistake(input, wrong_type(input.node, "a table"));
        };
        let frame = Frame {
            table,
            span: input.key,
            path: input.path.clone(),
            known: Vec::new(),
        };
        let outer = std::mem::replace(&mut self.frame, frame);
        keys(self);
        self.report_unknown_keys();
        self.frame = outer;
    }

    /// Reports a mistake in a setting; its path is put in front of the message.
    pub(crate) fn mistake(&mut self, input: &Input<'_>, mut diagnostic: Diagnostic) {
        diagnostic.message = format!("`{}`: {}", input.path, diagnostic.message);
        self.report(diagnostic);
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The value under a key of this table.
    fn input(&mut self, key: &Key) -> Option<Input<'a>> {
        self.frame.known.push(key.name);
        let Entry { key: span, node } = self.frame.table.get(key.name)?;
        let path = match self.frame.path.as_str() {
            "" => key.name.to_owned(),
            path => format!("{path}.{}", key.name),
        };
        let input = Input {
            node,
            key: *span,
            path,
            range: key.range.clone(),
        };
        self.locate(&input);
        Some(input)
    }

    fn missing(&mut self, what: &str) {
        let whose = match self.frame.path.as_str() {
            "" => "the scenario".to_owned(),
            path => format!("`{path}`"),
        };
        let message = format!("{whose}: {what} is missing");
        let found = Diagnostic::new(Code::MissingKey, self.frame.span, message);
        self.report(found.label("add it here"));
    }

    fn report_unknown_keys(&mut self) {
        let whose = match self.frame.path.as_str() {
            "" => "a scenario".to_owned(),
            path => format!("`{path}`"),
        };
        let known = std::mem::take(&mut self.frame.known);
        for (name, entry) in self.frame.table {
            // The search for a suggestion takes time, and nothing beyond the limit is shown.
            if self.diagnostics.len() == DIAGNOSTICS_MAX {
                return;
            }
            if known.contains(&name.as_str()) {
                continue;
            }
            let help = match suggestion(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("keys here are {}", known.join(", ")),
            };
            let message = format!("{whose} has no key `{}`", shortened(name));
            let found = Diagnostic::new(Code::UnknownKey, entry.key, message);
            self.report(found.label("unknown key").help(help));
        }
    }
}

impl Keys for Reader<'_> {
    fn required<T: Setting>(&mut self, key: &Key, field: &mut T) {
        match self.input(key) {
            Some(input) => field.read(&input, self),
            None => self.missing(&format!("the key `{}`", key.name)),
        }
    }

    fn optional<T: Setting>(&mut self, key: &Key, field: &mut T, default: &T) {
        // A table overlays its default key by key, so the default is in place before it is read.
        field.clone_from(default);
        if let Some(input) = self.input(key) {
            field.read(&input, self);
        }
    }

    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>) {
        let alternatives = C::alternatives();
        let names: Vec<&str> = alternatives.iter().map(|(name, _)| *name).collect();
        let listed = format!("`{}`", names.join("`, `"));
        self.frame
            .known
            .extend(alternatives.iter().map(|(name, _)| *name));
        let table = self.frame.table;
        let mut present = alternatives
            .into_iter()
            .filter_map(|(name, alternative)| Some((name, alternative, table.get(name)?)));
        let Some((name, mut chosen, _)) = present.next() else {
            match default {
                Some(default) => field.clone_from(default),
                None => self.missing(&format!("one of {listed}")),
            }
            return;
        };
        if let Some((second, _, entry)) = present.next() {
            let message = format!("`{second}` beside `{name}`: only one of {listed} may be there");
            let found = Diagnostic::new(Code::NotExactlyOne, entry.key, message);
            self.report(found.label("one too many"));
        }
        // Several alternatives: the first is still read, for the mistakes in it.
        chosen.keys(self);
        *field = chosen;
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        if let Some(input) = self.input(key) {
            self.nested(&input, keys);
        }
    }
}
