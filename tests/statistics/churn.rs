//! Q152941 with a fixed rate of opens and closes: what the hazard grows with, and what it does not.
//!
//! Over a line with outages, longer messages also change how many associations end at one moment. These
//! lines lose nothing, so each message opens and closes about one association, whatever its size.

use std::fmt::Write as _;

use explore::statistics::proportions::{ConfidenceInterval, wilson};
use simulation::Outcome;

use super::{read, run};

/// A 4.0 MTA without locks; its three peers have the fix, so that only PARIS can fail.
const PARIS: &str = r#"
title = "Opens and closes at a fixed rate"
why = "Q152941: a large number of associations being opened and closed"
duration = "10m"

[host.PARIS]
build = "4.0.993.6"
tcp = "nt351"
control_blocks = 62
cpus = 2
race_detector = false

[expect]
only = false
"#;

/// PARIS and its peers. Each of six connectors has a message of this size every `mean`.
fn text(mean: &str, size: &str) -> String {
    let mut text = PARIS.to_owned();
    let sites = [
        ("a", "LYON", "20ms"),
        ("b", "NICE", "30ms"),
        ("c", "METZ", "40ms"),
    ];
    for (number, (line, site, delay)) in (1..).zip(sites) {
        let _ = write!(
            text,
            "[host.{site}]\nbuild = \"4.0.994.2\"\ntcp = \"nt351\"\ncontrol_blocks = 62\n\
             [link.{line}]\nbetween = [\"PARIS\", \"{site}\"]\ndelay = \"{delay}\"\n\
             bandwidth = \"2 Mbit/s\"\n"
        );
        for (way, from, to) in [("o", "PARIS", site), ("i", site, "PARIS")] {
            let _ = write!(
                text,
                "[connector.{way}{number}]\nfrom = \"{from}\"\nto = \"{to}\"\n\
                 lifetime = \"1s\"\n\
                 [workload.{way}{number}]\nconnector = \"{way}{number}\"\n\
                 poisson.mean = \"{mean}\"\nsize = \"{size}\"\n"
            );
        }
    }
    text
}

/// What some seeds of a setting did.
struct Counted {
    crashed: u64,
    /// Crashes of a Driver: its number is even, that of an Async Notify odd.
    of_drivers: u64,
    begun: u64,
}

fn count(mean: &str, size: &str, settings: &[&str], seeds: u64) -> Counted {
    let scenario = read(&text(mean, size), settings);
    let outcomes: Vec<Outcome> = (1..=seeds).map(|seed| run(&scenario, seed)).collect();
    let exceptions = || outcomes.iter().flat_map(|it| &it.exceptions);
    let of_drivers = exceptions().filter(|it| it.number.is_multiple_of(2));
    Counted {
        crashed: exceptions().count() as u64,
        of_drivers: of_drivers.count() as u64,
        begun: outcomes.iter().map(|it| it.associations.begun).sum(),
    }
}

/// A crash ends the service for good, so it is one of `begun` associations that had a chance.
fn per_thousand(counted: &Counted) -> ConfidenceInterval {
    let ConfidenceInterval { low, high } = wilson(counted.crashed, counted.begun);
    ConfidenceInterval {
        low: 1_000.0 * low,
        high: 1_000.0 * high,
    }
}

#[test]
fn more_opens_and_closes_crash_more_often() {
    let [few, many] = ["40s", "5s"].map(|mean| count(mean, "4 KiB", &[], 6).crashed);
    assert!(many > few, "{few} {many}");
}

#[test]
fn more_bytes_do_not() {
    let [few, many] = ["256", "8 KiB"].map(|size| count("5s", size, &["duration=4m"], 10).crashed);
    // Three standard deviations of the difference of two shares of one half.
    assert!(few.abs_diff(many) <= 6 && few + many > 0, "{few} {many}");
}

/// With these builds no association fails for another reason than an empty pool, and each has a
/// word for it: 9156 at PARIS, 289 at the caller (Q166602).
#[test]
fn a_call_that_finds_no_block_is_reported_at_both_ends() {
    let fixed = [
        "host.PARIS.build=4.0.994.2",
        "host.PARIS.control_blocks=2",
        "duration=3m",
    ];
    let scenario = read(&text("10s", "4 KiB"), &fixed);
    let outcome = run(&scenario, 1);
    let counts = outcome.associations;
    let refused = counts.refused + counts.refused_when_called;
    assert!(refused > 0);
    assert_eq!(outcome.events_logged[&9_156], refused);
    assert_eq!(outcome.events_logged[&289], counts.failed());
    assert_eq!(counts.failed(), refused);
}

#[test]
#[ignore = "campaign: 400 seeds for each of twelve settings"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_hazard_by_opens_bytes_and_processors() {
    const SEEDS: u64 = 400;
    let show = |name: &str, mean, size, settings: &[&str]| {
        let counted = count(mean, size, settings, SEEDS);
        let Counted {
            crashed,
            of_drivers,
            begun,
        } = counted;
        let ConfidenceInterval { low, high } = per_thousand(&counted);
        let each = 1_000.0 * crashed as f64 / begun as f64;
        println!(
            "{name}: {crashed} of {SEEDS}, {of_drivers} of them in a Driver, {begun} begun, \
             {each:.2} ({low:.2} to {high:.2}) of 1,000"
        );
        counted
    };
    let opens = ["40s", "20s", "10s", "5s"].map(|mean| show(mean, mean, "4 KiB", &[]));
    assert!(opens.is_sorted_by_key(|it| it.crashed));
    // Q152941 shows a Driver: "[BASE TCP/IP DRVR 10]".
    assert!(opens.iter().all(|it| 2 * it.of_drivers > it.crashed));
    let bytes = ["256", "16 KiB", "64 KiB"].map(|size| show(size, "10s", size, &[]));
    // The share of associations with a crash is one number, inside the interval of each arm.
    let crashed: u64 = bytes.iter().map(|it| it.crashed).sum();
    let begun: u64 = bytes.iter().map(|it| it.begun).sum();
    let pooled = 1_000.0 * crashed as f64 / begun as f64;
    for counted in &bytes {
        let ConfidenceInterval { low, high } = per_thousand(counted);
        assert!((low..=high).contains(&pooled), "{pooled} {low} {high}");
    }
    let processors = [1, 2, 4, 8, 16].map(|number| {
        let setting = format!("host.PARIS.cpus={number}");
        show(&setting, "10s", "4 KiB", &[&setting]).crashed
    });
    assert!(processors[0] < processors[1], "{processors:?}");
}
