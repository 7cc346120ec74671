//! Strategies for the messages of one connector.
//!
//! Owns how many come, when and how large, as an explicit list: a message that does not matter can
//! be left out and leaves the others where they are. It shrinks towards one small message at
//! the start.

use config::plan::{Arrivals, ByteSize, SizeRange, Workload};
use kernel::{Duration, Instant};
use proptest::prelude::*;

/// The connector that [`Cases`](crate::Cases) gives a workload in place of this name.
pub(crate) const UNNAMED: &str = "unnamed";

/// Messages that come at up to `moments` whole seconds within `span`, one, four or twelve at each;
/// all of one size, 1, 4 or 16 KiB.
///
/// # Panics
/// If `moments` is zero or `span` shorter than a second.
pub fn workloads(moments: usize, span: Duration) -> impl Strategy<Value = Workload> {
    assert!(moments > 0, "a workload has a message");
    assert!(span.whole_secs() > 0, "messages come at whole seconds");
    let together = prop::sample::select(vec![1, 4, 12_usize]);
    let times = prop::collection::vec((0..span.whole_secs(), together), 1..=moments);
    let sizes = prop::sample::select(vec![1, 4, 16_u64]);
    (times, sizes).prop_map(|(mut times, kib)| {
        times.sort_unstable();
        let every = times
            .into_iter()
            .flat_map(|(second, together)| std::iter::repeat_n(second, together));
        let at = every.map(|second| Instant::ZERO + Duration::from_secs(second));
        Workload {
            size: SizeRange::exactly(ByteSize(kib * 1024)),
            ..Workload::new(UNNAMED, Arrivals::At(at.collect()))
        }
    })
}
