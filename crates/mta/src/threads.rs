//! Names and numbers of the MTA's threads.
//!
//! Owns the table by generation. The numbers are those of the event log's brackets and of
//! Winsock.log; they are the same (domain sources: Q188040, Q319936, Q152897, Q170006, Q276222).
//! It refuses to know what a thread does.

use crate::build::Generation;

/// A thread's name and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadName {
    /// As in the event log's brackets.
    pub name: &'static str,
    /// As in Winsock.log's parentheses.
    pub number: u16,
}

/// What a thread is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadRole {
    /// The association manager.
    MainBase,
    /// The timers.
    Timer,
    /// Transport, downwards.
    Down,
    /// Transport, upwards.
    Up,
    /// The driver, or the Driver of a pair, of this thread control block.
    Driver(u32),
    /// The Async Notify of the pair of this thread control block.
    AsyncNotify(u32),
}

/// Driver threads of 4.0 seen in events: Q152941, Q151626, Q169113.
const PAIRED_DRIVERS: [u16; 4] = [10, 54, 22, 36];
/// Where the numbers of further threads start. A modelling decision, but for 122 (Q276222).
const FURTHER_PAIRS: u16 = 60;
const FURTHER_DRIVERS: u16 = 122;

/// The name and number of the thread for this duty.
#[must_use]
pub fn name(generation: Generation, duty: ThreadRole) -> ThreadName {
    let paired = generation == Generation::Pairs;
    let (name, number) = match duty {
        ThreadRole::MainBase => ("MAIN BASE", 1),
        ThreadRole::Timer => ("TIMER", 3),
        ThreadRole::Down => ("POP4 DOWN", if paired { 4 } else { 6 }),
        ThreadRole::Up => ("POP4 UP", if paired { 5 } else { 7 }),
        ThreadRole::Driver(index) => ("TCP/IP DRVR", driver_number(generation, index)),
        ThreadRole::AsyncNotify(index) => ("TCP/IP ASYNC", driver_number(generation, index) + 1),
    };
    ThreadName { name, number }
}

/// What keys the luck of a thread, and names it in a pinned preemption.
#[must_use]
pub fn rng_key(number: u16) -> u64 {
    machine::mix(machine::key("mta.thread"), u64::from(number))
}

fn driver_number(generation: Generation, index: u32) -> u16 {
    let small = u16::try_from(index).expect("there are at most 64 drivers");
    match generation {
        Generation::Pairs => match PAIRED_DRIVERS.get(index as usize) {
            Some(&number) => number,
            None => FURTHER_PAIRS + 2 * (small - PAIRED_DRIVERS.len() as u16),
        },
        Generation::Single if index == 0 => 8,
        Generation::Single => FURTHER_DRIVERS + small - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_are_unique_within_a_process() {
        for generation in [Generation::Pairs, Generation::Single] {
            let mut duties = vec![
                ThreadRole::MainBase,
                ThreadRole::Timer,
                ThreadRole::Down,
                ThreadRole::Up,
            ];
            duties.extend((0..64).map(ThreadRole::Driver));
            if generation == Generation::Pairs {
                duties.extend((0..64).map(ThreadRole::AsyncNotify));
            }
            let numbers: BTreeSet<u16> = duties
                .iter()
                .map(|&duty| name(generation, duty).number)
                .collect();
            assert_eq!(numbers.len(), duties.len());
        }
    }
}
