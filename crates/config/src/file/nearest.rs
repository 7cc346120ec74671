//! The valid word that was probably meant.
//!
//! Owns the distance between two words. It refuses to guess wildly: a word that differs in
//! more than a third of its signs is no suggestion.

/// Signs beyond which a word is not compared: nobody mistypes a page.
const SIGNS_MAX: usize = 64;

/// The candidate closest to `word`, if one is close enough; the first of equals.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed: Vec<char> = word.to_lowercase().chars().take(SIGNS_MAX + 1).collect();
    if typed.is_empty() || typed.len() > SIGNS_MAX {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let meant: Vec<char> = candidate.to_lowercase().chars().take(SIGNS_MAX).collect();
            let distance = distance(&typed, &meant);
            let allowed = (typed.len().max(meant.len()) / 3).max(1);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the
/// other (Damerau-Levenshtein, each span edited once).
fn distance(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut before_last = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for row in 1..=one.len() {
        let mut current = vec![row; width];
        for column in 1..width {
            let replaced = usize::from(one[row - 1] != other[column - 1]);
            current[column] = (last[column] + 1)
                .min(current[column - 1] + 1)
                .min(last[column - 1] + replaced);
            let swapped = row > 1
                && column > 1
                && one[row - 1] == other[column - 2]
                && one[row - 2] == other[column - 1];
            if swapped {
                current[column] = current[column].min(before_last[column - 2] + 1);
            }
        }
        before_last = last;
        last = current;
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn between(one: &str, other: &str) -> usize {
        let signs = |word: &str| word.chars().collect::<Vec<_>>();
        distance(&signs(one), &signs(other))
    }

    #[test]
    fn counts_each_kind_of_slip_once() {
        assert_eq!(between("delay", "delay"), 0);
        assert_eq!(between("dealy", "delay"), 1);
        assert_eq!(between("dlay", "delay"), 1);
        assert_eq!(between("delaay", "delay"), 1);
        assert_eq!(between("delai", "delay"), 1);
        assert_eq!(between("", "delay"), 5);
    }

    #[test]
    fn suggests_the_closest_and_nothing_wild() {
        let keys = ["delay", "jitter", "queue", "control_blocks"];
        assert_eq!(nearest("conrtol_block", keys), Some("control_blocks"));
        assert_eq!(nearest("Delay", keys), Some("delay"));
        assert_eq!(nearest("bandwidth", keys), None);
        assert_eq!(nearest(&"x".repeat(10_000), keys), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn distance_is_symmetric_and_bounded(one in "[ab]{0,8}", other in "[ab]{0,8}") {
            let found = between(&one, &other);
            prop_assert_eq!(found, between(&other, &one));
            prop_assert!(found <= one.len().max(other.len()));
            prop_assert_eq!(found == 0, one == other);
        }
    }
}
