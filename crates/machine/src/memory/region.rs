//! One run of mapped words, which can be saved and restored page by page.

use std::collections::BTreeMap;
use std::ops::Range;

use kernel::mix;

use crate::memory::PAGE_BYTES;
use crate::memory::address::Address;

const PAGE_WORDS: usize = PAGE_BYTES as usize / 4;

/// A run of mapped words.
#[derive(Default)]
pub(super) struct Region {
    /// The address of the first word.
    pub(super) base: u32,
    /// The dense number of the first word.
    pub(super) first: usize,
    words: Vec<u32>,
    /// Pages touched since the region was mapped or saved. Most pages of a heap of megabytes are
    /// never touched, and cost nothing on a reset.
    touched: PageSet,
    /// The contents of pages at the time of [`Region::save`]. All other pages were zero.
    saved: BTreeMap<usize, Vec<u32>>,
    pub(super) name: &'static str,
}

/// A set of pages of one region.
#[derive(Default)]
struct PageSet {
    numbers: Vec<usize>,
    /// Whether the set contains a page, indexed by its number.
    contains: Vec<bool>,
}

impl Region {
    /// Becomes a region of `count` zeroed words, reusing its allocations.
    pub(super) fn init(&mut self, base: u32, count: usize, name: &'static str) {
        assert!(self.saved.is_empty(), "a saved region stays mapped");
        while let Some(page) = self.touched.pop() {
            let range = page_range(page, self.words.len());
            self.words[range].fill(0);
        }
        if self.words.capacity() < count {
            // The allocator maps zero pages lazily, so untouched words cost nothing.
            self.words = vec![0; count];
        }
        self.words.resize(count, 0);
        self.base = base;
        self.name = name;
    }

    /// Saves all touched pages for [`Self::restore`].
    pub(super) fn save(&mut self) {
        while let Some(page) = self.touched.pop() {
            let words = self.words[page_range(page, self.words.len())].to_vec();
            self.saved.insert(page, words);
        }
    }

    /// Restores all touched pages. They stay in the set: the next run mostly touches the same.
    pub(super) fn restore(&mut self) {
        for &page in &self.touched.numbers {
            let range = page_range(page, self.words.len());
            match self.saved.get(&page) {
                Some(words) => self.words[range].copy_from_slice(words),
                None => self.words[range].fill(0),
            }
        }
    }

    /// The number of words.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// One past the last byte.
    pub(super) fn end(&self) -> u32 {
        self.base + 4 * self.words.len() as u32
    }

    /// The index of the word that contains `address`; beyond the last word if none does.
    fn index(&self, address: Address) -> usize {
        (address.0.wrapping_sub(self.base) / 4) as usize
    }

    pub(super) fn holds(&self, address: Address) -> bool {
        self.index(address) < self.words.len()
    }

    pub(super) fn peek(&self, address: Address) -> Option<u32> {
        self.words.get(self.index(address)).copied()
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
        let word = self.words.get_mut(index)?;
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
        self.touched.insert(index / PAGE_WORDS);
        Some(old)
    }

    pub(super) fn word_number(&self, address: Address) -> usize {
        self.first + self.index(address)
    }
}

/// The indices of the words of a page, in a region of `words` words.
fn page_range(page: usize, words: usize) -> Range<usize> {
    let first = page * PAGE_WORDS;
    first..(first + PAGE_WORDS).min(words)
}

impl PageSet {
    fn insert(&mut self, page: usize) {
        if self.contains.get(page) != Some(&true) {
            self.insert_new(page);
        }
    }

    #[inline(never)]
    fn insert_new(&mut self, page: usize) {
        if self.contains.len() <= page {
            self.contains.resize(page + 1, false);
        }
        self.contains[page] = true;
        self.numbers.push(page);
    }

    fn pop(&mut self) -> Option<usize> {
        let page = self.numbers.pop()?;
        self.contains[page] = false;
        Some(page)
    }
}
