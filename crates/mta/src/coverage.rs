//! What happened to control blocks, and in which states it found them.
//!
//! Owns [`Coverage`], a count for each pair of state and [`Stimulus`]: it says how much of the
//! state machine a run has tried. It refuses to be a record: it tells of no single block, and
//! nothing depends on it.

use std::cell::Cell;

use crate::layout::BlockState;

/// Something that happens to a control block and is met by looking at its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stimulus {
    /// It is to listen.
    Listen,
    /// Message type 1 asks for a call.
    OpenRequest,
    /// Message type 243, or a connection just made, asks to receive.
    ReceiveRequest,
    /// Bytes are to be sent, or there is room again.
    Send,
    /// A connect() has failed.
    ConnectFailed,
    /// A connect() is to be tried again.
    ConnectAgain,
    /// The driver closes by itself.
    Disconnect,
    /// The association manager wants it closed.
    DisconnectRequest,
    /// Message type 2 asks to close.
    CloseRequest,
    /// The session's timer has run out.
    SessionTimeout,
    /// `FD_ACCEPT`.
    Accept,
    /// `FD_CONNECT`, either way.
    Connect,
    /// `FD_READ`.
    Read,
    /// `FD_WRITE`.
    Write,
    /// `FD_CLOSE`.
    Close,
}

/// How often each stimulus met each state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage([[u64; Stimulus::ALL.len()]; STATES]);

/// The seven states, and "another user, or no state at all".
const STATES: usize = 8;

/// A count that the threads of one process share.
#[derive(Debug, Default)]
pub(crate) struct CoverageCounters([[Cell<u64>; Stimulus::ALL.len()]; STATES]);

impl Stimulus {
    /// Every one, in order.
    pub const ALL: [Self; 15] = [
        Self::Listen,
        Self::OpenRequest,
        Self::ReceiveRequest,
        Self::Send,
        Self::ConnectFailed,
        Self::ConnectAgain,
        Self::Disconnect,
        Self::DisconnectRequest,
        Self::CloseRequest,
        Self::SessionTimeout,
        Self::Accept,
        Self::Connect,
        Self::Read,
        Self::Write,
        Self::Close,
    ];
}

impl Coverage {
    /// Every state that can be coverage, in order; `None` is a block that has another user by then, or
    /// whose state was written over.
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

    /// How often `stimulus` met `state`.
    #[must_use]
    pub fn of(&self, state: Option<BlockState>, stimulus: Stimulus) -> u64 {
        self.0[index(state)][stimulus as usize]
    }

    /// Takes in what another process, or another life of one, has met.
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
    fn every_pair_has_a_place_of_its_own() {
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
