//! mtasim and its peers at the same work, side by side: one run, one table of ratios.
//!
//! Owns the command line. docs/performance.md says what each workload is, what is not equal between
//! the systems, and what ours is held to.

mod contest;
mod contests;
mod dialogue;
mod peers;
mod process;
mod races;
mod report;

use std::cell::RefCell;
use std::process::Command;

use clap::Parser;
use mtasim_bench::{clock, ours, work};

use peers::madsim::Madsim;

/// mtasim and its peers at the same work, side by side.
#[derive(Parser)]
struct Arguments {
    /// Workloads, such as W1,W5; all if none is named.
    #[arg(long, value_delimiter = ',')]
    workload: Vec<String>,
    /// A tenth of the work: a look, not a measurement.
    #[arg(long)]
    quick: bool,
    /// Repetitions of each, after one that is not counted.
    #[arg(long, default_value_t = 5)]
    repetitions: u32,
    /// The results as JSON.
    #[arg(long)]
    json: bool,
    /// Without madsim, which is built apart.
    #[arg(long)]
    without_madsim: bool,
    /// Does repetitions of one contestant, by workload and place, as often as it is asked.
    #[arg(long, num_args = 2, hide = true)]
    serve: Vec<String>,
}

impl Arguments {
    fn asks_for(&self, workload: &str) -> bool {
        let chosen = &self.workload;
        chosen.is_empty() || chosen.iter().any(|it| is_part(workload, it))
    }
}

fn main() {
    let arguments = Arguments::parse();
    let scale = if arguments.quick { 10 } else { 1 };
    if let [workload, place] = arguments.serve.as_slice() {
        return serve(
            scale,
            workload,
            place.parse().expect("the place of a contestant"),
        );
    }
    let madsim = (!arguments.without_madsim).then(Madsim::start);
    let madsim = madsim.and_then(|started| match started {
        Ok(madsim) => Some(RefCell::new(madsim)),
        Err(why) => {
            eprintln!("without madsim: {why}");
            None
        }
    });
    let mut all = Vec::new();
    if !arguments.json {
        report::print_head(arguments.repetitions);
    }
    for mut contest in contests::all(scale, madsim.as_ref()) {
        let name = contest.name;
        if !arguments.asks_for(name) {
            continue;
        }
        contest.isolate(|place| alone(name, place, arguments.quick));
        let figures = contest.hold(arguments.repetitions, |turn| {
            eprintln!("{name}: turn {turn} of {}", arguments.repetitions);
        });
        if arguments.json {
            all.push(report::to_json(&contest, &figures));
        } else {
            report::print(&contest, &figures);
        }
    }
    if arguments.asks_for(races::NAME) {
        all.extend(races::hold(scale, arguments.json));
    }
    if arguments.json {
        println!("{}", serde_json::Value::from(all));
    }
}

/// This program again, for one contestant.
fn alone(workload: &str, place: usize, quick: bool) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--serve", workload, &place.to_string()]);
    command.args(quick.then_some("--quick"));
    command
}

/// What that program does.
fn serve(scale: u32, workload: &str, place: usize) {
    let all = contests::all(scale, None);
    let contest = all.into_iter().find(|contest| contest.name == workload);
    let mut contestants = contest.expect("a workload").contestants;
    process::serve(&mut contestants[place].run);
}

/// `W5` names W5-10k and W5-1M; `W1` does not name W1m.
fn is_part(contest: &str, chosen: &str) -> bool {
    contest == chosen || contest.starts_with(&format!("{chosen}-"))
}
