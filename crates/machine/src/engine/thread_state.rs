//! What the engine keeps of each thread, apart from its pending call and its program.

use std::fmt;
use std::rc::Rc;

use kernel::{CounterRng, Duration, Instant};

use crate::call::{Request, ThreadId};
use crate::config::{Preemption, PreemptionPoint};
use crate::engine::mailbox::Mailbox;
use crate::engine::process::Process;
use crate::environment::Environment;
use crate::schedulers::pending_call::PendingCall;

/// The state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It can make its pending call.
    Runnable,
    /// It has made its pending call and waits for another thread, or for time.
    Blocked,
    /// It has made its pending call and waits for the environment's reply.
    Asking,
    /// Its program has ended.
    Exited,
}

/// What an observer sees of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number, as the modeled program counts threads.
    pub number: u16,
    /// Its stable key.
    pub key: u64,
    /// Its state.
    pub state: ThreadState,
    /// The call that it is about to make or waits in; `None` once it has exited.
    pub request: Option<Request>,
    /// The deadline of its wait.
    pub deadline: Option<Instant>,
    /// The number of calls it has made.
    pub calls: u64,
}

/// A thread.
pub(crate) struct ThreadEntry<E: Environment> {
    name: String,
    pub(crate) mailbox: Rc<Mailbox<E>>,
    pub(crate) state: ThreadState,
    /// The random costs of its calls. Created at the first draw, since it takes more memory and time
    /// than all else, and a run without jitter never needs it.
    costs: Option<Box<CounterRng>>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) stalled_until: Instant,
    /// What its call returns, when its wait is over and its program has not continued yet.
    pub(crate) returns: Option<u32>,
    /// The preemptions that have not happened yet.
    preemptions: Vec<Preemption>,
    /// The number of the call for which `preemptions` was checked last.
    last_checked: u64,
}

/// A preemption that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DuePreemption {
    pub(crate) length: Duration,
    /// The stable key of the thread that runs next.
    pub(crate) to: Option<u64>,
}

impl<E: Environment> ThreadEntry<E> {
    /// An entry without a thread.
    pub(crate) fn new(mailbox: Mailbox<E>) -> Self {
        Self {
            name: String::new(),
            mailbox: Rc::new(mailbox),
            state: ThreadState::Exited,
            costs: None,
            deadline: None,
            stalled_until: Instant::ZERO,
            returns: None,
            preemptions: Vec::new(),
            last_checked: 0,
        }
    }

    /// Becomes a new thread.
    pub(crate) fn start(&mut self, name: &str) {
        assert_eq!(self.state, ThreadState::Exited, "{self:?} still runs");
        self.name.clear();
        self.name.push_str(name);
        self.state = ThreadState::Runnable;
        self.costs = None;
        self.deadline = None;
        self.stalled_until = Instant::ZERO;
        self.returns = None;
        self.preemptions.clear();
        self.last_checked = 0;
    }

    /// The mailbox for its program. Reuses the old one, unless the program of an earlier thread has
    /// left a handle somewhere.
    pub(crate) fn open_mailbox(
        &mut self,
        id: ThreadId,
        number: u16,
        tracks_state: bool,
    ) -> Rc<Mailbox<E>> {
        // A program may have moved a clone of its handle out; that handle keeps the old mailbox.
        if Rc::get_mut(&mut self.mailbox).is_none() {
            self.mailbox = Rc::new(Mailbox::new(self.mailbox.heap));
        }
        let mailbox = Rc::get_mut(&mut self.mailbox).expect("a new mailbox has no other owner");
        mailbox.init(id, number, tracks_state);
        Rc::clone(&self.mailbox)
    }

    pub(crate) fn add_preemptions(&mut self, preemptions: impl Iterator<Item = Preemption>) {
        self.preemptions.extend(preemptions);
    }

    pub(crate) fn has_preemptions(&self) -> bool {
        !self.preemptions.is_empty()
    }

    /// The random word for the cost of call number `nth`; `rng` creates the generator.
    #[inline(never)]
    pub(crate) fn cost_word(&mut self, nth: u64, rng: impl FnOnce() -> CounterRng) -> u64 {
        let costs = self.costs.get_or_insert_with(|| Box::new(rng()));
        costs.word(nth)
    }

    /// The next cost comes from a new generator.
    pub(crate) fn reseed(&mut self) {
        self.costs = None;
    }

    /// Checks that its program waits for the answer to a call, and for nothing else.
    pub(crate) fn assert_suspended(&self) {
        let name = &self.name;
        assert!(
            self.mailbox.is_suspended(),
            "{name} awaits something that is no call of its thread"
        );
    }

    /// Its program has ended.
    pub(crate) fn exit(&mut self) {
        assert!(
            !self.mailbox.is_suspended(),
            "a program that has ended makes no call"
        );
        self.state = ThreadState::Exited;
    }

    /// Its program was dropped before its end.
    pub(crate) fn kill(&mut self) {
        self.deadline = None;
        self.state = ThreadState::Exited;
    }

    /// The preemption before its pending call, if there is one. Each preemption is returned once.
    pub(crate) fn take_due_preemption(
        &mut self,
        pending: &PendingCall,
        process: &Process<E>,
    ) -> Option<DuePreemption> {
        let next = pending.calls + 1;
        // A thread may be scheduled several times before it makes the same call; the call counts
        // only once towards `nth`.
        if self.preemptions.is_empty() || self.last_checked == next {
            return None;
        }
        self.last_checked = next;
        let named = process.named_operation(&pending.request.operation);
        let index =
            self.preemptions
                .iter_mut()
                .position(|preemption| match &mut preemption.before {
                    PreemptionPoint::Call(call) => *call == next,
                    PreemptionPoint::Operation { kind, of, nth } => {
                        // `nth` counts down to zero.
                        let matches = named == Some((*kind, of.as_str()));
                        *nth -= u64::from(matches);
                        matches && *nth == 0
                    }
                })?;
        let Preemption { length, to, .. } = self.preemptions.swap_remove(index);
        Some(DuePreemption { length, to })
    }

    pub(crate) fn view<'a>(&'a self, pending: &PendingCall) -> ThreadView<'a> {
        ThreadView {
            name: &self.name,
            number: self.mailbox.number,
            key: pending.key,
            state: self.state,
            request: (self.state != ThreadState::Exited).then_some(pending.request),
            deadline: self.deadline,
            calls: pending.calls,
        }
    }
}

impl<E: Environment> fmt::Debug for ThreadEntry<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, .. } = self;
        write!(formatter, "{name} ({state:?})")
    }
}
