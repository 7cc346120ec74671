//! RSTs that no connection sends: the answers of ports nobody uses.
//!
//! Owns the queue of such answers and the count of how often each was given, which tells equal
//! copies apart where the network draws their luck. Both are bounded.

use std::collections::{BTreeMap, VecDeque};

use tcp::{Segment, Transmit};

use crate::address::FlowLabel;
use crate::outgoing::Outgoing;

/// More answers than this are not queued: a flood of segments for nobody earns no flood.
const QUEUE_LIMIT: usize = 1024;

/// How many answers are remembered. A SYN refused is sent again within seconds (Q175523), so
/// what was answered this many refusals ago is over.
const MEMORY_LIMIT: usize = 1024;

/// What makes two answers the same unit: the flow and the numbers.
type Unit = (FlowLabel, u32, u32);

/// Answers waiting to be sent, and those given lately.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    queue: VecDeque<Outgoing>,
    given: BTreeMap<Unit, u32>,
    oldest_first: VecDeque<Unit>,
    dropped: u64,
}

impl Refusals {
    /// Queues `reset` to `host` under `label`.
    pub(crate) fn push(&mut self, to: u32, label: FlowLabel, reset: Segment) {
        if self.queue.len() == QUEUE_LIMIT {
            self.dropped += 1;
            return;
        }
        let attempt = self.count((label, reset.sequence.value(), reset.acknowledgment.value()));
        self.queue.push_back(Outgoing {
            to,
            label,
            transmit: Transmit {
                segment: reset,
                attempt,
            },
        });
    }

    /// The next to be sent.
    pub(crate) fn pop(&mut self) -> Option<Outgoing> {
        self.queue.pop_front()
    }

    /// How many were not queued for want of room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How often this unit was given before.
    fn count(&mut self, unit: Unit) -> u32 {
        if let Some(given) = self.given.get_mut(&unit) {
            *given += 1;
            return *given;
        }
        if self.oldest_first.len() == MEMORY_LIMIT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.given.remove(&oldest);
        }
        self.given.insert(unit, 0);
        self.oldest_first.push_back(unit);
        assert_eq!(
            self.given.len(),
            self.oldest_first.len(),
            "a remembered answer was lost"
        );
        0
    }
}
