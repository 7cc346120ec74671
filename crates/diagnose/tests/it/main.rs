//! Tests of the crate through its public API.

mod any_text;
mod confidence;
mod doubts;
mod mixed_logs;
mod q303102;
mod real_world_logs;
