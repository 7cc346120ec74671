//! The modeled words, and which addresses exist.
//!
//! Owns [`Memory`]: mapped regions of words. It refuses to judge who touches them; it only
//! says whether a word is there.

use std::fmt;

use crate::address::Address;

/// Bytes of a page: regions begin on one and are kept apart by one that is not mapped.
const PAGE_BYTES: u32 = 4_096;
/// Where the data of the program's own image begins. `EMSMTA` code of 5.x lies at 004xxxxx to
/// 005xxxxx.
const STATIC_BASE: u32 = 0x0056_0000;
/// Where static data must end: room for the stacks of the threads lies above.
const STATIC_END: u32 = 0x0100_0000;

/// The mapped words of one modeled process.
pub(crate) struct Memory {
    regions: Vec<Region>,
    words: Vec<u32>,
    static_next: u32,
}

/// A run of mapped words.
#[derive(Clone, Copy, Debug)]
struct Region {
    base: u32,
    bytes: u32,
    first: usize,
    name: &'static str,
}

/// Why a word cannot be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Unmapped,
    Unaligned,
}

/// Static data does not fit between the program's image and its stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticFull {
    /// The region that was asked for.
    pub name: &'static str,
    /// Its words.
    pub words: u32,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            regions: Vec::new(),
            words: Vec::new(),
            static_next: STATIC_BASE,
        }
    }

    /// Maps `words` zeroed words of static data.
    pub(crate) fn map_static(
        &mut self,
        words: u32,
        name: &'static str,
    ) -> Result<Address, StaticFull> {
        let full = StaticFull { name, words };
        let bytes = words.checked_mul(4).ok_or(full)?;
        let pages = bytes.div_ceil(PAGE_BYTES).max(1) + 1;
        let base = self.static_next;
        let next = pages
            .checked_mul(PAGE_BYTES)
            .and_then(|span| base.checked_add(span))
            .filter(|next| *next <= STATIC_END)
            .ok_or(full)?;
        self.static_next = next;
        self.map(Address(base), bytes, name);
        Ok(Address(base))
    }

    /// Maps `bytes` zeroed bytes at `base`.
    pub(crate) fn map(&mut self, base: Address, bytes: u32, name: &'static str) {
        assert!(base.0.is_multiple_of(4), "a region begins with a word");
        assert!(bytes.is_multiple_of(4), "a region is whole words");
        let end = base.0.checked_add(bytes).expect("a region fits in memory");
        let apart = |region: &Region| end <= region.base || region.base + region.bytes <= base.0;
        assert!(self.regions.iter().all(apart), "{name} overlaps a region");
        let region = Region {
            base: base.0,
            bytes,
            first: self.words.len(),
            name,
        };
        let place = self.regions.partition_point(|other| other.base < base.0);
        self.regions.insert(place, region);
        self.words
            .resize(self.words.len() + (bytes / 4) as usize, 0);
    }

    /// The number of the word at `address`, dense over all regions.
    pub(crate) fn index(&self, address: Address) -> Result<usize, Fault> {
        let above = self
            .regions
            .partition_point(|region| region.base <= address.0);
        let region = above.checked_sub(1).map(|below| &self.regions[below]);
        let Some(region) = region.filter(|region| address.0 - region.base < region.bytes) else {
            return Err(Fault::Unmapped);
        };
        if !address.0.is_multiple_of(4) {
            return Err(Fault::Unaligned);
        }
        Ok(region.first + ((address.0 - region.base) / 4) as usize)
    }

    pub(crate) fn word(&self, index: usize) -> u32 {
        self.words[index]
    }

    pub(crate) fn set_word(&mut self, index: usize, value: u32) {
        self.words[index] = value;
    }

    /// The word at `address`, if there is one.
    pub(crate) fn peek(&self, address: Address) -> Option<u32> {
        self.index(address).ok().map(|index| self.words[index])
    }

    /// Sets the word at `address`.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn poke(&mut self, address: Address, value: u32) {
        match self.index(address) {
            Ok(index) => self.words[index] = value,
            Err(fault) => panic!("poked {address}: {fault:?}"),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions = self.regions.iter();
        formatter
            .debug_map()
            .entries(regions.map(|region| (region.name, (Address(region.base), region.bytes))))
            .finish()
    }
}

impl fmt::Display for StaticFull {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, words } = self;
        write!(
            formatter,
            "no room for {words} words of static data ({name})"
        )
    }
}

impl std::error::Error for StaticFull {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_ends_in_nothing() {
        let mut memory = Memory::new();
        let first = memory.map_static(3, "first").expect("there is room");
        let second = memory.map_static(1_024, "second").expect("there is room");
        memory.poke(first.offset(8), 7);
        memory.poke(second, 9);
        assert_eq!(memory.peek(first.offset(8)), Some(7));
        assert_eq!(memory.peek(second), Some(9));
        assert_eq!(memory.index(first.offset(12)), Err(Fault::Unmapped));
        assert_eq!(memory.index(second.offset(4_096)), Err(Fault::Unmapped));
        assert_eq!(memory.index(Address(first.0 - 4)), Err(Fault::Unmapped));
        assert_eq!(memory.index(Address::NULL), Err(Fault::Unmapped));
        assert_eq!(memory.index(first.offset(5)), Err(Fault::Unaligned));
        assert_eq!(memory.index(Address(u32::MAX)), Err(Fault::Unmapped));
    }

    #[test]
    fn static_data_has_its_limit() {
        let mut memory = Memory::new();
        let full = memory
            .map_static(u32::MAX, "too much")
            .expect_err("no room");
        assert_eq!(
            full.to_string(),
            "no room for 4294967295 words of static data (too much)"
        );
        while memory.map_static(100_000, "more").is_ok() {}
        assert!(memory.static_next <= STATIC_END);
    }
}
