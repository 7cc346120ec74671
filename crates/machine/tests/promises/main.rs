//! The promises of the machine, a module each. Everything here uses the public face only.

extern crate machine as machine;

mod determinism;
mod exceptions;
mod exhaustive;
mod heap;
mod interleavings;
mod judging;
mod order;
mod other_programs;
mod preempting;
mod schedulers;
mod speed;
mod stage;
mod timing;
mod turnings;
mod waiting;
