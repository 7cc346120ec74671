//! The tables of W4-races as markdown, and the same for programs.

use std::time::Duration;

use mtasim_bench::hunt::Hunt;
use serde_json::{Value, json};

use super::{Entry, Size, Table};
use crate::report::scaled;

/// Every strategy at every cell, then what is held to what.
pub fn print(tables: &[Table], size: Size) {
    println!("{}  how soon three heap races are found\n", super::NAME);
    println!(
        "{} master seeds of {} schedules each; processor time; intervals of 95 %\n",
        size.hunt.seeds, size.hunt.schedules
    );
    print_entries(tables);
    print_verdicts(tables);
    print_exhaustions(tables);
    let alarms: u64 = tables.iter().map(Table::alarms).sum();
    let twins = tables.iter().flat_map(|table| &table.entries);
    let schedules: u64 = twins.map(|entry| entry.twin.schedules()).sum();
    println!(
        "right twins: {alarms} of {schedules} schedules failed; target 0: {}\n",
        met(alarms == 0)
    );
}

fn print_entries(tables: &[Table]) {
    println!(
        "| program, noise | tool | strategy | schedules/s | a schedule fails | schedules to the first | time to the first | exhausts | right twin |"
    );
    println!("|---|---|---|---:|---|---:|---:|---:|---|");
    for table in tables {
        for entry in &table.entries {
            let hunt = &entry.hunt;
            let exhausted = entry.exhausted().map(|it| it.to_string());
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} of {} |",
                table.cell.name(),
                entry.tool,
                entry.chooser,
                scaled(hunt.rate()),
                chance(entry),
                first(hunt),
                first_time(hunt),
                exhausted.unwrap_or_else(|| "-".into()),
                entry.twin.failed(),
                entry.twin.schedules(),
            );
        }
    }
    println!();
}

fn print_verdicts(tables: &[Table]) {
    println!(
        "The portfolio against the best of shuttle's single strategies: how many times as likely a schedule fails.\n"
    );
    println!(
        "| program, noise | best of shuttle | it fails | portfolio | times | schedules to the first, both | at least half, at the low end |"
    );
    println!("|---|---|---|---|---|---|---|");
    for table in tables {
        let verdict = table.verdict();
        let times = verdict.times.map_or_else(
            || "-".into(),
            |it| {
                let interval = it.interval;
                format!("{:.2} ({:.2}-{:.2})", it.ratio, interval.low, interval.high)
            },
        );
        println!(
            "| {} | {} | {} | {} | {times} | {}, {} | {} |",
            table.cell.name(),
            verdict.best.chooser,
            chance(verdict.best),
            chance(verdict.portfolio),
            first(&verdict.best.hunt),
            first(&verdict.portfolio.hunt),
            met(verdict.is_met()),
        );
    }
    println!();
}

fn print_exhaustions(tables: &[Table]) {
    println!("Executions to exhaust all orders within two preemptions.\n");
    println!("| program, noise | mtasim | loom 0.7.3 | no more |");
    println!("|---|---:|---:|---|");
    for table in tables {
        let [ours, theirs] = table.exhausted().map(|entry| entry.hunt.schedules());
        let name = table.cell.name();
        println!("| {name} | {ours} | {theirs} | {} |", met(ours <= theirs));
    }
    println!();
}

/// All of it as data.
pub fn to_json(tables: &[Table], size: Size) -> Value {
    let entry = |entry: &Entry| {
        let hunt = &entry.hunt;
        let interval = hunt.interval();
        json!({
            "tool": entry.tool,
            "strategy": entry.chooser,
            "is_chance": entry.is_chance(),
            "schedules": hunt.schedules(),
            "failed": hunt.failed(),
            "per_second": hunt.rate(),
            "share": {"of": hunt.share(), "low": interval.low, "high": interval.high},
            "seeds_with_a_bug": hunt.successes(),
            "median_schedules": hunt.median_schedules(),
            "median_nanoseconds": hunt.median_nanos(),
            "exhausts": entry.exhausted(),
            "twin": {"schedules": entry.twin.schedules(), "failed": entry.twin.failed()},
        })
    };
    let table = |table: &Table| {
        let verdict = table.verdict();
        let times = verdict
            .times
            .map(|it| json!({"ratio": it.ratio, "low": it.interval.low, "high": it.interval.high}));
        let [ours, theirs] = table.exhausted().map(|entry| entry.hunt.schedules());
        json!({
            "cell": table.cell.name(),
            "entries": table.entries.iter().map(entry).collect::<Vec<_>>(),
            "best_of_shuttle": verdict.best.chooser,
            "times_the_best": times,
            "portfolio_met": verdict.is_met(),
            "exhaustion_met": ours <= theirs,
        })
    };
    json!({
        "workload": super::NAME,
        "seeds": size.hunt.seeds,
        "schedules": size.hunt.schedules,
        "cells": tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

/// In percent, with the interval; without, where it is no chance.
fn chance(entry: &Entry) -> String {
    if !entry.is_chance() {
        return format!("{} of {}", entry.hunt.failed(), entry.hunt.schedules());
    }
    let interval = entry.hunt.interval();
    let [share, low, high] = [entry.hunt.share(), interval.low, interval.high].map(|it| 100.0 * it);
    format!("{share:.2} % ({low:.2}-{high:.2})")
}

/// Schedules to the first that fails: the median, or how many master seeds came to one at all.
fn first(hunt: &Hunt) -> String {
    match hunt.median_schedules() {
        Some(schedules) => schedules.to_string(),
        None => format!("more ({} found it)", hunt.successes()),
    }
}

fn first_time(hunt: &Hunt) -> String {
    match hunt.median_nanos() {
        Some(nanos) => format!("{:.1?}", Duration::from_nanos(nanos)),
        None => "more".into(),
    }
}
