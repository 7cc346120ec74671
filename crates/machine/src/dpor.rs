//! Exhaustive search: dynamic partial-order reduction.
//!
//! The search runs a program again and again as a [`Scheduler`]. Two runs that differ only in the
//! order of independent calls are equivalent (one Mazurkiewicz trace), and the search runs one of
//! them. It implements *source-DPOR*: dynamic partial-order reduction (Flanagan, Godefroid, POPL
//! 2005) with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic
//! partial order reduction", POPL 2014). There are no wakeup trees, so a few runs are begun and then
//! found redundant (sleep-set blocked).
//!
//! | module | contents |
//! |---|---|
//! | `trace` | the calls of a run, their dependences, and the races between them |
//! | `preemption_bound` | the least number of preemptions that a trace needs |
//!
//! A preemption bound (Musuvathi, Qadeer, "Iterative context bounding", PLDI 2007) excludes traces
//! that need more preemptions in every order of their calls. An unfinished trace may seem to need
//! more preemptions than the finished one: up to the number of threads less two (Marmanis,
//! Vafeiadis, "Reconciling preemption bounding with DPOR", TACAS 2023). The search allows for that.
//!
//! The search needs [`Costs::FREE`](crate::Costs::FREE): time then passes only when all threads are
//! blocked. The calls between two such moments form a *stretch*; calls of different stretches are
//! never reordered.

mod preemption_bound;
mod trace;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::call::{Operation, Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;
use preemption_bound::PreemptionSearch;
use trace::{CallClass, NewEvent, Race, ThreadSet, Trace};

pub use trace::THREADS_MAX;

/// Where a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The largest number of preemptions of a trace; `None` for any number. A preemption is a
    /// switch to another thread although the running thread could continue.
    pub preemptions: Option<u32>,
    /// The largest number of runs.
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
    /// The number of the machine in the run.
    machine: u64,
}

/// A choice that differs from that of the [cooperative](crate::Cooperative) schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleDeviation {
    /// The number of the machine in the run, in the order of creation.
    pub machine: u64,
    /// The stable key of the thread that would have continued.
    pub from: u64,
    /// The number of calls that this thread had made.
    pub calls: u64,
    /// The stable key of the thread that ran instead.
    pub to: u64,
}

/// The exploration tree, along the current path.
#[derive(Debug)]
struct Search {
    preemptions: Option<u32>,
    nodes: Vec<Node>,
    trace: Trace,
    depth: usize,
    /// The number of machines in the present run, and the one that chose last.
    machines: u64,
    machine: u64,
    /// Whether the next choice starts a stretch.
    starts_stretch: bool,
    /// The sleep set of the next choice: threads whose next call leads only to explored traces.
    sleep_set: ThreadSet,
    /// Whether the present run only repeats explored traces from here on.
    redundant: bool,
    /// By machine.
    thread_keys: Vec<ThreadKeys>,
    preemption_search: PreemptionSearch,
    /// Queues that were full when a thread wanted to send. Only for these do sends and receives
    /// depend on each other.
    full_queues: Vec<Resource>,
    /// States at the ends of stretches, with the fewest preemptions that lead there.
    states: BTreeMap<u64, u32>,
    /// Whether the search must start again, because it has found a new full queue.
    must_restart: bool,
    /// The first choice with alternatives: see [`Explorer::fix_prefix`].
    first_choice: usize,
}

/// The stable keys of a machine's threads.
#[derive(Clone, Copy, Debug)]
struct ThreadKeys {
    known: ThreadSet,
    keys: [u64; THREADS_MAX],
}

/// One choice on the current path.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The index of the first choice of its stretch.
    start: usize,
    /// The threads that were ready.
    ready: ThreadSet,
    /// The threads whose calls would not have blocked.
    enabled: ThreadSet,
    /// The backtrack set: threads that must go first in some run. It is a source set in the end.
    backtrack: ThreadSet,
    /// The threads that have gone first, and those that were in the sleep set.
    done: ThreadSet,
    chosen: u8,
    machine: u64,
    /// The thread that the cooperative schedule would choose, and its number of calls.
    cooperative: u8,
    calls: u64,
    /// Preemptions of this stretch before the choice, in the order of the run.
    preempted: u32,
    /// The fewest preemptions of all earlier stretches.
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

    /// The scheduler of the next run; `None` if all orders were run or the bound on runs is reached.
    /// The run before must have ended.
    pub fn next_run(&mut self) -> Option<Explorer> {
        if self.exhausted || self.runs == self.bound.runs {
            return None;
        }
        if self.runs > 0 {
            let mut search = self.search.borrow_mut();
            // A run that is cut off as redundant was sleep-set blocked (POPL 2014), or came to a known state.
            self.redundant += u64::from(search.redundant);
            // The dependence relation has changed: races may have been missed in all runs so far.
            if search.must_restart {
                self.redundant = self.runs;
            }
            if !search.backtrack() {
                drop(search);
                self.exhausted = true;
                return None;
            }
        }
        self.runs += 1;
        Some(Explorer {
            search: Rc::clone(&self.search),
            machine: 0,
        })
    }

    /// Whether the present run has turned out to repeat explored traces.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Whether every trace within the bound was run.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The number of runs that were begun.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// The number of runs that repeated explored traces, or were made before the search knew that a
    /// queue may be full.
    #[must_use]
    pub const fn redundant(&self) -> u64 {
        self.redundant
    }

    /// An estimate of the explored fraction of all runs, in millionths (Knuth, "Estimating the
    /// efficiency of backtrack programs", 1975). It takes the subtrees below a choice as equally
    /// large, and does not know of future backtrack points, so it is rather too high.
    #[must_use]
    pub fn fraction_done(&self) -> u64 {
        const WHOLE: u64 = 1_000_000;
        if self.exhausted {
            return WHOLE;
        }
        let search = self.search.borrow();
        // Twenty more bits, so that deep paths do not round to zero.
        let (mut done, mut part) = (0, WHOLE << 20);
        for node in &search.nodes {
            let wanted = node.backtrack.count().max(1);
            let before = (node.backtrack & node.done).without(node.chosen).count();
            part /= wanted;
            done += part * before;
        }
        (done + part) >> 20
    }
}

impl Explorer {
    /// The scheduler of another machine in the same run.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut search = self.search.borrow_mut();
        search.machines += 1;
        Self {
            search: Rc::clone(&self.search),
            machine: search.machines,
        }
    }

    /// Where the run so far differs from the [cooperative](crate::Cooperative) schedule.
    #[must_use]
    pub fn deviations(&self) -> Vec<ScheduleDeviation> {
        let search = self.search.borrow();
        let made = search.nodes.iter().take(search.depth);
        let deviating = made.filter(|node| node.chosen != node.cooperative);
        let key = |node: &Node, thread| search.thread_keys[node.machine as usize].of(thread);
        deviating
            .map(|node| ScheduleDeviation {
                machine: node.machine,
                from: key(node, node.cooperative),
                calls: node.calls,
                to: key(node, node.chosen),
            })
            .collect()
    }

    /// Fixes the choices so far: every run makes them in the same way, and the search reorders only
    /// later calls. Must be called between two stretches, at the same point of every run.
    pub fn fix_prefix(&self) {
        let search = &mut *self.search.borrow_mut();
        search.first_choice = search.depth;
        for node in &mut search.nodes[..search.depth] {
            node.backtrack = node.done.with(node.chosen);
        }
    }

    /// Whether the run has turned out to repeat explored traces.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Reports the state of the whole simulation at the end of a stretch. If the search has explored
    /// that state with at most as many preemptions, the run is redundant from here on.
    pub fn visit_state(&self, fingerprint: u64) {
        self.search.borrow_mut().visit_state(fingerprint);
    }
}

impl Scheduler for Explorer {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        self.search.borrow_mut().choose(self.machine, enabled)
    }

    fn on_idle(&mut self) {
        self.search.borrow_mut().starts_stretch = true;
    }
}

impl ThreadKeys {
    fn of(&self, thread: u8) -> u64 {
        assert!(self.known.has(thread), "thread {thread} has been seen");
        self.keys[usize::from(thread)]
    }
}

/// The thread's number as the search stores it.
fn number(call: &PendingCall) -> u8 {
    call.thread.0 as u8
}

impl Search {
    fn new(preemptions: Option<u32>) -> Self {
        Self {
            preemptions,
            nodes: Vec::new(),
            trace: Trace::default(),
            depth: 0,
            machines: 0,
            machine: 0,
            starts_stretch: true,
            sleep_set: ThreadSet::EMPTY,
            redundant: false,
            full_queues: Vec::new(),
            states: BTreeMap::new(),
            thread_keys: Vec::new(),
            preemption_search: PreemptionSearch::default(),
            must_restart: false,
            first_choice: 0,
        }
    }

    /// Goes back to the deepest choice with an unexplored thread in its backtrack set. Returns false
    /// if there is none.
    fn backtrack(&mut self) -> bool {
        self.depth = 0;
        self.machines = 0;
        self.starts_stretch = true;
        self.redundant = false;
        self.sleep_set = ThreadSet::EMPTY;
        if self.must_restart {
            self.must_restart = false;
            self.nodes.clear();
            self.states.clear();
            self.trace.events.clear();
            return true;
        }
        // Depth first: the deepest unexplored choice. The events before it stay valid, so only the
        // tail of the trace is cut off.
        while let Some(node) = self.nodes.last_mut() {
            node.done = node.done.with(node.chosen);
            if let Some(next) = (node.backtrack - node.done).first() {
                node.chosen = next;
                self.trace.events.truncate(self.nodes.len() - 1);
                return true;
            }
            self.nodes.pop();
        }
        false
    }

    fn choose(&mut self, machine: u64, enabled: &EnabledSet) -> usize {
        // Machines influence each other only through messages, which take time.
        self.starts_stretch |= machine != self.machine;
        self.machine = machine;
        let index_of = |thread: u8| {
            let found = enabled.index_of(ThreadId(u32::from(thread)));
            found.unwrap_or_else(|_| panic!("the same path offers the same choices: {thread}"))
        };
        if self.redundant {
            return enabled.non_blocking().next().map_or(0, |(index, _)| index);
        }
        let depth = self.depth;
        self.depth += 1;
        // The path up to the last node is replayed: its events and races are known.
        if depth + 1 < self.nodes.len() {
            return index_of(self.nodes[depth].chosen);
        }
        if depth == self.nodes.len() && !self.push_node(enabled) {
            self.redundant = true;
            self.depth -= 1;
            self.add_races_of_blocked(enabled);
            return enabled.non_blocking().next().map_or(0, |(index, _)| index);
        }
        // The last node on the path has a new choice, or the node is new: from here on calls are
        // new to the search.
        self.starts_stretch = false;
        let index = index_of(self.nodes[depth].chosen);
        self.make_call(depth, index, enabled);
        index
    }

    /// Adds a node for a new choice. Returns false if all enabled threads are in the sleep set: then
    /// every continuation was explored.
    fn push_node(&mut self, set: &EnabledSet) -> bool {
        let (mut ready, mut enabled) = (ThreadSet::EMPTY, ThreadSet::EMPTY);
        for call in set.iter() {
            let thread = u8::try_from(call.thread.0).unwrap_or(u8::MAX);
            assert!(
                usize::from(thread) < THREADS_MAX,
                "an exhaustive search follows at most {THREADS_MAX} threads"
            );
            ready = ready.with(thread);
            if !call.blocks() {
                enabled = enabled.with(thread);
            } else if let Some(queue) = self.new_full_queue(call) {
                self.full_queues.push(queue);
                self.must_restart = true;
            }
        }
        let depth = self.nodes.len();
        let sleep_set = if self.starts_stretch {
            ThreadSet::EMPTY
        } else {
            self.sleep_set
        };
        let (start, spent, preempted) = match self.nodes.last() {
            Some(last) if !self.starts_stretch => {
                (last.start, last.spent, self.preemptions_after(depth - 1))
            }
            Some(last) => (depth, last.spent + self.fewest_preemptions_of_stretch(), 0),
            None => (0, 0, 0),
        };
        let last = self.trace.events[start..].last().map(|event| event.thread);
        // Blocking is not a scheduling choice: a call that blocks is made only if all others block
        // too, and its order does not matter.
        let chosen = if enabled.is_empty() {
            ready.first()
        } else {
            // Prefer the running thread: fewer preemptions, and deviations that are easy to read.
            let awake = enabled - sleep_set;
            last.filter(|last| awake.has(*last)).or(awake.first())
        };
        // All enabled threads sleep: the run is sleep-set blocked.
        let Some(chosen) = chosen else { return false };
        let cooperative = last.filter(|last| enabled.has(*last));
        let cooperative = cooperative.or(enabled.first()).or(ready.first());
        let cooperative =
            cooperative.and_then(|thread| set.iter().find(|call| number(call) == thread));
        let cooperative = cooperative.expect("a thread is ready");
        self.remember_keys(ready, set);
        self.nodes.push(Node {
            start,
            ready,
            enabled,
            backtrack: ThreadSet::EMPTY.with(chosen),
            done: sleep_set,
            chosen,
            machine: self.machine,
            cooperative: number(cooperative),
            calls: cooperative.calls,
            preempted,
            spent,
        });
        true
    }

    /// Keeps the stable keys of new threads.
    fn remember_keys(&mut self, ready: ThreadSet, set: &EnabledSet) {
        let machine = usize::try_from(self.machine).expect("few machines");
        while self.thread_keys.len() <= machine {
            self.thread_keys.push(ThreadKeys {
                known: ThreadSet::EMPTY,
                keys: [0; THREADS_MAX],
            });
        }
        let keys = &mut self.thread_keys[machine];
        if (ready - keys.known).is_empty() {
            return;
        }
        keys.known = keys.known | ready;
        for call in set.iter() {
            keys.keys[call.thread.index()] = call.key;
        }
    }

    /// The queue that a blocked sender finds full, if the search does not know that yet.
    fn new_full_queue(&self, call: &PendingCall) -> Option<Resource> {
        let operation = &call.request.operation;
        let sends = matches!(operation, Operation::Send(_));
        let queue = operation.resource().filter(|_| sends)?;
        (!self.full_queues.contains(&queue)).then_some(queue)
    }

    /// Preemptions of the stretch up to and including the choice at `depth`.
    fn preemptions_after(&self, depth: usize) -> u32 {
        let node = &self.nodes[depth];
        node.preempted + u32::from(self.preempts(depth, node.chosen))
    }

    /// Whether it is a preemption if `thread` goes first at `depth`.
    fn preempts(&self, depth: usize, thread: u8) -> bool {
        let node = &self.nodes[depth];
        let before = self.trace.events[node.start..depth].last();
        before.is_some_and(|last| last.thread != thread && node.enabled.has(last.thread))
    }

    /// What follows from a state at the end of a stretch depends on nothing else, and is never
    /// reordered with what came before. So each state is explored once, unless it is reached with
    /// fewer preemptions.
    fn visit_state(&mut self, fingerprint: u64) {
        // A replayed prefix was visited when it was new.
        if self.redundant || self.depth < self.nodes.len() {
            return;
        }
        let before = self.nodes.last().map_or(0, |node| node.spent);
        let spent = if self.nodes.is_empty() {
            0
        } else {
            before + self.fewest_preemptions_of_stretch()
        };
        match self.states.get_mut(&fingerprint) {
            // Reached before with at least as many preemptions left: nothing new can follow.
            Some(known) if *known <= spent => self.redundant = true,
            Some(known) => *known = spent,
            None => {
                self.states.insert(fingerprint, spent);
            }
        }
    }

    /// Adds the chosen call to the trace, computes the sleep set of the next choice, and adds
    /// backtrack points for the call's races.
    fn make_call(&mut self, depth: usize, index: usize, enabled: &EnabledSet) {
        let node = self.nodes[depth];
        let chosen = &enabled[index];
        let full_queues = &self.full_queues;
        let class = |call: &PendingCall| CallClass::of(call, full_queues);
        let (own, resource) = (class(chosen), chosen.request.operation.resource());
        // A thread stays asleep while the calls that are made are independent of its next call
        // (Godefroid 1996). `done` contains the inherited sleep set and the explored siblings.
        let done = node.done.without(node.chosen);
        let mut sleep_set = ThreadSet::EMPTY;
        if !done.is_empty() {
            for call in enabled.iter().filter(|call| done.has(number(call))) {
                let is_independent =
                    call.request.operation.resource() != resource || !class(call).depends_on(own);
                if is_independent {
                    sleep_set = sleep_set.with(number(call));
                }
            }
        }
        self.sleep_set = sleep_set;
        let event = NewEvent {
            thread: node.chosen,
            class: own,
            resource,
            blocked: chosen.blocks(),
        };
        self.add_event(node.start, event);
        self.add_backtrack_points();
    }

    fn add_event(&mut self, start: usize, event: NewEvent) {
        let nodes = &self.nodes;
        let was_ready = |depth: usize, thread: u8| nodes[depth].ready.has(thread);
        self.trace.add(start, event, was_ready);
    }

    /// The run becomes redundant here. Blocked calls are not made any more, but they too race with
    /// earlier calls.
    fn add_races_of_blocked(&mut self, enabled: &EnabledSet) {
        let Some(last) = self.nodes.last() else {
            return;
        };
        let start = last.start;
        for call in enabled.iter().filter(|call| call.blocks()) {
            let event = NewEvent {
                thread: number(call),
                class: CallClass::of(call, &self.full_queues),
                resource: call.request.operation.resource(),
                blocked: true,
            };
            self.add_event(start, event);
            self.add_backtrack_points();
            self.trace.events.pop();
        }
    }

    fn add_backtrack_points(&mut self) {
        while let Some(race) = self.trace.races.pop() {
            self.reverse_in_another_run(race);
        }
    }

    /// Makes sure that some run has the later call before the earlier one: a thread that can start
    /// the reversed order (an *initial*, POPL 2014) must be in the backtrack set at the earlier call.
    fn reverse_in_another_run(&mut self, race: Race) {
        let Race { earlier, later } = race;
        // The caller has fixed the order of these calls.
        if earlier < self.first_choice {
            return;
        }
        let node = self.nodes[earlier];
        let initials = self.trace.initials(node.start, race);
        // An initial in the backtrack set leads to an equivalent trace, and one in `done` was explored.
        let covered = node.backtrack | node.done;
        if !(initials.threads & covered).is_empty() {
            return;
        }
        // Any enabled initial will do. The later call's own thread first: it needs the fewest
        // other calls before the reversal.
        let own = ThreadSet::EMPTY.with(self.trace.events[later].thread);
        let candidates = initials.threads & node.enabled;
        for thread in (candidates & own).iter().chain((candidates - own).iter()) {
            if self.is_within_bound(earlier, initials.call(thread)) {
                self.nodes[earlier].backtrack = node.backtrack.with(thread);
                return;
            }
        }
    }

    /// Whether the calls before `depth` and then `event` may still become a trace within the bound.
    fn is_within_bound(&mut self, depth: usize, event: usize) -> bool {
        let Some(bound) = self.preemptions else {
            return true;
        };
        let node = &self.nodes[depth];
        let thread = self.trace.events[event].thread;
        let here = node.preempted + u32::from(self.preempts(depth, thread));
        if here + node.spent <= bound {
            return true;
        }
        // A prefix may need more preemptions than the whole trace: the slack of Marmanis and
        // Vafeiadis, plus two where critical sections, which are reordered as wholes, are cut.
        let threads = self.trace.threads_since(node.start).count() as u32;
        let of_sections = if self.trace.has_sections(node.start) {
            2
        } else {
            0
        };
        let slack = threads.saturating_sub(2) + of_sections;
        let Some(left) = (bound + slack).checked_sub(node.spent) else {
            return false;
        };
        let (before, last) = (node.start..depth, Some(event));
        here <= left
            || self
                .preemption_search
                .needs_at_most(&self.trace, before, last, left)
    }

    /// The fewest preemptions in any order of the stretch that has just ended.
    fn fewest_preemptions_of_stretch(&mut self) -> u32 {
        let depth = self.nodes.len() - 1;
        let here = self.preemptions_after(depth);
        if self.preemptions.is_none() {
            return 0;
        }
        let whole = self.nodes[depth].start..depth + 1;
        let (search, trace) = (&mut self.preemption_search, &self.trace);
        // `here` is an upper bound: the order of the run itself needs that many.
        let mut fewer = 0..here;
        let enough = fewer.find(|most| search.needs_at_most(trace, whole.clone(), None, *most));
        enough.unwrap_or(here)
    }
}
