//! The memory of an open association (W7), counted by the allocator.
//!
//! It is a separate program, so that the counting allocator slows no measurement of time.

use std::alloc::System;

use cap::Cap;
use mtasim_bench::ours;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The number of clients; the server is one more host.
const CLIENTS: u32 = 16;

fn main() {
    println!(
        "network state: {} bytes for an open association, both sides together (limit 1,536)",
        network_state()
    );
    for (detect_races, meaning) in [
        (false, "without race detection"),
        (true, "with race detection"),
    ] {
        println!(
            "peak with the MTAs, {meaning}: {} bytes (limit 4,096)",
            with_mtas(detect_races)
        );
    }
}

/// Measured over 8,192 idle associations.
fn network_state() -> usize {
    let held = |each| {
        let before = ALLOCATOR.allocated();
        let internet = ours::associations::held_open(CLIENTS, each);
        let after = ALLOCATOR.allocated();
        drop(internet);
        after - before
    };
    let (few, many) = (held(8), held(520));
    (many - few) / ((520 - 8) * CLIENTS as usize)
}

/// Measured over 512 associations at the peak of a run. Besides connections and control blocks that
/// includes messages, the state of the oracles, and everything in progress.
fn with_mtas(detect_races: bool) -> usize {
    let peak = |associations| {
        let scenario = ours::mtas::open_at_once(associations, detect_races);
        let before = ALLOCATOR.allocated();
        let outcome = ours::mtas::run(&scenario);
        assert_eq!(outcome.associations.opened, u64::from(associations));
        assert_eq!(outcome.associations.closed, 0, "all stay open");
        ALLOCATOR.max_allocated() - before
    };
    let (few, many) = (peak(256), peak(768));
    (many - few) / (768 - 256)
}
