//! Tests of the interpreter, and the suites that judge the simulator's TCP.

mod conformance;
mod expectations;
mod own_suites;
