//! Delta debugging of lists (A. Zeller and R. Hildebrandt, "Simplifying and Isolating
//! Failure-Inducing Input", 2002).
//!
//! The result is 1-minimal: no single item can be removed. A smaller list may exist.

/// The shortest list found for which `still_fails` holds, in the original order. The whole list is
/// assumed to fail; the empty list is tried first.
pub(crate) fn minimise<T: Clone>(
    items: Vec<T>,
    mut still_fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    // The ddmin of the paper also tries each chunk alone. Here only complements are tried: what
    // fails usually needs parts from several chunks, and the empty list covers the case that none
    // is needed.
    if items.is_empty() || still_fails(&[]) {
        return Vec::new();
    }
    let mut kept = items;
    let mut chunk = kept.len().div_ceil(2);
    loop {
        let before = kept.len();
        let mut from = 0;
        while from < kept.len() && kept.len() > 1 {
            let to = (from + chunk).min(kept.len());
            let rest: Vec<T> = kept[..from].iter().chain(&kept[to..]).cloned().collect();
            if !rest.is_empty() && still_fails(&rest) {
                kept = rest;
            } else {
                from = to;
            }
        }
        // Repeat with single items until a round removes none: only then is the list 1-minimal.
        if chunk > 1 {
            chunk = chunk.min(kept.len()).div_ceil(2);
        } else if kept.len() == before {
            return kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_required_subset_is_found_exactly(length in 0_usize..200, needed in prop::collection::btree_set(0_usize..200, 0..6)) {
            let needed: Vec<usize> = needed.into_iter().filter(|it| *it < length).collect();
            let found = minimise((0..length).collect(), |kept| {
                needed.iter().all(|it| kept.contains(it))
            });
            prop_assert_eq!(found, needed);
        }

        /// Not monotone: a list fails if its sum has the right remainder.
        #[test]
        fn no_single_item_can_be_removed(items in prop::collection::vec(0_u32..50, 1..40), divisor in 1_u32..5) {
            let fails = |kept: &[u32]| kept.iter().sum::<u32>() % divisor == items.iter().sum::<u32>() % divisor;
            let found = minimise(items.clone(), fails);
            prop_assert!(fails(&found));
            for index in 0..found.len() {
                let mut rest = found.clone();
                rest.remove(index);
                prop_assert!(!fails(&rest) || found.len() == 1);
            }
        }
    }
}
