//! The calls of a run: what each depends on, and which pairs could come the other way round.
//!
//! Owns [`Trace`] and the dependency relation. Two calls of different threads depend on each other
//! if they are about the same thing and their order may make a difference. It refuses to know
//! which calls come next.

use std::ops::{BitAnd, BitOr, Range, Sub};

use crate::call::{Dependence, Operation, Resource};
use crate::schedulers::pending_call::{Enabledness, PendingCall};

/// The most threads of a machine that an exhaustive search follows.
pub const THREADS_MAX: usize = 16;

/// A set of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u16);

/// How many calls of each thread come before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clock(pub(super) [u16; THREADS_MAX]);

/// What a call does to the thing it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Reads a word.
    Read,
    /// Writes a word.
    Write,
    /// Asks the environment.
    Ask(Dependence),
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
    pub(super) subject: Option<Resource>,
    /// What comes before it, itself included.
    pub(super) clock: Clock,
    /// What comes before it besides what it had to wait for.
    free: Clock,
    /// The call that it had to wait for, if it had to.
    pub(super) enabler: Option<usize>,
    /// The critical sections that its thread is in after it.
    pub(super) held: Held,
    /// Whether it could only wait: it was not done.
    pub(super) waits: bool,
}

/// A call that is being made.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEvent {
    pub(super) thread: u8,
    pub(super) class: Class,
    pub(super) subject: Option<Resource>,
    pub(super) waits: bool,
}

/// The critical sections a thread is in: the calls by which it entered, plus one; zero for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held([u32; HELD_MAX]);

/// The most sections within each other that are followed.
const HELD_MAX: usize = 8;

/// The calls of the present run.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) events: Vec<Event>,
    /// Who has made a call, in this run or one before.
    pub(super) threads: Set,
    /// FastTrack of the newest call: earlier and later.
    pub(super) races: Vec<(usize, usize)>,
}

/// Threads that could have been first, each with its first call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initials {
    pub(super) threads: Set,
    calls: [u32; THREADS_MAX],
}

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

    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        std::iter::successors(self.first(), move |last| {
            // Two shifts: one by sixteen is none.
            Self((self.0 >> last >> 1) << last << 1).first()
        })
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

impl Held {
    fn enter(&mut self, index: usize) {
        let free = self.0.iter_mut().find(|place| **place == 0);
        let free = free.expect("fewer than eight critical sections within each other");
        *free = index as u32 + 1;
    }

    /// Leaves the innermost section that `is_left` by this call.
    fn leave(&mut self, is_left: impl Fn(usize) -> bool) {
        let place = (self.0.iter()).rposition(|place| *place > 0 && is_left(*place as usize - 1));
        // A section from before the last rest is none of these.
        if let Some(place) = place {
            self.0[place..].rotate_left(1);
            self.0[HELD_MAX - 1] = 0;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let places = self.0.into_iter().take_while(|place| *place > 0);
        places.map(|place| place as usize - 1)
    }

    const fn is_empty(&self) -> bool {
        self.0[0] == 0
    }

    const fn is_nested(&self) -> bool {
        self.0[1] > 0
    }
}

impl Event {
    /// Whether this enters a critical section.
    pub(super) fn enters(&self) -> bool {
        self.class == Class::Lock
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
    pub(super) fn of(one: &PendingCall, tight: &[Resource]) -> Self {
        let operation = &one.request.operation;
        let of_queue = |class| {
            let is_tight = operation.resource().is_some_and(|it| tight.contains(&it));
            if is_tight { Self::Object } else { class }
        };
        match (operation, one.enabledness) {
            (Operation::Read(_), _) => Self::Read,
            (
                Operation::Write(..) | Operation::Exchange(..) | Operation::CompareExchange { .. },
                _,
            ) => Self::Write,
            (Operation::Environment(touch), _) => Self::Ask(*touch),
            (Operation::Lock(_), _) => Self::Lock,
            (Operation::Unlock(_), _) => Self::Unlock,
            (Operation::Send(_), _) => of_queue(Self::Send),
            (
                Operation::Receive(..),
                Enabledness::Receives {
                    messages: of,
                    would_block: true,
                },
            ) => of_queue(Self::Receive(of)),
            (Operation::Receive(..), Enabledness::Blocks) => of_queue(Self::Receive(0)),
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

    /// Whether all that `newer` depends on comes before this one, on which it depends, or is this.
    fn closes(self, newer: Self) -> bool {
        match (self, newer) {
            (Self::Write | Self::Send | Self::Receive(_), _) => true,
            // All but signals are in one order.
            (Self::Ask(_), Self::Ask(Dependence::Signals(_) | Dependence::NoSignal))
            | (Self::Ask(Dependence::All), _) => true,
            (Self::Ask(Dependence::Observes(mine)), Self::Ask(Dependence::Observes(theirs))) => {
                mine == theirs
            }
            _ => false,
        }
    }

    /// Whether two calls about the same thing depend on each other.
    pub(super) fn depends(self, other: Self) -> bool {
        if let (Self::Ask(mine), Self::Ask(theirs)) = (self, other) {
            return mine.conflicts(theirs);
        }
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
    /// it races with: those it depends on with nothing between the two that orders them. FastTrack of a
    /// call that could only wait are found by what it waits for. `was_runnable` says who could make
    /// a call before the event of a number.
    pub(super) fn enter(
        &mut self,
        start: usize,
        made: NewEvent,
        was_runnable: impl Fn(usize, u8) -> bool,
    ) {
        let thread = made.thread;
        self.threads = self.threads.with(thread);
        let (mut own, mut ordinal, mut held) = (Clock::default(), 1, Held::default());
        let mut waker = None;
        for index in (start..self.events.len()).rev() {
            let event = &self.events[index];
            if event.thread == thread {
                own = event.clock;
                ordinal = event.ordinal + 1;
                held = event.held;
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
            class: made.class,
            subject: made.subject,
            clock: own,
            free: own,
            enabler: waker,
            held,
            waits: made.waits,
        };
        if made.subject.is_some() && made.class != Class::Alone {
            self.relate(start, &mut event, made.waits);
        }
        match made.class {
            _ if made.waits => {
                event.class = Class::Alone;
                event.clock = event.free;
            }
            Class::Lock => event.held.enter(self.events.len()),
            Class::Unlock => event
                .held
                .leave(|lock| self.events[lock].subject == made.subject),
            Class::Read
            | Class::Write
            | Class::Ask(_)
            | Class::Send
            | Class::Receive(_)
            | Class::Object
            | Class::Alone => {}
        }
        event.clock.0[usize::from(thread)] = ordinal;
        self.events.push(event);
    }

    /// Finds what `event` depends on, from the newest back to where all older is ordered before.
    fn relate(&mut self, start: usize, event: &mut Event, waits: bool) {
        let own = event.clock;
        // What it had to wait for, and how many ways out and in there were on the way back.
        let (mut awaited, mut unlocked, mut inside, mut sends) = (None, None, 0, 0);
        for index in (start..self.events.len()).rev() {
            let earlier = &self.events[index];
            if earlier.subject != event.subject {
                continue;
            }
            match (earlier.class, event.class) {
                (Class::Unlock, Class::Lock) => {
                    if inside == 0 {
                        unlocked = Some(index);
                    }
                    inside += 1;
                }
                (Class::Lock, Class::Lock) => {
                    inside -= 1;
                    // Whole sections: what is done in them says whether their order matters, but
                    // one within another may end in everybody waiting.
                    let nested = !event.held.is_empty() || earlier.held.is_nested();
                    if inside <= 0 && (waits || nested) {
                        self.race(index, event, &own);
                        awaited = unlocked;
                        break;
                    }
                    if inside <= 0 {
                        (inside, unlocked) = (0, None);
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
                    if one.closes(other) {
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

    /// The call at `index` and the new one race, unless something orders them. If both are made in
    /// the same critical section, it is the sections that come the other way round, from their
    /// beginnings.
    fn race(&mut self, index: usize, event: &Event, known: &Clock) {
        let earlier = &self.events[index];
        if earlier.thread == event.thread || known.knows(earlier) {
            return;
        }
        let (mine, theirs) = (event.held.iter(), earlier.held);
        let subject = |lock: usize| self.events[lock].subject;
        let mut pairs = mine.flat_map(|mine| theirs.iter().map(move |theirs| (theirs, mine)));
        match pairs.find(|(theirs, mine)| subject(*theirs) == subject(*mine)) {
            None => self.races.push((index, self.events.len())),
            Some((theirs, mine)) if self.events[mine].free.knows(&self.events[theirs]) => {}
            Some(sections) => self.races.push(sections),
        }
    }

    /// What would come before the call at `index` if it were made after those in `range`.
    pub(super) fn before(&self, range: Range<usize>, index: usize) -> Clock {
        let call = &self.events[index];
        let mut before = Clock::default();
        for event in &self.events[range] {
            let depends = event.subject == call.subject
                && call.subject.is_some()
                && event.class != Class::Lock
                && event.class != Class::Unlock
                && event.class.depends(call.class);
            if event.thread == call.thread || depends {
                before.join(&event.clock);
            }
        }
        before
    }

    /// Whether anybody has entered a critical section since `start`.
    pub(super) fn has_sections(&self, start: usize) -> bool {
        self.events[start..].iter().any(Event::enters)
    }

    /// Who has made a call since `start`.
    pub(super) fn threads_since(&self, start: usize) -> Set {
        let events = self.events[start..].iter();
        events.fold(Set::NONE, |set, event| set.with(event.thread))
    }

    /// Who could go first at `earlier` so that `later` comes before it: of the calls between that
    /// do not come after `earlier`, and of `later`, those before which none of them comes.
    pub(super) fn initials(&self, start: usize, earlier: usize, later: usize) -> Initials {
        assert!(start <= earlier && earlier < later, "a race has an order");
        let first = &self.events[earlier];
        // The first call of each thread among them, as its ordinal.
        let (mut begun, mut ordinals) = (Set::NONE, [0; THREADS_MAX]);
        let mut initials = Initials {
            threads: Set::NONE,
            calls: [0; THREADS_MAX],
        };
        for index in earlier + 1..=later {
            let event = &self.events[index];
            let before = if index == later {
                &event.free
            } else if event.waits || event.clock.knows(first) {
                continue;
            } else {
                &event.clock
            };
            let thread = usize::from(event.thread);
            if begun.has(event.thread) {
                continue;
            }
            let others = begun.iter().map(usize::from);
            let is_free = others
                .map(|other| (before.0[other], ordinals[other]))
                .all(|(known, first)| known < first);
            if is_free {
                initials.threads = initials.threads.with(event.thread);
                initials.calls[thread] = index as u32;
            }
            begun = begun.with(event.thread);
            ordinals[thread] = event.ordinal;
        }
        initials
    }
}

impl Initials {
    /// The first call of `thread`, one of [`Self::threads`].
    pub(super) fn call(&self, thread: u8) -> usize {
        assert!(
            self.threads.has(thread),
            "thread {thread} could not be first"
        );
        self.calls[usize::from(thread)] as usize
    }
}
