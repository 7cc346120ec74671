//! Integration tests of the strategies, of shrinking and of the regression file.

mod shrink;
mod strategies;
