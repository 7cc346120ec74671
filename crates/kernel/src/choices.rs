//! Keyed random choices: each random number is a pure function of the seed and of what it decides.
//!
//! A generator is keyed by a *role*: the site in the code, the entity that the decision is about, and
//! the identity of that one decision. It never depends on how many random numbers were drawn before.
//! Removing a packet, a fault or a host therefore leaves the random choices about all others
//! unchanged. There is no shared generator whose state an additional draw could advance.
//!
//! The three generators differ in what a key costs and in how many words a decision needs:
//!
//! | generator | key | algorithm | use |
//! |---|---|---|---|
//! | [`KeyedRng`] | one decision | ChaCha8 | any number of words; implements [`rand::Rng`] |
//! | [`CounterRng`] | one entity | ChaCha8 | one word for each of its decisions, by number |
//! | [`FastCounterRng`] | one entity | `SplitMix64` | the same, for decisions that are made very often |
//!
//! The last two are counter-based generators (Salmon, Moraes, Dror, Shaw: "Parallel random numbers:
//! as easy as 1, 2, 3", SC 2011): word n is a function of key and n, whatever was asked for before.
//!
//! # Using `rand`
//!
//! [`KeyedRng`] implements the traits of `rand`, which [`kernel::rand`](crate::rand) re-exports. Code that
//! needs randomness - a build variant, a workload, a modeled thread, a program of a user - keeps a
//! [`Choices`], which is `Copy`, and makes a generator for each decision:
//!
//! ```
//! use kernel::rand::RngExt;
//! use kernel::rand::distr::{Distribution, weighted::WeightedIndex};
//! use kernel::rand::seq::{IndexedRandom, SliceRandom};
//! use kernel::{Choices, Site, key};
//!
//! const BACKOFF: Site = Site::new("example.backoff");
//! const ORDER: Site = Site::new("example.order");
//!
//! let choices = Choices::new(42);
//!
//! // Entity: the connection. Identity: its third retry.
//! let mut rng = choices.rng(BACKOFF, key("paris"), [3, 0]);
//! let millis: u64 = rng.random_range(100..=200);
//! let is_slow = rng.random_ratio(1, 8);
//! let class = WeightedIndex::new([1, 5, 2])?.sample(&mut rng);
//! # assert!((100..=200).contains(&millis) && class < 3);
//! # let _ = is_slow;
//!
//! let mut queue = [1, 2, 3, 4, 5];
//! queue.shuffle(&mut choices.rng(ORDER, key("rome"), [0, 0]));
//! let first = queue.choose(&mut choices.rng(ORDER, key("rome"), [1, 0]));
//! # assert!(first.is_some());
//!
//! // The same role gives the same numbers, wherever and whenever it is asked for.
//! let again: u64 = choices.rng(BACKOFF, key("paris"), [3, 0]).random_range(100..=200);
//! assert_eq!(again, millis);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The words of the generators never change: ChaCha8 and `SplitMix64` are fixed algorithms. What `rand`
//! makes of these words (ranges, shuffles, distributions) may change with a minor version of `rand`, and
//! with its feature `unbiased`. `tests/rand_values.rs` pins the values, so that an upgrade that changes
//! them fails a test. The simulator's own models use [`KeyedRng::below`], [`KeyedRng::chance`],
//! [`KeyedRng::between`] and [`KeyedRng::exponential`], which are defined here. Do not use distributions
//! of `rand_distr` that need `ln` or `exp`: these functions of the system's mathematical library differ
//! between machines.

mod chacha;

use std::convert::Infallible;

use rand::TryRng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub use self::chacha::LANES as FIRST_WORDS;
use crate::fixed_point::neg_ln;
use crate::{Duration, Ratio};

/// A place in the code that makes a random decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site(u64);

/// The random choices of one run: makes the generator for each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    seed: u64,
}

/// A random number generator for one decision. Implements [`rand::Rng`].
#[derive(Clone, Debug)]
pub struct KeyedRng(ChaCha8Rng);

/// A counter-based generator for the decisions of one entity that are numbered by nature, such as the
/// calls of a thread: word n belongs to decision n, in whatever order words are asked for.
///
/// It deliberately does not implement [`rand::Rng`]: `rand` may take several words for one value, and
/// would take those that belong to the next decisions.
#[derive(Clone, Debug)]
pub struct CounterRng {
    generator: ChaCha8Rng,
    next: u64,
}

/// As [`CounterRng`], for decisions that are made very often, such as which thread makes the next
/// call. A word costs a few instructions and a new key nothing, where [`CounterRng`] computes a block
/// of sixty-four words first. The words are those of `SplitMix64` (Steele, Lea, Flood: "Fast
/// splittable pseudorandom number generators", OOPSLA 2014) at the decision's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastCounterRng(u64);

/// A stable 64-bit hash of a name, for use as the entity of a role (FNV-1a with a final mix).
#[must_use]
pub const fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    // FNV-1a with its published offset basis and prime. A `for` loop is not allowed in `const fn`.
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        index += 1;
    }
    // FNV-1a alone mixes poorly: the last bytes of a name hardly change the high bits.
    mix(hash, bytes.len() as u64)
}

/// Combines two keys into one (the finalizer of `SplitMix64` over both). Stable, and not symmetric.
#[must_use]
pub const fn mix(first: u64, second: u64) -> u64 {
    // The rotation makes `mix` asymmetric, and multiplying `second` by the golden ratio separates small
    // integers such as counters. The two rounds below are SplitMix64's.
    let mut hash = first.rotate_left(25) ^ second.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

impl Site {
    /// The site with this name, such as `"net.loss"`. Renaming a site changes its random choices, and
    /// with them every run.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        Self(key(name))
    }
}

impl Choices {
    /// The random choices of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed of the run.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The generator for the decision `identity` about `entity` at `site`. An identity has two words,
    /// for decisions that are identified by two numbers; use zero for the second otherwise.
    #[must_use]
    pub fn rng(self, site: Site, entity: u64, identity: [u64; 2]) -> KeyedRng {
        let mut generator = self.generator(site, entity, identity[0]);
        generator.set_stream(identity[1]);
        KeyedRng(generator)
    }

    /// The first words of the generators for the decisions `[first, 0]`, `[first + 1, 0]` and so on about
    /// `entity` at `site`, as [`Choices::rng`] makes them, in a quarter of the time. Identities wrap.
    #[must_use]
    pub fn first_words(self, site: Site, entity: u64, first: u64) -> [u64; FIRST_WORDS] {
        chacha::first_words([self.seed, site.0, entity], first)
    }

    /// The generator for the numbered decisions about `entity` at `site`.
    #[must_use]
    pub fn counter_rng(self, site: Site, entity: u64) -> CounterRng {
        // ChaCha's stream number is the second word of a `KeyedRng`'s identity: all ones in both words
        // keeps this generator apart from those.
        let mut generator = self.generator(site, entity, u64::MAX);
        generator.set_stream(u64::MAX);
        CounterRng { generator, next: 0 }
    }

    /// The fast generator for the numbered decisions about `entity` at `site`.
    #[must_use]
    pub const fn fast_counter_rng(self, site: Site, entity: u64) -> FastCounterRng {
        FastCounterRng(mix(mix(self.seed, site.0), entity))
    }

    fn generator(self, site: Site, entity: u64, identity: u64) -> ChaCha8Rng {
        // The role is the ChaCha key itself: 256 bits take four words without hashing, so different
        // roles can never share a key.
        let mut role = [0; 32];
        for (bytes, word) in role
            .chunks_exact_mut(8)
            .zip([self.seed, site.0, entity, identity])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(role)
    }
}

impl KeyedRng {
    /// The next uniform 64-bit word.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// `true` with this probability.
    pub fn chance(&mut self, probability: Ratio) -> bool {
        probability.contains(self.next_u64())
    }

    /// A uniform number below `bound`. The bias is below `bound` / 2^64.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below zero");
        // Multiply and shift (Lemire, 2019) without his rejection step: a draw takes exactly one word, so
        // the words after it do not depend on its value.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A uniform duration from `shortest` to `longest`, both included.
    ///
    /// # Panics
    /// If `shortest` exceeds `longest`.
    pub fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        assert!(shortest <= longest, "{shortest} exceeds {longest}");
        let span = longest.nanos() - shortest.nanos();
        // A span of u64::MAX has 2^64 values: every word is one of them.
        let above = match span.checked_add(1) {
            Some(bound) => self.below(bound),
            None => self.next_u64(),
        };
        Duration::from_nanos(shortest.nanos() + above)
    }

    /// An exponentially distributed duration, such as the gap between events of a Poisson process. At
    /// most 44.4 times `mean`, reached with probability 2^-64.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        exponential_of(mean, self.next_u64())
    }
}

/// What [`KeyedRng::exponential`] makes of this word.
#[must_use]
pub fn exponential_of(mean: Duration, word: u64) -> Duration {
    // Inverse transform sampling: mean * -ln(u), with 32 bits after the point.
    let nanos = (u128::from(mean.nanos()) * u128::from(neg_ln(word))) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl TryRng for KeyedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl CounterRng {
    /// The word of decision `number`, from zero. Asking in order costs a few nanoseconds; a jump in
    /// either direction costs a block of the generator.
    pub fn word(&mut self, number: u64) -> u64 {
        if number != self.next {
            // ChaCha counts words of 32 bits.
            self.generator.set_word_pos(u128::from(number) * 2);
        }
        self.next = number.wrapping_add(1);
        self.generator.next_u64()
    }
}

impl FastCounterRng {
    /// The word of decision `number`, from zero.
    #[must_use]
    pub const fn word(self, number: u64) -> u64 {
        mix(self.0, number)
    }

    /// A uniform number below `bound` for decision `number`. The bias is below `bound` / 2^64.
    ///
    /// # Panics
    /// If `bound` is zero.
    #[must_use]
    pub const fn below(self, number: u64, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below zero");
        ((self.word(number) as u128 * bound as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Site = Site::new("test.here");
    const THERE: Site = Site::new("test.there");

    /// A library upgrade must not change the words: every recorded seed would mean another run.
    #[test]
    fn the_first_words_never_change() {
        let mut rng = Choices::new(1).rng(HERE, key("link"), [2, 3]);
        let words = [rng.next_u64(), rng.next_u64()];
        assert_eq!(words, [KEYED_FIRST, KEYED_SECOND], "{words:#x?}");
        let word = Choices::new(1).counter_rng(HERE, key("thread")).word(0);
        assert_eq!(word, COUNTER_FIRST, "{word:#x}");
    }
    const KEYED_FIRST: u64 = 0x7c77_a37c_c655_f4b0;
    const KEYED_SECOND: u64 = 0xd404_6c18_dc60_3686;
    const COUNTER_FIRST: u64 = 0xb355_246e_ccf5_e3a2;

    proptest! {
        #[test]
        fn first_words_are_those_of_the_generators(seed: u64, entity: u64, first: u64) {
            let choices = Choices::new(seed);
            for (number, word) in (0..).zip(choices.first_words(HERE, entity, first)) {
                let mut rng = choices.rng(HERE, entity, [first.wrapping_add(number), 0]);
                prop_assert_eq!(word, rng.next_u64());
            }
        }

        #[test]
        fn a_draw_does_not_depend_on_earlier_draws(seed: u64, entity: u64, a: u64, b: u64) {
            let choices = Choices::new(seed);
            let alone = choices.rng(HERE, entity, [a, b]).next_u64();
            for other in 0..8 {
                choices.rng(THERE, entity, [a, other]).next_u64();
            }
            prop_assert_eq!(choices.rng(HERE, entity, [a, b]).next_u64(), alone);
        }

        #[test]
        fn a_clone_goes_on_with_the_same_words(seed: u64, number in 0_u64..100, taken in 0_usize..100) {
            let choices = Choices::new(seed);
            let mut keyed = choices.rng(HERE, 1, [2, 3]);
            let mut counter = choices.counter_rng(HERE, 1);
            counter.word(number);
            (0..taken).for_each(|_| _ = keyed.next_u64());
            let (mut again, mut counted) = (keyed.clone(), counter.clone());
            for _ in 0..40 {
                prop_assert_eq!(keyed.next_u64(), again.next_u64());
                prop_assert_eq!(counter.word(counter.next), counted.word(counted.next));
            }
        }

        #[test]
        fn every_part_of_a_role_matters(seed: u64, entity: u64, a: u64, b: u64) {
            let word = |seed, site, entity, identity| {
                Choices::new(seed).rng(site, entity, identity).next_u64()
            };
            let first = word(seed, HERE, entity, [a, b]);
            prop_assert_ne!(first, word(seed ^ 1, HERE, entity, [a, b]));
            prop_assert_ne!(first, word(seed, THERE, entity, [a, b]));
            prop_assert_ne!(first, word(seed, HERE, entity ^ 1, [a, b]));
            prop_assert_ne!(first, word(seed, HERE, entity, [a ^ 1, b]));
            prop_assert_ne!(first, word(seed, HERE, entity, [a, b ^ 1]));
        }

        #[test]
        fn words_may_be_asked_for_in_any_order(seed: u64, ordinals in prop::collection::vec(0_u64..1_000, 1..50)) {
            let choices = Choices::new(seed);
            let mut in_order = choices.counter_rng(HERE, 7);
            let words: Vec<u64> = (0..1_000).map(|ordinal| in_order.word(ordinal)).collect();
            let mut rng = choices.counter_rng(HERE, 7);
            for ordinal in ordinals {
                prop_assert_eq!(rng.word(ordinal), words[ordinal as usize]);
            }
        }

        #[test]
        fn numbers_stay_in_their_bounds(seed: u64, bound in 1_u64.., low: u32, span: u32) {
            let mut rng = Choices::new(seed).rng(HERE, 0, [0, 0]);
            prop_assert!(rng.below(bound) < bound);
            let (low, high) = (u64::from(low), u64::from(low) + u64::from(span));
            let length = rng.between(Duration::from_nanos(low), Duration::from_nanos(high));
            prop_assert!((low..=high).contains(&length.nanos()));
        }
    }

    /// Chi-squared test over pairs of neighbouring decisions of neighbouring seeds, as a random walk over
    /// few threads draws them. 63 degrees of freedom; 4 standard deviations above the mean are 108.
    #[test]
    fn fast_words_of_neighbouring_keys_are_independent() {
        const DRAWS: u64 = 64_000;
        let mut counts = [0_u64; 64];
        for seed in 0..DRAWS {
            let this = Choices::new(seed).fast_counter_rng(HERE, 0);
            let next = Choices::new(seed + 1).fast_counter_rng(HERE, 0);
            let pair = this.below(3, 4) * 16 + this.below(4, 4) * 4 + next.below(3, 4);
            counts[pair as usize] += 1;
        }
        let mean = DRAWS / 64;
        let squares = counts.iter().map(|count| count.abs_diff(mean).pow(2));
        let chi_squared = squares.sum::<u64>() / mean;
        assert!((20..108).contains(&chi_squared), "{chi_squared}");
    }

    #[test]
    fn exponential_durations_have_their_mean() {
        const DRAWS: u64 = 20_000;
        let mean = Duration::from_secs(30);
        let total: u64 = (0..DRAWS)
            .map(|n| {
                Choices::new(5)
                    .rng(HERE, 1, [n, 0])
                    .exponential(mean)
                    .nanos()
                    / DRAWS
            })
            .sum();
        // Four standard errors: 30 s * 4 / sqrt(20,000) = 0.85 s.
        assert!(total.abs_diff(mean.nanos()) < 850_000_000, "{total}");
    }

    #[test]
    fn a_probability_is_met_within_four_standard_errors() {
        let eighth = Ratio::new(1, 8).expect("at most one");
        let hits = (0..8_000)
            .filter(|&n| Choices::new(9).rng(HERE, 2, [n, 0]).chance(eighth))
            .count();
        assert!(hits.abs_diff(1_000) < 4 * 30, "{hits}");
    }
}
