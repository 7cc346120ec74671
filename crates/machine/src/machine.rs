//! The machine: threads taking turns, driven by whoever owns time.
//!
//! Owns [`Machine`], which runs the threads' programs and lends them its engine while they run. The
//! world asks [`Machine::next_time`], calls [`Machine::run`], answers environment calls and posts
//! messages; the machine schedules nothing outside itself. It refuses to go on once the modeled
//! process has raised an exception.

mod fingerprint;
mod inspect;
mod reset;

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;

use kernel::{Choices, Instant};

use crate::call::{EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::config::{Config, ConfigError};
use crate::costs::CostTable;
use crate::engine::access_log::AccessLog;
use crate::engine::activity::WokenBy;
use crate::engine::mailbox::Payload;
use crate::engine::process::Process;
use crate::engine::record::Recorded;
use crate::engine::thread_state::Running;
use crate::engine::trace_hash::TraceHash;
use crate::engine::{Answer, Engine, EngineCell, Reason, Step};
use crate::environment::Environment;
use crate::exception::Exception;
use crate::heap::census::format;
use crate::memory::address::Address;
use crate::memory::heap_layout::HeapLayout;
use crate::memory::{Memory, StaticFull};
use crate::race::detector::{RaceDetector, SyncObject};
use crate::schedulers::Strategy;
use crate::schedulers::dispatcher::Dispatch;
use crate::schedulers::dispatcher::Dispatcher;
use crate::schedulers::enabled_set::EnabledSet;
use crate::sync::queue::Queue;
use crate::sync::{EventObject, Lock, Semaphore};
use crate::thread::Thread;

/// Where the process heap begins: among the addresses of the time's dumps.
const HEAP_BASE: Address = Address(0x0167_0000);

/// What a thread does, from its start to its end.
type Program = Pin<Box<dyn Future<Output = ()>>>;

/// One modeled process and its threads.
pub struct Machine<E: Environment> {
    /// None only while a program runs: then the program has it.
    engine: Option<Box<Engine<E>>>,
    loan: Rc<EngineCell<E>>,
    /// By thread; none once it has ended.
    programs: Vec<Option<Program>>,
}

/// Why [`Machine::run`] returned.
#[derive(Debug)]
pub enum Progress<E: Environment> {
    /// A thread made a call that only the world can answer; it waits for [`Machine::reply`].
    Environment {
        /// Who.
        thread: ThreadId,
        /// When.
        at: Instant,
        /// What.
        call: E::Call,
    },
    /// The modeled process ended by this exception. Nothing runs any more.
    Raised(Exception),
    /// What comes next comes after `until`.
    ReachedUntil,
    /// Every thread waits for something that only the world can bring, or has exited.
    Idle,
    /// The threads have made as many calls as [`Config::calls`] allows; no more are made.
    CallLimitReached,
}

impl<E: Environment> Machine<E> {
    /// A machine without threads. `key` is its host's, for luck.
    ///
    /// # Errors
    /// If `config` is out of range.
    pub fn new(
        config: Config,
        strategy: Strategy,
        choices: Choices,
        key: u64,
    ) -> Result<Self, ConfigError> {
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
        let turns = Dispatcher::new(&config, strategy);
        let mut process = Process::new(memory, heap, RaceDetector::new(config.detect_races, heap));
        process.locks = locks;
        process.save_initial_state();
        let (calls_left, trace_hash) = (config.call_limit, config.trace_hash);
        let engine = Engine {
            process,
            threads: Vec::new(),
            spare: Vec::new(),
            candidates: EnabledSet::default(),
            turns,
            timers: BTreeSet::new(),
            records: Vec::new(),
            tariff: CostTable::new(&config.costs, config.jitter),
            access_log: AccessLog::new(config.access_log_length),
            config,
            choices,
            key,
            now: Instant::ZERO,
            until: Instant::ZERO,
            calls_left,
            trail: TraceHash::new(trace_hash),
            told: None,
            is_looked_at: false,
            is_disturbed: false,
            activity: None,
            ended: false,
            exception: None,
            reason: Reason::Ready(Instant::ZERO),
            step: None,
        };
        Ok(Self {
            engine: Some(Box::new(engine)),
            loan: Rc::default(),
            programs: Vec::new(),
        })
    }

    pub(crate) fn engine(&self) -> &Engine<E> {
        let engine = self.engine.as_deref();
        engine.expect("the engine is lent only while a program runs")
    }

    pub(crate) fn engine_mut(&mut self) -> &mut Engine<E> {
        let engine = self.engine.as_deref_mut();
        engine.expect("the engine is lent only while a program runs")
    }

    /// Maps `words` zeroed words of static data.
    ///
    /// # Errors
    /// If there is no room between the image and the stacks.
    pub fn map_static(&mut self, words: u32, name: &'static str) -> Result<Address, StaticFull> {
        self.engine_mut().process.memory.map_static(words, name)
    }

    /// Creates a critical section.
    pub fn create_lock(&mut self, name: &'static str) -> LockId {
        let locks = &mut self.engine_mut().process.locks;
        locks.push(Lock::new(name));
        LockId(count(locks))
    }

    /// Creates a semaphore.
    ///
    /// # Panics
    /// If `maximum` is zero or less than `initial`.
    pub fn create_semaphore(
        &mut self,
        name: &'static str,
        initial: u32,
        maximum: u32,
    ) -> SemaphoreId {
        let semaphores = &mut self.engine_mut().process.semaphores;
        semaphores.push(Semaphore::new(name, initial, maximum));
        SemaphoreId(count(semaphores))
    }

    /// Creates an NT event object, not set, that a wait resets unless `manual`.
    pub fn create_event(&mut self, name: &'static str, manual: bool) -> EventId {
        let events = &mut self.engine_mut().process.events;
        events.push(EventObject::new(name, manual));
        EventId(count(events))
    }

    /// Creates a queue for at most `limit` messages.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn create_queue(&mut self, name: &'static str, limit: usize) -> QueueId {
        let process = &mut self.engine_mut().process;
        process.queues.push(Queue::new(name, limit));
        process.judge.queue_created(limit);
        QueueId(count(&process.queues))
    }

    /// Starts a thread, which can make its first call from the machine's present time on
    /// ([`Self::advance`]). It has heard of nobody: see [`Self::fork`].
    ///
    /// # Panics
    /// If there have been [`THREADS_MAX`](crate::config::THREADS_MAX) threads.
    pub fn spawn<P, F>(&mut self, name: &str, number: u16, key: u64, program: P) -> ThreadId
    where
        P: FnOnce(Thread<E>) -> F,
        F: Future<Output = ()> + 'static,
    {
        let engine = self.engine_mut();
        assert!(!engine.ended, "a process that ended starts no thread");
        let id = ThreadId(u32::try_from(engine.threads.len()).expect("few threads"));
        engine.begin(id, name, key);
        engine.reason = Reason::Ready(engine.now);
        let now = engine.now;
        let is_watched = engine.told.is_some();
        let mailbox = engine.threads[id.index()].open_mailbox(id, number, is_watched);
        mailbox.set_now(now);
        let thread = Thread::new(mailbox, Rc::clone(&self.loan));
        self.programs.push(Some(Box::pin(program(thread))));
        self.go_on(id);
        id
    }

    /// Tells the judge that `child` was started by `parent` and so has heard of all it did.
    pub fn fork(&mut self, parent: ThreadId, child: ThreadId) {
        assert_ne!(parent, child, "nobody starts itself");
        self.engine_mut().process.judge.forked(parent, child);
    }

    /// Tells the machine that the world's time is `now`; an earlier time changes nothing.
    pub fn advance(&mut self, now: Instant) {
        let engine = self.engine_mut();
        engine.now = engine.now.max(now);
    }

    /// The earliest time at which a call takes place or a wait's deadline comes; `None` if
    /// everything is blocked.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        let engine = self.engine();
        if engine.ended {
            return None;
        }
        let timer = engine.timers.first().map(|(at, _)| *at);
        match (engine.turns.next_time(&engine.candidates), timer) {
            (Some(call), Some(timer)) => Some(call.min(timer)),
            (one, other) => one.or(other),
        }
    }

    /// Carries out calls one after the other while their time is at most `until`, or until one
    /// needs the world. The world's time is `now`.
    pub fn run(&mut self, now: Instant, until: Instant) -> Progress<E> {
        self.advance(now);
        let engine = self.engine_mut();
        engine.turns.stop_asking();
        if engine.ended {
            return Progress::Idle;
        }
        engine.until = until;
        engine.look();
        let mut step = engine.next();
        loop {
            step = match step {
                Step::GoOn(Dispatch { thread, at }, word) => {
                    self.tell(thread, Answer { at, word });
                    self.engine_mut().left()
                }
                Step::Release(turn) => {
                    self.set_free(turn.at, WokenBy::Thread(turn.thread));
                    self.engine_mut().next()
                }
                Step::Expire(at, thread) => {
                    let answer = self.engine_mut().expire(at, thread);
                    self.tell(thread, answer);
                    self.engine_mut().next()
                }
                Step::Ask(turn) => return self.ask(turn),
                Step::Raise => {
                    let exception = self.engine_mut().exception.take();
                    return Progress::Raised(*exception.expect("a process ends by an exception"));
                }
                Step::Rest if self.next_time().is_some() => return Progress::ReachedUntil,
                Step::Rest => return Progress::Idle,
                Step::CallLimitReached => return Progress::CallLimitReached,
            }
        }
    }

    fn ask(&mut self, turn: Dispatch) -> Progress<E> {
        let Dispatch { thread, at } = turn;
        let mailbox = &self.engine().threads[thread.index()].mailbox;
        let Some(Payload::Call(call)) = mailbox.take_parcel() else {
            panic!("a call travels with every question to the environment");
        };
        Progress::Environment { thread, at, call }
    }

    /// Tells a thread the answer to its call: its program goes on.
    fn tell(&mut self, thread: ThreadId, answer: Answer) {
        self.engine_mut().answer(thread, answer);
        self.go_on(thread);
    }

    /// Lets a thread's program go on to the next call that it cannot be answered at once, or to
    /// its end.
    fn go_on(&mut self, thread: ThreadId) {
        let program = self.programs[thread.index()].as_mut();
        let program = program.expect("a live thread has a program");
        self.loan.set(self.engine.take());
        let poll = program
            .as_mut()
            .poll(&mut Context::from_waker(std::task::Waker::noop()));
        self.engine = self.loan.take();
        let engine = self.engine_mut();
        if poll.is_ready() {
            engine.exited(thread);
            self.programs[thread.index()] = None;
        } else {
            engine.threads[thread.index()].assert_asks();
        }
    }

    /// Lets everyone go on whom the last call, or the world, set free.
    fn set_free(&mut self, at: Instant, waker: WokenBy) {
        let mut woken = std::mem::take(&mut self.engine_mut().process.woken);
        for one in woken.drain(..) {
            let thread = one.thread;
            let answer = self.engine_mut().release(one, at, waker);
            self.tell(thread, answer);
        }
        self.engine_mut().process.woken = woken;
    }

    /// Answers a thread's environment call: it can go on from `at`. An answer that comes after
    /// the process ended is lost.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply) {
        if self.has_ended() {
            return;
        }
        self.advance(at);
        let answer = self.engine_mut().reply(thread, at, reply);
        self.tell(thread, answer);
    }

    /// The environment says: what `thread` did so far comes before whatever
    /// [acquires](Self::acquire) `key` later.
    pub fn release(&mut self, thread: ThreadId, key: u64) {
        let judge = &mut self.engine_mut().process.judge;
        judge.release(thread, SyncObject::Outside(key));
    }

    /// The environment says: `thread` has heard of whoever [released](Self::release) `key`.
    pub fn acquire(&mut self, thread: ThreadId, key: u64) {
        let judge = &mut self.engine_mut().process.judge;
        judge.acquire(thread, SyncObject::Outside(key));
    }

    /// Puts a message of the world's into a queue. A message that comes after the process ended
    /// is lost.
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
        self.set_free(at, WokenBy::Environment);
        Ok(())
    }

    /// The first thread of this name.
    #[must_use]
    pub fn thread_named(&self, name: &str) -> Option<ThreadId> {
        let place = self.threads().position(|thread| thread.name == name)?;
        Some(ThreadId(u32::try_from(place).expect("threads are few")))
    }

    /// From the next call on luck is that of `choices`: what calls cost, and who goes next where
    /// chance decides.
    pub fn reseed(&mut self, choices: Choices) {
        let engine = self.engine_mut();
        engine.choices = choices;
        engine.turns.reseed(choices);
        engine.threads.iter_mut().for_each(Running::forget_luck);
    }

    /// Fault: from now on `thread` makes no call before `until`.
    pub fn stall(&mut self, thread: ThreadId, until: Instant) {
        let engine = self.engine_mut();
        engine.is_disturbed = true;
        let running = &mut engine.threads[thread.index()];
        running.stalled_until = running.stalled_until.max(until);
    }

    /// Ends the modeled process: all programs are dropped where they stand.
    pub fn terminate(&mut self) {
        self.programs.iter_mut().for_each(|program| *program = None);
        let engine = self.engine_mut();
        engine.ended = true;
        engine.timers.clear();
        engine.threads.iter_mut().for_each(Running::kill);
    }

    /// Takes what programs wrote down since the last time, in the order of writing.
    pub fn take_records(&mut self) -> Vec<Recorded<E::Record>> {
        std::mem::take(&mut self.engine_mut().records)
    }

    /// Hands what programs wrote down since the last time to `reader`, keeping the room it took.
    pub fn drain_records(&mut self, reader: impl FnMut(Recorded<E::Record>)) {
        self.engine_mut().records.drain(..).for_each(reader);
    }

    /// Sets a word before the program starts. No access in the judge's eyes.
    ///
    /// # Panics
    /// If nothing is mapped there.
    pub fn poke(&mut self, address: Address, value: u32) {
        self.engine_mut().process.memory.poke(address, value);
    }
}

/// The number of the newest of `objects`.
fn count<T>(objects: &[T]) -> u32 {
    u32::try_from(objects.len() - 1).expect("fewer than 2^32 objects")
}

impl<E: Environment> fmt::Debug for Machine<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Machine")
            .field("now", &self.engine().now)
            .field("steps", &self.calls())
            .field("threads", &self.engine().threads)
            .field("process", &self.engine().process)
            .finish_non_exhaustive()
    }
}
