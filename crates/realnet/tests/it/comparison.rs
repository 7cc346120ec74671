//! The comparison with the running kernel.

use std::collections::BTreeMap;
use std::env;
use std::thread;

use mtasim_realnet::case::LinkCase;
use mtasim_realnet::real::{Settings, Wanted, missing, transfers};
use mtasim_realnet::simulated;
use mtasim_realnet::summary::TransferSummary;
use mtasim_realnet::table::{self, Compared};
use tcp::Profile;

/// `cargo test --manifest-path crates/realnet/Cargo.toml -- --ignored --nocapture`, as root. `SEEDS=n` for fewer, and
/// `QUICK=1` for those that take seconds.
#[test]
#[ignore = "five minutes of real time; needs root, network namespaces and /dev/net/tun"]
fn the_simulator_and_the_kernel_make_the_same_transfers() {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let seeds = env::var("SEEDS").ok().and_then(|it| it.parse().ok());
    let wanted = wanted(seeds.unwrap_or(50), env::var("QUICK").is_ok());
    let of_kernel = |settings| {
        let wanted = wanted.clone();
        thread::spawn(move || transfers(settings, &wanted))
    };
    let both = [Settings::Comparable, Settings::AsShipped].map(|it| (it, of_kernel(it)));
    for (settings, thread) in both {
        let real = match thread.join().expect("no panic") {
            Ok(real) => real,
            // Root in a container may not make namespaces.
            Err(error) => {
                println!("skipped, {settings:?}: no namespaces or devices: {error}");
                continue;
            }
        };
        let profile = match settings {
            Settings::Comparable => simulated_profile_without_sack(),
            Settings::AsShipped => simulated::profile(),
        };
        println!("\n{settings:?}\n\n{}", table_of(&wanted, &real, &profile));
        // What differs is for a reader to judge. That nothing was compared is not.
        for case in [LinkCase::Clean, LinkCase::OnePercent] {
            let of_case = wanted.iter().zip(&real).filter(|it| it.0.case == case);
            let finished = of_case.filter(|it| it.1.finished.is_some()).count();
            assert!(finished > 0, "no transfer of the kernel finished: {case:?}");
            let ours = simulated::transfer(case, 0, &profile);
            assert!(ours.finished.is_some(), "{case:?}: {ours:?}");
        }
    }
}

fn simulated_profile_without_sack() -> Profile {
    let mut profile = simulated::profile();
    profile.options.sack = false;
    profile
}

/// Each transfer twice: the second shows how much the kernel differs from itself.
fn wanted(seeds: u64, is_quick: bool) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for seed in 0..seeds {
        for case in LinkCase::ALL {
            let is_wanted = match case {
                LinkCase::Clean | LinkCase::OnePercent => true,
                LinkCase::Outages3 | LinkCase::Outages10 => !is_quick,
                // Nothing is random there.
                LinkCase::Silent | LinkCase::NobodyThere => !is_quick && seed < 5,
            };
            if is_wanted {
                wanted.extend([Wanted { case, seed }; 2]);
            }
        }
    }
    wanted
}

fn table_of(wanted: &[Wanted], real: &[TransferSummary], profile: &Profile) -> String {
    let mut cases: BTreeMap<LinkCase, Vec<Compared>> = BTreeMap::new();
    for (wanted, real) in wanted.chunks(2).zip(real.chunks(2)) {
        let Wanted { case, seed } = wanted[0];
        cases.entry(case).or_default().push(Compared {
            real: [real[0].clone(), real[1].clone()],
            simulated: simulated::transfer(case, seed, profile),
        });
    }
    let rows = cases
        .iter()
        .map(|(case, all)| table::rows(case.name(), all));
    table::HEAD.to_owned() + &rows.collect::<String>()
}
