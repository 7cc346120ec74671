//! The timeline of outages is one, however it is asked for, and depends on no packet.

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant};
use net::{
    Direction, DirectionConfig, DropReason, LinkId, Loss, LossModel, Network, OutageInterval,
    Outages, ScheduledLosses, Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{LOSSLESS, link, network, ratio, send, slow};

const LINK: LinkId = LinkId(0);

fn restless(shared: bool) -> Loss {
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

fn scheduled(windows: &[(u64, u64)]) -> DirectionConfig {
    let window = |&(from, until)| OutageInterval {
        from: Instant::from_nanos(from),
        until: Instant::from_nanos(until),
    };
    DirectionConfig {
        scheduled: ScheduledLosses {
            outages: windows.iter().map(window).collect(),
            drops: Vec::new(),
        },
        ..DirectionConfig::default()
    }
}

fn windows(network: &Network, way: Direction, from: Instant) -> Vec<OutageInterval> {
    network.outages(LINK, way, from).take(40).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn asking_in_any_order_gives_one_answer(
        seed: u64, mut millis in prop::collection::vec(0_u64..200_000, 1..60),
    ) {
        let config = link(slow(0), restless(true));
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
            // Packets move the place from which `sent` walks; what it finds is the same.
            let earlier = Instant::from_nanos(now.nanos() / 2);
            let both = [&sent, &asked].map(|network| network.is_up(LINK, Direction::Forward, earlier));
            prop_assert_eq!(both[0], both[1]);
        }
        let all = |network| windows(network, Direction::Forward, Instant::ZERO);
        prop_assert_eq!(all(&sent), all(&asked));
    }

    #[test]
    fn windows_and_states_agree(seed: u64, from in 0_u64..100, at in 0_u64..60_000) {
        let network = network(seed, link(scheduled(&[(5_000_000_000, 9_000_000_000)]), restless(true)));
        let from = Instant::ZERO + Duration::from_secs(from);
        let at = from + Duration::from_millis(at);
        let listed = windows(&network, Direction::Forward, from);
        prop_assert!(listed.is_sorted_by(|one, next| one.until < next.from));
        prop_assert!(listed.last().is_some_and(|last| at < last.until));
        let out = listed.iter().any(|window| window.contains(at));
        prop_assert_eq!(out, !network.is_up(LINK, Direction::Forward, at));
        let change = network.next_outage_change(LINK, Direction::Forward, at).expect("the chain never rests");
        prop_assert!(change > at);
        prop_assert_eq!(network.is_up(LINK, Direction::Forward, change), out);
    }

    #[test]
    fn shared_means_both_ways_at_once(seed: u64) {
        let shared = network(seed, link(slow(0), restless(true)));
        let apart = network(seed, link(slow(0), restless(false)));
        let start = Instant::ZERO;
        prop_assert_eq!(windows(&shared, Direction::Forward, start), windows(&shared, Direction::Backward, start));
        prop_assert_ne!(windows(&apart, Direction::Forward, start), windows(&apart, Direction::Backward, start));
    }
}

#[test]
fn pinned_outages_come_as_they_are_written() {
    let network = network(1, link(scheduled(&[(10, 20), (30, 40)]), LOSSLESS));
    let listed: Vec<(u64, u64)> = network
        .outages(LINK, Direction::Backward, Instant::from_nanos(15))
        .map(|window| (window.from.nanos(), window.until.nanos()))
        .collect();
    assert_eq!(listed, [(15, 20), (30, 40)]);
    let up = |nanos| network.is_up(LINK, Direction::Forward, Instant::from_nanos(nanos));
    assert_eq!(
        [9, 10, 19, 20, 29, 30, 40].map(up),
        [true, false, false, true, true, false, true]
    );
    let last = network.next_outage_change(LINK, Direction::Forward, Instant::from_nanos(40));
    assert_eq!(last, None);
}

#[test]
fn an_outage_without_end_has_none() {
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
        windows(&network, Direction::Forward, Instant::ZERO),
        [whole]
    );
}

#[test]
fn the_faulty_spot_lies_half_way() {
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

/// Renewed in the midst of an outage, the line is still down; both ways of a shared chain stay
/// one; and without memory the rest lasts 3 s on average, however long the outage has lasted: of
/// 2,000 renewals within four standard errors (268 ms).
#[test]
fn renewed_luck_keeps_the_state_and_forgets_how_long_it_lasted() {
    const TRIES: u64 = 2_000;
    let usual = network(5, link(slow(0), restless(true)));
    let listed = windows(&usual, Direction::Forward, Instant::ZERO);
    let outage = listed
        .iter()
        .find(|it| it.until > it.from + Duration::from_secs(4));
    let moment = outage.expect("a long one in forty").from + Duration::from_secs(2);
    let rests = (0..TRIES).map(|seed| {
        let mut reseeded = usual.clone();
        reseeded.reseed(moment, Choices::new(seed));
        let [one, other] = Direction::BOTH.map(|way| windows(&reseeded, way, moment));
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

/// Packets carry on as they would under the other seed.
#[test]
fn renewed_luck_is_that_of_the_other_seed() {
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
