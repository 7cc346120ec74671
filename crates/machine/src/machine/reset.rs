//! A machine made as it was, in the room it has taken.
//!
//! Owns [`Machine::keep`] and [`Machine::restart`]: a search makes a million short runs, and building
//! a machine for each would cost more than running it. It refuses to keep anything that a run has
//! done.

use kernel::{Choices, Instant};

use crate::engine::Engine;
use crate::engine::access_log::AccessLog;
use crate::engine::thread_state::Running;
use crate::engine::trace_hash::TraceHash;
use crate::environment::Environment;
use crate::machine::Machine;
use crate::schedulers::Strategy;
use crate::schedulers::dispatcher::Dispatcher;

impl<E: Environment> Machine<E> {
    /// Lets every [restart](Self::reset_with) from now on keep the static data there is, with the words
    /// in it, and the kernel objects, as they were when they were created.
    ///
    /// # Panics
    /// If threads have been started already.
    pub fn save_initial_state(&mut self) {
        let engine = self.engine_mut();
        assert!(engine.threads.is_empty(), "what a run has done is not kept");
        engine.process.save_initial_state();
    }

    /// Makes the machine as [`Machine::new`] made it, with the same configuration and key and
    /// another strategy: no thread, no kernel object, no static data but what was
    /// [kept](Self::save_initial_state), the heap empty.
    pub fn reset_with(&mut self, strategy: Strategy, choices: Choices) {
        let engine = self.engine_mut();
        engine.turns = Dispatcher::new(&engine.config, strategy);
        self.begin_anew(choices);
    }

    /// The same with the strategy there is, whose luck is that of `choices` from now on. A scheduler
    /// with a memory remembers the runs before.
    pub fn reset(&mut self, choices: Choices) {
        let engine = self.engine_mut();
        engine.turns.reset(&engine.config);
        engine.turns.reseed(choices);
        self.begin_anew(choices);
    }

    fn begin_anew(&mut self, choices: Choices) {
        self.programs.clear();
        self.engine_mut().clear(choices);
    }
}

impl<E: Environment> Engine<E> {
    /// Nothing has happened yet.
    fn clear(&mut self, choices: Choices) {
        self.threads.iter_mut().for_each(Running::kill);
        while let Some(thread) = self.threads.pop() {
            self.spare.push(thread);
        }
        self.candidates.clear();
        self.process.reset();
        self.records.clear();
        if !self.timers.is_empty() {
            self.timers.clear();
        }
        if self.access_log.are_kept() {
            self.access_log = AccessLog::new(self.config.access_log_length);
        }
        self.told = None;
        self.is_disturbed = false;
        self.choices = choices;
        self.now = Instant::ZERO;
        self.calls_left = self.config.call_limit;
        self.trail = TraceHash::new(self.config.trace_hash);
        self.ended = false;
        self.exception = None;
        self.step = None;
    }
}
