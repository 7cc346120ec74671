//! The abstract schedules that were kept, how often each is varied, and how.

use kernel::KeyedRng;
use rustc_hash::FxHashMap;

use super::constraints::{Constraint, ReadsFromPair, Source};
use super::observations::{Observations, Shown};

/// Variants of one abstract schedule in a row are at most two to this power.
const ENERGY_LOG_MAX: u32 = 5;
/// Constraints of an abstract schedule, at most. More contradict each other.
const CONSTRAINTS_MAX: usize = 4;
/// Abstract schedules that are kept, at most.
const ENTRIES_MAX: usize = 4_096;

/// The abstract schedules that were kept.
#[derive(Debug)]
pub(super) struct Corpus {
    entries: Vec<Entry>,
    /// The entry that is varied.
    current: usize,
    /// Variants of it that are left.
    energy: u32,
    /// How many runs showed a combination of pairs, by signature. Looked up, never iterated.
    frequencies: FxHashMap<u64, u64>,
    runs: u64,
}

/// An abstract schedule.
#[derive(Debug)]
struct Entry {
    constraints: Vec<Constraint>,
    /// The combination of pairs that it showed when it was kept.
    signature: Option<u64>,
    /// How often it was taken up.
    taken: u32,
}

impl Default for Corpus {
    fn default() -> Self {
        // Everything grows from the schedule without constraints.
        let all = Entry {
            constraints: Vec::new(),
            signature: None,
            taken: 0,
        };
        Self {
            entries: vec![all],
            current: 0,
            energy: 1,
            frequencies: FxHashMap::default(),
            runs: 0,
        }
    }
}

impl Corpus {
    /// Keeps the abstract schedule of a run that showed something new.
    pub(super) fn judge(&mut self, constraints: Vec<Constraint>, shown: Shown) {
        self.runs += 1;
        *self.frequencies.entry(shown.signature).or_default() += 1;
        let is_kept = shown.new_pairs > 0 && !constraints.is_empty();
        if is_kept && self.entries.len() < ENTRIES_MAX {
            self.entries.push(Entry {
                constraints,
                signature: Some(shown.signature),
                taken: 0,
            });
        }
    }

    /// The abstract schedule of the next run: a variant of one that was kept.
    pub(super) fn next(
        &mut self,
        observations: &Observations,
        rng: &mut KeyedRng,
    ) -> Vec<Constraint> {
        if self.runs == 0 {
            return Vec::new();
        }
        if self.energy == 0 {
            self.take_up_another();
        }
        self.energy -= 1;
        vary(&self.entries[self.current].constraints, observations, rng)
    }

    /// Takes up the next entry whose combination of pairs is not more frequent than the mean, for longer
    /// each time (Boehme, Pham, Roychoudhury: "Coverage-based greybox fuzzing as Markov chain", CCS 2016:
    /// the cut-off exponential schedule).
    fn take_up_another(&mut self) {
        let mean = self.runs / (self.frequencies.len() as u64).max(1) + 1;
        for _ in 0..self.entries.len() {
            self.current = (self.current + 1) % self.entries.len();
            let entry = &mut self.entries[self.current];
            let frequency = entry.signature.map_or(1, |it| self.frequencies[&it]);
            if frequency <= mean {
                entry.taken += 1;
                self.energy = 1 << entry.taken.min(ENERGY_LOG_MAX);
                return;
            }
        }
        self.energy = 1;
    }
}

/// A variant of an abstract schedule.
fn vary(from: &[Constraint], observations: &Observations, rng: &mut KeyedRng) -> Vec<Constraint> {
    let mut constraints = from.to_vec();
    // The search does not depend much on these shares, nor on the limits above: with others the medians in
    // docs/schedulers.md change by one schedule.
    match rng.below(5) {
        0 if !constraints.is_empty() => {
            let index = rng.below(constraints.len() as u64) as usize;
            constraints[index] = constraints[index].negated();
        }
        1 if constraints.len() > 1 => {
            constraints.remove(rng.below(constraints.len() as u64) as usize);
        }
        // The same with other random choices.
        2 if !constraints.is_empty() => {}
        _ => {
            if constraints.len() == CONSTRAINTS_MAX {
                constraints.remove(rng.below(CONSTRAINTS_MAX as u64) as usize);
            }
            constraints.extend(draw(observations, rng));
        }
    }
    constraints
}

/// A new constraint; `None` if no read can see more than one write.
fn draw(observations: &Observations, rng: &mut KeyedRng) -> Option<Constraint> {
    let readers = observations.readers();
    if readers.is_empty() {
        return None;
    }
    let mut drawn = || {
        let (reader, resource) = readers[rng.below(readers.len() as u64) as usize];
        let writers = observations.writers(resource);
        let source = match rng.below(writers.len() as u64 + 1) {
            0 => Source::Initial,
            number => Source::Other(writers[number as usize - 1]),
        };
        Constraint {
            pair: ReadsFromPair { reader, source },
            resource,
            is_positive: true,
        }
    };
    // One that no run has shown yet is better.
    let first = drawn();
    let constraint = match observations.has_seen(&first.pair) {
        true => drawn(),
        false => first,
    };
    Some(Constraint {
        is_positive: rng.below(4) > 0,
        ..constraint
    })
}
