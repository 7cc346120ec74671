//! Strategies for the messages of one connector.
//!
//! Owns how many come, when and how large, as an explicit list: a message that does not matter can
//! be left out and leaves the others where they are. It shrinks towards one small message at
//! the start.

use kernel::{Duration, Instant};
use proptest::prelude::*;
use scenario::plan::{Arrivals, ByteSize, SizeRange, Workload};

/// The connector that [`Cases`](crate::Cases) gives a workload in place of this name.
pub(crate) const UNNAMED: &str = "unnamed";

/// From 1 to `most` messages of 1 to 16 KiB, all of one size, that come at whole seconds within
/// `span`.
///
/// # Panics
/// If `most` is zero or `span` shorter than a second.
pub fn workloads(most: usize, span: Duration) -> impl Strategy<Value = Workload> {
    assert!(most > 0, "a workload has a message");
    assert!(span.whole_secs() > 0, "messages come at whole seconds");
    let times = prop::collection::vec(0..span.whole_secs(), 1..=most);
    let sizes = prop::sample::select(vec![1, 4, 16_u64]);
    (times, sizes).prop_map(|(mut times, kib)| {
        times.sort_unstable();
        let at = times
            .into_iter()
            .map(|it| Instant::ZERO + Duration::from_secs(it));
        Workload {
            size: SizeRange::exactly(ByteSize(kib * 1024)),
            ..Workload::new(UNNAMED, Arrivals::At(at.collect()))
        }
    })
}
