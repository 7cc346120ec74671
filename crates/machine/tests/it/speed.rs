//! Loads to be timed from outside in a release build: the tests read no clock.

use kernel::{Choices, Ratio};
use machine::{Config, Field, Machine, Random, Strategy};

use crate::support::{HOST, Numbers, finish, machine as build};

const CALLS: u32 = 20_000_000;
const WORDS: u32 = 1_024;

/// Twenty million reads and writes by four threads.
fn load(mut machine: Machine<Numbers>) {
    const THREADS: u16 = 4;
    let words = machine.map_static(WORDS, "words").expect("room");
    for number in 0..THREADS {
        machine.spawn(
            "worker",
            number,
            u64::from(number),
            move |thread| async move {
                let mut index = u32::from(number);
                for _ in 0..CALLS / 2 / u32::from(THREADS) {
                    let place = words + Field::new(index * 4, "word");
                    let word = thread.read(place).await;
                    thread.write(place, word + 1).await;
                    index = (index + 4) % WORDS;
                }
            },
        );
    }
    assert_eq!(finish(&mut machine), None);
    assert_eq!(machine.calls(), u64::from(CALLS));
    assert_eq!(machine.race_detector().findings(), &[]);
}

fn timed(detect_races: bool, jitter: Ratio) {
    let config = Config {
        processors: 2,
        detect_races,
        jitter,
        ..Config::default()
    };
    load(build(config, Strategy::Timed, 1));
}

#[test]
#[ignore = "a load to be timed in a release build"]
fn timed_with_race_detection() {
    timed(true, Ratio::new(1, 2).expect("a fraction"));
}

#[test]
#[ignore = "a load to be timed in a release build"]
fn timed_without_race_detection() {
    timed(false, Ratio::new(1, 2).expect("a fraction"));
}

#[test]
#[ignore = "a load to be timed in a release build"]
fn timed_without_jitter_or_race_detection() {
    timed(false, Ratio::ZERO);
}

#[test]
#[ignore = "a load to be timed in a release build"]
fn random_with_race_detection() {
    let walk = Random::new(Choices::new(1), HOST);
    let strategy = Strategy::Controlled(Box::new(walk));
    load(build(Config::default(), strategy, 1));
}
