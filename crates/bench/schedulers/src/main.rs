//! Schedules to the first failure of the programs of SCTBench and ConVul, under mtasim, shuttle and loom, in one table.
//!
//! A search of shuttle or loom ends with a panic, after which neither can be used again in the same process. So each
//! is a process of its own: this program with the tool, the program's name, the seed and the variant.

mod loom;
mod programs;
mod shuttle;

use std::process::{Command, Stdio};

use litmus::sctbench::Benchmark;
use litmus::search::{SchedulerKind, median};

/// Independent searches.
const SEEDS: u64 = 20;
/// The most schedules of a search.
const LIMIT: u64 = 10_000;
const OURS: [SchedulerKind; 4] = [
    SchedulerKind::Random,
    SchedulerKind::Pct(3),
    SchedulerKind::Pos,
    SchedulerKind::Portfolio,
];
/// loom has at most four threads beside the main one.
const OF_LOOM: [&str; 12] = [
    "CS/reorder_3",
    "CS/twostage",
    "CS/stack",
    "CS/bluetooth_driver",
    "CS/deadlock01",
    "CS/token_ring",
    "CB/stringbuffer-jdk1.4",
    "Chess/WorkStealQueue",
    "Chess/IWSQWithState",
    "ConVul/CVE-2013-1792",
    "ConVul/CVE-2016-1972",
    "ConVul/CVE-2017-15265",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => table(),
        [tool, program, seed, variant] => {
            let found = Benchmark::ALL.into_iter().find(|(name, _)| name == program);
            let (_, benchmark) = found.expect("a program of the suites");
            let seed = seed.parse().expect("a number");
            println!("{}", search(tool, benchmark, seed, variant == "right"));
        }
        _ => eprintln!("without arguments: the table; or: TOOL PROGRAM SEED wrong|right"),
    }
}

/// The number of the first schedule that fails, or `none of` how many.
fn search(tool: &str, benchmark: Benchmark, seed: u64, fixed: bool) -> String {
    let (found, schedules) = match tool {
        "loom" => loom::search(benchmark, fixed),
        tool => {
            let mut strategies = shuttle::ShuttleScheduler::ALL.into_iter();
            let strategy = strategies.find(|it| it.name() == tool).expect("a strategy");
            strategy.search(benchmark, fixed, seed, LIMIT)
        }
    };
    match found {
        true => schedules.to_string(),
        false => format!("none of {schedules}"),
    }
}

/// The same in a process of its own; `aborts` if that did not end.
fn in_a_process(tool: &str, program: &str, seed: u64, variant: &str) -> String {
    let own = std::env::current_exe().expect("this program is a file");
    let output = Command::new(own)
        .args([tool, program, &seed.to_string(), variant])
        .stderr(Stdio::null())
        .output()
        .expect("the process starts");
    // loom's panic at a deadlock cannot be caught.
    if !output.status.success() {
        return "aborts".into();
    }
    let text = String::from_utf8(output.stdout).expect("text");
    text.trim().to_owned()
}

fn table() {
    let ours = OURS.map(|it| it.name());
    let theirs = shuttle::ShuttleScheduler::ALL.map(|it| it.name());
    println!(
        "| program | {} | {} | loom |",
        ours.join(" | "),
        theirs.join(" | ")
    );
    let mut alarms = Vec::new();
    for (name, benchmark) in Benchmark::ALL {
        if name == "SafeStack" || name.ends_with("_100") {
            continue;
        }
        let mut cells = Vec::new();
        for strategy in OURS {
            let search = |seed| strategy.first_failure(benchmark, false, seed, LIMIT);
            cells.push(median((0..SEEDS).map(search).collect()));
        }
        for tool in &theirs {
            let search = |seed| in_a_process(tool, name, seed, "wrong").parse().ok();
            cells.push(median((0..SEEDS).map(search).collect()));
            alarms.push(in_a_process(tool, name, 0, "right"));
        }
        match OF_LOOM.contains(&name) {
            true => {
                cells.push(in_a_process("loom", name, 0, "wrong"));
                alarms.push(in_a_process("loom", name, 0, "right"));
            }
            false => cells.push("-".into()),
        }
        println!("| {name} | {} |", cells.join(" | "));
    }
    alarms.retain(|it| !it.starts_with("none"));
    println!("searches of right variants that failed: {}", alarms.len());
}
