//! What the leak rate depends on: the session's disconnect timer, outage length, ping success.
//!
//! The critical value of the timer is arithmetic: connect() attempts times the profile's connect time.
//! The law about outages concerns one open request: the fraction of requests that leak. It holds where
//! the line is good for long enough at a time for TCP to connect. Leaks per hour differ: at the same ping
//! success, shorter outages break more associations, and each break causes another request.

use kernel::JournalEntry;
use simulation::Outcome;
use simulation::record::Record;

use super::{leaks, leaks_of, pair, run_with_records};

const TIMERS: [&str; 4] = ["120s", "240s", "360s", "600s"];
const OUTAGES: [&str; 6] = ["5s", "10s", "30s", "60s", "120s", "240s"];

/// The results of the open requests of PARIS, which is never called.
#[derive(Clone, Copy, Debug, Default)]
struct Opens {
    requested: u64,
    leaked: u64,
    nanos: u64,
}

impl Opens {
    fn add(&mut self, outcome: &Outcome) {
        let paris = outcome.host_named("PARIS").expect("it is in the pair");
        let requested = outcome
            .records
            .iter()
            .filter(|JournalEntry { record, .. }| {
                matches!(record, Record::Mta(host, _, mta::Record::Fact(mta::Fact::BlockBound(..)))
                if *host == paris)
            });
        self.requested += requested.count() as u64;
        self.leaked += leaks_of(outcome);
        self.nanos += outcome.simulated.nanos();
    }

    fn share(self) -> f64 {
        self.leaked as f64 / self.requested as f64
    }

    /// The standard deviation of a binomial proportion.
    fn deviation(self) -> f64 {
        (self.share() * (1.0 - self.share()) / self.requested as f64).sqrt()
    }

    fn per_hour(self) -> f64 {
        self.leaked as f64 / (self.nanos as f64 / 3.6e12)
    }

    /// By how many standard deviations its proportion is above another's.
    fn above(self, other: Self) -> f64 {
        // Two zeros differ by nothing; their deviation is zero as well.
        if self.leaked == 0 && other.leaked == 0 {
            return 0.0;
        }
        (self.share() - other.share()) / self.deviation().hypot(other.deviation())
    }
}

fn opens(success: &str, outage: &str, seeds: u64) -> Opens {
    let scenario = pair(&[&outages(success, outage)]);
    let mut opens = Opens::default();
    for seed in 1..=seeds {
        opens.add(&run_with_records(&scenario, seed));
    }
    opens
}

fn outages(success: &str, outage: &str) -> String {
    format!("link.wan.loss.outages={{ ping_success = \"{success}\", mean_outage = \"{outage}\" }}")
}

fn by_timer(timer: &str, more: &[&str], seeds: u64) -> u64 {
    let timer = format!("connector.paris-lyon.session_disconnect={timer}");
    let settings: Vec<&str> = [timer.as_str()].iter().chain(more).copied().collect();
    leaks(&settings, seeds)
}

/// Q193894 and Q200259 give a longer timer as the workaround.
#[test]
fn the_leak_rate_falls_with_the_session_timer_and_is_zero_from_360_s() {
    let long = "link.wan.loss.outages={ ping_success = \"1/8\", mean_outage = \"60s\" }";
    let leaks = TIMERS.map(|timer| by_timer(timer, &[long], 4));
    let [two, four, six, ten] = leaks;
    assert!(two > 2 * four && four > 0, "{leaks:?}");
    assert_eq!((six, ten), (0, 0));
}

/// Over a dead link every open request leaks if the timer precedes the last attempt, else none.
#[test]
fn the_critical_timer_is_attempts_times_the_profiles_connect_time() {
    for (profile, attempts, critical) in [
        ("nt4", 1, 45),
        ("nt4", 3, 135),
        ("nt4", 7, 315),
        ("w2k", 1, 21),
        ("w2k", 5, 105),
        ("w2k", 7, 147),
        ("linux", 2, 254),
    ] {
        let profile = format!("host.PARIS.tcp={profile}");
        let attempts = format!("host.PARIS.connect_attempts={attempts}");
        let dead = [
            profile.as_str(),
            attempts.as_str(),
            "link.wan.loss=none",
            "fault.dead.cut={ link = \"wan\", silent = true }",
            "fault.dead.window=[\"0s\", \"10h\"]",
            "workload.mail.limit=1",
        ];
        let before = by_timer(&format!("{}s", critical - 1), &dead, 1);
        let after = by_timer(&format!("{}s", critical + 1), &dead, 1);
        assert!(before > 20, "{profile} {attempts}: {before} leaks");
        assert_eq!(after, 0, "{profile} {attempts}");
    }
}

#[test]
fn a_route_that_is_withdrawn_fails_every_attempt_at_once_and_leaks_nothing() {
    let withdrawn = [
        "link.wan.loss=none",
        "fault.dead.cut={ link = \"wan\" }",
        "fault.dead.window=[\"0s\", \"10h\"]",
    ];
    assert_eq!(leaks(&withdrawn, 1), 0);
}

#[test]
fn the_share_of_open_requests_that_leak_rises_with_the_length_of_outages() {
    let found = OUTAGES.map(|outage| opens("1/8", outage, 2));
    check_rise(&found);
    let [shortest, .., longest] = found;
    assert!(longest.above(shortest) > 5.0, "{found:?}");
}

/// No proportion is below the one before it by more than chance allows: three standard deviations.
fn check_rise(found: &[Opens]) {
    for pair in found.windows(2) {
        assert!(pair[1].above(pair[0]) > -3.0, "{pair:?}");
    }
}

/// The same ping success has another effect: without bursts one of a peer's repeated SYN-ACKs
/// arrives eventually, and hardly any connect lasts two minutes.
#[test]
fn independent_and_bursty_loss_of_one_ping_success_differ() {
    let independent = leaks(
        &["link.wan.loss={ independent = { ping_success = \"1/8\" } }"],
        3,
    );
    let bursty = leaks(&[&outages("1/8", "120s")], 3);
    assert!(bursty > 2 * independent, "{bursty} against {independent}");
}

#[test]
#[ignore = "campaign: 100 seeds for each of nine settings"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_leaks_by_session_timer() {
    let w2k = ["host.PARIS.tcp=w2k"];
    let long = ["link.wan.loss.outages={ ping_success = \"1/8\", mean_outage = \"60s\" }"];
    for (name, more) in [
        ("nt4, outages 30 s", &[][..]),
        ("nt4, outages 60 s", &long),
        ("w2k, outages 30 s", &w2k),
    ] {
        let counts = TIMERS.map(|timer| by_timer(timer, more, 100));
        println!("{name}: leaks in 100 runs of 8 h by timer {TIMERS:?}: {counts:?}");
        assert!(counts.is_sorted_by(|more, fewer| more >= fewer));
        assert_eq!(counts[2..], [0, 0]);
    }
}

#[test]
#[ignore = "campaign: 12 seeds for each of thirty settings"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_leaks_by_ping_success_and_outage() {
    let successes = ["1/16", "1/8", "1/4", "1/2", "3/4"];
    println!("of 1000 open requests leak, and blocks an hour, by mean outage {OUTAGES:?}");
    let rows = successes.map(|success| {
        let row = OUTAGES.map(|outage| opens(success, outage, 12));
        let shares = row.map(|it| format!("{:.0}", 1_000.0 * it.share()));
        let rates = row.map(|it| format!("{:.2}", it.per_hour()));
        let requested = row.map(|it| it.requested);
        println!("ping success {success}: {shares:?}, {rates:?}; of {requested:?} requests");
        row
    });
    // With one ping in sixteen and outages of 5 s the line is good for a third of a second at a time,
    // hardly more than the 200 ms of a round trip: fewer attempts find room than with outages of 10 s.
    let [shortest, longer, ..] = rows[0];
    assert!(shortest.above(longer) > 3.0, "{shortest:?} {longer:?}");
    check_rise(&rows[0][1..]);
    rows[1..].iter().for_each(|row| check_rise(row));
    for row in &rows {
        assert!(row[5].above(row[0]) > 5.0, "longer outages leak more");
    }
    for outage in 0..OUTAGES.len() {
        for pair in rows.windows(2) {
            let better = pair[1][outage].share();
            assert!(
                better <= pair[0][outage].share(),
                "a better link leaks less: {pair:?}"
            );
        }
    }
}
