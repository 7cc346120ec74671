//! "Did you mean": the known word that is closest to a misspelt one.

use strsim::osa_distance;

/// Characters of a name. Longer words are cut in messages and get no suggestion, so that hostile
/// input costs no time.
pub(crate) const NAME_MAX: usize = 64;

/// A word as a message quotes it.
pub(crate) fn shortened(word: &str) -> String {
    word.chars().take(NAME_MAX).collect()
}

/// The candidate with the fewest edits to `word`, case ignored; the first of equals. A candidate
/// that differs in more than a third of its characters is not a typing error and is left out.
fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = word.to_lowercase();
    let length = typed.chars().take(NAME_MAX + 1).count();
    if !(1..=NAME_MAX).contains(&length) {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known: String = candidate.to_lowercase().chars().take(NAME_MAX).collect();
            let distance = osa_distance(&typed, &known);
            let allowed = (length.max(known.chars().count()) / 3).max(1);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words that other programs use, and the keys that mean the same here.
const SYNONYMS: [(&str, &[&str]); 14] = [
    ("latency", &["delay"]),
    ("rtt", &["delay"]),
    (
        "retries",
        &["open_retries", "transfer_retries", "connect_attempts"],
    ),
    ("attempts", &["connect_attempts", "open_retries"]),
    ("timeout", &["session_disconnect"]),
    ("rate", &["bandwidth"]),
    ("speed", &["bandwidth"]),
    ("random", &["independent"]),
    ("probability", &["independent"]),
    ("interval", &["every"]),
    ("processors", &["cpus"]),
    ("cores", &["cpus"]),
    ("version", &["build"]),
    ("count", &["limit"]),
];

/// The candidates that were probably meant: the closest, or those that mean the same.
pub(crate) fn meant<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Vec<&'a str> {
    if let Some(closest) = suggestion(word, candidates.clone()) {
        return vec![closest];
    }
    let found = SYNONYMS.iter().find(|(other, _)| *other == word);
    let same = found.map_or(&[][..], |(_, same)| same);
    let candidates = candidates.into_iter();
    candidates.filter(|it| same.contains(it)).collect()
}

/// The question whether the closest of the candidates was meant.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    let meant = meant(word, candidates);
    (!meant.is_empty()).then(|| format!("did you mean `{}`?", meant.join("` or `")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_closest_word_and_nothing_far_away() {
        let keys = ["delay", "jitter", "queue", "control_blocks"];
        assert_eq!(suggestion("conrtol_block", keys), Some("control_blocks"));
        assert_eq!(suggestion("Delay", keys), Some("delay"));
        assert_eq!(suggestion("bandwidth", keys), None);
        assert_eq!(suggestion("", keys), None);
        assert_eq!(suggestion(&"x".repeat(10_000), keys), None);
    }
}
