//! Whether two moments of a machine are the same, for a search that would not look twice.
//!
//! Owns [`Machine::watch_state`] and [`Machine::fingerprint`]. It refuses to be exact: 64 bits stand
//! for the whole, and a program that has forgotten something is taken to remember it, unless it
//! says so ([`Thread::declare_state`](crate::Thread::declare_state)).

use kernel::{Instant, mix};

use crate::call::ThreadId;
use crate::engine::observation_hash::ObservationHash;
use crate::engine::thread_state::ThreadState;
use crate::environment::Environment;
use crate::machine::Machine;

impl<E: Environment> Machine<E> {
    /// From now on [`Self::fingerprint`] can be asked. To be called before the first thread starts.
    pub fn watch_state(&mut self) {
        let engine = self.engine_mut();
        assert_eq!(engine.threads.len(), 0, "what was told before is unknown");
        engine.told = Some(ObservationHash::default());
        engine.process.memory.watch();
    }

    /// What `thread` was told so far, as a hash.
    ///
    /// # Panics
    /// If the state is not watched.
    #[must_use]
    pub fn told(&self, thread: ThreadId) -> u64 {
        self.engine()
            .told
            .as_ref()
            .expect("the state is watched")
            .of(thread)
    }

    /// A hash of the state: words, kernel objects, and what every thread was told and waits for.
    ///
    /// # Panics
    /// If the state is not watched.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let told = self.engine().told.as_ref().expect("the state is watched");
        let mut whole = self.engine().process.fingerprint();
        for (running, index) in self.engine().threads.iter().zip(0_u32..) {
            let state = match running.state {
                ThreadState::Runnable => 0,
                ThreadState::Blocked => 1,
                ThreadState::Asking => 2,
                ThreadState::Exited => 3,
            };
            let deadline = running.deadline.map_or(0, Instant::nanos);
            let calls = self.engine().candidates.of(ThreadId(index)).calls;
            let thread = mix(told.of(ThreadId(index)), mix(state, deadline));
            whole = mix(whole, mix(thread, calls.min(1)));
        }
        whole
    }
}
