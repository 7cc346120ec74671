//! The modeled words, and which addresses exist.
//!
//! Owns [`Memory`]: mapped regions of words. It refuses to judge who touches them; it only
//! says whether a word is there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use kernel::mix;

use crate::address::Address;

/// Bytes of a page: regions begin on one and are kept apart by one that is not mapped.
const PAGE_BYTES: u32 = 4_096;
const PAGE_WORDS: usize = PAGE_BYTES as usize / 4;
/// Where the data of the program's own image begins. `EMSMTA` code of 5.x lies at 004xxxxx to
/// 005xxxxx.
const STATIC_BASE: u32 = 0x0056_0000;
/// Where static data must end: room for the stacks of the threads lies above.
const STATIC_END: u32 = 0x0100_0000;

/// The mapped words of one modeled process.
pub(crate) struct Memory {
    regions: Vec<Region>,
    /// The region that was touched last.
    recent: Cell<usize>,
    /// Words over all regions.
    total: usize,
    static_next: u32,
    /// A sum over all words that were ever written, if that is watched.
    watched: Option<u64>,
    /// The written pages of the first region when [`Memory::remember`] was called.
    remembered: BTreeMap<usize, Vec<u32>>,
    /// Regions that are gone, kept for their room.
    spare: Vec<Region>,
}

/// A run of mapped words, by address.
#[derive(Default)]
struct Region {
    base: u32,
    /// The dense number of its first word.
    first: usize,
    words: Vec<u32>,
    /// The pages written since it was mapped or remembered: most of a heap of megabytes never is,
    /// and costs nothing.
    written: Pages,
    name: &'static str,
}

/// Some of a region's pages.
#[derive(Default)]
struct Pages {
    numbers: Vec<usize>,
    /// At each page, whether it is among them.
    are: Vec<bool>,
}

/// A word that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    region: usize,
    word: usize,
    /// Its number, dense over all regions and for ever the same.
    pub(crate) dense: usize,
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
            recent: Cell::new(0),
            total: 0,
            static_next: STATIC_BASE,
            watched: None,
            remembered: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    /// Keeps how the one region there is looks now, for [`Self::restart`].
    pub(crate) fn remember(&mut self) {
        let [region] = self.regions.as_mut_slice() else {
            panic!("only a fresh process is remembered");
        };
        while let Some(page) = region.written.take() {
            let words = region.words[region.page(page)].to_vec();
            self.remembered.insert(page, words);
        }
    }

    /// The region that was remembered, as it was then, and no other.
    pub(crate) fn restart(&mut self) {
        let kept = self.regions.iter().position(|region| region.first == 0);
        let mut kept = self
            .regions
            .swap_remove(kept.expect("the first region stays"));
        self.spare.append(&mut self.regions);
        while let Some(page) = kept.written.take() {
            let words = kept.page(page);
            match self.remembered.get(&page) {
                Some(remembered) => kept.words[words].copy_from_slice(remembered),
                None => kept.words[words].fill(0),
            }
        }
        self.total = kept.words.len();
        self.regions.push(kept);
        self.recent.set(0);
        self.static_next = STATIC_BASE;
        self.watched = None;
    }

    /// From now on the words' fingerprint is kept.
    pub(crate) fn watch(&mut self) {
        self.watched = Some(0);
    }

    /// A sum over what was written since it is watched.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.watched.unwrap_or(0)
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
        let apart = |region: &Region| end <= region.base || region.end() <= base.0;
        assert!(self.regions.iter().all(apart), "{name} overlaps a region");
        let mut region = self.spare.pop().unwrap_or_default();
        region.begin(base.0, (bytes / 4) as usize, name);
        region.first = self.total;
        self.total += region.words.len();
        let place = self.regions.partition_point(|other| other.base < base.0);
        self.regions.insert(place, region);
    }

    /// The word at `address`.
    pub(crate) fn find(&self, address: Address) -> Result<Spot, Fault> {
        // Most words lie in the region of the word before.
        let recent = self.recent.get();
        let region = self.regions.get(recent);
        if let Some(word) = region.and_then(|region| region.place(address)) {
            return self.spot(recent, word, address);
        }
        let above = self
            .regions
            .partition_point(|region| region.base <= address.0);
        let number = above.checked_sub(1).ok_or(Fault::Unmapped)?;
        let word = self.regions[number].place(address).ok_or(Fault::Unmapped)?;
        self.recent.set(number);
        self.spot(number, word, address)
    }

    fn spot(&self, region: usize, word: usize, address: Address) -> Result<Spot, Fault> {
        if !address.0.is_multiple_of(4) {
            return Err(Fault::Unaligned);
        }
        Ok(Spot {
            region,
            word,
            dense: self.regions[region].first + word,
        })
    }

    pub(crate) fn word(&self, spot: Spot) -> u32 {
        self.regions[spot.region].words[spot.word]
    }

    pub(crate) fn set_word(&mut self, spot: Spot, value: u32) {
        let region = &mut self.regions[spot.region];
        if let Some(sum) = &mut self.watched {
            let term = |value: u32| mix(spot.dense as u64, u64::from(value));
            let was = region.words[spot.word];
            *sum = sum.wrapping_sub(term(was)).wrapping_add(term(value));
        }
        region.words[spot.word] = value;
        region.written.add(spot.word / PAGE_WORDS);
    }

    /// The word at `address`, if there is one.
    pub(crate) fn peek(&self, address: Address) -> Option<u32> {
        self.find(address).ok().map(|spot| self.word(spot))
    }

    /// Sets the word at `address`.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn poke(&mut self, address: Address, value: u32) {
        match self.find(address) {
            Ok(spot) => self.set_word(spot, value),
            Err(fault) => panic!("poked {address}: {fault:?}"),
        }
    }
}

impl Region {
    /// Becomes a region of so many zeroed words, in the room it has taken.
    fn begin(&mut self, base: u32, count: usize, name: &'static str) {
        self.blank();
        if self.words.capacity() < count {
            // Zeroed by the allocator, so that a word nobody touches costs nothing.
            self.words = vec![0; count];
        }
        self.words.resize(count, 0);
        self.base = base;
        self.name = name;
    }

    /// Zeroes every word that was ever written.
    fn blank(&mut self) {
        while let Some(page) = self.written.take() {
            let range = self.page(page);
            self.words[range].fill(0);
        }
    }

    /// One past its last byte.
    fn end(&self) -> u32 {
        self.base + 4 * self.words.len() as u32
    }

    /// The place of the word that `address` lies in, if that is one of these.
    fn place(&self, address: Address) -> Option<usize> {
        let word = (address.0.wrapping_sub(self.base) / 4) as usize;
        (word < self.words.len()).then_some(word)
    }

    /// The places of a page's words.
    fn page(&self, number: usize) -> Range<usize> {
        let first = number * PAGE_WORDS;
        first..(first + PAGE_WORDS).min(self.words.len())
    }
}

impl Pages {
    fn add(&mut self, page: usize) {
        if self.are.len() <= page {
            self.are.resize(page + 1, false);
        }
        if !std::mem::replace(&mut self.are[page], true) {
            self.numbers.push(page);
        }
    }

    fn take(&mut self) -> Option<usize> {
        let page = self.numbers.pop()?;
        self.are[page] = false;
        Some(page)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions = self.regions.iter();
        formatter
            .debug_map()
            .entries(
                regions.map(|region| (region.name, (Address(region.base), region.words.len()))),
            )
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
        assert_eq!(memory.find(first.offset(12)), Err(Fault::Unmapped));
        assert_eq!(memory.find(second.offset(4_096)), Err(Fault::Unmapped));
        assert_eq!(memory.find(Address(first.0 - 4)), Err(Fault::Unmapped));
        assert_eq!(memory.find(Address::NULL), Err(Fault::Unmapped));
        assert_eq!(memory.find(first.offset(5)), Err(Fault::Unaligned));
        assert_eq!(memory.find(Address(u32::MAX)), Err(Fault::Unmapped));
    }

    #[test]
    fn a_restart_brings_back_what_was_remembered_and_nothing_else() {
        let mut memory = Memory::new();
        memory.map(Address(0x0013_0000), 10 * PAGE_BYTES, "heap");
        let word = |page: u32, word: u32| Address(0x0013_0000 + page * PAGE_BYTES + 4 * word);
        memory.poke(word(0, 3), 1);
        memory.poke(word(9, 1_023), 2);
        memory.remember();
        for _ in 0..2 {
            memory.poke(word(0, 3), 7);
            memory.poke(word(4, 0), 8);
            let data = memory.map_static(5, "data").expect("there is room");
            memory.poke(data, 9);
            memory.restart();
            let found = [word(0, 3), word(4, 0), word(9, 1_023), data];
            let found = found.map(|address| memory.peek(address));
            assert_eq!(found, [Some(1), Some(0), Some(2), None]);
        }
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
