//! The modeled words, and which addresses exist.
//!
//! Owns [`Memory`]: mapped regions of words. It refuses to judge who touches them; it only
//! says whether a word is there.

pub mod address;
pub mod heap_layout;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use kernel::mix;

use crate::memory::address::Address;

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
    recent: usize,
    /// Words over all regions.
    total: usize,
    static_next: u32,
    /// A sum over all words that were ever written, if that is watched.
    watched: Option<u64>,
    kept: Kept,
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
    /// The pages touched since it was mapped or kept: most of a heap of megabytes never is,
    /// and costs nothing.
    touched: Pages,
    /// The pages that had been touched when it was kept, as they were then.
    kept: BTreeMap<usize, Vec<u32>>,
    name: &'static str,
}

/// How far there was memory when it was kept.
#[derive(Clone, Copy, Default)]
struct Kept {
    regions: usize,
    total: usize,
    static_next: u32,
}

/// Some of a region's pages.
#[derive(Default)]
struct Pages {
    numbers: Vec<usize>,
    /// At each page, whether it is among them.
    are: Vec<bool>,
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
            recent: 0,
            total: 0,
            static_next: STATIC_BASE,
            watched: None,
            kept: Kept::default(),
            spare: Vec::new(),
        }
    }

    /// Keeps the regions there are, as they are now, for [`Self::reset`].
    pub(crate) fn save_initial_state(&mut self) {
        for region in &mut self.regions {
            while let Some(page) = region.touched.take() {
                let words = region.words[page_of(page, region.words.len())].to_vec();
                region.kept.insert(page, words);
            }
        }
        self.kept = Kept {
            regions: self.regions.len(),
            total: self.total,
            static_next: self.static_next,
        };
    }

    /// The regions that were kept, as they were then, and no other.
    pub(crate) fn reset(&mut self) {
        let Kept {
            regions,
            total,
            static_next,
        } = self.kept;
        if self.regions.len() > regions {
            let (kept, gone) = std::mem::take(&mut self.regions)
                .into_iter()
                .partition(|region| region.first < total);
            self.regions = kept;
            self.spare.extend::<Vec<Region>>(gone);
            self.recent = 0;
        }
        assert_eq!(self.regions.len(), regions, "what was kept stays");
        self.regions.iter_mut().for_each(Region::restore);
        self.total = total;
        self.static_next = static_next;
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

    /// The number of the region in which the word at `address` lies.
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
        let number = above.checked_sub(1)?;
        self.regions[number].holds(address).then_some(number)
    }

    /// Why no word can be touched at an address.
    ///
    /// # Panics
    /// If one can.
    pub(crate) fn fault(&self, address: Address) -> Fault {
        assert!(self.find(address).is_none(), "{address} is a word");
        if self.regions.iter().any(|region| region.holds(address)) {
            Fault::Unaligned
        } else {
            Fault::Unmapped
        }
    }

    /// The number of the word at `address`: dense over all regions, and for ever the same.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn number(&self, address: Address) -> usize {
        let region = self.find(address).expect("a word is touched");
        self.regions[region].number(address)
    }

    /// Puts what `store` makes of the word at `address` in its place. Answers what was there; nothing
    /// if there is no word.
    #[inline(always)]
    pub(crate) fn update(&mut self, address: Address, store: impl Fn(u32) -> u32) -> Option<u32> {
        // Most words lie in the region of the word before.
        if address.0.is_multiple_of(4)
            && let Some(region) = self.regions.get_mut(self.recent)
            && let Some(was) = region.update(address, &store, &mut self.watched)
        {
            return Some(was);
        }
        self.update_elsewhere(address, store)
    }

    #[inline(never)]
    fn update_elsewhere(&mut self, address: Address, store: impl Fn(u32) -> u32) -> Option<u32> {
        self.recent = self.find(address)?;
        self.regions[self.recent].update(address, &store, &mut self.watched)
    }

    /// The word at `address`, if there is one.
    pub(crate) fn peek(&self, address: Address) -> Option<u32> {
        let region = &self.regions[self.find(address)?];
        Some(region.words[region.place(address)])
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
        assert!(self.kept.is_empty(), "what is kept stays");
        while let Some(page) = self.touched.take() {
            let range = page_of(page, self.words.len());
            self.words[range].fill(0);
        }
    }

    /// Makes it as it was when it was kept, or mapped. What was touched in one run mostly is in the
    /// next.
    fn restore(&mut self) {
        for &page in &self.touched.numbers {
            let range = page_of(page, self.words.len());
            match self.kept.get(&page) {
                Some(words) => self.words[range].copy_from_slice(words),
                None => self.words[range].fill(0),
            }
        }
    }

    /// One past its last byte.
    fn end(&self) -> u32 {
        self.base + 4 * self.words.len() as u32
    }

    /// The place of the word that `address` lies in: beyond the last if that is none of these.
    fn place(&self, address: Address) -> usize {
        (address.0.wrapping_sub(self.base) / 4) as usize
    }

    fn holds(&self, address: Address) -> bool {
        self.place(address) < self.words.len()
    }

    /// Puts what `store` makes of a word in its place: see [`Memory::update`].
    #[inline(always)]
    fn update(
        &mut self,
        address: Address,
        store: impl Fn(u32) -> u32,
        watched: &mut Option<u64>,
    ) -> Option<u32> {
        let place = self.place(address);
        let word = self.words.get_mut(place)?;
        let was = *word;
        // Also where nothing changes: what is not asked need not be guessed.
        let now = store(was);
        *word = now;
        if let Some(sum) = watched {
            let number = self.number(address) as u64;
            let term = |value: u32| mix(number, u64::from(value));
            *sum = sum.wrapping_sub(term(was)).wrapping_add(term(now));
        }
        self.touched.add(place / PAGE_WORDS);
        Some(was)
    }

    fn number(&self, address: Address) -> usize {
        self.first + self.place(address)
    }
}

/// The places of a page's words, of so many words.
fn page_of(number: usize, words: usize) -> Range<usize> {
    let first = number * PAGE_WORDS;
    first..(first + PAGE_WORDS).min(words)
}

impl Pages {
    fn add(&mut self, page: usize) {
        if self.are.get(page) != Some(&true) {
            self.add_another(page);
        }
    }

    #[inline(never)]
    fn add_another(&mut self, page: usize) {
        if self.are.len() <= page {
            self.are.resize(page + 1, false);
        }
        self.are[page] = true;
        self.numbers.push(page);
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
        assert_eq!(memory.fault(first.offset(12)), Fault::Unmapped);
        assert_eq!(memory.fault(second.offset(4_096)), Fault::Unmapped);
        assert_eq!(memory.fault(Address(first.0 - 4)), Fault::Unmapped);
        assert_eq!(memory.fault(Address::NULL), Fault::Unmapped);
        assert_eq!(memory.fault(first.offset(5)), Fault::Unaligned);
        assert_eq!(memory.fault(Address(u32::MAX)), Fault::Unmapped);
    }

    #[test]
    fn a_restart_brings_back_what_was_kept_and_nothing_else() {
        let mut memory = Memory::new();
        memory.map(Address(0x0013_0000), 10 * PAGE_BYTES, "heap");
        let word = |page: u32, word: u32| Address(0x0013_0000 + page * PAGE_BYTES + 4 * word);
        memory.poke(word(0, 3), 1);
        memory.poke(word(9, 1_023), 2);
        memory.save_initial_state();
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
