//! Tests of the facade, as a user of it writes them.

mod guest;
