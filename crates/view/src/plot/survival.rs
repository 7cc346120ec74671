//! Nothing varied: how long it takes, as the share of runs to which it has not happened yet.
//!
//! Owns the survival curve with its band, and the time by which half of the runs were over. It
//! refuses to go on where runs end: nobody was there to see.

use explore::statistics::survival::{Survival, SurvivalPoint};
use explore::sweep::sweep_statistics::SweepStatistics;
use kernel::Duration;

use super::axis::{Scale, plain, ticks, time_unit};
use super::canvas::{Anchor, Canvas, WIDTH};
use super::{Figure, Measure, foundation};

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
    let title = format!("How long it takes until {}", measure.sentence());
    let mut canvas = Canvas::new(HEIGHT, &title, &foundation(statistics));
    let end = seconds(survival.end);
    let (divisor, unit) = time_unit(end);
    let along = Scale::new((0.0, end), (LEFT, RIGHT));
    let up = Scale::new((0.0, 1.0), (BOTTOM, TOP));
    for tick in ticks(end / divisor) {
        let x = along.place(tick.at * divisor);
        canvas.line((x, BOTTOM), (x, BOTTOM + 5.0), "frame");
        canvas.text((x, BOTTOM + 20.0), "tick", Anchor::Middle, &tick.label);
    }
    for percent in [0, 20, 40, 60, 80, 100] {
        let y = up.place(f64::from(percent) / 100.0);
        canvas.line((LEFT, y), (RIGHT, y), "grid");
        canvas.text(
            (LEFT - 8.0, y + 4.0),
            "tick",
            Anchor::End,
            &percent.to_string(),
        );
    }
    canvas.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "frame");
    canvas.upward(
        (34.0, (TOP + BOTTOM) / 2.0),
        "share of runs left (%), with 95 % band",
    );
    let label = format!("virtual time ({unit})");
    canvas.text(
        ((LEFT + RIGHT) / 2.0, BOTTOM + 46.0),
        "",
        Anchor::Middle,
        &label,
    );
    draw_curve(&mut canvas, &survival, &along, &up);
    canvas.text((24.0, 74.0), "note", Anchor::Start, &verdict(&survival));
    Figure {
        svg: canvas.finish(),
        title,
        table: table(&survival),
    }
}

fn draw_curve(canvas: &mut Canvas, survival: &Survival, along: &Scale, up: &Scale) {
    let stairs = |share: fn(&SurvivalPoint) -> f64| -> Vec<(f64, f64)> {
        let mut places = vec![(along.place(0.0), up.place(1.0))];
        let mut level = 1.0;
        for step in &survival.points {
            let x = along.place(seconds(step.at));
            places.push((x, up.place(level)));
            level = share(step);
            places.push((x, up.place(level)));
        }
        places.push((along.place(seconds(survival.end)), up.place(level)));
        places
    };
    let mut band = stairs(|step| step.interval.high);
    band.extend(stairs(|step| step.interval.low).into_iter().rev());
    canvas.path(&band, "band s0");
    canvas.path(&stairs(|step| step.proportion), "line s0");
}

/// What the curve says, in one sentence.
fn verdict(survival: &Survival) -> String {
    let Survival { runs, failed, .. } = survival;
    let half = survival.median().map_or_else(
        || "not to half of them within their time".to_owned(),
        |it| format!("to half of them within {}", length(it)),
    );
    format!("It happened in {failed} of {runs} runs, {half}")
}

fn table(survival: &Survival) -> Vec<Vec<String>> {
    let names = ["virtual time", "share of runs left", "95 %"];
    let mut table = vec![names.map(str::to_owned).to_vec()];
    table.extend(survival.points.iter().map(|step| {
        vec![
            length(step.at),
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

fn seconds(length: Duration) -> f64 {
    length.nanos() as f64 / 1e9
}

fn length(length: Duration) -> String {
    let (divisor, unit) = time_unit(seconds(length));
    format!(
        "{} {unit}",
        plain((seconds(length) / divisor * 10.0).round() / 10.0)
    )
}
