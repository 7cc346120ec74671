//! One varied setting: the proportion of runs at each value, with intervals.

use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

use super::axis::{self, Scale, Tick, ticks};
use super::canvas::{Anchor, Canvas, WIDTH, position, truncated_path};
use super::quantity::{Values, unquoted};
use super::{Figure, Measure, PlottedProportion, subtitle};

const HEIGHT: f64 = 440.0;
pub(super) const LEFT: f64 = 84.0;
pub(super) const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 104.0;
const BOTTOM: f64 = HEIGHT - 62.0;
/// Width of the name of the setting; its unit follows.
const LABEL_WIDTH: f64 = RIGHT - LEFT - 60.0;
/// Distance between the marks of two measures at one value.
const OFFSET: f64 = 9.0;

/// The horizontal axis, with the coordinate of each value of the setting.
pub(super) struct Horizontal {
    pub(super) coordinates: Vec<f64>,
    ticks: Vec<Tick>,
    label: String,
}

/// A point of a series.
struct CurvePoint<'a> {
    x: f64,
    proportion: PlottedProportion,
    value: &'a str,
}

pub(super) fn draw(statistics: &SweepStatistics, varied: &Axis, measures: &[Measure]) -> Figure {
    let title = match measures {
        [only] => format!("Runs in which {}", only.clause()),
        _ => "Runs with failures".to_owned(),
    };
    let mut canvas = Canvas::new(HEIGHT, &title, &subtitle(statistics));
    let horizontal = Horizontal::of(varied);
    let vertical = Scale::new([0.0, 1.0], [BOTTOM, TOP]);
    draw_axes(&mut canvas, &horizontal, &vertical);
    let order = Values::of(&varied.values).order();
    for (series, measure) in measures.iter().enumerate() {
        // Side by side, so that no interval hides another.
        let offset = (series as f64 - (measures.len() - 1) as f64 / 2.0) * OFFSET;
        let points = order.iter().filter_map(|&index| {
            let counters = &statistics.points().get(index)?.counters;
            Some(CurvePoint {
                x: horizontal.coordinates[index] + offset,
                proportion: PlottedProportion::of(counters, *measure),
                value: unquoted(&varied.values[index]),
            })
        });
        let points: Vec<CurvePoint<'_>> = points.collect();
        draw_series(&mut canvas, series, &points, &vertical);
        if measures.len() > 1 {
            draw_legend(&mut canvas, series, *measure);
        }
    }
    let mut table = vec![vec![varied.path.clone()]];
    table[0].extend(measures.iter().map(|it| it.clause().to_owned()));
    table.extend(rows(statistics, varied, measures));
    Figure {
        svg: canvas.finish(),
        title,
        table,
    }
}

impl Horizontal {
    pub(super) fn of(varied: &Axis) -> Self {
        let (inner_left, inner_right) = (LEFT + 24.0, RIGHT - 24.0);
        match Values::of(&varied.values) {
            Values::Quantities(unit, values) => {
                let max = values.iter().copied().fold(0.0, f64::max);
                let (divisor, name) = axis::unit(unit, max);
                let scale = Scale::new([0.0, max / divisor], [LEFT, inner_right]);
                let ticks = ticks(max / divisor).into_iter();
                Self {
                    coordinates: values
                        .iter()
                        .map(|it| scale.coordinate(it / divisor))
                        .collect(),
                    ticks: ticks
                        .map(|it| Tick {
                            at: scale.coordinate(it.at),
                            ..it
                        })
                        .collect(),
                    label: match name {
                        "" => truncated_path(&varied.path, LABEL_WIDTH),
                        name => format!("{} ({name})", truncated_path(&varied.path, LABEL_WIDTH)),
                    },
                }
            }
            Values::Labels(count) => {
                let last = count.saturating_sub(1) as f64;
                let scale = Scale::new([0.0, last], [inner_left, inner_right]);
                let indices = (0..count).map(|it| it as f64);
                let coordinates: Vec<f64> = indices.map(|it| scale.coordinate(it)).collect();
                let ticks = coordinates.iter().zip(&varied.values);
                Self {
                    ticks: ticks
                        .map(|(at, value)| Tick {
                            at: *at,
                            label: unquoted(value).to_owned(),
                        })
                        .collect(),
                    coordinates,
                    label: truncated_path(&varied.path, LABEL_WIDTH),
                }
            }
        }
    }
}

impl Horizontal {
    /// Draws the axis at this height.
    pub(super) fn draw(&self, canvas: &mut Canvas, bottom: f64) {
        for tick in &self.ticks {
            canvas.line(
                position(tick.at, bottom),
                position(tick.at, bottom + 5.0),
                "frame",
            );
            let at = position(tick.at, bottom + 20.0);
            canvas.text(at, "tick", Anchor::Middle, &tick.label);
        }
        canvas.line(position(LEFT, bottom), position(RIGHT, bottom), "frame");
        let middle = position((LEFT + RIGHT) / 2.0, bottom + 46.0);
        canvas.text(middle, "", Anchor::Middle, &self.label);
    }
}

fn draw_axes(canvas: &mut Canvas, horizontal: &Horizontal, vertical: &Scale) {
    for percent in [0, 20, 40, 60, 80, 100] {
        let y = vertical.coordinate(f64::from(percent) / 100.0);
        canvas.line(position(LEFT, y), position(RIGHT, y), "grid");
        canvas.text(
            position(LEFT - 8.0, y + 4.0),
            "tick",
            Anchor::End,
            &percent.to_string(),
        );
    }
    canvas.vertical_text(
        position(34.0, (TOP + BOTTOM) / 2.0),
        "runs (%), with 95 % intervals",
    );
    horizontal.draw(canvas, BOTTOM);
}

fn draw_series(canvas: &mut Canvas, series: usize, points: &[CurvePoint<'_>], vertical: &Scale) {
    let class = format!("line s{}", series % 3);
    let mut line = Vec::new();
    for CurvePoint { x, proportion, .. } in points {
        let y = vertical.coordinate(proportion.rate);
        let (low, high) = (proportion.interval.low, proportion.interval.high);
        let [low, high] = [low, high].map(|it| vertical.coordinate(it));
        canvas.line(position(*x, low), position(*x, high), &class);
        for end in [low, high] {
            canvas.line(position(x - 4.0, end), position(x + 4.0, end), &class);
        }
        line.push(position(*x, y));
    }
    canvas.path(&line, &class);
    // Marks come last: nothing covers their tooltips.
    for (at, point) in line.into_iter().zip(points) {
        let tooltip = format!("{}: {}", point.value, point.proportion);
        canvas.mark(at, series, &tooltip);
    }
}

fn draw_legend(canvas: &mut Canvas, series: usize, measure: Measure) {
    let left = LEFT + series as f64 * 220.0;
    canvas.mark(position(left, 78.0), series, measure.clause());
    canvas.text(
        position(left + 12.0, 82.0),
        "note",
        Anchor::Start,
        measure.clause(),
    );
}

/// The rows of the table: each value of the setting with its proportions.
fn rows(statistics: &SweepStatistics, varied: &Axis, measures: &[Measure]) -> Vec<Vec<String>> {
    let order = Values::of(&varied.values).order();
    let points = order.iter().filter_map(|&index| {
        let counters = &statistics.points().get(index)?.counters;
        let mut row = vec![unquoted(&varied.values[index]).to_owned()];
        row.extend(
            measures
                .iter()
                .map(|it| PlottedProportion::of(counters, *it).to_string()),
        );
        Some(row)
    });
    points.collect()
}
