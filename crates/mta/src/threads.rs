//! Names and numbers of the MTA's threads, by product generation.
//!
//! The brackets of the event log and the parentheses of Winsock.log show the same numbers (Q188040,
//! Q319936, Q152897, Q170006, Q276222).

use crate::build::Generation;

/// A thread's name and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadName {
    /// The name in the brackets of the event log.
    pub name: &'static str,
    /// The number in the parentheses of Winsock.log.
    pub number: u16,
}

/// The role of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadRole {
    /// The association manager.
    MainBase,
    /// The timers.
    Timer,
    /// The sending side of the transport.
    Down,
    /// The receiving side of the transport.
    Up,
    /// The driver of this thread control block, or the Driver of its pair.
    Driver(u32),
    /// The Async Notify of this thread control block's pair.
    AsyncNotify(u32),
}

/// Numbers of 4.0 driver threads in events of Q152941, Q151626 and Q169113.
const PAIRED_DRIVERS: [u16; 4] = [10, 54, 22, 36];
/// The first numbers of further driver threads. 122 is from Q276222; 60 is a modeling decision.
const FURTHER_PAIRS: u16 = 60;
const FURTHER_DRIVERS: u16 = 122;

/// The name and number of the thread with this role.
#[must_use]
pub fn name(generation: Generation, role: ThreadRole) -> ThreadName {
    let paired = generation == Generation::Pairs;
    let (name, number) = match role {
        ThreadRole::MainBase => ("MAIN BASE", 1),
        ThreadRole::Timer => ("TIMER", 3),
        ThreadRole::Down => ("POP4 DOWN", if paired { 4 } else { 6 }),
        ThreadRole::Up => ("POP4 UP", if paired { 5 } else { 7 }),
        ThreadRole::Driver(index) => ("TCP/IP DRVR", driver_number(generation, index)),
        ThreadRole::AsyncNotify(index) => ("TCP/IP ASYNC", driver_number(generation, index) + 1),
    };
    ThreadName { name, number }
}

/// The key of a thread's random choices. A pinned preemption names its thread by this key.
#[must_use]
pub fn rng_key(number: u16) -> u64 {
    machine::mix(machine::key("mta.thread"), u64::from(number))
}

fn driver_number(generation: Generation, index: u32) -> u16 {
    let small = u16::try_from(index).expect("there are at most 64 driver threads");
    match generation {
        Generation::Pairs => match PAIRED_DRIVERS.get(index as usize) {
            Some(&number) => number,
            // A pair takes two numbers: the Async Notify has the one after its Driver's.
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
            let mut roles = vec![
                ThreadRole::MainBase,
                ThreadRole::Timer,
                ThreadRole::Down,
                ThreadRole::Up,
            ];
            roles.extend((0..64).map(ThreadRole::Driver));
            if generation == Generation::Pairs {
                roles.extend((0..64).map(ThreadRole::AsyncNotify));
            }
            let numbers: BTreeSet<u16> = roles
                .iter()
                .map(|&role| name(generation, role).number)
                .collect();
            assert_eq!(numbers.len(), roles.len());
        }
    }
}
