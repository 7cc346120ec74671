//! Resets that no connection sends: the answers of closed ports (RFC 9293 section 3.5.2).

use std::collections::{BTreeMap, VecDeque};

use tcp::{Segment, Transmit};

use crate::flow_label::FlowLabel;
use crate::outgoing::Outgoing;

/// The maximum number of queued resets. A flood of segments must not cause a flood of answers.
const QUEUE_LIMIT: usize = 1024;

/// How many sent resets are remembered for counting. A refused SYN is sent again within seconds
/// (Q175523), so a reset that is 1024 resets old is not repeated.
const MEMORY_LIMIT: usize = 1024;

/// What two equal resets have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ResetIdentity {
    label: FlowLabel,
    sequence: u32,
    acknowledgment: u32,
}

/// Queued resets, and how often each was sent.
///
/// The count is the `attempt` of [`Transmit`]: it distinguishes equal resets where a network model
/// keys random choices by the segment.
#[derive(Debug, Default)]
pub(crate) struct ResetQueue {
    queue: VecDeque<Outgoing>,
    sent: BTreeMap<ResetIdentity, u32>,
    oldest_first: VecDeque<ResetIdentity>,
    dropped: u64,
}

impl ResetQueue {
    /// Queues `reset` between these addresses.
    pub(crate) fn push(&mut self, [from, to]: [u32; 2], label: FlowLabel, reset: Segment) {
        if self.queue.len() == QUEUE_LIMIT {
            self.dropped += 1;
            return;
        }
        // Not counted if dropped: attempts of sent resets have no gaps.
        let attempt = self.count(ResetIdentity {
            label,
            sequence: reset.sequence.value(),
            acknowledgment: reset.acknowledgment.value(),
        });
        self.queue.push_back(Outgoing {
            from,
            to,
            label,
            transmit: Transmit {
                segment: reset,
                attempt,
            },
        });
    }

    /// The next reset to send.
    pub(crate) fn pop(&mut self) -> Option<Outgoing> {
        self.queue.pop_front()
    }

    /// How many resets were dropped because the queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How often an equal reset was queued before.
    fn count(&mut self, reset: ResetIdentity) -> u32 {
        if let Some(times) = self.sent.get_mut(&reset) {
            *times += 1;
            return *times;
        }
        // Bounded, because the peer chooses the numbers.
        if self.oldest_first.len() == MEMORY_LIMIT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.sent.remove(&oldest);
        }
        self.sent.insert(reset, 0);
        self.oldest_first.push_back(reset);
        assert_eq!(
            self.sent.len(),
            self.oldest_first.len(),
            "the map and the queue of remembered resets differ"
        );
        0
    }
}
