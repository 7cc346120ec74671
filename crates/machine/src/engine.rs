//! What carries calls out, one after the other, until a program must go on.
//!
//! Owns [`Engine`]: the modeled process, who waits for what, and whose turn it is. While a program
//! runs its machine has lent it the engine ([`Loan`]): a call of the thread that still has the turn
//! is then carried out at once, without leaving the program, and that is most calls. It refuses to
//! run programs: it says who goes on ([`Step`]).

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::{Choices, Duration, Instant, Site, mix};

use crate::activity::{Activity, Came, Waker};
use crate::call::{Operation, Request, ThreadId};
use crate::config::Config;
use crate::costs::Tariff;
use crate::environment::Environment;
use crate::exception::Exception;
use crate::footprints::{Footprint, Footprints};
use crate::mailbox::Parcel;
use crate::note::Notes;
use crate::process::{DONE, Effect, Process, TIMED_OUT, Woken};
use crate::running::{PutAside, Running, ThreadState};
use crate::scheduler::Turn;
use crate::schedulers::turns::Turns;
use crate::told::Told;
use crate::trail::Trail;

/// The luck of what calls cost.
const COST: Site = Site::new("machine.cost");

/// A modeled process, its threads without their programs, and whose turn it is.
pub(crate) struct Engine<E: Environment> {
    pub(crate) process: Process<E>,
    pub(crate) threads: Vec<Running<E>>,
    /// Threads that a restart took away, kept for their room.
    pub(crate) spare: Vec<Running<E>>,
    pub(crate) turns: Turns,
    /// The deadlines of waits.
    pub(crate) timers: BTreeSet<(Instant, ThreadId)>,
    pub(crate) notes: Rc<RefCell<Notes<E::Record>>>,
    pub(crate) tariff: Tariff,
    pub(crate) config: Config,
    pub(crate) choices: Choices,
    /// The host's, for luck.
    pub(crate) key: u64,
    pub(crate) now: Instant,
    /// How far calls are carried out at present.
    pub(crate) until: Instant,
    pub(crate) steps: u64,
    pub(crate) trail: Trail,
    /// What threads were told, if that is watched.
    pub(crate) told: Option<Told>,
    /// Whether anybody looks at calls as they are made.
    pub(crate) is_looked_at: bool,
    /// What threads did since somebody last took it, if somebody looks.
    pub(crate) activity: Option<Vec<Activity>>,
    pub(crate) footprints: Footprints,
    pub(crate) ended: bool,
    /// What the process ended by.
    pub(crate) exception: Option<Box<Exception>>,
    /// Why the program that runs does so.
    pub(crate) reason: Reason,
    /// What comes next, once the program that runs has been left.
    pub(crate) step: Option<Step>,
}

/// The engine, while it is lent to a program.
pub(crate) type Loan<E> = Cell<Option<Box<Engine<E>>>>;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// This thread's program goes on: its call was answered.
    GoOn(ThreadId),
    /// All go on whom a call of this thread has set free.
    Release(Turn),
    /// The wait of this thread was over at this time.
    Expire(Instant, ThreadId),
    /// A thread made a call that only the world can answer.
    Ask(Turn),
    /// The process ended by [`Engine::exception`].
    Raise,
    /// What comes next comes later, or never.
    Rest,
    /// There are no calls left to make.
    Spent,
}

/// Why a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its thread has the turn, and its last call cost so much.
    Turn(Turn, Duration),
    /// Its thread can go on from then on: it was started, or a wait of its is over.
    Ready(Instant),
}

impl<E: Environment> Engine<E> {
    /// Carries out calls until a program must go on, or nothing can be done now.
    pub(crate) fn next(&mut self) -> Step {
        loop {
            if self.steps >= self.config.calls {
                return Step::Spent;
            }
            let mut limit = Some(self.until);
            let mut due = None;
            if let Some(&(at, thread)) = self.timers.first()
                && at <= self.until
            {
                due = Some((at, thread));
                // At equal times a deadline comes before a call.
                limit = at.nanos().checked_sub(1).map(Instant::from_nanos);
            }
            if let Some(turn) = limit.and_then(|limit| self.next_turn(limit)) {
                if let Some(step) = self.take_turn(turn) {
                    return step;
                }
            } else if let Some((at, thread)) = due {
                return Step::Expire(at, thread);
            } else {
                self.turns.rest();
                return Step::Rest;
            }
        }
    }

    /// The program that runs makes its next call. Answers at once if its thread keeps the turn.
    pub(crate) fn called(&mut self, thread: ThreadId, request: Request) -> Option<u32> {
        if self.told.is_some() {
            self.settle(thread);
        }
        let running = &mut self.threads[thread.index()];
        running.asks(request);
        match self.reason {
            Reason::Ready(at) => {
                self.turns.ready(at, running.candidate());
                self.judge_blocks();
                None
            }
            Reason::Turn(turn, cost) => {
                self.turns.spent(cost, running.calls, &request);
                let step = self.after(turn);
                if step == Step::GoOn(thread) {
                    return Some(self.threads[thread.index()].mailbox.take_answer());
                }
                self.step = Some(step);
                None
            }
        }
    }

    /// The program that ran has been left: it waits for the answer to its call.
    pub(crate) fn left(&mut self) -> Step {
        self.step.take().expect("who has the turn asks the engine")
    }

    /// The program that ran has ended.
    pub(crate) fn exited(&mut self, thread: ThreadId) {
        if self.told.is_some() {
            self.settle(thread);
        }
        self.threads[thread.index()].exit();
        match self.reason {
            Reason::Ready(_) => self.judge_blocks(),
            Reason::Turn(turn, cost) => {
                self.turns.stopped(cost);
                self.step = Some(self.after(turn));
            }
        }
    }

    /// What comes after a call whose thread has gone on as far as it could.
    fn after(&mut self, turn: Turn) -> Step {
        self.judge_blocks();
        if self.process.woken.is_empty() {
            self.next()
        } else {
            Step::Release(turn)
        }
    }

    fn settle(&mut self, thread: ThreadId) {
        if let Some(told) = &mut self.told
            && let Some(hash) = self.threads[thread.index()].mailbox.take_remembered()
        {
            told.settle(thread, hash);
        }
    }

    fn next_turn(&mut self, limit: Instant) -> Option<Turn> {
        let process = &self.process;
        let prospect = |thread, operation: &Operation, at| process.prospect(thread, operation, at);
        self.turns.next(limit, prospect)
    }

    /// Lets the thread whose turn it is make its call, unless something stands in its way.
    fn take_turn(&mut self, turn: Turn) -> Option<Step> {
        let running = &self.threads[turn.thread.index()];
        assert!(
            running.state == ThreadState::Runnable,
            "{running:?} has the turn"
        );
        if running.may_be_held_up(turn.at) && self.hold_up(turn) {
            return None;
        }
        self.now = self.now.max(turn.at);
        self.make_call(turn)
    }

    /// Whether a stall or a preemption keeps the thread that has the turn from its call: then the
    /// turn is another's.
    #[cold]
    fn hold_up(&mut self, turn: Turn) -> bool {
        let running = &mut self.threads[turn.thread.index()];
        if turn.at < running.stalled_until {
            self.rest(turn.thread);
            return true;
        }
        let Some(PutAside { length, to }) = running.put_aside_now(&self.process) else {
            return false;
        };
        let request = *running.request();
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
        true
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

    fn make_call(&mut self, turn: Turn) -> Option<Step> {
        let running = &mut self.threads[turn.thread.index()];
        let price = self.tariff.price(&running.request().operation);
        let (choices, host) = (self.choices, self.key);
        let cost = price.cost(|| running.word(|key| choices.stream(COST, mix(host, key))));
        running.calls += 1;
        self.steps += 1;
        let request = running.request();
        let effect = self.process.execute(turn, request, &running.mailbox);
        let answer = match effect {
            Effect::Answer(word) => word,
            Effect::Blocked(_) | Effect::Asked | Effect::Raised(_) => 0,
        };
        self.trail.enter(turn, &request.operation, answer);
        if self.is_looked_at {
            self.show(turn, cost, &effect);
        }
        if let Effect::Answer(word) = effect {
            let mailbox = &self.threads[turn.thread.index()].mailbox;
            mailbox.answer(word);
            mailbox.set_now(turn.at);
            self.reason = Reason::Turn(turn, cost);
            return Some(Step::GoOn(turn.thread));
        }
        self.stop(turn, cost, effect)
    }

    /// The thread that had the turn cannot go on.
    fn stop(&mut self, turn: Turn, cost: Duration, effect: Effect) -> Option<Step> {
        let running = &mut self.threads[turn.thread.index()];
        match effect {
            Effect::Answer(_) => panic!("{running:?} can go on"),
            Effect::Blocked(deadline) => {
                running.state = ThreadState::Blocked;
                self.turns.stopped(cost);
                if deadline < Instant::MAX {
                    running.deadline = Some(deadline);
                    self.timers.insert((deadline, turn.thread));
                }
                assert!(self.process.woken.is_empty(), "who waits sets nobody free");
                None
            }
            Effect::Asked => {
                running.state = ThreadState::Asking;
                self.turns.asked(cost);
                Some(Step::Ask(turn))
            }
            Effect::Raised(exception) => {
                self.ended = true;
                self.exception = Some(exception);
                Some(Step::Raise)
            }
        }
    }

    /// Whether anybody looks at calls as they are made.
    pub(crate) fn look(&mut self) {
        let is_watched = self.told.is_some() || self.activity.is_some();
        self.is_looked_at = is_watched || self.footprints.are_kept();
    }

    /// Shows a call to whoever looks.
    #[inline(never)]
    fn show(&mut self, turn: Turn, cost: Duration, effect: &Effect) {
        let request = *self.threads[turn.thread.index()].request();
        self.keep_footprint(turn, &request, effect);
        let mailbox = &self.threads[turn.thread.index()].mailbox;
        let answer = match effect {
            Effect::Answer(word) => Some(*word),
            Effect::Blocked(_) | Effect::Asked | Effect::Raised(_) => None,
        };
        if let Some(seen) = &mut self.activity {
            let call = (request, answer.unwrap_or(0));
            seen.push(Activity::call(turn, cost, call, Came::of(effect)));
        }
        if let Some(word) = answer
            && let Some(told) = &mut self.told
        {
            told.answer(turn.thread, &request.operation, word, turn.at);
            if let Some(parcel) = mailbox.take_parcel() {
                told.hear(turn.thread, &parcel);
                mailbox.put_parcel(parcel);
            }
        }
    }

    /// Keeps what a call left behind.
    fn keep_footprint(&mut self, turn: Turn, request: &Request, effect: &Effect) {
        let Some(footprint) = self.footprint(turn, request) else {
            return;
        };
        let value = match (effect, &request.operation) {
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

    /// The wait of a thread is over, which a call or the world has ended: its program is to go on.
    pub(crate) fn release(&mut self, woken: Woken<E>, at: Instant, waker: Waker) {
        let Woken { thread, message } = woken;
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
        self.resume(thread, DONE, at, waker);
    }

    /// A wait's deadline has come: its thread's program is to go on.
    pub(crate) fn expire(&mut self, at: Instant, thread: ThreadId) {
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
        self.resume(thread, TIMED_OUT, at, Waker::Time);
    }

    /// The world answers: its thread's program is to go on.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub(crate) fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply) {
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
        self.resume(thread, DONE, at, Waker::World);
    }

    fn resume(&mut self, thread: ThreadId, answer: u32, at: Instant, waker: Waker) {
        if let Some(seen) = &mut self.activity {
            seen.push(Activity::woken(thread, at, waker));
        }
        let mailbox = &self.threads[thread.index()].mailbox;
        mailbox.answer(answer);
        mailbox.set_now(at);
        self.reason = Reason::Ready(at);
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
