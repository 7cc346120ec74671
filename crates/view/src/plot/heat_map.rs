//! Two varied settings: one cell for each combination, with its percentage and interval in numbers.
//!
//! Cells have the same size, whatever the distance between their values.

use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

use super::canvas::{Anchor, Canvas, PlotPoint, Rectangle, WIDTH, position, truncated_path};
use super::quantity::{Values, unquoted};
use super::{Figure, Measure, PlottedProportion, subtitle};

const LEFT: f64 = 112.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 112.0;
/// Height of a cell: two lines of text.
const ROW: f64 = 46.0;
/// Above these proportions text in the background colour is more legible: the first is for the light
/// theme, the second for the dark one, whose cells are brighter than its text.
const FULL: f64 = 0.75;
const HALF: f64 = 0.5;
/// Cells that are narrower show no interval.
const NARROW: f64 = 58.0;

/// The combinations of both settings.
struct Grid<'a> {
    statistics: &'a SweepStatistics,
    measure: Measure,
    rows: &'a Axis,
    columns: &'a Axis,
}

/// One combination: an index into each axis.
#[derive(Clone, Copy)]
struct Cell {
    row: usize,
    column: usize,
}

pub(super) fn draw(
    statistics: &SweepStatistics,
    rows: &Axis,
    columns: &Axis,
    measure: Measure,
) -> Figure {
    let grid = Grid {
        statistics,
        measure,
        rows,
        columns,
    };
    let title = format!("Percentage of runs in which {}", measure.clause());
    let bottom = TOP + ROW * rows.values.len() as f64;
    let mut canvas = Canvas::new(bottom + 66.0, &title, &subtitle(statistics));
    let runs = statistics.total().runs / statistics.points().len() as u64;
    let note = format!("Each cell: the percentage and its 95 % interval; {runs} runs per cell");
    canvas.text(position(24.0, 74.0), "note", Anchor::Start, &note);
    let width = (RIGHT - LEFT) / columns.values.len() as f64;
    for (line, row) in grid.row_order().into_iter().enumerate() {
        let y = TOP + ROW * line as f64;
        let value = unquoted(&rows.values[row]);
        let label = position(LEFT - 10.0, y + ROW / 2.0 + 4.0);
        canvas.text(label, "tick", Anchor::End, value);
        for (place, column) in grid.column_order().into_iter().enumerate() {
            let corner = position(LEFT + width * place as f64, y);
            grid.draw_cell(&mut canvas, corner, width, Cell { row, column });
        }
    }
    for (place, column) in grid.column_order().into_iter().enumerate() {
        let x = LEFT + width * (place as f64 + 0.5);
        let value = unquoted(&columns.values[column]);
        canvas.text(position(x, bottom + 20.0), "tick", Anchor::Middle, value);
    }
    let label = truncated_path(&rows.path, bottom - TOP);
    canvas.vertical_text(position(30.0, (TOP + bottom) / 2.0), &label);
    let middle = (LEFT + RIGHT) / 2.0;
    let label = truncated_path(&columns.path, RIGHT - LEFT);
    canvas.text(position(middle, bottom + 48.0), "", Anchor::Middle, &label);
    Figure {
        svg: canvas.finish(),
        title,
        table: grid.table(),
    }
}

impl Grid<'_> {
    /// Rows from top to bottom: the largest value is on top.
    fn row_order(&self) -> Vec<usize> {
        let order = Values::of(&self.rows.values).order();
        order.into_iter().rev().collect()
    }

    fn column_order(&self) -> Vec<usize> {
        Values::of(&self.columns.values).order()
    }

    /// `None` if the sweep has not reached this combination.
    fn proportion(&self, cell: Cell) -> Option<PlottedProportion> {
        // The second axis varies fastest in the statistics.
        let index = cell.row * self.columns.values.len() + cell.column;
        let counters = &self.statistics.points().get(index)?.counters;
        Some(PlottedProportion::of(counters, self.measure))
    }

    fn values(&self, cell: Cell) -> [&str; 2] {
        let (row, column) = (
            &self.rows.values[cell.row],
            &self.columns.values[cell.column],
        );
        [unquoted(row), unquoted(column)]
    }

    fn draw_cell(&self, canvas: &mut Canvas, corner: PlotPoint, width: f64, cell: Cell) {
        let Some(proportion) = self.proportion(cell) else {
            return;
        };
        let [row, column] = self.values(cell);
        let (rows, columns) = (&self.rows.path, &self.columns.path);
        let tooltip = format!("{rows} = {row}, {columns} = {column}: {proportion}");
        let area = Rectangle {
            corner,
            width,
            height: ROW,
        };
        canvas.cell(area, proportion.rate, &tooltip);
        let contrast = match proportion.rate {
            FULL.. => " full half",
            HALF.. => " half",
            _ => "",
        };
        let middle = corner.x + width / 2.0;
        let percent = format!("{:.0}", proportion.rate * 100.0);
        if width < NARROW {
            let (at, class) = (position(middle, corner.y + 27.0), format!("tick{contrast}"));
            canvas.text(at, &class, Anchor::Middle, &percent);
            return;
        }
        let at = position(middle, corner.y + 20.0);
        canvas.text(at, contrast.trim(), Anchor::Middle, &percent);
        // Rounded outwards: a rounded interval must not be narrower than the computed one.
        let low = (proportion.interval.low * 100.0).floor();
        let high = (proportion.interval.high * 100.0).ceil();
        let (at, class) = (
            position(middle, corner.y + 35.0),
            format!("small{contrast}"),
        );
        let interval = format!("{low:.0} to {high:.0}");
        canvas.text(at, &class, Anchor::Middle, &interval);
    }

    fn table(&self) -> Vec<Vec<String>> {
        let names = [&self.rows.path, &self.columns.path].map(String::clone);
        let mut table = vec![names.to_vec()];
        table[0].push(self.measure.clause().to_owned());
        for row in self.row_order() {
            for column in self.column_order() {
                let cell = Cell { row, column };
                let proportion = self.proportion(cell);
                let proportion =
                    proportion.map_or_else(|| "no run yet".to_owned(), |it| it.to_string());
                let [row, column] = self.values(cell).map(str::to_owned);
                table.push(vec![row, column, proportion]);
            }
        }
        table
    }
}
