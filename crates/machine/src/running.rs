//! A thread as the machine sees it.
//!
//! Owns the program's future, its pending call and its luck. It refuses to decide when the
//! thread goes on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use kernel::{Duration, Instant, Stream};

use crate::call::{Deed, Request, ThreadId};
use crate::environment::Environment;
use crate::mailbox::Mailbox;
use crate::scheduler::{Candidate, Preemption, Prospect};

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
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: ThreadId,
    pub(crate) name: Box<str>,
    pub(crate) key: u64,
}

pub(crate) struct Running<E: Environment> {
    identity: Identity,
    pub(crate) mailbox: Rc<Mailbox<E>>,
    program: Option<Pin<Box<dyn Future<Output = ()>>>>,
    pub(crate) state: ThreadState,
    pub(crate) calls: u64,
    pub(crate) luck: Stream,
    pub(crate) deadline: Option<Instant>,
    pub(crate) stalled_until: Instant,
    /// What is left of the preemptions laid down for it.
    orders: Vec<Order>,
    /// Whether the pending call is known to no order yet.
    unseen: bool,
    /// Whether it was put aside before its pending call.
    pub(crate) put_aside: bool,
}

/// A preemption of one thread.
#[derive(Clone, Debug)]
struct Order {
    before: Deed,
    of: String,
    /// Such calls up to and with the one meant.
    left: u64,
    length: Duration,
}

impl<E: Environment> Running<E> {
    pub(crate) fn new(
        identity: Identity,
        mailbox: Rc<Mailbox<E>>,
        program: Pin<Box<dyn Future<Output = ()>>>,
        luck: Stream,
        preemptions: &[Preemption],
    ) -> Self {
        let mine = preemptions.iter().filter(|one| one.key == identity.key);
        let orders = mine.map(|one| Order {
            before: one.before,
            of: one.of.clone(),
            left: one.ordinal,
            length: one.length,
        });
        let orders = orders.collect();
        Self {
            identity,
            mailbox,
            program: Some(program),
            state: ThreadState::Runnable,
            calls: 0,
            luck,
            deadline: None,
            stalled_until: Instant::ZERO,
            orders,
            unseen: true,
            put_aside: false,
        }
    }

    /// Lets the program go on to its next call, or to its end.
    pub(crate) fn go_on(&mut self, at: Instant) {
        assert_ne!(self.state, ThreadState::Exited, "an ended program rests");
        self.mailbox.set_now(at);
        let program = self.program.as_mut().expect("a live thread has a program");
        let ended = program
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready();
        let asks = self.mailbox.asks();
        if ended {
            assert!(!asks, "an ended program asks for nothing");
            self.program = None;
            self.state = ThreadState::Exited;
        } else {
            let name = &self.identity.name;
            assert!(
                asks,
                "{name} awaits something that is no call of its thread"
            );
            self.state = ThreadState::Runnable;
        }
        (self.unseen, self.put_aside) = (true, false);
    }

    /// The thread's stable key.
    pub(crate) fn key(&self) -> u64 {
        self.identity.key
    }

    /// The pending call.
    pub(crate) fn request(&self) -> Request {
        assert_ne!(self.state, ThreadState::Exited, "only a live thread calls");
        let request = self.mailbox.request();
        request.expect("a live thread has a pending call")
    }

    /// Whether its pending call is still to be held against the preemptions laid down for it; it
    /// is no more once this was asked.
    pub(crate) fn is_news(&mut self) -> bool {
        !self.orders.is_empty() && std::mem::take(&mut self.unseen)
    }

    /// Its pending call is this: whether a preemption stands before it, and for how long. It is
    /// used up then.
    pub(crate) fn put_aside_for(&mut self, (deed, name): (Deed, &str)) -> Option<Duration> {
        let is_meant = |order: &&mut Order| order.before == deed && order.of == name;
        self.orders.iter_mut().filter(is_meant).for_each(|order| {
            order.left = order.left.saturating_sub(1);
        });
        let due = self.orders.iter().filter(|order| order.left == 0);
        let length = due.map(|order| order.length).max();
        self.orders.retain(|order| order.left > 0);
        self.put_aside = length.is_some();
        length
    }

    pub(crate) fn candidate(&self) -> Candidate {
        Candidate {
            thread: self.identity.id,
            key: self.identity.key,
            calls: self.calls,
            request: self.request(),
            stretch: Duration::ZERO,
            prospect: Prospect::Done,
        }
    }

    pub(crate) fn view(&self) -> ThreadView<'_> {
        ThreadView {
            name: &self.identity.name,
            number: self.mailbox.number,
            key: self.identity.key,
            state: self.state,
            request: (self.state != ThreadState::Exited).then(|| self.request()),
            deadline: self.deadline,
            calls: self.calls,
        }
    }

    /// Drops the program where it stands.
    pub(crate) fn kill(&mut self) {
        self.program = None;
        self.deadline = None;
        self.state = ThreadState::Exited;
    }
}

impl<E: Environment> fmt::Debug for Running<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(formatter)
    }
}
