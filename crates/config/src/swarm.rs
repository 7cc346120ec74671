//! The faults, impairments and settings that one seed of a swarm has.
//!
//! A run without some kinds of faults goes deeper into the others, which all of them together would
//! mask (A. Groce et al., "Swarm Testing", ISSTA 2012). Each feature is present with probability 1/2, by a
//! draw keyed with its path, so that a new feature does not change the selection of the others.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Choices, Duration, Ratio, Site, key};

use crate::file::{self, Diagnostics};
use crate::format::units::QuantityRange;
use crate::plan::{DirectionSettings, Domain, Link, Scenario, Swarm, Variation};

const PRESENT: Site = Site::new("swarm.present");
const VALUE: Site = Site::new("swarm.value");

/// What a seed selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The scenario of this seed, without its swarm.
    pub scenario: Scenario,
    /// What was drawn, by dotted path: a value, `on` or `off`.
    pub settings: BTreeMap<String, String>,
    /// The drawn values as overrides.
    pub overrides: Vec<String>,
}

/// Reads a scenario and makes the selection of `seed`.
///
/// # Errors
/// What is wrong with the file or with the drawn values.
pub fn select(
    name: &str,
    bytes: &[u8],
    overrides: &[String],
    seed: u64,
) -> Result<Selection, Diagnostics> {
    let whole = file::load(name, bytes, overrides)?;
    let choices = Choices::new(seed);
    let mut settings = BTreeMap::new();
    let mut drawn = Vec::new();
    for varied in &whole.swarm.vary {
        let value = value(choices, varied);
        drawn.push(format!("{}={value}", varied.key));
        settings.insert(varied.key.clone(), value);
    }
    let all: Vec<String> = overrides.iter().chain(&drawn).cloned().collect();
    // Read again with the drawn values, so that they pass the checks of the file and take effect as
    // `--set` would.
    let mut scenario = file::load(name, bytes, &all)?;
    for feature in features(&scenario) {
        let mut draw = choices.rng(PRESENT, key(&feature), [0, 0]);
        let is_on = draw.chance(Ratio::new(1, 2).expect("a half is a fraction"));
        if !is_on {
            switch_off(&mut scenario, &feature);
        }
        // Kept with the result: which features the failing seeds have in common is what a swarm is
        // for.
        settings.insert(feature, if is_on { "on" } else { "off" }.to_owned());
    }
    // The selection is an ordinary scenario: shrunk or replayed, it must not draw again.
    scenario.swarm = Swarm::default();
    Ok(Selection {
        scenario,
        settings,
        overrides: drawn,
    })
}

/// Bytes that [`check`] interprets, so that it takes less than a second.
const CHECKED_MAX: usize = 4 << 20;

/// Checks that the file accepts every value that can be drawn; of a range, its two ends. Since each seed
/// draws all settings, the first values are checked together, then the second ones, and so on.
///
/// `whole` is what the file holds with the overrides.
///
/// # Errors
/// What is wrong with the first values that are not accepted, or that there are too many values for
/// a file of this size.
pub fn check(
    whole: &Scenario,
    name: &str,
    bytes: &[u8],
    overrides: &[String],
) -> Result<(), Diagnostics> {
    if whole.swarm.vary.is_empty() {
        return Ok(());
    }
    let vary: Vec<(&str, &[String])> = whole.swarm.vary.iter().map(values).collect();
    let refused = |message: String| {
        let at = "swarm.vary";
        Err(file::mistake_at(name, bytes, overrides, at, &message))
    };
    // Each entry becomes an override of a run.
    let (entries, given) = (vary.len(), overrides.len());
    if entries + given > file::OVERRIDES_MAX {
        return refused(format!(
            "{entries} entries and {given} settings of the command line are more than {} overrides",
            file::OVERRIDES_MAX
        ));
    }
    let most = vary.iter().map(|(_, values)| values.len()).max();
    let most = most.unwrap_or(0);
    if most.saturating_mul(bytes.len()) > CHECKED_MAX {
        return refused(format!(
            "the file is checked with each value: its {} bytes times the {most} values of the longest \
             list are more than {CHECKED_MAX} bytes; a `range` counts as two values",
            bytes.len()
        ));
    }
    for round in 0..most {
        let drawn = vary.iter().filter_map(|(key, values)| {
            // A setting with fewer values stays at its last.
            let value = values.get(round).or_else(|| values.last())?;
            Some(format!("{key}={value}"))
        });
        let all: Vec<String> = overrides.iter().cloned().chain(drawn).collect();
        file::load(name, bytes, &all)?;
    }
    Ok(())
}

/// The values of a setting that [`check`] tries.
fn values(varied: &Variation) -> (&str, &[String]) {
    let values: &[String] = match &varied.domain {
        Domain::Values(values) => values,
        Domain::Range(ends) => ends,
    };
    (&varied.key, values)
}

fn value(choices: Choices, varied: &Variation) -> String {
    let mut draw = choices.rng(VALUE, key(&varied.key), [0, 0]);
    match &varied.domain {
        Domain::Values(values) => {
            let place = draw.below(values.len() as u64);
            values[usize::try_from(place).expect("below the length")].clone()
        }
        Domain::Range([from, to]) => {
            let range = QuantityRange::parse(from, to).expect("the file was checked");
            range.at(draw.below(range.count()))
        }
    }
}

/// What can be switched off, by dotted path: faults and impairments of links.
fn features(scenario: &Scenario) -> Vec<String> {
    let always: BTreeSet<&String> = scenario.swarm.always.iter().collect();
    let faults = scenario.faults.keys().map(|name| format!("fault.{name}"));
    let links = scenario.links.iter().flat_map(|(name, link)| {
        let impairments = IMPAIRMENTS.iter();
        let there = impairments.filter(|(_, off)| {
            let mut without = link.clone();
            both(&mut without, *off);
            without != *link
        });
        there.map(move |(key, _)| format!("link.{name}.{key}"))
    });
    let all = faults.chain(links);
    all.filter(|feature| !always.contains(feature)).collect()
}

type Off = fn(&mut DirectionSettings);

const IMPAIRMENTS: [(&str, Off); 5] = [
    ("loss", DirectionSettings::remove_loss),
    ("jitter", |way| way.jitter = Duration::ZERO),
    ("reorder", |way| way.reorder = Ratio::ZERO),
    ("duplicate", |way| way.duplicate = Ratio::ZERO),
    ("corrupt", |way| way.corrupt = Ratio::ZERO),
];

fn both(link: &mut Link, off: Off) {
    off(&mut link.forward);
    off(&mut link.backward);
}

fn switch_off(scenario: &mut Scenario, feature: &str) {
    if let Some(fault) = feature.strip_prefix("fault.") {
        scenario.faults.remove(fault);
        return;
    }
    let mut words = feature.splitn(3, '.').skip(1);
    let (Some(name), Some(key)) = (words.next(), words.next()) else {
        unreachable!("a feature is a fault or an impairment of a link");
    };
    let off = IMPAIRMENTS.iter().find(|(own, _)| *own == key);
    if let (Some(link), Some((_, off))) = (scenario.links.get_mut(name), off) {
        both(link, *off);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
title = "Swarm"
why = "Tests of the swarm"
duration = "1h"
[host.A]
build = "5.5.2655.16"
[host.B]
build = "5.5.2655.16"
[link.wan]
between = ["A", "B"]
jitter = "5ms"
reorder = "1/50"
loss.independent = { loss = "1/20" }
[fault.cut]
cut = { link = "wan" }
window = ["10m", "20m"]
[fault.crash]
crash = { host = "B" }
at = "30m"
[swarm]
always = ["fault.crash"]
vary = [
    { key = "link.wan.delay", values = ["20ms", "200ms", "2s"] },
    { key = "host.A.quantum", range = ["10ms", "200ms"] },
    { key = "host.A.cpus", range = ["1", "4"] },
]
"#;

    fn selected(seed: u64) -> Selection {
        select("swarm", FILE.as_bytes(), &[], seed).expect("a scenario")
    }

    #[test]
    fn each_part_is_there_in_half_of_the_seeds_and_on_its_own() {
        const SEEDS: u64 = 1_000;
        let all: Vec<Selection> = (0..SEEDS).map(selected).collect();
        let is = |it: &Selection, path: &str, value: &str| {
            it.settings.get(path).is_some_and(|own| own == value)
        };
        let features = [
            "fault.cut",
            "link.wan.loss",
            "link.wan.jitter",
            "link.wan.reorder",
        ];
        for (index, feature) in features.iter().enumerate() {
            let on = all.iter().filter(|it| is(it, feature, "on")).count();
            assert!(on.abs_diff(500) < 4 * 16, "{feature}: {on}");
            // Pairs: four cells of a quarter each.
            for other in &features[index + 1..] {
                let both = all
                    .iter()
                    .filter(|it| is(it, feature, "on") && is(it, other, "on"));
                let both = both.count();
                assert!(both.abs_diff(250) < 4 * 14, "{feature} and {other}: {both}");
            }
        }
        for it in &all {
            let link = &it.scenario.links["wan"];
            assert_eq!(
                is(it, "fault.cut", "on"),
                it.scenario.faults.contains_key("cut")
            );
            assert_eq!(
                is(it, "link.wan.loss", "on"),
                link.backward.loss != crate::plan::Loss::None
            );
            assert!(it.scenario.faults.contains_key("crash"));
            assert!(!it.settings.contains_key("fault.crash"));
            assert_eq!(it.scenario.swarm, Swarm::default());
            assert_eq!(it.scenario.check(), Ok(()));
        }
        let slow = all.iter().filter(|it| is(it, "link.wan.delay", "2s"));
        let slow = slow.count();
        assert!(slow.abs_diff(333) < 4 * 15, "{slow}");
        let cpus = |count| {
            all.iter()
                .filter(|it| it.scenario.hosts["A"].cpus == count)
                .count()
        };
        let counts = [1, 2, 3, 4].map(cpus);
        assert_eq!(counts.iter().sum::<usize>(), 1_000);
        assert!(
            counts.iter().all(|it| it.abs_diff(250) < 4 * 14),
            "{counts:?}"
        );
        let quanta = all.iter().map(|it| it.scenario.hosts["A"].quantum.nanos());
        let (least, most) = (quanta.clone().min(), quanta.max());
        assert!(least.is_some_and(|it| (10_000_000..12_000_000).contains(&it)));
        assert!(most.is_some_and(|it| (198_000_000..=200_000_000).contains(&it)));
    }

    /// Another fault in the file does not change the rest of a seed's selection.
    #[test]
    fn selections_are_keyed_by_path() {
        let more = format!("{FILE}[fault.reset]\nreset = {{ link = \"wan\" }}\nat = \"5m\"\n");
        for seed in 0..50 {
            let mut other = select("swarm", more.as_bytes(), &[], seed).expect("a scenario");
            other.settings.remove("fault.reset");
            assert_eq!(selected(seed).settings, other.settings);
        }
    }

    fn checked(text: &str) -> Result<(), Diagnostics> {
        let whole = file::load("swarm", text.as_bytes(), &[])?;
        check(&whole, "swarm", text.as_bytes(), &[])
    }

    #[test]
    fn values_times_the_size_of_the_file_are_bounded() {
        // FILE has three values in a list and two ends in each range.
        let padded = |size| format!("{FILE}#{}\n", "#".repeat(size));
        assert_eq!(checked(&padded(CHECKED_MAX / 3 - 2 * FILE.len())), Ok(()));
        let refused = checked(&padded(CHECKED_MAX / 3)).expect_err("too much");
        let refused = refused.to_human(false);
        assert!(
            refused.contains("the file is checked with each value"),
            "{refused}"
        );
    }

    #[test]
    fn what_the_file_could_not_contain_is_rejected() {
        for (wrong, word) in [
            (r#"values = ["20"]"#, "link.wan.delay"),
            (r#"range = ["20ms", "5"]"#, "range"),
            (r#"range = ["30ms", "20ms"]"#, "range"),
        ] {
            let text = FILE.replace(r#"values = ["20ms", "200ms", "2s"]"#, wrong);
            let found = checked(&text).expect_err("it is wrong");
            let rendered = found.to_human(false);
            assert!(rendered.contains(word), "{rendered}");
        }
        let text = FILE.replace("fault.crash\"]", "fault.crush\"]");
        let diagnostics = checked(&text).expect_err("no such fault");
        assert!(diagnostics.to_human(false).contains("fault.crush"));
    }
}
