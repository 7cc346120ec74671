//! The calls of a run: what each depends on, and which pairs could come the other way round.
//!
//! Owns [`Trace`] and the dependency relation. Two calls of different threads depend on each other
//! if they are about the same thing and their order may make a difference. It refuses to know
//! which calls come next.

use std::ops::{BitAnd, BitOr, Sub};

use crate::call::{Operation, Subject};
use crate::scheduler::{Candidate, Prospect};

/// The most threads of a machine that an exhaustive search follows.
pub const THREADS_MAX: usize = 16;

/// A set of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u16);

/// How many calls of each thread come before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clock(pub(super) [u16; THREADS_MAX]);

/// What a call does to the thing it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Reads a word.
    Read,
    /// Writes a word, or asks the environment: each in its place among the others.
    Write,
    /// Enters a critical section.
    Lock,
    /// Leaves one.
    Unlock,
    /// Puts a message into a queue that has room.
    Send,
    /// Takes a message, the oldest of so many, and would wait for one.
    Receive(u32),
    /// Works on a semaphore, an event object, or a queue in which somebody may find no room or no
    /// message: every order may matter, and not every order is possible.
    Object,
    /// Is about nothing shared.
    Alone,
}

/// A call that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) thread: u8,
    /// Which call of its thread since the last rest, from one.
    pub(super) ordinal: u16,
    class: Class,
    subject: Option<Subject>,
    /// What comes before it, itself included.
    pub(super) clock: Clock,
    /// What comes before it besides what it had to wait for.
    free: Clock,
    /// The call that it had to wait for, if it had to.
    pub(super) enabler: Option<usize>,
}

/// The calls of the present run.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) events: Vec<Event>,
    /// Earlier calls that race with the newest.
    pub(super) races: Vec<usize>,
}

/// Threads that could have been first, each with its first call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initials([Option<u32>; THREADS_MAX]);

impl Set {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn with(self, thread: u8) -> Self {
        Self(self.0 | 1 << thread)
    }

    pub(super) const fn without(self, thread: u8) -> Self {
        Self(self.0 & !(1 << thread))
    }

    pub(super) const fn has(self, thread: u8) -> bool {
        self.0 & 1 << thread != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn count(self) -> u64 {
        self.0.count_ones() as u64
    }

    pub(super) fn first(self) -> Option<u8> {
        (!self.is_empty()).then(|| self.0.trailing_zeros() as u8)
    }
}

impl BitAnd for Set {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Set {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for Set {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Clock {
    fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// Whether `event` comes before what this is the clock of.
    fn knows(&self, event: &Event) -> bool {
        self.0[usize::from(event.thread)] >= event.ordinal
    }
}

impl Class {
    /// What the candidate's call does; `tight` queues have kept a sender waiting.
    pub(super) fn of(one: &Candidate, tight: &[Subject]) -> Self {
        let operation = &one.request.operation;
        let of_queue = |class| {
            let is_tight = operation.subject().is_some_and(|it| tight.contains(&it));
            if is_tight { Self::Object } else { class }
        };
        match (operation, one.prospect) {
            (Operation::Read(_), _) => Self::Read,
            (
                Operation::Write(..)
                | Operation::Exchange(..)
                | Operation::CompareExchange { .. }
                | Operation::Environment,
                _,
            ) => Self::Write,
            (Operation::Lock(_), _) => Self::Lock,
            (Operation::Unlock(_), _) => Self::Unlock,
            (Operation::Send(_), _) => of_queue(Self::Send),
            (Operation::Receive(..), Prospect::Takes { of, patient: true }) => {
                of_queue(Self::Receive(of))
            }
            (Operation::Receive(..), Prospect::Waits) => of_queue(Self::Receive(0)),
            (
                Operation::Receive(..)
                | Operation::Wait(..)
                | Operation::WaitEvent(..)
                | Operation::Signal(_)
                | Operation::SetEvent(_)
                | Operation::ResetEvent(_),
                _,
            ) => Self::Object,
            (Operation::Sleep(_) | Operation::Work(_) | Operation::Raise(_), _) => Self::Alone,
        }
    }

    /// Whether two calls about the same thing depend on each other.
    pub(super) const fn depends(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Self::Alone, _)
                | (_, Self::Alone)
                | (Self::Read, Self::Read)
                | (Self::Send, Self::Receive(_))
                | (Self::Receive(_), Self::Send)
        )
    }
}

impl Trace {
    /// Enters a call of `thread` in the stretch that begins at `start`, and finds the earlier calls
    /// it races with: those it depends on with nothing between the two that orders them. Races of a
    /// call that could only wait are found by what it waits for. `was_runnable` says who could make
    /// a call before the event of a number.
    pub(super) fn enter(
        &mut self,
        start: usize,
        thread: u8,
        class: Class,
        subject: Option<Subject>,
        was_runnable: impl Fn(usize, u8) -> bool,
    ) {
        let mut own = Clock::default();
        let mut ordinal = 1;
        let mut waker = None;
        for index in (start..self.events.len()).rev() {
            let event = &self.events[index];
            if event.thread == thread {
                own = event.clock;
                ordinal = event.ordinal + 1;
                break;
            }
            if waker.is_none() && !was_runnable(index, thread) {
                waker = Some(index);
            }
        }
        if let Some(waker) = waker {
            own.join(&self.events[waker].clock);
        }
        self.races.clear();
        let mut event = Event {
            thread,
            ordinal,
            class,
            subject,
            clock: own,
            free: own,
            enabler: waker,
        };
        if subject.is_some() && class != Class::Alone {
            self.relate(start, &mut event);
        }
        event.clock.0[usize::from(thread)] = ordinal;
        self.events.push(event);
    }

    /// The call at `index` was not done but waits: nothing depends on it.
    pub(super) fn set_aside(&mut self, index: usize) {
        let event = &mut self.events[index];
        event.class = Class::Alone;
        event.clock = event.free;
        event.clock.0[usize::from(event.thread)] = event.ordinal;
    }

    /// Finds what `event` depends on, from the newest back to where all older is ordered before.
    fn relate(&mut self, start: usize, event: &mut Event) {
        let own = event.clock;
        // What it had to wait for, and how many ways out and in there were on the way back.
        let (mut awaited, mut inside, mut sends) = (None, 0, 0);
        for index in (start..self.events.len()).rev() {
            let earlier = &self.events[index];
            if earlier.subject != event.subject {
                continue;
            }
            match (earlier.class, event.class) {
                (Class::Unlock, Class::Lock) => {
                    awaited = awaited.or(Some(index));
                    inside += 1;
                }
                (Class::Lock, Class::Lock) => {
                    inside -= 1;
                    // The two could be exchanged as wholes, each with its way out.
                    if inside <= 0 {
                        self.race(index, event, &own);
                        break;
                    }
                }
                (Class::Send, Class::Receive(of)) => {
                    // The message that is taken has `of - 1` behind it.
                    sends += 1;
                    if sends == of {
                        awaited = Some(index);
                    }
                }
                (Class::Object, Class::Object) => {
                    let clock = earlier.clock;
                    self.race(index, event, &own);
                    event.clock.join(&clock);
                    awaited = awaited.or(Some(index));
                }
                (one, other) if one.depends(other) && one != Class::Unlock => {
                    let (clock, joined) = (earlier.clock, event.clock);
                    self.race(index, event, &joined);
                    event.clock.join(&clock);
                    event.free.join(&clock);
                    // Older ones come before this one.
                    if matches!(one, Class::Write | Class::Send | Class::Receive(_)) {
                        break;
                    }
                }
                _ => {}
            }
        }
        if let Some(awaited) = awaited {
            event.clock.join(&self.events[awaited].clock);
            event.enabler = event.enabler.or(Some(awaited));
        }
    }

    /// The call at `index` and the new one race, unless something orders them.
    fn race(&mut self, index: usize, event: &Event, known: &Clock) {
        let earlier = &self.events[index];
        if earlier.thread != event.thread && !known.knows(earlier) {
            self.races.push(index);
        }
    }

    /// Who has made a call since `start`.
    pub(super) fn threads(&self, start: usize) -> Set {
        let events = self.events[start..].iter();
        events.fold(Set::NONE, |set, event| set.with(event.thread))
    }

    /// Who could go first at `earlier` so that `later` comes before it: of the calls between that
    /// do not come after `earlier`, and of `later`, those before which none of them comes.
    pub(super) fn initials(&self, start: usize, earlier: usize, later: usize) -> Initials {
        assert!(start <= earlier && earlier < later, "a race has an order");
        let first = &self.events[earlier];
        // The first call of each thread among them, as its ordinal.
        let mut begun = [u16::MAX; THREADS_MAX];
        let mut initials = Initials([None; THREADS_MAX]);
        for index in earlier + 1..=later {
            let event = &self.events[index];
            let before = if index == later {
                &event.free
            } else if event.clock.knows(first) {
                continue;
            } else {
                &event.clock
            };
            let thread = usize::from(event.thread);
            let is_first = begun[thread] == u16::MAX;
            begun[thread] = begun[thread].min(event.ordinal);
            let others = (0..THREADS_MAX).filter(|other| *other != thread);
            let mut others = others.filter(|other| before.0[*other] >= begun[*other]);
            if is_first && others.next().is_none() {
                initials.0[thread] = Some(index as u32);
            }
        }
        initials
    }
}

impl Initials {
    /// The threads with their calls.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, usize)> {
        let threads = (0_u8..).zip(self.0);
        threads.filter_map(|(thread, index)| Some((thread, index? as usize)))
    }
}
