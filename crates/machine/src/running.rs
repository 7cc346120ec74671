//! A thread as the machine sees it.
//!
//! Owns its pending call and its luck; its program is the machine's. It refuses to decide when the
//! thread goes on.

use std::fmt;
use std::rc::Rc;

use kernel::{Duration, Instant, Stream};

use crate::call::{Request, ThreadId};
use crate::environment::Environment;
use crate::mailbox::Mailbox;
use crate::process::Process;
use crate::scheduler::{Before, Candidate, Preemption, Prospect};

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

/// Who a new thread is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: u64,
}

pub(crate) struct Running<E: Environment> {
    name: String,
    key: u64,
    pub(crate) mailbox: Rc<Mailbox<E>>,
    pub(crate) state: ThreadState,
    /// What its program asks for, or asked for last.
    request: Option<Request>,
    pub(crate) calls: u64,
    /// What its calls cost, made when a cost is first drawn: it takes more room and time than all
    /// else, and where there is no jitter nobody asks.
    luck: Option<Box<Stream>>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) stalled_until: Instant,
    /// What is left of the preemptions laid down for it.
    orders: Vec<Preemption>,
    /// Whether the pending call is known to no order yet.
    unseen: bool,
}

/// How a thread is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PutAside {
    pub(crate) length: Duration,
    /// Who goes on instead.
    pub(crate) to: Option<u64>,
}

impl<E: Environment> Running<E> {
    /// Room for a thread.
    pub(crate) fn vacant(mailbox: Mailbox<E>) -> Self {
        Self {
            name: String::new(),
            key: 0,
            mailbox: Rc::new(mailbox),
            state: ThreadState::Exited,
            request: None,
            calls: 0,
            luck: None,
            deadline: None,
            stalled_until: Instant::ZERO,
            orders: Vec::new(),
            unseen: true,
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

    /// Becomes a new thread, whose program holds the mailbox opened last.
    pub(crate) fn begin(&mut self, identity: Identity<'_>, preemptions: &[Preemption]) {
        assert_eq!(self.state, ThreadState::Exited, "{self:?} lives");
        self.name.clear();
        self.name.push_str(identity.name);
        self.key = identity.key;
        self.state = ThreadState::Runnable;
        self.calls = 0;
        self.luck = None;
        self.deadline = None;
        self.stalled_until = Instant::ZERO;
        let mine = preemptions.iter().filter(|one| one.key == identity.key);
        self.orders.clear();
        self.orders.extend(mine.cloned());
        self.unseen = true;
    }

    /// The word that decides what the next call costs, of the stream that `luck` makes.
    pub(crate) fn word(&mut self, luck: impl FnOnce(u64) -> Stream) -> u64 {
        let (key, ordinal) = (self.key, self.calls);
        let luck = self.luck.get_or_insert_with(|| Box::new(luck(key)));
        luck.word(ordinal)
    }

    /// From now on what its calls cost is up to another stream.
    pub(crate) fn forget_luck(&mut self) {
        self.luck = None;
    }

    /// Its program makes a call.
    pub(crate) fn asks(&mut self, request: Request) {
        assert_ne!(self.state, ThreadState::Exited, "an ended program rests");
        self.request = Some(request);
        self.state = ThreadState::Runnable;
        self.unseen = true;
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

    /// The pending call.
    pub(crate) fn request(&self) -> &Request {
        assert_ne!(self.state, ThreadState::Exited, "only a live thread calls");
        let request = self.request.as_ref();
        request.expect("a live thread has a pending call")
    }

    /// Whether something may stand in the way of a call at this time.
    pub(crate) fn may_be_held_up(&self, at: Instant) -> bool {
        at < self.stalled_until || !self.orders.is_empty()
    }

    /// How it is put aside before its pending call, if a preemption stands there. That is used up
    /// by asking.
    pub(crate) fn put_aside_now(&mut self, process: &Process<E>) -> Option<PutAside> {
        if self.orders.is_empty() || !std::mem::take(&mut self.unseen) {
            return None;
        }
        let next = self.calls + 1;
        let named = process.named(&self.request().operation);
        let place = self
            .orders
            .iter_mut()
            .position(|order| match &mut order.before {
                Before::Call(call) => *call == next,
                Before::Deed { deed, of, ordinal } => {
                    let is_meant = named == Some((*deed, of.as_str()));
                    *ordinal -= u64::from(is_meant);
                    is_meant && *ordinal == 0
                }
            })?;
        let Preemption { length, to, .. } = self.orders.swap_remove(place);
        Some(PutAside { length, to })
    }

    pub(crate) fn candidate(&self) -> Candidate {
        Candidate {
            thread: self.mailbox.id,
            key: self.key,
            calls: self.calls,
            request: *self.request(),
            stretch: Duration::ZERO,
            prospect: Prospect::Done,
        }
    }

    pub(crate) fn view(&self) -> ThreadView<'_> {
        ThreadView {
            name: &self.name,
            number: self.mailbox.number,
            key: self.key,
            state: self.state,
            request: (self.state != ThreadState::Exited).then(|| *self.request()),
            deadline: self.deadline,
            calls: self.calls,
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
        self.view().fmt(formatter)
    }
}
