//! The binary logarithm of a mantissa by repeated squaring, and a shorter way to the same bits.
//!
//! The bits of repeated squaring are those that runs have always used. A table and a series give the logarithm
//! with an error that is far below their last bit; only if that error could change a bit, one argument in a
//! hundred thousand, are the squares computed.

use super::FRACTION_BITS;

/// Bits after the point of the sum of table and series.
const SUM_BITS: u32 = 60;
/// The bits of the mantissa after the point that select an entry of the table.
const INDEX_BITS: u32 = 7;
const ENTRIES: usize = 1 << INDEX_BITS;
/// Bits after the point of a reciprocal.
const RECIPROCAL_BITS: u32 = 16;
/// Bits after the point of the terms of the series.
const TERM_BITS: u32 = 62;
/// log2 e, with [`SUM_BITS`] after the point.
const LOG2_E: i128 = 0x1715_4765_2B82_FE17;
/// More than the errors of the table (below 2), of the series (below 4: its first missing term is below
/// 2^-58) and of the squares (below 1), in units of the last bit of the sum.
const MARGIN: u64 = 256;

/// For each entry, 1 / c with [`RECIPROCAL_BITS`], and log2 c with [`SUM_BITS`], for a c near the middle of
/// the mantissas that it serves.
static TABLE: [(u64, u64); ENTRIES] = table();

const fn table() -> [(u64, u64); ENTRIES] {
    let mut table = [(0, 0); ENTRIES];
    let mut index = 0;
    while index < ENTRIES {
        let twice_middle = ((ENTRIES + index) * 2 + 1) as u64;
        let reciprocal = (2 * ENTRIES as u64) << RECIPROCAL_BITS;
        let reciprocal = (reciprocal + twice_middle / 2) / twice_middle;
        // The reciprocal is below one and at least one half: log2 c = 1 - log2 (2 / c).
        let doubled = reciprocal << (64 - RECIPROCAL_BITS);
        let log2 = (1 << SUM_BITS) - by_squares(doubled, SUM_BITS as usize);
        table[index] = (reciprocal, log2);
        index += 1;
    }
    table
}

/// The first 32 bits after the point of log2 m, for a mantissa m in [1, 2) with 63 bits after the point.
pub(super) fn fraction(mantissa: u64) -> u64 {
    let sum = by_table(mantissa);
    let rest_bits = SUM_BITS - FRACTION_BITS as u32;
    let rest = sum & ((1 << rest_bits) - 1);
    if (MARGIN..(1 << rest_bits) - MARGIN).contains(&rest) {
        sum >> rest_bits
    } else {
        by_squares(mantissa, FRACTION_BITS)
    }
}

/// Repeated squaring: squaring doubles the logarithm, whose integer part is the next bit. Without a branch,
/// since the bits are random.
const fn by_squares(mantissa: u64, bits: usize) -> u64 {
    let (mut mantissa, mut log2, mut bit) = (mantissa, 0, 0);
    while bit < bits {
        let square = mantissa as u128 * mantissa as u128;
        let is_above_2 = (square >> 127) as u64;
        mantissa = (square >> (63 + is_above_2)) as u64;
        log2 = log2 << 1 | is_above_2;
        bit += 1;
    }
    log2
}

/// log2 m = log2 c + log2 (1 + r), with m = c (1 + r): the series for ln (1 + r) up to r^6 / 6. With
/// [`SUM_BITS`] after the point; just below zero it wraps.
fn by_table(mantissa: u64) -> u64 {
    let index = (mantissa >> (63 - INDEX_BITS)) as usize - ENTRIES;
    let (reciprocal, log2) = TABLE[index];
    let product = u128::from(mantissa) * u128::from(reciprocal);
    let one = 1_i128 << (63 + RECIPROCAL_BITS);
    // |r| is below 2^-7.9.
    let r = (product.cast_signed() - one) >> (63 + RECIPROCAL_BITS - TERM_BITS);
    let unit = 1_i128 << TERM_BITS;
    let times_r = |term: i128| (term * r) >> TERM_BITS;
    let series = times_r(-(unit / 6)) + unit / 5;
    let series = times_r(series) - unit / 4;
    let series = times_r(series) + unit / 3;
    let series = times_r(series) - unit / 2;
    let series = times_r(times_r(series) + unit);
    let near = (series * LOG2_E) >> TERM_BITS;
    log2.wrapping_add(near as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_same(mantissa: u64) -> bool {
        fraction(mantissa) == by_squares(mantissa, FRACTION_BITS)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn both_ways_give_the_same_bits(word in any::<u64>(), shift in 0_u32..63) {
            let low = word >> shift;
            for mantissa in [word | 1 << 63, low | 1 << 63, !low | 1 << 63] {
                prop_assert!(is_same(mantissa), "{mantissa:#x}");
            }
        }
    }

    /// Where an entry of the table ends and the next begins, and where a bit of the logarithm changes.
    #[test]
    fn both_ways_give_the_same_bits_at_every_edge() {
        let entries = (0..ENTRIES as u64).map(|it| (1 << 63) + it * (1 << (63 - INDEX_BITS)));
        let roots = super::super::ROOTS_OF_HALF;
        let powers = roots.iter().flat_map(|it| [*it, it | 1 << 63]);
        for edge in entries.chain(powers) {
            for near in 0..1_000 {
                for mantissa in [edge.wrapping_sub(near), edge.wrapping_add(near)] {
                    assert!(is_same(mantissa | 1 << 63), "{mantissa:#x}");
                }
            }
        }
    }

    /// What the table and the series add up to is far nearer to the squares than the margin.
    #[test]
    fn the_margin_is_wider_than_the_errors() {
        let step = u64::MAX / 2 / 100_003;
        let mantissas = (0..100_003).map(|it| (1 << 63) + it * step);
        let errors = mantissas.map(|mantissa| {
            let squares = by_squares(mantissa, SUM_BITS as usize);
            by_table(mantissa)
                .wrapping_sub(squares)
                .cast_signed()
                .unsigned_abs()
        });
        assert!(errors.max() < Some(MARGIN / 8), "too close");
    }
}
