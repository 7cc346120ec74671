//! The first word of several `ChaCha8` generators at once, for roles that differ in their last word.
//!
//! `rand_chacha` computes four blocks of one key. Where each decision has a key of its own and takes one word,
//! that is 31 words too many. Here each lane of a register belongs to another key. The generators of
//! `rand_chacha` are the witness in a test.

use std::array;

/// How many keys are computed at once: the 32-bit lanes of a register that every processor has.
pub const LANES: usize = 4;

/// "expand 32-byte k" (RFC 8439, section 2.3).
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
/// Pairs of a round of columns and a round of diagonals, of `ChaCha8`.
const DOUBLE_ROUNDS: usize = 4;

type Word = [u32; LANES];

/// The first words of the generators whose keys are `role` and `first`, `first` + 1 and so on.
pub(super) fn first_words(role: [u64; 3], first: u64) -> [u64; LANES] {
    let mut state = [[0; LANES]; 16];
    // Constants, then the key; the block's number and the stream are zero.
    for (word, constant) in state.iter_mut().zip(CONSTANTS) {
        *word = [constant; LANES];
    }
    for (pair, word) in state[4..10].chunks_exact_mut(2).zip(role) {
        pair[0] = [word as u32; LANES];
        pair[1] = [(word >> 32) as u32; LANES];
    }
    let identities: [u64; LANES] = array::from_fn(|lane| first.wrapping_add(lane as u64));
    state[10] = identities.map(|it| it as u32);
    state[11] = identities.map(|it| (it >> 32) as u32);
    for _ in 0..DOUBLE_ROUNDS {
        for column in 0..4 {
            quarter_round(&mut state, [column, column + 4, column + 8, column + 12]);
        }
        for diagonal in 0..4 {
            let [b, c, d] = [1, 2, 3].map(|step| (diagonal + step) % 4);
            quarter_round(&mut state, [diagonal, b + 4, c + 8, d + 12]);
        }
    }
    array::from_fn(|lane| {
        let [low, high] = [0, 1].map(|it| state[it][lane].wrapping_add(CONSTANTS[it]));
        u64::from(high) << 32 | u64::from(low)
    })
}

/// RFC 8439, section 2.1.
fn quarter_round(state: &mut [Word; 16], [a, b, c, d]: [usize; 4]) {
    for (to, from, changed, bits) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        let sum: Word = array::from_fn(|lane| state[to][lane].wrapping_add(state[from][lane]));
        state[to] = sum;
        state[changed] =
            array::from_fn(|lane| (state[changed][lane] ^ sum[lane]).rotate_left(bits));
    }
}
