//! The measured fraction of replies agrees with the expected one.

use kernel::{Duration, Instant, JournalEntry, Ratio};

use super::{EchoReply, PingError, PingReport, PingSeries, ping};
use crate::record::{Record, Stage};
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

fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio::new(numerator, denominator).expect("a ratio")
}

fn outages(success: Ratio, mean_outage: Duration, scope: Scope) -> Loss {
    let ping_success = success;
    let outages = Outages::Calibrated {
        ping_success,
        mean_outage,
    };
    Loss::Outages { outages, scope }
}

/// Whether the number of replies k of n pings lies within four standard deviations of its
/// expectation. Pings are correlated: `inflation` of them carry the information of one independent
/// ping. In integers: (k D - n N)^2 <= 16 n N (D - N) inflation, for the fraction N / D in millionths.
fn agrees(report: &PingReport, inflation: u128) -> bool {
    let fraction = report.expected;
    let whole = 1_000_000_u128;
    let expected = u128::from(fraction.numerator()) * whole / u128::from(fraction.denominator());
    let (sent, got) = (report.replies.len() as u128, u128::from(report.received()));
    let apart = (got * whole).abs_diff(sent * expected);
    apart * apart <= 16 * sent * expected * (whole - expected) * inflation
}

/// Pings so far apart that they are independent.
const APART: PingSeries = PingSeries {
    count: 4_000,
    start: Instant::ZERO,
    interval: Duration::from_secs(900),
    timeout: Duration::from_secs(1),
    length: 32,
};

#[test]
fn the_measured_fraction_is_the_expected_one() {
    let eighth = ratio(1, 8);
    let half = ratio(1, 2);
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
        (Loss::Independent(IndependentLoss::Loss(ratio(1, 10))), 1),
        (outages(eighth, thirty, Scope::Shared), 1),
        (outages(eighth, thirty, Scope::PerDirection), 1),
        (
            outages(ratio(9, 10), Duration::from_secs(5), Scope::Shared),
            1,
        ),
        // A chain that advances once per packet has the same correlation at any interval:
        // 1 - p - r = 0.58 (0.65 in each direction) from ping to ping, and
        // (1 + 0.65) / (1 - 0.65) pings are worth one.
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
                report.expected
            );
        }
    }
}

/// Bursts of `mean` packets, calibrated for one ping in eight.
fn bursts(mean: u32, scope: Scope) -> Loss {
    Loss::GilbertElliott {
        chain: GilbertElliott::Calibrated {
            ping_success: ratio(1, 8),
            mean_burst: mean,
        },
        scope,
    }
}

/// A link with `loss`, and with `change` applied to both directions.
fn changed(loss: Loss, change: impl Fn(&mut config::plan::DirectionSettings)) -> Link {
    let mut link = Link::new("A", "B");
    for direction in [&mut link.forward, &mut link.backward] {
        direction.loss = loss;
        change(direction);
    }
    link
}

fn slow(bits_per_second: u64) -> Link {
    let loss = outages(ratio(1, 8), Duration::from_secs(1), Scope::Shared);
    changed(loss, |it| {
        it.bandwidth = Some(config::plan::BitRate { bits_per_second })
    })
}

/// What the key `ping_success` says is what `ping` measures, in every loss model.
#[test]
fn ping_measures_what_ping_success_says() {
    let eighth = ratio(1, 8);
    let second = Duration::from_secs(1);
    let mut one_way = Vec::new();
    for loss in [
        Loss::Independent(IndependentLoss::PingSuccess(eighth)),
        bursts(10, Scope::Shared),
        outages(eighth, second, Scope::Shared),
    ] {
        let mut link = Link::new("A", "B");
        link.backward.loss = loss;
        one_way.push((link.clone(), 10));
        std::mem::swap(&mut link.forward, &mut link.backward);
        one_way.push((link, 10));
    }
    let links = [
        // As many pings are worth one as a burst has packets, or a little more.
        (changed(bursts(10, Scope::Shared), |_| {}), 20),
        (changed(bursts(1, Scope::Shared), |_| {}), 4),
        (changed(bursts(10, Scope::PerDirection), |_| {}), 20),
        (slow(64_000), 1),
        (slow(9_600), 1),
        (slow(2_400), 1),
        (
            changed(outages(eighth, second, Scope::Shared), |it| {
                it.jitter = Duration::from_millis(100)
            }),
            1,
        ),
        (
            changed(outages(eighth, second, Scope::Shared), |it| {
                it.corrupt = ratio(1, 20)
            }),
            1,
        ),
        (
            changed(bursts(10, Scope::Shared), |it| it.corrupt = ratio(1, 20)),
            20,
        ),
    ];
    // Twenty mean outages apart, pings are independent.
    let apart = PingSeries {
        count: 10_000,
        start: Instant::ZERO,
        interval: Duration::from_secs(20),
        ..APART
    };
    for (link, inflation) in links.into_iter().chain(one_way) {
        let report = ping(&scenario(link.clone()), 3, "wan", apart).expect("the link is there");
        let (wanted, expected) = (eighth, report.expected);
        let millionths =
            |it: Ratio| u128::from(it.numerator()) * 1_000_000 / u128::from(it.denominator());
        let off = millionths(expected).abs_diff(millionths(wanted));
        assert!(off <= 10, "{link:?}: {expected:?}");
        assert!(
            agrees(&report, inflation),
            "{link:?}: {} of 20000",
            report.received()
        );
    }
}

#[test]
fn a_ping_success_that_no_loss_gives_is_refused() {
    let refusal = |link: Link| {
        let error = ping(&scenario(link), 1, "wan", PingSeries::windows_nt(1));
        error.expect_err("it is refused").to_string()
    };
    let eighth = Loss::Independent(IndependentLoss::PingSuccess(ratio(1, 8)));
    let mut link = Link::new("A", "B");
    link.forward.loss = eighth;
    link.backward.loss = Loss::Independent(IndependentLoss::PingSuccess(ratio(1, 2)));
    let crosses = "link wan: a ping crosses both directions: beside a `ping_success` in one, the \
                   other must have the same one or lose nothing";
    assert_eq!(refusal(link.clone()), crosses);
    link.backward.loss = Loss::Independent(IndependentLoss::Loss(ratio(1, 2)));
    assert_eq!(refusal(link), crosses);
    assert_eq!(
        refusal(changed(eighth, |it| it.corrupt = ratio(3, 4))),
        "link wan: damaged packets alone leave a ping success of less than is wanted"
    );
}

/// One ping per second, as on NT. With good times of 4.5 s and outages of 30 s the correlation is
/// exp(-1/4.5 - 1/30) = 0.77 from one ping to the next, so (1 + 0.77) / (1 - 0.77) pings are worth
/// one.
#[test]
fn correlated_pings_agree_within_wider_bounds() {
    let loss = outages(ratio(1, 8), Duration::from_secs(30), Scope::Shared);
    for seed in 1..=5 {
        let plan = PingSeries::windows_nt(100_000);
        let report = ping(&lossy(loss), seed, "wan", plan).expect("the link is there");
        assert!(agrees(&report, 8), "seed {seed}: {}", report.received());
    }
}

#[test]
fn a_reply_takes_the_delays_of_both_directions_and_is_lost_after_the_timeout() {
    let mut link = Link::new("A", "B");
    link.forward.delay = Duration::from_millis(300);
    link.backward.delay = Duration::from_millis(700);
    let report = ping(&scenario(link.clone()), 1, "wan", PingSeries::windows_nt(3));
    let report = report.expect("the link is there");
    assert_eq!(
        report.replies,
        [EchoReply::Received(Duration::from_secs(1)); 3]
    );
    assert_eq!(report.times(), Some([Duration::from_secs(1); 3]));
    link.backward.delay = Duration::from_nanos(700_000_001);
    let report = ping(&scenario(link), 1, "wan", PingSeries::windows_nt(3));
    let report = report.expect("the link is there");
    assert_eq!((report.received(), report.times()), (0, None));
}

#[test]
fn a_pinned_outage_drops_the_pings_in_it() {
    let mut scenario = scenario(Link::new("A", "B"));
    let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    scenario.pins.outages.push(OutageWindow {
        link: "wan".to_owned(),
        from: at(2),
        to: at(4),
    });
    let report = ping(&scenario, 1, "wan", PingSeries::windows_nt(6)).expect("the link is there");
    let answered: Vec<bool> = report
        .replies
        .iter()
        .map(|it| it.time().is_some())
        .collect();
    assert_eq!(answered, [true, true, false, false, true, true]);
}

/// All kinds of faults that a ping can meet.
const INTERRUPTED: &str = r#"
title = "Interrupted"
why = "Cuts and crashes, listed, at random and for a window"
duration = "30m"
healing = "10m"
[host.A]
build = "5.5.2655.16"
[host.B]
build = "5.5.2655.16"
[link.wan]
between = ["A", "B"]
delay = "100ms"
[fault.withdrawn]
cut = { link = "wan", for = "90s" }
at = ["5m", "6m"]
[fault.silent]
cut = { link = "wan", silent = true }
random = { mean_interval = "4m", mean_duration = "40s" }
[fault.back]
cut = { link = "wan", from = "B" }
window = ["20m", "21m"]
[fault.crash]
crash = { host = "B", restart_after = "2m" }
at = "10m"
[fault.off]
crash = { host = "A", restart_after = "1m" }
at = "15m"
"#;

/// What a run with the same seed records of its faults decides which pings are answered.
#[test]
fn a_ping_is_answered_unless_the_run_cuts_the_link_or_a_host_is_down() {
    let scenario = config::file::load("t", INTERRUPTED.as_bytes(), &[]).expect("a scenario");
    let options = crate::Options { keep_records: true };
    let outcome = crate::run(&scenario, 3, options).expect("it runs");
    let names: Vec<&String> = scenario.faults.keys().collect();
    let mut settings = PingSeries::windows_nt(35 * 60);
    settings.start = Instant::ZERO + Duration::from_millis(500);
    let report = ping(&scenario, 3, "wan", settings).expect("the link is there");
    let mut seen = [0_u32; 3];
    for (number, reply) in (0_u64..).zip(&report.replies) {
        let sent = settings.start + Duration::from_secs(number);
        // When the request is sent, when it arrives and the reply is sent, when the reply arrives.
        let [request, turn, back] = [0, 100, 200].map(|millis| {
            let active = active(&outcome, &names, sent + Duration::from_millis(millis));
            move |fault: &str| active.contains(&fault)
        });
        let (kind, wanted) = if request("withdrawn") && (request("silent") || request("off")) {
            continue; // The later cut decides, and a host that is off sends nothing.
        } else if request("withdrawn") {
            (0, EchoReply::Unreachable)
        } else if request("off")
            || request("silent")
            || ["withdrawn", "silent", "back", "crash"]
                .into_iter()
                .any(turn)
            || back("off")
        {
            (1, EchoReply::TimedOut)
        } else {
            (2, EchoReply::Received(Duration::from_millis(200)))
        };
        assert_eq!(*reply, wanted, "at {sent}");
        seen[kind] += 1;
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}

/// The faults that are in force at `at`, by the records of a run.
fn active<'a>(outcome: &crate::Outcome, names: &[&'a String], at: Instant) -> Vec<&'a str> {
    let mut active = Vec::new();
    for JournalEntry { at: when, record } in &outcome.records {
        if *when > at {
            break;
        }
        if let Record::Fault(fault, stage) = record {
            let name = names[*fault as usize].as_str();
            active.retain(|it| *it != name);
            if *stage == Stage::Starts {
                active.push(name);
            }
        }
    }
    active
}

#[test]
fn a_seed_determines_the_series_and_its_prefixes() {
    let scenario = lossy(Loss::Independent(IndependentLoss::PingSuccess(ratio(1, 2))));
    let series = |seed, count| {
        let report = ping(&scenario, seed, "wan", PingSeries::windows_nt(count));
        report.expect("the link is there").replies
    };
    assert_eq!(series(7, 100), series(7, 100));
    assert_eq!(series(7, 100), series(7, 200)[..100]);
    assert_ne!(series(7, 100), series(8, 100));
}

#[test]
fn a_ping_of_an_unknown_link_is_an_error() {
    let scenario = scenario(Link::new("A", "B"));
    let message = |link, count| {
        let error = ping(&scenario, 1, link, PingSeries::windows_nt(count));
        error.expect_err("it is an error").to_string()
    };
    assert_eq!(
        message("lan", 4),
        "the scenario has no link `lan`; its links are: wan"
    );
    assert_eq!(message("wan", 1_000_001), "1000001 pings exceed 1000000");
    let mut bare = scenario.clone();
    bare.links.clear();
    let error = ping(&bare, 1, "wan", PingSeries::windows_nt(1)).expect_err("there is none");
    assert_eq!(
        error,
        PingError::UnknownLink {
            asked: "wan".to_owned(),
            known: vec![]
        }
    );
    assert!(error.to_string().ends_with("its links are: none"));
}

/// A line on which a ping takes 2 * (20 ms + 480 bits / rate), with short outages.
fn slow_line(bits_per_second: u64) -> Scenario {
    let outages = Outages::Times {
        mean_good: Duration::from_millis(1),
        mean_outage: Duration::from_millis(1),
    };
    let mut scenario = lossy(Loss::Outages {
        outages,
        scope: Scope::Shared,
    });
    let link = scenario.links.get_mut("wan").expect("the link");
    for way in [&mut link.forward, &mut link.backward] {
        way.bandwidth = Some(config::plan::BitRate { bits_per_second });
    }
    scenario
}

#[test]
fn a_line_too_slow_for_the_timeout_is_not_simulated() {
    // The queue takes a request every eight minutes for as long as the series lasts, eleven days, with 10^9
    // outages: this ends only because none of them is drawn.
    let settings = PingSeries::windows_nt(super::COUNT_MAX);
    let report = ping(&slow_line(1), 1, "wan", settings).expect("it can be pinged");
    assert_eq!(report.received(), 0);
    assert_eq!(report.replies.len(), super::COUNT_MAX as usize);
}

#[test]
fn the_shortest_round_trip_is_in_time() {
    // 60 bytes at 1,000 bit/s take 480 ms each way, and 20 ms of delay.
    let exactly = PingSeries {
        timeout: Duration::from_secs(1),
        interval: Duration::from_secs(1),
        ..PingSeries::windows_nt(100)
    };
    let scenario = slow_line(1_000);
    let report = ping(&scenario, 1, "wan", exactly).expect("it can be pinged");
    let shortest = report.times().map(|[shortest, ..]| shortest);
    assert_eq!(shortest, Some(Duration::from_secs(1)));
    let less = PingSeries {
        timeout: Duration::from_nanos(999_999_999),
        ..exactly
    };
    let report = ping(&scenario, 1, "wan", less).expect("it can be pinged");
    assert_eq!(report.received(), 0);
}
