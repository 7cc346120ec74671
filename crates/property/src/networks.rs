//! Strategies for the link between two hosts.
//!
//! Owns how bad a line can be made up. Whatever it is, it shrinks towards [`Direction::DEFAULT`]:
//! 20 ms, no loss, nothing reordered, repeated or damaged. It refuses lines that a ping cannot
//! describe: loss is given by ping success and, where it comes in outages, their mean length. It
//! refuses lines below 64 kbit/s, too: at 9600 bit/s the first full segments of ten associations
//! opened at once outlast TCP's five retransmissions, which start at 300 ms, so that no message
//! of 16 KiB gets through a flawless line (congestion collapse, RFC 896), whatever the build.

use config::plan::{Bandwidth, Direction, IndependentLoss, Loss, Outages, Scope};
use kernel::{Duration, Ratio};
use proptest::prelude::*;

/// Ping success is made up in sixteenths.
const SIXTEENTHS: u64 = 16;

/// A line without a flaw.
pub fn clean_link() -> impl Strategy<Value = Direction> {
    Just(Direction::DEFAULT)
}

/// A line that is up and down in turns, both ways at once: `ping_success` in sixteenths, from 1
/// to 15, and the mean length of an outage in seconds, at least 1. It shrinks towards few and
/// short outages.
///
/// ```
/// use property::bursty_link;
/// use proptest::prelude::*;
///
/// proptest!(|(line in bursty_link(1..=8, 1..=240))| {
///     let comes_and_goes = matches!(line.loss, config::plan::Loss::Outages { .. });
///     prop_assert!(comes_and_goes);
/// });
/// ```
pub fn bursty_link(
    ping_success: std::ops::RangeInclusive<u64>,
    mean_outage: std::ops::RangeInclusive<u64>,
) -> impl Strategy<Value = Direction> {
    let failure = SIXTEENTHS - ping_success.end()..=SIXTEENTHS - ping_success.start();
    (failure, mean_outage).prop_map(|(failure, seconds)| Direction {
        loss: Loss::Outages {
            outages: Outages::Calibrated {
                ping_success: sixteenths(SIXTEENTHS - failure),
                mean_outage: Duration::from_secs(seconds),
            },
            scope: Scope::Shared,
        },
        ..Direction::DEFAULT
    })
}

/// Any link: clean, with independent loss, or bursty; slow or fast, with packets reordered, duplicated
/// or corrupted.
pub fn networks() -> impl Strategy<Value = Direction> {
    let independent = (1..SIXTEENTHS).prop_map(|failure| Direction {
        loss: Loss::Independent(IndependentLoss::PingSuccess(sixteenths(
            SIXTEENTHS - failure,
        ))),
        ..Direction::DEFAULT
    });
    let line = prop_oneof![
        1 => clean_link(),
        1 => independent,
        3 => bursty_link(1..=14, 1..=240),
    ];
    // As the default first: that is where they shrink to.
    let delays = prop::sample::select(vec![20, 1, 80, 150, 400]);
    let rates = prop::sample::select(vec![None, Some(256_000), Some(64_000)]);
    let flaws = prop::collection::vec(0..8_u64, 3);
    (line, delays, rates, flaws).prop_map(|(line, delay, rate, flaws)| Direction {
        delay: Duration::from_millis(delay),
        bandwidth: rate.map(|bits_per_second| Bandwidth { bits_per_second }),
        reorder: hundredths(flaws[0]),
        duplicate: hundredths(flaws[1]),
        corrupt: hundredths(flaws[2]),
        ..line
    })
}

fn sixteenths(count: u64) -> Ratio {
    Ratio::new(count, SIXTEENTHS).expect("a share of sixteen")
}

/// Most lines have no flaw of a kind, and the others a small one.
fn hundredths(drawn: u64) -> Ratio {
    match drawn.saturating_sub(5) {
        0 => Ratio::ZERO,
        count => Ratio::new(count, 100).expect("a share of a hundred"),
    }
}
