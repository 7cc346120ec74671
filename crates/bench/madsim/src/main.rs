//! madsim's side of the benchmarks.

fn main() {}
