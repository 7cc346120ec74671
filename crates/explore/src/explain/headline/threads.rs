//! Causes of failures of threads that wait for each other.

use config::plan::OperationKind;
use simulation::LoggedAccess;

use super::super::critical_pair::apart;
use super::FailedRun;

/// Why threads wait in a cycle: the last two that began to wait.
pub(super) fn deadlock(run: FailedRun<'_>) -> Option<String> {
    // Without a value the thread waits for the section.
    let is_wait = |it: &&LoggedAccess| {
        let waits = it.kind == OperationKind::Enter && it.value.is_none() && !it.preempted;
        waits && it.host == run.host && it.at <= run.at
    };
    let mut waits = run.outcome.access_log.iter().rev().filter(is_wait);
    let last = waits.next()?;
    let first = waits.find(|it| it.number != last.number)?;
    Some(format!(
        "{} ({:03}) begins to wait for the critical section {} {} before {} ({:03}) begins to wait for {}; \
         the threads wait in a cycle, and none can go on",
        first.thread,
        first.number,
        first.of,
        apart(first.at, last.at),
        last.thread,
        last.number,
        last.of
    ))
}
