//! Every draw of chance, keyed by its role.
//!
//! Owns the one source of luck of a run. A draw depends on the seed and on *what it decides* -
//! the site in the code, the entity it concerns and the identity of the single decision - never
//! on how many draws came before. Taking away a packet, a fault or a host therefore leaves the
//! luck of all others exactly as it was.
//!
//! It refuses a shared generator: there is nothing whose state a new draw could move on.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::fixed_point::neg_ln;
use crate::{Duration, Ratio};

/// A place in the code that decides something by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site(u64);

/// The luck of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    seed: u64,
}

/// The luck of one decision: uniform words, one after the other.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

/// The luck of an entity whose decisions are ordinal by nature, such as a thread's n-th call:
/// word n belongs to decision n, in whatever order they are asked for.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
    next: u64,
}

/// The luck of many small decisions of an entity, such as whose turn it is before each call: word n
/// belongs to decision n. A word costs a few instructions and beginning costs none, where a
/// [`Stream`] first computes a block of sixty-four: this is `SplitMix64` (Steele, Lea, Flood, OOPSLA
/// 2014) over the ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coins(u64);

/// A stable 64-bit hash of a name (FNV-1a with a final mix), the entity of a role.
#[must_use]
pub const fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01B3);
        index += 1;
    }
    mix(hash, bytes.len() as u64)
}

/// One stable key made of two (the finaliser of `SplitMix64` over their combination).
#[must_use]
pub const fn mix(first: u64, second: u64) -> u64 {
    let mut hash = first.rotate_left(25) ^ second.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

impl Site {
    /// The site of this name, such as `"net.loss"`. Names are part of a seed's meaning: renaming
    /// a site gives its decisions other luck.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        Self(key(name))
    }
}

impl Choices {
    /// The luck that `seed` names.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed of the run.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The luck of the decision `identity` about `entity` at `site`.
    #[must_use]
    pub fn draw(self, site: Site, entity: u64, identity: [u64; 2]) -> Draw {
        let mut generator = self.generator(site, entity, identity[0]);
        generator.set_stream(identity[1]);
        Draw(generator)
    }

    /// The luck of the ordinal decisions about `entity` at `site`.
    #[must_use]
    pub fn stream(self, site: Site, entity: u64) -> Stream {
        // A draw's nonce is its identity's second half; all ones keeps the two apart.
        let mut generator = self.generator(site, entity, u64::MAX);
        generator.set_stream(u64::MAX);
        Stream { generator, next: 0 }
    }

    /// The luck of the small ordinal decisions about `entity` at `site`.
    #[must_use]
    pub const fn coins(self, site: Site, entity: u64) -> Coins {
        Coins(mix(mix(self.seed, site.0), entity))
    }

    fn generator(self, site: Site, entity: u64, identity: u64) -> ChaCha8Rng {
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

impl Draw {
    /// The next uniform word.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Whether something of probability `share` happens.
    pub fn chance(&mut self, share: Ratio) -> bool {
        share.holds(self.next_u64())
    }

    /// A uniform number below `bound`; the bias is below `bound` / 2^64.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A uniform length from `shortest` to `longest`, both included.
    ///
    /// # Panics
    /// If `shortest` exceeds `longest`.
    pub fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        assert!(shortest <= longest, "{shortest} exceeds {longest}");
        let span = longest.nanos() - shortest.nanos();
        let above = match span.checked_add(1) {
            Some(bound) => self.below(bound),
            None => self.next_u64(),
        };
        Duration::from_nanos(shortest.nanos() + above)
    }

    /// An exponentially distributed length, as of the gap between events without memory. At
    /// most 44.4 times `mean`, which one draw in 2^64 reaches.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let nanos = (u128::from(mean.nanos()) * u128::from(neg_ln(self.next_u64()))) >> 32;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Stream {
    /// The word of decision `ordinal`. Asking in order costs a few nanoseconds; going back or
    /// ahead costs a block of the generator.
    pub fn word(&mut self, ordinal: u64) -> u64 {
        if ordinal != self.next {
            self.generator.set_word_pos(u128::from(ordinal) * 2);
        }
        self.next = ordinal.wrapping_add(1);
        self.generator.next_u64()
    }
}

impl Coins {
    /// The word of decision `ordinal`.
    #[must_use]
    pub const fn word(self, ordinal: u64) -> u64 {
        mix(self.0, ordinal)
    }

    /// A uniform number below `bound` for decision `ordinal`; the bias is below `bound` / 2^64.
    ///
    /// # Panics
    /// If `bound` is zero.
    #[must_use]
    pub const fn below(self, ordinal: u64, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below zero");
        ((self.word(ordinal) as u128 * bound as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Site = Site::new("test.here");
    const THERE: Site = Site::new("test.there");

    /// Guards against a library whose numbers change: every recorded seed would lose its meaning.
    #[test]
    fn the_first_words_are_these_for_ever() {
        let mut draw = Choices::new(1).draw(HERE, key("link"), [2, 3]);
        let words = [draw.next_u64(), draw.next_u64()];
        assert_eq!(
            words,
            [GOLDEN_DRAW_FIRST, GOLDEN_DRAW_SECOND],
            "{words:#x?}"
        );
        let word = Choices::new(1).stream(HERE, key("thread")).word(0);
        assert_eq!(word, GOLDEN_STREAM, "{word:#x}");
    }
    const GOLDEN_DRAW_FIRST: u64 = 0x7c77_a37c_c655_f4b0;
    const GOLDEN_DRAW_SECOND: u64 = 0xd404_6c18_dc60_3686;
    const GOLDEN_STREAM: u64 = 0xb355_246e_ccf5_e3a2;

    proptest! {
        #[test]
        fn a_draw_does_not_know_what_was_drawn_before(seed: u64, entity: u64, a: u64, b: u64) {
            let choices = Choices::new(seed);
            let alone = choices.draw(HERE, entity, [a, b]).next_u64();
            for other in 0..8 {
                choices.draw(THERE, entity, [a, other]).next_u64();
            }
            prop_assert_eq!(choices.draw(HERE, entity, [a, b]).next_u64(), alone);
        }

        #[test]
        fn every_part_of_a_role_matters(seed: u64, entity: u64, a: u64, b: u64) {
            let word = |seed, site, entity, identity| {
                Choices::new(seed).draw(site, entity, identity).next_u64()
            };
            let first = word(seed, HERE, entity, [a, b]);
            prop_assert_ne!(first, word(seed ^ 1, HERE, entity, [a, b]));
            prop_assert_ne!(first, word(seed, THERE, entity, [a, b]));
            prop_assert_ne!(first, word(seed, HERE, entity ^ 1, [a, b]));
            prop_assert_ne!(first, word(seed, HERE, entity, [a ^ 1, b]));
            prop_assert_ne!(first, word(seed, HERE, entity, [a, b ^ 1]));
        }

        #[test]
        fn a_stream_may_be_read_in_any_order(seed: u64, ordinals in prop::collection::vec(0_u64..1_000, 1..50)) {
            let choices = Choices::new(seed);
            let mut in_order = choices.stream(HERE, 7);
            let words: Vec<u64> = (0..1_000).map(|ordinal| in_order.word(ordinal)).collect();
            let mut stream = choices.stream(HERE, 7);
            for ordinal in ordinals {
                prop_assert_eq!(stream.word(ordinal), words[ordinal as usize]);
            }
        }

        #[test]
        fn numbers_stay_in_their_bounds(seed: u64, bound in 1_u64.., low: u32, span: u32) {
            let mut draw = Choices::new(seed).draw(HERE, 0, [0, 0]);
            prop_assert!(draw.below(bound) < bound);
            let (low, high) = (u64::from(low), u64::from(low) + u64::from(span));
            let length = draw.between(Duration::from_nanos(low), Duration::from_nanos(high));
            prop_assert!((low..=high).contains(&length.nanos()));
        }
    }

    /// Chi-squared over pairs of neighbouring decisions of neighbouring seeds: what a walk over few
    /// threads draws. 63 degrees of freedom; 4 standard deviations above the mean are 108.
    #[test]
    fn coins_of_neighbours_are_independent() {
        const DRAWS: u64 = 64_000;
        let mut counts = [0_u64; 64];
        for seed in 0..DRAWS {
            let coins = Choices::new(seed).coins(HERE, 0);
            let next = Choices::new(seed + 1).coins(HERE, 0);
            let pair = coins.below(3, 4) * 16 + coins.below(4, 4) * 4 + next.below(3, 4);
            counts[pair as usize] += 1;
        }
        let mean = DRAWS / 64;
        let squares = counts.iter().map(|count| count.abs_diff(mean).pow(2));
        let chi_squared = squares.sum::<u64>() / mean;
        assert!((20..108).contains(&chi_squared), "{chi_squared}");
    }

    #[test]
    fn exponential_lengths_have_their_mean() {
        const DRAWS: u64 = 20_000;
        let mean = Duration::from_secs(30);
        let total: u64 = (0..DRAWS)
            .map(|n| {
                Choices::new(5)
                    .draw(HERE, 1, [n, 0])
                    .exponential(mean)
                    .nanos()
                    / DRAWS
            })
            .sum();
        // Four standard errors: 30 s * 4 / sqrt(20,000) = 0.85 s.
        assert!(total.abs_diff(mean.nanos()) < 850_000_000, "{total}");
    }

    #[test]
    fn a_share_is_met_within_four_standard_errors() {
        let share = Ratio::new(1, 8).expect("an eighth is a share");
        let hits = (0..8_000)
            .filter(|&n| Choices::new(9).draw(HERE, 2, [n, 0]).chance(share))
            .count();
        assert!(hits.abs_diff(1_000) < 4 * 30, "{hits}");
    }
}
