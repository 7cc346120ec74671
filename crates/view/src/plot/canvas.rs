//! The SVG of a plot: its elements, its colours for light and dark themes, and number formatting.
//!
//! The SVG has no scripts and loads nothing.

use std::fmt::{Display, Write as _};

use config::untrusted_text::markup;

/// Width of every plot, in user units.
pub(super) const WIDTH: f64 = 760.0;

/// Colours by role. Series differ in shape and label, too.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:17px;font-weight:600}\
.note,.tick{font-size:12px;fill:#59636e}\
.small{font-size:10px}\
.ground{fill:#ffffff}\
.grid{stroke:#d8dee4;stroke-width:1}\
.frame{stroke:#59636e;stroke-width:1}\
.cell{fill:#b5320a;stroke:#ffffff;stroke-width:2}\
.none{fill:none;stroke:#d8dee4;stroke-width:1}\
.full{fill:#ffffff}\
.line{fill:none;stroke-width:2}\
.hover{fill-opacity:0;stroke:none}\
.band{stroke:none;fill-opacity:.18}\
.s0{stroke:#b5320a;fill:#b5320a}.s1{stroke:#0b62b8;fill:#0b62b8}.s2{stroke:#6b3fa0;fill:#6b3fa0}\
.dash{stroke-dasharray:6 4}.line.s0,.line.s1,.line.s2{fill:none}.band.s0,.band.s1,.band.s2{stroke:none}\
@media(prefers-color-scheme:dark){\
text{fill:#e6edf3}.note,.tick{fill:#9da7b3}.ground{fill:#0d1117}.grid,.none{stroke:#30363d}\
.frame{stroke:#9da7b3}.cell{fill:#ff9d70;stroke:#0d1117}.full{fill:#e6edf3}.half{fill:#0d1117}\
.s0{stroke:#ff9d70;fill:#ff9d70}.s1{stroke:#6cb6ff;fill:#6cb6ff}.s2{stroke:#cba6f7;fill:#cba6f7}}";

/// A dotted path, cut at the front until it fits into `width` user units: its end says most.
pub(super) fn truncated_path(path: &str, width: f64) -> String {
    /// Width of a letter at 13 px, at most.
    const LETTER: f64 = 7.6;
    let mut rest = path;
    while rest.chars().count() as f64 * LETTER > width
        && let Some((_, tail)) = rest.split_once('.')
    {
        rest = tail;
    }
    rest.to_owned()
}

/// Which end of a text is at its position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug)]
pub(super) struct Canvas {
    body: String,
    height: f64,
    title: String,
    description: String,
}

/// A position in user units, from the left and from the top.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlotPoint {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// The corner of a rectangle is the upper left one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub(super) corner: PlotPoint,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) const fn position(x: f64, y: f64) -> PlotPoint {
    PlotPoint { x, y }
}

impl Canvas {
    /// An empty plot with its title, and a note below it.
    pub(super) fn new(height: f64, title: &str, note: &str) -> Self {
        let mut canvas = Self {
            body: String::new(),
            height,
            title: title.to_owned(),
            description: note.to_owned(),
        };
        canvas.text(position(24.0, 32.0), "title", Anchor::Start, title);
        canvas.text(position(24.0, 53.0), "note", Anchor::Start, note);
        canvas
    }

    pub(super) fn text(&mut self, at: PlotPoint, class: &str, anchor: Anchor, text: &str) {
        let (x, y) = (number(at.x), number(at.y));
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = markup(text);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\"{anchor}>{text}</text>"
        ));
    }

    /// A text that reads upwards, for the vertical axis.
    pub(super) fn vertical_text(&mut self, at: PlotPoint, text: &str) {
        let (x, y) = (number(at.x), number(at.y));
        let text = markup(text);
        self.add(format_args!(
            "<text transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\">{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, from: PlotPoint, to: PlotPoint, class: &str) {
        let [x1, y1, x2, y2] = [from.x, from.y, to.x, to.y].map(number);
        self.add(format_args!(
            "<path d=\"M{x1} {y1}L{x2} {y2}\" class=\"{class}\"/>"
        ));
    }

    /// A polyline.
    pub(super) fn path(&mut self, points: &[PlotPoint], class: &str) {
        let mut data = String::new();
        for (index, point) in points.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(data, "{letter}{} {}", number(point.x), number(point.y));
        }
        self.add(format_args!("<path d=\"{data}\" class=\"{class}\"/>"));
    }

    /// A mark of one of three shapes, with a tooltip.
    pub(super) fn mark(&mut self, at: PlotPoint, series: usize, tooltip: &str) {
        let tooltip = markup(tooltip);
        let PlotPoint { x, y } = at;
        // Shapes besides colours, for readers who cannot tell the colours apart.
        let shape = match series % 3 {
            0 => {
                let (x, y) = (number(x), number(y));
                format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4\"")
            }
            1 => {
                let (x, y) = (number(x - 3.5), number(y - 3.5));
                format!("<rect x=\"{x}\" y=\"{y}\" width=\"7\" height=\"7\"")
            }
            _ => {
                let corners = [(x, y - 5.0), (x + 4.5, y + 3.5), (x - 4.5, y + 3.5)];
                let corners = corners.map(|(x, y)| format!("{} {}", number(x), number(y)));
                format!("<path d=\"M{}Z\"", corners.join("L"))
            }
        };
        let series = series % 3;
        self.add(format_args!(
            "{shape} class=\"s{series}\"><title>{tooltip}</title></{}>",
            element(&shape)
        ));
    }

    /// A place without a mark of its own, with a tooltip.
    pub(super) fn hover(&mut self, at: PlotPoint, tooltip: &str) {
        let (x, y) = (number(at.x), number(at.y));
        let tooltip = markup(tooltip);
        self.add(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" class=\"hover\"><title>{tooltip}</title></circle>"
        ));
    }

    /// A cell of a heat map, with a tooltip. Its opacity is the proportion.
    pub(super) fn cell(&mut self, area: Rectangle, proportion: f64, tooltip: &str) {
        let PlotPoint { x, y } = area.corner;
        let [x, y, width, height] = [x, y, area.width, area.height].map(number);
        let (opacity, tooltip) = (number(proportion), markup(tooltip));
        self.add(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"cell\" \
             fill-opacity=\"{opacity}\"><title>{tooltip}</title></rect>"
        ));
        // A frame of its own: the border of a cell has the colour of the ground, and a cell of few runs is nearly
        // transparent.
        self.add(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"none\"/>"
        ));
    }

    fn add(&mut self, element: impl Display) {
        let _ = writeln!(self.body, "{element}");
    }

    /// The finished SVG.
    pub(super) fn finish(self) -> String {
        let Self {
            body,
            height,
            title,
            description,
        } = self;
        let (title, description) = (markup(&title), markup(&description));
        let (width, height) = (number(WIDTH), number(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{title}\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n\
             <style>{STYLE}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" class=\"ground\"/>\n{body}</svg>\n"
        )
    }
}

fn element(shape: &str) -> &str {
    let name = shape.trim_start_matches('<').split(' ').next();
    name.unwrap_or_default()
}

/// A number with at most two decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}
