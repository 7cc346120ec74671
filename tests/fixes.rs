//! A gallery of wrong fixes, each caught by a property, and of right fixes, which are not.
//!
//! Every wrong fix is plausible: it changes one decision of the socket layer. The failure then
//! follows from messages, timers and interleavings.
//!
//! - `closes`: what timeouts and close requests do to a block.
//! - `locks`: what guards the shared structures.
//! - `wakes`: which thread is woken, and when.
//! - `right`: variants that repair the same defects and must survive.
//! - `families`: the cases they are tried on.

pub(crate) mod closes;
mod families;
mod locks;
pub(crate) mod right;
mod wakes;

use mtasim::plan::{Link, Loss, Preemption};
use mtasim::prelude::*;

use families::Family;

/// A variant of a build, and the cases it is tried on.
struct Fix {
    name: &'static str,
    family: Family,
    cases: BoxedStrategy<Case>,
    run: Box<dyn Fn(&Case) -> Outcome>,
}

/// A wrong fix with the property that catches it within a number of cases, and a fixed variant that
/// makes the same decision correctly and must survive a hundred times as many cases.
struct Wrong {
    fix: Fix,
    fixed: Fix,
    property: Property,
    within: u32,
}

/// The properties that every fix must have.
const PROPERTIES: [Property; 4] = [
    never_leaks,
    never_corrupts,
    every_acknowledged_message_arrives,
    recovers_after_healing,
];

impl Fix {
    fn of(build: impl Build + Clone + Send + Sync + 'static, family: Family) -> Self {
        let base = build.base();
        let name = match format!("{build:?}") {
            // The version of a shipped build is more informative than its fields.
            text if text == format!("{base:?}") => base.version().to_string(),
            text => text,
        };
        Self {
            name: name.leak(),
            family,
            cases: family.cases(&build),
            run: Box::new(move |case| {
                case.run(build.clone())
                    .expect("a generated case can be run")
            }),
        }
    }

    /// A case that fails a property or reaches a limit: a right fix has neither.
    fn counterexample(&self, seed: u64, cases: u32) -> Option<Counterexample> {
        let search = CaseSearch {
            seed,
            cases,
            shrink_runs: 0,
        };
        search.run(&self.cases, |case| {
            let outcome = (self.run)(case);
            PROPERTIES.iter().try_for_each(|holds| holds(&outcome))
        })
    }
}

impl Wrong {
    fn of(
        wrong: impl Build + Clone + Send + Sync + 'static,
        right: impl Build + Clone + Send + Sync + 'static,
        family: Family,
        property: Property,
        within: u32,
    ) -> Self {
        Self {
            fix: Fix::of(wrong, family),
            fixed: Fix::of(right, family),
            property,
            within,
        }
    }

    /// The case that catches it, among ten times as many as stated. A run that reaches a limit
    /// is undecided, so it catches nothing.
    fn caught(&self, seed: u64, shrink_runs: u32) -> Counterexample {
        let search = CaseSearch {
            seed,
            cases: 10 * self.within,
            shrink_runs,
        };
        let counterexample = search.run(&self.fix.cases, |case| {
            (self.property)(&(self.fix.run)(case)).or_else(|failure| match failure.undecided {
                Some(_) => Ok(()),
                None => Err(failure),
            })
        });
        counterexample.unwrap_or_else(|| panic!("{} escaped under seed {seed}", self.fix.name))
    }
}

fn catch_all(gallery: &[Wrong]) {
    for wrong in gallery {
        let counterexample = wrong.caught(1, 0);
        assert!(
            counterexample.case <= wrong.within,
            "{} is caught by case {}",
            wrong.fix.name,
            counterexample.case
        );
    }
}

#[test]
fn what_guards_too_little_is_caught() {
    catch_all(&locks::gallery());
}

#[test]
fn what_releases_wrongly_is_caught() {
    catch_all(&closes::gallery());
}

#[test]
fn what_loses_a_wake_up_is_caught() {
    catch_all(&wakes::gallery());
}

#[test]
fn right_fixes_survive() {
    for fix in right::gallery() {
        let counterexample = fix.counterexample(1, 2);
        assert!(
            counterexample.is_none(),
            "{} in {:?}: {counterexample:?}",
            fix.name,
            fix.family
        );
    }
}

#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn measure(gallery: &[Wrong]) {
    println!("| wrong fix | caught by | within | median of 50 seeds | worst | minimal schedule |");
    println!("|---|---|---|---|---|---|");
    for wrong in gallery {
        let mut cases: Vec<u32> = (1..=50).map(|seed| wrong.caught(seed, 0).case).collect();
        cases.sort_unstable();
        let smallest = wrong.caught(1, 600);
        println!(
            "| `{}` | `{}` | {} | {} | {} | {} |",
            wrong.fix.name,
            smallest.failure.property,
            wrong.within,
            cases[24],
            cases[49],
            size(&smallest.minimal, &(wrong.fix.run)(&smallest.minimal)),
        );
        println!("{}\n{:?}", smallest.failure, smallest.minimal);
    }
}

#[test]
#[ignore = "campaign: 50 seeds for each wrong fix of locks"]
fn campaign_locks() {
    measure(&locks::gallery());
}

#[test]
#[ignore = "campaign: 50 seeds for each wrong fix of closes"]
fn campaign_closes() {
    measure(&closes::gallery());
}

#[test]
#[ignore = "campaign: 50 seeds for each wrong fix of wake-ups"]
fn campaign_wakes() {
    measure(&wakes::gallery());
}

/// The size of a shrunk case: its schedule, messages, faults and link.
fn size(case: &Case, outcome: &Outcome) -> String {
    let it = &case.scenario;
    let is_clean = |link: &Link| link.forward.loss == Loss::None;
    let link = if it.links.values().all(is_clean) {
        "no loss"
    } else {
        "a link that fails"
    };
    let preemptions: String = it.pins.preempt.iter().map(described).collect();
    let messages = outcome.messages.submitted;
    let faults = it.faults.len();
    format!(
        "{} threads{preemptions}; {messages} messages; {faults} faults; {link}",
        it.scheduler
    )
}

/// `, 11 preempted for 20s before interlocked number 2 of control block pool.free list`
fn described(preemption: &Preemption) -> String {
    let Preemption {
        thread,
        before,
        length,
        ..
    } = preemption;
    format!(", {thread} preempted for {length} before {before}")
}

#[test]
#[ignore = "campaign: for each fixed variant a hundred times as many cases as for the wrong fix"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_fixed_variants() {
    let mut all: Vec<Wrong> = [locks::gallery(), closes::gallery(), wakes::gallery()]
        .into_iter()
        .flatten()
        .collect();
    all.sort_by_key(|wrong| wrong.within);
    for Wrong {
        fix, fixed, within, ..
    } in all
    {
        let cases = 100 * within;
        let counterexample = fixed.counterexample(2, cases);
        assert!(
            counterexample.is_none(),
            "{} in {:?}: {counterexample:?}",
            fixed.name,
            fixed.family
        );
        println!(
            "{}, the fixed variant of {}, holds in {cases} cases of {:?}",
            fixed.name, fix.name, fixed.family
        );
    }
}

/// 4.0.994.2 without its locks.
#[derive(Clone, Debug)]
struct Unlocked;

impl Build for Unlocked {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn guard(&self, _: Structure, _: StructureOperation) -> Option<LockName> {
        None
    }
}

/// The scenario names a build with locks; what ran has none.
#[test]
fn the_cause_of_a_race_is_said_of_the_build_that_ran() {
    let file = "sims/canary/unguarded-4.0-fixed.toml";
    let text = std::fs::read(std::path::Path::new(crate::ROOT).join(file)).expect("a scenario");
    let scenario = config::file::load(file, &text, &[]).expect("a scenario");
    let builds = Builds::everywhere(Unlocked);
    let races = (1..20).filter_map(|seed| {
        let explained = explore::explain::explain_briefly(&scenario, seed, None, &builds);
        explained.ok().map(|it| it.headline)
    });
    let headline = races
        .into_iter()
        .find(|it| it.contains("allows this order, "));
    let headline = headline.expect("a race at one of the structures");
    let words = "the build under test allows this order, for it has no lock for the ";
    assert!(headline.contains(words), "{headline}");
}
