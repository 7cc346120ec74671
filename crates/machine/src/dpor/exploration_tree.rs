//! The exploration tree along the current path: choices, sleep sets, and the states visited.

use std::collections::BTreeMap;

use super::dependence::CallClass;
use super::preemption_bound::PreemptionSearch;
use super::thread_set::{THREADS_MAX, ThreadSet};
use super::trace::{NewCall, Trace};
use crate::call::{Operation, Resource, ThreadId};
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

/// The exploration tree, along the current path.
#[derive(Debug)]
pub(super) struct ExplorationTree {
    pub(super) preemptions: Option<u32>,
    pub(super) nodes: Vec<PathNode>,
    pub(super) trace: Trace,
    pub(super) depth: usize,
    /// The number of machines in the present run, and the one that chose last.
    pub(super) machines: u64,
    pub(super) machine: u64,
    /// Whether the next choice starts a stretch.
    pub(super) starts_stretch: bool,
    /// The sleep set of the next choice: threads whose next call leads only to explored traces.
    pub(super) sleep_set: ThreadSet,
    /// Whether the present run only repeats explored traces from here on.
    pub(super) redundant: bool,
    /// By machine.
    pub(super) thread_keys: Vec<ThreadKeys>,
    pub(super) preemption_search: PreemptionSearch,
    /// Queues that were full when a thread wanted to send. Only for these do sends and receives
    /// depend on each other.
    pub(super) full_queues: Vec<Resource>,
    /// States at the ends of stretches, with the fewest preemptions that lead there.
    pub(super) states: BTreeMap<u64, u32>,
    /// Whether the search must start again, because it has found a new full queue.
    pub(super) must_restart: bool,
    /// The first choice with alternatives: see [`Explorer::fix_prefix`].
    pub(super) first_choice: usize,
}

/// The stable keys of a machine's threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadKeys {
    pub(super) known: ThreadSet,
    pub(super) keys: [u64; THREADS_MAX],
}

/// One choice on the current path.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathNode {
    /// The index of the first choice of its stretch.
    pub(super) start: usize,
    /// The threads that were ready.
    pub(super) ready: ThreadSet,
    /// The threads whose calls would not have blocked.
    pub(super) enabled: ThreadSet,
    /// The backtrack set: threads that must go first in some run. It is a source set in the end.
    pub(super) backtrack: ThreadSet,
    /// The threads that have gone first, and those that were in the sleep set.
    pub(super) done: ThreadSet,
    pub(super) chosen: u8,
    pub(super) machine: u64,
    /// The thread that the cooperative schedule would choose, and its number of calls.
    pub(super) cooperative: u8,
    pub(super) calls: u64,
    /// Preemptions of this stretch before the choice, in the order of the run.
    pub(super) preempted: u32,
    /// The fewest preemptions of all earlier stretches.
    pub(super) spent: u32,
}

impl ThreadKeys {
    pub(super) fn of(&self, thread: u8) -> u64 {
        assert!(self.known.has(thread), "thread {thread} has been seen");
        self.keys[usize::from(thread)]
    }
}

/// The thread's number as the search stores it.
pub(super) fn number(call: &PendingCall) -> u8 {
    call.thread.0 as u8
}

impl ExplorationTree {
    pub(super) fn new(preemptions: Option<u32>) -> Self {
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
    pub(super) fn backtrack(&mut self) -> bool {
        self.depth = 0;
        self.machines = 0;
        self.starts_stretch = true;
        self.redundant = false;
        self.sleep_set = ThreadSet::EMPTY;
        if self.must_restart {
            self.must_restart = false;
            self.nodes.clear();
            self.states.clear();
            // What was explored took sends and receives of that queue as independent, so some
            // orders were never tried: nothing of it can be kept.
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

    pub(super) fn choose(&mut self, machine: u64, enabled: &EnabledSet) -> usize {
        // Machines influence each other only through messages, which take time.
        self.starts_stretch |= machine != self.machine;
        self.machine = machine;
        let index_of = |thread: u8| {
            let found = enabled.index_of(ThreadId(u32::from(thread)));
            found.unwrap_or_else(|_| panic!("the same path offers the same choices: {thread}"))
        };
        if self.redundant {
            // The run is over for the search; any choice that goes on will do until the machine
            // notices.
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
        // Calls of an earlier stretch are never reordered with this one's, so what slept there says
        // nothing here.
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
        self.nodes.push(PathNode {
            start,
            ready,
            enabled,
            // One thread is enough at first: source-DPOR adds others only where a race asks for
            // them (Abdulla et al., POPL 2014).
            backtrack: ThreadSet::EMPTY.with(chosen),
            // A sleeping thread counts as explored: its continuations were seen from an earlier
            // sibling.
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

    /// What follows from a state at the end of a stretch depends on nothing else, and is never
    /// reordered with what came before. So each state is explored once, unless it is reached with
    /// fewer preemptions.
    pub(super) fn visit_state(&mut self, fingerprint: u64) {
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
        // Sleep sets go together with the preemption bound because the bound is one of traces, not of
        // orders: the fewest preemptions in any order of the same trace. So an order that is skipped
        // here is within the bound only if the explored one of its trace is.
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
        let event = NewCall {
            thread: node.chosen,
            class: own,
            resource,
            blocked: chosen.blocks(),
        };
        self.add_event(node.start, event);
        self.add_backtrack_points();
    }
}
