//! What of a run is not on its page, and the command that shows it.

use simulation::timeline::DrawnOutages;

use crate::finished_run::FinishedRun;

use super::data::Data;
use super::selection::DrawnCount;

/// A kind of item, how many are on the page, and the option of `run` that writes all of them.
struct Kind {
    name: String,
    drawn: DrawnCount,
    option: &'static str,
}

/// What is left out, and how to get it; empty if everything is on the page.
pub(super) fn words(run: &FinishedRun<'_>, data: &Data<'_>, outages: &[DrawnOutages]) -> String {
    let outages = outages.iter().map(|it| Kind {
        name: format!("outages of link {}", it.link),
        drawn: DrawnCount {
            drawn: it.windows.len() as u64,
            all: it.all,
        },
        option: " --perfetto run.pftrace",
    });
    let kind = |name: &str, drawn, option| Kind {
        name: name.to_owned(),
        drawn,
        option,
    };
    let kinds = [
        kind("packets", data.packets_drawn, " --pcap run.pcapng"),
        kind("lines of Winsock.log", data.lines_drawn, " --out run"),
        kind(
            "waits of threads",
            data.waits_drawn(),
            " --perfetto run.pftrace",
        ),
    ];
    let kinds = kinds.into_iter().chain(outages);
    let cut: Vec<Kind> = kinds.filter(|it| !it.drawn.is_whole()).collect();
    let records = records_left_out(run);
    if cut.is_empty() && records.is_empty() {
        return String::new();
    }
    let numbers: Vec<String> = cut
        .iter()
        .map(|it| format!("{} of {} {}", it.drawn.drawn, it.drawn.all, it.name))
        .collect();
    let mut words = Vec::new();
    if !numbers.is_empty() {
        words.push(format!(
            "This page shows {}: those around each failure, and an even sample of the rest.",
            numbers.join(", ")
        ));
    }
    if !records.is_empty() {
        words.push(records);
    }
    words.push(format!("For all of them: {}", command(run, &cut)));
    words.join(" ")
}

/// The records that the run did not keep; empty if it kept all.
fn records_left_out(run: &FinishedRun<'_>) -> String {
    let kept = run.outcome.records.len() as u64;
    let all = run.outcome.record_count;
    match all > kept {
        true => {
            format!("Logs, threads and messages are those of the first {kept} of {all} records.")
        }
        false => String::new(),
    }
}

/// The command that writes files with everything.
fn command(run: &FinishedRun<'_>, cut: &[Kind]) -> String {
    let mut options: Vec<&str> = cut.iter().map(|it| it.option).collect();
    if options.is_empty() {
        options.push(" --out run");
    }
    options.sort_unstable();
    options.dedup();
    format!("{}{}{}", run.command, needed_limit(run), options.concat())
}

/// The setting under which a run keeps everything; empty if it does already.
fn needed_limit(run: &FinishedRun<'_>) -> String {
    let observations = run.observations;
    let packets = observations.packets.len() as u64 + observations.dropped;
    let needed = run.outcome.record_count.max(packets);
    // The page may have kept more than the scenario says.
    match needed > run.scenario.limits.records {
        true => format!(" --set limits.records={needed}"),
        false => String::new(),
    }
}
