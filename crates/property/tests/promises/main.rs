//! What strategies and properties promise, held against whole runs.
//!
//! - `strategies`: every made-up case can be run, and is the file it shows itself as.
//! - `shrinking`: a known leak becomes small by proptest's own means.

mod shrinking;
mod strategies;
