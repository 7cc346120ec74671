//! The results of W4-races, as Markdown tables and as JSON.

use std::time::Duration;

use mtasim_bench::bug_search::BugSearch;
use serde_json::{Value, json};

use super::{CampaignSize, SettingResults, StrategyResult};
use crate::report::scaled;

/// Prints every strategy in every setting, then the targets.
pub fn print(tables: &[SettingResults], size: CampaignSize) {
    println!("{}  finding three heap races\n", super::NAME);
    println!(
        "{} master seeds of {} schedules each; processor time; intervals of 95 %\n",
        size.search.seeds, size.search.schedules
    );
    print_results(tables);
    print_portfolio(tables);
    print_exhaustive(tables);
    let failed: u64 = tables.iter().map(SettingResults::false_alarms).sum();
    let all = tables.iter().flat_map(|table| &table.results);
    let schedules: u64 = all.map(|result| result.fixed.schedules()).sum();
    println!(
        "fixed variants: {failed} of {schedules} schedules failed; target 0: {}\n",
        met(failed == 0)
    );
}

fn print_results(tables: &[SettingResults]) {
    println!(
        "| program, private steps | tool | strategy | schedules/s | a schedule fails | schedules to the first | time to the first | all orders | fixed variant |"
    );
    println!("|---|---|---|---:|---|---:|---:|---:|---|");
    for table in tables {
        for result in &table.results {
            let search = &result.search;
            let exhausted = result.exhausted().map(|it| it.to_string());
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} of {} |",
                table.setting.name(),
                result.tool,
                result.strategy,
                scaled(search.rate()),
                probability(result),
                first(search),
                first_time(search),
                exhausted.unwrap_or_else(|| "-".into()),
                result.fixed.failed(),
                result.fixed.schedules(),
            );
        }
    }
    println!();
}

fn print_portfolio(tables: &[SettingResults]) {
    println!(
        "The portfolio and the best of shuttle's strategies: how many times as likely a schedule fails.\n"
    );
    println!(
        "| program, private steps | best of shuttle | it fails | portfolio | ratio | schedules to the first, both | at least half, at the low end |"
    );
    println!("|---|---|---|---|---|---|---|");
    for table in tables {
        let compared = table.portfolio();
        let ratio = compared.ratio.map_or_else(
            || "-".into(),
            |it| {
                let interval = it.interval;
                format!("{:.2} ({:.2}-{:.2})", it.ratio, interval.low, interval.high)
            },
        );
        println!(
            "| {} | {} | {} | {} | {ratio} | {}, {} | {} |",
            table.setting.name(),
            compared.best.strategy,
            probability(compared.best),
            probability(compared.portfolio),
            first(&compared.best.search),
            first(&compared.portfolio.search),
            met(compared.is_met()),
        );
    }
    println!();
}

fn print_exhaustive(tables: &[SettingResults]) {
    println!("Executions of all orders with at most two preemptions.\n");
    println!("| program, private steps | mtasim | loom 0.7.3 | no more than loom |");
    println!("|---|---:|---:|---|");
    for table in tables {
        let [ours, theirs] = table.exhaustive().map(|result| result.search.schedules());
        let name = table.setting.name();
        println!("| {name} | {ours} | {theirs} | {} |", met(ours <= theirs));
    }
    println!();
}

/// All results as JSON.
pub fn to_json(tables: &[SettingResults], size: CampaignSize) -> Value {
    let result = |result: &StrategyResult| {
        let search = &result.search;
        let interval = search.interval();
        json!({
            "tool": result.tool,
            "strategy": result.strategy,
            "is_random": result.is_random(),
            "schedules": search.schedules(),
            "failed": search.failed(),
            "per_second": search.rate(),
            "failing": {"fraction": search.fraction(), "low": interval.low, "high": interval.high},
            "seeds_with_a_failure": search.successes(),
            "median_schedules": search.median_schedules(),
            "median_nanoseconds": search.median_nanos(),
            "all_orders": result.exhausted(),
            "fixed": {"schedules": result.fixed.schedules(), "failed": result.fixed.failed()},
        })
    };
    let table = |table: &SettingResults| {
        let compared = table.portfolio();
        let ratio = compared
            .ratio
            .map(|it| json!({"ratio": it.ratio, "low": it.interval.low, "high": it.interval.high}));
        let [ours, theirs] = table.exhaustive().map(|result| result.search.schedules());
        json!({
            "setting": table.setting.name(),
            "strategies": table.results.iter().map(result).collect::<Vec<_>>(),
            "best_of_shuttle": compared.best.strategy,
            "times_the_best": ratio,
            "portfolio_met": compared.is_met(),
            "exhaustion_met": ours <= theirs,
        })
    };
    json!({
        "workload": super::NAME,
        "seeds": size.search.seeds,
        "schedules": size.search.schedules,
        "settings": tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

/// A percentage with its interval, or counts if it estimates no probability.
fn probability(result: &StrategyResult) -> String {
    if !result.is_random() {
        return format!(
            "{} of {}",
            result.search.failed(),
            result.search.schedules()
        );
    }
    let interval = result.search.interval();
    let [fraction, low, high] =
        [result.search.fraction(), interval.low, interval.high].map(|it| 100.0 * it);
    format!("{fraction:.2} % ({low:.2}-{high:.2})")
}

/// The median of schedules to the first failure, or how many master seeds found one.
fn first(search: &BugSearch) -> String {
    match search.median_schedules() {
        Some(schedules) => schedules.to_string(),
        None => format!("more ({} found it)", search.successes()),
    }
}

fn first_time(search: &BugSearch) -> String {
    match search.median_nanos() {
        Some(nanos) => format!("{:.1?}", Duration::from_nanos(nanos)),
        None => "more".into(),
    }
}
