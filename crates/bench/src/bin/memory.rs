//! How much memory an open association takes: W7's other half.
//!
//! Owns the counting allocator, which is not in the way of anything that is timed.

use std::alloc::System;

use cap::Cap;
use mtasim_bench::ours;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Hosts that call; the called one is one more.
const CLIENTS: u32 = 16;

fn main() {
    let network = |each| {
        let before = ALLOCATOR.allocated();
        let internet = ours::associations::held_open(CLIENTS, each);
        let after = ALLOCATOR.allocated();
        drop(internet);
        after - before
    };
    let (few, many) = (network(8), network(520));
    let associations = (520 - 8) * CLIENTS as usize;
    println!(
        "network state: {} bytes an open association, both ends together (limit 1,536)",
        (many - few) / associations
    );
}
