//! Reproduces a failing run: the capsule file, its replay, and the first point where two runs that
//! should be equal differ.

pub mod capsule;
pub mod divergence;
pub mod replay;
