//! Integration tests of the strategies, of shrinking and of the regression file.

mod campaign;
mod shrink;
mod strategies;
