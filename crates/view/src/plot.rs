//! A sweep as one picture.
//!
//! Owns the choice of the picture, which follows from what was varied: nothing, one setting or
//! two. Every share has its Wilson interval. It refuses more than two settings, and any number
//! that is not in the statistics.
//!
//! - `quantity`: a setting's values as numbers with a unit.
//! - `axis`: where a number is drawn, and which ticks it has.
//! - `canvas`: the SVG; `page`: the same in HTML.
//! - `curve`, `heat`, `survival`: the three pictures.

mod axis;
mod canvas;
mod curve;
mod heat;
mod page;
mod quantity;
mod survival;

use std::fmt;

use explore::statistics::counters::Counters;
use explore::statistics::intervals::{Interval, wilson};
use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Runs in which a control block leaked.
    Leak,
    /// Runs in which no control block was left.
    Exhaustion,
    /// Runs in which an exception ended a process.
    Crash,
    /// Runs in which anything went wrong.
    Failure,
}

/// A picture, and its figures as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    svg: String,
    title: String,
    /// The names of the columns, then the rows.
    table: Vec<Vec<String>>,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotError {
    /// So many settings are varied.
    TooManyAxes(usize),
    /// A setting has so many values.
    TooManyValues(usize),
    /// No run was made.
    Empty,
}

/// Values of one setting that a picture shows.
const VALUES_MAX: usize = 24;

/// The picture of a sweep. `measure` is what is counted; without one, what went wrong decides.
///
/// # Errors
/// If the sweep has no runs, or varies more than a picture can show.
pub fn figure(statistics: &SweepStatistics, measure: Option<Measure>) -> Result<Figure, PlotError> {
    let axes = &statistics.manifest().axes;
    check(axes)?;
    if statistics.total().runs == 0 {
        return Err(PlotError::Empty);
    }
    let measures = measure.map_or_else(|| Measure::found_in(statistics.total()), |it| vec![it]);
    Ok(match axes.as_slice() {
        [varied] => curve::draw(statistics, varied, &measures),
        [down, along] => heat::draw(statistics, (down, along), measures[0]),
        _ => survival::draw(statistics, measure.unwrap_or(Measure::Exhaustion)),
    })
}

/// Whether a picture can show a sweep over these axes: a question before it is run.
///
/// # Errors
/// If there are more than two, or one has too many values.
pub fn check(axes: &[Axis]) -> Result<(), PlotError> {
    if axes.len() > 2 {
        return Err(PlotError::TooManyAxes(axes.len()));
    }
    let longest = axes.iter().map(|axis| axis.values.len()).max();
    match longest.filter(|it| *it > VALUES_MAX) {
        Some(longest) => Err(PlotError::TooManyValues(longest)),
        None => Ok(()),
    }
}

impl Figure {
    /// The picture alone, as an SVG file.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The picture in a page of its own, with its figures as a table and the command that made
    /// it.
    #[must_use]
    pub fn html(&self, command: &str) -> String {
        page::html(self, command)
    }
}

/// Runs of some, with their interval.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Share {
    hits: u64,
    runs: u64,
    rate: f64,
    interval: Interval,
}

impl Share {
    fn of(counters: &Counters, measure: Measure) -> Self {
        let (hits, runs) = (measure.count(counters), counters.runs);
        Self {
            hits,
            runs,
            rate: hits as f64 / runs.max(1) as f64,
            interval: wilson(hits, runs),
        }
    }
}

/// `37 of 100 runs, 37.0 % (95 %: 28.2 to 46.8 %)`
impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} of {} runs, {:.1} % (95 %: {:.1} to {:.1} %)",
            self.hits,
            self.runs,
            self.rate * 100.0,
            self.interval.low * 100.0,
            self.interval.high * 100.0
        )
    }
}

impl Measure {
    /// The word for failures of this kind in a counters; all of them for [`Measure::Failure`].
    const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Leak => Some("control-block-leak"),
            Self::Exhaustion => Some("control-block-exhaustion"),
            Self::Crash => Some("exception"),
            Self::Failure => None,
        }
    }

    fn count(self, counters: &Counters) -> u64 {
        match self.kind() {
            Some(kind) => counters.kinds.get(kind).map_or(0, |it| it.runs),
            None => counters.failing,
        }
    }

    /// What went wrong in any run; the leak if nothing did.
    fn found_in(counters: &Counters) -> Vec<Self> {
        let all = [Self::Leak, Self::Exhaustion, Self::Crash];
        let mut found: Vec<Self> = all
            .into_iter()
            .filter(|it| it.count(counters) > 0)
            .collect();
        if found.is_empty() {
            let nothing = counters.failing == 0;
            found.push(if nothing { Self::Leak } else { Self::Failure });
        }
        found
    }

    /// `a control block leaked`
    const fn sentence(self) -> &'static str {
        match self {
            Self::Leak => "a control block leaked",
            Self::Exhaustion => "no control block was left",
            Self::Crash => "an exception ended a process",
            Self::Failure => "something went wrong",
        }
    }
}

/// How many runs and seeds a picture rests on, below its title.
fn foundation(statistics: &SweepStatistics) -> String {
    let manifest = statistics.manifest();
    let (made, all) = (statistics.total().runs, manifest.runs());
    let state = if made == all {
        String::new()
    } else {
        format!(" of {all}")
    };
    format!(
        "{}: {made}{state} runs, seeds {}",
        manifest.title, manifest.seeds
    )
}

impl fmt::Display for PlotError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyAxes(count) => write!(
                out,
                "{count} settings are varied, and a picture shows two at the most: \
                 fix the others with --set"
            ),
            Self::TooManyValues(count) => write!(
                out,
                "a setting has {count} values, and a picture shows {VALUES_MAX} at the most"
            ),
            Self::Empty => out.write_str("no run was made, so there is nothing to draw"),
        }
    }
}

#[cfg(test)]
mod tests;
