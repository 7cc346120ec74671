//! Checks that each fault begins within the run and has a length if its kind requires one.

use std::collections::BTreeSet;

use kernel::Instant;

use super::Checker;
use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic};
use crate::format::suggestion::{did_you_mean, shortened};
use crate::plan::{Fault, FaultKind, Host, Scenario, ThreadKind, When};

/// What lookups can find.
struct Known<'a> {
    /// Names and aliases of hosts.
    names: BTreeSet<&'a str>,
    has_guest: bool,
}

impl<'a> Known<'a> {
    /// Names that a message lists.
    const LISTED_MAX: usize = 20;

    fn of(scenario: &'a Scenario) -> Self {
        let hosts = scenario.hosts.values();
        let aliases = hosts.clone().flat_map(|host| host.aliases.iter().flatten());
        let names = scenario.hosts.keys().chain(aliases);
        Self {
            names: names.map(String::as_str).collect(),
            has_guest: hosts.clone().any(|host| host.build().is_none()),
        }
    }
}

impl Checker<'_> {
    /// Checks every fault's time against its kind and the run.
    pub(super) fn faults(&mut self) {
        let scenario = self.scenario;
        let end = Instant::ZERO.saturating_add(scenario.duration);
        let known = Known::of(scenario);
        for (name, fault) in &scenario.faults {
            self.length(name, fault);
            self.times(name, &fault.when, end);
            if let FaultKind::Cut {
                link,
                from: Some(from),
                ..
            } = &fault.kind
                && let Some(link) = scenario.links.get(link)
                && !link.between.contains(from)
            {
                let [one, other] = &link.between;
                let message = format!("`{from}` is not an end of the link: {one} and {other} are");
                self.contradiction(format!("fault.{name}.cut.from"), message);
            }
            if let FaultKind::Stall { host, thread, .. } = &fault.kind
                && let Some(host) = scenario.hosts.get(host)
                && let Some(message) = wrong_thread(host, *thread)
            {
                self.contradiction(format!("fault.{name}.stall.thread"), message);
            }
            if let FaultKind::Lookup {
                name: wanted,
                fails,
                takes,
                ..
            } = &fault.kind
            {
                self.lookup(name, wanted, &known);
                if !fails && takes.is_zero() {
                    let message = "a lookup that does not fail takes some time: add `takes`";
                    self.contradiction(format!("fault.{name}.lookup.fails"), message);
                }
            }
        }
    }

    /// A lookup is of a host's name or alias, by a guest.
    fn lookup(&mut self, fault: &str, wanted: &str, known: &Known<'_>) {
        if !known.has_guest {
            let message = "only guests look names up, and the scenario has none";
            self.contradiction(format!("fault.{fault}.lookup"), message);
        }
        // A suggestion takes time, and what is beyond the limit is not shown.
        if !known.names.contains(wanted) && self.mistakes.len() < DIAGNOSTICS_MAX {
            let message = format!("no host has the name or the alias `{}`", shortened(wanted));
            let names = known.names.iter().copied();
            let help = did_you_mean(wanted, names.clone()).unwrap_or_else(|| {
                let first: Vec<&str> = names.take(Known::LISTED_MAX).collect();
                let more = match known.names.len() - first.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("the names are {}{more}", first.join(", "))
            });
            let mistake = Diagnostic::of_file(Code::UnknownName, message).help(help);
            self.add(format!("fault.{fault}.lookup.name"), mistake);
        }
    }

    /// A fault that lasts has exactly one length, the others have none.
    fn length(&mut self, name: &str, fault: &Fault) {
        let own_key = match fault.kind {
            FaultKind::Cut { .. } => "cut.for",
            FaultKind::Stall { .. } => "stall.for",
            FaultKind::Lookup { .. } => "lookup.for",
            FaultKind::Crash { .. } => "crash.restart_after",
            FaultKind::Reset(_)
            | FaultKind::RestartService { .. }
            | FaultKind::ClockOffset { .. } => "",
        };
        let has_own = fault.kind.length().is_some();
        let is_stall = matches!(fault.kind, FaultKind::Stall { .. });
        let must_end =
            is_stall || matches!(fault.kind, FaultKind::Cut { .. } | FaultKind::Lookup { .. });
        let (key, message) = match &fault.when {
            When::At(_) if is_stall && !has_own => ("at", "a stall needs a length: add `for`"),
            When::Window(_) if has_own => (own_key, "the `window` already gives the length"),
            When::Random { mean_duration, .. } => match mean_duration {
                Some(_) if has_own => (own_key, "`mean_duration` already gives the length"),
                Some(_) if !fault.kind.lasts() => {
                    ("random.mean_duration", "this kind of fault has no length")
                }
                None if must_end && !has_own => (
                    "random",
                    "a repeated fault needs a length: add `for` or `mean_duration`",
                ),
                Some(_) | None => return,
            },
            When::At(_) | When::Window(_) => return,
        };
        self.contradiction(format!("fault.{name}.{key}"), message);
    }

    fn times(&mut self, name: &str, when: &When, end: Instant) {
        let is_late = |time: &&Instant| **time >= end;
        match when {
            When::At(times) => {
                if let Some(time) = times.iter().find(is_late) {
                    let message = format!("the run ends before {}", time.since_start());
                    self.contradiction(format!("fault.{name}.at"), message);
                }
            }
            When::Window([from, to]) => {
                let path = format!("fault.{name}.window");
                if from >= to {
                    self.contradiction(path, "the window ends before it begins");
                } else if is_late(&from) {
                    self.contradiction(path, "the run ends before the window begins");
                }
            }
            When::Random { .. } => {}
        }
    }
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
