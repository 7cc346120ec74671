//! The calls of a run, and the races of source-DPOR between them.
//!
//! Two dependent calls *race* if no other call orders them: then a run with the reverse order
//! exists.

use std::ops::Range;

use super::dependence::CallClass;
use super::thread_set::{THREADS_MAX, ThreadSet};
use crate::call::Resource;

/// A vector clock: for each thread how many of its calls happened before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallClock(pub(super) [u16; THREADS_MAX]);

/// A call that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct TracedCall {
    pub(super) thread: u8,
    /// The number of the call among its thread's calls of the stretch, from one.
    pub(super) nth: u16,
    class: CallClass,
    pub(super) resource: Option<Resource>,
    /// The calls that happened before, itself included.
    pub(super) clock: CallClock,
    /// The same without the call that enabled it.
    unforced_clock: CallClock,
    /// The call that enabled it, if it would have blocked before.
    pub(super) enabler: Option<usize>,
    /// The critical sections that its thread owns afterwards.
    pub(super) held: HeldLocks,
    /// Whether the call only blocked: it had no effect.
    pub(super) blocked: bool,
}

/// A call that is being made.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewCall {
    pub(super) thread: u8,
    pub(super) class: CallClass,
    pub(super) resource: Option<Resource>,
    pub(super) blocked: bool,
}

/// Two racing calls, by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Race {
    pub(super) earlier: usize,
    pub(super) later: usize,
}

/// The critical sections that a thread owns, outermost first: the indices of the calls that entered
/// them, plus one; zero for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldLocks([u32; NESTING_MAX]);

/// The largest number of nested critical sections.
const NESTING_MAX: usize = 8;

/// The calls of the present run.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) events: Vec<TracedCall>,
    /// All threads that made a call, in this run or an earlier one.
    pub(super) threads: ThreadSet,
    /// The races of the newest call.
    pub(super) races: Vec<Race>,
}

/// The threads that can start a reversed race, each with its first call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initials {
    pub(super) threads: ThreadSet,
    calls: [u32; THREADS_MAX],
}

impl HeldLocks {
    fn enter(&mut self, index: usize) {
        let free = self.0.iter_mut().find(|slot| **slot == 0);
        let free = free.expect("at most eight nested critical sections");
        *free = index as u32 + 1;
    }

    /// Leaves the innermost section for which `is_left` holds.
    fn leave(&mut self, is_left: impl Fn(usize) -> bool) {
        let slot = (self.0.iter()).rposition(|slot| *slot > 0 && is_left(*slot as usize - 1));
        // A section that was entered in an earlier stretch is not listed.
        if let Some(slot) = slot {
            self.0[slot..].rotate_left(1);
            self.0[NESTING_MAX - 1] = 0;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let slots = self.0.into_iter().take_while(|slot| *slot > 0);
        slots.map(|slot| slot as usize - 1)
    }

    const fn is_empty(&self) -> bool {
        self.0[0] == 0
    }

    const fn is_nested(&self) -> bool {
        self.0[1] > 0
    }
}

impl TracedCall {
    /// Whether it enters a critical section.
    pub(super) fn enters(&self) -> bool {
        self.class == CallClass::Lock
    }
}

impl CallClock {
    fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// Whether `event` happened before the event with this clock.
    fn includes(&self, event: &TracedCall) -> bool {
        self.0[usize::from(event.thread)] >= event.nth
    }
}

impl Trace {
    /// Adds a call to the stretch that begins at `start`, and finds the earlier calls it races with.
    /// `was_ready` says whether a thread was ready before the event with an index.
    pub(super) fn add(
        &mut self,
        start: usize,
        new: NewCall,
        was_ready: impl Fn(usize, u8) -> bool,
    ) {
        let thread = new.thread;
        self.threads = self.threads.with(thread);
        // Program order: the clock starts from that of the thread's previous call in this stretch.
        let (mut own, mut nth, mut held) = (CallClock::default(), 1, HeldLocks::default());
        let mut waker = None;
        for index in (start..self.events.len()).rev() {
            let event = &self.events[index];
            if event.thread == thread {
                own = event.clock;
                nth = event.nth + 1;
                held = event.held;
                break;
            }
            // The thread was blocked before this event and ready after it: the event woke it.
            if waker.is_none() && !was_ready(index, thread) {
                waker = Some(index);
            }
        }
        if let Some(waker) = waker {
            // Without this edge the wait would seem to race with what its end depends on, and the
            // search would try orders that cannot be.
            own.join(&self.events[waker].clock);
        }
        self.races.clear();
        let mut event = TracedCall {
            thread,
            nth,
            class: new.class,
            resource: new.resource,
            clock: own,
            unforced_clock: own,
            enabler: waker,
            held,
            blocked: new.blocked,
        };
        if new.resource.is_some() && new.class != CallClass::Independent {
            self.find_dependences(start, &mut event);
        }
        match new.class {
            // It had no effect. Its races are those with the calls that it waits for.
            _ if new.blocked => {
                // Nothing depends on a call without effect.
                event.class = CallClass::Independent;
                event.clock = event.unforced_clock;
            }
            CallClass::Lock => event.held.enter(self.events.len()),
            CallClass::Unlock => event
                .held
                .leave(|lock| self.events[lock].resource == new.resource),
            CallClass::Read
            | CallClass::Write
            | CallClass::Environment(_)
            | CallClass::Send
            | CallClass::Receive(_)
            | CallClass::Object
            | CallClass::Independent => {}
        }
        // A clock includes its own event.
        event.clock.0[usize::from(thread)] = nth;
        self.events.push(event);
    }

    /// Finds the calls that `event` depends on, from the newest back to one that is ordered after
    /// all older ones.
    fn find_dependences(&mut self, start: usize, event: &mut TracedCall) {
        let own = event.clock;
        let mut enabler = None;
        // Backwards: the latest unlock, the number of unlocks not matched by a lock yet, and
        // the number of sends.
        let (mut unlocked, mut inside, mut sends) = (None, 0, 0);
        for index in (start..self.events.len()).rev() {
            let earlier = &self.events[index];
            if earlier.resource != event.resource {
                continue;
            }
            match (earlier.class, event.class) {
                (CallClass::Unlock, CallClass::Lock) => {
                    if inside == 0 {
                        unlocked = Some(index);
                    }
                    inside += 1;
                }
                (CallClass::Lock, CallClass::Lock) => {
                    inside -= 1;
                    // Critical sections are reordered as wholes. Whether their order matters is
                    // decided by the calls in them, see `race`. The exception is a nested section,
                    // whose order may lead to a deadlock.
                    let nested = !event.held.is_empty() || earlier.held.is_nested();
                    if inside <= 0 && (event.blocked || nested) {
                        self.race(index, event, &own);
                        enabler = unlocked;
                        break;
                    }
                    if inside <= 0 {
                        (inside, unlocked) = (0, None);
                    }
                }
                (CallClass::Send, CallClass::Receive(messages)) => {
                    // The received message is the oldest of `messages`, so its send is the one
                    // with that number, counted from the newest.
                    sends += 1;
                    if sends == messages {
                        enabler = Some(index);
                    }
                }
                // Every order of two such calls may matter. The newer one may only have been possible
                // because of the older, so that is its enabler.
                (CallClass::Object, CallClass::Object) => {
                    let clock = earlier.clock;
                    self.race(index, event, &own);
                    event.clock.join(&clock);
                    enabler = enabler.or(Some(index));
                }
                (one, other) if one.depends_on(other) && one != CallClass::Unlock => {
                    // Transitivity: an older call ordered before one found here is no separate race.
                    let (clock, joined) = (earlier.clock, event.clock);
                    self.race(index, event, &joined);
                    event.clock.join(&clock);
                    event.unforced_clock.join(&clock);
                    // Older calls are ordered before this one, and so before the new call: they are
                    // no races.
                    if one.covers_older(other) {
                        break;
                    }
                }
                _ => {}
            }
        }
        if let Some(enabler) = enabler {
            event.clock.join(&self.events[enabler].clock);
            event.enabler = event.enabler.or(Some(enabler));
        }
    }

    /// Adds a race between the call at `index` and the new one, unless other calls order them
    /// (`clock`). If both are made in sections of the same lock, the sections race instead, from
    /// their first calls.
    fn race(&mut self, index: usize, event: &TracedCall, clock: &CallClock) {
        let earlier = &self.events[index];
        if earlier.thread == event.thread || clock.includes(earlier) {
            return;
        }
        // Two calls in sections of the same lock cannot be swapped alone.
        let (mine, theirs) = (event.held.iter(), earlier.held);
        let resource = |lock: usize| self.events[lock].resource;
        let mut pairs = mine.flat_map(|mine| theirs.iter().map(move |theirs| (theirs, mine)));
        let race = match pairs.find(|(theirs, mine)| resource(*theirs) == resource(*mine)) {
            None => Race {
                earlier: index,
                later: self.events.len(),
            },
            // The sections are ordered by something else than their lock.
            Some((theirs, mine))
                if self.events[mine]
                    .unforced_clock
                    .includes(&self.events[theirs]) =>
            {
                return;
            }
            Some((theirs, mine)) => Race {
                earlier: theirs,
                later: mine,
            },
        };
        self.races.push(race);
    }

    /// What would happen before the call at `index` if it were made after those in `range`.
    pub(super) fn clock_after(&self, range: Range<usize>, index: usize) -> CallClock {
        let call = &self.events[index];
        let mut clock = CallClock::default();
        for event in &self.events[range] {
            // Locks are left out: sections are ordered by the calls in them.
            let depends = event.resource == call.resource
                && call.resource.is_some()
                && event.class != CallClass::Lock
                && event.class != CallClass::Unlock
                && event.class.depends_on(call.class);
            if event.thread == call.thread || depends {
                clock.join(&event.clock);
            }
        }
        clock
    }

    /// Whether a thread has entered a critical section since `start`.
    pub(super) fn has_sections(&self, start: usize) -> bool {
        self.events[start..].iter().any(TracedCall::enters)
    }

    /// The threads that have made a call since `start`.
    pub(super) fn threads_since(&self, start: usize) -> ThreadSet {
        let events = self.events[start..].iter();
        events.fold(ThreadSet::EMPTY, |set, event| set.with(event.thread))
    }

    /// The initials of the reversed race (POPL 2014): let w be the calls after `earlier` that do not
    /// happen after it, followed by `later`. An initial is a thread whose first call in w has no
    /// other call of w before it.
    pub(super) fn initials(&self, start: usize, race: Race) -> Initials {
        let Race { earlier, later } = race;
        assert!(start <= earlier && earlier < later, "a race has an order");
        let first = &self.events[earlier];
        // The threads seen so far in w, with the numbers of their first calls.
        let (mut seen, mut firsts) = (ThreadSet::EMPTY, [0; THREADS_MAX]);
        let mut initials = Initials {
            threads: ThreadSet::EMPTY,
            calls: [0; THREADS_MAX],
        };
        for index in earlier + 1..=later {
            let event = &self.events[index];
            // The later call is taken without its enabler, which may come after it in the reversed order.
            let clock = if index == later {
                &event.unforced_clock
            } else if event.blocked || event.clock.includes(first) {
                continue;
            } else {
                &event.clock
            };
            let thread = usize::from(event.thread);
            if seen.has(event.thread) {
                continue;
            }
            let is_initial = seen
                .iter()
                .map(usize::from)
                .map(|other| (clock.0[other], firsts[other]))
                // By the clocks: the first call of each thread seen before must not be among what
                // happened before this one.
                .all(|(before, first)| before < first);
            if is_initial {
                initials.threads = initials.threads.with(event.thread);
                initials.calls[thread] = index as u32;
            }
            seen = seen.with(event.thread);
            firsts[thread] = event.nth;
        }
        initials
    }
}

impl Initials {
    /// The first call of `thread`, one of [`Self::threads`].
    pub(super) fn call(&self, thread: u8) -> usize {
        assert!(self.threads.has(thread), "thread {thread} is no initial");
        self.calls[usize::from(thread)] as usize
    }
}
