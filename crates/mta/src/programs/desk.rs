//! What a driver knows about its connections and shares with nobody.
//!
//! Owns half-received packets, bytes that wait for room, and the connects to be tried again
//! after a pause. In a pair the Driver sends and the Async Notify receives, each with a desk of
//! its own. It refuses to hold what a close must find: that lies in the control block.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use machine::Instant;
use winsock::Payload;

use crate::block::Lease;
use crate::iso::tpkt::HEADER_BYTES;
use crate::wait_array::Watched;

#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// What the last walk through the wait array found.
    pub(crate) watched: Vec<Watched>,
    receiving: BTreeMap<Lease, Receiving>,
    waiting: BTreeMap<Lease, VecDeque<Payload>>,
    retries: BTreeSet<(Instant, Lease)>,
}

/// One packet on its way in.
#[derive(Debug, Default)]
pub(crate) struct Receiving {
    pub(crate) header: Vec<u8>,
    /// Bytes of the body, once the header is complete.
    pub(crate) length: usize,
    pub(crate) body: Vec<u8>,
}

impl Receiving {
    pub(crate) fn header_missing(&self) -> usize {
        HEADER_BYTES - self.header.len()
    }

    pub(crate) fn body_missing(&self) -> usize {
        self.length - self.body.len()
    }
}

impl Desk {
    pub(crate) fn receiving(&mut self, lease: Lease) -> &mut Receiving {
        self.receiving.entry(lease).or_default()
    }

    /// The bytes that wait for room on this connection, oldest first.
    pub(crate) fn waiting(&mut self, lease: Lease) -> &mut VecDeque<Payload> {
        self.waiting.entry(lease).or_default()
    }

    pub(crate) fn retry(&mut self, at: Instant, lease: Lease) {
        self.retries.insert((at, lease));
    }

    /// When the next connect is to be tried again.
    pub(crate) fn next_retry(&self) -> Instant {
        self.retries.first().map_or(Instant::MAX, |(at, _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Lease> {
        let &(at, lease) = self.retries.first()?;
        (at <= now).then(|| {
            self.retries.pop_first();
            lease
        })
    }

    /// The connection is closed: nothing of it is kept.
    pub(crate) fn clear(&mut self, lease: Lease) {
        self.receiving.remove(&lease);
        self.waiting.remove(&lease);
        self.retries.retain(|(_, retried)| *retried != lease);
    }
}
