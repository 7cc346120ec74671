//! The machine: one modeled process, its threads, and the loop that polls their programs.
//!
//! The code around a machine owns time. It asks [`Machine::next_time`], calls [`Machine::run`],
//! answers environment calls with [`Machine::reply`], and puts messages into queues with
//! [`Machine::post`]. Nothing runs once the modeled process has raised an exception.

mod fingerprint;
mod inspect;
mod objects;
mod reset;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use kernel::{Choices, Instant};

use crate::call::{LockId, QueueId, ThreadId};
use crate::config::{Config, ConfigError};
use crate::costs::CostTable;
use crate::engine::access_log::AccessLog;
use crate::engine::activity::WokenBy;
use crate::engine::deadlines::Deadlines;
use crate::engine::mailbox::Attachment;
use crate::engine::process::Process;
use crate::engine::record::Recorded;
use crate::engine::thread_state::ThreadEntry;
use crate::engine::trace_hash::TraceHash;
use crate::engine::watch::{Note, Watched};
use crate::engine::{Answer, Engine, EngineCell, EngineExit, PollReason};
use crate::environment::Environment;
use crate::exception::Exception;
use crate::heap::census::format;
use crate::memory::Memory;
use crate::memory::address::Address;
use crate::memory::heap_layout::HeapLayout;
use crate::race::detector::RaceDetector;
use crate::race::sync_clocks::SyncObject;
use crate::schedulers::Strategy;
use crate::schedulers::dispatcher::Dispatcher;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::priority_increment::Increment;
use crate::schedulers::scheduling_decision::SchedulingDecision;
use crate::sync::Lock;
use crate::thread::Thread;

/// The start of the process heap: a typical address in crash dumps of the time.
const HEAP_BASE: Address = Address(0x0167_0000);

/// A thread's program, from its start to its end.
type ThreadProgram = Pin<Box<dyn Future<Output = ()>>>;

/// One modeled process and its threads.
pub struct Machine<E: Environment> {
    /// `None` while a program is polled: then the program has it, through `lent`.
    engine: Option<Box<Engine<E>>>,
    lent: Rc<EngineCell<E>>,
    /// By thread; `None` once the program has ended.
    programs: Vec<Option<ThreadProgram>>,
}

/// Why [`Machine::run`] returned.
#[derive(Debug)]
pub enum Progress<E: Environment> {
    /// A thread made a call that only the environment can answer. The thread waits for
    /// [`Machine::reply`].
    Environment {
        /// The thread.
        thread: ThreadId,
        /// Simulated time of the call.
        at: Instant,
        /// The call.
        call: E::Call,
    },
    /// This exception ended the modeled process.
    Raised(Exception),
    /// The next call or deadline comes after `until`.
    ReachedUntil,
    /// Every thread has exited, or waits for something that only the environment can bring.
    Idle,
    /// The threads have made [`Config::call_limit`] calls; no more are made.
    CallLimitReached,
}

impl<E: Environment> Machine<E> {
    /// A machine without threads. `key` is the host's stable key for random choices.
    ///
    /// # Errors
    /// If `config` is out of range.
    pub fn new(
        config: Config,
        strategy: Strategy,
        choices: Choices,
        key: u64,
    ) -> Result<Self, ConfigError> {
        // Everything below relies on the checked ranges.
        config.check()?;
        let mut locks = Vec::new();
        let lock = config.heap.serialize.then(|| {
            locks.push(Lock::new("process heap"));
            LockId(0)
        });
        let heap = HeapLayout::new(HEAP_BASE, config.heap.bytes, lock);
        let mut memory = Memory::new();
        memory.map(heap.base, heap.end.0 - heap.base.0, "process heap");
        format(&mut memory, heap);
        let detector = RaceDetector::new(config.detect_races, heap);
        let mut process = Process::new(memory, heap, detector);
        process.locks = locks;
        process.save_objects();
        let engine = Engine {
            process,
            threads: Vec::new(),
            spare: Vec::new(),
            enabled: EnabledSet::default(),
            dispatcher: Dispatcher::new(&config, strategy),
            timers: Deadlines::default(),
            records: Vec::new(),
            cost_table: CostTable::new(&config.costs, config.jitter, config.interrupts),
            access_log: AccessLog::new(config.access_log_length),
            calls_left: config.call_limit,
            trace_hash: TraceHash::new(config.trace_hash),
            config,
            choices,
            key,
            now: Instant::ZERO,
            until: Instant::ZERO,
            observed: None,
            is_observed: false,
            has_interruptions: false,
            activity: None,
            ended: false,
            exception: None,
            poll_reason: PollReason::Ready(Instant::ZERO),
            next: None,
            returning: 0,
        };
        Ok(Self {
            engine: Some(Box::new(engine)),
            lent: Rc::default(),
            programs: Vec::new(),
        })
    }

    fn engine(&self) -> &Engine<E> {
        let engine = self.engine.as_deref();
        engine.expect("the engine is lent only while a program runs")
    }

    fn engine_mut(&mut self) -> &mut Engine<E> {
        let engine = self.engine.as_deref_mut();
        engine.expect("the engine is lent only while a program runs")
    }

    /// Starts a thread, which can make its first call from the machine's present time on
    /// ([`Self::advance`]). `number` is the thread's number as the modeled program counts threads;
    /// `key` is its stable key, which selects its random choices and [preemptions](crate::Preemption).
    ///
    /// For the race detector nothing happens before the new thread; see [`Self::fork`].
    ///
    /// # Panics
    /// If there have been [`THREADS_MAX`](crate::config::THREADS_MAX) threads.
    pub fn spawn<P, F>(&mut self, name: &str, number: u16, key: u64, program: P) -> ThreadId
    where
        P: FnOnce(Thread<E>) -> F,
        F: Future<Output = ()> + 'static,
    {
        let engine = self.engine_mut();
        assert!(!engine.ended, "a process that has ended starts no thread");
        let id = ThreadId(u32::try_from(engine.threads.len()).expect("few threads"));
        engine.add_thread(id, name, key);
        let now = engine.now;
        engine.poll_reason = PollReason::Ready(now);
        let tracks_state = engine.observed.is_some();
        let mailbox = engine.threads[id.index()].open_mailbox(id, number, tracks_state);
        mailbox.set_now(now);
        let thread = Thread::new(mailbox, Rc::clone(&self.lent));
        self.programs.push(Some(Box::pin(program(thread))));
        self.poll(id);
        id
    }

    /// Informs the race detector that `parent` started `child`: all that `parent` did so far happened
    /// before all that `child` does.
    ///
    /// ```
    /// # use kernel::{Choices, Instant};
    /// # use machine::{Config, Environment, Location, Machine, Strategy, Thread};
    /// # struct NoEnvironment;
    /// # impl Environment for NoEnvironment {
    /// #     type Call = ();
    /// #     type Reply = ();
    /// #     type Message = ();
    /// #     type Record = ();
    /// # }
    /// # let mut machine = Machine::new(Config::default(), Strategy::Timed, Choices::new(7), 0)?;
    /// let word = Location::new(machine.map_static(1, "data")?, "word");
    /// let write = move |thread: Thread<NoEnvironment>| async move { thread.write(word, 1).await };
    /// let parent = machine.spawn("parent", 1, 1, write);
    /// machine.run(Instant::ZERO, Instant::MAX);
    /// let child = machine.spawn("child", 2, 2, write);
    /// machine.fork(parent, child);
    /// machine.run(Instant::ZERO, Instant::MAX);
    /// assert!(machine.race_detector().findings().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fork(&mut self, parent: ThreadId, child: ThreadId) {
        assert_ne!(parent, child, "no thread starts itself");
        self.engine_mut().process.detector.forked(parent, child);
    }

    /// Sets the present time to `now`. An earlier time changes nothing.
    pub fn advance(&mut self, now: Instant) {
        let engine = self.engine_mut();
        engine.now = engine.now.max(now);
    }

    /// The time of the next call or deadline; `None` if every thread waits for the environment.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        let engine = self.engine();
        if engine.ended {
            return None;
        }
        let timer = engine.timers.first().map(|(at, _)| at);
        match (engine.dispatcher.next_time(&engine.enabled), timer) {
            (Some(call), Some(timer)) => Some(call.min(timer)),
            (one, other) => one.or(other),
        }
    }

    /// Carries out all calls up to `until`, or until a call needs the environment. The present time
    /// is `now`.
    pub fn run(&mut self, now: Instant, until: Instant) -> Progress<E> {
        self.advance(now);
        let engine = self.engine_mut();
        // The environment had its chance to reply to the last call at once.
        engine.dispatcher.end_reply_window();
        if engine.ended {
            return Progress::Idle;
        }
        engine.until = until;
        engine.update_is_observed();
        let mut action = engine.run();
        loop {
            action = match action {
                EngineExit::Resume(SchedulingDecision { thread, at }, word) => {
                    // The poll ran the engine further; it left the next action behind.
                    self.resume(thread, Answer { at, word });
                    self.engine_mut().take_next()
                }
                EngineExit::Wake(dispatch) => {
                    self.wake_all(dispatch.at, WokenBy::Thread(dispatch.thread));
                    self.engine_mut().run()
                }
                EngineExit::Expire(at, thread) => {
                    let answer = self.engine_mut().expire(at, thread);
                    self.resume_woken(thread, answer, Increment::TIMEOUT);
                    self.engine_mut().run()
                }
                EngineExit::AskEnvironment(dispatch) => return self.ask_environment(dispatch),
                EngineExit::Raise => {
                    let exception = self.engine_mut().exception.take();
                    return Progress::Raised(*exception.expect("an exception was raised"));
                }
                EngineExit::Idle if self.next_time().is_some() => return Progress::ReachedUntil,
                EngineExit::Idle => return Progress::Idle,
                EngineExit::CallLimitReached => return Progress::CallLimitReached,
            }
        }
    }

    fn ask_environment(&mut self, dispatch: SchedulingDecision) -> Progress<E> {
        let SchedulingDecision { thread, at } = dispatch;
        let mailbox = &self.engine().threads[thread.index()].mailbox;
        let Some(Attachment::Call(call)) = mailbox.take_payload() else {
            panic!("an environment call has a payload");
        };
        Progress::Environment { thread, at, call }
    }

    /// Delivers the answer to a thread's call and polls its program.
    fn resume(&mut self, thread: ThreadId, answer: Answer) {
        self.engine_mut().deliver(thread, answer);
        self.poll(thread);
    }

    /// Ends a thread's wait, or its call of the environment.
    fn resume_woken(&mut self, thread: ThreadId, answer: Answer, increment: Increment) {
        if !self.engine_mut().return_later(thread, answer, increment) {
            self.resume(thread, answer);
        }
    }

    /// Polls a thread's program. The program runs up to its next call that cannot be answered at
    /// once, or to its end.
    fn poll(&mut self, thread: ThreadId) {
        let program = self.programs[thread.index()].as_mut();
        let program = program.expect("a live thread has a program");
        self.lent.set(self.engine.take());
        // Programs are polled when their answer is there, so no waker is needed.
        let poll = program
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        self.engine = self.lent.take();
        let engine = self.engine_mut();
        if poll.is_ready() {
            engine.on_exit(thread);
            self.programs[thread.index()] = None;
        } else {
            engine.threads[thread.index()].assert_suspended();
        }
    }

    /// Resumes all threads that the latest call, or the environment, has released.
    fn wake_all(&mut self, at: Instant, by: WokenBy) {
        let mut woken = std::mem::take(&mut self.engine_mut().process.woken);
        for one in woken.drain(..) {
            let thread = one.thread;
            let answer = self.engine_mut().wake(one, at, by);
            self.resume_woken(thread, answer, Increment::OBJECT);
        }
        // Keep the allocation.
        self.engine_mut().process.woken = woken;
    }

    /// Replies to a thread's environment call. The thread can continue from `at` on. A reply after
    /// the end of the process is discarded.
    ///
    /// `increment` says what the thread was woken by, if the reply comes later than the call.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply, increment: Increment) {
        if self.has_ended() {
            return;
        }
        self.advance(at);
        let answer = self.engine_mut().reply(thread, at, reply);
        self.resume_woken(thread, answer, increment);
    }

    /// Declares a release operation: what `thread` did so far happens before whatever
    /// [acquires](Self::acquire) `key` later.
    pub fn release(&mut self, thread: ThreadId, key: u64) {
        let detector = &mut self.engine_mut().process.detector;
        detector.release(thread, SyncObject::External(key));
    }

    /// Declares an acquire operation: all that was [released](Self::release) under `key` happens
    /// before what `thread` does next.
    pub fn acquire(&mut self, thread: ThreadId, key: u64) {
        let detector = &mut self.engine_mut().process.detector;
        detector.acquire(thread, SyncObject::External(key));
    }

    /// Puts a message of the environment into a queue. A message after the end of the process is
    /// discarded.
    ///
    /// # Errors
    /// The message, if the queue is full.
    pub fn post(
        &mut self,
        at: Instant,
        queue: QueueId,
        message: E::Message,
    ) -> Result<(), E::Message> {
        if self.has_ended() {
            return Ok(());
        }
        self.advance(at);
        self.engine_mut().process.post(queue, message)?;
        self.wake_all(at, WokenBy::Environment);
        Ok(())
    }

    /// The first thread with this name.
    #[must_use]
    pub fn thread_named(&self, name: &str) -> Option<ThreadId> {
        let index = self.threads().position(|thread| thread.name == name)?;
        Some(ThreadId(u32::try_from(index).expect("few threads")))
    }

    /// Takes all random choices from `choices` from now on: the costs of calls, and the decisions of
    /// the strategy.
    pub fn reseed(&mut self, choices: Choices) {
        let engine = self.engine_mut();
        engine.choices = choices;
        engine.dispatcher.reseed(choices);
        engine.threads.iter_mut().for_each(ThreadEntry::reseed);
    }

    /// Injects a fault: `thread` makes no call before `until`.
    pub fn stall(&mut self, thread: ThreadId, until: Instant) {
        let engine = self.engine_mut();
        engine.has_interruptions = true;
        let entry = &mut engine.threads[thread.index()];
        entry.stalled_until = entry.stalled_until.max(until);
    }

    /// Ends the modeled process and drops all programs.
    pub fn terminate(&mut self) {
        self.programs.iter_mut().for_each(|program| *program = None);
        let engine = self.engine_mut();
        engine.ended = true;
        engine.timers.clear();
        engine.threads.iter_mut().for_each(ThreadEntry::kill);
    }

    /// Takes all records that programs have made since the last time, in order.
    pub fn take_records(&mut self) -> Vec<Recorded<E::Record>> {
        let engine = self.engine_mut();
        engine.process.watch.reset();
        std::mem::take(&mut engine.records)
    }

    /// Passes all records that programs have made since the last time to `reader`, in order. Unlike
    /// [`Self::take_records`] it keeps the allocation.
    pub fn drain_records(&mut self, reader: impl FnMut(Recorded<E::Record>)) {
        let engine = self.engine_mut();
        engine.process.watch.reset();
        engine.records.drain(..).for_each(reader);
    }

    /// Starts to watch `bytes` bytes of memory from `first` on for [`Self::drain_watched`].
    pub fn watch_words(&mut self, first: Address, bytes: u32) {
        self.engine_mut().process.watch.start(first, bytes);
    }

    /// Whether there is anything for [`Self::drain_watched`].
    #[must_use]
    pub fn has_watched(&self) -> bool {
        let engine = self.engine();
        !engine.records.is_empty() || !engine.process.watch.is_empty()
    }

    /// Passes all records since the last time to `reader`, and between them, in order, what
    /// [`Self::watch_words`] watches: writes to those words, reads of the first of them, and messages
    /// that threads take.
    pub fn drain_watched(&mut self, mut reader: impl FnMut(Watched<E::Record>)) {
        let Engine {
            records, process, ..
        } = self.engine_mut();
        let mut records = records.drain(..).map(Watched::Record);
        for note in process.watch.drain() {
            reader(match note {
                Note::Record => records.next().expect("each record has a note"),
                Note::Access(access) => Watched::Access(access),
                Note::Take(thread, message) => Watched::Take { thread, message },
            });
        }
        // Records from before the watch, and all of a machine that is not watched.
        records.for_each(reader);
    }

    /// Sets a word before the program starts. The race detector does not see it.
    ///
    /// # Panics
    /// If nothing is mapped there.
    pub fn poke(&mut self, address: Address, value: u32) {
        self.engine_mut().process.memory.poke(address, value);
    }
}

impl<E: Environment> fmt::Debug for Machine<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Machine")
            .field("now", &self.engine().now)
            .field("calls", &self.calls())
            .field("threads", &self.engine().threads)
            .field("process", &self.engine().process)
            .finish_non_exhaustive()
    }
}
