//! The timeline of outages does not depend on packets, nor on the order of questions about it.

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant};
use net::{
    Direction, DirectionConfig, DropReason, LinkId, Loss, LossModel, Network, OutageInterval,
    Outages, ScheduledLosses, Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{LOSSLESS, link, network, ratio, send, slow};

const LINK: LinkId = LinkId(0);

fn unstable(shared: bool) -> Loss {
    let model = LossModel::Outages(Outages {
        mean_good: Duration::from_secs(2),
        mean_outage: Duration::from_secs(3),
    });
    if shared {
        return Loss::Shared(model);
    }
    Loss::PerDirection {
        forward: model,
        backward: model,
    }
}

fn scheduled(intervals: &[(u64, u64)]) -> DirectionConfig {
    let interval = |&(from, until)| OutageInterval {
        from: Instant::from_nanos(from),
        until: Instant::from_nanos(until),
    };
    DirectionConfig {
        scheduled: ScheduledLosses {
            outages: intervals.iter().map(interval).collect(),
            drops: Vec::new(),
        },
        ..DirectionConfig::default()
    }
}

fn intervals(network: &Network, direction: Direction, from: Instant) -> Vec<OutageInterval> {
    network.outages(LINK, direction, from).take(40).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_questions_does_not_matter(
        seed: u64, mut millis in prop::collection::vec(0_u64..200_000, 1..60),
    ) {
        let config = link(slow(0), unstable(true));
        let mut sent = network(seed, config.clone());
        let asked = network(seed, config);
        let instants = |millis: &[u64]| -> Vec<Instant> {
            millis.iter().map(|at| Instant::ZERO + Duration::from_millis(*at)).collect()
        };
        let mut any_order = BTreeMap::new();
        for now in instants(&millis) {
            any_order.insert(now, asked.is_up(LINK, Direction::Forward, now));
        }
        millis.sort_unstable();
        for (unit, now) in (0..).zip(instants(&millis)) {
            let verdict = send(&mut sent, now, unit).verdicts().next();
            let passed = verdict != Some(Verdict::Drop(DropReason::Outage));
            prop_assert_eq!(any_order.get(&now), Some(&passed));
            // Packets move the sojourn from which `sent` searches; the result is the same.
            let earlier = Instant::from_nanos(now.nanos() / 2);
            let both = [&sent, &asked].map(|network| network.is_up(LINK, Direction::Forward, earlier));
            prop_assert_eq!(both[0], both[1]);
        }
        let all = |network| intervals(network, Direction::Forward, Instant::ZERO);
        prop_assert_eq!(all(&sent), all(&asked));
    }

    #[test]
    fn intervals_and_states_agree(seed: u64, from in 0_u64..100, at in 0_u64..60_000) {
        let network = network(seed, link(scheduled(&[(5_000_000_000, 9_000_000_000)]), unstable(true)));
        let from = Instant::ZERO + Duration::from_secs(from);
        let at = from + Duration::from_millis(at);
        let listed = intervals(&network, Direction::Forward, from);
        prop_assert!(listed.is_sorted_by(|one, next| one.until < next.from));
        prop_assert!(listed.last().is_some_and(|last| at < last.until));
        let out = listed.iter().any(|interval| interval.contains(at));
        prop_assert_eq!(out, !network.is_up(LINK, Direction::Forward, at));
        for interval in &listed {
            prop_assert!(!network.is_up(LINK, Direction::Forward, interval.from));
            prop_assert!(network.is_up(LINK, Direction::Forward, interval.until));
        }
    }

    #[test]
    fn a_shared_outage_interrupts_both_directions_at_once(seed: u64) {
        let shared = network(seed, link(slow(0), unstable(true)));
        let apart = network(seed, link(slow(0), unstable(false)));
        let start = Instant::ZERO;
        prop_assert_eq!(intervals(&shared, Direction::Forward, start), intervals(&shared, Direction::Backward, start));
        prop_assert_ne!(intervals(&apart, Direction::Forward, start), intervals(&apart, Direction::Backward, start));
    }
}

#[test]
fn scheduled_outages_occur_as_configured() {
    let network = network(1, link(scheduled(&[(10, 20), (30, 40)]), LOSSLESS));
    let listed: Vec<(u64, u64)> = network
        .outages(LINK, Direction::Backward, Instant::from_nanos(15))
        .map(|interval| (interval.from.nanos(), interval.until.nanos()))
        .collect();
    assert_eq!(listed, [(15, 20), (30, 40)]);
    let up = |nanos| network.is_up(LINK, Direction::Forward, Instant::from_nanos(nanos));
    assert_eq!(
        [9, 10, 19, 20, 29, 30, 40].map(up),
        [true, false, false, true, true, false, true]
    );
}

#[test]
fn an_outage_without_end_lasts_for_ever() {
    let never = Outages {
        mean_good: Duration::ZERO,
        mean_outage: Duration::from_secs(1),
    };
    let network = network(1, link(slow(0), Loss::Shared(LossModel::Outages(never))));
    let whole = OutageInterval {
        from: Instant::ZERO,
        until: Instant::MAX,
    };
    assert_eq!(
        intervals(&network, Direction::Forward, Instant::ZERO),
        [whole]
    );
}

#[test]
fn outages_act_on_the_midpoint_of_the_link() {
    let mut direction = scheduled(&[(1_000, 2_000)]);
    direction.delay = Duration::from_nanos(500);
    let mut network = network(1, link(direction, LOSSLESS));
    for (unit, (sent, lost)) in
        (0..).zip([(749, false), (750, true), (1_749, true), (1_750, false)])
    {
        let verdict = send(&mut network, Instant::from_nanos(sent), unit)
            .verdicts()
            .next();
        assert_eq!(
            verdict == Some(Verdict::Drop(DropReason::Outage)),
            lost,
            "{sent}"
        );
    }
}

/// After a reseed in the middle of an outage, the link is still out, and in both directions of a shared
/// chain. The distribution is memoryless: the rest lasts 3 s on average, however long the outage has
/// lasted. Tolerance: four standard errors of 2,000 reseeds, 268 ms.
#[test]
fn a_reseed_keeps_the_state_and_draws_its_rest_anew() {
    const TRIES: u64 = 2_000;
    let usual = network(5, link(slow(0), unstable(true)));
    let listed = intervals(&usual, Direction::Forward, Instant::ZERO);
    let outage = listed
        .iter()
        .find(|it| it.until > it.from + Duration::from_secs(4));
    let moment = outage.expect("a long one in forty").from + Duration::from_secs(2);
    let rests = (0..TRIES).map(|seed| {
        let mut reseeded = usual.clone();
        reseeded.reseed(moment, Choices::new(seed));
        let [one, other] = Direction::BOTH.map(|direction| intervals(&reseeded, direction, moment));
        assert_eq!(one, other);
        assert_eq!(one[0].from, moment, "it is still down");
        one[0].until.saturating_since(moment).nanos() / TRIES
    });
    let mean: u64 = rests.sum();
    assert!(mean.abs_diff(3_000_000_000) < 268_000_000, "{mean}");
    let up = listed[0].until;
    let mut reseeded = usual.clone();
    reseeded.reseed(up, Choices::new(9));
    assert!(
        reseeded.is_up(LINK, Direction::Forward, up),
        "it is still up"
    );
}

#[test]
fn after_a_reseed_packets_have_the_choices_of_the_other_seed() {
    let model = LossModel::Independent { loss: ratio(1, 3) };
    let config = link(slow(0), Loss::Shared(model));
    let (mut reseeded, mut other) = (network(1, config.clone()), network(2, config));
    let moment = Instant::ZERO + Duration::from_secs(1);
    reseeded.reseed(moment, Choices::new(2));
    for unit in 0..200 {
        let verdicts = [&mut reseeded, &mut other]
            .map(|network| send(network, moment, unit).verdicts().next());
        assert_eq!(verdicts[0], verdicts[1], "packet {unit}");
    }
}
