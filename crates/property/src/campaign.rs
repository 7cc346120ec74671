//! Runs a property over many cases, and says what they covered: a green campaign proves nothing about
//! what never happened in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};

use config::plan::{FaultKind, Keyword, Scenario};
use mta::{BlockState, Coverage, Stimulus};
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};
use simulation::Outcome;

use crate::case::Case;
use crate::cases::campaign_config;

/// Event id: no control block was free.
const EXHAUSTED: u32 = 9156;
/// A defect that shows in one of so many cases: how likely was it missed?
const FREQUENCIES: [u32; 3] = [10, 100, 1_000];
/// The chance at which a frequency counts as ruled out.
const DOUBT: f64 = 0.05;

/// What the cases of a campaign covered.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    /// Cases that held.
    pub cases: u64,
    /// How often each event met a control block in each state.
    pub blocks: Coverage,
    /// By kind of fault, the cases in which one occurred.
    pub faults: BTreeMap<&'static str, u64>,
    /// Cases in which no fault occurred.
    pub without_fault: u64,
    /// Cases by scheduler.
    pub schedulers: BTreeMap<String, u64>,
    /// Cases with pinned preemptions.
    pub preempted: u64,
    /// Cases in which no control block was free for a call.
    pub short_pool: u64,
    /// Cases in which a timeout of the session came to a block that was being closed, or a close to a
    /// block that a timeout had taken out of service.
    pub timeout_met_close: u64,
}

/// Runs `test` on cases of `strategy` until one fails, and writes to standard error what was covered.
/// `source` is the test's file, `file!()`: failures are kept next to it.
///
/// ```
/// use mta::Shipped;
/// use property::{campaign, cases, never_leaks};
///
/// let fixed = Shipped::EXCHANGE_5_5_2655_16;
/// let covered = campaign(file!(), 5, &cases(&fixed), |case| {
///     let outcome = case.run(fixed)?;
///     never_leaks(&outcome)?;
///     Ok(outcome)
/// });
/// assert_eq!(covered.cases, 5);
/// ```
///
/// # Panics
/// If a case fails, with the smallest failing one.
pub fn campaign(
    source: &'static str,
    cases: u32,
    strategy: &impl Strategy<Value = Case>,
    test: impl Fn(&Case) -> Result<Outcome, TestCaseError>,
) -> Covered {
    let mut config = campaign_config(cases);
    // proptest writes failing cases next to this file and tries them first in the next campaign.
    config.source_file = Some(source);
    let covered = RefCell::new(Covered::default());
    let ran = TestRunner::new(config).run(strategy, |case| {
        let outcome = test(&case)?;
        covered.borrow_mut().add(&case.scenario, &outcome);
        Ok(())
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => panic!("{why}\nminimal failing case: {case:?}"),
        Err(TestError::Abort(why)) => panic!("the campaign was aborted: {why}"),
    }
    let covered = covered.into_inner();
    // Past the capture of the test harness, which shows nothing of a test that passes.
    let _ = io::stderr().write_all(covered.to_string().as_bytes());
    covered
}

impl Covered {
    /// Adds a case that held.
    pub fn add(&mut self, scenario: &Scenario, outcome: &Outcome) {
        self.cases += 1;
        self.blocks.add(&outcome.coverage);
        let faults = scenario.faults.iter();
        let occurred =
            faults.filter(|(name, _)| outcome.faults.get(*name).is_some_and(|it| *it > 0));
        let mut kinds: Vec<&'static str> = occurred.map(|(_, fault)| kind(&fault.kind)).collect();
        kinds.sort_unstable();
        // Cases, not faults, are counted.
        kinds.dedup();
        self.without_fault += u64::from(kinds.is_empty());
        for kind in kinds {
            *self.faults.entry(kind).or_default() += 1;
        }
        let scheduler = scenario.scheduler.as_str().to_owned();
        *self.schedulers.entry(scheduler).or_default() += 1;
        self.preempted += u64::from(!scenario.pins.preempt.is_empty());
        // Either side may find the pool empty: a caller logs 9156, and a called MTA refuses.
        let is_short = outcome.associations.refused + outcome.associations.refused_when_called > 0
            || outcome.events_logged.contains_key(&EXHAUSTED);
        self.short_pool += u64::from(is_short);
        self.timeout_met_close += u64::from(timeout_met_close(&outcome.coverage));
    }

    /// The chance that a defect that shows in one of `frequency` such cases was missed by all of them.
    #[must_use]
    pub fn missed(&self, frequency: u32) -> f64 {
        let misses = 1.0 - 1.0 / f64::from(frequency.max(1));
        misses.powf(self.cases as f64)
    }

    /// The largest fraction of such cases in which a defect may show and yet be missed with a chance of
    /// 5 % (Clopper and Pearson, Biometrika, 1934, for no hit).
    #[must_use]
    pub fn not_ruled_out(&self) -> f64 {
        match self.cases {
            0 => 1.0,
            cases => 1.0 - DOUBT.powf(1.0 / cases as f64),
        }
    }

    /// What never happened although it should have, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let checks = [
            (
                self.short_pool,
                "the pool was never short: what happens without a free control block was not tested",
            ),
            (
                self.timeout_met_close,
                "no timeout ever met a close: the race of Q303102 was not tested",
            ),
            (
                self.cases - self.without_fault,
                "no fault ever occurred: recovery was not tested",
            ),
        ];
        let never = checks.iter().filter(|(times, _)| *times == 0);
        never.map(|(_, warning)| *warning).collect()
    }
}

/// Whether the session's timeout and the closing of a block came to the same block.
fn timeout_met_close(coverage: &Coverage) -> bool {
    let closing = coverage.of(Some(BlockState::Closing), Stimulus::SessionTimeout);
    let closes = [
        Stimulus::CloseRequest,
        Stimulus::CloseResponse,
        Stimulus::CloseMessage,
    ];
    let out = closes.map(|it| coverage.of(Some(BlockState::OutOfService), it));
    closing + out.iter().sum::<u64>() > 0
}

const fn kind(fault: &FaultKind) -> &'static str {
    match fault {
        FaultKind::Cut { .. } => "cut",
        FaultKind::Reset(..) => "reset",
        FaultKind::Crash { .. } => "crash",
        FaultKind::RestartService { .. } => "restart-service",
        FaultKind::Stall { .. } => "stall",
        FaultKind::ClockOffset { .. } => "clock-offset",
        FaultKind::Lookup { .. } => "lookup",
    }
}

fn listed<K: fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    let counts = counts.iter();
    let counts: Vec<String> = counts
        .map(|(name, cases)| format!("{name} in {cases}"))
        .collect();
    counts.join(", ")
}

impl fmt::Display for Covered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} cases held. What they covered:", self.cases)?;
        let pairs = Coverage::STATES
            .into_iter()
            .flat_map(|state| Stimulus::ALL.map(|event| (state, event)));
        let covered = pairs.filter(|(state, event)| self.blocks.of(*state, *event) > 0);
        writeln!(
            formatter,
            "  {} of {} pairs of control-block state and event; many of the others cannot occur",
            covered.count(),
            Coverage::STATES.len() * Stimulus::ALL.len()
        )?;
        let faults = match self.faults.is_empty() {
            true => String::new(),
            false => format!("{}, ", listed(&self.faults)),
        };
        writeln!(
            formatter,
            "  faults that occurred, by case: {faults}none in {}",
            self.without_fault
        )?;
        writeln!(
            formatter,
            "  schedulers, by case: {}; pinned preemptions in {}",
            listed(&self.schedulers),
            self.preempted
        )?;
        writeln!(
            formatter,
            "  pool short in {} cases; a timeout met a close in {}",
            self.short_pool, self.timeout_met_close
        )?;
        let missed = FREQUENCIES.map(|it| format!("1 in {it}: {:.1} %", 100.0 * self.missed(it)));
        writeln!(
            formatter,
            "  chance that they missed a defect that shows in so many such cases: {}\n  not ruled out at \
             95 %: a defect in {:.2} % of them",
            missed.join(", "),
            100.0 * self.not_ruled_out()
        )?;
        let warnings = self.warnings();
        warnings
            .iter()
            .try_for_each(|it| writeln!(formatter, "  WARNING: {it}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the definition: the chance that none of n independent cases shows the defect.
    #[test]
    fn the_chance_of_a_miss_is_that_of_independent_cases() {
        let of = |cases| Covered {
            cases,
            ..Covered::default()
        };
        let twice: f64 = 0.99 * 0.99;
        assert!((of(2).missed(100) - twice).abs() < 1e-12);
        assert!((of(0).missed(100) - 1.0).abs() < 1e-12);
        for cases in [1, 10, 100, 10_000] {
            let frequency = of(cases).not_ruled_out();
            let missed = (1.0 - frequency).powf(cases as f64);
            assert!((missed - DOUBT).abs() < 1e-9, "{cases}");
        }
        // "Rule of three".
        assert!((of(300).not_ruled_out() - 0.01).abs() < 0.0001);
    }
}
