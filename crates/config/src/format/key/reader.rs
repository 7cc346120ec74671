//! Fills a section from a document and collects every mistake.

use std::collections::{BTreeMap, BTreeSet};

use super::scalar::wrong_type;
use super::{Choice, Key, Keys, Range, Section, SettingValue};
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic, Span};
use crate::format::document::{Item, SpannedItem, Table, TableEntry};
use crate::format::suggestion::{did_you_mean, meant, shortened};

/// A table without keys.
static NO_KEYS: Table = Table::new();

/// Visits keys in order to read them.
pub(crate) struct Reader<'a> {
    /// The table that is being read.
    frame: Frame<'a>,
    diagnostics: Vec<Diagnostic>,
    /// The names of tables: kind of table, name, and path of the setting.
    names: Vec<(&'static str, String, String)>,
    /// Tables under a misspelt name, and the kind of table that was meant.
    misspelt: Vec<(&'static str, &'a Table)>,
}

/// Finds the paths of a key, see [`SettingValue::places_of`].
type FindPlaces = fn(&str) -> Vec<String>;

struct Frame<'a> {
    table: &'a Table,
    span: Span,
    /// The dotted path of the table; empty for the document.
    path: String,
    /// The keys visited so far.
    known: Vec<&'static str>,
    /// The keys that may have tables below them, each with what finds a key there.
    tables: Vec<(&'static str, FindPlaces)>,
}

impl<'a> Frame<'a> {
    const fn new(table: &'a Table, span: Span, path: String) -> Self {
        Self {
            table,
            span,
            path,
            known: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// The dotted path of a setting of this table.
    fn path_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }
}

/// A value of the document and the setting it is for.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) node: &'a SpannedItem,
    /// The key that holds it, or the value itself in a list.
    pub(crate) key: Span,
    /// The dotted path of the setting.
    pub(crate) path: String,
    /// The range of the key.
    pub(crate) range: Option<Range>,
    /// The kind of table that the value names.
    names: Option<&'static str>,
}

impl<'a> Input<'a> {
    /// An item of a list.
    pub(crate) fn item(&self, index: usize, node: &'a SpannedItem) -> Self {
        Self {
            node,
            key: node.span,
            path: format!("{}[{index}]", self.path),
            range: None,
            names: self.names,
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
    pub(crate) fn entry(&self, name: &str, entry: &'a TableEntry) -> Self {
        Self {
            node: &entry.node,
            key: entry.key,
            path: format!("{}.{name}", self.path),
            range: self.range.clone(),
            names: None,
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a whole document as one section.
    pub(crate) fn read<T: Section>(document: &'a SpannedItem) -> (T, Vec<Diagnostic>) {
        let Item::Table(table) = &document.item else {
            panic!("a TOML document is a table");
        };
        let mut reader = Self {
            frame: Frame::new(table, document.span, String::new()),
            diagnostics: Vec::new(),
            names: Vec::new(),
            misspelt: Vec::new(),
        };
        let mut section = T::blank();
        section.keys(&mut reader, &T::blank());
        reader.report_unknown_keys();
        reader.report_unknown_names(document);
        (section, reader.diagnostics)
    }

    /// Reads the keys of a table with `keys`; reports it if the value is not a table.
    pub(crate) fn nested(&mut self, input: &Input<'a>, keys: impl FnOnce(&mut Self)) {
        let Item::Table(table) = &input.node.item else {
            let wrong = wrong_type(input.node, "a table");
            let help = self.help_for_table(input, keys);
            return self.mistake(input, wrong.help(help));
        };
        let frame = Frame::new(table, input.key, input.path.clone());
        let outer = std::mem::replace(&mut self.frame, frame);
        keys(self);
        self.report_unknown_keys();
        self.frame = outer;
    }

    /// How to write the table that is read with `keys`, where a value of another type is.
    fn help_for_table(&mut self, input: &Input<'_>, keys: impl FnOnce(&mut Self)) -> String {
        // Read as an empty table, for the names of its keys only.
        let frame = Frame::new(&NO_KEYS, input.key, input.path.clone());
        let outer = std::mem::replace(&mut self.frame, frame);
        let reported = std::mem::take(&mut self.diagnostics);
        keys(self);
        self.diagnostics = reported;
        let known = std::mem::replace(&mut self.frame, outer).known;
        let name = input.path.rsplit('.').next().unwrap_or_default();
        match (known.as_slice(), &input.node.item) {
            ([key] | [key, _], Item::String(text) | Item::Float(text)) => {
                format!("write {name} = {{ {key} = \"{}\" }}", shortened(text))
            }
            ([key] | [key, _], Item::Integer(digits, _)) => {
                let digits = shortened(digits);
                format!("write {name} = {{ {key} = {digits} }}, with the unit if it has one")
            }
            (_, Item::Array(items)) if items.iter().all(SpannedItem::is_table) => {
                format!("write [{}] once, with single brackets", input.path)
            }
            (known, _) => listed("there", known),
        }
    }

    /// Takes a value over, or reports why there is none.
    pub(crate) fn accept<T>(
        &mut self,
        input: &Input<'_>,
        value: Result<T, Diagnostic>,
        into: &mut T,
    ) {
        match value {
            Ok(value) => *into = value,
            Err(mistake) => return self.mistake(input, mistake),
        }
        if let (Some(table), Item::String(name)) = (input.names, &input.node.item) {
            // A pair of names is one setting.
            let pair = input
                .path
                .strip_suffix(']')
                .and_then(|path| path.rsplit_once('['));
            let path = pair.map_or(input.path.as_str(), |(path, _)| path);
            self.names.push((table, name.clone(), path.to_owned()));
        }
    }

    /// Reports a mistake in a setting; its path is put in front of the message.
    pub(crate) fn mistake(&mut self, input: &Input<'_>, mut diagnostic: Diagnostic) {
        diagnostic.message = format!("`{}`: {}", input.path, diagnostic.message);
        self.report(diagnostic);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTICS_MAX {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The value under a key of this table.
    fn input<T: SettingValue>(&mut self, key: &Key) -> Option<Input<'a>> {
        self.frame.tables.push((key.name, T::places_of));
        self.input_of_table(key)
    }

    /// The value under a key of this table that is a table of the same section.
    fn input_of_table(&mut self, key: &Key) -> Option<Input<'a>> {
        self.frame.known.push(key.name);
        let TableEntry { key: span, node } = self.frame.table.get(key.name)?;
        Some(Input {
            node,
            key: *span,
            path: self.frame.path_of(key.name),
            range: key.range.clone(),
            names: key.names,
        })
    }

    /// How messages call the table.
    fn table_name(&self, root: &str) -> String {
        match self.frame.path.as_str() {
            "" => root.to_owned(),
            path => format!("`{path}`"),
        }
    }

    fn missing(&mut self, what: &str) {
        let message = format!("{}: {what} is missing", self.table_name("the scenario"));
        let found = Diagnostic::new(Code::MissingKey, self.frame.span, message);
        self.report(found.label("add it here"));
    }

    fn report_unknown_keys(&mut self) {
        let mut known = std::mem::take(&mut self.frame.known);
        let mut keys = self.frame.table.keys();
        // Nearly all of a hundred thousand tables, which a file may have.
        if keys.all(|name| known.contains(&name.as_str())) {
            return;
        }
        let whose = self.table_name("a scenario");
        let mut seen = BTreeSet::new();
        // Alternatives of a choice can have keys of one name: each is listed once.
        known.retain(|it| seen.insert(*it));
        for (name, entry) in self.frame.table {
            // The search for a suggestion takes time, and nothing beyond the limit is shown.
            if self.diagnostics.len() == DIAGNOSTICS_MAX {
                return;
            }
            if known.contains(&name.as_str()) {
                continue;
            }
            let meant = meant(name, known.iter().copied());
            self.on_misspelt(&meant, entry);
            let help = did_you_mean(name, known.iter().copied())
                .or_else(|| self.belongs_below(name))
                .unwrap_or_else(|| listed("here", &known));
            let message = format!("{whose} has no key `{}`", shortened(name));
            let found = Diagnostic::new(Code::UnknownKey, entry.key, message);
            self.report(found.label("unknown key").help(help));
        }
    }

    /// The question whether a key of a table below was meant: `expect.violations.data-race`.
    fn belongs_below(&self, name: &str) -> Option<String> {
        let tables = self.frame.tables.iter();
        let found = tables.flat_map(|(key, find)| {
            let below = find(name).into_iter();
            below.map(move |it| format!("{key}.{it}"))
        });
        let found: Vec<String> = found.map(|it| self.frame.path_of(&it)).collect();
        let depth = |it: &String| it.split('.').count();
        let least = found.iter().map(depth).min()?;
        let found: Vec<String> = found.into_iter().filter(|it| depth(it) == least).collect();
        // More of them are no suggestion.
        (found.len() <= 3).then(|| format!("did you mean `{}`?", found.join("` or `")))
    }

    /// A key was misspelt. It is not missing besides, and the tables in it are there.
    fn on_misspelt(&mut self, meant: &[&'static str], entry: &'a TableEntry) {
        let span = Some(self.frame.span);
        let is_consequence = |it: &Diagnostic| {
            let names = |key: &&str| it.message.contains(&format!("`{key}`"));
            it.code == Code::MissingKey && it.span == span && meant.iter().any(names)
        };
        // By the message, because a missing key has no position of its own: all of a table have that of the table.
        self.diagnostics.retain(|it| !is_consequence(it));
        if let (true, [kind], Item::Table(tables)) =
            (self.frame.path.is_empty(), meant, &entry.node.item)
        {
            self.misspelt.push((kind, tables));
        }
    }

    fn report_unknown_names(&mut self, document: &SpannedItem) {
        let none = Table::new();
        let mut are_tables = BTreeMap::new();
        for (kind, name, path) in std::mem::take(&mut self.names) {
            if self.diagnostics.len() == DIAGNOSTICS_MAX {
                return;
            }
            // If something else than a table stands there, its names cannot be told.
            let Some(tables) =
                (self.frame.table.get(kind)).map_or(Some(&none), |it| it.node.table())
            else {
                continue;
            };
            let mut misspelt = self.misspelt.iter().filter(|it| it.0 == kind);
            if tables.contains_key(&name) || misspelt.any(|it| it.1.contains_key(&name)) {
                continue;
            }
            // Once for each kind: a file has as many names as tables.
            if !*are_tables
                .entry(kind)
                .or_insert_with(|| tables.values().all(|it| it.node.is_table()))
            {
                continue;
            }
            let short = shortened(&name);
            let help = did_you_mean(&name, tables.keys().map(String::as_str))
                .unwrap_or_else(|| format!("add a table [{kind}.{short}]"));
            let span = document.position(&path);
            let message = format!("`{path}`: there is no {kind} `{short}`");
            self.report(Diagnostic::new(Code::UnknownName, span, message).help(help));
        }
    }
}

/// The keys of a table, for a help.
fn listed(place: &str, keys: &[&str]) -> String {
    match keys {
        [only] => format!("the only key {place} is {only}"),
        keys => format!("keys {place} are {}", keys.join(", ")),
    }
}

impl Keys for Reader<'_> {
    fn required<T: SettingValue>(&mut self, key: &Key, field: &mut T) {
        match self.input::<T>(key) {
            Some(input) => field.read(&input, self),
            None => self.missing(&format!("the key `{}`", key.name)),
        }
    }

    fn optional<T: SettingValue>(&mut self, key: &Key, field: &mut T, default: &T) {
        // A table overlays its default key by key, so the default is in place before it is read.
        field.clone_from(default);
        if let Some(input) = self.input::<T>(key) {
            field.read(&input, self);
        }
    }

    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>) {
        let alternatives = C::alternatives();
        let names: Vec<&str> = alternatives.iter().map(|(name, _)| *name).collect();
        let listed = || format!("`{}`", names.join("`, `"));
        self.frame.known.extend(&names);
        let table = self.frame.table;
        let mut present = alternatives
            .into_iter()
            .filter_map(|(name, it)| Some((name, it, table.get(name)?)));
        let Some((name, mut chosen, _)) = present.next() else {
            return match default {
                Some(default) => field.clone_from(default),
                None => self.missing(&format!("one of {}", listed())),
            };
        };
        if let Some((second, _, entry)) = present.next() {
            let listed = listed();
            let message = format!("`{second}` beside `{name}`: only one of {listed} may be there");
            let found = Diagnostic::new(Code::NotExactlyOne, entry.key, message);
            self.report(found.label("one too many"));
        }
        // Several alternatives: the first is still read, for the mistakes in it.
        chosen.keys(self);
        *field = chosen;
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        if let Some(input) = self.input_of_table(key) {
            self.nested(&input, keys);
        }
    }
}
