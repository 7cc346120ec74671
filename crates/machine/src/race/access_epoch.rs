//! What the race detector keeps of an access: the epoch, and what a report shows, in 24 bytes.

use std::collections::BTreeMap;

use kernel::Instant;

use crate::call::{Actor, CallSite, ThreadId};
use crate::config::THREADS_MAX;
use crate::memory::address::Address;
use crate::race::access::{Access, AccessKind};
use crate::race::vector_clock::VectorClock;

/// The largest number of names of locations that are told apart.
const NAMES_MAX: usize = 65_535;
/// The name of all further ones.
const OTHER_NAME: &str = "another location";

/// An access with its epoch: the component of its own thread's clock at that time. The address is
/// that of the word which keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessEpoch {
    at: Instant,
    site: CallSite,
    clock: u32,
    /// The number of its name, see [`LocationNames`].
    name: u16,
    /// The thread's number, and two bits for kind and actor.
    made_by: u16,
}

const WRITES: u16 = 1 << 14;
const IS_HEAP: u16 = 1 << 15;

// A thread's number leaves the two bits above it free.
const _: () = assert!(THREADS_MAX <= WRITES as usize);
const _: () = assert!(size_of::<Option<AccessEpoch>>() == 24);

/// The names of locations, by number.
#[derive(Debug, Default)]
pub(super) struct LocationNames {
    list: Vec<&'static str>,
    numbers: BTreeMap<&'static str, u16>,
}

impl AccessEpoch {
    /// The epoch of a plain access by a thread with this `clock`. `like` is another access of the
    /// same word, which mostly has the same name.
    #[inline(always)]
    pub(super) fn new(
        access: &Access,
        clock: &VectorClock,
        like: Option<&Self>,
        names: &mut LocationNames,
    ) -> Self {
        let name = match like {
            Some(like) if names.is(like.name, access.name) => like.name,
            _ => names.number(access.name),
        };
        // Fewer threads than fit, see above.
        let mut made_by = access.thread.0 as u16;
        match access.kind {
            AccessKind::Read => {}
            AccessKind::Write => made_by |= WRITES,
            AccessKind::Interlocked | AccessKind::Free | AccessKind::Allocate => {
                panic!("only plain accesses race, not {:?}", access.kind)
            }
        }
        if access.actor == Actor::Heap {
            made_by |= IS_HEAP;
        }
        Self {
            at: access.at,
            site: access.site,
            clock: clock.of(access.thread),
            name,
            made_by,
        }
    }

    pub(super) fn thread(&self) -> ThreadId {
        ThreadId(u32::from(self.made_by & !(WRITES | IS_HEAP)))
    }

    pub(super) fn writes(&self) -> bool {
        self.made_by & WRITES != 0
    }

    /// Whether the access happened before the event whose clock is given: one comparison, since an
    /// epoch represents the whole vector clock.
    #[inline(always)]
    pub(super) fn happened_before(&self, clock: &VectorClock) -> bool {
        self.clock <= clock.of(self.thread())
    }

    /// The access, which was to the word at `address`.
    pub(super) fn access(&self, address: Address, names: &LocationNames) -> Access {
        Access {
            thread: self.thread(),
            kind: if self.writes() {
                AccessKind::Write
            } else {
                AccessKind::Read
            },
            actor: if self.made_by & IS_HEAP != 0 {
                Actor::Heap
            } else {
                Actor::Program
            },
            name: names.name(self.name),
            address,
            site: self.site,
            at: self.at,
        }
    }
}

impl LocationNames {
    /// Whether `number` is known to be that of `name`: one comparison of pointers, not of texts.
    #[inline(always)]
    fn is(&self, number: u16, name: &'static str) -> bool {
        self.list
            .get(usize::from(number))
            .is_some_and(|known| std::ptr::eq(*known, name))
    }

    #[inline(never)]
    fn number(&mut self, name: &'static str) -> u16 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.list.len().min(NAMES_MAX);
        let number = u16::try_from(number).expect("a number below 2^16");
        if usize::from(number) < NAMES_MAX {
            self.list.push(name);
            self.numbers.insert(name, number);
        }
        number
    }

    fn name(&self, number: u16) -> &'static str {
        let name = self.list.get(usize::from(number)).copied();
        name.unwrap_or(OTHER_NAME)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_trace_gives_back_the_access() {
        let mut names = LocationNames::default();
        let mut like = None;
        for (thread, kind, actor, name) in [
            (0, AccessKind::Read, Actor::Program, "one"),
            (1_023, AccessKind::Write, Actor::Heap, "two"),
            (7, AccessKind::Write, Actor::Program, "two"),
            (7, AccessKind::Read, Actor::Heap, "one"),
        ] {
            let access = Access {
                thread: ThreadId(thread),
                kind,
                actor,
                name,
                address: Address(0x0167_0004),
                site: Location::caller(),
                at: Instant::MAX,
            };
            let trace =
                AccessEpoch::new(&access, &VectorClock::default(), like.as_ref(), &mut names);
            assert_eq!(trace.access(access.address, &names), access);
            like = Some(trace);
        }
        assert_eq!(names.list, ["one", "two"]);
    }

    #[test]
    fn beyond_the_limit_names_share_one() {
        let mut names = LocationNames {
            list: vec!["known"; NAMES_MAX],
            numbers: BTreeMap::new(),
        };
        let number = names.number("new");
        assert_eq!(names.name(number), OTHER_NAME);
        assert_eq!(names.number("newer"), number);
        assert_eq!(names.name(number - 1), "known");
    }
}
