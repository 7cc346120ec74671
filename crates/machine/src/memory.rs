//! The mapped words of the modeled process.
//!
//! | module | contents |
//! |---|---|
//! | [`address`] | addresses, fields and named locations |
//! | [`heap_layout`] | where the parts of the heap lie |
//! | `region` | one run of mapped words |

pub mod address;
pub mod heap_layout;
mod region;

use std::fmt;

use crate::memory::address::Address;
use crate::memory::region::Region;

/// Bytes of a page. Each region starts on a page, with an unmapped page before the next region.
const PAGE_BYTES: u32 = 4_096;
/// The start of static data. The code of `EMSMTA` 5.x lies at 004xxxxx to 005xxxxx.
const STATIC_BASE: u32 = 0x0056_0000;
/// The end of static data; thread stacks lie above.
const STATIC_END: u32 = 0x0100_0000;

/// The mapped words of one modeled process.
pub(crate) struct Memory {
    /// Sorted by address.
    regions: Vec<Region>,
    /// The index of the region that was accessed last.
    recent: usize,
    /// Number of words in all regions.
    total: usize,
    /// Where the next static region starts.
    static_next: u32,
    /// A sum over all words that were written since tracking began; `None` if not tracked.
    fingerprint: Option<u64>,
    initial: InitialRegions,
    /// Regions removed by a reset, kept for their allocations.
    spare: Vec<Region>,
}

/// What [`Memory::save_regions`] saved.
#[derive(Clone, Copy, Default)]
struct InitialRegions {
    regions: usize,
    total: usize,
    static_next: u32,
}

/// Why a word cannot be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessFault {
    Unmapped,
    Unaligned,
}

/// Static data does not fit between the program's image and its stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for {words} words of static data ({name})")]
pub struct StaticFull {
    /// The name of the requested region.
    pub name: &'static str,
    /// Its size in words.
    pub words: u32,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            regions: Vec::new(),
            recent: 0,
            total: 0,
            static_next: STATIC_BASE,
            fingerprint: None,
            initial: InitialRegions::default(),
            spare: Vec::new(),
        }
    }

    /// Saves the words for [`Self::reset`].
    pub(crate) fn save_words(&mut self) {
        self.regions.iter_mut().for_each(Region::save);
    }

    /// Saves the list of regions for [`Self::reset`].
    pub(crate) fn save_regions(&mut self) {
        self.initial = InitialRegions {
            regions: self.regions.len(),
            total: self.total,
            static_next: self.static_next,
        };
    }

    /// Restores the saved regions and removes all others. Words that were not saved become zero.
    pub(crate) fn reset(&mut self) {
        let InitialRegions {
            regions,
            total,
            static_next,
        } = self.initial;
        if self.regions.len() > regions {
            // Regions are sorted by address, so new ones may lie between saved ones; word numbers
            // grow in the order of mapping.
            let (saved, removed) = std::mem::take(&mut self.regions)
                .into_iter()
                .partition(|region| region.first < total);
            self.regions = saved;
            self.spare.extend::<Vec<Region>>(removed);
            self.recent = 0;
        }
        assert_eq!(self.regions.len(), regions, "saved regions stay mapped");
        self.regions.iter_mut().for_each(Region::restore);
        self.total = total;
        self.static_next = static_next;
        self.fingerprint = None;
    }

    /// Starts tracking the fingerprint.
    pub(crate) fn track_fingerprint(&mut self) {
        self.fingerprint = Some(0);
    }

    /// A hash of the words that were written since tracking began. Equal contents give equal
    /// hashes, whatever the order of the writes.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint.unwrap_or(0)
    }

    /// Maps `words` zeroed words of static data.
    pub(crate) fn map_static(
        &mut self,
        words: u32,
        name: &'static str,
    ) -> Result<Address, StaticFull> {
        let full = StaticFull { name, words };
        let bytes = words.checked_mul(4).ok_or(full)?;
        // One page more than needed: it stays unmapped and catches accesses beyond the end.
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
        assert!(base.0.is_multiple_of(4), "a region starts with a word");
        assert!(bytes.is_multiple_of(4), "a region has whole words");
        let end = base.0.checked_add(bytes).expect("a region fits in memory");
        let apart = |region: &Region| end <= region.base || region.end() <= base.0;
        assert!(self.regions.iter().all(apart), "{name} overlaps a region");
        let mut region = self.spare.pop().unwrap_or_default();
        region.init(base.0, (bytes / 4) as usize, name);
        region.first = self.total;
        self.total += region.len();
        let index = self.regions.partition_point(|other| other.base < base.0);
        self.regions.insert(index, region);
    }

    /// The index of the region that holds the word at `address`.
    fn find(&self, address: Address) -> Option<usize> {
        if !address.0.is_multiple_of(4) {
            return None;
        }
        let recent = self.regions.get(self.recent);
        if recent.is_some_and(|region| region.holds(address)) {
            return Some(self.recent);
        }
        let above = self
            .regions
            .partition_point(|region| region.base <= address.0);
        let index = above.checked_sub(1)?;
        self.regions[index].holds(address).then_some(index)
    }

    /// Why no word can be accessed at `address`.
    ///
    /// # Panics
    /// If one can.
    pub(crate) fn fault(&self, address: Address) -> AccessFault {
        assert!(self.find(address).is_none(), "{address} is a word");
        if self.regions.iter().any(|region| region.holds(address)) {
            AccessFault::Unaligned
        } else {
            AccessFault::Unmapped
        }
    }

    /// The number of the word at `address`. Numbers are dense over all regions and never change,
    /// so that the race detector can index a table by them.
    ///
    /// # Panics
    /// If there is no word.
    pub(crate) fn word_number(&self, address: Address) -> usize {
        let region = self.find(address).expect("the word is mapped");
        self.regions[region].word_number(address)
    }

    /// Replaces the word at `address` by `apply` of it and returns the old word; `None` if there is
    /// no word.
    #[inline(always)]
    pub(crate) fn update(&mut self, address: Address, apply: impl Fn(u32) -> u32) -> Option<u32> {
        // Most accesses fall into the same region as the one before.
        if address.0.is_multiple_of(4)
            && let Some(region) = self.regions.get_mut(self.recent)
            && let Some(old) = region.update(address, &apply, &mut self.fingerprint)
        {
            return Some(old);
        }
        self.update_elsewhere(address, apply)
    }

    #[inline(never)]
    fn update_elsewhere(&mut self, address: Address, apply: impl Fn(u32) -> u32) -> Option<u32> {
        self.recent = self.find(address)?;
        self.regions[self.recent].update(address, &apply, &mut self.fingerprint)
    }

    /// The word at `address`, if there is one.
    pub(crate) fn peek(&self, address: Address) -> Option<u32> {
        self.regions[self.find(address)?].peek(address)
    }

    /// Sets the word at `address`.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn poke(&mut self, address: Address, value: u32) {
        let poked = self.update(address, |_| value);
        assert!(
            poked.is_some(),
            "poked {address}: {:?}",
            self.fault(address)
        );
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions = self.regions.iter();
        formatter
            .debug_map()
            .entries(regions.map(|region| (region.name, (Address(region.base), region.len()))))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::heap_layout::{HeapLayout, UNIT_BYTES};

    #[test]
    fn a_region_ends_in_unmapped_memory() {
        let mut memory = Memory::new();
        let first = memory.map_static(3, "first").expect("there is room");
        let second = memory.map_static(1_024, "second").expect("there is room");
        memory.poke(first.offset(8), 7);
        memory.poke(second, 9);
        assert_eq!(memory.peek(first.offset(8)), Some(7));
        assert_eq!(memory.peek(second), Some(9));
        assert_eq!(memory.fault(first.offset(12)), AccessFault::Unmapped);
        assert_eq!(memory.fault(second.offset(4_096)), AccessFault::Unmapped);
        assert_eq!(memory.fault(Address(first.0 - 4)), AccessFault::Unmapped);
        assert_eq!(memory.fault(Address::NULL), AccessFault::Unmapped);
        assert_eq!(memory.fault(first.offset(5)), AccessFault::Unaligned);
        assert_eq!(memory.fault(Address(u32::MAX)), AccessFault::Unmapped);
    }

    #[test]
    fn a_reset_restores_what_was_saved_and_nothing_else() {
        let mut memory = Memory::new();
        memory.map(Address(0x0013_0000), 10 * PAGE_BYTES, "heap");
        let word = |page: u32, word: u32| Address(0x0013_0000 + page * PAGE_BYTES + 4 * word);
        memory.poke(word(0, 3), 1);
        memory.poke(word(9, 1_023), 2);
        memory.save_regions();
        memory.save_words();
        for _ in 0..2 {
            memory.poke(word(0, 3), 7);
            memory.poke(word(4, 0), 8);
            let data = memory.map_static(5, "data").expect("there is room");
            memory.poke(data, 9);
            memory.reset();
            let found = [word(0, 3), word(4, 0), word(9, 1_023), data];
            let found = found.map(|address| memory.peek(address));
            assert_eq!(found, [Some(1), Some(0), Some(2), None]);
        }
    }

    /// The memory that a modeled process takes follows what it touches, not the size of its heap.
    #[test]
    fn a_heap_takes_memory_for_what_is_touched() {
        let mut memory = Memory::new();
        let heap = HeapLayout::new(Address(0x0167_0000), 4 << 20, None);
        memory.map(heap.base, heap.end.0 - heap.base.0, "heap");
        // The head of each segment, as in an empty heap.
        let segments = heap.units() / heap.segment_units;
        for segment in 0..segments {
            let offset = segment * heap.segment_units * UNIT_BYTES;
            memory.poke(heap.first_block().offset(offset), 1);
        }
        let allocated = memory.regions[0].allocated();
        assert_eq!((segments, allocated), (9, 9 * 64), "of a million words");

        memory.save_regions();
        memory.save_words();
        assert_eq!(
            memory.regions[0].allocated(),
            allocated,
            "saving copies nothing"
        );
        memory.poke(heap.first_block(), 1);
        assert_eq!(memory.regions[0].allocated(), allocated + 64, "one page");
        memory.reset();
        assert_eq!(memory.regions[0].allocated(), allocated + 64, "one page");
    }

    #[test]
    fn static_data_has_a_limit() {
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
