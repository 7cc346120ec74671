//! One varied setting: times and counts of each connector's messages at each value.

use explore::statistics::traffic::{Spread, TrafficQuantity};
use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

use super::axis::{Scale, Tick, clock_ticks, clock_time, plain, ticks};
use super::canvas::{Anchor, Canvas, PlotPoint, position};
use super::curve::{Horizontal, LEFT, RIGHT};
use super::quantity::{Values, unquoted};
use super::{Figure, subtitle};

const HEIGHT: f64 = 420.0;
const TOP: f64 = 118.0;
const BOTTOM: f64 = HEIGHT - 82.0;
/// Distance between the marks of two connectors at one value.
const OFFSET: f64 = 9.0;
/// Connectors of one plot. `grid.csv` has all.
const CONNECTORS_MAX: usize = 6;
/// Names in a row of the legend.
const NAMES: usize = 3;
const NANOS: f64 = 1e9;

/// All quantities, in the order in which a page shows them.
pub(super) const ALL: [TrafficQuantity; 5] = [
    TrafficQuantity::Latency,
    TrafficQuantity::Queue,
    TrafficQuantity::Throughput,
    TrafficQuantity::Retries,
    TrafficQuantity::Returned,
];

/// The words on a plot.
struct PlotLabels {
    title: &'static str,
    /// What the vertical axis counts.
    unit: &'static str,
    /// What marks and bars are.
    marks: &'static str,
}

const fn words(of: TrafficQuantity) -> PlotLabels {
    const OF_RUNS: &str = "marks: the median of the runs; bars: 10 to 90 % of the runs";
    let (title, unit) = match of {
        TrafficQuantity::Latency => {
            return PlotLabels {
                title: "Time to arrive, of all messages",
                unit: "h:mm:ss",
                marks: "marks: the median; bars: up to 90 % of messages, or to the top if that is not reached",
            };
        }
        TrafficQuantity::Queue => ("Longest queue", "messages"),
        TrafficQuantity::Throughput => ("Messages that arrive in an hour", "messages"),
        TrafficQuantity::Retries => ("Retries of calls in a run", "calls"),
        TrafficQuantity::Returned => ("Messages returned in a run", "messages"),
    };
    PlotLabels {
        title,
        unit,
        marks: OF_RUNS,
    }
}

/// The values of one connector, in the order of the axis.
struct ConnectorSeries {
    name: String,
    spreads: Vec<Option<Spread>>,
}

pub(super) fn draw(statistics: &SweepStatistics, varied: &Axis, of: TrafficQuantity) -> Figure {
    let PlotLabels { title, unit, marks } = words(of);
    let order = Values::of(&varied.values).order();
    let series = series_of(statistics, &order, of);
    let spreads = series.iter().flat_map(|it| it.spreads.iter().flatten());
    let highest = spreads.map(|it| it.high.unwrap_or(it.median));
    let highest = highest.fold(0.0, f64::max);
    let divisor = divisor(of);
    let mut canvas = Canvas::new(HEIGHT, title, &subtitle(statistics));
    let highest = if highest > 0.0 {
        highest / divisor
    } else {
        1.0
    };
    let vertical = Scale::new([0.0, highest], [BOTTOM, TOP]);
    let horizontal = Horizontal::of(varied);
    draw_axes(&mut canvas, &vertical, &ticks_of(of, highest));
    horizontal.draw(&mut canvas, BOTTOM);
    canvas.vertical_text(position(24.0, (TOP + BOTTOM) / 2.0), unit);
    let below = position((LEFT + RIGHT) / 2.0, HEIGHT - 12.0);
    canvas.text(below, "note", Anchor::Middle, marks);
    for (index, one) in series.iter().enumerate() {
        draw_legend(&mut canvas, index, one, missing(of));
        let offset = (index as f64 - (series.len() - 1) as f64 / 2.0) * OFFSET;
        let points = order.iter().zip(&one.spreads);
        let points = points.filter_map(|(&value, spread)| {
            let spread = spread.as_ref()?;
            let text = unquoted(&varied.values[value]);
            let high = spread.high.unwrap_or(highest * divisor);
            let [low, median, high] =
                [spread.low, spread.median, high].map(|it| vertical.coordinate(it / divisor));
            Some(MedianPoint {
                x: horizontal.coordinates[value] + offset,
                low,
                median,
                high,
                tooltip: format!(
                    "{}, {text}: {}{}",
                    one.name,
                    show(*spread, of),
                    raw(*spread, of)
                ),
            })
        });
        draw_series(&mut canvas, index, &points.collect::<Vec<_>>());
    }
    let more = (statistics.total().connectors.len()).saturating_sub(series.len());
    if more > 0 {
        let note = format!("{more} more connectors are in grid.csv");
        canvas.text(position(RIGHT, 53.0), "note", Anchor::End, &note);
    }
    let mut table = vec![vec![varied.path.clone()]];
    table[0].extend(series.iter().map(|it| it.name.clone()));
    for (position, &value) in order.iter().enumerate() {
        let mut row = vec![unquoted(&varied.values[value]).to_owned()];
        row.extend(series.iter().map(|it| {
            let spread = it.spreads[position];
            spread.map_or_else(|| missing(of).to_owned(), |it| show(it, of))
        }));
        table.push(row);
    }
    Figure {
        svg: canvas.finish(),
        title: title.to_owned(),
        table,
    }
}

/// The series of the connectors that are drawn. `order` are the points of the axis in their order.
fn series_of(
    statistics: &SweepStatistics,
    order: &[usize],
    of: TrafficQuantity,
) -> Vec<ConnectorSeries> {
    let names = statistics.total().connectors.keys().take(CONNECTORS_MAX);
    let series = names.map(|name| {
        let spread = |&index: &usize| {
            let counters = &statistics.points().get(index)?.counters;
            counters.connectors.get(name)?.spread(of)
        };
        ConnectorSeries {
            name: name.clone(),
            spreads: order.iter().map(spread).collect(),
        }
    });
    series.collect()
}

/// Of how many of the units of a quantity the axis counts.
const fn divisor(of: TrafficQuantity) -> f64 {
    match of {
        // In seconds.
        TrafficQuantity::Latency => NANOS,
        TrafficQuantity::Queue
        | TrafficQuantity::Throughput
        | TrafficQuantity::Retries
        | TrafficQuantity::Returned => 1.0,
    }
}

/// The ticks of the axis up to `highest`.
fn ticks_of(of: TrafficQuantity, highest: f64) -> Vec<Tick> {
    match of {
        TrafficQuantity::Latency => clock_ticks(highest),
        TrafficQuantity::Queue
        | TrafficQuantity::Throughput
        | TrafficQuantity::Retries
        | TrafficQuantity::Returned => ticks(highest),
    }
}

/// What a connector without a value has.
const fn missing(of: TrafficQuantity) -> &'static str {
    match of {
        TrafficQuantity::Latency => "not reached",
        TrafficQuantity::Queue
        | TrafficQuantity::Throughput
        | TrafficQuantity::Retries
        | TrafficQuantity::Returned => "none",
    }
}

/// `0:00:12.500 (0:00:10 to 0:00:20)`, or counts.
fn show(spread: Spread, of: TrafficQuantity) -> String {
    let [low, median] = [spread.low, spread.median].map(|it| value(of, it));
    let high = spread.high.map(|it| value(of, it));
    let high = high.unwrap_or_else(|| "not reached".to_owned());
    format!("{median} ({low} to {high})")
}

/// All digits of a time, for its tooltip.
fn raw(spread: Spread, of: TrafficQuantity) -> String {
    match of {
        TrafficQuantity::Latency => format!(", median {:.0} ns", spread.median),
        TrafficQuantity::Queue
        | TrafficQuantity::Throughput
        | TrafficQuantity::Retries
        | TrafficQuantity::Returned => String::new(),
    }
}

/// A time as `h:mm:ss`, a count as it is.
fn value(of: TrafficQuantity, value: f64) -> String {
    match of {
        TrafficQuantity::Latency => clock_time(value / NANOS),
        TrafficQuantity::Queue
        | TrafficQuantity::Throughput
        | TrafficQuantity::Retries
        | TrafficQuantity::Returned => plain(value),
    }
}

fn draw_axes(canvas: &mut Canvas, vertical: &Scale, ticks: &[Tick]) {
    for tick in ticks {
        let y = vertical.coordinate(tick.at);
        canvas.line(position(LEFT, y), position(RIGHT, y), "grid");
        let place = position(LEFT - 8.0, y + 4.0);
        canvas.text(place, "tick", Anchor::End, &tick.label);
    }
}

/// A median with the bar around it, in user units.
struct MedianPoint {
    x: f64,
    low: f64,
    median: f64,
    high: f64,
    tooltip: String,
}

/// A mark at each median, with its bar.
fn draw_series(canvas: &mut Canvas, index: usize, points: &[MedianPoint]) {
    let dash = if index < NAMES { "" } else { " dash" };
    let class = format!("line s{}{dash}", index % NAMES);
    for MedianPoint { x, low, high, .. } in points {
        canvas.line(position(*x, *low), position(*x, *high), &class);
    }
    let median = |it: &MedianPoint| position(it.x, it.median);
    let line: Vec<PlotPoint> = points.iter().map(median).collect();
    canvas.path(&line, &class);
    for point in points {
        canvas.mark(median(point), index, &point.tooltip);
    }
}

fn draw_legend(canvas: &mut Canvas, index: usize, series: &ConnectorSeries, missing: &str) {
    let left = LEFT + (index % NAMES) as f64 * 220.0;
    let top = 74.0 + (index / NAMES) as f64 * 20.0;
    let has_values = series.spreads.iter().any(Option::is_some);
    let name = match has_values {
        true => series.name.clone(),
        false => format!("{}: {missing}", series.name),
    };
    canvas.mark(position(left, top), index, &name);
    canvas.text(
        position(left + 12.0, top + 4.0),
        "note",
        Anchor::Start,
        &name,
    );
}
