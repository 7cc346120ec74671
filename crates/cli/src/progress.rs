//! Progress bars on standard error; none if that is not a terminal.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use config::untrusted_text;
use explore::sweep::sweep_statistics::SweepStatistics;
use indicatif::{
    FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState,
    ProgressStyle,
};

/// Signatures named behind the bar of a sweep.
const SIGNATURES: usize = 3;

/// Seconds for which a run shows nothing: most are over by then.
const SILENT: u64 = 2;

/// How long runs are counted before the line says how fast they are.
const ESTIMATED_AFTER: Duration = Duration::from_secs(2);

/// A line that counts runs. [`show`] writes it.
pub(crate) fn bar(runs: u64) -> ProgressBar {
    // A wide message is cut to the width of the terminal, so that the line never wraps.
    let style = ProgressStyle::with_template("{wide_msg}").expect("the template is valid");
    ProgressBar::with_draw_target(Some(runs), target()).with_style(style)
}

/// Shows that so many runs are finished, and what they found.
pub(crate) fn show(bar: &ProgressBar, runs: u64, found: &str) {
    if bar.is_hidden() {
        return;
    }
    bar.set_position(runs);
    let all = bar.length().unwrap_or(runs).max(1);
    let percent = runs.saturating_mul(100) / all;
    // The first estimates of a rate are arbitrary, and a fraction of a run means nothing.
    let pace = match bar.elapsed() < ESTIMATED_AFTER {
        true => String::new(),
        false => format!(
            ", {:.0}/s, {} left",
            bar.per_sec(),
            FormattedDuration(bar.eta())
        ),
    };
    let found = if found.is_empty() {
        String::new()
    } else {
        format!("; {found}")
    };
    bar.set_message(format!("{percent:3} %  {runs}/{all} runs{pace}{found}"));
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
    let signatures = total.signatures.iter().take(SIGNATURES);
    let signatures: Vec<String> = signatures
        .map(|(signature, group)| format!("{} {}", group.runs, untrusted_text::terminal(signature)))
        .collect();
    let found = if signatures.is_empty() {
        "no failures".to_owned()
    } else {
        signatures.join(", ")
    };
    show(bar, total.runs, &found);
}
