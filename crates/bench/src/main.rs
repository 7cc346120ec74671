//! Benchmarks of mtasim and comparable simulators: the same workloads, side by side.
//!
//! docs/performance.md describes the workloads, the differences between the systems, and the targets.

mod comparison;
mod peers;
mod races;
mod report;
mod subprocess;
mod workloads;

use std::cell::RefCell;
use std::process::Command;

use clap::Parser;
use mtasim_bench::{clock, dialogue, ours, work};

use peers::madsim::Madsim;

/// Compares mtasim with other simulators at the same workloads.
#[derive(Parser)]
struct Arguments {
    /// Workloads, such as W1,W5; without any, all.
    #[arg(long, value_delimiter = ',')]
    workload: Vec<String>,
    /// A tenth of the work, to see whether everything runs.
    #[arg(long)]
    quick: bool,
    /// Repetitions of each workload, after one that is not counted.
    #[arg(long, default_value_t = 5)]
    repetitions: u32,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
    /// Leave out madsim, which is built separately.
    #[arg(long)]
    without_madsim: bool,
    /// Serve repetitions of one system: its workload and its index.
    #[arg(long, num_args = 2, hide = true)]
    serve: Vec<String>,
}

impl Arguments {
    fn selects(&self, workload: &str) -> bool {
        let selected = &self.workload;
        selected.is_empty() || selected.iter().any(|it| is_part(workload, it))
    }
}

fn main() {
    let arguments = Arguments::parse();
    let scale = if arguments.quick { 10 } else { 1 };
    if let [workload, index] = arguments.serve.as_slice() {
        return serve(scale, workload, index.parse().expect("an index"));
    }
    let madsim = (!arguments.without_madsim).then(Madsim::start);
    let madsim = madsim.and_then(|started| match started {
        Ok(madsim) => Some(RefCell::new(madsim)),
        Err(reason) => {
            eprintln!("without madsim: {reason}");
            None
        }
    });
    let mut results = Vec::new();
    if !arguments.json {
        report::print_head(arguments.repetitions);
    }
    for mut comparison in workloads::all(scale, madsim.as_ref()) {
        let name = comparison.name;
        if !arguments.selects(name) {
            continue;
        }
        comparison.isolate(|index| serving_command(name, index, arguments.quick));
        let figures = comparison.measure(arguments.repetitions, |round| {
            eprintln!("{name}: round {round} of {}", arguments.repetitions);
        });
        if arguments.json {
            results.push(report::to_json(&comparison, &figures));
        } else {
            report::print(&comparison, &figures);
        }
    }
    if arguments.selects(races::NAME) {
        results.extend(races::measure(scale, arguments.json));
    }
    if arguments.json {
        println!("{}", serde_json::Value::from(results));
    }
}

/// The command that starts this program again, for one system.
fn serving_command(workload: &str, index: usize, quick: bool) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--serve", workload, &index.to_string()]);
    command.args(quick.then_some("--quick"));
    command
}

/// What that program does.
fn serve(scale: u32, workload: &str, index: usize) {
    let all = workloads::all(scale, None);
    let comparison = all.into_iter().find(|it| it.name == workload);
    let mut systems = comparison.expect("a workload").systems;
    subprocess::serve(&mut systems[index].run);
}

/// `W5` selects W5-10k and W5-1M; `W1` does not select W1m.
fn is_part(workload: &str, selected: &str) -> bool {
    workload == selected || workload.starts_with(&format!("{selected}-"))
}
