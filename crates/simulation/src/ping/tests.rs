//! Law 5: what a ping measures agrees with the link's closed form.

use kernel::{Duration, Instant, Ratio};

use super::{PingError, Plan, Report, ping};
use config::plan::{
    Build, GilbertElliott, Host, IndependentLoss, Link, Loss, OutageWindow, Outages, Scenario,
    Scope,
};

fn scenario(link: Link) -> Scenario {
    let mut scenario = Scenario::new("t", "w", Duration::from_secs(1));
    for name in ["A", "B"] {
        let host = Host::new(Build::V4_0_993_6);
        scenario.hosts.insert(name.to_owned(), host);
    }
    scenario.links.insert("wan".to_owned(), link);
    scenario
}

fn lossy(loss: Loss) -> Scenario {
    let mut link = Link::new("A", "B");
    link.forward.loss = loss;
    link.backward.loss = loss;
    scenario(link)
}

fn share(numerator: u64, denominator: u64) -> Ratio {
    Ratio::new(numerator, denominator).expect("a share")
}

fn outages(success: Ratio, mean_outage: Duration, scope: Scope) -> Loss {
    let ping_success = success;
    let outages = Outages::Calibrated {
        ping_success,
        mean_outage,
    };
    Loss::Outages { outages, scope }
}

/// Whether so many answers of so many pings lie within four standard deviations of the closed
/// form, where `inflation` counts how many pings know as little as one: in whole numbers,
/// (k D - n N)^2 <= 16 n N (D - N) inflation, with the share as N / D in millionths.
fn agrees(report: &Report, inflation: u128) -> bool {
    let form = report.closed_form;
    let whole = 1_000_000_u128;
    let expected = u128::from(form.numerator()) * whole / u128::from(form.denominator());
    let (sent, got) = (report.replies.len() as u128, u128::from(report.received()));
    let apart = (got * whole).abs_diff(sent * expected);
    apart * apart <= 16 * sent * expected * (whole - expected) * inflation
}

/// Pings so far apart that they know nothing of each other.
const APART: Plan = Plan {
    count: 4_000,
    interval: Duration::from_secs(900),
    patience: Duration::from_secs(1),
    length: 32,
};

#[test]
fn the_measured_share_is_that_of_the_closed_form() {
    let eighth = share(1, 8);
    let half = share(1, 2);
    let thirty = Duration::from_secs(30);
    let burst = |scope| Loss::GilbertElliott {
        chain: GilbertElliott::Calibrated {
            ping_success: half,
            mean_burst: 4,
        },
        scope,
    };
    let models = [
        (Loss::None, 1),
        (Loss::Independent(IndependentLoss::PingSuccess(eighth)), 1),
        (Loss::Independent(IndependentLoss::Loss(share(1, 10))), 1),
        (outages(eighth, thirty, Scope::Shared), 1),
        (outages(eighth, thirty, Scope::PerDirection), 1),
        (
            outages(share(9, 10), Duration::from_secs(5), Scope::Shared),
            1,
        ),
        // A chain that steps by packet remembers, whatever the interval. With 1 - p - r = 0.58
        // (0.65 each way) kept from ping to ping, (1 + 0.65) / (1 - 0.65) count for one.
        (burst(Scope::Shared), 5),
        (burst(Scope::PerDirection), 5),
    ];
    for (loss, inflation) in models {
        for seed in 1..=5 {
            let report = ping(&lossy(loss), seed, "wan", APART).expect("the link is there");
            assert!(
                agrees(&report, inflation),
                "{loss:?}, seed {seed}: {} of {} instead of {:?}",
                report.received(),
                report.replies.len(),
                report.closed_form
            );
        }
    }
}

/// One ping a second, as NT does it. Good times of 4.5 s and outages of 30 s keep a share of
/// exp(-1/4.5 - 1/30) = 0.77 from one to the next, so that (1 + 0.77) / (1 - 0.77) count for one.
#[test]
fn pings_a_second_apart_agree_as_far_as_they_know_anything() {
    let loss = outages(share(1, 8), Duration::from_secs(30), Scope::Shared);
    for seed in 1..=5 {
        let plan = Plan::windows_nt(100_000);
        let report = ping(&lossy(loss), seed, "wan", plan).expect("the link is there");
        assert!(agrees(&report, 8), "seed {seed}: {}", report.received());
    }
}

#[test]
fn a_reply_takes_the_delays_of_both_ways_and_comes_in_time_or_not_at_all() {
    let mut link = Link::new("A", "B");
    link.forward.delay = Duration::from_millis(300);
    link.backward.delay = Duration::from_millis(700);
    let report = ping(&scenario(link.clone()), 1, "wan", Plan::windows_nt(3));
    let report = report.expect("the link is there");
    assert_eq!(report.replies, [Some(Duration::from_secs(1)); 3]);
    assert_eq!(report.times(), Some([Duration::from_secs(1); 3]));
    link.backward.delay = Duration::from_nanos(700_000_001);
    let report = ping(&scenario(link), 1, "wan", Plan::windows_nt(3));
    let report = report.expect("the link is there");
    assert_eq!((report.received(), report.times()), (0, None));
}

#[test]
fn a_pinned_outage_swallows_the_pings_within() {
    let mut scenario = scenario(Link::new("A", "B"));
    let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    scenario.pins.outages.push(OutageWindow {
        link: "wan".to_owned(),
        from: at(2),
        to: at(4),
    });
    let report = ping(&scenario, 1, "wan", Plan::windows_nt(6)).expect("the link is there");
    let answered: Vec<bool> = report.replies.iter().map(Option::is_some).collect();
    assert_eq!(answered, [true, true, false, false, true, true]);
}

#[test]
fn one_seed_is_one_series_and_a_longer_one_begins_with_a_shorter() {
    let scenario = lossy(Loss::Independent(IndependentLoss::PingSuccess(share(1, 2))));
    let series = |seed, count| {
        let report = ping(&scenario, seed, "wan", Plan::windows_nt(count));
        report.expect("the link is there").replies
    };
    assert_eq!(series(7, 100), series(7, 100));
    assert_eq!(series(7, 100), series(7, 200)[..100]);
    assert_ne!(series(7, 100), series(8, 100));
}

#[test]
fn what_cannot_be_pinged_is_said() {
    let scenario = scenario(Link::new("A", "B"));
    let refusal = |link, count| {
        let refused = ping(&scenario, 1, link, Plan::windows_nt(count));
        refused.expect_err("it is refused").to_string()
    };
    assert_eq!(
        refusal("lan", 4),
        "the scenario has no link `lan`; its links are: wan"
    );
    assert_eq!(refusal("wan", 1_000_001), "1000001 pings exceed 1000000");
    let mut bare = scenario.clone();
    bare.links.clear();
    let refused = ping(&bare, 1, "wan", Plan::windows_nt(1)).expect_err("there is none");
    assert_eq!(
        refused,
        PingError::UnknownLink {
            asked: "wan".to_owned(),
            known: vec![]
        }
    );
    assert!(refused.to_string().ends_with("its links are: none"));
}
