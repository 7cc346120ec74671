//! A run is a function of its seed: alone, beside another one, and in another process.

use std::env;
use std::process::Command;

use guest::{Sim, search};

const SEEDS: u64 = 100;

/// A program with its name.
pub(crate) type Example = (&'static str, fn(&mut Sim));

/// One run after the other.
fn alone(scenario: &str, setup: fn(&mut Sim)) -> Vec<String> {
    let run = |seed| digests(scenario, seed..seed + 1, setup);
    (0..SEEDS).flat_map(run).collect()
}

/// By as many workers as the machine has processors.
fn together(scenario: &str, setup: fn(&mut Sim)) -> Vec<String> {
    digests(scenario, 0..SEEDS, setup)
}

fn digests(scenario: &str, seeds: std::ops::Range<u64>, setup: fn(&mut Sim)) -> Vec<String> {
    let found = search(scenario, seeds, setup).unwrap_or_else(|error| panic!("{error}"));
    found.digests.values().map(ToString::to_string).collect()
}

/// Prints the digests, for [`are_the_same_everywhere`] in another process.
pub(crate) fn print(scenario: &str, examples: &[Example]) {
    for (name, setup) in examples {
        for found in [alone(scenario, *setup), together(scenario, *setup)] {
            println!("{name}: {}", found.join(" "));
        }
    }
}

/// Compares the digests of 100 seeds from two processes with one worker and with several. `printing` is the
/// name of the test that calls [`print`].
pub(crate) fn are_the_same_everywhere(scenario: &str, examples: &[Example], printing: &str) {
    let arguments = [printing, "--exact", "--ignored", "--nocapture"];
    let elsewhere = Command::new(env::current_exe().unwrap())
        .args(arguments)
        .output()
        .unwrap();
    let printed = String::from_utf8(elsewhere.stdout).unwrap();
    for (name, setup) in examples {
        let own = alone(scenario, *setup);
        assert_eq!(own, together(scenario, *setup), "{name}: workers");
        let line = format!("{name}: {}", own.join(" "));
        let same = printed.lines().filter(|it| *it == line);
        assert_eq!(same.count(), 2, "{name}: another process");
        let mut different = own.clone();
        different.sort();
        different.dedup();
        println!(
            "{name}: {} different runs of {SEEDS} seeds",
            different.len()
        );
        assert!(different.len() > 1, "{name}: the seed decides something");
    }
}
