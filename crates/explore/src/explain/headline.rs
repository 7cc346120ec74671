//! The cause of a failure in one sentence: which two events came in which order, how far apart, and
//! what the build decides for this order.
//!
//! The sentence is read from records and accesses. There is none if they show no such order.

use config::plan::{Keyword, Scenario};
use kernel::Instant;
use mta::{BlockId, Fact, Operation, Record as MtaRecord, Shipped, Structure};
use simulation::Outcome;
use simulation::outcome::Violation;
use simulation::record::ThreadNumber;

use super::causal_trace::records_of;
use super::critical_pair::{CriticalPair, apart};

/// The cause of a control block that is never released.
pub(super) fn of_block(
    scenario: &Scenario,
    outcome: &Outcome,
    violation: &Violation,
) -> Option<String> {
    let id = violation.block?;
    let build = scenario.hosts.get(&violation.host)?.build()?.as_str();
    let facts = facts_of(outcome, violation, id);
    let found = |is_wanted: fn(&Fact) -> bool| facts.iter().find(|(_, _, fact)| is_wanted(fact));
    let timeout = found(|fact| matches!(fact, Fact::BlockOutOfService(_)));
    let dropped = found(|fact| matches!(fact, Fact::CloseRequestDropped(_)));
    if let (Some((timed_out_at, thread, _)), Some((dropped_at, ..))) = (timeout, dropped) {
        // MAIN BASE is the thread of the session; the driver's timeout is that of connect().
        let what = match thread.0 {
            1 => "the session timed out",
            _ => "the connection timed out",
        };
        return Some(format!(
            "{what} {} before the transport's close request came; {build} drops a close request for \
             a connection that has timed out, so nothing releases {id}",
            apart(*timed_out_at, *dropped_at)
        ));
    }
    // Only such a build leaves a block allocated that it has closed (Q193894).
    let forgets = Shipped::named(build).is_some_and(|it| !it.releases_after_retry());
    let (closed_at, ..) = found(|fact| matches!(fact, Fact::CloseApplied { .. }))?;
    forgets.then(|| format!(
        "the close request was carried out at {closed_at} s; {build} does not release a block whose \
         connect() was repeated, so {id} stays allocated"
    ))
}

/// The cause of a failure that two unsynchronized accesses decided.
pub(super) fn of_pair(scenario: &Scenario, host: &str, pair: &CriticalPair) -> Option<String> {
    let build = scenario.hosts.get(host)?.build()?.as_str();
    let shipped = Shipped::named(build)?;
    let structures = [Structure::Pool, Structure::Blocks, Structure::WaitArrays];
    let is_guarded = |it: &Structure| shipped.guard(*it, Operation::Use).is_some();
    let locks = match structures.iter().all(is_guarded) {
        true => "although it has a lock for each structure",
        false => "for it has no lock that would keep them apart",
    };
    Some(format!(
        "{}; {build} allows this order, {locks}",
        pair.order
    ))
}

/// The facts that decide about one use of a block: from its last allocation before the violation. A
/// restarted service uses the same instance numbers again.
fn facts_of(
    outcome: &Outcome,
    violation: &Violation,
    id: BlockId,
) -> Vec<(Instant, ThreadNumber, Fact)> {
    let records = records_of(outcome, &violation.host);
    let facts = records.filter_map(|(at, thread, record)| match record {
        MtaRecord::Fact(fact) => Some((at, thread, *fact)),
        MtaRecord::Log(_) | MtaRecord::Event(_) => None,
    });
    let facts: Vec<_> = facts.collect();
    let is_allocation = |fact: &Fact| *fact == Fact::BlockAllocated(id);
    let first = facts
        .iter()
        .rposition(|(at, _, fact)| *at <= violation.at && is_allocation(fact));
    // Not up to the violation: the clocks of threads run a little ahead of the event that checks.
    let from = first.map_or(0, |first| first + 1);
    let own = facts.into_iter().skip(from);
    let own = own.take_while(|(.., fact)| !is_allocation(fact));
    let concerned = |fact: &Fact| {
        let of_block = [Fact::BlockOutOfService(id), Fact::CloseRequestDropped(id)];
        let is_applied = matches!(*fact, Fact::CloseApplied { block, found, .. }
            if block == id.index && found == id.instance);
        is_applied || of_block.contains(fact)
    };
    own.filter(|(.., fact)| concerned(fact)).collect()
}
