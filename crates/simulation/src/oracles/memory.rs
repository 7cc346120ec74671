//! Memory safety of the modeled process.
//!
//! Property: no data race, no access outside an allocated block, no invalid heap call, and a
//! consistent heap at the end of the run. The findings are those of the machine: its race detector
//! orders accesses by happens-before, and its heap knows which blocks are allocated. The race
//! detector reports a race only if both accesses are made in this run; an order of calls in which
//! a lock happens to order them hides it. At the end the headers and free lists of the heap are
//! walked, which finds damage that no call has encountered.

use machine::FindingKind;

use super::ViolationDetails;
use config::plan::ViolationKind;

/// The defect behind a finding of the machine.
pub(super) fn defect(finding: &machine::Finding) -> ViolationDetails {
    let kind = match finding.kind {
        FindingKind::DataRace => ViolationKind::DataRace,
        FindingKind::UseAfterFree => ViolationKind::UseAfterFree,
        FindingKind::DoubleFree => ViolationKind::DoubleRelease,
        FindingKind::OutOfBounds
        | FindingKind::WildAccess
        | FindingKind::InvalidFree
        | FindingKind::DoubleAllocation => ViolationKind::HeapCorruption,
    };
    // The machine's signature begins with its own kind of finding; ours replaces it.
    let signature = finding.signature().to_string();
    let location = signature
        .split_once(": ")
        .map_or(signature.as_str(), |(_, location)| location);
    ViolationDetails::new(kind, location, finding.to_string())
}

/// The heap's headers and free lists are inconsistent at the end of a run, as `detail` says.
pub(crate) fn inconsistent_heap(detail: String) -> ViolationDetails {
    ViolationDetails::new(ViolationKind::HeapCorruption, "process heap", detail)
}
