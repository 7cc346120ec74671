//! `mtasim ping`: what a ping over a link of the scenario shows.

use std::fmt::Write;
use std::io;

use serde_json::{Value as Json, json};
use simulation::ping::{self, Plan, Report};

use crate::arguments::{Format, PingArguments};
use crate::exit_code;
use crate::input;
use crate::terminal::Terminal;

/// NT's ping shows no time below its clock's tick.
const TICK_MILLIS: u64 = 10;
const NANOS_PER_MILLI: u64 = 1_000_000;

pub(crate) fn run(arguments: &PingArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let scenario = match input::require(&arguments.file, &arguments.overrides, terminal)? {
        Ok(scenario) => scenario,
        Err(code) => return Ok(code),
    };
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let plan = Plan::windows_nt(arguments.count);
    let report = match ping::ping(&scenario, seed, &arguments.link, plan) {
        Ok(report) => report,
        Err(error) => {
            terminal.error(&format!("{}: {error}", arguments.file.display()));
            return Ok(exit_code::USAGE);
        }
    };
    match arguments.format {
        Format::Human => terminal.print(&page(&report))?,
        Format::Json => terminal.print(&format!("{}\n", answer(arguments, seed, &report)))?,
    }
    Ok(exit_code::SUCCESS)
}

/// The look of ping on NT 4, with the statistics of Windows 2000, and below them the share that
/// the link's arithmetic says.
fn page(report: &Report) -> String {
    let mut page = String::new();
    put(&mut page, report).expect("a string takes everything");
    page
}

fn put(page: &mut String, report: &Report) -> std::fmt::Result {
    let (target, length) = (report.target, report.plan.length);
    writeln!(page, "\nPinging {target} with {length} bytes of data:\n")?;
    for reply in &report.replies {
        match reply.map(|it| it.nanos() / NANOS_PER_MILLI) {
            None => writeln!(page, "Request timed out.")?,
            Some(millis) if millis < TICK_MILLIS => writeln!(
                page,
                "Reply from {target}: bytes={length} time<{TICK_MILLIS}ms TTL=128"
            )?,
            Some(millis) => writeln!(
                page,
                "Reply from {target}: bytes={length} time={millis}ms TTL=128"
            )?,
        }
    }
    let sent = report.replies.len() as u64;
    let received = u64::from(report.received());
    let lost = sent - received;
    let percent = (lost * 100).checked_div(sent).unwrap_or(0);
    writeln!(page, "\nPing statistics for {target}:")?;
    writeln!(
        page,
        "    Packets: Sent = {sent}, Received = {received}, Lost = {lost} ({percent}% loss),"
    )?;
    let times = report
        .times()
        .map(|times| times.map(|it| it.nanos() / NANOS_PER_MILLI));
    let [least, most, mean] = times.unwrap_or([0; 3]);
    writeln!(page, "Approximate round trip times in milli-seconds:")?;
    writeln!(
        page,
        "    Minimum = {least}ms, Maximum =  {most}ms, Average =  {mean}ms"
    )?;
    let hundredths = hundredths_of_percent(report);
    writeln!(
        page,
        "\nIn the long run {}.{:02}% of pings are answered.",
        hundredths / 100,
        hundredths % 100
    )
}

/// The closed form in hundredths of a percent, rounded to the nearest.
fn hundredths_of_percent(report: &Report) -> u128 {
    let share = report.closed_form;
    let (above, below) = (
        u128::from(share.numerator()),
        u128::from(share.denominator()),
    );
    (above * 20_000 + below) / (below * 2)
}

fn answer(arguments: &PingArguments, seed: u64, report: &Report) -> Json {
    let millis = |nanos: u64| nanos as f64 / NANOS_PER_MILLI as f64;
    let replies = report.replies.iter();
    let times = replies.map(|it| it.map(|time| millis(time.nanos())));
    let share = report.closed_form;
    json!({
        "schema_version": 1,
        "scenario": arguments.file.display().to_string(),
        "link": arguments.link,
        "seed": seed,
        "target": report.target.to_string(),
        "sent": report.replies.len(),
        "received": report.received(),
        "times_ms": times.collect::<Vec<_>>(),
        "closed_form": share.numerator() as f64 / share.denominator() as f64,
    })
}
