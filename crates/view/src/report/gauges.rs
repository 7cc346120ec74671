//! Quantities of guests over the run, with the outages of the links behind them.

use std::fmt::Write;

use kernel::Instant;
use simulation::timeline::DrawnOutages;

use crate::finished_run::FinishedRun;

/// The size of a chart, in the units of its drawing. Of many samples at one place, the lowest and the
/// highest value show.
const WIDTH: u64 = 1_000;
const HEIGHT: u64 = 40;

/// One quantity.
#[derive(Debug)]
pub(super) struct Gauge {
    pub(super) name: String,
    pub(super) text: String,
    /// The values over time, as the points of a line.
    pub(super) line: String,
}

/// A time in which a link loses every packet, as a place and a width in a chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    pub(super) x: u64,
    pub(super) width: u64,
}

/// All quantities, each with a scale of its own.
pub(super) fn gauges(run: &FinishedRun<'_>) -> Vec<Gauge> {
    let end = run.outcome.simulated.nanos();
    let gauges = run.outcome.gauges.iter();
    gauges
        .map(|(name, samples)| {
            let values = || samples.iter().map(|(_, value)| *value);
            let (lowest, highest) = (values().min().unwrap_or(0), values().max().unwrap_or(0));
            let peak = samples.iter().find(|(_, value)| *value == highest);
            let at = peak.map_or(0, |(at, _)| at.nanos());
            let last = values().next_back().unwrap_or(0);
            Gauge {
                name: name.clone(),
                text: format!(
                    "at least {lowest}, at most {highest} (at {}), {last} at the end",
                    Instant::from_nanos(at)
                ),
                line: line(samples, end, lowest.min(0), highest),
            }
        })
        .collect()
}

/// The outages of all links.
pub(super) fn outages(run: &FinishedRun<'_>, links: &[DrawnOutages]) -> Vec<Outage> {
    let end = run.outcome.simulated.nanos();
    let x = |at: Instant| place(at.nanos(), end);
    let outages = links.iter().flat_map(|it| &it.windows);
    let outages = outages.map(|it| {
        let from = x(it.from);
        Outage {
            x: from,
            // A short outage stays visible.
            width: (x(it.to) - from).max(1),
        }
    });
    outages.collect()
}

/// Where a time is in a chart.
fn place(nanos: u64, end: u64) -> u64 {
    let place = u128::from(nanos.min(end)) * u128::from(WIDTH) / u128::from(end.max(1));
    place as u64
}

/// The points of a line of steps.
fn line(samples: &[(Instant, i64)], end: u64, lowest: i64, highest: i64) -> String {
    let range = highest.abs_diff(lowest).max(1);
    let y = |value: i64| {
        let above = u128::from(value.abs_diff(lowest)) * u128::from(HEIGHT) / u128::from(range);
        HEIGHT - above as u64
    };
    let mut points = format!("0,{} ", y(0));
    let mut value = 0;
    let mut rest = samples;
    while let Some((at, _)) = rest.first() {
        let x = place(at.nanos(), end);
        let count = rest.partition_point(|(at, _)| place(at.nanos(), end) == x);
        let (here, later) = rest.split_at(count);
        let values = || here.iter().map(|(_, value)| *value);
        // All changes that fall on one point of the drawing are one vertical line: a short peak stays visible.
        let extremes = [values().min(), values().max(), values().next_back()];
        // Writing to a string does not fail.
        let _ = write!(points, "{},{} ", x, y(value));
        for extreme in extremes.into_iter().flatten() {
            let _ = write!(points, "{},{} ", x, y(extreme));
        }
        value = here.last().map_or(value, |(_, value)| *value);
        rest = later;
    }
    let _ = write!(points, "{WIDTH},{}", y(value));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_step_at_each_change() {
        let at = Instant::from_nanos;
        let samples = [(at(0), 5), (at(500), 10), (at(750), 0)];
        assert_eq!(
            line(&samples, 1_000, 0, 10),
            "0,40 0,40 0,20 0,20 0,20 500,20 500,0 500,0 500,0 750,0 750,40 750,40 750,40 1000,40"
        );
        assert_eq!(line(&[], 0, 0, 0), "0,40 1000,40");
    }

    #[test]
    fn a_place_with_many_samples_shows_the_extremes() {
        let samples: Vec<(Instant, i64)> = (0..100_000)
            .map(|it| (Instant::from_nanos(it), (it % 7) as i64))
            .collect();
        let line = line(&samples, 100_000, 0, 6);
        assert!(line.split(' ').count() < 5_000);
    }
}
