//! The commands of mtasim on each service: `cargo run -- compare pool.toml --arms A,B --seeds 0..1000`.

use std::time::Duration;

use mtasim::guest::Sim;
use mtasim_found::bb8::{self, Use};
use mtasim_found::line::echo;
use mtasim_found::{GET, deadpool};

const RENEWS: Use = Use {
    checks: false,
    renews: true,
    persists: false,
};

/// A host with this program, one that answers, and what is owed.
macro_rules! service {
    ($app:expr) => {
        |sim: &mut Sim| {
            sim.host("db", echo);
            sim.host("app", || $app);
            sim.owed_after_healing(GET, Duration::from_secs(15));
        }
    };
}

mtasim::guest::main! {
    "bb8-0.9.1" => service!(bb8::v0_9_1::app(RENEWS)),
    "bb8-0.9.1-notify" => service!(bb8::v0_9_1_notify::app(RENEWS)),
    "deadpool-0.9.4" => service!(deadpool::v0_9_4::app()),
    "deadpool-0.9.5" => service!(deadpool::v0_9_5::app()),
}
