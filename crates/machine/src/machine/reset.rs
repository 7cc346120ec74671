//! Running many schedules on one machine.
//!
//! A search makes a million short runs; building a machine for each would cost more than running it.
//! A reset makes the machine as new and keeps its allocations. [`Machine::save_initial_state`] says
//! what each run starts from.

use kernel::{Choices, Instant};

use crate::engine::Engine;
use crate::engine::access_log::AccessLog;
use crate::engine::thread_state::ThreadEntry;
use crate::engine::trace_hash::TraceHash;
use crate::environment::Environment;
use crate::heap::census::format;
use crate::machine::Machine;
use crate::schedulers::Strategy;
use crate::schedulers::dispatcher::Dispatcher;

impl<E: Environment> Machine<E> {
    /// Makes the present static data, its contents and the kernel objects part of the state that a
    /// reset restores. Kernel objects are restored as they were created.
    ///
    /// # Panics
    /// If threads have been started.
    pub fn save_initial_state(&mut self) {
        let engine = self.engine_mut();
        assert!(engine.threads.is_empty(), "threads have changed the state");
        engine.process.save_initial_state();
    }

    /// Makes the machine as new, with the same configuration and key and another strategy: without
    /// threads, with an empty heap, and with the [saved](Self::save_initial_state) static data and
    /// kernel objects.
    pub fn reset_with(&mut self, strategy: Strategy, choices: Choices) {
        let engine = self.engine_mut();
        engine.dispatcher = Dispatcher::new(&engine.config, strategy);
        self.clear(choices);
    }

    /// The same, but keeps the strategy and reseeds it. A scheduler that learns over several runs
    /// goes on learning.
    pub fn reset(&mut self, choices: Choices) {
        let engine = self.engine_mut();
        engine.dispatcher.reset(&engine.config);
        engine.dispatcher.reseed(choices);
        self.clear(choices);
    }

    fn clear(&mut self, choices: Choices) {
        self.programs.clear();
        self.engine_mut().clear(choices);
    }
}

impl<E: Environment> Engine<E> {
    /// Makes everything but the dispatcher as new.
    fn clear(&mut self, choices: Choices) {
        self.threads.iter_mut().for_each(ThreadEntry::kill);
        // The last thread first: the first thread of the next run gets the entry of the first.
        while let Some(entry) = self.threads.pop() {
            self.spare.push(entry);
        }
        self.enabled.clear();
        if !self.process.reset() {
            format(&mut self.process.memory, self.process.heap);
        }
        self.records.clear();
        if self.timers.first().is_some() {
            self.timers.clear();
        }
        if self.access_log.is_on() {
            self.access_log = AccessLog::new(self.config.access_log_length);
        }
        self.observed = None;
        self.has_interruptions = false;
        self.choices = choices;
        self.now = Instant::ZERO;
        self.calls_left = self.config.call_limit;
        self.trace_hash = TraceHash::new(self.config.trace_hash);
        self.ended = false;
        self.exception = None;
        self.next = None;
        self.returning = 0;
    }
}
