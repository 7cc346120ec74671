//! Checks that each fault begins within the run and has a length if its kind requires one.

use std::collections::BTreeSet;

use kernel::Instant;

use super::{Mistakes, contradictions};
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic};
use crate::format::suggestion::{did_you_mean, shortened, some_of};
use crate::plan::{Fault, FaultKind, Host, Scenario, ThreadKind, When};

pub(super) fn faults(scenario: &Scenario, mistakes: &mut Mistakes) {
    let end = Instant::ZERO.saturating_add(scenario.duration);
    let aliases = scenario
        .hosts
        .values()
        .flat_map(|host| host.aliases.iter().flatten());
    let known: BTreeSet<&str> = scenario
        .hosts
        .keys()
        .chain(aliases)
        .map(String::as_str)
        .collect();
    let has_guest = scenario.hosts.values().any(|host| host.build().is_none());
    for (name, fault) in &scenario.faults {
        if let Some((key, why)) = wrong_length(fault) {
            contradictions! { mistakes { true => "fault.{name}.{key}": "{why}"; } }
        }
        match &fault.when {
            When::At(times) => {
                let late = times
                    .iter()
                    .find(|time| **time >= end)
                    .map(|it| it.since_start());
                let shown = late.unwrap_or_default();
                contradictions! { mistakes {
                    late.is_some() => "fault.{name}.at": "the run ends before {shown}";
                } }
            }
            When::Window([from, to]) => {
                contradictions! { mistakes {
                    from >= to => "fault.{name}.window": "the window ends before it begins";
                    from < to && *from >= end => "fault.{name}.window":
                        "the run ends before the window begins";
                } }
            }
            When::Random { .. } => {}
        }
        match &fault.kind {
            FaultKind::Cut {
                link,
                from: Some(from),
                ..
            } => {
                let Some([one, other]) = scenario.links.get(link).map(|it| &it.between) else {
                    continue;
                };
                contradictions! { mistakes {
                    from != one && from != other => "fault.{name}.cut.from":
                        "`{from}` is not an end of the link: {one} and {other} are";
                } }
            }
            FaultKind::Stall { host, thread, .. } => {
                let host = scenario.hosts.get(host);
                let why = host.and_then(|host| wrong_thread(host, *thread));
                let shown = why.as_deref().unwrap_or_default();
                contradictions! { mistakes {
                    why.is_some() => "fault.{name}.stall.thread": "{shown}";
                } }
            }
            FaultKind::Lookup {
                name: wanted,
                fails,
                takes,
                ..
            } => {
                contradictions! { mistakes {
                    !has_guest => "fault.{name}.lookup":
                        "only guests look names up, and the scenario has none";
                    !fails && takes.is_zero() => "fault.{name}.lookup.fails":
                        "a lookup that does not fail takes some time: add `takes`";
                } }
                // A suggestion takes time, and what is beyond the limit is not shown.
                if !known.contains(wanted.as_str()) && mistakes.len() < DIAGNOSTICS_MAX {
                    let path = format!("fault.{name}.lookup.name");
                    super::add(mistakes, path, unknown_host(wanted, &known));
                }
            }
            FaultKind::Cut { .. }
            | FaultKind::Reset(_)
            | FaultKind::Crash { .. }
            | FaultKind::RestartService { .. }
            | FaultKind::ClockOffset { .. } => {}
        }
    }
}

fn unknown_host(name: &str, known: &BTreeSet<&str>) -> Diagnostic {
    let names: Vec<&str> = known.iter().copied().collect();
    let listed = || format!("the names are {}", some_of(&names));
    let message = format!("no host has the name or the alias `{}`", shortened(name));
    let mistake = Diagnostic::of_file(Code::UnknownName, message);
    mistake.help(did_you_mean(name, &names).unwrap_or_else(listed))
}

/// The key and what is wrong with it: a fault that lasts has exactly one length, the others have none.
fn wrong_length(fault: &Fault) -> Option<(&'static str, &'static str)> {
    // Of the kinds that last, these do not end by themselves.
    let (own_key, must_end) = match fault.kind {
        FaultKind::Cut { .. } => ("cut.for", true),
        FaultKind::Stall { .. } => ("stall.for", true),
        FaultKind::Lookup { .. } => ("lookup.for", true),
        FaultKind::Crash { .. } => ("crash.restart_after", false),
        FaultKind::Reset(_) | FaultKind::RestartService { .. } | FaultKind::ClockOffset { .. } => {
            ("", false)
        }
    };
    let has_own = fault.kind.length().is_some();
    let is_stall = matches!(fault.kind, FaultKind::Stall { .. });
    Some(match &fault.when {
        When::At(_) if is_stall && !has_own => ("at", "a stall needs a length: add `for`"),
        When::Window(_) if has_own => (own_key, "the `window` already gives the length"),
        When::Random {
            mean_duration: Some(_),
            ..
        } if has_own => (own_key, "`mean_duration` already gives the length"),
        When::Random {
            mean_duration: Some(_),
            ..
        } if !fault.kind.lasts() => ("random.mean_duration", "this kind of fault has no length"),
        When::Random {
            mean_duration: None,
            ..
        } if must_end && !has_own => (
            "random",
            "a repeated fault needs a length: add `for` or `mean_duration`",
        ),
        When::At(_) | When::Window(_) | When::Random { .. } => return None,
    })
}

/// What is wrong with a stall of this thread on this host.
fn wrong_thread(host: &Host, thread: Option<ThreadKind>) -> Option<String> {
    match (host.build(), thread) {
        (Some(_), None) => Some("a stall of an MTA names one of its threads".to_owned()),
        (Some(build), Some(thread)) if thread == ThreadKind::AsyncNotify && !build.is_4_0() => {
            Some(format!("only 4.0 builds have a thread `{thread}`"))
        }
        (None, Some(_)) => Some("a guest is stalled as a whole: leave out `thread`".to_owned()),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
