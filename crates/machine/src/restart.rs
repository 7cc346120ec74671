//! A machine made as new, in the room it has taken.
//!
//! Owns [`Machine::restart`]: a search makes a million short runs, and building a machine for each
//! would cost more than running it. It refuses to keep anything that a run could see.

use kernel::{Choices, Instant};

use crate::call::LockId;
use crate::environment::Environment;
use crate::footprints::Footprints;
use crate::machine::Machine;
use crate::scheduler::Strategy;
use crate::sync::Lock;
use crate::trail::Trail;

impl<E: Environment> Machine<E> {
    /// Makes the machine as [`Machine::new`] made it, with the same configuration and key and
    /// another strategy: no thread, no kernel object, no static data, the heap empty.
    pub fn restart(&mut self, strategy: Strategy, choices: Choices) {
        for mut thread in self.threads.drain(..).rev() {
            thread.kill();
            self.spare.push(thread);
        }
        self.process.memory.restart();
        self.process.judge.restart();
        self.process.locks.clear();
        if self.process.heap.lock.is_some() {
            self.process.locks.push(Lock::new("process heap"));
            assert_eq!(
                self.process.heap.lock,
                Some(LockId(0)),
                "the heap's is first"
            );
        }
        self.process.semaphores.clear();
        self.process.events.clear();
        self.process.queues.clear();
        self.process.woken.clear();
        let mut notes = self.notes.borrow_mut();
        notes.records.clear();
        notes.blocks.clear();
        drop(notes);
        self.turns.restart(&self.config, strategy);
        self.timers.clear();
        self.told = None;
        self.choices = choices;
        self.now = Instant::ZERO;
        self.steps = 0;
        self.trail = Trail::default();
        self.footprints = Footprints::new(self.config.footprints);
        self.ended = false;
    }
}
