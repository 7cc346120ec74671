//! Modeled time: processors with clocks, one ready queue, and a quantum.
//!
//! A call takes place at the clock of its thread's processor; the cost of the call then advances
//! that clock. A thread that becomes ready starts on the first idle processor. There is no choice:
//! the order follows from time, with ties broken by processor number and by the order in which
//! threads became ready.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};

use crate::call::ThreadId;
use crate::schedulers::dispatch::Dispatch;

#[derive(Debug)]
pub(crate) struct Timed {
    processors: Vec<Processor>,
    /// By the time at which a thread became ready, then by arrival.
    ready: BTreeMap<(Instant, u64), ThreadId>,
    arrivals: u64,
    quantum: Duration,
    switch_cost: Duration,
    /// The processor of the dispatched thread.
    current: usize,
    /// While the clock of `current` is before this instant, its thread is dispatched again without a
    /// search: all other processors are ahead, no ready thread could start, and the quantum lasts.
    uncontested_until: Instant,
}

#[derive(Clone, Debug)]
struct Processor {
    clock: Instant,
    state: ProcessorState,
    /// The thread whose registers it holds: continuing with that thread costs no switch.
    last: Option<ThreadId>,
    quantum_end: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessorState {
    Idle,
    Running(ThreadId),
    /// The thread waits for the environment's reply, and continues without a switch if the reply
    /// comes at once.
    AwaitingReply(ThreadId),
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
            state: ProcessorState::Idle,
            last: None,
            quantum_end: Instant::ZERO,
        };
        Self {
            processors: vec![processor; processors as usize],
            ready: BTreeMap::new(),
            arrivals: 0,
            quantum,
            switch_cost,
            current: 0,
            uncontested_until: Instant::ZERO,
        }
    }

    pub(crate) fn ready(&mut self, thread: ThreadId, at: Instant) {
        self.uncontested_until = Instant::ZERO;
        for processor in &mut self.processors {
            // A reply at the time of the call: the thread still has its processor and its quantum.
            if processor.state == ProcessorState::AwaitingReply(thread) && at <= processor.clock {
                processor.state = ProcessorState::Running(thread);
                return;
            }
        }
        self.enqueue(thread, at);
    }

    /// No reply came at once: the processors that waited for one are idle.
    pub(crate) fn end_reply_window(&mut self) {
        self.uncontested_until = Instant::ZERO;
        for processor in &mut self.processors {
            if let ProcessorState::AwaitingReply(_) = processor.state {
                processor.state = ProcessorState::Idle;
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
        let at = self.processors[self.current].clock;
        let found = if at < self.uncontested_until {
            at <= until
        } else {
            self.find_next(until)
        };
        found.then(|| self.dispatch_current())
    }

    /// Makes the processor with the next call `current`. Returns false if there is none until
    /// `until`.
    #[inline(never)]
    fn find_next(&mut self, until: Instant) -> bool {
        loop {
            let busy = self.first_busy();
            let busy_at = busy.map(|index| self.processors[index].clock);
            // A start comes before a call at the same time.
            if let Some(start) = self.first_start()
                && busy_at.is_none_or(|busy_at| start.at <= busy_at)
            {
                // The start itself lies in time, but the first call after the switch does not.
                if start.at + start.switch > until && busy_at.is_none_or(|at| at > until) {
                    return false;
                }
                self.start(start);
                continue;
            }
            let Some(index) = busy.filter(|_| busy_at <= Some(until)) else {
                return false;
            };
            if self.is_quantum_over(index) {
                self.current = index;
                self.preempt();
                continue;
            }
            self.current = index;
            self.uncontested_until = self.end_of_lead();
            return true;
        }
    }

    fn dispatch_current(&self) -> Dispatch {
        let processor = &self.processors[self.current];
        let ProcessorState::Running(thread) = processor.state else {
            panic!("a busy processor runs a thread");
        };
        let at = processor.clock;
        Dispatch { thread, at }
    }

    /// The earliest instant at which anything but `current` could be next.
    fn end_of_lead(&self) -> Instant {
        let mut until = self.processors[self.current].quantum_end;
        for (index, processor) in self.processors.iter().enumerate() {
            if index != self.current && matches!(processor.state, ProcessorState::Running(_)) {
                until = until.min(processor.clock);
            }
        }
        self.first_start()
            .map_or(until, |start| until.min(start.at))
    }

    /// Whether a thread is ready to take the current processor.
    pub(crate) fn is_contended(&self) -> bool {
        self.is_thread_ready(self.processors[self.current].clock)
    }

    fn is_thread_ready(&self, at: Instant) -> bool {
        let head = self.ready.first_key_value();
        head.is_some_and(|((ready_at, _), _)| *ready_at <= at)
    }

    /// The current thread goes to the back of the ready queue, if another thread is ready.
    pub(crate) fn preempt(&mut self) {
        self.uncontested_until = Instant::ZERO;
        let (quantum, contended) = (self.quantum, self.is_contended());
        let processor = &mut self.processors[self.current];
        let (clock, ProcessorState::Running(thread)) = (processor.clock, processor.state) else {
            panic!("only a running thread is preempted");
        };
        // No other thread is ready: NT gives the thread a new quantum.
        if !contended {
            processor.quantum_end = clock.saturating_add(quantum);
            return;
        }
        processor.state = ProcessorState::Idle;
        self.enqueue(thread, clock);
    }

    pub(crate) fn charge(&mut self, cost: Duration) {
        self.processors[self.current].clock += cost;
    }

    pub(crate) fn deschedule(&mut self) {
        self.uncontested_until = Instant::ZERO;
        self.processors[self.current].state = ProcessorState::Idle;
    }

    pub(crate) fn await_reply(&mut self) {
        self.uncontested_until = Instant::ZERO;
        let processor = &mut self.processors[self.current];
        let ProcessorState::Running(thread) = processor.state else {
            panic!("only a running thread calls the environment");
        };
        processor.state = ProcessorState::AwaitingReply(thread);
    }

    fn enqueue(&mut self, thread: ThreadId, at: Instant) {
        self.ready.insert((at, self.arrivals), thread);
        self.arrivals += 1;
    }

    fn is_quantum_over(&self, index: usize) -> bool {
        let processor = &self.processors[index];
        processor.clock >= processor.quantum_end && self.is_thread_ready(processor.clock)
    }

    /// The busy processor with the earliest clock.
    fn first_busy(&self) -> Option<usize> {
        let is_busy = |processor: &Processor| matches!(processor.state, ProcessorState::Running(_));
        let all = self.processors.iter().enumerate();
        let busy = all.filter(|(_, processor)| is_busy(processor));
        let first = busy.min_by_key(|(_, processor)| processor.clock);
        first.map(|(index, _)| index)
    }

    /// Where and when the head of the ready queue would start, if a processor is idle.
    fn first_start(&self) -> Option<Start> {
        let is_idle = |processor: &Processor| processor.state == ProcessorState::Idle;
        if !self.processors.iter().any(is_idle) {
            return None;
        }
        let (&(ready_at, _), &thread) = self.ready.first_key_value()?;
        let all = self.processors.iter().enumerate();
        all.filter(|(_, processor)| is_idle(processor))
            .map(|(index, processor)| {
                // A processor that has run no thread yet needs no switch either.
                let is_same = processor.last.is_none_or(|last| last == thread);
                Start {
                    processor: index,
                    at: ready_at.max(processor.clock),
                    switch: if is_same {
                        Duration::ZERO
                    } else {
                        self.switch_cost
                    },
                }
            })
            // Among equally early processors one that needs no switch.
            .min_by_key(|start| (start.at, start.switch))
    }

    fn start(&mut self, start: Start) {
        let (_, thread) = self.ready.pop_first().expect("the ready queue has a head");
        let processor = &mut self.processors[start.processor];
        assert!(start.at >= processor.clock, "a clock never goes back");
        processor.clock = start.at + start.switch;
        processor.quantum_end = processor.clock.saturating_add(self.quantum);
        processor.state = ProcessorState::Running(thread);
        processor.last = Some(thread);
    }
}
