//! What carries calls out, one after the other, until a program must go on.
//!
//! Owns [`Engine`]: the modeled process, who waits for what, and whose turn it is. While a program
//! runs its machine has lent it the engine ([`EngineCell`]): a call of the thread that still has the turn
//! is then carried out at once, without leaving the program, and that is most calls. It refuses to
//! run programs: it says who goes on ([`Step`]).

pub(crate) mod access_log;
pub(crate) mod activity;
pub(crate) mod mailbox;
pub(crate) mod observation_hash;
mod observe;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod thread_state;
pub(crate) mod trace_hash;
mod wakeup;

use std::cell::Cell;
use std::collections::BTreeSet;

use kernel::{Choices, Duration, Instant, Site, mix};

use crate::call::{Request, ThreadId};
use crate::config::{Config, THREADS_MAX};
use crate::costs::CostTable;
use crate::engine::access_log::AccessLog;
use crate::engine::activity::Activity;
use crate::engine::mailbox::Mailbox;
use crate::engine::observation_hash::ObservationHash;
use crate::engine::process::{Effect, Process};
use crate::engine::record::{RECORDS_MAX, Recorded};
use crate::engine::thread_state::{DuePreemption, Running, ThreadState};
use crate::engine::trace_hash::TraceHash;
use crate::environment::Environment;
use crate::exception::Exception;
use crate::schedulers::dispatcher::Dispatch;
use crate::schedulers::dispatcher::Dispatcher;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;
use crate::schedulers::pending_call::PreparedCall;

/// The luck of what calls cost.
const COST: Site = Site::new("machine.cost");

/// A modeled process, its threads without their programs, and whose turn it is.
pub(crate) struct Engine<E: Environment> {
    pub(crate) process: Process<E>,
    pub(crate) threads: Vec<Running<E>>,
    /// Threads that a restart took away, kept for their room.
    pub(crate) spare: Vec<Running<E>>,
    /// Their pending calls.
    pub(crate) candidates: EnabledSet,
    pub(crate) turns: Dispatcher,
    /// The deadlines of waits.
    pub(crate) timers: BTreeSet<(Instant, ThreadId)>,
    /// What programs wrote down since the world last took it.
    pub(crate) records: Vec<Recorded<E::Record>>,
    pub(crate) tariff: CostTable,
    pub(crate) config: Config,
    pub(crate) choices: Choices,
    /// The host's, for luck.
    pub(crate) key: u64,
    pub(crate) now: Instant,
    /// How far calls are carried out at present.
    pub(crate) until: Instant,
    /// How many calls may be made yet.
    pub(crate) calls_left: u64,
    pub(crate) trail: TraceHash,
    /// What threads were told, if that is watched.
    pub(crate) told: Option<ObservationHash>,
    /// Whether anybody looks at calls as they are made.
    pub(crate) is_looked_at: bool,
    /// Whether a stall or a preemption may stand in the way of calls.
    pub(crate) is_disturbed: bool,
    /// What threads did since somebody last took it, if somebody looks.
    pub(crate) activity: Option<Vec<Activity>>,
    pub(crate) access_log: AccessLog,
    pub(crate) ended: bool,
    /// What the process ended by.
    pub(crate) exception: Option<Box<Exception>>,
    /// Why the program that runs does so.
    pub(crate) reason: Reason,
    /// What comes next, once the program that runs has been left.
    pub(crate) step: Option<Step>,
}

/// The engine, while it is lent to a program.
pub(crate) type EngineCell<E> = Cell<Option<Box<Engine<E>>>>;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The program of the thread that had this turn goes on: its call was answered with this word.
    GoOn(Dispatch, u32),
    /// All go on whom a call of this thread has set free.
    Release(Dispatch),
    /// The wait of this thread was over at this time.
    Expire(Instant, ThreadId),
    /// A thread made a call that only the world can answer.
    Ask(Dispatch),
    /// The process ended by [`Engine::exception`].
    Raise,
    /// What comes next comes later, or never.
    Rest,
    /// There are no calls left to make.
    CallLimitReached,
}

/// Why a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its thread has the turn.
    Dispatch(Dispatch),
    /// Its thread can go on from then on: it was started, or a wait of its is over.
    Ready(Instant),
}

/// The answer to a call, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) at: Instant,
    pub(crate) word: u32,
}

impl<E: Environment> Engine<E> {
    /// Carries out calls until a program must go on, or nothing can be done now.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> Step {
        self.next_at_once()
    }

    /// The same without leaving the program that runs: this and what every call passes are one piece of
    /// code.
    #[inline(always)]
    fn next_at_once(&mut self) -> Step {
        loop {
            if self.calls_left == 0 {
                return Step::CallLimitReached;
            }
            let limit = if self.timers.is_empty() {
                Some(self.until)
            } else {
                self.limit()
            };
            let Some(turn) = limit.and_then(|limit| self.next_turn(limit)) else {
                return self.without_turn();
            };
            if let Some(step) = self.take_turn(turn) {
                return step;
            }
        }
    }

    /// Until when calls come before deadlines: at equal times a deadline comes first.
    #[inline(never)]
    fn limit(&self) -> Option<Instant> {
        match self.due() {
            Some((at, _)) => at.nanos().checked_sub(1).map(Instant::from_nanos),
            None => Some(self.until),
        }
    }

    /// The first deadline that comes in time.
    fn due(&self) -> Option<(Instant, ThreadId)> {
        self.timers
            .first()
            .copied()
            .filter(|(at, _)| *at <= self.until)
    }

    /// Nobody makes a call before the first deadline, or in time.
    #[inline(never)]
    fn without_turn(&mut self) -> Step {
        if let Some((at, thread)) = self.due() {
            return Step::Expire(at, thread);
        }
        self.turns.on_idle();
        Step::Rest
    }

    /// The next thread begins.
    pub(crate) fn begin(&mut self, thread: ThreadId, name: &str, key: u64) {
        assert_eq!(thread.index(), self.threads.len(), "threads come in order");
        assert!(
            self.threads.len() < THREADS_MAX,
            "a machine has at most {THREADS_MAX} threads"
        );
        let vacant = || Running::vacant(Mailbox::new(self.process.heap));
        let mut running = self.spare.pop().unwrap_or_else(vacant);
        running.rename(name);
        running.begin();
        if !self.config.preemptions.is_empty() {
            let orders = self.config.preemptions.iter().filter(|one| one.key == key);
            running.order(orders.cloned());
            self.is_disturbed |= running.has_orders();
        }
        self.threads.push(running);
        self.candidates.enroll(thread, key);
        if self.process.judge.is_on() {
            self.process.judge.spawned(thread);
        }
    }

    /// The program that runs makes its next call. Answers at once if its thread keeps the turn.
    pub(crate) fn called(&mut self, thread: ThreadId, request: &Request) -> Option<Answer> {
        if self.told.is_some() {
            self.settle(thread);
        }
        let asked = PreparedCall::new(request, &self.tariff);
        let turn = match self.reason {
            Reason::Dispatch(turn) => turn,
            Reason::Ready(at) => {
                self.candidates.announce(thread, &asked);
                self.turns.ready(&mut self.candidates, at, thread);
                return None;
            }
        };
        assert_eq!(
            turn.thread, thread,
            "a program calls through its own thread"
        );
        self.turns.goes_on(&mut self.candidates, thread, &asked);
        let step = if self.process.woken.is_empty() {
            self.next_at_once()
        } else {
            Step::Release(turn)
        };
        if let Step::GoOn(turn, word) = step
            && turn.thread == thread
        {
            return Some(Answer { at: turn.at, word });
        }
        self.step = Some(step);
        None
    }

    /// The call of a thread was answered: its program is to go on.
    pub(crate) fn answer(&mut self, thread: ThreadId, answer: Answer) {
        let mailbox = &self.threads[thread.index()].mailbox;
        mailbox.answer(answer.word);
        mailbox.set_now(answer.at);
    }

    /// A thread writes a record down.
    pub(crate) fn record(&mut self, thread: ThreadId, at: Instant, record: E::Record) {
        assert!(self.records.len() < RECORDS_MAX, "nobody takes the records");
        self.records.push(Recorded { at, thread, record });
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
        if let Reason::Dispatch(turn) = self.reason {
            self.turns.stopped(&mut self.candidates);
            let sets_free = !self.process.woken.is_empty();
            self.step = Some(if sets_free {
                Step::Release(turn)
            } else {
                self.next()
            });
        }
    }

    #[cold]
    fn settle(&mut self, thread: ThreadId) {
        if let Some(told) = &mut self.told
            && let Some(hash) = self.threads[thread.index()].mailbox.take_remembered()
        {
            told.settle(thread, hash);
        }
    }

    #[inline(always)]
    fn next_turn(&mut self, limit: Instant) -> Option<Dispatch> {
        let process = &self.process;
        let enabledness = |one: &PendingCall, at| process.enabledness(one, at);
        self.turns.next(&mut self.candidates, limit, enabledness)
    }

    /// Lets the thread whose turn it is make its call, unless something stands in its way.
    #[inline(always)]
    fn take_turn(&mut self, turn: Dispatch) -> Option<Step> {
        if self.is_disturbed && self.hold_up(turn) {
            return None;
        }
        self.now = self.now.max(turn.at);
        self.make_call(turn)
    }

    /// Whether a stall or a preemption keeps the thread that has the turn from its call: then the
    /// turn is another's.
    #[cold]
    fn hold_up(&mut self, turn: Dispatch) -> bool {
        let running = &mut self.threads[turn.thread.index()];
        if turn.at < running.stalled_until {
            self.rest(turn.thread);
            return true;
        }
        let pending = self.candidates.of(turn.thread);
        let Some(DuePreemption { length, to }) = running.put_aside_now(pending, &self.process)
        else {
            return false;
        };
        let request = pending.request;
        if let Some(footprint) = self.footprint(turn, &request) {
            self.access_log.keep_from(footprint);
        }
        let running = &mut self.threads[turn.thread.index()];
        if length.is_zero() {
            self.turns.pass_over(turn, to);
        } else {
            running.stalled_until = running.stalled_until.max(turn.at.saturating_add(length));
            self.rest(turn.thread);
        }
        true
    }

    /// The thread that has the turn loses it until its stall is over.
    fn rest(&mut self, thread: ThreadId) {
        let until = self.threads[thread.index()].stalled_until;
        self.turns.stopped(&mut self.candidates);
        self.candidates.of_mut(thread).stretch = Duration::ZERO;
        self.turns.ready(&mut self.candidates, until, thread);
    }

    /// Carries out the pending call of whoever has the turn; nothing comes next but another turn if its
    /// thread has to wait.
    #[inline(always)]
    fn make_call(&mut self, turn: Dispatch) -> Option<Step> {
        self.calls_left -= 1;
        let one = self.candidates.of_mut(turn.thread);
        if !one.on_word.touches {
            return self.make_other_call(turn);
        }
        let Some(cost) = one.cost.fixed() else {
            return self.make_other_call(turn);
        };
        one.makes(None);
        let Some(word) = self.process.access(turn, &one.on_word, &one.request) else {
            return self.execute(turn, cost);
        };
        self.trail.enter_access(turn, &one.on_word, word);
        Some(self.answered(turn, cost, word))
    }

    /// Makes a call that touches no word, or whose cost is drawn.
    #[inline(never)]
    fn make_other_call(&mut self, turn: Dispatch) -> Option<Step> {
        let one = self.candidates.of_mut(turn.thread);
        let operation = &one.request.operation;
        let cost = one.cost.fixed().unwrap_or_else(|| {
            let luck = || self.choices.counter_rng(COST, mix(self.key, one.key));
            let word = self.threads[turn.thread.index()].word(one.calls, luck);
            self.tariff.draw(operation, word)
        });
        one.makes(operation.is_private().then_some(cost));
        if one.on_word.touches
            && let Some(word) = self.process.access(turn, &one.on_word, &one.request)
        {
            self.trail.enter_access(turn, &one.on_word, word);
            return Some(self.answered(turn, cost, word));
        }
        self.execute(turn, cost)
    }

    /// Carries out a call that touches no word, or none that is there.
    #[inline(never)]
    fn execute(&mut self, turn: Dispatch, cost: Duration) -> Option<Step> {
        let request = &self.candidates.of(turn.thread).request;
        let mailbox = &self.threads[turn.thread.index()].mailbox;
        let effect = self.process.execute(turn, request, mailbox);
        let answer = match effect {
            Effect::Answer(word) => word,
            Effect::Blocked(_) | Effect::Environment | Effect::Raised(_) => 0,
        };
        self.trail.enter(turn, &request.operation, answer);
        if let Effect::Answer(word) = effect {
            return Some(self.answered(turn, cost, word));
        }
        if self.is_looked_at {
            self.show(turn, cost, &effect);
        }
        self.turns.spent(cost);
        self.stop(turn, effect)
    }

    /// The call cost so much and came to an answer: the thread that has the turn can go on.
    fn answered(&mut self, turn: Dispatch, cost: Duration, word: u32) -> Step {
        if self.is_looked_at {
            self.show(turn, cost, &Effect::Answer(word));
        }
        self.turns.spent(cost);
        self.reason = Reason::Dispatch(turn);
        Step::GoOn(turn, word)
    }

    /// The thread that had the turn cannot go on.
    #[inline(never)]
    fn stop(&mut self, turn: Dispatch, effect: Effect) -> Option<Step> {
        let running = &mut self.threads[turn.thread.index()];
        match effect {
            Effect::Answer(_) => panic!("{running:?} can go on"),
            Effect::Blocked(deadline) => {
                running.state = ThreadState::Blocked;
                self.turns.stopped(&mut self.candidates);
                if deadline < Instant::MAX {
                    running.deadline = Some(deadline);
                    self.timers.insert((deadline, turn.thread));
                }
                assert!(self.process.woken.is_empty(), "who waits sets nobody free");
                None
            }
            Effect::Environment => {
                running.state = ThreadState::Asking;
                self.turns.asked(&mut self.candidates);
                Some(Step::Ask(turn))
            }
            Effect::Raised(exception) => {
                self.ended = true;
                self.exception = Some(exception);
                Some(Step::Raise)
            }
        }
    }
}
