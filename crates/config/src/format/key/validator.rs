//! Compares a document with its shape and reports every mistake.

use std::fmt;

use toml::de::DeValue;

use super::scalar::{check_range, number_of, wrong_type};
use super::shape::{Names, Scalar, Shape, TableShape, fits, items};
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic, Span};
use crate::format::document::{
    ITEMS_MAX, SpannedItem, Table, is_table, names_of, table_of, tables_of,
};
use crate::format::suggestion::{did_you_mean, meant, question, shortened};

/// The dotted path of a setting.
#[derive(Clone, Copy)]
enum Path<'p> {
    Document,
    Key(&'p Self, &'p str),
    Item(&'p Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => Ok(()),
            Self::Key(Self::Document, name) => formatter.write_str(&shortened(name)),
            Self::Key(outer, name) => write!(formatter, "{outer}.{}", shortened(name)),
            Self::Item(outer, index) => write!(formatter, "{outer}[{index}]"),
        }
    }
}

/// A value of the document.
struct Input<'p, 'n, 'a> {
    node: &'n SpannedItem<'a>,
    /// The key that holds it, or the value itself in a list.
    key: Span,
    path: Path<'p>,
}

struct Validator<'n, 'a> {
    document: &'n SpannedItem<'a>,
    diagnostics: Vec<Diagnostic>,
    /// Tables under a misspelt name, and the kind of table that was meant.
    misspelt: Vec<(&'static str, &'n Table<'a>)>,
    /// Keys under which something else than tables stands: of these kinds the names cannot be told.
    untold: Vec<&'n str>,
}

/// Everything that is wrong with a document, taken key by key.
pub(crate) fn mistakes(shape: &TableShape, document: &SpannedItem<'_>) -> Vec<Diagnostic> {
    let holds_tables =
        |it: &SpannedItem<'_>| table_of(it).is_some_and(|it| it.values().all(is_table));
    let keys = table_of(document).into_iter().flatten();
    let others = keys.filter(|(_, it)| !holds_tables(it));
    let mut validator = Validator {
        document,
        diagnostics: Vec::new(),
        misspelt: Vec::new(),
        untold: others.map(|(key, _)| &**key.get_ref()).collect(),
    };
    let (node, key, path) = (document, document.span().into(), Path::Document);
    validator.table(shape, &Input { node, key, path });
    validator.diagnostics
}

impl<'n, 'a> Validator<'n, 'a> {
    /// Reports a mistake in a setting; its path is put in front of the message. It is at the value unless it says
    /// where.
    fn mistake(&mut self, input: &Input<'_, 'n, 'a>, found: Diagnostic) {
        let message = format!("`{}`: {}", input.path, found.message);
        let span = found.span.or_else(|| Some(input.node.span().into()));
        self.diagnostics.push(Diagnostic {
            message,
            span,
            ..found
        });
    }

    /// Checks what stands under a key. Nothing beyond the limit of mistakes is shown, and to look for
    /// it takes time.
    fn value(&mut self, shape: &Shape, input: &Input<'_, 'n, 'a>) {
        if self.diagnostics.len() >= DIAGNOSTICS_MAX {
            return;
        }
        let node = input.node;
        match (shape, node.get_ref()) {
            (Shape::Scalar(scalar), _) => self.scalar(scalar, input),
            (Shape::Table(table), DeValue::Table(_)) => self.table(table, input),
            (Shape::Table(table), _) => match &table.scalar {
                Some(scalar) => self.scalar(scalar, input),
                None => {
                    let help = help_for_table(table, input);
                    self.mistake(input, wrong_type(node, "a table").help(help));
                }
            },
            (Shape::List(item, range), DeValue::Array(nodes)) => {
                let range = range.clone().unwrap_or(0..=ITEMS_MAX);
                match check_range(nodes.len() as u64, &range, items) {
                    Ok(()) => self.items(item, nodes, input),
                    Err(mistake) => self.mistake(input, mistake),
                }
            }
            (Shape::List(item, _), _) if item.table().is_some() => {
                self.mistake(input, wrong_type(node, "an array of tables"));
            }
            (Shape::List(item, _), _) => self.value(item, input),
            (Shape::Pair(item), DeValue::Array(nodes)) if nodes.len() == 2 => {
                self.items(item, nodes, input);
            }
            (Shape::Pair(item), _) => {
                let words = item.words();
                let wanted = format!("an array of two: [{words}, {words}]");
                let count = node.get_ref().as_array().map(|it| items(it.len() as u64));
                let found = count.map(|count| format!("expected {wanted}, found {count}"));
                let found = found.map(|message| Diagnostic::of_file(Code::Malformed, message));
                self.mistake(input, found.unwrap_or_else(|| wrong_type(node, &wanted)));
            }
            (Shape::Map(names, value), _) => self.map(names, value, input),
        }
    }

    fn items(&mut self, shape: &Shape, nodes: &'n [SpannedItem<'a>], list: &Input<'_, 'n, 'a>) {
        for (index, node) in nodes.iter().enumerate() {
            let (key, path) = (node.span().into(), Path::Item(&list.path, index));
            self.value(shape, &Input { node, key, path });
        }
    }

    fn scalar(&mut self, scalar: &Scalar, input: &Input<'_, 'n, 'a>) {
        let text = input.node.get_ref().as_str();
        if text.is_some() && text == scalar.word {
            return;
        }
        if let Err(mistake) = (scalar.check)(input.node, &scalar.range) {
            self.mistake(input, mistake);
        } else if let (Some(kind), Some(name)) = (scalar.names, text) {
            self.name(kind, name, input);
        }
    }

    /// Checks that a table of this kind has the name.
    fn name(&mut self, kind: &'static str, name: &str, input: &Input<'_, 'n, 'a>) {
        let tables = tables_of(self.document, kind);
        let mut misspelt = self.misspelt.iter().filter(|it| it.0 == kind);
        if tables.is_some_and(|it| it.contains_key(name))
            || misspelt.any(|it| it.1.contains_key(name))
            || self.untold.contains(&kind)
        {
            return;
        }
        let (short, names) = (shortened(name), tables.map(names_of).unwrap_or_default());
        let add = || format!("add a table [{kind}.{short}]");
        let help = did_you_mean(name, &names).unwrap_or_else(add);
        let message = format!("there is no {kind} `{short}`");
        self.mistake(
            input,
            Diagnostic::of_file(Code::UnknownName, message).help(help),
        );
    }

    fn map(&mut self, names: &Names, value: &Shape, input: &Input<'_, 'n, 'a>) {
        let Some(entries) = table_of(input.node) else {
            let help = match input.node.get_ref().is_array() {
                true => format!("write [{}.NAME] for each, with single brackets", input.path),
                false => format!("write tables [{}.NAME]", input.path),
            };
            let wrong = wrong_type(input.node, "a table");
            let help = value.table().map(|_| help);
            return self.mistake(input, Diagnostic { help, ..wrong });
        };
        let count = check_range(entries.len() as u64, &(0..=ITEMS_MAX), items);
        if let Some(found) = count.err().or_else(|| without_name(entries, value, input)) {
            return self.mistake(input, found);
        }
        for (key, node) in entries {
            let name = &**key.get_ref();
            if !(names.is_valid)(name) {
                let message = format!("`{}` is not {}", shortened(name), names.what);
                let found = Diagnostic::new(names.code, key.span(), message);
                self.mistake(input, found.help((names.help)(name)));
                // Names of tables are known, however they are written.
                if value.table().is_none() {
                    continue;
                }
            }
            let (key, path) = (key.span().into(), Path::Key(&input.path, name));
            self.value(value, &Input { node, key, path });
        }
    }

    fn table(&mut self, shape: &TableShape, input: &Input<'_, 'n, 'a>) {
        let table = table_of(input.node).expect("it is one");
        let misspelt = self.unknown_keys(shape, table, input);
        for described in &shape.keys {
            if let Some((key, node)) = table.get_key_value(described.key.name) {
                let (key, path) = (
                    key.span().into(),
                    Path::Key(&input.path, described.key.name),
                );
                self.value(&described.shape, &Input { node, key, path });
            }
        }
        for group in shape.groups.iter().filter(|it| fits(&it.beside, table)) {
            let listed = match group.names.as_slice() {
                [only] => format!("the key `{only}`"),
                names => format!("one of `{}`", names.join("`, `")),
            };
            let mut present = group.names.iter().filter_map(|it| table.get_key_value(*it));
            if let Some((first, _)) = present.next() {
                let Some((second, _)) = present.next() else {
                    continue;
                };
                let (first, span) = (first.get_ref(), second.span());
                let message = format!(
                    "`{}` beside `{first}`: only {listed} may be there",
                    second.get_ref()
                );
                let found = Diagnostic::new(Code::NotExactlyOne, span, message);
                self.diagnostics.push(found.label("one too many"));
            } else if group.is_needed && !group.names.iter().any(|it| misspelt.contains(it)) {
                let message = format!("{}: {listed} is missing", whose(input, "the scenario"));
                let found = Diagnostic::new(Code::MissingKey, input.key, message);
                self.diagnostics.push(found.label("add it here"));
            }
        }
    }

    /// Reports keys that the table cannot have; the keys that were meant by them.
    fn unknown_keys(
        &mut self,
        shape: &TableShape,
        table: &'n Table<'a>,
        input: &Input<'_, 'n, 'a>,
    ) -> Vec<&'static str> {
        let known = || {
            shape
                .keys
                .iter()
                .filter(|it| fits(&it.beside, table))
                .map(|it| it.key.name)
        };
        let mut misspelt = Vec::new();
        for (key, node) in table {
            let name = &**key.get_ref();
            if known().any(|it| it == name) || self.diagnostics.len() >= DIAGNOSTICS_MAX {
                continue;
            }
            let known: Vec<&str> = known().collect();
            let meant = meant(name, &known);
            // The tables in it are there, under another name.
            if let (Path::Document, [kind], Some(tables)) = (&input.path, &*meant, table_of(node)) {
                self.misspelt.push((kind, tables));
            }
            let help = question(&meant)
                .or_else(|| belongs_below(shape, name, input))
                .unwrap_or_else(|| listed("here", &known));
            let whose = whose(input, "a scenario");
            let message = format!("{whose} has no key `{}`", shortened(name));
            let found = Diagnostic::new(Code::UnknownKey, key.span(), message);
            self.diagnostics.push(found.label("unknown key").help(help));
            misspelt.extend(meant);
        }
        misspelt
    }
}

/// How messages call the table.
fn whose(input: &Input<'_, '_, '_>, document: &str) -> String {
    match input.path {
        Path::Document => document.to_owned(),
        Path::Key(..) | Path::Item(..) => format!("`{}`", input.path),
    }
}

/// The question whether a key of a table below was meant: `expect.violations.data-race`.
fn belongs_below(shape: &TableShape, name: &str, input: &Input<'_, '_, '_>) -> Option<String> {
    let mut places = shape.places_of(name);
    // Not a key of an alternative that is not chosen.
    let groups = shape.groups.iter().filter(|it| it.names.len() > 1);
    let is_there = |own: &str| input.node.get_ref().get(own).is_some();
    let own = |it: &str| it.split('.').next().unwrap_or_default().to_owned();
    places.retain(|it| {
        is_there(&own(it)) || !groups.clone().any(|group| group.names.contains(&&*own(it)))
    });
    let depth = |it: &String| it.split('.').count();
    let least = places.iter().map(depth).min()?;
    places.retain(|it| depth(it) == least);
    let full = places
        .iter()
        .map(|place| Path::Key(&input.path, place).to_string());
    // More of them are no suggestion.
    (places.len() <= 3).then(|| question(&full.collect::<Vec<_>>()))?
}

/// How to write a table where a value of another type is.
fn help_for_table(shape: &TableShape, input: &Input<'_, '_, '_>) -> String {
    let keys = shape.keys.iter().filter(|it| it.beside.is_empty());
    let keys: Vec<&str> = keys.map(|it| it.key.name).collect();
    let path = input.path.to_string();
    let name = path.rsplit('.').next().unwrap_or_default();
    let value = input.node.get_ref();
    let text = value
        .as_str()
        .or_else(|| number_of(input.node))
        .map(shortened);
    match (&*keys, text, value.as_array()) {
        ([key] | [key, _], Some(digits), _) if value.is_integer() => {
            format!("write {name} = {{ {key} = {digits} }}, with the unit if it has one")
        }
        ([key] | [key, _], Some(text), _) => format!("write {name} = {{ {key} = \"{text}\" }}"),
        (_, _, Some(items)) if items.iter().all(is_table) => {
            format!("write [{path}] once, with single brackets")
        }
        (keys, ..) => listed("there", keys),
    }
}

/// What is wrong if keys stand in `[fault]` that belong into `[fault.NAME]`.
fn without_name(
    entries: &Table<'_>,
    value: &Shape,
    input: &Input<'_, '_, '_>,
) -> Option<Diagnostic> {
    let (key, _) = entries.iter().find(|(_, node)| !is_table(node))?;
    let mut keys = value.table()?.keys.iter();
    keys.find(|it| it.key.name == key.get_ref())?;
    let message = format!("`{}` belongs into a table with a name", key.get_ref());
    let found = Diagnostic::new(Code::WrongType, key.span(), message);
    Some(found.help(format!("write [{}.NAME] above it", input.path)))
}

/// The keys of a table, for a help.
fn listed(place: &str, keys: &[&str]) -> String {
    match keys {
        [only] => format!("the only key {place} is {only}"),
        keys => format!("keys {place} are {}", keys.join(", ")),
    }
}
