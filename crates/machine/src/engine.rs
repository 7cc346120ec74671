//! The engine carries calls out, one after the other.
//!
//! While a program runs, the machine lends it the engine (see [`EngineCell`]). A call of a thread
//! that stays scheduled is carried out at once, without a return to the machine; most calls are of
//! that kind. The engine never polls programs: it tells the machine what to do next ([`EngineExit`]).
//!
//! | module | contents |
//! |---|---|
//! | `process` | the effect of each operation on the modeled process |
//! | `uncontested` | calls that are carried out without a scheduling decision |
//! | `wakeup` | how waits end |
//! | `deadlines` | when waits end |
//! | `thread_state`, `mailbox` | a thread, and the slot between its program and the engine |
//! | `observe`, `activity`, `access_log`, `record`, `watch` | what observers see of a run |
//! | `trace_hash`, `observation_hash` | hashes of all calls, and of what each thread observed |

pub(crate) mod access_log;
pub(crate) mod activity;
pub(crate) mod deadlines;
pub(crate) mod mailbox;
pub(crate) mod observation_hash;
mod observe;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod thread_state;
pub(crate) mod trace_hash;
mod uncontested;
mod wakeup;
pub(crate) mod watch;

use std::cell::Cell;

use kernel::{Choices, Duration, Instant, Site};

use crate::call::{Request, ThreadId};
use crate::config::{Config, THREADS_MAX};
use crate::costs::CostTable;
use crate::engine::access_log::AccessLog;
use crate::engine::activity::Activity;
use crate::engine::deadlines::Deadlines;
use crate::engine::mailbox::Mailbox;
use crate::engine::observation_hash::ObservationHash;
use crate::engine::process::{Effect, Process};
use crate::engine::record::{RECORDS_MAX, Recorded};
use crate::engine::thread_state::{DuePreemption, ThreadEntry, ThreadState};
use crate::engine::trace_hash::TraceHash;
use crate::environment::Environment;
use crate::exception::Exception;
use crate::schedulers::dispatcher::Dispatcher;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::{PendingCall, PreparedCall};
use crate::schedulers::scheduling_decision::SchedulingDecision;

/// The random choices of what calls cost.
const COST: Site = Site::new("machine.cost");

/// A modeled process, its threads without their programs, and the dispatcher.
pub(crate) struct Engine<E: Environment> {
    pub(crate) process: Process<E>,
    pub(crate) threads: Vec<ThreadEntry<E>>,
    /// Threads of an earlier run, kept for their allocations.
    pub(crate) spare: Vec<ThreadEntry<E>>,
    /// The threads' pending calls.
    pub(crate) enabled: EnabledSet,
    pub(crate) dispatcher: Dispatcher,
    /// The deadlines of waits.
    pub(crate) timers: Deadlines,
    /// Records that were not taken yet.
    pub(crate) records: Vec<Recorded<E::Record>>,
    pub(crate) cost_table: CostTable,
    pub(crate) config: Config,
    pub(crate) choices: Choices,
    /// The host's key for random choices.
    pub(crate) key: u64,
    pub(crate) now: Instant,
    /// Calls are carried out up to this instant.
    pub(crate) until: Instant,
    pub(crate) calls_left: u64,
    pub(crate) trace_hash: TraceHash,
    /// What threads observed, if that is tracked.
    pub(crate) observed: Option<ObservationHash>,
    /// Whether anything observes calls as they are made.
    pub(crate) is_observed: bool,
    /// The number of threads whose wait is over and whose programs have not continued yet.
    pub(crate) returning: u32,
    /// Whether a stall or a preemption may delay calls.
    pub(crate) has_interruptions: bool,
    /// What threads did since an observer last took it; `None` without an observer.
    pub(crate) activity: Option<Vec<Activity>>,
    pub(crate) access_log: AccessLog,
    pub(crate) ended: bool,
    /// The exception that ended the process, until it is reported.
    pub(crate) exception: Option<Box<Exception>>,
    /// Why the current program was polled.
    pub(crate) poll_reason: PollReason,
    /// What comes next once the current program has returned from its poll.
    pub(crate) next: Option<EngineExit>,
}

/// Where a program finds the engine while it runs; empty at other times.
pub(crate) type EngineCell<E> = Cell<Option<Box<Engine<E>>>>;

/// What the machine has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineExit {
    /// Poll the program of the dispatched thread: its call returned this word.
    Resume(SchedulingDecision, u32),
    /// Wake the threads that a call of this thread has released.
    Wake(SchedulingDecision),
    /// End the wait of this thread, whose deadline has come.
    Expire(Instant, ThreadId),
    /// Pass the dispatched thread's call to the environment.
    AskEnvironment(SchedulingDecision),
    /// Report [`Engine::exception`].
    Raise,
    /// Return to the environment: nothing happens before `until`.
    Idle,
    /// Return to the environment: no calls are left.
    CallLimitReached,
}

/// Why a program is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollReason {
    /// Its call was carried out, and it is still scheduled.
    Dispatched(SchedulingDecision),
    /// It was started or woken, and can make its next call from this instant on.
    Ready(Instant),
}

/// The answer to a call, and when the call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) at: Instant,
    pub(crate) word: u32,
}

impl<E: Environment> Engine<E> {
    /// Carries calls out until the machine has to do something.
    #[inline(never)]
    pub(crate) fn run(&mut self) -> EngineExit {
        self.run_inline()
    }

    /// The same, inlined into [`Self::on_call`]: the path of an ordinary call is one piece of code.
    #[inline(always)]
    fn run_inline(&mut self) -> EngineExit {
        loop {
            if self.calls_left == 0 {
                return EngineExit::CallLimitReached;
            }
            let limit = self.limit_of_calls();
            let Some(dispatch) = limit.and_then(|limit| self.dispatch(limit)) else {
                return self.expire_or_idle();
            };
            if let Some(action) = self.carry_out(dispatch) {
                return action;
            }
        }
    }

    /// The last instant at which calls come before deadlines. At equal times the deadline comes
    /// first.
    #[inline(always)]
    fn limit_of_calls(&self) -> Option<Instant> {
        match self.first_deadline() {
            // Timers run before threads at one instant, as in the order of simulation events.
            Some((at, _)) => at.nanos().checked_sub(1).map(Instant::from_nanos),
            None => Some(self.until),
        }
    }

    /// The first deadline that is not after `until`.
    fn first_deadline(&self) -> Option<(Instant, ThreadId)> {
        self.timers.first().filter(|(at, _)| *at <= self.until)
    }

    /// No thread makes a call before the first deadline, or before `until`.
    #[inline(never)]
    fn expire_or_idle(&mut self) -> EngineExit {
        if let Some((at, thread)) = self.first_deadline() {
            return EngineExit::Expire(at, thread);
        }
        self.dispatcher.on_idle();
        EngineExit::Idle
    }

    /// Adds a thread.
    pub(crate) fn add_thread(&mut self, thread: ThreadId, name: &str, key: u64) {
        assert_eq!(
            thread.index(),
            self.threads.len(),
            "threads start in the order of their numbers"
        );
        assert!(
            self.threads.len() < THREADS_MAX,
            "a machine has at most {THREADS_MAX} threads"
        );
        let new = || ThreadEntry::new(Mailbox::new(self.process.heap));
        let mut entry = self.spare.pop().unwrap_or_else(new);
        entry.start(name);
        if !self.config.preemptions.is_empty() {
            let preemptions = self.config.preemptions.iter();
            entry.add_preemptions(preemptions.filter(|one| one.key == key).cloned());
            self.has_interruptions |= entry.has_preemptions();
        }
        self.threads.push(entry);
        self.enabled.add_thread(thread, key);
        if self.process.detector.is_on() {
            self.process.detector.thread_started(thread);
        }
    }

    /// The current program makes its next call. Returns the answer if the thread stays scheduled.
    #[inline(always)]
    pub(crate) fn on_call(&mut self, thread: ThreadId, request: &Request) -> Option<Answer> {
        if let Some(answer) = self.call_uncontested(thread, request) {
            return Some(answer);
        }
        self.announce_call(thread, request)
    }

    /// The same for a call that a scheduling decision may come before.
    #[inline(never)]
    fn announce_call(&mut self, thread: ThreadId, request: &Request) -> Option<Answer> {
        if self.observed.is_some() {
            self.apply_declared_state(thread);
        }
        // Worked out once for each call, not at each scheduling decision.
        let call = PreparedCall::new(request, &self.cost_table);
        let dispatch = match self.poll_reason {
            PollReason::Dispatched(dispatch) => dispatch,
            // Started or woken, but not scheduled: the call waits for a scheduling decision.
            PollReason::Ready(at) => {
                self.enabled.set_pending(thread, &call);
                self.dispatcher.ready(&mut self.enabled, at, thread, None);
                return None;
            }
        };
        assert_eq!(
            dispatch.thread, thread,
            "a program makes calls through its own thread"
        );
        self.dispatcher
            .continue_with(&mut self.enabled, thread, &call);
        // Woken threads announce their calls before the next decision, which may fall on them.
        let action = if self.process.woken.is_empty() {
            self.run_inline()
        } else {
            EngineExit::Wake(dispatch)
        };
        if let EngineExit::Resume(dispatch, word) = action
            && dispatch.thread == thread
        {
            let at = dispatch.at;
            return Some(Answer { at, word });
        }
        self.next = Some(action);
        None
    }

    /// Puts the answer to a call into the thread's mailbox.
    pub(crate) fn deliver(&mut self, thread: ThreadId, answer: Answer) {
        let mailbox = &self.threads[thread.index()].mailbox;
        mailbox.answer(answer.word);
        mailbox.set_now(answer.at);
    }

    /// Keeps a record of a thread.
    pub(crate) fn record(&mut self, thread: ThreadId, at: Instant, record: E::Record) {
        assert!(
            self.records.len() < RECORDS_MAX,
            "records are taken from time to time"
        );
        self.process.watch.on_record();
        self.records.push(Recorded { at, thread, record });
    }

    /// What comes next, after the poll of a scheduled thread's program.
    pub(crate) fn take_next(&mut self) -> EngineExit {
        self.next
            .take()
            .expect("a scheduled program makes a call or ends")
    }

    /// The current program has ended.
    pub(crate) fn on_exit(&mut self, thread: ThreadId) {
        if self.observed.is_some() {
            self.apply_declared_state(thread);
        }
        self.threads[thread.index()].exit();
        // A program that ends right after it was started or woken was never scheduled.
        if let PollReason::Dispatched(dispatch) = self.poll_reason {
            self.dispatcher.deschedule(&mut self.enabled);
            self.next = Some(if self.process.woken.is_empty() {
                self.run()
            } else {
                EngineExit::Wake(dispatch)
            });
        }
    }

    /// Replaces what a thread has observed by the state that its program has declared.
    #[cold]
    fn apply_declared_state(&mut self, thread: ThreadId) {
        if let Some(observed) = &mut self.observed
            && let Some(state) = self.threads[thread.index()].mailbox.take_declared_state()
        {
            observed.replace(thread, state);
        }
    }

    /// The next scheduling decision, if a call can be made until `limit`.
    #[inline(always)]
    fn dispatch(&mut self, limit: Instant) -> Option<SchedulingDecision> {
        let process = &self.process;
        let enabledness = |call: &PendingCall, at| process.enabledness(call, at);
        self.dispatcher.next(&mut self.enabled, limit, enabledness)
    }

    /// Carries out the dispatched thread's call, unless a stall or preemption comes before it.
    #[inline(always)]
    fn carry_out(&mut self, dispatch: SchedulingDecision) -> Option<EngineExit> {
        if self.has_interruptions && self.interrupt(dispatch) {
            return None;
        }
        self.now = self.now.max(dispatch.at);
        if self.returning > 0
            && let Some(action) = self.return_from_wait(dispatch)
        {
            return Some(action);
        }
        self.make_call(dispatch)
    }

    /// Whether a stall or a preemption keeps the dispatched thread from its call. If so, the
    /// dispatcher decides again.
    #[cold]
    fn interrupt(&mut self, dispatch: SchedulingDecision) -> bool {
        let entry = &mut self.threads[dispatch.thread.index()];
        if dispatch.at < entry.stalled_until {
            self.deschedule_stalled(dispatch.thread);
            return true;
        }
        // A preemption counts calls that are about to be made.
        if entry.returns.is_some() {
            return false;
        }
        let pending = self.enabled.pending(dispatch.thread);
        let Some(DuePreemption { length, to }) = entry.take_due_preemption(pending, &self.process)
        else {
            return false;
        };
        let request = pending.request;
        if let Some(logged) = self.log_entry(dispatch, &request) {
            self.access_log.push_preempted(logged);
        }
        let entry = &mut self.threads[dispatch.thread.index()];
        if length.is_zero() {
            // A mere context switch. The thread stays ready.
            self.dispatcher.preempt(dispatch, to);
        } else {
            entry.stalled_until = entry.stalled_until.max(dispatch.at.saturating_add(length));
            self.deschedule_stalled(dispatch.thread);
        }
        true
    }

    /// The dispatched thread is ready again when its stall is over.
    fn deschedule_stalled(&mut self, thread: ThreadId) {
        let until = self.threads[thread.index()].stalled_until;
        self.dispatcher.deschedule(&mut self.enabled);
        // The stall covers the private work before the call: schedulers must not count it again.
        self.enabled.pending_mut(thread).private_time = Duration::ZERO;
        self.dispatcher
            .ready(&mut self.enabled, until, thread, None);
    }

    /// Carries out the dispatched thread's call. `None` if the thread blocks: then the dispatcher
    /// decides again.
    ///
    /// An access to a mapped word at a fixed cost, the most frequent call, is handled here; all
    /// other calls take the slow path.
    #[inline(always)]
    fn make_call(&mut self, dispatch: SchedulingDecision) -> Option<EngineExit> {
        self.calls_left -= 1;
        let call = self.enabled.pending_mut(dispatch.thread);
        if !call.word_access.touches {
            return self.make_uncommon_call(dispatch);
        }
        let Some(cost) = call.cost.fixed() else {
            return self.make_uncommon_call(dispatch);
        };
        // Any call but a private one ends the thread's private time.
        call.count_call(None);
        let access = &call.word_access;
        let Some(word) = self.process.access(dispatch, access, &call.request) else {
            return self.execute(dispatch, cost);
        };
        self.trace_hash.add_access(dispatch, access, word);
        Some(self.answered(dispatch, cost, word))
    }

    /// Makes a call that touches no word, or whose cost must be drawn.
    #[inline(never)]
    fn make_uncommon_call(&mut self, dispatch: SchedulingDecision) -> Option<EngineExit> {
        let call = self.enabled.pending_mut(dispatch.thread);
        let operation = call.request.operation;
        let cost = match call.cost.fixed() {
            Some(cost) => cost,
            None => self.cost_of_call(dispatch.thread, operation.cost_class()),
        };
        let call = self.enabled.pending_mut(dispatch.thread);
        call.count_call(operation.is_private().then_some(cost));
        if call.word_access.touches
            && let Some(word) = self
                .process
                .access(dispatch, &call.word_access, &call.request)
        {
            self.trace_hash
                .add_access(dispatch, &call.word_access, word);
            return Some(self.answered(dispatch, cost, word));
        }
        self.execute(dispatch, cost)
    }

    /// Carries out a call that touches no word, or an unmapped one.
    #[inline(never)]
    fn execute(&mut self, dispatch: SchedulingDecision, cost: Duration) -> Option<EngineExit> {
        let request = &self.enabled.pending(dispatch.thread).request;
        let mailbox = &self.threads[dispatch.thread.index()].mailbox;
        let effect = self.process.execute(dispatch, request, mailbox);
        let answer = match effect {
            Effect::Answer(word) => word,
            Effect::Blocked(_) | Effect::Environment | Effect::Raised(_) => 0,
        };
        // A call that blocks is part of the trace too, with the answer zero.
        self.trace_hash.add(dispatch, &request.operation, answer);
        if let Effect::Answer(word) = effect {
            return Some(self.answered(dispatch, cost, word));
        }
        if self.is_observed {
            self.observe_call(dispatch, cost, &effect);
        }
        self.dispatcher.charge(cost);
        self.suspend(dispatch, effect)
    }

    /// The dispatched thread's call was carried out; the thread stays scheduled.
    fn answered(&mut self, dispatch: SchedulingDecision, cost: Duration, word: u32) -> EngineExit {
        if self.is_observed {
            self.observe_call(dispatch, cost, &Effect::Answer(word));
        }
        self.dispatcher.charge(cost);
        self.poll_reason = PollReason::Dispatched(dispatch);
        EngineExit::Resume(dispatch, word)
    }

    /// The dispatched thread cannot continue.
    #[inline(never)]
    fn suspend(&mut self, dispatch: SchedulingDecision, effect: Effect) -> Option<EngineExit> {
        let entry = &mut self.threads[dispatch.thread.index()];
        match effect {
            Effect::Answer(_) => panic!("{entry:?} can continue"),
            Effect::Blocked(deadline) => {
                entry.state = ThreadState::Blocked;
                self.dispatcher.deschedule(&mut self.enabled);
                if deadline < Instant::MAX {
                    entry.deadline = Some(deadline);
                    self.timers.insert(deadline, dispatch.thread);
                }
                assert!(
                    self.process.woken.is_empty(),
                    "a call that blocks wakes no thread"
                );
                None
            }
            Effect::Environment => {
                // The reply may come at once, at the same simulated time, and then costs no switch.
                entry.state = ThreadState::Asking;
                self.dispatcher.await_reply(&mut self.enabled);
                Some(EngineExit::AskEnvironment(dispatch))
            }
            Effect::Raised(exception) => {
                self.ended = true;
                self.exception = Some(exception);
                Some(EngineExit::Raise)
            }
        }
    }
}
