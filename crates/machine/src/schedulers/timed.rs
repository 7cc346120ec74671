//! Modeled time: processors with clocks, and NT's ready queues by priority.
//!
//! A call takes place at the clock of its thread's processor; the cost of the call then advances
//! that clock. There is no choice: the order follows from time and priority, with ties broken by
//! processor number and by the order in which threads became ready.
//!
//! The rules are those of NT's dispatcher (David Solomon, *Inside Windows NT*, 2nd edition, chapter
//! 4; ntddk.h for the increments):
//!
//! - A thread that is woken gets its base priority plus the increment of what woke it, unless its
//!   priority is higher already. All threads of the process have the same base priority.
//! - It starts on an idle processor, or else preempts the running thread with the lowest priority,
//!   if that is lower than its own. The preempted thread goes to the head of its queue.
//! - Each wait costs a third of a clock tick of quantum. At the end of a quantum, the priority falls
//!   by one towards the base, and the thread goes to the back of its queue.

mod ready_queues;
mod thread_priority;
mod wake_ups;

use kernel::{Duration, Instant};

use crate::call::ThreadId;
use crate::schedulers::priority_increment::Increment;
use crate::schedulers::scheduling_decision::SchedulingDecision;

use ready_queues::{Ready, ReadyQueues};
use thread_priority::ThreadPriority;
use wake_ups::{WakeUp, WakeUps};

#[derive(Debug)]
pub(crate) struct Timed {
    processors: Vec<Processor>,
    /// Threads that become ready. They enter `ready` when their time has come.
    wake_ups: WakeUps,
    ready: ReadyQueues,
    /// By number of the thread.
    threads: Vec<ThreadPriority>,
    quantum: Duration,
    switch_cost: Duration,
    /// The processor of the dispatched thread.
    current: usize,
    /// While the clock of `current` is before this instant, its thread is dispatched again without a
    /// search: all other processors are ahead, no thread becomes ready, and the quantum lasts, as does
    /// the time until which calls are carried out.
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

/// How the first ready thread would start.
#[derive(Clone, Copy)]
struct ThreadStart {
    processor: usize,
    at: Instant,
    switch: Duration,
}

/// What happens next.
#[derive(Clone, Copy)]
enum Next {
    /// A thread becomes ready.
    WakeUp(Instant),
    /// The first ready thread takes an idle processor.
    Start(ThreadStart),
    /// The thread of this processor makes a call.
    Call(usize, Instant),
}

impl Next {
    fn at(self) -> Instant {
        match self {
            Self::WakeUp(at) | Self::Call(_, at) => at,
            Self::Start(start) => start.at,
        }
    }
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
            wake_ups: WakeUps::default(),
            ready: ReadyQueues::default(),
            threads: Vec::new(),
            quantum,
            switch_cost,
            current: 0,
            uncontested_until: Instant::ZERO,
        }
    }

    /// A thread can continue from `at` on. `woken_with` is the increment of what ended its wait;
    /// `None` if it did not wait.
    pub(crate) fn ready(&mut self, thread: ThreadId, at: Instant, woken_with: Option<Increment>) {
        self.uncontested_until = Instant::ZERO;
        for processor in &mut self.processors {
            // A reply at the time of the call: the thread still has its processor and its quantum.
            if processor.state == ProcessorState::AwaitingReply(thread) && at <= processor.clock {
                processor.state = ProcessorState::Running(thread);
                return;
            }
        }
        let quantum = self.quantum;
        if self.threads.len() <= thread.index() {
            let new = ThreadPriority::new(quantum);
            self.threads.resize(thread.index() + 1, new);
        }
        if let Some(increment) = woken_with {
            // A wait's end raises the priority of a thread for a while (decision 0011).
            self.threads[thread.index()].end_wait(increment, quantum);
        }
        self.wake_ups.insert(at, thread);
    }

    /// No reply came at once: the processors that waited for one are idle.
    pub(crate) fn end_reply_window(&mut self) {
        self.uncontested_until = Instant::ZERO;
        for index in 0..self.processors.len() {
            if let ProcessorState::AwaitingReply(_) = self.processors[index].state {
                self.leave(index);
            }
        }
    }

    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.next_step().map(Next::at)
    }

    #[inline]
    pub(crate) fn next(&mut self, until: Instant) -> Option<SchedulingDecision> {
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
            let Some(next) = self.next_step().filter(|next| next.at() <= until) else {
                return false;
            };
            match next {
                Next::WakeUp(_) => self.admit_first_wake_up(),
                Next::Start(start) => self.start(start),
                Next::Call(index, at) => {
                    self.current = index;
                    if at < self.processors[index].quantum_end || self.continues_after_quantum() {
                        let limit = Instant::from_nanos(until.nanos().saturating_add(1));
                        self.uncontested_until = self.end_of_lead().min(limit);
                        return true;
                    }
                }
            }
        }
    }

    /// The earliest step. At equal times a wake-up comes before a start, and a start before a call.
    fn next_step(&self) -> Option<Next> {
        let mut first = self.wake_ups.next_at().map(Next::WakeUp);
        // The order at equal times is part of what a run is: with another one, digests change.
        if let Some(start) = self.first_start()
            && first.is_none_or(|next| start.at < next.at())
        {
            first = Some(Next::Start(start));
        }
        if let Some(index) = self.first_busy() {
            let at = self.processors[index].clock;
            if first.is_none_or(|next| at < next.at()) {
                first = Some(Next::Call(index, at));
            }
        }
        first
    }

    /// The time of the dispatched thread's next call, if no decision comes before it.
    #[inline(always)]
    pub(crate) fn uncontested_clock(&self) -> Option<Instant> {
        let at = self.processors[self.current].clock;
        (at < self.uncontested_until).then_some(at)
    }

    fn dispatch_current(&self) -> SchedulingDecision {
        let processor = &self.processors[self.current];
        let ProcessorState::Running(thread) = processor.state else {
            panic!("a busy processor runs a thread");
        };
        let at = processor.clock;
        SchedulingDecision { thread, at }
    }

    /// The earliest instant at which anything but `current` could be next.
    fn end_of_lead(&self) -> Instant {
        let mut until = self.processors[self.current].quantum_end;
        for (index, processor) in self.processors.iter().enumerate() {
            if index != self.current && matches!(processor.state, ProcessorState::Running(_)) {
                until = until.min(processor.clock);
            }
        }
        let arrival = self.wake_ups.next_at().unwrap_or(until);
        let start = self.first_start().map_or(until, |start| start.at);
        until.min(arrival).min(start)
    }

    /// Whether a thread is ready to take the current processor.
    pub(crate) fn is_contended(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The current thread loses its processor to any other that is ready, whatever their priorities.
    pub(crate) fn preempt(&mut self) {
        self.uncontested_until = Instant::ZERO;
        let index = self.current;
        let thread = self.running(index);
        self.threads[thread.index()].drop_to_base(self.quantum);
        // No other thread is ready: NT gives the thread a new quantum.
        if !self.is_contended() {
            let processor = &mut self.processors[index];
            processor.quantum_end = processor.clock.saturating_add(self.quantum);
            return;
        }
        self.requeue(index, thread);
    }

    pub(crate) fn charge(&mut self, cost: Duration) {
        self.processors[self.current].clock += cost;
    }

    pub(crate) fn deschedule(&mut self) {
        self.uncontested_until = Instant::ZERO;
        self.leave(self.current);
    }

    pub(crate) fn await_reply(&mut self) {
        self.uncontested_until = Instant::ZERO;
        let thread = self.running(self.current);
        self.processors[self.current].state = ProcessorState::AwaitingReply(thread);
    }

    fn running(&self, index: usize) -> ThreadId {
        let ProcessorState::Running(thread) = self.processors[index].state else {
            panic!("processor {index} runs a thread");
        };
        thread
    }

    /// The time of the first wake-up has come: it enters its queue, or preempts a running thread.
    fn admit_first_wake_up(&mut self) {
        let WakeUp { at, thread } = self.wake_ups.pop().expect("there is a wake-up");
        let priority = self.threads[thread.index()].priority();
        self.ready.push_back(priority, Ready { thread, at });
        if self.processors.iter().any(|it| !it.is_running()) {
            return;
        }
        // The lowest priority; among equals, the first processor.
        let priority_at = |index: &usize| self.threads[self.running(*index).index()].priority();
        let lowest = (0..self.processors.len()).min_by_key(priority_at);
        let lowest = lowest.expect("a machine has a processor");
        if priority_at(&lowest) < priority {
            self.preempt_for_wake_up(lowest, at);
        }
    }

    /// A thread of higher priority takes a processor away `at` once. What is left of the running
    /// thread's call, and of its quantum, it keeps.
    fn preempt_for_wake_up(&mut self, index: usize, at: Instant) {
        let thread = self.running(index);
        let processor = &mut self.processors[index];
        let unfinished = processor.clock.saturating_since(at);
        processor.clock = processor.clock.min(at);
        self.leave(index);
        let kept = &mut self.threads[thread.index()];
        kept.unfinished = unfinished;
        // NT puts a preempted thread back at the head of its queue, and one whose quantum is over
        // at the tail.
        self.ready.push_front(kept.priority(), Ready { thread, at });
    }

    /// The thread of a processor waits, or has lost it.
    fn leave(&mut self, index: usize) {
        let processor = &mut self.processors[index];
        if let ProcessorState::Running(thread) | ProcessorState::AwaitingReply(thread) =
            processor.state
        {
            let left = processor.quantum_end.saturating_since(processor.clock);
            self.threads[thread.index()].quantum_left = left;
        }
        processor.state = ProcessorState::Idle;
    }

    /// The quantum of the current thread is over. Returns whether it keeps its processor.
    fn continues_after_quantum(&mut self) -> bool {
        let (index, quantum) = (self.current, self.quantum);
        let thread = self.running(index);
        let kept = &mut self.threads[thread.index()];
        kept.end_quantum(quantum);
        let processor = &mut self.processors[index];
        processor.quantum_end = processor.clock.saturating_add(quantum);
        let highest = self.ready.highest_priority();
        if highest.is_none_or(|highest| highest < kept.priority()) {
            return true;
        }
        self.requeue(index, thread);
        false
    }

    /// The thread of a processor goes to the back of its queue, with the quantum that it has.
    fn requeue(&mut self, index: usize, thread: ThreadId) {
        let at = self.processors[index].clock;
        self.processors[index].quantum_end = at.saturating_add(self.quantum);
        self.leave(index);
        let priority = self.threads[thread.index()].priority();
        self.ready.push_back(priority, Ready { thread, at });
    }

    /// The busy processor with the earliest clock.
    fn first_busy(&self) -> Option<usize> {
        let all = self.processors.iter().enumerate();
        let busy = all.filter(|(_, processor)| processor.is_running());
        let first = busy.min_by_key(|(_, processor)| processor.clock);
        first.map(|(index, _)| index)
    }

    /// Where and when the first ready thread would start, if a processor is idle.
    fn first_start(&self) -> Option<ThreadStart> {
        let &Ready { thread, at } = self.ready.first()?;
        let all = self.processors.iter().enumerate();
        all.filter(|(_, processor)| processor.state == ProcessorState::Idle)
            .map(|(index, processor)| {
                // A processor that has run no thread yet needs no switch either.
                let is_same = processor.last.is_none_or(|last| last == thread);
                ThreadStart {
                    processor: index,
                    at: at.max(processor.clock),
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

    fn start(&mut self, start: ThreadStart) {
        let Ready { thread, .. } = self.ready.pop_first().expect("a thread is ready");
        let kept = &mut self.threads[thread.index()];
        let processor = &mut self.processors[start.processor];
        assert!(start.at >= processor.clock, "a clock never goes back");
        processor.clock = start.at + start.switch + std::mem::take(&mut kept.unfinished);
        processor.quantum_end = processor.clock.saturating_add(kept.quantum_left);
        processor.state = ProcessorState::Running(thread);
        processor.last = Some(thread);
    }
}

impl Processor {
    fn is_running(&self) -> bool {
        matches!(self.state, ProcessorState::Running(_))
    }
}
