//! The values of a setting as numbers with a unit: `30s`, `1/8`, `20`. Values that are not
//! quantities, such as builds, keep the order in which they are given.

use config::file::parse_duration;

/// The unit of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AxisUnit {
    /// Seconds.
    Time,
    /// A proportion of one.
    Proportion,
    /// A plain number.
    Number,
}

/// The values of one setting.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// All of them are quantities of one unit.
    Quantities(AxisUnit, Vec<f64>),
    /// Some value is not a quantity, or the units differ: the number of values.
    Labels(usize),
}

impl Values {
    /// Reads the values of an axis.
    pub(super) fn of(texts: &[String]) -> Self {
        let read: Option<Vec<(AxisUnit, f64)>> = texts.iter().map(|it| quantity(it)).collect();
        match read {
            Some(read) if read.windows(2).all(|pair| pair[0].0 == pair[1].0) => {
                Self::Quantities(read[0].0, read.into_iter().map(|it| it.1).collect())
            }
            Some(_) | None => Self::Labels(texts.len()),
        }
    }

    /// The indices of the values in the order in which they are drawn: quantities by size.
    pub(super) fn order(&self) -> Vec<usize> {
        match self {
            Self::Quantities(_, values) => {
                let mut order: Vec<usize> = (0..values.len()).collect();
                order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
                order
            }
            Self::Labels(count) => (0..*count).collect(),
        }
    }
}

/// A value without quotes.
pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn quantity(text: &str) -> Option<(AxisUnit, f64)> {
    let text = unquoted(text.trim());
    if let Some((hits, of)) = text.split_once('/')
        && let (Some(hits), Some(of)) = (number(hits), number(of))
    {
        return (of > 0.0).then(|| (AxisUnit::Proportion, hits / of));
    }
    if let Some(percent) = text.strip_suffix('%') {
        return Some((AxisUnit::Proportion, number(percent.trim())? / 100.0));
    }
    if let Some(plain) = number(text) {
        return Some((AxisUnit::Number, plain));
    }
    let time = parse_duration(text).ok()?;
    Some((AxisUnit::Time, time.nanos() as f64 / 1e9))
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // `parse` accepts `inf`, `nan` and `1e9` as well, which are labels here.
    let is_plain = text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let value: f64 = text.parse().ok()?;
    is_plain.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_scenario_files_are_parsed() {
        let read = |text: &str| quantity(text);
        assert_eq!(read("30s"), Some((AxisUnit::Time, 30.0)));
        assert_eq!(read("\"2h5m\""), Some((AxisUnit::Time, 7_500.0)));
        assert_eq!(read("1/8"), Some((AxisUnit::Proportion, 0.125)));
        assert_eq!(read("25 %"), Some((AxisUnit::Proportion, 0.25)));
        assert_eq!(read("20"), Some((AxisUnit::Number, 20.0)));
        for word in ["5.5.2653.23", "nt4", "", "1/0", "64 kbit/s", "true", "-1"] {
            assert!(
                read(word).is_none_or(|it| word.is_empty() && it.1 == 0.0),
                "{word}"
            );
        }
    }

    #[test]
    fn quantities_are_sorted_and_labels_are_not() {
        let of = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
            Values::of(&texts).order()
        };
        assert_eq!(of(&["2m", "30s", "1h"]), [1, 0, 2]);
        assert_eq!(of(&["1/2", "30s"]), [0, 1]);
        assert_eq!(of(&["b", "a"]), [0, 1]);
    }
}
