//! Known answers for what `rand` makes of the words of a [`KeyedRng`].
//!
//! A user's model draws with `rand`, and a seed must mean the same run after an upgrade. If a test here
//! fails after an upgrade of `rand`, the upgrade changes recorded runs: keep the old version, or say so in
//! the changelog.

use kernel::rand::distr::weighted::WeightedIndex;
use kernel::rand::distr::{Bernoulli, Distribution, Uniform};
use kernel::rand::seq::{IndexedRandom, IteratorRandom, SliceRandom};
use kernel::rand::{Rng, RngExt};
use kernel::{Choices, KeyedRng, Site};

const HERE: Site = Site::new("test.rand");

fn rng(decision: u64) -> KeyedRng {
    Choices::new(1).rng(HERE, 7, [decision, 0])
}

/// The first values of several decisions.
fn values<T>(mut draw: impl FnMut(&mut KeyedRng) -> T) -> Vec<T> {
    (0..5).map(|decision| draw(&mut rng(decision))).collect()
}

#[test]
fn words_and_bytes() {
    assert_eq!(
        values(KeyedRng::next_u64),
        values(|rng| rng.random::<u64>())
    );
    assert_eq!(
        values(Rng::next_u32),
        [1447658447, 961586036, 3656173762, 2961908293, 4040184315]
    );
    let mut bytes = [0; 12];
    rng(0).fill_bytes(&mut bytes);
    assert_eq!(
        bytes,
        [207, 131, 73, 86, 223, 191, 171, 217, 49, 142, 182, 225]
    );
}

#[test]
fn random_range() {
    assert_eq!(values(|rng| rng.random_range(0..6_u32)), [2, 1, 5, 4, 5]);
    assert_eq!(
        values(|rng| rng.random_range(100..=200_u64)),
        [185, 137, 128, 183, 128]
    );
    assert_eq!(
        values(|rng| rng.random_range(-5..=5_i64)),
        [4, -1, -2, 4, -2]
    );
    assert_eq!(
        values(|rng| rng.random_range(0..1_000_usize)),
        [337, 223, 851, 689, 940]
    );
    assert_eq!(
        values(|rng| rng.random_range(0..u64::MAX)),
        [
            15684841093194154958,
            6858596377879946100,
            5205693133130352833,
            15201586810674946629,
            5239878367361126907
        ]
    );
    let dice = Uniform::new_inclusive(1, 6_u8).expect("1 is below 6");
    assert_eq!(values(|rng| dice.sample(rng)), [3, 2, 6, 5, 6]);
}

#[test]
fn random_bool() {
    assert_eq!(
        values(|rng| rng.random_bool(0.3)),
        [false, false, true, false, true]
    );
    assert_eq!(
        values(|rng| rng.random_ratio(2, 3)),
        [false, true, true, false, true]
    );
    let half = Bernoulli::from_ratio(1, 2).expect("at most one");
    assert_eq!(
        values(|rng| half.sample(rng)),
        [false, true, true, false, true]
    );
}

/// Bits, not decimals: equal floating-point numbers may be printed differently.
#[test]
fn random_floats() {
    assert_eq!(
        values(|rng| rng.random::<f64>().to_bits()),
        [
            4605833833360312624,
            4600369467943179304,
            4598755304618228530,
            4605597869355176292,
            4598788688636032020
        ]
    );
    assert_eq!(
        values(|rng| rng.random_range(0.5..2.0_f64).to_bits()),
        [
            4610674579347609316,
            4607442311995809679,
            4606491582697888868,
            4610497606343757067,
            4606516620711241487
        ]
    );
}

#[test]
fn shuffle() {
    let mut cards = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    cards.shuffle(&mut rng(0));
    assert_eq!(cards, [6, 3, 7, 4, 9, 1, 2, 0, 8, 5]);
    let (three, _) = cards.partial_shuffle(&mut rng(1), 3);
    assert_eq!(three, [0, 9, 5]);
}

#[test]
fn choose() {
    const NAMES: [&str; 4] = ["paris", "rome", "oslo", "bonn"];
    assert_eq!(
        values(|rng| *NAMES.choose(rng).expect("not empty")),
        ["rome", "paris", "bonn", "oslo", "bonn"]
    );
    assert_eq!(
        values(|rng| (0..100).choose(rng).expect("not empty")),
        [33, 22, 85, 68, 94]
    );
    let sample: Vec<&str> = NAMES.sample(&mut rng(0), 3).copied().collect();
    assert_eq!(sample, ["paris", "oslo", "bonn"]);
    let weights = WeightedIndex::new([1, 5, 2]).expect("not all zero");
    assert_eq!(values(|rng| weights.sample(rng)), [1, 1, 2, 1, 2]);
}
