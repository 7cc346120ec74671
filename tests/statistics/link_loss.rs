//! What a link loses in whole runs. The closed forms are tested in `crates/net`.

use super::{pair, run};

/// `numerator` of 1000 of the packets are lost each way when one ping in four comes back: 500.
/// Five standard deviations of a binomial of `n` are 5 sqrt(n) / 2.
#[test]
fn independent_loss_is_what_the_ping_success_says() {
    let scenario = pair(&["link.wan.loss={ independent = { ping_success = \"1/4\" } }"]);
    let (mut offered, mut lost) = (0_u64, 0_u64);
    for seed in 1..=4 {
        let outcome = run(&scenario, seed);
        offered += outcome.links["wan"].offered;
        lost += outcome.links["wan"].lost;
    }
    assert!(
        offered > 2_000,
        "{offered} packets are too few for the test"
    );
    let off = (2 * lost).abs_diff(offered);
    assert!(off * off <= 25 * offered, "{lost} of {offered} lost");
}

#[test]
fn a_link_without_loss_loses_nothing() {
    let outcome = run(
        &pair(&["link.wan.loss=none", "duration=1h", "workload.mail.end=1h"]),
        1,
    );
    let wan = &outcome.links["wan"];
    assert!(wan.offered > 500 && wan.lost == 0, "{wan:?}");
}
