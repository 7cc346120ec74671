//! A table that takes memory only where entries are in use.
//!
//! A modeled process has a million words and touches some thousands of them, in a few places far
//! apart. Entries are in pages that are allocated at the first use of an entry. Nothing relies on an
//! allocator that maps zeroed memory lazily: after some large deallocations the C library's
//! allocator zeroes even a large table by hand.

use std::cell::Cell;

use rustc_hash::FxHashMap;

/// A table of `T` in pages of `PAGE` entries.
#[derive(Debug)]
pub(crate) struct SparseTable<T, const PAGE: usize> {
    pages: Vec<Page<T, PAGE>>,
    /// The index in `pages`, by page number. It is looked up and never iterated.
    indices: FxHashMap<u32, u32>,
    /// The pages that were asked for last, by the last bits of their numbers, and their indices: most
    /// accesses fall into one of a few pages.
    recent: [Cell<(u32, u32)>; RECENT],
}

#[derive(Debug)]
struct Page<T, const PAGE: usize> {
    number: u32,
    entries: Box<[T; PAGE]>,
}

/// A power of two.
const RECENT: usize = 4;

/// No page has this number.
const NO_PAGE: (u32, u32) = (u32::MAX, u32::MAX);

impl<T, const PAGE: usize> Default for SparseTable<T, PAGE> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            indices: FxHashMap::default(),
            recent: std::array::from_fn(|_| Cell::new(NO_PAGE)),
        }
    }
}

impl<T: Default, const PAGE: usize> SparseTable<T, PAGE> {
    /// The entry with this index, if its page is allocated.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        Some(&self.page(index / PAGE)?[index % PAGE])
    }

    /// The same, to change it.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let number = index / PAGE;
        let page = self.find(number)?;
        let page = &mut self.pages[page];
        Some(&mut page.entries[index % PAGE])
    }

    /// The entry with this index, allocated if it was not.
    #[inline(always)]
    pub(crate) fn entry(&mut self, index: usize) -> &mut T {
        &mut self.page_entry(index / PAGE)[index % PAGE]
    }

    /// The page with this number, allocated if it was not.
    #[inline(always)]
    pub(crate) fn page_entry(&mut self, number: usize) -> &mut [T; PAGE] {
        let page = match self.find(number) {
            Some(page) => page,
            None => self.allocate(number),
        };
        &mut self.pages[page].entries
    }

    /// The page with this number, if it is allocated.
    pub(crate) fn page(&self, number: usize) -> Option<&[T; PAGE]> {
        Some(&self.pages[self.find(number)?].entries)
    }

    /// Passes every allocated page to `change`, with its number, in the order of allocation.
    pub(crate) fn for_each_page(&mut self, mut change: impl FnMut(usize, &mut [T; PAGE])) {
        for page in &mut self.pages {
            change(page.number as usize, &mut page.entries);
        }
    }

    /// Moves all pages to `other`. A page of `other` with the same number is dropped.
    pub(crate) fn move_to(&mut self, other: &mut Self) {
        for page in self.pages.drain(..) {
            match other.indices.get(&page.number) {
                Some(index) => other.pages[*index as usize] = page,
                None => other.add(page),
            }
        }
        self.indices.clear();
        // Indices of pages that are gone.
        self.recent.iter().for_each(|recent| recent.set(NO_PAGE));
    }

    /// The number of entries that have memory.
    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        self.pages.len() * PAGE
    }

    /// The index of a page, if it is there: mostly without a look-up.
    #[inline(always)]
    fn find(&self, number: usize) -> Option<usize> {
        let (recent, index) = self.recent[number % RECENT].get();
        if number == recent as usize {
            return Some(index as usize);
        }
        self.look_up(number)
    }

    #[inline(never)]
    fn look_up(&self, number: usize) -> Option<usize> {
        let number = u32::try_from(number).ok()?;
        let index = *self.indices.get(&number)?;
        self.recent[number as usize % RECENT].set((number, index));
        Some(index as usize)
    }

    #[cold]
    #[inline(never)]
    fn allocate(&mut self, number: usize) -> usize {
        self.add(Page {
            number: u32::try_from(number).expect("indices have 32 bits"),
            entries: Box::new(std::array::from_fn(|_| T::default())),
        });
        self.pages.len() - 1
    }

    fn add(&mut self, page: Page<T, PAGE>) {
        let index = u32::try_from(self.pages.len()).expect("page numbers have 32 bits");
        self.recent[page.number as usize % RECENT].set((page.number, index));
        self.indices.insert(page.number, index);
        self.pages.push(page);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Indices that lie near each other or far apart, over several directories.
    fn indices() -> impl Strategy<Value = usize> {
        prop_oneof![0..40_usize, 900_000..900_040_usize, 0..1_000_000_usize]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_acts_as_a_map(writes in proptest::collection::vec((indices(), any::<u32>()), 0..60)) {
            let mut table = SparseTable::<u32, 16>::default();
            let mut map = BTreeMap::new();
            for (index, value) in writes {
                *table.entry(index) = value;
                map.insert(index, value);
            }
            for (index, value) in &map {
                prop_assert_eq!(table.get(*index), Some(value));
                // Neighbours in the same page are there, with the default.
                let next = index + 1;
                if next % 16 != 0 && !map.contains_key(&next) {
                    prop_assert_eq!(table.get(next), Some(&0));
                }
            }
            let pages: std::collections::BTreeSet<_> = map.keys().map(|index| index / 16).collect();
            prop_assert_eq!(table.allocated(), pages.len() * 16);

            let mut other = SparseTable::default();
            table.move_to(&mut other);
            for (index, value) in &map {
                prop_assert_eq!((table.get(*index), other.get(*index)), (None, Some(value)));
            }
        }
    }
}
