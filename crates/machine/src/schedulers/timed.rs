//! Processors with clocks, one ready queue, a quantum.
//!
//! Owns when each thread's next call takes place: at its processor's clock, which the call's cost
//! then moves on. A thread made runnable at an instant starts on the first processor that is
//! idle at or after it. It refuses to choose: order follows from time alone, with ties by
//! processor number and by who became ready first.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};

use crate::call::ThreadId;
use crate::schedulers::dispatcher::Dispatch;

#[derive(Debug)]
pub(crate) struct Timed {
    processors: Vec<Processor>,
    ready: BTreeMap<(Instant, u64), ThreadId>,
    arrivals: u64,
    quantum: Duration,
    switch_cost: Duration,
    /// The processor whose thread has the turn.
    turn: usize,
    /// PreemptionPoint that instant of its clock nobody else can have a say: no other processor is as far
    /// back, nobody is ready to start, and its quantum lasts. Most turns follow another of the same
    /// thread.
    undisputed: Instant,
}

#[derive(Clone, Debug)]
struct Processor {
    clock: Instant,
    running: Running,
    /// Whose registers it holds: going on with that thread costs no switch.
    last: Option<ThreadId>,
    quantum_end: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Idle,
    Thread(ThreadId),
    /// Waits for the environment's answer: goes on without a switch if that comes at once.
    Asking(ThreadId),
}

/// How the head of the ready queue would start.
#[derive(Clone, Copy)]
struct Start {
    processor: usize,
    at: Instant,
    switch: Duration,
}

impl Timed {
    pub(crate) fn new(processors: u32, quantum: Duration, switch_cost: Duration) -> Self {
        let processor = Processor {
            clock: Instant::ZERO,
            running: Running::Idle,
            last: None,
            quantum_end: Instant::ZERO,
        };
        Self {
            processors: vec![processor; processors as usize],
            ready: BTreeMap::new(),
            arrivals: 0,
            quantum,
            switch_cost,
            turn: 0,
            undisputed: Instant::ZERO,
        }
    }

    pub(crate) fn ready(&mut self, thread: ThreadId, at: Instant) {
        self.undisputed = Instant::ZERO;
        for processor in &mut self.processors {
            if processor.running == Running::Asking(thread) && at <= processor.clock {
                processor.running = Running::Thread(thread);
                return;
            }
        }
        self.enqueue(thread, at);
    }

    /// No answer came at once: the processors that waited for one are free.
    pub(crate) fn stop_asking(&mut self) {
        self.undisputed = Instant::ZERO;
        for processor in &mut self.processors {
            if let Running::Asking(_) = processor.running {
                processor.running = Running::Idle;
            }
        }
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        let busy = self.first_busy().map(|index| self.processors[index].clock);
        let start = self.first_start().map(|start| start.at + start.switch);
        match (busy, start) {
            (Some(busy), Some(start)) => Some(busy.min(start)),
            (one, other) => one.or(other),
        }
    }

    #[inline]
    pub(crate) fn next(&mut self, until: Instant) -> Option<Dispatch> {
        let at = self.processors[self.turn].clock;
        let is_given = if at < self.undisputed {
            at <= until
        } else {
            self.seek_turn(until)
        };
        is_given.then(|| self.give_turn())
    }

    /// Finds the processor whose thread has the turn: false if there is none in time.
    #[inline(never)]
    fn seek_turn(&mut self, until: Instant) -> bool {
        loop {
            let busy = self.first_busy();
            let busy_at = busy.map(|index| self.processors[index].clock);
            if let Some(start) = self.first_start()
                && busy_at.is_none_or(|busy_at| start.at <= busy_at)
            {
                if start.at + start.switch > until && busy_at.is_none_or(|at| at > until) {
                    return false;
                }
                self.start(start);
                continue;
            }
            let Some(index) = busy.filter(|_| busy_at <= Some(until)) else {
                return false;
            };
            if self.quantum_is_over(index) {
                self.turn = index;
                self.pass_over();
                continue;
            }
            self.turn = index;
            self.undisputed = self.undisputed();
            return true;
        }
    }

    fn give_turn(&self) -> Dispatch {
        let processor = &self.processors[self.turn];
        let Running::Thread(thread) = processor.running else {
            panic!("a busy processor runs a thread");
        };
        let at = processor.clock;
        Dispatch { thread, at }
    }

    /// Until when nobody but the processor that has the turn can have a say.
    fn undisputed(&self) -> Instant {
        let mut until = self.processors[self.turn].quantum_end;
        for (index, processor) in self.processors.iter().enumerate() {
            if index != self.turn && matches!(processor.running, Running::Thread(_)) {
                until = until.min(processor.clock);
            }
        }
        self.first_start()
            .map_or(until, |start| until.min(start.at))
    }

    /// Whether a thread waits for the processor whose thread has the turn.
    pub(crate) fn is_contended(&self) -> bool {
        let somebody = self.ready.first_key_value();
        somebody.is_some_and(|((ready_at, _), _)| *ready_at <= self.processors[self.turn].clock)
    }

    /// The thread that has the turn goes to the back of the ready queue; the processor takes the
    /// next one, if one is ready.
    pub(crate) fn pass_over(&mut self) {
        self.undisputed = Instant::ZERO;
        let (quantum, contended) = (self.quantum, self.is_contended());
        let processor = &mut self.processors[self.turn];
        let (clock, Running::Thread(thread)) = (processor.clock, processor.running) else {
            panic!("only a running thread is preempted");
        };
        if !contended {
            processor.quantum_end = clock.saturating_add(quantum);
            return;
        }
        processor.running = Running::Idle;
        self.enqueue(thread, clock);
    }

    pub(crate) fn spent(&mut self, cost: Duration) {
        self.processors[self.turn].clock += cost;
    }

    pub(crate) fn stopped(&mut self) {
        self.undisputed = Instant::ZERO;
        self.processors[self.turn].running = Running::Idle;
    }

    pub(crate) fn asked(&mut self) {
        self.undisputed = Instant::ZERO;
        let processor = &mut self.processors[self.turn];
        let Running::Thread(thread) = processor.running else {
            panic!("only a running thread asks");
        };
        processor.running = Running::Asking(thread);
    }

    fn enqueue(&mut self, thread: ThreadId, at: Instant) {
        self.ready.insert((at, self.arrivals), thread);
        self.arrivals += 1;
    }

    fn quantum_is_over(&self, index: usize) -> bool {
        let processor = &self.processors[index];
        processor.clock >= processor.quantum_end
            && self
                .ready
                .first_key_value()
                .is_some_and(|((ready_at, _), _)| *ready_at <= processor.clock)
    }

    fn first_busy(&self) -> Option<usize> {
        let is_busy = |processor: &Processor| matches!(processor.running, Running::Thread(_));
        let all = self.processors.iter().enumerate();
        let busy = all.filter(|(_, processor)| is_busy(processor));
        let first = busy.min_by_key(|(_, processor)| processor.clock);
        first.map(|(index, _)| index)
    }

    /// Where and when the head of the ready queue would start, if a processor is idle.
    fn first_start(&self) -> Option<Start> {
        let is_idle = |processor: &Processor| processor.running == Running::Idle;
        if !self.processors.iter().any(is_idle) {
            return None;
        }
        let (&(ready_at, _), &thread) = self.ready.first_key_value()?;
        let all = self.processors.iter().enumerate();
        all.filter(|(_, processor)| is_idle(processor))
            .map(|(index, processor)| {
                let same = processor.last.is_none_or(|last| last == thread);
                Start {
                    processor: index,
                    at: ready_at.max(processor.clock),
                    switch: if same {
                        Duration::ZERO
                    } else {
                        self.switch_cost
                    },
                }
            })
            .min_by_key(|start| (start.at, start.switch))
    }

    fn start(&mut self, start: Start) {
        let (_, thread) = self.ready.pop_first().expect("the ready queue has a head");
        let processor = &mut self.processors[start.processor];
        assert!(start.at >= processor.clock, "a clock never steps back");
        processor.clock = start.at + start.switch;
        processor.quantum_end = processor.clock.saturating_add(self.quantum);
        processor.running = Running::Thread(thread);
        processor.last = Some(thread);
    }
}
