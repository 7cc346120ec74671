#![allow(missing_docs)]
use mtasim_explore::{Capsule, Shipped, shrink::shrink, pinned};
use std::time::Instant;
fn main() {
    for path in std::env::args().skip(1) {
        let capsule = Capsule::parse(&std::fs::read(&path).unwrap()).unwrap();
        let t = Instant::now();
        let budget = std::env::var("BUDGET").ok().and_then(|it| it.parse().ok()).unwrap_or(6000);
        let shrunk = shrink(&capsule, &Shipped, budget, |_, _| {}).unwrap();
        let a = shrunk.sizes[1];
        println!("{:.1}s runs {} el {} msg {} assoc {} out {} pre {} dur {} steps {} | {}", t.elapsed().as_secs_f64(), shrunk.runs, a.elements, a.messages, a.associations, a.outages, a.preemptions, a.duration/1_000_000_000, a.steps, path.rsplit('/').next().unwrap());
        if std::env::var("SHOW").is_ok() { println!("{}", pinned::text(&shrunk).unwrap()); }
    }
}
