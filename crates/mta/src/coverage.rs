//! State coverage: how often each [`Stimulus`] found a control block in each state.
//!
//! The counts show how much of the blocks' state machine a run has exercised. Nothing depends on
//! them.

use std::cell::Cell;

use crate::layout::BlockState;

/// A message, timer or network event that is handled according to the state of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stimulus {
    /// A request to listen.
    Listen,
    /// Message type 1: a request to open a connection.
    OpenRequest,
    /// Message type 243, or a completed connect(): a request to receive.
    ReceiveRequest,
    /// Bytes to send, or buffer space for unsent ones.
    Send,
    /// A connect() has failed.
    ConnectFailed,
    /// A repeated connect() is due.
    ConnectAgain,
    /// The driver disconnects.
    Disconnect,
    /// Message type 2, a request of the transport, arrives at WinSock's entry.
    CloseRequest,
    /// Message type 2, the transport's response to a close indication, arrives at WinSock's entry.
    CloseResponse,
    /// The driver carries out a message type 2.
    CloseMessage,
    /// The session's timer has expired.
    SessionTimeout,
    /// `FD_ACCEPT`.
    Accept,
    /// `FD_CONNECT`, with or without an error.
    Connect,
    /// `FD_READ`.
    Read,
    /// `FD_WRITE`.
    Write,
    /// `FD_CLOSE`.
    Close,
}

/// The number of times that each stimulus found each state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage([[u64; Stimulus::ALL.len()]; STATES]);

/// The seven states, and "reused or corrupted".
const STATES: usize = 8;

/// The counters that the threads of one process share.
#[derive(Debug, Default)]
pub(crate) struct CoverageCounters([[Cell<u64>; Stimulus::ALL.len()]; STATES]);

impl Stimulus {
    /// All stimuli, in order.
    pub const ALL: [Self; 16] = [
        Self::Listen,
        Self::OpenRequest,
        Self::ReceiveRequest,
        Self::Send,
        Self::ConnectFailed,
        Self::ConnectAgain,
        Self::Disconnect,
        Self::CloseRequest,
        Self::CloseResponse,
        Self::CloseMessage,
        Self::SessionTimeout,
        Self::Accept,
        Self::Connect,
        Self::Read,
        Self::Write,
        Self::Close,
    ];
}

impl Coverage {
    /// All states that can be found, in order; `None` is a block that was reused, or whose state
    /// is corrupted.
    pub const STATES: [Option<BlockState>; STATES] = [
        Some(BlockState::Free),
        Some(BlockState::Allocated),
        Some(BlockState::Connecting),
        Some(BlockState::Listening),
        Some(BlockState::Open),
        Some(BlockState::Closing),
        Some(BlockState::OutOfService),
        None,
    ];

    /// The number of times that `stimulus` found `state`.
    #[must_use]
    pub fn of(&self, state: Option<BlockState>, stimulus: Stimulus) -> u64 {
        self.0[index(state)][stimulus as usize]
    }

    /// Adds the counts of another process.
    pub fn add(&mut self, other: &Self) {
        let own = self.0.iter_mut().flatten();
        for (own, other) in own.zip(other.0.iter().flatten()) {
            *own += other;
        }
    }
}

impl CoverageCounters {
    pub(crate) fn count(&self, state: Option<BlockState>, stimulus: Stimulus) {
        let count = &self.0[index(state)][stimulus as usize];
        count.set(count.get() + 1);
    }

    pub(crate) fn snapshot(&self) -> Coverage {
        Coverage(std::array::from_fn(|state| {
            std::array::from_fn(|stimulus| self.0[state][stimulus].get())
        }))
    }
}

const fn index(state: Option<BlockState>) -> usize {
    match state {
        Some(state) => state as usize,
        None => STATES - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_its_own_counter() {
        for (number, stimulus) in Stimulus::ALL.into_iter().enumerate() {
            assert_eq!(stimulus as usize, number);
        }
        let counters = CoverageCounters::default();
        let mut times = 0;
        for state in Coverage::STATES {
            for stimulus in Stimulus::ALL {
                times += 1;
                (0..times).for_each(|_| counters.count(state, stimulus));
            }
        }
        let mut twice = counters.snapshot();
        twice.add(&counters.snapshot());
        let mut times = 0;
        for state in Coverage::STATES {
            for stimulus in Stimulus::ALL {
                times += 1;
                assert_eq!(twice.of(state, stimulus), 2 * times);
            }
        }
    }
}
