//! Integration tests of the machine, a module for each topic. They use only the public interface.

mod bug_patterns;
mod call_order;
mod check;
mod determinism;
mod exceptions;
mod exhaustive;
mod heap;
mod interleavings;
mod preempting_scheduler;
mod preemptions;
mod priorities;
mod race_detection;
mod reset;
mod schedulers;
mod speed;
mod support;
mod timing;
mod waiting;
