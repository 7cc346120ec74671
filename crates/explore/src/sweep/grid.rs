//! A grid of scenarios: some settings of one file varied, all combinations.
//!
//! Values are not checked here. Each point is loaded like a file and passes the same checks.

use std::collections::BTreeMap;
use std::str::FromStr;

use config::file::{self, Diagnostics};
use config::plan::Scenario;
use serde::{Deserialize, Serialize};

use crate::repro::capsule::scenario_hash;

/// The maximum number of points of a grid.
pub const POINTS_MAX: usize = 10_000;

/// A varied setting and its values. Written `PATH=V1,V2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// The dotted path of the setting.
    pub path: String,
    /// Its values, as TOML.
    pub values: Vec<String>,
}

/// One combination of values, or the only scenario of a sweep without a grid.
#[derive(Clone, Debug)]
pub struct GridPoint {
    /// The values of the varied settings, in the order of the axes.
    pub values: Vec<String>,
    /// All overrides of the file, as `PATH=VALUE`.
    pub overrides: Vec<String>,
    /// The settings that a seed drew in a swarm sweep; empty before a seed is applied.
    pub selected: BTreeMap<String, String>,
    /// The scenario with all overrides.
    pub scenario: Scenario,
    /// The hash of its content, in hexadecimal.
    pub hash: String,
}

/// Why a grid cannot be built.
#[derive(Clone, Debug)]
pub enum GridError {
    /// It has this many points, more than [`POINTS_MAX`].
    TooLarge(usize),
    /// The scenario of a point is invalid.
    Invalid(Diagnostics),
    /// Two points, of these values, have the same scenario: the runs of one are those of the other.
    Same([Vec<String>; 2]),
}

/// All points of a grid; the last axis changes fastest. Without axes there is one point.
///
/// # Errors
/// If there are too many points, for the first invalid point, or if two are the same.
pub fn points(
    name: &str,
    bytes: &[u8],
    overrides: &[String],
    axes: &[Axis],
) -> Result<Vec<GridPoint>, GridError> {
    let size = size(axes).unwrap_or(usize::MAX);
    if size > POINTS_MAX {
        return Err(GridError::TooLarge(size));
    }
    let points: Vec<GridPoint> = (0..size)
        .map(|index| {
            let values = values_at(axes, index);
            let varied = axes.iter().zip(&values);
            let varied = varied.map(|(axis, value)| format!("{}={value}", axis.path));
            let overrides: Vec<String> = overrides.iter().cloned().chain(varied).collect();
            // All points before the first run: a mistake in the last one is not found after a
            // night.
            let scenario = file::load(name, bytes, &overrides).map_err(GridError::Invalid)?;
            let hash = scenario_hash(&scenario);
            Ok(GridPoint {
                values,
                overrides,
                selected: BTreeMap::new(),
                scenario,
                hash,
            })
        })
        .collect::<Result<_, GridError>>()?;
    let mut seen: BTreeMap<&str, &GridPoint> = BTreeMap::new();
    for point in &points {
        if let Some(first) = seen.insert(&point.hash, point) {
            return Err(GridError::Same(
                [&first.values, &point.values].map(Vec::clone),
            ));
        }
    }
    Ok(points)
}

/// The number of points of a grid; `None` if it cannot be counted.
pub(crate) fn size(axes: &[Axis]) -> Option<usize> {
    let mut sizes = axes.iter().map(|axis| axis.values.len());
    sizes.try_fold(1_usize, usize::checked_mul)
}

/// The values at a point of a grid.
pub(crate) fn values_at(axes: &[Axis], index: usize) -> Vec<String> {
    let mut rest = index;
    let mut values: Vec<String> = axes
        .iter()
        .rev()
        .map(|axis| {
            let value = axis.values[rest % axis.values.len()].clone();
            rest /= axis.values.len();
            value
        })
        .collect();
    values.reverse();
    values
}

/// Parses `PATH=V1,V2`. A comma within quotes, brackets or braces belongs to the value.
impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, values) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` has no `=`: write PATH=V1,V2"))?;
        let values = split(values);
        if path.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(format!(
                "`{text}` lacks a path or a value: write PATH=V1,V2"
            ));
        }
        let values: Vec<String> = values.iter().map(|it| it.trim().to_owned()).collect();
        if let Some(twice) = repeated(&values) {
            return Err(format!(
                "`{text}` has {twice} twice: each value is run once"
            ));
        }
        Ok(Self {
            path: path.trim().to_owned(),
            values,
        })
    }
}

/// The first value that another one equals.
fn repeated(values: &[String]) -> Option<&String> {
    let mut numbered = values.iter().enumerate();
    let found = numbered.find(|(index, value)| values[..*index].contains(value));
    found.map(|(_, value)| value)
}

fn split(text: &str) -> Vec<String> {
    let (mut depth, mut quote) = (0_u32, None);
    let mut values = vec![String::new()];
    for character in text.chars() {
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            ('[' | '{', None) => depth += 1,
            // A value is checked when it is read, not here: `a]` must reach that message.
            (']' | '}', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        values.last_mut().expect("there is one").push(character);
    }
    values
        .into_iter()
        .map(|value| value.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] =
        b"title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[host.A]\nbuild = \"4.0.993.6\"\n";

    #[test]
    fn a_comma_within_a_value_does_not_split_it() {
        let axis: Axis = "a.b=1, {x = [1,2], y = \"p,q\"},'c,d'"
            .parse()
            .expect("an axis");
        assert_eq!(axis.path, "a.b");
        assert_eq!(axis.values, ["1", "{x = [1,2], y = \"p,q\"}", "'c,d'"]);
        for wrong in ["a", "=1", "a=", "a=1,,2"] {
            assert!(wrong.parse::<Axis>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_axis_changes_fastest() {
        let axes: Vec<Axis> = ["host.A.cpus=1,2", "duration=1h,2h,3h"]
            .iter()
            .map(|text| text.parse().expect("an axis"))
            .collect();
        let points = points("t", FILE, &[], &axes).expect("a grid");
        let seen: Vec<(u32, u64)> = points
            .iter()
            .map(|point| {
                let cpus = point.scenario.hosts["A"].cpus;
                (cpus, point.scenario.duration.whole_secs() / 3_600)
            })
            .collect();
        assert_eq!(seen, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]);
        assert_eq!(points[4].overrides, ["host.A.cpus=2", "duration=2h"]);
    }

    #[test]
    fn an_invalid_value_is_reported_as_in_a_file() {
        let axes = ["host.A.cpus=1,many".parse().expect("an axis")];
        match points("t", FILE, &[], &axes) {
            Err(GridError::Invalid(found)) => assert!(found.to_human(false).contains("many")),
            other => panic!("{other:?}"),
        }
    }
}
