//! Durations of virtual time on the command line, such as `90s` or `2h5m`.

use std::str::FromStr;

use kernel::Duration;

/// A duration of virtual time, parsed from the syntax of scenario files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualDuration(pub Duration);

/// Parses a sum of integers with units: ns, us, ms, s, m, h, d.
impl FromStr for VirtualDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            format!("`{text}` is not a duration: write a number and a unit, such as 90s or 2h5m")
        };
        let (mut nanos, mut rest) = (0_u64, text.trim());
        if rest.is_empty() {
            return Err(invalid());
        }
        while !rest.is_empty() {
            let digits = rest
                .find(|it: char| !it.is_ascii_digit())
                .ok_or_else(invalid)?;
            let (number, tail) = rest.split_at(digits);
            let unit = tail
                .find(|it: char| it.is_ascii_digit())
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit);
            let number: u64 = number.parse().map_err(|_| invalid())?;
            let part = number.checked_mul(unit_nanos(unit.trim()).ok_or_else(invalid)?);
            nanos = part
                .and_then(|part| nanos.checked_add(part))
                .ok_or_else(invalid)?;
            rest = tail;
        }
        Ok(Self(Duration::from_nanos(nanos)))
    }
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_sum_of_numbers_with_units() {
        let nanos = |text: &str| text.parse::<VirtualDuration>().map(|it| it.0.nanos());
        assert_eq!(nanos("90s"), Ok(90_000_000_000));
        assert_eq!(nanos("2h5m"), Ok(7_500_000_000_000));
        assert_eq!(nanos("180 ms"), Ok(180_000_000));
        for wrong in ["", "5", "s", "5x", "1h5", "99999999999h", "-1s"] {
            assert!(nanos(wrong).is_err(), "{wrong}");
        }
    }
}
