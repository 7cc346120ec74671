//! e^-x and -ln u in fixed-point arithmetic, for exponential distributions and their closed forms.
//!
//! `ln` and `exp` of the system's mathematical library differ between machines, and even between two
//! builds of one program. These functions give the same result everywhere.

mod binary_logarithm;

/// ln 2 with 64 bits after the point.
const LN_2_Q64: u128 = 0xB172_17F7_D1CF_79AB;
/// (log2 e) / 2 with 64 bits after the point.
const HALF_LOG2_E_Q64: u128 = 0xB8AA_3B29_5C17_F0BC;
/// The number of bits after the point to which logarithms and powers are computed.
const FRACTION_BITS: usize = 32;

/// 2^-(2^-k) for k = 1, 2, …, each with 64 bits after the point: repeated square roots of one half.
const ROOTS_OF_HALF: [u64; FRACTION_BITS] = roots_of_half();

const fn roots_of_half() -> [u64; FRACTION_BITS] {
    let mut roots = [0; FRACTION_BITS];
    let mut power: u128 = 1 << 63;
    let mut k = 0;
    while k < FRACTION_BITS {
        power = (power << 64).isqrt();
        roots[k] = power as u64;
        k += 1;
    }
    roots
}

/// -ln u for u = (word + 1) / 2^64, with 32 bits after the point. The error is below 2^-30;
/// the result lies between 0 and 64 ln 2 = 44.4.
#[must_use]
pub fn neg_ln(word: u64) -> u64 {
    if word == u64::MAX {
        return 0;
    }
    // u is at least 2^-64: the logarithm of zero does not exist.
    let value = word + 1;
    let whole = 63 - value.leading_zeros();
    // The mantissa is in [1, 2) with 63 bits after the point.
    let mantissa = value << (63 - whole);
    let log2 = (whole as u64) << FRACTION_BITS | binary_logarithm::fraction(mantissa);
    let minus_log2 = (64 << FRACTION_BITS) - log2;
    ((minus_log2 as u128 * LN_2_Q64) >> 64) as u64
}

/// e^-x times 2^64, for an `x` with 32 bits after the point; e^0 is `u64::MAX`. The relative error is
/// below 2^-29.
#[must_use]
pub const fn exp_neg(x: u64) -> u64 {
    // e^-x = 2^-y with y = x log2 e. The constant holds half of log2 e, which is above one.
    let y = (x as u128 * HALF_LOG2_E_Q64) >> 63;
    let halvings = y >> FRACTION_BITS;
    if halvings >= 64 {
        return 0;
    }
    let mut power: u128 = u64::MAX as u128;
    let mut k = 0;
    while k < FRACTION_BITS {
        // Each bit of y's fraction contributes one of the tabulated roots as a factor.
        if y >> (FRACTION_BITS - 1 - k) & 1 == 1 {
            power = (power * ROOTS_OF_HALF[k] as u128) >> 64;
        }
        k += 1;
    }
    (power >> halvings) as u64
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::float_arithmetic,
        reason = "the tests compare with floating point"
    )]

    use super::*;
    use proptest::prelude::*;

    const TWO_TO_32: f64 = 4_294_967_296.0;
    const TWO_TO_64: f64 = TWO_TO_32 * TWO_TO_32;

    proptest! {
        #[test]
        fn the_logarithm_agrees_with_floating_point(word in any::<u64>(), shift in 0_u32..64) {
            let word = word >> shift;
            let expected = -((word as f64 + 1.0) / TWO_TO_64).ln();
            let found = neg_ln(word) as f64 / TWO_TO_32;
            prop_assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }

        #[test]
        fn the_exponential_agrees_with_floating_point(x in 0_u64..(40 << 32)) {
            let expected = (-(x as f64) / TWO_TO_32).exp();
            let found = exp_neg(x) as f64 / TWO_TO_64;
            let tolerance = expected * 1e-8 + 2.0 / TWO_TO_64;
            prop_assert!((found - expected).abs() < tolerance, "{found} {expected}");
        }

        #[test]
        fn the_exponential_never_increases(x in 0_u64..(50 << 32), step in 0_u64..(1 << 33)) {
            prop_assert!(exp_neg(x + step) <= exp_neg(x));
        }
    }

    #[test]
    fn smallest_and_largest_arguments() {
        assert_eq!(neg_ln(u64::MAX), 0);
        assert_eq!(neg_ln(0) >> 32, 44);
        assert_eq!(exp_neg(0), u64::MAX);
        assert_eq!(exp_neg(u64::MAX), 0);
    }
}
