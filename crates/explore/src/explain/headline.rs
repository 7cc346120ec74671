//! The cause of a failure in one sentence: which two events came in which order, how far apart, and
//! what the build decides for this order.
//!
//! The sentence is read from records and accesses. There is none if they show no such order.

use config::plan::{Keyword, Scenario};
use mta::{BlockId, Fact, Record as MtaRecord, Structure, StructureOperation};
use simulation::Outcome;
use simulation::outcome::Violation;

use super::causal_trace::{ThreadRecord, records_of};
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
    let found = |is_wanted: fn(&Fact) -> bool| facts.iter().find(|it| is_wanted(&it.record));
    let timeout = found(|fact| matches!(fact, Fact::BlockOutOfService(_)));
    let dropped = found(|fact| matches!(fact, Fact::CloseRequestDropped(_)));
    if let (Some(timeout), Some(dropped)) = (timeout, dropped) {
        // MAIN BASE is the thread of the session; the driver's timeout is that of connect().
        let what = match timeout.thread.0 {
            1 => "the session timed out",
            _ => "the connection timed out",
        };
        return Some(format!(
            "{what} {} before the transport's close request came; {build} drops a close request for \
             a connection that has timed out, so nothing releases {id}",
            apart(timeout.at, dropped.at)
        ));
    }
    // Only such a build leaves a block allocated that it has closed (Q193894).
    let forgets = mta::named(build).is_some_and(|it| !it.releases_after_retry());
    let closed_at = found(|fact| matches!(fact, Fact::CloseApplied { .. }))?.at;
    forgets.then(|| format!(
        "the close request was carried out at {closed_at}; {build} does not release a block whose \
         connect() was repeated, so {id} stays allocated"
    ))
}

/// The cause of a failure that two unsynchronized accesses decided.
pub(super) fn of_pair(scenario: &Scenario, host: &str, pair: &CriticalPair) -> Option<String> {
    let build = scenario.hosts.get(host)?.build()?.as_str();
    let decisions = mta::named(build)?;
    let Some((structure, name)) = structure(&pair.later).or_else(|| structure(&pair.earlier))
    else {
        return Some(format!("{}; {build} allows this order", pair.order));
    };
    let locks = match decisions.guard(structure, StructureOperation::Use) {
        Some(_) => "although it has a lock for",
        None => "for it has no lock for",
    };
    Some(format!(
        "{}; {build} allows this order, {locks} {name}",
        pair.order
    ))
}

/// The shared structure that an access is about, and its name in a sentence.
fn structure(access: &str) -> Option<(Structure, &'static str)> {
    // The first that matches counts: the names of the others contain that of the control blocks.
    let by_name = [
        ("control block pool.", Structure::Pool, "the pool"),
        (
            "thread control block.",
            Structure::WaitArrays,
            "the wait arrays",
        ),
        ("select set.", Structure::WaitArrays, "the wait arrays"),
        ("control block.", Structure::Blocks, "the control blocks"),
    ];
    let found = by_name.into_iter().find(|(word, ..)| access.contains(word));
    found.map(|(_, structure, name)| (structure, name))
}

/// The facts that decide about one use of a block: from its last allocation before the violation. A
/// restarted service uses the same instance numbers again.
fn facts_of(outcome: &Outcome, violation: &Violation, id: BlockId) -> Vec<ThreadRecord<Fact>> {
    let records = records_of(outcome, &violation.host);
    let facts = records.filter_map(|it| match it.record {
        MtaRecord::Fact(fact) => Some(ThreadRecord {
            at: it.at,
            thread: it.thread,
            record: *fact,
        }),
        MtaRecord::Log(_) | MtaRecord::Event(_) => None,
    });
    let facts: Vec<_> = facts.collect();
    let is_allocation = |fact: &Fact| *fact == Fact::BlockAllocated(id);
    let first = facts
        .iter()
        .rposition(|it| it.at <= violation.at && is_allocation(&it.record));
    // Not up to the violation: the clocks of threads run a little ahead of the event that checks.
    let from = first.map_or(0, |first| first + 1);
    let own = facts.into_iter().skip(from);
    let own = own.take_while(|it| !is_allocation(&it.record));
    let concerned = |fact: &Fact| {
        let of_block = [Fact::BlockOutOfService(id), Fact::CloseRequestDropped(id)];
        let is_applied = matches!(*fact, Fact::CloseApplied { block, found, .. }
            if block == id.index && found == id.instance);
        is_applied || of_block.contains(fact)
    };
    own.filter(|it| concerned(&it.record)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_belongs_to_the_structure_that_its_word_names() {
        let of = |access: &str| structure(access).map(|(structure, _)| structure);
        let pool = "MAIN BASE (001) reads control block pool.free list: 00561020";
        assert_eq!(of(pool), Some(Structure::Pool));
        let array = "TCP/IP ASYNC (011) reads thread control block.select set: 0";
        assert_eq!(of(array), Some(Structure::WaitArrays));
        let set = "TCP/IP ASYNC (011) reads select set.count: 01670178";
        assert_eq!(of(set), Some(Structure::WaitArrays));
        let block = "POP4 UP (007) reads control block.state: 6";
        assert_eq!(of(block), Some(Structure::Blocks));
        assert_eq!(of("POP4 UP (007) writes heap list.next: 0"), None);
    }
}
