//! Whether faults strike in a way their kind can, and within the run.

use kernel::Instant;

use super::finding::Findings;
use crate::format::diagnostic::Code;
use crate::plan::{Fault, FaultKind, Scenario, ThreadName, When};

/// Checks every fault's time against its kind and the run.
pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    let end = Instant::ZERO.saturating_add(scenario.duration);
    for (name, fault) in &scenario.faults {
        check_form(name, fault, findings);
        check_times(name, &fault.when, end, findings);
        if let FaultKind::Stall { host, thread, .. } = &fault.kind {
            let build = scenario.hosts.get(host).map(|host| host.build);
            if *thread == ThreadName::AsyncNotify && build.is_some_and(|build| !build.is_4_0()) {
                findings.add(
                    Code::Contradiction,
                    format!("fault.{name}.stall.thread"),
                    format!("only 4.0 builds have a thread `{thread}`"),
                );
            }
        }
    }
}

/// What lasts needs one length, and the rest none.
fn check_form(name: &str, fault: &Fault, findings: &mut Findings) {
    let length = match fault.kind {
        FaultKind::Cut { .. } => "cut.for",
        FaultKind::Stall { .. } => "stall.for",
        FaultKind::Crash { .. } => "crash.restart_after",
        FaultKind::Reset(_) | FaultKind::RestartService { .. } | FaultKind::ClockOffset { .. } => {
            "-"
        }
    };
    let (is_cut, is_stall) = match fault.kind {
        FaultKind::Cut { .. } => (true, false),
        FaultKind::Stall { .. } => (false, true),
        FaultKind::Reset(_)
        | FaultKind::Crash { .. }
        | FaultKind::RestartService { .. }
        | FaultKind::ClockOffset { .. } => (false, false),
    };
    let has_length = fault.kind.length().is_some();
    let (key, message) = match &fault.when {
        When::At(_) if is_stall && !has_length => ("at", "a stall lasts: give it a length, `for`"),
        When::Window { .. } if has_length => (length, "the `window` says how long"),
        When::Random {
            mean_duration: Some(_),
            ..
        } if has_length => (length, "`mean_duration` says how long"),
        When::Random {
            mean_duration: Some(_),
            ..
        } if !fault.kind.lasts() => (
            "random.mean_duration",
            "this fault is over when it has struck",
        ),
        When::Random {
            mean_duration: None,
            ..
        } if (is_cut || is_stall) && !has_length => (
            "random",
            "what strikes again must cease: give `for` or `mean_duration`",
        ),
        When::At(_) | When::Window { .. } | When::Random { .. } => return,
    };
    findings.add(Code::Contradiction, format!("fault.{name}.{key}"), message);
}

fn check_times(name: &str, when: &When, end: Instant, findings: &mut Findings) {
    let late = |time: &Instant| *time >= end;
    match when {
        When::At(times) => {
            if let Some(time) = times.iter().find(|time| late(time)) {
                findings.add(
                    Code::Contradiction,
                    format!("fault.{name}.at"),
                    format!("at {} the run is over", time.since_start()),
                );
            }
        }
        When::Window { from, to } => {
            let message = if from >= to {
                "the window is over before it begins"
            } else if late(from) {
                "the window begins when the run is over"
            } else {
                return;
            };
            findings.add(Code::Contradiction, format!("fault.{name}.window"), message);
        }
        When::Random { .. } => {}
    }
}
