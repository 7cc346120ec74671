//! The statistics of a sweep as a plot.
//!
//! The number of varied settings decides the plot. Every proportion has its 95 % Wilson interval.
//!
//! | module | contents |
//! |---|---|
//! | `messages` | one setting: times and counts of each connector's messages |
//! | `heat_map` | two settings: one cell for each combination |
//! | `curve` | one setting: proportions with intervals |
//! | `survival` | no setting: survival over virtual time |
//! | `quantity` | values of a setting as numbers with a unit |
//! | `axis` | scales and ticks |
//! | `canvas`, `page` | the SVG, and an HTML page around it |

mod axis;
mod canvas;
mod curve;
mod heat_map;
mod messages;
mod page;
mod quantity;
mod survival;

use std::fmt;

use explore::statistics::counters::Counters;
use explore::statistics::proportions::ConfidenceInterval;
use explore::statistics::traffic::TrafficQuantity;
use explore::sweep::grid::Axis;
use explore::sweep::sweep_statistics::SweepStatistics;

/// Which runs are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Runs that leaked a control block.
    Leak,
    /// Runs that ran out of control blocks.
    Exhaustion,
    /// Runs in which an exception ended a process.
    Crash,
    /// Runs with any failure.
    Failure,
}

/// A plot, and its numbers as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    svg: String,
    title: String,
    /// The first row has the names of the columns.
    table: Vec<Vec<String>>,
}

/// Why a sweep cannot be plotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlotError {
    /// More than two settings are varied.
    #[error("{0} settings are varied; a plot shows at most two: fix the others with --set")]
    TooManyAxes(usize),
    /// Messages are plotted over one setting.
    #[error("messages are plotted over one varied setting, not {0}: give one --vary")]
    NotOneAxis(usize),
    /// A setting has too many values.
    #[error("a setting has {0} values; a plot shows at most {VALUES_MAX}")]
    TooManyValues(usize),
    /// The sweep has no runs.
    #[error("the sweep has no runs")]
    Empty,
}

/// Values of one setting on a plot.
const VALUES_MAX: usize = 24;

/// Plots a sweep. Without `measure` the plot counts what occurred.
///
/// # Errors
/// If the sweep has no runs, or varies more than a plot can show.
pub fn figure(statistics: &SweepStatistics, measure: Option<Measure>) -> Result<Figure, PlotError> {
    let axes = &statistics.manifest().axes;
    check(axes)?;
    if statistics.total().runs == 0 {
        return Err(PlotError::Empty);
    }
    let measures = measure.map_or_else(|| Measure::occurred(statistics.total()), |it| vec![it]);
    Ok(match axes.as_slice() {
        [varied] => curve::draw(statistics, varied, &measures),
        [rows, columns] => heat_map::draw(statistics, rows, columns, measures[0]),
        _ => survival::draw(statistics, measure.unwrap_or(Measure::Exhaustion)),
    })
}

/// Plots times and counts of each connector's messages over the one varied setting.
///
/// # Errors
/// If the sweep has no runs, or varies anything but one setting.
pub fn of_messages(statistics: &SweepStatistics, of: TrafficQuantity) -> Result<Figure, PlotError> {
    let axes = &statistics.manifest().axes;
    check_messages(axes)?;
    match (axes.first(), statistics.total().runs) {
        (None, _) | (_, 0) => Err(PlotError::Empty),
        (Some(varied), _) => Ok(messages::draw(statistics, varied, of)),
    }
}

/// All plots of a page: the failures, and over one setting times and counts of messages.
///
/// # Errors
/// As [`figure`].
pub fn page(statistics: &SweepStatistics, command: &str) -> Result<String, PlotError> {
    let mut figures = vec![figure(statistics, None)?];
    let has_messages = !statistics.total().connectors.is_empty();
    if has_messages && statistics.manifest().axes.len() == 1 {
        for of in messages::ALL {
            figures.push(of_messages(statistics, of)?);
        }
    }
    Ok(page::html(&figures, command))
}

/// Checks whether messages of a sweep over these axes can be plotted.
///
/// # Errors
/// If it is not one, or has too many values.
pub fn check_messages(axes: &[Axis]) -> Result<(), PlotError> {
    match axes.len() {
        1 => check(axes),
        other => Err(PlotError::NotOneAxis(other)),
    }
}

/// Checks whether a sweep over these axes can be plotted.
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
    /// The plot as an SVG file.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The plot as an HTML page, with its numbers as a table and the command of the sweep.
    #[must_use]
    pub fn html(&self, command: &str) -> String {
        page::html(std::slice::from_ref(self), command)
    }
}

/// A proportion of runs, with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PlottedProportion {
    hits: u64,
    runs: u64,
    /// Runs that a limit cut off before.
    unknown: u64,
    rate: f64,
    interval: ConfidenceInterval,
}

impl PlottedProportion {
    fn of(counters: &Counters, measure: Measure) -> Self {
        let found = match measure.kind() {
            Some(kind) => counters.failing_by(kind),
            None => counters.failing_runs(),
        };
        Self {
            hits: found.runs,
            runs: counters.runs,
            unknown: found.unknown,
            rate: found.rate,
            interval: found.interval,
        }
    }
}

/// `37 of 100 runs, 37.0 % (95 %: 28.2 to 46.8 %)`
impl fmt::Display for PlottedProportion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} of {} runs, {:.1} % (95 %: {:.1} to {:.1} %)",
            self.hits,
            self.runs,
            self.rate * 100.0,
            self.interval.low * 100.0,
            self.interval.high * 100.0
        )?;
        match self.unknown {
            0 => Ok(()),
            runs => write!(out, "; {runs} UNDECIDED, cut off before"),
        }
    }
}

impl Measure {
    /// The kind of failure that is counted; `None` for all.
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

    /// What occurred in any run; leaks if nothing did.
    fn occurred(counters: &Counters) -> Vec<Self> {
        let all = [Self::Leak, Self::Exhaustion, Self::Crash];
        let mut occurred: Vec<Self> = all
            .into_iter()
            .filter(|it| it.count(counters) > 0)
            .collect();
        if occurred.is_empty() {
            let is_clean = counters.failing == 0;
            occurred.push(if is_clean { Self::Leak } else { Self::Failure });
        }
        occurred
    }

    /// `a control block leaked`
    const fn clause(self) -> &'static str {
        match self {
            Self::Leak => "a control block leaked",
            Self::Exhaustion => "no control block was left",
            Self::Crash => "an exception ended a process",
            Self::Failure => "any failure occurred",
        }
    }
}

/// The line below the title: scenario, number of runs and seeds.
fn subtitle(statistics: &SweepStatistics) -> String {
    let manifest = statistics.manifest();
    let (made, all) = (statistics.total().runs, manifest.runs());
    let state = if made == all {
        String::new()
    } else {
        format!(" of {all}")
    };
    let undecided = match statistics.total().undecided_runs() {
        0 => String::new(),
        runs => format!(", {runs} UNDECIDED"),
    };
    format!(
        "{}: {made}{state} runs{undecided}, seeds {}",
        manifest.title, manifest.seeds
    )
}

#[cfg(test)]
mod tests;
