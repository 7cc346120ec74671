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
        let engine = self.clear();
        for mut thread in engine.threads.drain(..).rev() {
            thread.kill();
            engine.spare.push(thread);
        }
        engine.process.memory.restart();
        engine.process.judge.restart();
        engine.process.locks.clear();
        if engine.process.heap.lock.is_some() {
            engine.process.locks.push(Lock::new("process heap"));
            assert_eq!(
                engine.process.heap.lock,
                Some(LockId(0)),
                "the heap's is first"
            );
        }
        engine.process.semaphores.clear();
        engine.process.events.clear();
        engine.process.queues.clear();
        engine.process.woken.clear();
        let mut notes = engine.notes.borrow_mut();
        notes.records.clear();
        notes.blocks.clear();
        drop(notes);
        engine.turns.restart(&engine.config, strategy);
        engine.timers.clear();
        engine.told = None;
        engine.choices = choices;
        engine.now = Instant::ZERO;
        engine.steps = 0;
        engine.trail = Trail::default();
        engine.footprints = Footprints::new(engine.config.footprints);
        engine.ended = false;
        engine.exception = None;
        engine.step = None;
    }
}
