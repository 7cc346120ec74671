//! A thread as the machine sees it.
//!
//! Owns what it is doing and its luck; its pending call is among the candidates, its program is the
//! machine's. It refuses to decide when the thread goes on.

use std::fmt;
use std::rc::Rc;

use kernel::{CounterRng, Duration, Instant};

use crate::call::{Request, ThreadId};
use crate::config::{Preemption, PreemptionPoint};
use crate::engine::mailbox::Mailbox;
use crate::engine::process::Process;
use crate::environment::Environment;
use crate::schedulers::pending_call::PendingCall;

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It can make its pending call.
    Runnable,
    /// It made its pending call and waits for somebody, or for time.
    Blocked,
    /// It made its pending call and waits for the environment's reply.
    Asking,
    /// Its program has ended.
    Exited,
}

/// What an oracle may see of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number in the program's own counting.
    pub number: u16,
    /// Its stable key.
    pub key: u64,
    /// What it is doing.
    pub state: ThreadState,
    /// The call it is about to make or waits in; none once it has exited.
    pub request: Option<Request>,
    /// When its wait ends by itself, if it does.
    pub deadline: Option<Instant>,
    /// How many calls it has made.
    pub calls: u64,
}

pub(crate) struct Running<E: Environment> {
    name: String,
    pub(crate) mailbox: Rc<Mailbox<E>>,
    pub(crate) state: ThreadState,
    /// What its calls cost, made when a cost is first drawn: it takes more room and time than all
    /// else, and where there is no jitter nobody asks.
    luck: Option<Box<CounterRng>>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) stalled_until: Instant,
    /// What is left of the preemptions laid down for it.
    orders: Vec<Preemption>,
    /// The ordinal of the call before which they were last asked.
    asked: u64,
}

/// How a thread is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DuePreemption {
    pub(crate) length: Duration,
    /// Who goes on instead.
    pub(crate) to: Option<u64>,
}

impl<E: Environment> Running<E> {
    /// Room for a thread.
    pub(crate) fn vacant(mailbox: Mailbox<E>) -> Self {
        Self {
            name: String::new(),
            mailbox: Rc::new(mailbox),
            state: ThreadState::Exited,
            luck: None,
            deadline: None,
            stalled_until: Instant::ZERO,
            orders: Vec::new(),
            asked: 0,
        }
    }

    /// The mailbox of its next thread: the one there is, unless the last thread's program has left
    /// a handle with somebody.
    pub(crate) fn open_mailbox(
        &mut self,
        id: ThreadId,
        number: u16,
        is_watched: bool,
    ) -> Rc<Mailbox<E>> {
        if Rc::get_mut(&mut self.mailbox).is_none() {
            self.mailbox = Rc::new(self.mailbox.another());
        }
        let mailbox = Rc::get_mut(&mut self.mailbox).expect("nobody else holds a new one");
        mailbox.begin(id, number, is_watched);
        Rc::clone(&self.mailbox)
    }

    pub(crate) fn rename(&mut self, name: &str) {
        self.name.clear();
        self.name.push_str(name);
    }

    /// Becomes a new thread, whose program holds the mailbox opened last.
    pub(crate) fn begin(&mut self) {
        assert_eq!(self.state, ThreadState::Exited, "{self:?} lives");
        self.state = ThreadState::Runnable;
        self.luck = None;
        self.deadline = None;
        self.stalled_until = Instant::ZERO;
        self.orders.clear();
        self.asked = 0;
    }

    /// Lays down how it is to be put aside.
    pub(crate) fn order(&mut self, orders: impl Iterator<Item = Preemption>) {
        self.orders.extend(orders);
    }

    /// The word that decides what a call costs, of the stream that `luck` makes.
    #[inline(never)]
    pub(crate) fn word(&mut self, ordinal: u64, luck: impl FnOnce() -> CounterRng) -> u64 {
        let luck = self.luck.get_or_insert_with(|| Box::new(luck()));
        luck.word(ordinal)
    }

    /// From now on what its calls cost is up to another stream.
    pub(crate) fn forget_luck(&mut self) {
        self.luck = None;
    }

    /// Its program waits, which it may do for nothing but the answer to a call.
    pub(crate) fn assert_asks(&self) {
        let name = &self.name;
        assert!(
            self.mailbox.asks(),
            "{name} awaits something that is no call of its thread"
        );
    }

    /// Its program has ended.
    pub(crate) fn exit(&mut self) {
        assert!(!self.mailbox.asks(), "an ended program asks for nothing");
        self.state = ThreadState::Exited;
    }

    /// Whether orders to put it aside are left.
    pub(crate) fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// How it is put aside before its pending call, if a preemption stands there. That is used up
    /// by asking.
    pub(crate) fn put_aside_now(
        &mut self,
        pending: &PendingCall,
        process: &Process<E>,
    ) -> Option<DuePreemption> {
        let next = pending.calls + 1;
        if self.orders.is_empty() || self.asked == next {
            return None;
        }
        self.asked = next;
        let named = process.named(&pending.request.operation);
        let place = self
            .orders
            .iter_mut()
            .position(|order| match &mut order.before {
                PreemptionPoint::Call(call) => *call == next,
                PreemptionPoint::Operation { kind, of, nth } => {
                    let is_meant = named == Some((*kind, of.as_str()));
                    *nth -= u64::from(is_meant);
                    is_meant && *nth == 0
                }
            })?;
        let Preemption { length, to, .. } = self.orders.swap_remove(place);
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

    /// Its program was dropped where it stood.
    pub(crate) fn kill(&mut self) {
        self.deadline = None;
        self.state = ThreadState::Exited;
    }
}

impl<E: Environment> fmt::Debug for Running<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, .. } = self;
        write!(formatter, "{name} ({state:?})")
    }
}
