//! The table, and the same for programs.
//!
//! Owns how figures are shown. It refuses to judge beyond the target that a contestant carries.

use serde_json::{Value, json};

use crate::contest::{Contest, Figures, Spread, Target};

/// The head of the table.
pub fn print_head(repetitions: u32) {
    println!(
        "median (least - greatest) of {repetitions} interleaved repetitions, processor time\n"
    );
}

/// The lines of one contest.
pub fn print(contest: &Contest<'_>, figures: &[Figures]) {
    println!("{}  {}", contest.name, contest.title);
    for (place, it) in figures.iter().enumerate() {
        let rate = it.rate;
        let ratio = if place == 0 {
            String::new()
        } else {
            times(it.ratio)
        };
        println!(
            "    {:<26} {:>9} {}/s ({} - {})  {ratio}{}",
            it.name,
            scaled(rate.median),
            contest.unit,
            scaled(rate.least),
            scaled(rate.greatest),
            verdict(it),
        );
        if !it.differs.is_empty() {
            println!("        {}", it.differs);
        }
    }
    println!();
}

/// One contest as data.
pub fn to_json(contest: &Contest<'_>, figures: &[Figures]) -> Value {
    let spread = |it: Spread| json!({"median": it.median, "min": it.least, "max": it.greatest});
    let figures = figures.iter().map(|it| {
        json!({
            "name": it.name,
            "differs": it.differs,
            "target": it.target.map(wording),
            "met": it.is_met(),
            "milliseconds": spread(it.millis),
            "per_second": spread(it.rate),
            "times_the_first": spread(it.ratio),
        })
    });
    json!({
        "workload": contest.name,
        "title": contest.title,
        "unit": contest.unit,
        "contestants": figures.collect::<Vec<_>>(),
    })
}

fn times(ratio: Spread) -> String {
    let Spread {
        median,
        least,
        greatest,
    } = ratio;
    format!("takes {median:.2} x the first ({least:.2} - {greatest:.2})")
}

fn verdict(figures: &Figures) -> String {
    let Some(target) = figures.target else {
        return String::new();
    };
    let millis = match target {
        Target::Millis(_) => format!("{:.2} ms", figures.millis.median),
        Target::AtLeast(_) | Target::AtMost(_) => String::new(),
    };
    let verdict = if figures.is_met() == Some(true) {
        "met"
    } else {
        "MISSED"
    };
    format!("{millis}; target {}: {verdict}", wording(target))
}

fn wording(target: Target) -> String {
    match target {
        Target::AtLeast(times) => format!(">= {times:.2}"),
        Target::AtMost(times) => format!("<= {times:.2}"),
        Target::Millis(millis) => format!("<= {millis} ms"),
    }
}

/// A rate in thousands or millions.
pub fn scaled(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e3.. => format!("{:.1} k", rate / 1e3),
        _ => format!("{rate:.1}"),
    }
}
