//! The table, and the same for programs.
//!
//! Owns how results are shown. It refuses to judge beyond the target that a contestant carries.

use serde_json::{Value, json};

use crate::contest::{Contest, Result, Spread};

/// The lines of one contest.
pub fn print(contest: &Contest<'_>, results: &[Result]) {
    let (unit, count) = contest.unit;
    println!("{}  {} ({} {unit})", contest.name, contest.title, grouped(count));
    for result in results {
        let ratio = if std::ptr::eq(result, &results[0]) {
            String::new()
        } else {
            format!("{}{}", times(result.ratio), verdict(result))
        };
        let rate = result.rate;
        println!(
            "    {:<28} {:>12} {unit}/s ({} - {})  {ratio}",
            result.name,
            scaled(rate.median),
            scaled(rate.least),
            scaled(rate.greatest),
        );
        if !result.differs.is_empty() {
            println!("        {}", result.differs);
        }
    }
    println!();
}

/// One contest as data.
pub fn to_json(contest: &Contest<'_>, results: &[Result]) -> Value {
    let spread = |it: Spread| json!({"median": it.median, "min": it.least, "max": it.greatest});
    let results = results.iter().map(|result| {
        json!({
            "name": result.name,
            "differs": result.differs,
            "target": result.target,
            "per_second": spread(result.rate),
            "ours_is_faster_by": spread(result.ratio),
        })
    });
    json!({
        "workload": contest.name,
        "title": contest.title,
        "unit": contest.unit.0,
        "count": contest.unit.1,
        "results": results.collect::<Vec<_>>(),
    })
}

fn times(ratio: Spread) -> String {
    format!(
        "ours x {:.2} ({:.2} - {:.2})",
        ratio.median, ratio.least, ratio.greatest
    )
}

fn verdict(result: &Result) -> String {
    match result.target {
        Some(target) if result.ratio.median >= target => format!(", target {target}: met"),
        Some(target) => format!(", target {target}: MISSED"),
        None => String::new(),
    }
}

fn scaled(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e3.. => format!("{:.1} k", rate / 1e3),
        _ => format!("{rate:.1}"),
    }
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        if !text.is_empty() {
            text.push(',');
        }
        text.extend(group.iter().map(|digit| char::from(*digit)));
    }
    text
}
