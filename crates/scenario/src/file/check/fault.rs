//! Whether faults strike in a way their kind can, and within the run.

use kernel::Instant;

use super::super::diagnostic::Code;
use super::finding::Findings;
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

/// Cuts last, all else strikes; an offset may do either.
fn check_form(name: &str, fault: &Fault, findings: &mut Findings) {
    let lasts = match fault.kind {
        FaultKind::Cut { .. } => true,
        FaultKind::Reset(_)
        | FaultKind::Crash { .. }
        | FaultKind::RestartService { .. }
        | FaultKind::Stall { .. }
        | FaultKind::ClockOffset { .. } => false,
    };
    let may_have_window = lasts || matches!(fault.kind, FaultKind::ClockOffset { .. });
    let (key, message) = match &fault.when {
        When::At(_) if lasts => ("at", "a cut lasts: give a `window` or `random` lengths"),
        When::Window { .. } if !may_have_window => {
            ("window", "this fault strikes once: give `at` or `random`")
        }
        When::Random {
            mean_duration: None,
            ..
        } if lasts => ("random", "a cut lasts: `mean_duration` is missing"),
        When::Random {
            mean_duration: Some(_),
            ..
        } if !lasts => ("random.mean_duration", "this fault has no length by chance"),
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
