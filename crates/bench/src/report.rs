//! The results of comparisons, as text and as JSON.

use serde_json::{Value, json};

use crate::comparison::{Figures, MedianAndRange, SpeedTarget, WorkloadComparison};

/// Prints the heading.
pub fn print_head(repetitions: u32) {
    println!("median (min - max) of {repetitions} interleaved repetitions, processor time\n");
}

/// Prints one comparison.
pub fn print(comparison: &WorkloadComparison<'_>, figures: &[Figures]) {
    println!("{}  {}", comparison.name, comparison.title);
    for (index, it) in figures.iter().enumerate() {
        let rate = it.rate;
        let ratio = if index == 0 {
            String::new()
        } else {
            times(it.ratio)
        };
        println!(
            "    {:<26} {:>9} {}/s ({} - {})  {ratio}{}",
            it.name,
            scaled(rate.median),
            comparison.unit,
            scaled(rate.min),
            scaled(rate.max),
            target(it),
        );
        if !it.differs.is_empty() {
            println!("        {}", it.differs);
        }
    }
    println!();
}

/// One comparison as JSON.
pub fn to_json(comparison: &WorkloadComparison<'_>, figures: &[Figures]) -> Value {
    let spread = |it: MedianAndRange| json!({"median": it.median, "min": it.min, "max": it.max});
    let figures = figures.iter().map(|it| {
        json!({
            "name": it.name,
            "differs": it.differs,
            "target": it.target.map(in_words),
            "met": it.is_met(),
            "milliseconds": spread(it.millis),
            "per_second": spread(it.rate),
            "times_the_first": spread(it.ratio),
        })
    });
    json!({
        "workload": comparison.name,
        "title": comparison.title,
        "unit": comparison.unit,
        "systems": figures.collect::<Vec<_>>(),
    })
}

fn times(ratio: MedianAndRange) -> String {
    let MedianAndRange { median, min, max } = ratio;
    format!("takes {median:.2} x the first ({min:.2} - {max:.2})")
}

fn target(figures: &Figures) -> String {
    let Some(target) = figures.target else {
        return String::new();
    };
    let millis = match target {
        SpeedTarget::Millis(_) => format!("{:.2} ms", figures.millis.median),
        SpeedTarget::AtLeast(_) | SpeedTarget::AtMost(_) => String::new(),
    };
    let result = if figures.is_met() == Some(true) {
        "met"
    } else {
        "MISSED"
    };
    format!("{millis}; target {}: {result}", in_words(target))
}

fn in_words(target: SpeedTarget) -> String {
    match target {
        SpeedTarget::AtLeast(times) => format!(">= {times:.2}"),
        SpeedTarget::AtMost(times) => format!("<= {times:.2}"),
        SpeedTarget::Millis(millis) => format!("<= {millis} ms"),
    }
}

/// A rate, in thousands or millions.
pub fn scaled(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e3.. => format!("{:.1} k", rate / 1e3),
        _ => format!("{rate:.1}"),
    }
}
