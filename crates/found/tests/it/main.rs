//! Each defect: found by seeds, the same run again, reduced to at most one outage, and the fix on the same seeds.

mod determinism;

use std::env;
use std::process::Command;
use std::time::Duration;

use guest::search::Search;
use guest::{Sim, search};
use mtasim_found::bb8::{self, Use};
use mtasim_found::echo::echo;
use mtasim_found::redis::Recycling;
use mtasim_found::{COUNTED, GET, MORE, POOL, WAITING, WRONG, deadpool, mobc, qp, redis};

const SEEDS: u64 = 50;
const CAMPAIGN: u64 = 1_000;

/// A defect, a version that has it and one that has not.
struct Defect {
    /// A scenario with one outage, in which every seed shows it.
    pinned: &'static str,
    signature: String,
    first: fn(&mut Sim),
    fixed: fn(&mut Sim),
}

/// A host with this program, one that answers, and what is owed.
macro_rules! service {
    ($app:expr) => {
        |sim| {
            sim.host("db", echo);
            sim.host("app", || $app);
            sim.owed_after_healing(GET, Duration::from_secs(15));
        }
    };
}

impl Defect {
    /// Seeds that fail only before the fix, and only after it.
    fn paired(&self, seeds: u64) -> (Search, Vec<u64>, Vec<u64>) {
        let first = search(POOL, 0..seeds, self.first).unwrap();
        let fixed = search(POOL, 0..seeds, self.fixed).unwrap();
        let [before, after] = [&first, &fixed].map(|it| it.showing(&self.signature));
        let only = |one: &[u64], other: &[u64]| {
            let only = one.iter().filter(|it| !other.contains(it));
            only.copied().collect()
        };
        (first, only(&before, &after), only(&after, &before))
    }

    /// The first failing run of these seeds in another process has the same digest.
    fn is_the_same_elsewhere(&self, name: &str) {
        let elsewhere = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                &format!("{name}::digest"),
                "--ignored",
                "--nocapture",
            ])
            .output()
            .unwrap();
        let printed = String::from_utf8(elsewhere.stdout).unwrap();
        assert!(printed.contains(&self.digest()), "{printed}");
    }

    fn digest(&self) -> String {
        let found = search(POOL, 0..SEEDS, self.first).unwrap();
        let capsule = found.first_of(&self.signature).unwrap();
        format!("seed {}: digest {}", capsule.seed, capsule.digest)
    }

    fn is_found_and_reduced(&self) {
        let (first, fixed, broke) = self.paired(SEEDS);
        assert!(!fixed.is_empty(), "{:?}", first.signatures());
        assert!(broke.is_empty(), "{broke:?}");
        let capsule = first.first_of(&self.signature).unwrap();
        assert!(first.replays(capsule).unwrap());
        let shrunk = first.shrink(capsule).unwrap();
        let text = shrunk.scenario.to_toml();
        println!("{} of {SEEDS}; {} runs\n{text}", fixed.len(), shrunk.runs);
        assert!(
            shrunk.any_seed && shrunk.scenario.pins.outages.len() <= 1,
            "{text}"
        );
    }

    /// Without chance: the first version fails under any seed, the fixed one under none.
    fn is_pinned(&self) {
        let first = search(self.pinned, 0..3, self.first).unwrap();
        let fixed = search(self.pinned, 0..3, self.fixed).unwrap();
        assert_eq!(first.showing(&self.signature), [0, 1, 2]);
        let after = fixed.showing(&self.signature);
        assert_eq!(after, [0; 0], "{:?}", fixed.signatures());
    }

    fn campaign(&self) {
        let (first, fixed, broke) = self.paired(CAMPAIGN);
        let both = first.showing(&self.signature).len() - fixed.len();
        let neither = CAMPAIGN as usize - fixed.len() - broke.len() - both;
        println!(
            "fixed {}, broke {}, both {both}, neither {neither}",
            fixed.len(),
            broke.len()
        );
        assert_eq!((broke.len(), both), (0, 0));
    }
}

fn starves() -> String {
    format!("liveness: `{GET}` still fails after healing")
}

fn bb8_167() -> Defect {
    const HOW: Use = Use {
        checks: false,
        renews: false,
        persists: true,
    };
    Defect {
        pinned: include_str!("../../pinned/bb8-167.toml"),
        signature: starves(),
        first: service!(bb8::v0_8_3::app(HOW)),
        fixed: service!(bb8::v0_8_5::app(HOW)),
    }
}

fn deadpool_205() -> Defect {
    Defect {
        pinned: include_str!("../../pinned/deadpool-205.toml"),
        signature: format!("property: {MORE}"),
        first: service!(deadpool::v0_9_4::app()),
        fixed: service!(deadpool::v0_9_5::app()),
    }
}

fn redis_recycling() -> Defect {
    fn setup(sim: &mut Sim, recycling: Recycling) {
        sim.host("db", redis::server);
        sim.host("app", move || redis::app(recycling));
    }
    Defect {
        pinned: include_str!("../../pinned/redis.toml"),
        signature: format!("property: {WRONG}"),
        first: |sim| setup(sim, Recycling::AnyAnswer),
        fixed: |sim| setup(sim, Recycling::Pong),
    }
}

fn bb8_check() -> Defect {
    const HOW: Use = Use {
        checks: true,
        renews: false,
        persists: false,
    };
    Defect {
        pinned: include_str!("../../pinned/bb8-check.toml"),
        signature: format!("property: {WRONG}"),
        first: service!(bb8::v0_9_1::app(HOW)),
        fixed: service!(bb8::v0_9_1_check::app(HOW)),
    }
}

fn bb8_notify() -> Defect {
    const HOW: Use = Use {
        checks: false,
        renews: true,
        persists: false,
    };
    Defect {
        pinned: include_str!("../../pinned/bb8-notify.toml"),
        signature: starves(),
        first: service!(bb8::v0_9_1::app(HOW)),
        fixed: service!(bb8::v0_9_1_notify::app(HOW)),
    }
}

/// As above, without what is owed.
macro_rules! counts {
    ($app:expr) => {
        |sim| {
            sim.host("db", echo);
            sim.host("app", || $app);
        }
    };
}

fn mobc_63() -> Defect {
    Defect {
        pinned: include_str!("../../pinned/mobc-63.toml"),
        signature: format!("property: {COUNTED}"),
        first: counts!(mobc::v0_7_3::app(COUNTED, |it| open() < it.connections)),
        fixed: counts!(mobc::v0_9_0::app(COUNTED, |it| open() < it.connections)),
    }
}

/// Connections that are open.
fn open() -> u64 {
    guest::gauge("connections").value().unsigned_abs()
}

fn mobc_count() -> Defect {
    Defect {
        pinned: include_str!("../../pinned/mobc-count.toml"),
        signature: format!("property: {WAITING}"),
        first: counts!(mobc::v0_9_0::app(WAITING, |it| it.wait_count > 0)),
        fixed: counts!(mobc::v0_9_0_count::app(WAITING, |it| it.wait_count > 0)),
    }
}

fn qp_wake() -> Defect {
    Defect {
        pinned: include_str!("../../pinned/qp-wake.toml"),
        signature: starves(),
        first: service!(qp::v0_2_1::app()),
        fixed: service!(qp::v0_2_1_wake::app()),
    }
}

macro_rules! tests {
    ($($defect:ident),*) => {
        $(mod $defect {
            #[test]
            fn is_found_and_reduced() {
                super::$defect().is_found_and_reduced();
            }

            #[test]
            fn is_the_same_elsewhere() {
                super::$defect().is_the_same_elsewhere(stringify!($defect));
            }

            #[test]
            #[ignore = "for is_the_same_elsewhere"]
            fn digest() {
                println!("{}", super::$defect().digest());
            }

            #[test]
            fn is_pinned() {
                super::$defect().is_pinned();
            }

            #[test]
            #[ignore = "a campaign"]
            fn campaign() {
                super::$defect().campaign();
            }
        })*
    };
}

tests!(
    bb8_167,
    deadpool_205,
    redis_recycling,
    bb8_check,
    bb8_notify,
    mobc_63,
    mobc_count,
    qp_wake
);

mod digests {
    use super::determinism::{Example, are_the_same_everywhere, print};

    macro_rules! both {
        ($($defect:ident),*) => {
            [$(
                (stringify!($defect), super::$defect().first),
                (concat!(stringify!($defect), ", fixed"), super::$defect().fixed),
            )*]
        };
    }

    fn examples() -> [Example; 16] {
        both!(
            bb8_167,
            deadpool_205,
            redis_recycling,
            bb8_check,
            bb8_notify,
            mobc_63,
            mobc_count,
            qp_wake
        )
    }

    #[test]
    #[ignore = "for the test below"]
    fn printed() {
        print(super::POOL, &examples());
    }

    #[test]
    #[ignore = "a campaign"]
    fn campaign() {
        are_the_same_everywhere(super::POOL, &examples(), "digests::printed");
    }
}

/// What a user writes beside the manager, without lines of brackets alone.
#[test]
fn each_service_has_at_most_twenty_lines() {
    let services = [
        include_str!("../../src/bb8.rs"),
        include_str!("../../src/deadpool.rs"),
        include_str!("../../src/mobc.rs"),
        include_str!("../../src/qp.rs"),
        include_str!("../../src/redis.rs"),
    ];
    for text in services {
        let (_, rest) = text.split_once("// service: begin\n").unwrap();
        let (service, _) = rest.split_once("// service: end\n").unwrap();
        let lines = service.lines().map(str::trim_start);
        let lines = lines.filter(|it| !it.starts_with("//") && it.contains(char::is_alphanumeric));
        assert!(lines.count() <= 20, "{service}");
    }
}
