//! The machine: threads taking turns, driven by whoever owns time.
//!
//! Owns [`Machine`] and its loop. The world asks [`Machine::next_time`], calls [`Machine::run`],
//! answers environment calls and posts messages; the machine schedules nothing outside itself.
//! It refuses to go on once the modeled process has raised an exception.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use kernel::{Choices, Duration, Instant, Site, mix};

use crate::activity::{Activity, Came, Waker};
use crate::address::Address;
use crate::call::{EventId, LockId, Operation, QueueId, Request, SemaphoreId, ThreadId};
use crate::config::{Config, ConfigError, THREADS_MAX};
use crate::costs::Tariff;
use crate::environment::Environment;
use crate::exception::Exception;
use crate::footprints::{Footprint, Footprints};
use crate::heap_census::format;
use crate::heap_layout::HeapLayout;
use crate::judge::{Judge, MeetingPoint};
use crate::mailbox::{Mailbox, Parcel};
use crate::memory::{Memory, StaticFull};
use crate::note::{Notes, Written};
use crate::process::{DONE, Effect, Process, TIMED_OUT, Woken};
use crate::queue::Queue;
use crate::running::{Identity, PutAside, Running, ThreadState};
use crate::scheduler::{Strategy, Turn};
use crate::schedulers::turns::Turns;
use crate::sync::{EventObject, Lock, Semaphore};
use crate::thread::Thread;
use crate::told::Told;
use crate::trail::Trail;

/// Where the process heap begins: among the addresses of the time's dumps.
const HEAP_BASE: Address = Address(0x0167_0000);
/// The luck of what calls cost.
const COST: Site = Site::new("machine.cost");

/// One modeled process and its threads.
pub struct Machine<E: Environment> {
    pub(crate) process: Process<E>,
    pub(crate) threads: Vec<Running<E>>,
    /// Threads that a restart took away, kept for their room.
    pub(crate) spare: Vec<Running<E>>,
    /// What threads were told, if that is watched.
    pub(crate) told: Option<Told>,
    pub(crate) turns: Turns,
    pub(crate) timers: BTreeSet<(Instant, ThreadId)>,
    pub(crate) notes: Rc<RefCell<Notes<E::Record>>>,
    tariff: Tariff,
    pub(crate) config: Config,
    pub(crate) choices: Choices,
    key: u64,
    pub(crate) now: Instant,
    pub(crate) steps: u64,
    pub(crate) trail: Trail,
    /// What threads did since somebody last took it, if somebody looks.
    pub(crate) activity: Option<Vec<Activity>>,
    pub(crate) ended: bool,
    pub(crate) footprints: Footprints,
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
    Spent,
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
        memory.remember();
        let turns = Turns::new(&config, strategy);
        let mut process = Process::new(memory, heap, Judge::new(config.judge, heap));
        process.locks = locks;
        Ok(Self {
            process,
            threads: Vec::new(),
            told: None,
            spare: Vec::new(),
            turns,
            timers: BTreeSet::new(),
            notes: Rc::new(RefCell::new(Notes::new())),
            tariff: Tariff::new(&config.costs, config.jitter),
            footprints: Footprints::new(config.footprints),
            config,
            choices,
            key,
            now: Instant::ZERO,
            steps: 0,
            trail: Trail::default(),
            activity: None,
            ended: false,
        })
    }

    /// Maps `words` zeroed words of static data.
    ///
    /// # Errors
    /// If there is no room between the image and the stacks.
    pub fn map_static(&mut self, words: u32, name: &'static str) -> Result<Address, StaticFull> {
        self.process.memory.map_static(words, name)
    }

    /// Creates a critical section.
    pub fn create_lock(&mut self, name: &'static str) -> LockId {
        self.process.locks.push(Lock::new(name));
        LockId(count(&self.process.locks))
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
        let semaphore = Semaphore::new(name, initial, maximum);
        self.process.semaphores.push(semaphore);
        SemaphoreId(count(&self.process.semaphores))
    }

    /// Creates an NT event object, not set, that a wait resets unless `manual`.
    pub fn create_event(&mut self, name: &'static str, manual: bool) -> EventId {
        self.process.events.push(EventObject::new(name, manual));
        EventId(count(&self.process.events))
    }

    /// Creates a queue for at most `limit` messages.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn create_queue(&mut self, name: &'static str, limit: usize) -> QueueId {
        self.process.queues.push(Queue::new(name, limit));
        self.process.judge.queue_created(limit);
        QueueId(count(&self.process.queues))
    }

    /// Starts a thread, which can make its first call from the machine's present time on
    /// ([`Self::advance`]). It has heard of nobody: see [`Self::fork`].
    ///
    /// # Panics
    /// If there have been [`THREADS_MAX`] threads.
    pub fn spawn<P, F>(&mut self, name: &str, number: u16, key: u64, program: P) -> ThreadId
    where
        P: FnOnce(Thread<E>) -> F,
        F: Future<Output = ()> + 'static,
    {
        assert!(
            self.threads.len() < THREADS_MAX,
            "a machine has at most {THREADS_MAX} threads"
        );
        assert!(!self.ended, "a process that ended starts no thread");
        let id = ThreadId(u32::try_from(self.threads.len()).expect("few threads"));
        let mut running = self.spare.pop().unwrap_or_else(|| self.vacant());
        let mailbox = running.open_mailbox(id, number, self.told.is_some());
        let program = Box::pin(program(Thread::new(mailbox)));
        let identity = Identity { name, key };
        running.begin(identity, program, &self.config.preemptions);
        self.threads.push(running);
        self.process.judge.spawned(id);
        self.resume(id, self.now);
        id
    }

    /// Tells the judge that `child` was started by `parent` and so has heard of all it did.
    pub fn fork(&mut self, parent: ThreadId, child: ThreadId) {
        assert_ne!(parent, child, "nobody starts itself");
        self.process.judge.forked(parent, child);
    }

    /// Tells the machine that the world's time is `now`; an earlier time changes nothing.
    pub fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The earliest time at which a call takes place or a wait's deadline comes; `None` if
    /// everything is blocked.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        if self.ended {
            return None;
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        match (self.turns.next_time(), timer) {
            (Some(call), Some(timer)) => Some(call.min(timer)),
            (one, other) => one.or(other),
        }
    }

    /// Carries out calls one after the other while their time is at most `until`, or until one
    /// needs the world. The world's time is `now`.
    pub fn run(&mut self, now: Instant, until: Instant) -> Progress<E> {
        self.advance(now);
        self.turns.stop_asking();
        while !self.ended {
            if self.steps >= self.config.calls {
                return Progress::Spent;
            }
            let timer = self.timers.first().copied();
            let due = timer.filter(|(at, _)| *at <= until);
            // At equal times a deadline comes before a call.
            let limit = match due {
                Some((at, _)) => at.nanos().checked_sub(1).map(Instant::from_nanos),
                None => Some(until),
            };
            if let Some(turn) = limit.and_then(|limit| self.next_turn(limit)) {
                if let Some(progress) = self.take_turn(turn) {
                    return progress;
                }
            } else if let Some((at, thread)) = due {
                self.expire(at, thread);
            } else {
                self.turns.rest();
                return match self.next_time() {
                    Some(_) => Progress::ReachedUntil,
                    None => Progress::Idle,
                };
            }
        }
        Progress::Idle
    }

    /// Answers a thread's environment call: it can go on from `at`. An answer that comes after
    /// the process ended is lost.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply) {
        if self.ended {
            return;
        }
        self.advance(at);
        let running = &mut self.threads[thread.index()];
        assert_eq!(
            running.state,
            ThreadState::Asking,
            "{running:?} asked for nothing"
        );
        if let Some(told) = &mut self.told {
            told.answer(thread, &running.request().operation, DONE, at);
            told.hear(thread, &reply);
        }
        running.mailbox.put_parcel(Parcel::Reply(reply));
        running.mailbox.answer(DONE);
        self.see(Activity::woken(thread, at, Waker::World));
        self.resume(thread, at);
    }

    /// The environment says: what `thread` did so far comes before whatever
    /// [acquires](Self::acquire) `key` later.
    pub fn release(&mut self, thread: ThreadId, key: u64) {
        self.process
            .judge
            .release(thread, MeetingPoint::Outside(key));
    }

    /// The environment says: `thread` has heard of whoever [released](Self::release) `key`.
    pub fn acquire(&mut self, thread: ThreadId, key: u64) {
        self.process
            .judge
            .acquire(thread, MeetingPoint::Outside(key));
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
        if self.ended {
            return Ok(());
        }
        self.advance(at);
        self.process.post(queue, message)?;
        self.wake(at, Waker::World);
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
    pub fn renew(&mut self, choices: Choices) {
        self.choices = choices;
        self.turns.renew(choices);
        for running in &mut self.threads {
            running.forget_luck();
        }
    }

    /// Fault: from now on `thread` makes no call before `until`.
    pub fn stall(&mut self, thread: ThreadId, until: Instant) {
        let running = &mut self.threads[thread.index()];
        running.stalled_until = running.stalled_until.max(until);
    }

    /// Ends the modeled process: all programs are dropped where they stand.
    pub fn terminate(&mut self) {
        self.ended = true;
        self.timers.clear();
        self.threads.iter_mut().for_each(Running::kill);
    }

    /// Takes what programs wrote down since the last time, in the order of writing.
    pub fn take_records(&mut self) -> Vec<Written<E::Record>> {
        std::mem::take(&mut self.notes.borrow_mut().records)
    }

    /// Hands what programs wrote down since the last time to `reader`, keeping the room it took.
    pub fn drain_records(&mut self, reader: impl FnMut(Written<E::Record>)) {
        self.notes.borrow_mut().records.drain(..).for_each(reader);
    }

    /// Sets a word before the program starts. No access in the judge's eyes.
    ///
    /// # Panics
    /// If nothing is mapped there.
    pub fn poke(&mut self, address: Address, value: u32) {
        self.process.memory.poke(address, value);
    }

    /// Room for one more thread.
    fn vacant(&self) -> Running<E> {
        Running::vacant(Mailbox::new(self.process.heap, Rc::clone(&self.notes)))
    }

    fn next_turn(&mut self, limit: Instant) -> Option<Turn> {
        let process = &self.process;
        let prospect = |thread, operation: &Operation, at| process.prospect(thread, operation, at);
        self.turns.next(limit, prospect)
    }

    /// Lets the thread whose turn it is make its call, unless something stands in its way.
    fn take_turn(&mut self, turn: Turn) -> Option<Progress<E>> {
        let running = &mut self.threads[turn.thread.index()];
        assert_eq!(
            running.state,
            ThreadState::Runnable,
            "{running:?} has the turn"
        );
        if turn.at < running.stalled_until {
            self.rest(turn.thread);
            return None;
        }
        if let Some(PutAside { length, to }) = running.put_aside_now(&self.process) {
            let request = running.request();
            if let Some(footprint) = self.footprint(turn, &request) {
                self.footprints.keep_from(footprint);
            }
            let running = &mut self.threads[turn.thread.index()];
            if length.is_zero() {
                self.turns.pass_over(to);
            } else {
                running.stalled_until = running.stalled_until.max(turn.at.saturating_add(length));
                self.rest(turn.thread);
            }
            return None;
        }
        self.now = self.now.max(turn.at);
        self.make_call(turn)
    }

    /// What a call leaves behind before it is known what it comes to, if that is kept.
    fn footprint(&self, turn: Turn, request: &Request) -> Option<Footprint> {
        if !self.footprints.are_kept() {
            return None;
        }
        let (deed, name) = self.process.named(&request.operation)?;
        Some(Footprint {
            thread: turn.thread,
            deed,
            name,
            address: request.operation.place().map(|place| place.address),
            value: None,
            actor: request.actor,
            site: request.site,
            at: turn.at,
            ordinal: 0,
            raced: false,
            contended: self.turns.is_contended(),
            put_aside: false,
        })
    }

    /// The thread that has the turn loses it until its stall is over.
    fn rest(&mut self, thread: ThreadId) {
        let running = &self.threads[thread.index()];
        let (until, candidate) = (running.stalled_until, running.candidate());
        self.turns.stopped(Duration::ZERO);
        self.turns.ready(until, candidate);
    }

    fn make_call(&mut self, turn: Turn) -> Option<Progress<E>> {
        let running = &mut self.threads[turn.thread.index()];
        let request = running.request();
        let (choices, host) = (self.choices, self.key);
        let luck = |key| choices.stream(COST, mix(host, key));
        let cost = self
            .tariff
            .cost(&request.operation, || running.word(luck));
        running.calls += 1;
        self.steps += 1;
        let effect = self.process.execute(turn, &request, &running.mailbox);
        let answer = match effect {
            Effect::Answer(word) => word,
            Effect::Blocked(_) | Effect::Asked | Effect::Raised(_) => 0,
        };
        if let Some(footprint) = self.footprint(turn, &request) {
            let value = match (&effect, &request.operation) {
                (Effect::Answer(_), Operation::Write(_, value)) => Some(*value),
                (Effect::Answer(word), _) => Some(*word),
                (Effect::Blocked(_) | Effect::Asked | Effect::Raised(_), _) => None,
            };
            let raced = footprint.address.is_some() && value.is_some() && self.process.judge.raced;
            self.footprints.keep(Footprint {
                value,
                raced,
                ..footprint
            });
        }
        let running = &mut self.threads[turn.thread.index()];
        self.trail.enter(turn, &request.operation, answer);
        if let Some(seen) = &mut self.activity {
            let came = Came::of(&effect);
            seen.push(Activity::call(turn, cost, (request, answer), came));
        }
        match effect {
            Effect::Answer(word) => {
                if let Some(told) = &mut self.told {
                    told.answer(turn.thread, &request.operation, word, turn.at);
                    if let Some(parcel) = running.mailbox.take_parcel() {
                        told.hear(turn.thread, &parcel);
                        running.mailbox.put_parcel(parcel);
                    }
                }
                running.mailbox.answer(word);
                running.go_on(turn.at);
                if let Some(told) = &mut self.told
                    && let Some(hash) = running.mailbox.take_remembered()
                {
                    told.settle(turn.thread, hash);
                }
                if running.state == ThreadState::Exited {
                    self.turns.stopped(cost);
                } else {
                    self.turns.spent(cost, running.calls, || running.request());
                }
                self.judge_blocks();
            }
            Effect::Blocked(deadline) => {
                running.state = ThreadState::Blocked;
                self.turns.stopped(cost);
                if deadline < Instant::MAX {
                    running.deadline = Some(deadline);
                    self.timers.insert((deadline, turn.thread));
                }
            }
            Effect::Asked => {
                running.state = ThreadState::Asking;
                self.turns.asked(cost);
                let Some(Parcel::Call(call)) = running.mailbox.take_parcel() else {
                    panic!("a call travels with every question to the environment");
                };
                let (thread, at) = (turn.thread, turn.at);
                return Some(Progress::Environment { thread, at, call });
            }
            Effect::Raised(exception) => {
                self.ended = true;
                return Some(Progress::Raised(exception));
            }
        }
        self.wake(turn.at, Waker::Thread(turn.thread));
        None
    }

    /// Lets everyone go on whom the last call set free.
    fn wake(&mut self, at: Instant, waker: Waker) {
        if self.process.woken.is_empty() {
            return;
        }
        let mut woken = std::mem::take(&mut self.process.woken);
        for Woken { thread, message } in woken.drain(..) {
            let running = &mut self.threads[thread.index()];
            assert_eq!(running.state, ThreadState::Blocked, "{running:?} waits");
            if let Some(deadline) = running.deadline.take() {
                self.timers.remove(&(deadline, thread));
            }
            if let Some(told) = &mut self.told {
                told.answer(thread, &running.request().operation, DONE, at);
            }
            if let Some(message) = message {
                let parcel = Parcel::Message(message);
                if let Some(told) = &mut self.told {
                    told.hear(thread, &parcel);
                }
                running.mailbox.put_parcel(parcel);
            }
            running.mailbox.answer(DONE);
            self.see(Activity::woken(thread, at, waker));
            self.resume(thread, at);
        }
        self.process.woken = woken;
    }

    /// A wait's deadline has come.
    fn expire(&mut self, at: Instant, thread: ThreadId) {
        self.now = self.now.max(at);
        self.timers.remove(&(at, thread));
        let running = &mut self.threads[thread.index()];
        assert_eq!(
            running.deadline.take(),
            Some(at),
            "{running:?} has this deadline"
        );
        let operation = running.request().operation;
        if let Some(told) = &mut self.told {
            told.answer(thread, &operation, TIMED_OUT, at);
        }
        self.process.give_up(thread, &operation);
        running.mailbox.answer(TIMED_OUT);
        self.see(Activity::woken(thread, at, Waker::Time));
        self.resume(thread, at);
    }

    fn see(&mut self, what: Activity) {
        if let Some(seen) = &mut self.activity {
            seen.push(what);
        }
    }

    /// The program goes on to its next call, which the thread can make from `at` on.
    fn resume(&mut self, thread: ThreadId, at: Instant) {
        let running = &mut self.threads[thread.index()];
        running.go_on(at);
        if let Some(told) = &mut self.told
            && let Some(hash) = running.mailbox.take_remembered()
        {
            told.settle(thread, hash);
        }
        if running.state == ThreadState::Runnable {
            self.turns.ready(at, running.candidate());
        }
        self.judge_blocks();
    }

    /// Tells the judge what the heap's code said it did.
    fn judge_blocks(&mut self) {
        let mut notes = self.notes.borrow_mut();
        if notes.blocks.is_empty() {
            return;
        }
        for note in notes.blocks.drain(..) {
            self.process.judge.block(note);
        }
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
            .field("now", &self.now)
            .field("steps", &self.steps)
            .field("threads", &self.threads)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
