//! Linear scales, and ticks at round numbers.

use explore::readable_time;

use super::quantity::AxisUnit;

/// Maps values to coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    values: AxisRange,
    coordinates: AxisRange,
}

/// Both ends of a range. Coordinates can run downwards.
type AxisRange = [f64; 2];

/// A tick with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

impl Scale {
    pub(super) const fn new(values: AxisRange, coordinates: AxisRange) -> Self {
        Self {
            values,
            coordinates,
        }
    }

    pub(super) fn coordinate(&self, value: f64) -> f64 {
        let ([low, high], [start, end]) = (self.values, self.coordinates);
        let fraction = if high > low {
            (value - low) / (high - low)
        } else {
            // One value: in the middle, and no division by zero.
            0.5
        };
        start + fraction * (end - start)
    }
}

/// The unit for times up to `longest` seconds: its length in seconds, and its name.
pub(super) fn time_unit(longest: f64) -> (f64, &'static str) {
    match longest {
        0.0..300.0 => (1.0, "s"),
        300.0..10_800.0 => (60.0, "min"),
        10_800.0..259_200.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    }
}

/// A time of so many seconds as `h:mm:ss`, with milliseconds below a minute.
pub(super) fn clock_time(seconds: f64) -> String {
    let nanos = (seconds * 1e9).round() as u64;
    let whole = match seconds < 60.0 {
        true => 1_000_000,
        false => 1_000_000_000,
    };
    readable_time((nanos + whole / 2) / whole * whole)
}

/// The divisor and name of a unit on an axis up to `longest`.
pub(super) fn unit(unit: AxisUnit, longest: f64) -> (f64, &'static str) {
    match unit {
        AxisUnit::Time => time_unit(longest),
        AxisUnit::Proportion => (0.01, "%"),
        AxisUnit::Number => (1.0, ""),
    }
}

/// Ticks from zero up to `max`, about six.
pub(super) fn ticks(max: f64) -> Vec<Tick> {
    if max <= 0.0 {
        return vec![tick(0.0)];
    }
    let mut step = 1e-6;
    // Steps of 1, 2, 5, 10 and so on.
    'found: loop {
        for factor in [1.0, 2.0, 5.0] {
            if max / (step * factor) <= 7.0 {
                step *= factor;
                break 'found;
            }
        }
        step *= 10.0;
    }
    // A quotient such as 0.7 / 0.1 is a little less than 7: without the summand the last tick is missing.
    let count = (max / step + 1e-9).floor() as u32;
    (0..=count).map(|n| tick(f64::from(n) * step)).collect()
}

/// Ticks of a time axis up to `end` seconds, at steps of a clock: 15 or 30 minutes and not 20 or 50.
pub(super) fn clock_ticks(end: f64) -> Vec<Tick> {
    /// In seconds. The last is about a century; beyond it ticks are at round numbers.
    const STEPS: [f64; 23] = [
        1.0,
        2.0,
        5.0,
        10.0,
        15.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        900.0,
        1_800.0,
        3_600.0,
        7_200.0,
        10_800.0,
        21_600.0,
        43_200.0,
        86_400.0,
        172_800.0,
        604_800.0,
        2_592_000.0,
        31_536_000.0,
        315_360_000.0,
    ];
    let step = STEPS.into_iter().find(|step| end / step <= 7.0);
    let step = step.filter(|step| end >= *step);
    let Some(step) = step else {
        let round = ticks(end).into_iter();
        return round.map(|it| clock_tick(it.at)).collect();
    };
    let count = (end / step + 1e-9).floor() as u32;
    (0..=count)
        .map(|n| clock_tick(f64::from(n) * step))
        .collect()
}

fn clock_tick(at: f64) -> Tick {
    Tick {
        at,
        label: clock_time(at),
    }
}

fn tick(at: f64) -> Tick {
    Tick {
        at,
        label: plain(at),
    }
}

/// A number without trailing zeros, with at most three decimals.
pub(super) fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let labels = |max| -> Vec<String> { ticks(max).into_iter().map(|it| it.label).collect() };
        assert_eq!(labels(10.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(
            labels(0.7),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
        );
        for max in [0.001, 1.0, 3.3, 47.0, 600.0, 1e9] {
            assert!((3..=8).contains(&ticks(max).len()), "{max}");
        }
        assert_eq!(labels(0.0), ["0"]);
    }

    #[test]
    fn ticks_of_time_are_those_of_a_clock() {
        let labels =
            |end| -> Vec<String> { clock_ticks(end).into_iter().map(|it| it.label).collect() };
        assert_eq!(
            labels(10_740.0),
            [
                "0:00:00", "0:30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00"
            ]
        );
        assert_eq!(labels(36_000.0)[1], "2:00:00");
        assert_eq!(labels(0.004)[1], "0:00:00.001");
        for end in [
            0.02, 1.0, 3.3, 59.0, 61.0, 4_000.0, 90_000.0, 1e7, 1e9, 1e10,
        ] {
            assert!((2..=8).contains(&clock_ticks(end).len()), "{end}");
        }
    }

    #[test]
    fn a_scale_can_run_downwards() {
        let scale = Scale::new([0.0, 1.0], [300.0, 100.0]);
        assert_eq!(
            [0.0, 0.5, 1.0].map(|it| scale.coordinate(it)),
            [300.0, 200.0, 100.0]
        );
        assert_eq!(Scale::new([2.0, 2.0], [0.0, 10.0]).coordinate(2.0), 5.0);
    }
}
