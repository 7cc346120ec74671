//! `mtasim sweep`: runs many seeds and summarizes what fails.

mod junit;

use std::path::Path;
use std::sync::Arc;

use explore::statistics::traffic::TrafficQuantity;
use explore::sweep::grid::{self, Axis, GridError, GridPoint};
use explore::sweep::repairs::Repairs;
use explore::sweep::results_directory;
use explore::sweep::results_error::ResultsError;
use explore::sweep::summary::{SignatureSummary, Summary};
use explore::sweep::swarm::SwarmFile;
use explore::sweep::sweep_statistics::SweepStatistics;
use explore::sweep::{StopReason, SweepError, SweepPlan, SweepResult};
use explore::{Shard, Subject, program_name};
use view::plot::{self, Measure};

use crate::arguments::{PlotOf, SweepArguments, SweepFormat};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::output::{OutputFile, Outputs, Rules};
use crate::progress;
use crate::shell;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &SweepArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let shard = shard(arguments.shard.as_deref()).map_err(CommandError::usage)?;
    let axes = &arguments.vary;
    let plot = prepare(arguments)?;
    let points = grid_points(&arguments.file, &arguments.settings(), axes)?;
    warn_about_rates(&points, terminal);
    let swarm = match arguments.swarm {
        true => Some(swarm(arguments, &points)?),
        false => None,
    };
    let plan = SweepPlan {
        axes: axes.clone(),
        points: Arc::new(points),
        swarm,
        seeds: arguments.seeds,
        shard,
        jobs: arguments.jobs.count(),
        stop_after: arguments.stop_after,
        keep_going: arguments.keep_going,
        recheck: arguments.recheck,
        out: arguments.out.clone(),
        handle_signals: true,
    };
    let bar = progress::bar(plan.manifest().runs());
    let swept = explore::sweep(&plan, Arc::clone(subject), |statistics| {
        progress::show_sweep(&bar, statistics);
    });
    bar.finish_and_clear();
    let swept = swept.map_err(|error| {
        let code = match error {
            SweepError::Results(error) => return results_failure(&error),
            SweepError::Threads(_) => exit_code::IO,
            SweepError::Lowering(_) | SweepError::Selection(..) => exit_code::USAGE,
            SweepError::OtherRun(_) => exit_code::NONDETERMINISM,
            SweepError::Panicked(_) => exit_code::BUG,
        };
        CommandError::Message(code, error.to_string())
    })?;
    // The result is printed before an error of its files: it may be all that is left of hours.
    report_repairs(&swept.repairs, terminal);
    let code = print(arguments, &swept, &**subject, terminal)?;
    if let Some(error) = swept.write_error {
        return Err(results_failure(&error));
    }
    if let Some(out) = &arguments.out {
        terminal.note(&format!("wrote {}\n", input::shown(out)));
    }
    if let Some(output) = plot {
        write_plot(output, arguments, &swept.statistics, terminal)?;
    }
    Ok(code)
}

/// Checks the outputs before the sweep spends hours on its runs; the plot.
fn prepare(arguments: &SweepArguments) -> Result<Option<OutputFile>, CommandError> {
    let rules = Rules {
        force: arguments.force,
        inputs: &[&arguments.file],
    };
    let mut outputs = Outputs::new(rules);
    if let Some(out) = &arguments.out {
        // The sweep itself makes the directory and checks what is in it.
        outputs.claim(out, true)?;
        for name in results_directory::NAMES {
            outputs.claim(&out.join(name), false)?;
        }
    }
    let Some(path) = &arguments.plot else {
        return Ok(None);
    };
    check_plot(path, arguments)?;
    outputs.file(path).map(Some)
}

/// Rejects an impossible plot.
fn check_plot(path: &Path, arguments: &SweepArguments) -> Result<(), CommandError> {
    match path.extension().and_then(|it| it.to_str()) {
        Some("svg" | "html") => match arguments.plot_of.map(plotted) {
            Some(Plotted::Messages(_)) => plot::check_messages(&arguments.vary),
            Some(Plotted::Failures(_)) | None => plot::check(&arguments.vary),
        }
        .map_err(|error| CommandError::usage(format_args!("--plot: {error}"))),
        _ => Err(CommandError::usage(format_args!(
            "--plot {}: the file name must end in .svg or .html",
            input::shown(path)
        ))),
    }
}

/// What a plot is of.
enum Plotted {
    Failures(Measure),
    Messages(TrafficQuantity),
}

const fn plotted(of: PlotOf) -> Plotted {
    match of {
        PlotOf::Leak => Plotted::Failures(Measure::Leak),
        PlotOf::Exhaustion => Plotted::Failures(Measure::Exhaustion),
        PlotOf::Crash => Plotted::Failures(Measure::Crash),
        PlotOf::Failure => Plotted::Failures(Measure::Failure),
        PlotOf::Latency => Plotted::Messages(TrafficQuantity::Latency),
        PlotOf::Queue => Plotted::Messages(TrafficQuantity::Queue),
        PlotOf::Throughput => Plotted::Messages(TrafficQuantity::Throughput),
        PlotOf::Retries => Plotted::Messages(TrafficQuantity::Retries),
        PlotOf::Returned => Plotted::Messages(TrafficQuantity::Returned),
    }
}

fn write_plot(
    output: OutputFile,
    arguments: &SweepArguments,
    statistics: &SweepStatistics,
    terminal: &mut Terminal,
) -> Result<(), CommandError> {
    let is_page = output.path().extension().is_some_and(|it| it == "html");
    let command = command(arguments);
    let text = match arguments.plot_of.map(plotted) {
        None if is_page => plot::page(statistics, &command),
        what => {
            let figure = match what {
                Some(Plotted::Messages(of)) => plot::of_messages(statistics, of),
                Some(Plotted::Failures(measure)) => plot::figure(statistics, Some(measure)),
                None => plot::figure(statistics, None),
            };
            figure.map(|it| match is_page {
                true => it.html(&command),
                false => it.svg().to_owned(),
            })
        }
    };
    let text = text.map_err(|error| CommandError::io(format_args!("--plot: {error}")))?;
    output.write(text.as_bytes(), terminal)
}

/// The command of this sweep, for the page of a plot.
fn command(arguments: &SweepArguments) -> String {
    let vary = arguments.vary.iter().map(|axis| {
        let axis = format!("{}={}", axis.path, axis.values.join(","));
        format!(" --vary {}", shell::quote(&axis))
    });
    program_name::command(&format!(
        "sweep {} --seeds {}{}{}{}",
        shell::quote(&input::name(&arguments.file)),
        arguments.seeds,
        shell::set_options(arguments.settings()),
        vary.collect::<String>(),
        swarm_option(arguments)
    ))
}

/// Failure rates mean something under the `timed` scheduler only.
fn warn_about_rates(points: &[GridPoint], terminal: &mut Terminal) {
    // One note for the whole grid: points differ in few keys.
    let mut schedulers = points.iter().map(|point| point.scenario.scheduler);
    if let Some(scheduler) = schedulers.find(|it| it.is_adversary()) {
        terminal.note(&format!(
            "note: scheduler `{scheduler}` searches for failures: the failure rate under it says \
             nothing about the rate in practice\n"
        ));
    }
}

fn swarm(arguments: &SweepArguments, points: &[GridPoint]) -> Result<SwarmFile, CommandError> {
    if arguments.file.as_os_str() == "-" {
        return Err(CommandError::usage(
            "--swarm reads the scenario file once per seed, so it cannot be standard input",
        ));
    }
    let bytes = input::bytes(&arguments.file)?;
    Ok(SwarmFile::of(
        &input::name(&arguments.file),
        &bytes,
        points,
    )?)
}

/// The scenarios of all points of the grid.
pub(crate) fn grid_points(
    file: &Path,
    set: &[String],
    axes: &[Axis],
) -> Result<Vec<GridPoint>, CommandError> {
    let (name, bytes) = (input::name(file), input::bytes(file)?);
    let points = grid::points(&name, &bytes, set, axes).map_err(|error| match error {
        GridError::Invalid(diagnostics) => diagnostics.into(),
        GridError::Same(values) => {
            let [one, other] = values.map(|it| it.join(", "));
            CommandError::usage(format_args!(
                "--vary: {one} and {other} are the same scenario, whose runs would be counted twice"
            ))
        }
        GridError::TooLarge(size) => CommandError::usage(format_args!(
            "the grid has {size} points; the limit is {}",
            grid::POINTS_MAX
        )),
    })?;
    for point in &points {
        input::check_network(&name, &bytes, &point.overrides, &point.scenario)?;
    }
    Ok(points)
}

fn shard(text: Option<&str>) -> Result<Shard, String> {
    let Some(text) = text else {
        return Ok(Shard::WHOLE);
    };
    let Some(of) = text.strip_prefix("auto/") else {
        return text.parse();
    };
    let number = array_index().ok_or(
        "--shard auto/N needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment",
    )?;
    format!("{number}/{of}").parse()
}

/// The number of this task in its job array, from 1.
fn array_index() -> Option<u64> {
    // A Slurm array starts at any index, a Kubernetes indexed job at 0.
    let slurm = variable("SLURM_ARRAY_TASK_ID").map(|id| {
        let first = variable("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
        id.saturating_sub(first).saturating_add(1)
    });
    slurm.or_else(|| variable("JOB_COMPLETION_INDEX").map(|index| index.saturating_add(1)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment says which shard this is, never what a run does"
)]
fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A results directory that cannot be used.
pub(crate) fn results_failure(error: &ResultsError) -> CommandError {
    match error {
        ResultsError::Io(..) | ResultsError::Locked(..) => CommandError::io(error),
        ResultsError::Foreign(..) => CommandError::usage(error),
    }
}

/// Says what was damaged in the results directory.
fn report_repairs(repairs: &Repairs, terminal: &mut Terminal) {
    for what in &repairs.listed {
        terminal.error(&format!("damaged, run again: {what}"));
    }
    let more = repairs.count - repairs.listed.len() as u64;
    if more > 0 {
        terminal.error(&format!("damaged, run again: {more} more"));
    }
}

/// Prints the summary, nondeterminism and an interruption; the exit code.
fn print(
    arguments: &SweepArguments,
    swept: &SweepResult,
    subject: &dyn Subject,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let summary = Summary::of(&swept.statistics);
    match arguments.format {
        SweepFormat::Json => terminal.print_json(&summary.to_json())?,
        SweepFormat::Human => {
            terminal.print(&summary.to_human(|found| reproduce(arguments, found)))?;
        }
        SweepFormat::Junit => {
            let different = swept.nondeterministic.iter();
            let different: Vec<String> = different
                .map(|it| format!("seed {}: {}", it.seed, it.divergence))
                .collect();
            let command = |found: &SignatureSummary| reproduce(arguments, found);
            terminal.print(&junit::text(&summary, &different, command))?;
        }
    }
    for nondeterministic in &swept.nondeterministic {
        terminal.error(&format!(
            "nondeterminism: seed {}{}{} gave a different run when repeated:\n  {}",
            nondeterministic.seed,
            swarm_option(arguments),
            shell::set_options(&nondeterministic.overrides),
            nondeterministic.divergence
        ));
    }
    let leaks = subject.known_leaks();
    if let Some(leaks) = leaks.filter(|_| !swept.nondeterministic.is_empty()) {
        terminal.error(leaks);
    }
    let total = swept.statistics.total();
    if swept.stop_reason == StopReason::Interrupted {
        let resume = match &arguments.out {
            Some(_) => "; the same command resumes the sweep",
            None => "",
        };
        let (done, runs) = (total.runs, swept.statistics.manifest().runs());
        let waiting = match swept.waiting {
            0 => String::new(),
            waiting => format!(", and {waiting} that wait for a run before them"),
        };
        terminal.error(&format!(
            "interrupted after {done} of {runs} runs{waiting}{resume}"
        ));
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(if !swept.nondeterministic.is_empty() {
        exit_code::NONDETERMINISM
    } else {
        verdict(&swept.statistics, &summary)
    })
}

/// The exit code for these runs.
pub(crate) fn verdict(statistics: &SweepStatistics, summary: &Summary) -> u8 {
    let total = statistics.total();
    let untested = match is_whole(summary) {
        true => summary.never_reached.len() as u64,
        false => 0,
    };
    // A run that was cut off may have been on its way to a point.
    let (untested, open) = match total.cut_off {
        0 => (untested, 0),
        _ => (0, untested),
    };
    exit_code::of_sweep(
        total.unexpected_runs() + untested,
        total.undecided_runs() + open,
    )
}

/// Whether these are all runs of a sweep. Another shard may have reached what this one did not.
fn is_whole(summary: &Summary) -> bool {
    summary.complete && summary.shard == Shard::WHOLE.to_string()
}

/// The command that reproduces the earliest failure of a signature.
fn reproduce(arguments: &SweepArguments, found: &SignatureSummary) -> String {
    // The capsule outlives the scenario file, which may change.
    if let Some(out) = &arguments.out {
        return replay_command(out, found);
    }
    let varied = found.settings.iter();
    program_name::command(&format!(
        "run {} --seed {}{}{}{}",
        shell::quote(&input::name(&arguments.file)),
        found.earliest_seed,
        swarm_option(arguments),
        shell::set_options(arguments.settings()),
        shell::set_options(varied.map(|(path, value)| format!("{path}={value}")))
    ))
}

/// The command that replays the capsule in a results directory.
pub(crate) fn replay_command(out: &Path, found: &SignatureSummary) -> String {
    let capsule = input::name(&out.join(&found.capsule));
    program_name::command(&format!("replay {}", shell::quote(&capsule)))
}

const fn swarm_option(arguments: &SweepArguments) -> &'static str {
    if arguments.swarm { " --swarm" } else { "" }
}
