//! The timeline of outages is one, however it is asked for, and depends on no packet.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};
use mtasim_net::{
    Direction, DropReason, LinkId, Loss, LossModel, Network, Outages, Pinned, Verdict, Way, Window,
};
use proptest::prelude::*;

use crate::bench_link::{LOSSLESS, link, network, send, slow};

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

fn pinned(windows: &[(u64, u64)]) -> Direction {
    let window = |&(from, until)| Window {
        from: Instant::from_nanos(from),
        until: Instant::from_nanos(until),
    };
    Direction {
        pinned: Pinned {
            outages: windows.iter().map(window).collect(),
            drops: Vec::new(),
        },
        ..Direction::default()
    }
}

fn windows(network: &Network, way: Way, from: Instant) -> Vec<Window> {
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
            any_order.insert(now, asked.is_up(LINK, Way::Forward, now));
        }
        millis.sort_unstable();
        for (unit, now) in (0..).zip(instants(&millis)) {
            let verdict = send(&mut sent, now, unit).verdicts().next();
            let passed = verdict != Some(Verdict::Drop(DropReason::Outage));
            prop_assert_eq!(any_order.get(&now), Some(&passed));
            // Packets move the place from which `sent` walks; what it finds is the same.
            let earlier = Instant::from_nanos(now.nanos() / 2);
            let both = [&sent, &asked].map(|network| network.is_up(LINK, Way::Forward, earlier));
            prop_assert_eq!(both[0], both[1]);
        }
        let all = |network| windows(network, Way::Forward, Instant::ZERO);
        prop_assert_eq!(all(&sent), all(&asked));
    }

    #[test]
    fn windows_and_states_agree(seed: u64, from in 0_u64..100, at in 0_u64..60_000) {
        let network = network(seed, link(pinned(&[(5_000_000_000, 9_000_000_000)]), restless(true)));
        let from = Instant::ZERO + Duration::from_secs(from);
        let at = from + Duration::from_millis(at);
        let listed = windows(&network, Way::Forward, from);
        prop_assert!(listed.is_sorted_by(|one, next| one.until < next.from));
        prop_assert!(listed.last().is_some_and(|last| at < last.until));
        let out = listed.iter().any(|window| window.holds(at));
        prop_assert_eq!(out, !network.is_up(LINK, Way::Forward, at));
        let change = network.next_outage_change(LINK, Way::Forward, at).expect("the chain never rests");
        prop_assert!(change > at);
        prop_assert_eq!(network.is_up(LINK, Way::Forward, change), out);
    }

    #[test]
    fn shared_means_both_ways_at_once(seed: u64) {
        let shared = network(seed, link(slow(0), restless(true)));
        let apart = network(seed, link(slow(0), restless(false)));
        let start = Instant::ZERO;
        prop_assert_eq!(windows(&shared, Way::Forward, start), windows(&shared, Way::Backward, start));
        prop_assert_ne!(windows(&apart, Way::Forward, start), windows(&apart, Way::Backward, start));
    }
}

#[test]
fn pinned_outages_come_as_they_are_written() {
    let network = network(1, link(pinned(&[(10, 20), (30, 40)]), LOSSLESS));
    let listed: Vec<(u64, u64)> = network
        .outages(LINK, Way::Backward, Instant::from_nanos(15))
        .map(|window| (window.from.nanos(), window.until.nanos()))
        .collect();
    assert_eq!(listed, [(15, 20), (30, 40)]);
    let up = |nanos| network.is_up(LINK, Way::Forward, Instant::from_nanos(nanos));
    assert_eq!(
        [9, 10, 19, 20, 29, 30, 40].map(up),
        [true, false, false, true, true, false, true]
    );
    let last = network.next_outage_change(LINK, Way::Forward, Instant::from_nanos(40));
    assert_eq!(last, None);
}

#[test]
fn an_outage_without_end_has_none() {
    let never = Outages {
        mean_good: Duration::ZERO,
        mean_outage: Duration::from_secs(1),
    };
    let network = network(1, link(slow(0), Loss::Shared(LossModel::Outages(never))));
    let whole = Window {
        from: Instant::ZERO,
        until: Instant::MAX,
    };
    assert_eq!(windows(&network, Way::Forward, Instant::ZERO), [whole]);
}

#[test]
fn the_faulty_spot_lies_half_way() {
    let mut direction = pinned(&[(1_000, 2_000)]);
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
