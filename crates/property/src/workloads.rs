//! Strategies for the messages of a connector, as a list of times.
//!
//! A message can be removed without moving the others. They shrink towards one small message at the
//! start.

use config::plan::{Arrivals, ByteSize, SizeRange, Workload};
use kernel::{Duration, Instant};
use proptest::prelude::*;

/// The connector's name until [`Cases`](crate::Cases) sets it.
pub(crate) const UNNAMED: &str = "unnamed";

/// Messages at up to `times` whole seconds within `span`: one, four or twelve at each; all of one
/// size, 1, 4 or 16 KiB.
///
/// # Panics
/// If `times` is zero or `span` shorter than a second.
pub fn workloads(times: usize, span: Duration) -> impl Strategy<Value = Workload> {
    assert!(times > 0, "a workload has a message");
    assert!(
        span.whole_secs() > 0,
        "messages are submitted at whole seconds"
    );
    // Messages that come together make a connector open several associations, each with a block.
    let together = prop::sample::select(vec![1, 4, 12_usize]);
    let seconds = prop::collection::vec((0..span.whole_secs(), together), 1..=times);
    let sizes = prop::sample::select(vec![1, 4, 16_u64]);
    (seconds, sizes).prop_map(|(mut seconds, kib)| {
        // The format wants ascending times. Sorting here keeps each drawn second removable by
        // itself.
        seconds.sort_unstable();
        let every = seconds
            .into_iter()
            .flat_map(|(second, together)| std::iter::repeat_n(second, together));
        let at = every.map(|second| Instant::ZERO + Duration::from_secs(second));
        Workload {
            size: SizeRange::exactly(ByteSize(kib * 1024)),
            ..Workload::new(UNNAMED, Arrivals::At(at.collect()))
        }
    })
}
