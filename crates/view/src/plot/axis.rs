//! Where a number is drawn, and which ticks it has.
//!
//! Owns linear scales and ticks at round numbers. It refuses logarithms: only what is the same on
//! every machine goes into a picture.

use super::quantity::Unit;

/// From a range of numbers to a range of places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

/// A tick: where, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Scale {
    pub(super) const fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let width = self.from.1 - self.from.0;
        let share = if width > 0.0 {
            (value - self.from.0) / width
        } else {
            0.5
        };
        self.to.0 + share * (self.to.1 - self.to.0)
    }
}

/// The largest unit in which `longest` seconds are a number of two digits or so, and its name.
pub(super) fn time_unit(longest: f64) -> (f64, &'static str) {
    match longest {
        0.0..300.0 => (1.0, "s"),
        300.0..10_800.0 => (60.0, "min"),
        10_800.0..259_200.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    }
}

/// What a unit is called on an axis that goes up to `longest`, and what values are divided by.
pub(super) fn unit(unit: Unit, longest: f64) -> (f64, &'static str) {
    match unit {
        Unit::Time => time_unit(longest),
        Unit::Share => (0.01, "%"),
        Unit::Number => (1.0, ""),
    }
}

/// Round numbers from zero up to `most`, about six of them.
pub(super) fn ticks(most: f64) -> Vec<Tick> {
    if most <= 0.0 {
        return vec![tick(0.0)];
    }
    let mut step = 1e-6;
    // 1, 2, 5, 10, ...: each factor is exact enough for a label.
    'found: loop {
        for factor in [1.0, 2.0, 5.0] {
            if most / (step * factor) <= 7.0 {
                step *= factor;
                break 'found;
            }
        }
        step *= 10.0;
    }
    let count = (most / step + 1e-9).floor() as u32;
    (0..=count).map(|n| tick(f64::from(n) * step)).collect()
}

fn tick(at: f64) -> Tick {
    Tick {
        at,
        label: plain(at),
    }
}

/// A number with as many decimals as it has, three at most.
pub(super) fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_not_too_many() {
        let labels = |most| -> Vec<String> { ticks(most).into_iter().map(|it| it.label).collect() };
        assert_eq!(labels(10.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(
            labels(0.7),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
        );
        for most in [0.001, 1.0, 3.3, 47.0, 600.0, 1e9] {
            assert!((3..=8).contains(&ticks(most).len()), "{most}");
        }
        assert_eq!(labels(0.0), ["0"]);
    }

    #[test]
    fn a_scale_turns_and_stretches() {
        let scale = Scale::new((0.0, 1.0), (300.0, 100.0));
        assert_eq!(
            [0.0, 0.5, 1.0].map(|it| scale.place(it)),
            [300.0, 200.0, 100.0]
        );
        assert_eq!(Scale::new((2.0, 2.0), (0.0, 10.0)).place(2.0), 5.0);
    }
}
