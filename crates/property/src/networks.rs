//! Strategies for the link between the hosts.
//!
//! All shrink towards the default [`DirectionSettings`]: 20 ms delay, no loss, reordering, duplication or
//! corruption. Loss is given by the ping success rate and, for outages, by their mean length.
//!
//! No link is slower than 64 kbit/s. At 9600 bit/s the first full segments of ten associations
//! opened at once outlast TCP's five retransmissions, which start at 300 ms, so no message of 16
//! KiB gets through even without loss (congestion collapse, RFC 896), whatever the build.

use config::plan::{BitRate, DirectionSettings, IndependentLoss, Loss, Outages, Scope};
use kernel::{Duration, Ratio};
use proptest::prelude::*;

/// Ping success rates are multiples of 1/16.
const SIXTEENTHS: u64 = 16;

/// A link with default delay and no faults.
pub fn clean_link() -> impl Strategy<Value = DirectionSettings> {
    Just(DirectionSettings::default())
}

/// A link with outages in both directions at once: `ping_success` in sixteenths, from 1 to 15, and
/// the mean outage in seconds, at least 1. It shrinks towards few and short outages.
///
/// ```
/// use property::bursty_link;
/// use proptest::prelude::*;
///
/// proptest!(|(link in bursty_link(1..=8, 1..=240))| {
///     let has_outages = matches!(link.loss, config::plan::Loss::Outages { .. });
///     prop_assert!(has_outages);
/// });
/// ```
pub fn bursty_link(
    ping_success: std::ops::RangeInclusive<u64>,
    mean_outage: std::ops::RangeInclusive<u64>,
) -> impl Strategy<Value = DirectionSettings> {
    let failure = SIXTEENTHS - ping_success.end()..=SIXTEENTHS - ping_success.start();
    (failure, mean_outage).prop_map(|(failure, seconds)| DirectionSettings {
        loss: Loss::Outages {
            outages: Outages::Calibrated {
                ping_success: sixteenths(SIXTEENTHS - failure),
                mean_outage: Duration::from_secs(seconds),
            },
            scope: Scope::Shared,
        },
        ..DirectionSettings::default()
    })
}

/// Any link: clean, with independent loss, or bursty; slow or fast, with packets reordered,
/// duplicated or corrupted.
pub fn networks() -> impl Strategy<Value = DirectionSettings> {
    let independent = (1..SIXTEENTHS).prop_map(|failure| DirectionSettings {
        loss: Loss::Independent(IndependentLoss::PingSuccess(sixteenths(
            SIXTEENTHS - failure,
        ))),
        ..DirectionSettings::default()
    });
    let link = prop_oneof![
        1 => clean_link(),
        1 => independent,
        // More often than the others: timeouts of opens, which Q303102 needs, come from outages
        // that outlast a connect.
        3 => bursty_link(1..=14, 1..=240),
    ];
    // The defaults come first: a selection shrinks towards its first item.
    let delays = prop::sample::select(vec![20, 1, 80, 150, 400]);
    let rates = prop::sample::select(vec![None, Some(256_000), Some(64_000)]);
    let flaws = prop::collection::vec(0..8_u64, 3);
    (link, delays, rates, flaws).prop_map(|(link, delay, rate, flaws)| DirectionSettings {
        delay: Duration::from_millis(delay),
        bandwidth: rate.map(|bits_per_second| BitRate { bits_per_second }),
        reorder: hundredths(flaws[0]),
        duplicate: hundredths(flaws[1]),
        corrupt: hundredths(flaws[2]),
        ..link
    })
}

fn sixteenths(count: u64) -> Ratio {
    Ratio::new(count, SIXTEENTHS).expect("at most one")
}

/// Zero for most drawn values, else a few hundredths.
fn hundredths(drawn: u64) -> Ratio {
    // Most links have none: a link that does everything at once hides which flaw a failure needs.
    match drawn.saturating_sub(5) {
        0 => Ratio::ZERO,
        count => Ratio::new(count, 100).expect("at most one"),
    }
}
