//! The gallery of wrong fixes: each is caught by a property, and the right ones are not.
//!
//! Owns the variants, the property that catches each and within how many made-up cases. Every one
//! is an honest attempt: it decides some question of the socket layer otherwise, and what comes of
//! that is up to messages, timers and interleavings. It refuses a variant that fails on purpose.
//!
//! - `closes`: what timeouts and close requests do to a block.
//! - `locks`: what guards the shared structures.
//! - `wakes`: who is told what, and when.
//! - `right`: variants that repair the same defects, and must survive.
//! - `families`: the cases they are tried on.
//!
//! One more wrong fix, an interlocked free list without a count of its changes, needs a thread that
//! is put aside for as long as a block lives. It is caught where nothing but the pool runs, in
//! `crates/mta/src/process/tests.rs`.

mod closes;
mod families;
mod locks;
mod right;
mod wakes;

use mtasim::prelude::*;

use families::Family;

/// A variant, and how it is tried.
struct Fix {
    name: &'static str,
    family: Family,
    cases: BoxedStrategy<Case>,
    run: Box<dyn Fn(&Case) -> Outcome>,
}

/// A wrong fix: what catches it, and within how many cases.
struct Wrong {
    fix: Fix,
    property: Property,
    within: u32,
}

/// What every fix must keep.
const PROPERTIES: [Property; 4] = [
    never_leaks,
    never_corrupts,
    every_acknowledged_message_arrives,
    recovers_after_healing,
];

impl Fix {
    fn of(build: impl Build + Clone + Send + Sync + 'static, family: Family) -> Self {
        let text = format!("{build:?}");
        Self {
            name: text.leak(),
            family,
            cases: family.cases(&build),
            run: Box::new(move |case| case.run(build.clone()).expect("a made-up case can be run")),
        }
    }

    /// A case in which a property is broken, or which comes to no end: a right fix has neither.
    fn alarm(&self, seed: u64, cases: u32) -> Option<Prey> {
        let hunted = Hunt {
            seed,
            cases,
            shrink: 0,
        };
        hunt(hunted, &self.cases, |case| {
            let outcome = (self.run)(case);
            PROPERTIES.iter().try_for_each(|holds| holds(&outcome))
        })
    }
}

impl Wrong {
    fn of(
        build: impl Build + Clone + Send + Sync + 'static,
        family: Family,
        (property, within): (Property, u32),
    ) -> Self {
        Self {
            fix: Fix::of(build, family),
            property,
            within,
        }
    }

    /// The number of the case that catches it, counted from 1, among ten times as many as stated.
    /// A run that reaches a limit catches nothing: it decides nothing.
    fn caught(&self, seed: u64, shrink: u32) -> Prey {
        let hunted = Hunt {
            seed,
            cases: 10 * self.within,
            shrink,
        };
        let prey = hunt(hunted, &self.fix.cases, |case| {
            (self.property)(&(self.fix.run)(case)).or_else(|broken| match broken.undecided {
                Some(_) => Ok(()),
                None => Err(broken),
            })
        });
        prey.unwrap_or_else(|| panic!("{} escaped under seed {seed}", self.fix.name))
    }
}

fn catch_all(gallery: &[Wrong]) {
    for wrong in gallery {
        let prey = wrong.caught(1, 0);
        assert!(
            prey.case <= wrong.within,
            "{} is caught by case {}",
            wrong.fix.name,
            prey.case
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
        let prey = fix.alarm(1, 2);
        assert!(prey.is_none(), "{} in {:?}: {prey:?}", fix.name, fix.family);
    }
}

#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn measure(gallery: &[Wrong]) {
    println!("| wrong fix | property | cases, median of 50 seeds | worst | smallest case |");
    println!("|---|---|---|---|---|");
    for wrong in gallery {
        let mut cases: Vec<u32> = (1..=50).map(|seed| wrong.caught(seed, 0).case).collect();
        cases.sort_unstable();
        let smallest = wrong.caught(1, 300);
        println!(
            "| `{}` | `{}` | {} | {} | {} |",
            wrong.fix.name,
            smallest.broken.property,
            cases[24],
            cases[49],
            size(&smallest.minimal, &(wrong.fix.run)(&smallest.minimal)),
        );
        println!("{}\n{:?}", smallest.broken, smallest.minimal);
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

/// What is left in a case.
fn size(case: &Case, outcome: &Outcome) -> String {
    let it = &case.scenario;
    let loss = it
        .links
        .values()
        .all(|link| link.forward.loss == mtasim::plan::Loss::None);
    let associations = outcome.associations;
    format!(
        "{} threads; {} messages; {} faults; {}; {} associations",
        it.scheduler,
        outcome.messages.submitted,
        it.faults.len(),
        if loss { "no loss" } else { "a line that fails" },
        associations.opened + associations.failed,
    )
}

#[test]
#[ignore = "campaign: 2,000 cases of each family for each right fix"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_right_fixes() {
    for fix in right::gallery() {
        let prey = fix.alarm(2, 2_000);
        assert!(prey.is_none(), "{} in {:?}: {prey:?}", fix.name, fix.family);
        println!("{} holds in 2000 cases of {:?}", fix.name, fix.family);
    }
}
