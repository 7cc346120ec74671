//! Integration tests of sweeps, replay, shrinking, explanations and comparisons.

mod compare;
mod coverage;
mod explain;
mod failure_likelihood;
mod fixture;
mod headlines;
mod merge;
mod overhead;
mod replay;
mod resume;
mod shrink;
mod signatures;
mod swarm;
mod sweep;
