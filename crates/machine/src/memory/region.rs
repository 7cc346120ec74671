//! One run of mapped words, which can be saved and restored page by page.

use kernel::mix;

use crate::memory::address::Address;
use crate::sparse_table::SparseTable;

/// Words of one page of the tables below: small, since a heap is touched at the head of each of
/// its segments.
const PAGE_WORDS: usize = 64;

/// A run of mapped words.
#[derive(Default)]
pub(super) struct Region {
    /// The address of the first word.
    pub(super) base: u32,
    /// The dense number of the first word.
    pub(super) first: usize,
    count: usize,
    /// The pages touched since the region was mapped or saved.
    words: SparseTable<u32, PAGE_WORDS>,
    /// The pages at the time of [`Region::save`]. All other pages were zero.
    saved: SparseTable<u32, PAGE_WORDS>,
    is_saved: bool,
    pub(super) name: &'static str,
}

impl Region {
    /// Becomes a region of `count` zeroed words, reusing its allocations.
    pub(super) fn init(&mut self, base: u32, count: usize, name: &'static str) {
        assert!(!self.is_saved, "a saved region stays mapped");
        self.words.for_each_page(|_, page| page.fill(0));
        self.count = count;
        self.base = base;
        self.name = name;
    }

    /// Saves all touched pages for [`Self::restore`]. They are copied when they are touched again.
    pub(super) fn save(&mut self) {
        self.words.move_to(&mut self.saved);
        self.is_saved = true;
    }

    /// Restores all touched pages. They stay allocated: the next run mostly touches the same.
    pub(super) fn restore(&mut self) {
        let saved = &self.saved;
        self.words
            .for_each_page(|number, page| match saved.page(number) {
                Some(words) => page.copy_from_slice(words),
                None => page.fill(0),
            });
    }

    /// The number of words.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// One past the last byte.
    pub(super) fn end(&self) -> u32 {
        self.base + 4 * self.count as u32
    }

    /// The index of the word that contains `address`; beyond the last word if none does.
    fn index(&self, address: Address) -> usize {
        (address.0.wrapping_sub(self.base) / 4) as usize
    }

    pub(super) fn holds(&self, address: Address) -> bool {
        self.index(address) < self.count
    }

    pub(super) fn peek(&self, address: Address) -> Option<u32> {
        if !self.holds(address) {
            return None;
        }
        let index = self.index(address);
        let word = self.words.get(index).or_else(|| self.saved.get(index));
        Some(word.copied().unwrap_or(0))
    }

    /// See [`Memory::update`](super::Memory::update).
    #[inline(always)]
    pub(super) fn update(
        &mut self,
        address: Address,
        apply: impl Fn(u32) -> u32,
        fingerprint: &mut Option<u64>,
    ) -> Option<u32> {
        let index = self.index(address);
        let word = match self.words.get_mut(index) {
            Some(word) if index < self.count => word,
            _ => return self.update_untouched(address, apply, fingerprint),
        };
        let old = *word;
        // Stores even if nothing changes: a branch on that would be mispredicted.
        let new = apply(old);
        *word = new;
        if let Some(sum) = fingerprint {
            // A sum of one term per word: it can be updated without a look at the other words.
            let number = self.word_number(address) as u64;
            let term = |value: u32| mix(number, u64::from(value));
            *sum = sum.wrapping_sub(term(old)).wrapping_add(term(new));
        }
        Some(old)
    }

    /// The first touch of a page.
    #[cold]
    #[inline(never)]
    fn update_untouched(
        &mut self,
        address: Address,
        apply: impl Fn(u32) -> u32,
        fingerprint: &mut Option<u64>,
    ) -> Option<u32> {
        let index = self.index(address);
        if index >= self.count {
            return None;
        }
        let page = self.words.page_entry(index / PAGE_WORDS);
        if let Some(saved) = self.saved.page(index / PAGE_WORDS) {
            page.copy_from_slice(saved);
        }
        self.update(address, apply, fingerprint)
    }

    /// The number of words that have memory, saved ones included.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        self.words.allocated() + self.saved.allocated()
    }

    pub(super) fn word_number(&self, address: Address) -> usize {
        self.first + self.index(address)
    }
}
