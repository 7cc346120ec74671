//! Backtrack points: two calls that race are made in the other order in another run.

use super::dependence::CallClass;
use super::exploration_tree::{ExplorationTree, number};
use super::thread_set::ThreadSet;
use super::trace::{NewCall, Race};
use crate::schedulers::enabled_set::EnabledSet;

impl ExplorationTree {
    pub(super) fn add_event(&mut self, start: usize, event: NewCall) {
        let nodes = &self.nodes;
        let was_ready = |depth: usize, thread: u8| nodes[depth].ready.has(thread);
        self.trace.add(start, event, was_ready);
    }

    /// The run becomes redundant here. Blocked calls are not made any more, but they too race with
    /// earlier calls.
    pub(super) fn add_races_of_blocked(&mut self, enabled: &EnabledSet) {
        let Some(last) = self.nodes.last() else {
            return;
        };
        let start = last.start;
        for call in enabled.iter().filter(|call| call.blocks()) {
            let event = NewCall {
                thread: number(call),
                class: CallClass::of(call, &self.full_queues),
                resource: call.request.operation.resource(),
                blocked: true,
            };
            self.add_event(start, event);
            self.add_backtrack_points();
            // Only its races were wanted: the call is not made in this run.
            self.trace.events.pop();
        }
    }

    pub(super) fn add_backtrack_points(&mut self) {
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
}
