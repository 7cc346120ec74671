//! No varied setting: the proportion of runs that survive up to each time (Kaplan and Meier), with
//! its 95 % band.

use explore::statistics::survival::{Survival, SurvivalPoint};
use explore::sweep::sweep_statistics::SweepStatistics;
use kernel::Duration;

use super::axis::{Scale, clock_ticks, clock_time};
use super::canvas::{Anchor, Canvas, PlotPoint, WIDTH, position};
use super::{Figure, Measure, subtitle};

const HEIGHT: f64 = 440.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 104.0;
const BOTTOM: f64 = HEIGHT - 62.0;

pub(super) fn draw(statistics: &SweepStatistics, measure: Measure) -> Figure {
    let survival = match measure.kind() {
        Some(kind) => Survival::of(statistics.total(), kind),
        None => Survival::of_first_failure(statistics.total()),
    };
    let title = format!("Time until {}", measure.clause());
    let mut canvas = Canvas::new(HEIGHT, &title, &subtitle(statistics));
    let end = seconds(survival.end);
    let horizontal = Scale::new([0.0, end], [LEFT, RIGHT]);
    let vertical = Scale::new([0.0, 1.0], [BOTTOM, TOP]);
    for tick in clock_ticks(end) {
        let x = horizontal.coordinate(tick.at);
        canvas.line(position(x, BOTTOM), position(x, BOTTOM + 5.0), "frame");
        let place = position(x, BOTTOM + 20.0);
        canvas.text(place, "tick", Anchor::Middle, &tick.label);
    }
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
    canvas.line(position(LEFT, BOTTOM), position(RIGHT, BOTTOM), "frame");
    canvas.vertical_text(
        position(34.0, (TOP + BOTTOM) / 2.0),
        "surviving runs (%), with 95 % band",
    );
    let label = "virtual time (h:mm:ss)";
    canvas.text(
        position((LEFT + RIGHT) / 2.0, BOTTOM + 46.0),
        "",
        Anchor::Middle,
        label,
    );
    draw_curve(&mut canvas, &survival, &horizontal, &vertical);
    canvas.text(
        position(24.0, 74.0),
        "note",
        Anchor::Start,
        &summary(&survival),
    );
    Figure {
        svg: canvas.finish(),
        title,
        table: table(&survival),
    }
}

fn draw_curve(canvas: &mut Canvas, survival: &Survival, horizontal: &Scale, vertical: &Scale) {
    let stairs = |value: fn(&SurvivalPoint) -> f64| -> Vec<PlotPoint> {
        let mut points = vec![position(
            horizontal.coordinate(0.0),
            vertical.coordinate(1.0),
        )];
        let mut level = 1.0;
        for step in &survival.points {
            let x = horizontal.coordinate(seconds(step.at));
            // Two points for each step: the estimate is constant up to it, and falls there.
            points.push(position(x, vertical.coordinate(level)));
            level = value(step);
            points.push(position(x, vertical.coordinate(level)));
        }
        points.push(position(
            horizontal.coordinate(seconds(survival.end)),
            vertical.coordinate(level),
        ));
        points
    };
    // The band is one closed shape: the upper bound forwards, the lower one back.
    let mut band = stairs(|step| step.interval.high);
    band.extend(stairs(|step| step.interval.low).into_iter().rev());
    canvas.path(&band, "band s0");
    canvas.path(&stairs(|step| step.proportion), "line s0");
    // Each step has its numbers on hover.
    for step in &survival.points {
        let at = position(
            horizontal.coordinate(seconds(step.at)),
            vertical.coordinate(step.proportion),
        );
        let tooltip = format!(
            "{} ({} ns): {:.1} % survive (95 %: {:.1} to {:.1} %)",
            duration(step.at),
            step.at.nanos(),
            step.proportion * 100.0,
            step.interval.low * 100.0,
            step.interval.high * 100.0
        );
        canvas.hover(at, &tooltip);
    }
}

/// The curve in one sentence.
fn summary(survival: &Survival) -> String {
    let Survival {
        runs,
        failed,
        unknown,
        ..
    } = survival;
    let median = match (survival.median(), unknown) {
        (Some(it), _) => format!("median {}", duration(it)),
        (None, 0) => "the median is later than the end".to_owned(),
        (None, _) => "the median is undecided".to_owned(),
    };
    let unknown = match unknown {
        0 => String::new(),
        runs => format!("; {runs} UNDECIDED, cut off before"),
    };
    format!("It happened in {failed} of {runs} runs{unknown}; {median}")
}

fn table(survival: &Survival) -> Vec<Vec<String>> {
    let names = ["virtual time", "surviving runs", "95 % interval"];
    let mut table = vec![names.map(str::to_owned).to_vec()];
    table.extend(survival.points.iter().map(|step| {
        vec![
            duration(step.at),
            format!("{:.1} %", step.proportion * 100.0),
            format!(
                "{:.1} to {:.1} %",
                step.interval.low * 100.0,
                step.interval.high * 100.0
            ),
        ]
    }));
    table
}

fn seconds(duration: Duration) -> f64 {
    duration.nanos() as f64 / 1e9
}

/// `5:48:12`: failure times are known within 1/64.
fn duration(duration: Duration) -> String {
    clock_time(seconds(duration))
}
