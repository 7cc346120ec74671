//! The comparison, and what can be said of its parts without a kernel.

mod comparison;
mod parts;
