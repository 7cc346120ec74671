//! `mtasim sweep`: many seeds, what goes wrong in them, and how to repeat it.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use explore::sweep::grid::{self, Axis, GridError, GridPoint};
use explore::sweep::summary;
use explore::sweep::swarm::Swarm;
use explore::sweep::sweep_statistics::SweepStatistics;
use explore::sweep::{StopReason, SweepError, SweepPlan, SweepResult};
use explore::{Shard, Shipped};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use view::plot;

use crate::arguments::{Format, PlotOf, SweepArguments};
use crate::exit_code;
use crate::input;
use crate::output;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &SweepArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let shard = match shard(arguments.shard.as_deref()) {
        Ok(shard) => shard,
        Err(wrong) => {
            terminal.error(&wrong);
            return Ok(exit_code::USAGE);
        }
    };
    let axes = &arguments.vary;
    if let Some(wrong) = arguments
        .plot
        .as_deref()
        .and_then(|path| no_plot(path, axes))
    {
        terminal.error(&wrong);
        return Ok(exit_code::USAGE);
    }
    let points = match load_points(&arguments.file, &arguments.overrides.set, axes, terminal)? {
        Ok(points) => points,
        Err(code) => return Ok(code),
    };
    warn_of_adversary(&points, terminal)?;
    let swarm = match swarm(arguments, &points, terminal)? {
        Ok(swarm) => swarm,
        Err(code) => return Ok(code),
    };
    let plan = SweepPlan {
        axes: axes.clone(),
        points: Arc::new(points),
        swarm,
        seeds: arguments.seeds,
        shard,
        jobs: arguments.jobs.unwrap_or_else(processors),
        stop_after: arguments.stop_after,
        keep_going: arguments.keep_going,
        recheck: arguments.recheck,
        out: arguments.out.clone(),
        handle_signals: true,
    };
    let bar = progress_bar(plan.manifest().runs());
    let swept = explore::sweep(&plan, Arc::new(Shipped), |statistics| {
        show_progress(&bar, statistics)
    });
    bar.finish_and_clear();
    match swept {
        Ok(swept) => {
            let code = show(arguments, &swept, terminal)?;
            let plotted = draw(arguments, &swept.statistics);
            plotted.map_or_else(
                |wrong| {
                    terminal.error(&wrong);
                    Ok(exit_code::ENVIRONMENT)
                },
                |()| Ok(code),
            )
        }
        Err(error) => refuse(&error, terminal),
    }
}

/// Why this sweep can have no picture of this name: better told before its hours than after.
fn no_plot(path: &Path, axes: &[Axis]) -> Option<String> {
    match path.extension().and_then(|it| it.to_str()) {
        Some("svg" | "html") => plot::check(axes).err().map(|it| format!("--plot: {it}")),
        _ => Some(format!(
            "--plot {}: a picture is a .svg or a .html file",
            path.display()
        )),
    }
}

/// Draws the picture that was asked for, if any.
fn draw(arguments: &SweepArguments, statistics: &SweepStatistics) -> Result<(), String> {
    let Some(path) = &arguments.plot else {
        return Ok(());
    };
    let measure = arguments.plot_of.map(|of| match of {
        PlotOf::Leak => plot::Measure::Leak,
        PlotOf::Exhaustion => plot::Measure::Exhaustion,
        PlotOf::Crash => plot::Measure::Crash,
        PlotOf::Failure => plot::Measure::Failure,
    });
    let figure = plot::figure(statistics, measure).map_err(|it| format!("--plot: {it}"))?;
    let is_page = path.extension().is_some_and(|it| it == "html");
    if is_page {
        output::write(path, figure.html(&command(arguments)).as_bytes())
    } else {
        output::write(path, figure.svg().as_bytes())
    }
}

/// The sweep as a line for a shell.
fn command(arguments: &SweepArguments) -> String {
    let file = shell_word(&arguments.file.display().to_string());
    let set = arguments.overrides.set.iter().map(|it| set_option(it));
    let vary = arguments.vary.iter().map(|axis| {
        let values = axis.values.join(",");
        format!(" --vary {}", shell_word(&format!("{}={values}", axis.path)))
    });
    let options: String = set.chain(vary).collect();
    let swarm = if arguments.swarm { " --swarm" } else { "" };
    format!(
        "mtasim sweep {file} --seeds {}{options}{swarm}",
        arguments.seeds
    )
}

/// A sweep counts how often something happens; an adversary makes it happen.
fn warn_of_adversary(points: &[GridPoint], terminal: &mut Terminal) -> io::Result<()> {
    let mut schedulers = points.iter().map(|point| point.scenario.scheduler);
    match schedulers.find(|it| it.is_adversary()) {
        Some(scheduler) => terminal.note(&format!(
            "note: scheduler `{scheduler}` looks for failures: how often it finds one says nothing \
             about how often it would happen\n"
        )),
        None => Ok(()),
    }
}

/// The swarm that was asked for, or the exit code after saying what is wrong with it.
fn swarm(
    arguments: &SweepArguments,
    points: &[GridPoint],
    terminal: &mut Terminal,
) -> io::Result<Result<Option<Swarm>, u8>> {
    if !arguments.swarm {
        return Ok(Ok(None));
    }
    if arguments.file.as_os_str() == "-" {
        terminal.error("--swarm reads the file for every seed: standard input is none");
        return Ok(Err(exit_code::USAGE));
    }
    let bytes = input::read(&arguments.file)?;
    match Swarm::of(&arguments.file.display().to_string(), &bytes, points) {
        Ok(swarm) => Ok(Ok(Some(swarm))),
        Err(found) => {
            terminal.note(&found.to_human(true))?;
            Ok(Err(exit_code::USAGE))
        }
    }
}

/// The scenarios of all points, or the exit code after saying what is wrong.
pub(crate) fn load_points(
    file: &Path,
    set: &[String],
    axes: &[Axis],
    terminal: &mut Terminal,
) -> io::Result<Result<Vec<GridPoint>, u8>> {
    let name = file.display().to_string();
    let bytes = match input::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            return Ok(Err(exit_code::ENVIRONMENT));
        }
    };
    match grid::points(&name, &bytes, set, axes) {
        Ok(points) => Ok(Ok(points)),
        Err(GridError::Wrong(found)) => {
            terminal.note(&found.to_human(true))?;
            Ok(Err(exit_code::USAGE))
        }
        Err(GridError::TooLarge(size)) => {
            let most = grid::POINTS_MAX;
            terminal.error(&format!(
                "the grid has {size} points, and at most {most} are run"
            ));
            Ok(Err(exit_code::USAGE))
        }
    }
}

pub(crate) fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn shard(text: Option<&str>) -> Result<Shard, String> {
    let Some(text) = text else {
        return Ok(Shard::WHOLE);
    };
    let Some(of) = text.strip_prefix("auto/") else {
        return text.parse();
    };
    let number = array_place().ok_or(
        "--shard auto/N needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment",
    )?;
    format!("{number}/{of}").parse()
}

/// Which task of an array this is, counted from 1: Slurm counts from whatever the array's
/// first index is, Kubernetes from 0.
fn array_place() -> Option<u64> {
    let slurm = variable("SLURM_ARRAY_TASK_ID").map(|id| {
        let first = variable("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
        id.saturating_sub(first) + 1
    });
    slurm.or_else(|| variable("JOB_COMPLETION_INDEX").map(|index| index + 1))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the cluster says through the environment which shard this is, never what it does"
)]
fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub(crate) fn progress_bar(runs: u64) -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = "{bar:30} {pos}/{len} runs, {per_sec}, {eta} left; {msg}";
    let style = ProgressStyle::with_template(style).expect("the template is fixed");
    ProgressBar::with_draw_target(Some(runs), target).with_style(style)
}

fn show_progress(bar: &ProgressBar, statistics: &SweepStatistics) {
    let whole = statistics.total();
    if bar.is_hidden() {
        return;
    }
    if bar.position() == 0 {
        // What an earlier sweep left says nothing about the speed of this one.
        bar.set_position(whole.runs);
        bar.reset_eta();
    }
    bar.set_position(whole.runs);
    let groups = whole.signatures.iter().take(3);
    let groups: Vec<String> = groups
        .map(|(signature, group)| format!("{} {signature}", group.runs))
        .collect();
    bar.set_message(match groups.is_empty() {
        true => "nothing went wrong".to_owned(),
        false => groups.join(", "),
    });
}

fn show(
    arguments: &SweepArguments,
    swept: &SweepResult,
    terminal: &mut Terminal,
) -> io::Result<u8> {
    let summary = swept.statistics.summary();
    match arguments.format {
        Format::Json => terminal.print(&summary.to_json())?,
        Format::Human => {
            let page = summary.to_human(|found| repeat(arguments, found));
            terminal.print(&page)?;
        }
    }
    let swarm = swarm_option(arguments);
    for nondeterministic in &swept.nondeterministic {
        let set: Vec<String> = nondeterministic
            .overrides
            .iter()
            .map(|it| set_option(it))
            .collect();
        terminal.error(&format!(
            "nondeterminism: seed {}{swarm}{} came out differently the second time:\n  {}",
            nondeterministic.seed,
            set.concat(),
            nondeterministic.divergence
        ));
    }
    let whole = swept.statistics.total();
    let runs = swept.statistics.manifest().runs();
    if swept.stop_reason == StopReason::Interrupted {
        let keeps = match &arguments.out {
            Some(_) => "; the same command goes on from here",
            None => "",
        };
        let done = whole.runs;
        terminal.error(&format!("interrupted after {done} of {runs} runs{keeps}"));
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(if !swept.nondeterministic.is_empty() {
        exit_code::NONDETERMINISM
    } else if whole.as_expected < whole.runs {
        exit_code::UNEXPECTED
    } else {
        exit_code::SUCCESS
    })
}

/// The line that repeats the run in which a failure comes soonest.
fn repeat(arguments: &SweepArguments, found: &summary::SignatureSummary) -> String {
    if let Some(out) = &arguments.out {
        let capsule = out.join(&found.capsule);
        return format!(
            "mtasim replay {}",
            shell_word(&capsule.display().to_string())
        );
    }
    let file = shell_word(&arguments.file.display().to_string());
    let set = arguments.overrides.set.iter().map(|it| set_option(it));
    let varied = found.settings.iter();
    let varied = varied.map(|(path, value)| set_option(&format!("{path}={value}")));
    let set: String = set.chain(varied).collect();
    let swarm = swarm_option(arguments);
    format!(
        "mtasim run {file} --seed {}{swarm}{set}",
        found.earliest_seed
    )
}

const fn swarm_option(arguments: &SweepArguments) -> &'static str {
    if arguments.swarm { " --swarm" } else { "" }
}

fn set_option(setting: &str) -> String {
    format!(" --set {}", shell_word(setting))
}

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./=:,+@%".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn refuse(error: &SweepError, terminal: &mut Terminal) -> io::Result<u8> {
    terminal.error(&error.to_string());
    Ok(match error {
        SweepError::Assembly(_) | SweepError::Results(_) | SweepError::Selection(..) => {
            exit_code::USAGE
        }
        SweepError::Threads(_) => exit_code::ENVIRONMENT,
        SweepError::Panicked(_) => exit_code::BUG,
    })
}
