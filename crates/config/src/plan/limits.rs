//! Limits at which a run stops.

use super::quantity::ByteSize;
use crate::format::declare::section;

section! {
    /// Limits at which a run stops.
    #[derive(Copy)]
    pub struct Limits: Default {
        /// Simulation events handled before the run stops.
        events: u64 = 2_000_000_000, in 1..=1_000_000_000_000;
        /// Messages of all workloads accepted before the run stops.
        messages: u64 = Self::MESSAGES_MAX, in 1..=Self::MESSAGES_MAX;
        /// Calls of all threads of one service before the run stops.
        calls: u64 = 1_000_000_000_000, in 1..=1_000_000_000_000_000;
        /// Estimated memory of messages, packets, connections, processes and pending events before the run
        /// stops. Records have a limit of their own.
        memory: Option<ByteSize> = None, default "4 GiB", in 1..=1 << 40;
        /// Violations kept before the run stops.
        violations: u64 = 1_000, in 1..=1_000_000;
        /// Journal records kept in memory.
        records: u64 = 10_000_000, in 0..=100_000_000;
        /// The newest accesses to shared memory kept per service, which show the order of accesses.
        access_log: u64 = 0, in 0..=10_000_000;
    }
}

impl Limits {
    /// The largest number of messages of a run: each has a number of its own and stays in memory.
    pub const MESSAGES_MAX: u64 = 1 << 20;

    /// The estimated memory at which a run stops if the scenario says nothing.
    pub const MEMORY: ByteSize = ByteSize(4 << 30);

    /// How many messages each of `workloads` workloads can have: they share numbers of 32 bits.
    #[must_use]
    pub fn messages_each(workloads: usize) -> u64 {
        let all = (1_u64 << 32) / (workloads as u64).max(1);
        all.min(Self::MESSAGES_MAX)
    }
}
