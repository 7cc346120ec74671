//! One varied setting: how often it goes wrong, with intervals.
//!
//! Owns the line plot. It refuses to smooth: lines only join what was measured.

use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

use super::axis::{self, Scale, Tick, ticks};
use super::canvas::{Anchor, Canvas, WIDTH, fitted};
use super::quantity::{Values, shown};
use super::{Figure, Measure, Share, foundation};

const HEIGHT: f64 = 440.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 104.0;
const BOTTOM: f64 = HEIGHT - 62.0;
/// For the name of the setting; its unit comes behind it.
const ROOM: f64 = RIGHT - LEFT - 60.0;
/// Between the marks of two measures at one value.
const ASIDE: f64 = 9.0;

/// The horizontal axis: where each value of the setting stands.
struct Horizontal {
    places: Vec<f64>,
    ticks: Vec<Tick>,
    label: String,
}

pub(super) fn draw(statistics: &SweepStatistics, varied: &Axis, measures: &[Measure]) -> Figure {
    let title = match measures {
        [only] => format!("Runs in which {}", only.sentence()),
        _ => "How often it goes wrong".to_owned(),
    };
    let mut canvas = Canvas::new(HEIGHT, &title, &foundation(statistics));
    let horizontal = Horizontal::of(varied);
    let vertical = Scale::new((0.0, 1.0), (BOTTOM, TOP));
    draw_axes(&mut canvas, &horizontal, &vertical);
    let order = Values::of(&varied.values).order();
    for (series, measure) in measures.iter().enumerate() {
        let points: Vec<(f64, Share, String)> = order
            .iter()
            .filter_map(|&place| {
                let counters = &statistics.points().get(place)?.counters;
                let value = shown(&varied.values[place]).to_owned();
                // Side by side, so that no interval hides another.
                let aside = (series as f64 - (measures.len() - 1) as f64 / 2.0) * ASIDE;
                let x = horizontal.places[place] + aside;
                Some((x, Share::of(counters, *measure), value))
            })
            .collect();
        draw_series(&mut canvas, series, &points, &vertical);
        if measures.len() > 1 {
            draw_legend(&mut canvas, series, *measure);
        }
    }
    let mut table = vec![vec![varied.path.clone()]];
    table[0].extend(measures.iter().map(|it| it.sentence().to_owned()));
    table.extend(rows(statistics, varied, measures));
    Figure {
        svg: canvas.finish(),
        title,
        table,
    }
}

impl Horizontal {
    fn of(varied: &Axis) -> Self {
        let (inner_left, inner_right) = (LEFT + 24.0, RIGHT - 24.0);
        match Values::of(&varied.values) {
            Values::Quantities(unit, values) => {
                let most = values.iter().copied().fold(0.0, f64::max);
                let (divisor, name) = axis::unit(unit, most);
                let scale = Scale::new((0.0, most / divisor), (LEFT, inner_right));
                let ticks = ticks(most / divisor).into_iter();
                Self {
                    places: values.iter().map(|it| scale.place(it / divisor)).collect(),
                    ticks: ticks
                        .map(|it| Tick {
                            at: scale.place(it.at),
                            ..it
                        })
                        .collect(),
                    label: match name {
                        "" => fitted(&varied.path, ROOM),
                        name => format!("{} ({name})", fitted(&varied.path, ROOM)),
                    },
                }
            }
            Values::Words(count) => {
                let last = count.saturating_sub(1) as f64;
                let scale = Scale::new((0.0, last), (inner_left, inner_right));
                let places: Vec<f64> = (0..count).map(|it| scale.place(it as f64)).collect();
                let ticks = places.iter().zip(&varied.values);
                Self {
                    ticks: ticks
                        .map(|(at, value)| Tick {
                            at: *at,
                            label: shown(value).to_owned(),
                        })
                        .collect(),
                    places,
                    label: fitted(&varied.path, ROOM),
                }
            }
        }
    }
}

fn draw_axes(canvas: &mut Canvas, horizontal: &Horizontal, vertical: &Scale) {
    for percent in [0, 20, 40, 60, 80, 100] {
        let y = vertical.place(f64::from(percent) / 100.0);
        canvas.line((LEFT, y), (RIGHT, y), "grid");
        canvas.text(
            (LEFT - 8.0, y + 4.0),
            "tick",
            Anchor::End,
            &percent.to_string(),
        );
    }
    canvas.upward(
        (34.0, (TOP + BOTTOM) / 2.0),
        "share of runs (%), with 95 % intervals",
    );
    for tick in &horizontal.ticks {
        canvas.line((tick.at, BOTTOM), (tick.at, BOTTOM + 5.0), "frame");
        canvas.text(
            (tick.at, BOTTOM + 20.0),
            "tick",
            Anchor::Middle,
            &tick.label,
        );
    }
    canvas.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "frame");
    let middle = (LEFT + RIGHT) / 2.0;
    canvas.text(
        (middle, BOTTOM + 46.0),
        "",
        Anchor::Middle,
        &horizontal.label,
    );
}

fn draw_series(
    canvas: &mut Canvas,
    series: usize,
    points: &[(f64, Share, String)],
    vertical: &Scale,
) {
    let place = |x: &f64, share: f64| (*x, vertical.place(share));
    let mut line = Vec::new();
    for (x, share, _) in points {
        let (low, high) = (share.interval.low, share.interval.high);
        let class = format!("line s{}", series % 3);
        canvas.line(place(x, low), place(x, high), &class);
        for end in [low, high] {
            let (left, y) = place(&(x - 4.0), end);
            canvas.line((left, y), (left + 8.0, y), &class);
        }
        line.push(place(x, share.rate));
    }
    canvas.path(&line, &format!("line s{}", series % 3));
    for (x, share, value) in points {
        canvas.mark(place(x, share.rate), series, &format!("{value}: {share}"));
    }
}

fn draw_legend(canvas: &mut Canvas, series: usize, measure: Measure) {
    let left = LEFT + series as f64 * 220.0;
    canvas.mark((left, 78.0), series, measure.sentence());
    canvas.text(
        (left + 12.0, 82.0),
        "note",
        Anchor::Start,
        measure.sentence(),
    );
}

/// Each value of the setting with its shares.
fn rows(statistics: &SweepStatistics, varied: &Axis, measures: &[Measure]) -> Vec<Vec<String>> {
    let order = Values::of(&varied.values).order();
    let points = order.iter().filter_map(|&place| {
        let counters = &statistics.points().get(place)?.counters;
        let mut row = vec![shown(&varied.values[place]).to_owned()];
        row.extend(
            measures
                .iter()
                .map(|it| Share::of(counters, *it).to_string()),
        );
        Some(row)
    });
    points.collect()
}
