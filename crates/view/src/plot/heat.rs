//! Two varied settings: a field for each crossing.
//!
//! Owns the heat map. Fields are equally large, whatever lies between their values; each says its
//! share and interval in figures, so that colour carries nothing alone.

use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

use super::canvas::{Anchor, Canvas, WIDTH, fitted};
use super::quantity::{Values, shown};
use super::{Figure, Measure, Share, foundation};

const LEFT: f64 = 112.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 112.0;
/// A field is not lower than its two lines of text.
const ROW: f64 = 46.0;
/// From these shares on a field is so full of colour that the ground's colour reads better on it:
/// the first holds in light, the second in dark, where colours are brighter than text.
const FULL: f64 = 0.75;
const HALF: f64 = 0.5;
/// Fields narrower than this have no room for an interval.
const NARROW: f64 = 58.0;

/// The values of both settings in the order in which they are drawn.
struct Grid<'a> {
    down: &'a Axis,
    along: &'a Axis,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

pub(super) fn draw(
    statistics: &SweepStatistics,
    (down, along): (&Axis, &Axis),
    measure: Measure,
) -> Figure {
    let grid = Grid {
        down,
        along,
        rows: Values::of(&down.values).order().into_iter().rev().collect(),
        columns: Values::of(&along.values).order(),
    };
    let title = format!("Share of runs (%) in which {}", measure.sentence());
    let bottom = TOP + ROW * grid.rows.len() as f64;
    let mut canvas = Canvas::new(bottom + 66.0, &title, &foundation(statistics));
    let runs = statistics.total().runs / statistics.points().len() as u64;
    let note = format!("In each field: the share, and its 95 % interval; {runs} runs a field");
    canvas.text((24.0, 74.0), "note", Anchor::Start, &note);
    let width = (RIGHT - LEFT) / grid.columns.len() as f64;
    for (line, &row) in grid.rows.iter().enumerate() {
        let y = TOP + ROW * line as f64;
        let value = shown(&down.values[row]);
        canvas.text(
            (LEFT - 10.0, y + ROW / 2.0 + 4.0),
            "tick",
            Anchor::End,
            value,
        );
        for (place, &column) in grid.columns.iter().enumerate() {
            let corner = (LEFT + width * place as f64, y);
            if let Some(share) = grid.share(statistics, (row, column), measure) {
                draw_field(&mut canvas, corner, width, (&grid.name(row, column), share));
            }
        }
    }
    for (place, &column) in grid.columns.iter().enumerate() {
        let x = LEFT + width * (place as f64 + 0.5);
        let value = shown(&along.values[column]);
        canvas.text((x, bottom + 20.0), "tick", Anchor::Middle, value);
    }
    canvas.upward(
        (30.0, (TOP + bottom) / 2.0),
        &fitted(&down.path, bottom - TOP),
    );
    let middle = (LEFT + RIGHT) / 2.0;
    let label = fitted(&along.path, RIGHT - LEFT);
    canvas.text((middle, bottom + 48.0), "", Anchor::Middle, &label);
    Figure {
        svg: canvas.finish(),
        title,
        table: grid.table(statistics, measure),
    }
}

fn draw_field(canvas: &mut Canvas, corner: (f64, f64), width: f64, (name, share): (&str, Share)) {
    canvas.cell(
        corner,
        (width, ROW),
        share.rate,
        &format!("{name}: {share}"),
    );
    let on = match share.rate {
        FULL.. => " full half",
        HALF.. => " half",
        _ => "",
    };
    let middle = corner.0 + width / 2.0;
    let percent = format!("{:.0}", share.rate * 100.0);
    let low = (share.interval.low * 100.0).floor();
    let high = (share.interval.high * 100.0).ceil();
    if width < NARROW {
        let class = format!("tick{on}");
        canvas.text((middle, corner.1 + 27.0), &class, Anchor::Middle, &percent);
        return;
    }
    canvas.text(
        (middle, corner.1 + 20.0),
        on.trim(),
        Anchor::Middle,
        &percent,
    );
    let class = format!("small{on}");
    let interval = format!("{low:.0} to {high:.0}");
    canvas.text((middle, corner.1 + 35.0), &class, Anchor::Middle, &interval);
}

impl Grid<'_> {
    /// The last axis changes fastest in a statistics.
    fn share(
        &self,
        statistics: &SweepStatistics,
        (row, column): (usize, usize),
        measure: Measure,
    ) -> Option<Share> {
        let place = row * self.along.values.len() + column;
        let counters = &statistics.points().get(place)?.counters;
        Some(Share::of(counters, measure))
    }

    fn name(&self, row: usize, column: usize) -> String {
        let (down, along) = (self.down, self.along);
        let (of_row, of_column) = (shown(&down.values[row]), shown(&along.values[column]));
        format!("{} = {of_row}, {} = {of_column}", down.path, along.path)
    }

    fn table(&self, statistics: &SweepStatistics, measure: Measure) -> Vec<Vec<String>> {
        let names = [&self.down.path, &self.along.path].map(String::clone);
        let mut table = vec![names.to_vec()];
        table[0].push(measure.sentence().to_owned());
        for &row in &self.rows {
            for &column in &self.columns {
                let share = self.share(statistics, (row, column), measure);
                let share = share.map_or_else(|| "no run yet".to_owned(), |it| it.to_string());
                let (down, along) = (&self.down.values[row], &self.along.values[column]);
                table.push(vec![shown(down).to_owned(), shown(along).to_owned(), share]);
            }
        }
        table
    }
}
