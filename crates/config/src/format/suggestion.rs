//! "Did you mean": the known word that is closest to a misspelt one.

use std::collections::BTreeSet;

use strsim::osa_distance;

/// Characters of a name. Longer words are cut in messages and get no suggestion, so that hostile
/// input costs no time.
pub(crate) const NAME_MAX: usize = 64;

/// Candidates whose edits are counted, which takes time in the square of their length. Those that
/// cannot be close are left out before.
const COMPARED_MAX: usize = 100;

/// A word as a message quotes it.
pub(crate) fn shortened(word: &str) -> String {
    word.chars().take(NAME_MAX).collect()
}

/// The first of some names, for a help.
pub(crate) fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The candidate with the fewest edits to `word`, case ignored; the first of equals. A candidate
/// that differs in more than a third of its characters is not a typing error and is left out.
fn suggestion<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let typed = word.to_lowercase();
    let length = typed.chars().take(NAME_MAX + 1).count();
    if !(1..=NAME_MAX).contains(&length) {
        return None;
    }
    let letters = Letters::of(&typed);
    candidates
        .iter()
        .filter_map(|&candidate| {
            let known = Letters::of(candidate);
            let allowed = (length.max(known.length) / 3).max(1);
            (letters.least_edits(&known) <= allowed).then_some((allowed, candidate))
        })
        .take(COMPARED_MAX)
        .filter_map(|(allowed, candidate)| {
            let known: String = candidate.to_lowercase().chars().take(NAME_MAX).collect();
            let distance = osa_distance(&typed, &known);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether a word is a misspelt one of the candidates, to judge by its letters.
pub(crate) fn is_close(word: &str, candidates: &[&str]) -> bool {
    let close = suggestion(word, candidates);
    let distance = close.map(|it| osa_distance(&word.to_lowercase(), &it.to_lowercase()));
    // Names of one letter that differ have nothing in common.
    distance.is_some_and(|it| it == 0 || it < word.chars().count())
}

/// Words of other programs, and the words that mean the same here.
pub(crate) type Synonyms = [(&'static str, &'static str)];

const KEYS: &Synonyms = &[
    ("latency rtt", "delay"),
    (
        "retries retry tries",
        "open_retries transfer_retries connect_attempts",
    ),
    ("attempts", "connect_attempts open_retries"),
    ("timeout", "session_disconnect"),
    ("rate", "bandwidth mean"),
    ("speed", "bandwidth"),
    ("random probability bernoulli", "independent"),
    ("interval period", "every"),
    ("processors cores", "cpus"),
    ("version", "build"),
    ("count", "limit"),
    ("min source", "from"),
    ("max destination target", "to"),
    ("stop until", "end"),
    ("runtime", "duration"),
    ("os", "tcp"),
];

/// The candidates that mean the same as a word.
pub(crate) fn synonyms<'a>(table: &Synonyms, word: &str, candidates: &[&'a str]) -> Vec<&'a str> {
    let has = |words: &str, word: &str| words.split(' ').any(|it| it == word);
    let same = |it: &&str| (table.iter()).any(|(others, own)| has(others, word) && has(own, it));
    candidates.iter().copied().filter(same).collect()
}

/// The candidates that were probably meant: the closest, or those that mean the same.
pub(crate) fn meant<'a>(word: &str, candidates: &[&'a str]) -> Vec<&'a str> {
    if let Some(closest) = suggestion(word, candidates) {
        return vec![closest];
    }
    let same = synonyms(KEYS, word, candidates);
    if same.is_empty() {
        with_the_same_parts(word, candidates)
    } else {
        same
    }
}

/// The candidates of whose parts some make the word, or the other way round, if they are few: `retries` of
/// `open_retries`, `crash-host` of `crash`.
fn with_the_same_parts<'a>(word: &str, candidates: &[&'a str]) -> Vec<&'a str> {
    /// More of them are no suggestion.
    const FEW: usize = 3;
    if word.len() > NAME_MAX {
        return Vec::new();
    }
    let parts = |it: &str| -> BTreeSet<String> {
        let parts = it.split(['_', '-']).filter(|it| it.len() > 1);
        parts.map(str::to_lowercase).collect()
    };
    let typed = parts(word);
    let is_in =
        |few: &BTreeSet<String>, many: &BTreeSet<String>| !few.is_empty() && few.is_subset(many);
    let found = candidates.iter().copied().filter(|it| {
        let known = parts(it);
        is_in(&typed, &known) || is_in(&known, &typed)
    });
    let found: Vec<&str> = found.take(FEW + 1).collect();
    if found.len() > FEW { Vec::new() } else { found }
}

/// How often each letter occurs in the first characters of a word, case ignored.
struct Letters {
    counts: [u8; 64],
    length: usize,
}

impl Letters {
    fn of(word: &str) -> Self {
        let (mut counts, mut length) = ([0; 64], 0);
        for character in word.chars().flat_map(char::to_lowercase).take(NAME_MAX) {
            // Characters that share a place only make the bound smaller.
            counts[character as usize % 64] += 1;
            length += 1;
        }
        Self { counts, length }
    }

    /// At least so many edits lead from one word to the other.
    fn least_edits(&self, other: &Self) -> usize {
        let pairs = self.counts.iter().zip(other.counts);
        let (mut more, mut fewer) = (0, 0);
        for (one, other) in pairs {
            more += usize::from(one.saturating_sub(other));
            fewer += usize::from(other.saturating_sub(*one));
        }
        more.max(fewer)
    }
}

/// The question whether the closest of the candidates was meant.
pub(crate) fn did_you_mean(word: &str, candidates: &[&str]) -> Option<String> {
    question(&meant(word, candidates))
}

/// The question whether one of these was meant.
pub(crate) fn question(meant: &[impl AsRef<str>]) -> Option<String> {
    let meant: Vec<&str> = meant.iter().map(AsRef::as_ref).collect();
    (!meant.is_empty()).then(|| format!("did you mean `{}`?", meant.join("` or `")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        /// The bound never leaves out a word that is close.
        #[test]
        fn letters_bound_the_edits(one in "[a-dA-D0-3._]{0,20}", other in "[a-dA-D0-3._]{0,20}") {
            let least = Letters::of(&one).least_edits(&Letters::of(&other));
            prop_assert!(least <= osa_distance(&one.to_lowercase(), &other.to_lowercase()));
        }
    }

    /// 16,000 long names that all look alike, and a hundred mistakes among them: minutes, were all of
    /// them compared.
    #[test]
    fn many_long_names_cost_little() {
        let names: Vec<String> = (0..16_000)
            .map(|it| format!("{}{it:06}", "x".repeat(50)))
            .collect();
        let candidates: Vec<&str> = names.iter().map(String::as_str).collect();
        for mistake in 0..100 {
            let word = format!("{}{mistake:05}", "x".repeat(50));
            assert!(suggestion(&word, &candidates).is_some());
        }
        let late = names.last().expect("names").to_uppercase();
        let meant = suggestion(&late, &[&["a", "b"], &candidates[15_950..]].concat());
        assert_eq!(meant, names.last().map(String::as_str));
    }

    #[test]
    fn suggests_the_closest_word_and_nothing_far_away() {
        let keys = ["delay", "jitter", "queue", "control_blocks"];
        assert_eq!(suggestion("conrtol_block", &keys), Some("control_blocks"));
        assert_eq!(suggestion("Delay", &keys), Some("delay"));
        assert_eq!(suggestion("bandwidth", &keys), None);
        assert_eq!(suggestion("", &keys), None);
        assert_eq!(suggestion(&"x".repeat(10_000), &keys), None);
    }
}
