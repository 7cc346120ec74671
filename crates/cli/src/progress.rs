//! Progress bars on standard error; none if that is not a terminal.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use config::foreign;
use explore::sweep::sweep_statistics::SweepStatistics;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};

/// Signatures named behind the bar of a sweep.
const SIGNATURES: usize = 3;

/// Seconds for which a run shows nothing.
const SILENT: u64 = 2;

/// A bar that counts runs.
pub(crate) fn bar(runs: u64) -> ProgressBar {
    // A wide message is cut to the rest of the line, so that the bar never wraps.
    let template = "{bar:30} {pos}/{len} runs, {rate}, {eta} left; {wide_msg}";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    let style = style.with_key(
        "rate",
        |state: &ProgressState, text: &mut dyn fmt::Write| {
            // A fraction of a run means nothing. The text is memory of the bar.
            let _ = write!(text, "{:.0}/s", state.per_sec());
        },
    );
    ProgressBar::with_draw_target(Some(runs), target()).with_style(style)
}

/// Shows, from the second second on, for how long a run has been going on. Gone when it is dropped.
pub(crate) fn running() -> ProgressBar {
    let style = ProgressStyle::with_template("{running}").expect("the template is valid");
    let style = style.with_key(
        "running",
        |state: &ProgressState, text: &mut dyn fmt::Write| {
            let elapsed = state.elapsed().as_secs();
            if elapsed >= SILENT {
                // The text is memory of the bar.
                let _ = write!(text, "running for {elapsed} s; Ctrl-C stops it");
            }
        },
    );
    let bar = ProgressBar::with_draw_target(None, target())
        .with_style(style)
        .with_finish(ProgressFinish::AndClear);
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_secs(1));
    }
    bar
}

fn target() -> ProgressDrawTarget {
    if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
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
