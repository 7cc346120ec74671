//! Progress bars on standard error; none if that is not a terminal.

use std::io::{self, IsTerminal};

use config::foreign;
use explore::sweep::sweep_statistics::SweepStatistics;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Signatures named behind the bar of a sweep.
const SIGNATURES: usize = 3;

/// A bar that counts runs.
pub(crate) fn bar(runs: u64) -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = "{bar:30} {pos}/{len} runs, {per_sec}, {eta} left; {msg}";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    ProgressBar::with_draw_target(Some(runs), target).with_style(style)
}

/// Shows how far a sweep is and what it found so far.
pub(crate) fn show_sweep(bar: &ProgressBar, statistics: &SweepStatistics) {
    if bar.is_hidden() {
        return;
    }
    let total = statistics.total();
    if bar.position() == 0 {
        // Runs read from the results of an interrupted sweep took no time: they must not count
        // towards the rate.
        bar.set_position(total.runs);
        bar.reset_eta();
    }
    bar.set_position(total.runs);
    let signatures = total.signatures.iter().take(SIGNATURES);
    let signatures: Vec<String> = signatures
        .map(|(signature, group)| format!("{} {}", group.runs, foreign::terminal(signature)))
        .collect();
    bar.set_message(if signatures.is_empty() {
        "no failures".to_owned()
    } else {
        signatures.join(", ")
    });
}
