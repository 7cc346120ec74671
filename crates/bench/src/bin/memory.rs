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
    println!(
        "network state: {} bytes an open association, both ends together (limit 1,536)",
        network_state()
    );
    for (judge, meaning) in [(false, "not judged"), (true, "every access judged")] {
        println!(
            "with the MTAs' own, {meaning}: {} bytes at the most (limit 4,096)",
            with_mtas(judge)
        );
    }
}

/// What 8,192 associations more take while nothing happens.
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

/// What 512 associations more take of a whole run when it takes most: beside connections and
/// control blocks, their messages, the books of the oracles, and whatever is under way then.
fn with_mtas(judge: bool) -> usize {
    let most = |associations| {
        let scenario = ours::mtas::open_at_once(associations, judge);
        let before = ALLOCATOR.allocated();
        let outcome = ours::mtas::run(&scenario);
        let opened = u64::from(associations) * 2;
        assert_eq!(outcome.associations.opened, opened, "counted at both ends");
        assert_eq!(outcome.associations.closed, 0, "all are open at the end");
        ALLOCATOR.max_allocated() - before
    };
    let (few, many) = (most(256), most(768));
    (many - few) / (768 - 256)
}
