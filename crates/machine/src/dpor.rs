//! Every order of calls there is, once for each that makes a difference.
//!
//! Owns [`Exhaustive`], which runs a program again and again through the seam of [`Scheduler`]:
//! dynamic partial-order reduction (Flanagan, Godefroid, POPL 2005) with source sets and sleep sets
//! (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", POPL 2014).
//! Two runs that differ only in the order of calls which do not depend on each other are one
//! *trace*; each trace is run once, and a few are begun a second time and found redundant.
//!
//! - `trace`: the calls of a run, what each depends on, and which pairs race.
//! - `fewest`: how many preemptions a trace needs at least.
//!
//! A bound on preemptions (Musuvathi, Qadeer, PLDI 2007) leaves out traces that need more, in
//! whatever order they are run; what is left out is never one that needs fewer. Until a trace is
//! whole it may look as if it needed more than it does: so many as there are threads, less two
//! (Marmanis, Vafeiadis, "Reconciling preemption bounding with DPOR", TACAS 2023).
//!
//! It refuses modeled time: calls must cost nothing, so that time passes only when nobody can go
//! on. What happened before such a rest is never exchanged with what happens after it.

mod preemption_bound;
mod trace;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::call::{Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;
use preemption_bound::PreemptionSearch;
use trace::{Class, NewEvent, Set, Trace};

pub use trace::THREADS_MAX;

/// Where a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The most preemptions of a trace; `None`: any number. A thread is preempted if another goes
    /// on although it could.
    pub preemptions: Option<u32>,
    /// The most runs.
    pub runs: u64,
}

/// A search through the orders of one program's calls.
#[derive(Debug)]
pub struct Exhaustive {
    bound: Bound,
    search: Rc<RefCell<Search>>,
    runs: u64,
    redundant: u64,
    exhausted: bool,
}

/// The scheduler of one machine in one run of a search.
#[derive(Debug)]
pub struct Explorer {
    search: Rc<RefCell<Search>>,
    /// Which machine of the run.
    seat: u64,
}

/// A choice that the schedule without interruption would have made otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleDeviation {
    /// Which machine of the run, in the order in which they began.
    pub machine: u64,
    /// The stable key of the thread that would have gone on, and how many calls it had made.
    pub from: u64,
    /// That many.
    pub calls: u64,
    /// The stable key of the thread that went on instead.
    pub to: u64,
}

/// The tree of choices, as far as the present path goes.
#[derive(Debug)]
struct Search {
    preemptions: Option<u32>,
    nodes: Vec<Node>,
    trace: Trace,
    depth: usize,
    /// How many machines there have been, and which chose last.
    seats: u64,
    seat: u64,
    /// Whether the world has gone on since the last choice.
    rested: bool,
    /// Who need not go first in the next choice: another run has shown what follows.
    asleep: Set,
    /// Whether the present run repeats others from here on.
    redundant: bool,
    /// The threads of each machine.
    machines: Vec<Threads>,
    /// Room for the question how many preemptions are needed.
    ways: PreemptionSearch,
    /// Queues in which a sender had to wait: their receivers' calls depend on the senders'.
    tight: Vec<Resource>,
    /// States between two stretches, each with the fewest preemptions it took to come there.
    states: BTreeMap<u64, u32>,
    /// Whether the search must begin again, since it has learned of such a queue.
    learned: bool,
    /// The first choice that may be made otherwise.
    first: usize,
}

/// The stable keys of a machine's threads.
#[derive(Clone, Copy, Debug)]
struct Threads {
    known: Set,
    keys: [u64; THREADS_MAX],
}

/// One choice.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Where the stretch between two rests began.
    start: usize,
    /// Who could make a call, and who could make one without waiting.
    runnable: Set,
    enabled: Set,
    /// Who must go first in some run, and who has or need not.
    wanted: Set,
    done: Set,
    chosen: u8,
    seat: u64,
    /// Who would go on without interruption, and how many calls that thread has made.
    usual: u8,
    calls: u64,
    /// Preemptions so far in this order: in this stretch, and the fewest of those before.
    preempted: u32,
    spent: u32,
}

impl Exhaustive {
    /// A search within `bound`.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        let search = Search::new(bound.preemptions);
        Self {
            bound,
            search: Rc::new(RefCell::new(search)),
            runs: 0,
            redundant: 0,
            exhausted: false,
        }
    }

    /// The scheduler of the next run, or `None` if there is no other order or no run left. The run
    /// before must have ended.
    pub fn next_run(&mut self) -> Option<Explorer> {
        if self.exhausted || self.runs == self.bound.runs {
            return None;
        }
        if self.runs > 0 {
            let mut search = self.search.borrow_mut();
            self.redundant += u64::from(search.redundant);
            if search.learned {
                self.redundant = self.runs;
            }
            if !search.turn_back() {
                drop(search);
                self.exhausted = true;
                return None;
            }
        }
        self.runs += 1;
        Some(Explorer {
            search: Rc::clone(&self.search),
            seat: 0,
        })
    }

    /// Whether the present run has turned out to repeat others.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Whether every order within the bound was run.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// How many runs were begun.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// How many of them turned out to repeat others, or were made before it was known that a queue
    /// may be full.
    #[must_use]
    pub const fn redundant(&self) -> u64 {
        self.redundant
    }

    /// What share of all runs has been made, in millionths, if what lies below a choice is as much
    /// for each thread that may go first (Knuth, "Estimating the efficiency of backtrack
    /// programs", 1975). Choices yet unknown count for nothing, so that it is too high rather than
    /// too low.
    #[must_use]
    pub fn fraction_done(&self) -> u64 {
        const WHOLE: u64 = 1_000_000;
        if self.exhausted {
            return WHOLE;
        }
        let search = self.search.borrow();
        let (mut done, mut part) = (0, WHOLE << 20);
        for node in &search.nodes {
            let wanted = node.wanted.count().max(1);
            let before = (node.wanted & node.done).without(node.chosen).count();
            part /= wanted;
            done += part * before;
        }
        (done + part) >> 20
    }
}

impl Explorer {
    /// The scheduler of one more machine in the same run.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut search = self.search.borrow_mut();
        search.seats += 1;
        Self {
            search: Rc::clone(&self.search),
            seat: search.seats,
        }
    }

    /// Where the run so far differs from the one in which nobody is interrupted
    /// ([`Cooperative`](crate::Cooperative)).
    #[must_use]
    pub fn deviations(&self) -> Vec<ScheduleDeviation> {
        let search = self.search.borrow();
        let made = search.nodes.iter().take(search.depth);
        let turned = made.filter(|node| node.chosen != node.usual);
        let key = |node: &Node, thread| search.machines[node.seat as usize].key(thread);
        turned
            .map(|node| ScheduleDeviation {
                machine: node.seat,
                from: key(node, node.usual),
                calls: node.calls,
                to: key(node, node.chosen),
            })
            .collect()
    }

    /// What has happened so far is the same in every run: only from here on are there other
    /// orders. Time must be about to pass. Whoever says so must say so in every run.
    pub fn fix_prefix(&self) {
        let search = &mut *self.search.borrow_mut();
        search.first = search.depth;
        for node in &mut search.nodes[..search.depth] {
            node.wanted = node.done.with(node.chosen);
        }
    }

    /// Whether the run has turned out to repeat others: what it does from there on is known.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Time is about to pass, and the whole world is in the state that `fingerprint` stands for. If
    /// what follows from there is known already, the run turns out to repeat others.
    pub fn arrive(&self, fingerprint: u64) {
        self.search.borrow_mut().arrive(fingerprint);
    }
}

impl Scheduler for Explorer {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        self.search.borrow_mut().choose(self.seat, runnable)
    }

    fn on_idle(&mut self) {
        self.search.borrow_mut().rested = true;
    }
}

impl Threads {
    fn key(&self, thread: u8) -> u64 {
        assert!(self.known.has(thread), "thread {thread} has been seen");
        self.keys[usize::from(thread)]
    }
}

impl Search {
    fn new(preemptions: Option<u32>) -> Self {
        Self {
            preemptions,
            nodes: Vec::new(),
            trace: Trace::default(),
            depth: 0,
            seats: 0,
            seat: 0,
            rested: true,
            asleep: Set::NONE,
            redundant: false,
            tight: Vec::new(),
            states: BTreeMap::new(),
            machines: Vec::new(),
            ways: PreemptionSearch::default(),
            learned: false,
            first: 0,
        }
    }

    /// Goes back to the last choice that another thread must be first in; false if there is none.
    fn turn_back(&mut self) -> bool {
        self.depth = 0;
        self.seats = 0;
        self.rested = true;
        self.redundant = false;
        self.asleep = Set::NONE;
        if self.learned {
            self.learned = false;
            self.nodes.clear();
            self.states.clear();
            self.trace.events.clear();
            return true;
        }
        while let Some(node) = self.nodes.last_mut() {
            node.done = node.done.with(node.chosen);
            if let Some(next) = (node.wanted - node.done).first() {
                node.chosen = next;
                self.trace.events.truncate(self.nodes.len() - 1);
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    fn choose(&mut self, seat: u64, runnable: &EnabledSet) -> usize {
        // Machines do not hear of each other but over time.
        self.rested |= seat != self.seat;
        self.seat = seat;
        let place = |thread: u8| {
            let found = runnable.place_of(ThreadId(u32::from(thread)));
            found.unwrap_or_else(|_| panic!("the same path offers the same choices: {thread}"))
        };
        if self.redundant {
            return runnable.able().next().map_or(0, |(index, _)| index);
        }
        let depth = self.depth;
        self.depth += 1;
        if depth + 1 < self.nodes.len() {
            return place(self.nodes[depth].chosen);
        }
        if depth == self.nodes.len() && !self.open(runnable) {
            self.redundant = true;
            self.depth -= 1;
            self.hear_waiting(runnable);
            return runnable.able().next().map_or(0, |(index, _)| index);
        }
        self.rested = false;
        let index = place(self.nodes[depth].chosen);
        self.make(depth, index, runnable);
        index
    }

    /// A choice nobody has come to before; false if all who could go first need not.
    fn open(&mut self, runnable: &EnabledSet) -> bool {
        let (mut all, mut enabled) = (Set::NONE, Set::NONE);
        for one in runnable.iter() {
            let thread = u8::try_from(one.thread.0).unwrap_or(u8::MAX);
            assert!(
                usize::from(thread) < THREADS_MAX,
                "an exhaustive search follows at most {THREADS_MAX} threads"
            );
            all = all.with(thread);
            if !one.blocks() {
                enabled = enabled.with(thread);
            } else if let Some(queue) = self.full_queue(one) {
                self.tight.push(queue);
                self.learned = true;
            }
        }
        let depth = self.nodes.len();
        let asleep = if self.rested { Set::NONE } else { self.asleep };
        let (start, spent, preempted) = match self.nodes.last() {
            Some(last) if !self.rested => (last.start, last.spent, self.preempted(depth - 1)),
            Some(last) => (depth, last.spent + self.fewest_of_stretch(), 0),
            None => (0, 0, 0),
        };
        let last = self.trace.events[start..].last().map(|event| event.thread);
        // Who could only wait does so when nobody can do anything else: no order of that matters.
        let chosen = if enabled.is_empty() {
            all.first()
        } else {
            let awake = enabled - asleep;
            last.filter(|last| awake.has(*last)).or(awake.first())
        };
        let Some(chosen) = chosen else { return false };
        let usual = last.filter(|last| enabled.has(*last));
        let usual = usual.or(enabled.first()).or(all.first());
        let usual = usual.and_then(|usual| runnable.iter().find(|one| one.thread.0 as u8 == usual));
        let usual = usual.expect("somebody can run");
        self.remember(all, runnable);
        self.nodes.push(Node {
            start,
            runnable: all,
            enabled,
            wanted: Set::NONE.with(chosen),
            done: asleep,
            chosen,
            seat: self.seat,
            usual: usual.thread.0 as u8,
            calls: usual.calls,
            preempted,
            spent,
        });
        true
    }

    /// Keeps the stable keys of threads that are new.
    fn remember(&mut self, all: Set, runnable: &EnabledSet) {
        let seat = usize::try_from(self.seat).expect("machines are few");
        while self.machines.len() <= seat {
            self.machines.push(Threads {
                known: Set::NONE,
                keys: [0; THREADS_MAX],
            });
        }
        let machine = &mut self.machines[seat];
        if (all - machine.known).is_empty() {
            return;
        }
        machine.known = machine.known | all;
        for one in runnable.iter() {
            machine.keys[one.thread.index()] = one.key;
        }
    }

    /// The queue that a waiting sender finds full, if that is news.
    fn full_queue(&self, one: &PendingCall) -> Option<Resource> {
        let operation = &one.request.operation;
        let sends = matches!(operation, crate::call::Operation::Send(_));
        let queue = operation.resource().filter(|_| sends)?;
        (!self.tight.contains(&queue)).then_some(queue)
    }

    /// Preemptions of this stretch after the choice at `depth`.
    fn preempted(&self, depth: usize) -> u32 {
        let node = &self.nodes[depth];
        node.preempted + u32::from(self.preempts(depth, node.chosen))
    }

    /// Whether `thread` going first at `depth` preempts whoever went before.
    fn preempts(&self, depth: usize, thread: u8) -> bool {
        let node = &self.nodes[depth];
        let before = self.trace.events[node.start..depth].last();
        before.is_some_and(|last| last.thread != thread && node.enabled.has(last.thread))
    }

    /// What follows from a state between two stretches depends on nothing else, and nothing in it
    /// is exchanged with what came before: it is explored once, but for preemptions left over.
    fn arrive(&mut self, fingerprint: u64) {
        if self.redundant || self.depth < self.nodes.len() {
            return;
        }
        let before = self.nodes.last().map_or(0, |node| node.spent);
        let spent = if self.nodes.is_empty() {
            0
        } else {
            before + self.fewest_of_stretch()
        };
        match self.states.get_mut(&fingerprint) {
            Some(known) if *known <= spent => self.redundant = true,
            Some(known) => *known = spent,
            None => {
                self.states.insert(fingerprint, spent);
            }
        }
    }

    /// Enters the call that was chosen, and lets what races with it go first in other runs.
    fn make(&mut self, depth: usize, index: usize, runnable: &EnabledSet) {
        let node = self.nodes[depth];
        let chosen = &runnable[index];
        let tight = &self.tight;
        let class = |one: &PendingCall| Class::of(one, tight);
        let (own, subject) = (class(chosen), chosen.request.operation.resource());
        let done = node.done.without(node.chosen);
        let mut asleep = Set::NONE;
        if !done.is_empty() {
            for one in runnable.iter().filter(|one| done.has(one.thread.0 as u8)) {
                let apart = one.request.operation.resource() != subject || !class(one).depends(own);
                if apart {
                    asleep = asleep.with(one.thread.0 as u8);
                }
            }
        }
        self.asleep = asleep;
        let nodes = &self.nodes;
        let was_runnable = |depth: usize, thread: u8| nodes[depth].runnable.has(thread);
        let made = NewEvent {
            thread: node.chosen,
            class: own,
            subject,
            waits: chosen.blocks(),
        };
        self.trace.enter(node.start, made, was_runnable);
        self.reverse_races();
    }

    /// The run ends here, for it repeats others; but whoever waits might have come first.
    fn hear_waiting(&mut self, runnable: &EnabledSet) {
        let Some(last) = self.nodes.last() else {
            return;
        };
        let start = last.start;
        for one in runnable.iter().filter(|one| one.blocks()) {
            let made = NewEvent {
                thread: one.thread.0 as u8,
                class: Class::of(one, &self.tight),
                subject: one.request.operation.resource(),
                waits: true,
            };
            let nodes = &self.nodes;
            let was_runnable = |depth: usize, thread: u8| nodes[depth].runnable.has(thread);
            self.trace.enter(start, made, was_runnable);
            self.reverse_races();
            self.trace.events.pop();
        }
    }

    fn reverse_races(&mut self) {
        while let Some((earlier, later)) = self.trace.races.pop() {
            self.want_reversed(earlier, later);
        }
    }

    /// The call at `later` must come before the one at `earlier` in some run.
    fn want_reversed(&mut self, earlier: usize, later: usize) {
        if earlier < self.first {
            return;
        }
        let node = self.nodes[earlier];
        let initials = self.trace.initials(node.start, earlier, later);
        let covered = node.wanted | node.done;
        if !(initials.threads & covered).is_empty() {
            return;
        }
        let own = Set::NONE.with(self.trace.events[later].thread);
        let able = initials.threads & node.enabled;
        let by_preference = (able & own).iter().chain((able - own).iter());
        for thread in by_preference {
            if self.is_within(earlier, initials.call(thread)) {
                self.nodes[earlier].wanted = node.wanted.with(thread);
                return;
            }
        }
    }

    /// Whether the calls before `depth` and then `event` need no more preemptions than allowed.
    fn is_within(&mut self, depth: usize, event: usize) -> bool {
        let Some(bound) = self.preemptions else {
            return true;
        };
        let node = &self.nodes[depth];
        let thread = self.trace.events[event].thread;
        let here = node.preempted + u32::from(self.preempts(depth, thread));
        if here + node.spent <= bound {
            return true;
        }
        let threads = self.trace.threads_since(node.start).count() as u32;
        // Sections that are exchanged as wholes may come apart on the way there.
        let apart = if self.trace.has_sections(node.start) {
            2
        } else {
            0
        };
        let slack = threads.saturating_sub(2) + apart;
        let Some(left) = (bound + slack).checked_sub(node.spent) else {
            return false;
        };
        let (before, last) = (node.start..depth, Some(event));
        here <= left || self.ways.need_at_most(&self.trace, before, last, left)
    }

    /// The fewest preemptions of the stretch that has just ended.
    fn fewest_of_stretch(&mut self) -> u32 {
        let depth = self.nodes.len() - 1;
        let here = self.preempted(depth);
        if self.preemptions.is_none() {
            return 0;
        }
        let whole = self.nodes[depth].start..depth + 1;
        let (ways, trace) = (&mut self.ways, &self.trace);
        let mut fewer = 0..here;
        let enough = fewer.find(|most| ways.need_at_most(trace, whole.clone(), None, *most));
        enough.unwrap_or(here)
    }
}
