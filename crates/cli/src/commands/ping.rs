//! `mtasim ping`: ping over a link of a scenario, in the output format of Windows NT.

use std::fmt::Write;

use config::plan::Duration;
use serde_json::{Value as Json, json};
use simulation::ping::{self, EchoReply, PingReport, PingSeries};

use crate::arguments::{Format, PingArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::terminal::Terminal;

/// NT's ping measures in ticks of its clock and prints `time<10ms` below one.
const TICK_MILLIS: u64 = 10;
const NANOS_PER_MILLI: u64 = 1_000_000;

pub(crate) fn run(arguments: &PingArguments, terminal: &mut Terminal) -> Result<u8, CommandError> {
    let scenario = input::scenario(&arguments.file, &arguments.overrides)?;
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let mut plan = PingSeries::windows_nt(arguments.count);
    plan.start += arguments.at;
    let report = ping::ping(&scenario, seed, &arguments.link, plan).map_err(|error| {
        CommandError::usage(format_args!("{}: {error}", input::shown(&arguments.file)))
    })?;
    match arguments.format {
        Format::Human => terminal.print(&text(&report))?,
        Format::Json => terminal.print_object(object(arguments, seed, &report))?,
    }
    Ok(exit_code::SUCCESS)
}

/// The replies as NT 4 prints them, the statistics as Windows 2000 does, and the long-run rate
/// that follows from the link's parameters.
fn text(report: &PingReport) -> String {
    let mut text = String::new();
    write(&mut text, report).expect("a String accepts any text");
    text
}

fn write(text: &mut String, report: &PingReport) -> std::fmt::Result {
    let (target, length) = (report.target, report.settings.length);
    writeln!(text, "\nPinging {target} with {length} bytes of data:\n")?;
    for reply in &report.replies {
        let time = match reply {
            EchoReply::TimedOut => {
                writeln!(text, "Request timed out.")?;
                continue;
            }
            EchoReply::Unreachable => {
                writeln!(text, "Destination host unreachable.")?;
                continue;
            }
            EchoReply::Received(time) => match time.nanos() / NANOS_PER_MILLI {
                millis if millis < TICK_MILLIS => format!("time<{TICK_MILLIS}ms"),
                millis => format!("time={millis}ms"),
            },
        };
        // NT sends with a time to live of 128, and the reply crosses one link.
        writeln!(text, "Reply from {target}: bytes={length} {time} TTL=128")?;
    }
    let sent = report.replies.len() as u64;
    let received = u64::from(report.received());
    let lost = sent - received;
    let percent = (lost * 100).checked_div(sent).unwrap_or(0);
    writeln!(text, "\nPing statistics for {target}:")?;
    writeln!(
        text,
        "    Packets: Sent = {sent}, Received = {received}, Lost = {lost} ({percent}% loss),"
    )?;
    let times = report
        .times()
        .map(|times| times.map(|it| it.nanos() / NANOS_PER_MILLI));
    let [least, most, mean] = times.unwrap_or([0; 3]);
    writeln!(text, "Approximate round trip times in milli-seconds:")?;
    // The double spaces are those of Windows.
    writeln!(
        text,
        "    Minimum = {least}ms, Maximum =  {most}ms, Average =  {mean}ms"
    )?;
    let hundredths = hundredths_of_percent(report);
    writeln!(
        text,
        "\nLong-run success rate of this link: {}.{:02}%",
        hundredths / 100,
        hundredths % 100
    )
}

/// The closed form in hundredths of a percent, rounded half up.
fn hundredths_of_percent(report: &PingReport) -> u128 {
    let rate = report.expected;
    let (numerator, denominator) = (u128::from(rate.numerator()), u128::from(rate.denominator()));
    (numerator * 20_000 + denominator) / (denominator * 2)
}

fn object(arguments: &PingArguments, seed: u64, report: &PingReport) -> Json {
    let replies = report.replies.iter();
    let unreachable = replies.clone().filter(|it| **it == EchoReply::Unreachable);
    let unreachable = unreachable.count();
    let times = replies.map(|it| it.time().map(Duration::nanos));
    let rate = report.expected;
    json!({
        "schema_version": 2,
        "scenario": input::name(&arguments.file),
        "link": arguments.link,
        "seed": seed,
        "target": report.target.to_string(),
        "sent": report.replies.len(),
        "received": report.received(),
        "unreachable": unreachable,
        "round_trip_ns": times.collect::<Vec<_>>(),
        "closed_form": rate.numerator() as f64 / rate.denominator() as f64,
    })
}
