//! Diagnostics as excerpts with a caret, and as JSON.

use std::fmt;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value as Json, json};

use crate::untrusted_text;

use super::diagnostic::{DIAGNOSTICS_MAX, Diagnostic, SourceText, Span};

/// Bytes of a line that an excerpt shows around the mark.
const LINE_MAX: usize = 240;
/// Bytes of a message or label that are shown.
const MESSAGE_MAX: usize = 600;

/// Everything wrong with a scenario, in the order of its text. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The file, then one text for each override.
    pub sources: Vec<SourceText>,
    /// The mistakes, at most 100.
    pub diagnostics: Vec<Diagnostic>,
}

/// Line and column of a byte, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl SourceText {
    /// The position of a byte; for a byte beyond the end, the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let before = &self.text[..self.text.floor_char_boundary(byte)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The excerpts, as a terminal without colours shows them.
impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.to_human(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// Sorts the diagnostics by position.
    pub(crate) fn new(sources: Vec<SourceText>, mut diagnostics: Vec<Diagnostic>) -> Self {
        assert!(!diagnostics.is_empty(), "an error has a reason");
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
        diagnostics.dedup();
        diagnostics.truncate(DIAGNOSTICS_MAX);
        Self {
            sources,
            diagnostics,
        }
    }

    /// The diagnostics as excerpts, one after the other, ending with a newline.
    #[must_use]
    pub fn to_human(&self, coloured: bool) -> String {
        let renderer = if coloured {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let one = |found| format!("{}\n\n", self.human_one(found, &renderer));
        let mut text: String = self.diagnostics.iter().map(one).collect();
        let counted = match self.diagnostics.len() {
            1 => "1 error".to_owned(),
            DIAGNOSTICS_MAX => format!("{DIAGNOSTICS_MAX} errors or more"),
            count => format!("{count} errors"),
        };
        text += &format!("{}: {counted}\n", untrusted_text::line(&self.file().name));
        text
    }

    /// The diagnostics as one JSON value: an object with the file's name and a list.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let listed: Vec<Json> = self
            .diagnostics
            .iter()
            .map(|found| self.json_one(found))
            .collect();
        json!({ "file": self.file().name, "diagnostics": listed })
    }

    fn file(&self) -> &SourceText {
        self.sources.first().expect("source 0 is the file")
    }

    /// The source in which a span is: the last that begins before it.
    pub(crate) fn source_of(&self, span: Span) -> &SourceText {
        let mut sources = self.sources.iter().rev();
        let found = sources.find(|it| it.start <= span.start);
        found.unwrap_or_else(|| self.file())
    }

    fn human_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let [message, label] = [&diagnostic.message, &diagnostic.label]
            .map(|text| untrusted_text::line(shortened(text)));
        let title = Level::ERROR
            .primary_title(message)
            .id(diagnostic.code.to_string());
        let mut group = match diagnostic.span {
            Some(span) => title.element(self.excerpt(span, &label)),
            None => Group::with_title(title)
                .element(Origin::path(untrusted_text::line(&self.file().name))),
        };
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(untrusted_text::line(shortened(help))));
        }
        renderer.render(&[group])
    }

    /// The first line of a span. A line of megabytes is cut around the mark, since the renderer
    /// measures every character of it.
    fn excerpt<'a>(&'a self, span: Span, label: &'a str) -> Snippet<'a, Annotation<'a>> {
        let source = self.source_of(span);
        let text = source.text.as_str();
        let start = text.floor_char_boundary(span.start - source.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |newline| start + newline);
        let from = text.ceil_char_boundary(line_start.max(start.saturating_sub(LINE_MAX / 2)));
        let to = text.floor_char_boundary(line_end.min(from + LINE_MAX));
        let end = text.floor_char_boundary((span.end - source.start).clamp(start, to.max(start)));
        Snippet::source(&text[from..to])
            .line_start(source.position(start).line)
            .path(untrusted_text::line(&source.name))
            .annotation(
                AnnotationKind::Primary
                    .span(start - from..end - from)
                    .label(label),
            )
    }

    fn json_one(&self, diagnostic: &Diagnostic) -> Json {
        let place = diagnostic.span.map(|span| {
            let source = self.source_of(span);
            let [start, end] = [span.start, span.end].map(|it| source.position(it - source.start));
            json!({
                "source": source.name, "line": start.line, "column": start.column,
                "end_line": end.line, "end_column": end.column,
            })
        });
        json!({
            "code": diagnostic.code.to_string(), "severity": "error", "message": diagnostic.message,
            "label": diagnostic.label, "help": diagnostic.help, "place": place,
        })
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MESSAGE_MAX)]
}
