//! A hash of the machine's whole state, by which the exhaustive search recognises states.
//!
//! A state is 64 bits here, so two different states may have equal hashes. Equal states may have
//! different hashes: a program is taken to remember all that it has observed, unless it
//! [declares its state](crate::Thread::declare_state).

use kernel::{Instant, mix};

use crate::call::ThreadId;
use crate::engine::observation_hash::ObservationHash;
use crate::engine::thread_state::ThreadState;
use crate::environment::Environment;
use crate::machine::Machine;

/// Why a hash is there.
const TRACKED: &str = "the state is tracked";

impl<E: Environment> Machine<E> {
    /// Starts tracking the state for [`Self::fingerprint`].
    ///
    /// # Panics
    /// If threads have been started: what they observed is unknown.
    pub fn track_state(&mut self) {
        let engine = self.engine_mut();
        assert_eq!(engine.threads.len(), 0, "threads have observed something");
        engine.observed = Some(ObservationHash::default());
        engine.process.memory.track_fingerprint();
    }

    /// A hash of what `thread` has observed so far: the answers to its calls, messages and replies.
    ///
    /// # Panics
    /// If the state is not [tracked](Self::track_state).
    #[must_use]
    pub fn observation_hash(&self, thread: ThreadId) -> u64 {
        let observed = self.engine().observed.as_ref();
        observed.expect(TRACKED).of(thread)
    }

    /// A hash of the state: words, kernel objects, and what every thread has observed and waits for.
    ///
    /// # Panics
    /// If the state is not [tracked](Self::track_state).
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let engine = self.engine();
        let observed = engine.observed.as_ref().expect(TRACKED);
        let mut whole = engine.process.fingerprint();
        for (entry, index) in engine.threads.iter().zip(0_u32..) {
            let id = ThreadId(index);
            let state = match entry.state {
                ThreadState::Runnable => 0,
                ThreadState::Blocked => 1,
                ThreadState::Asking => 2,
                ThreadState::Exited => 3,
            };
            let deadline = entry.deadline.map_or(0, Instant::nanos);
            let thread = mix(observed.of(id), mix(state, deadline));
            // The number of calls does not matter, except that a thread before its first call has
            // observed nothing yet.
            let has_called = engine.enabled.pending(id).calls.min(1);
            whole = mix(whole, mix(thread, has_called));
        }
        whole
    }
}
