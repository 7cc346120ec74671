//! What exploring promises: results that depend on nothing but scenario, seeds and build.

mod bench;
mod comparing;
mod explaining;
mod folders;
mod naming;
mod overhead;
mod replaying;
mod shrinking;
mod swarming;
mod sweeping;
mod thoroughness;
