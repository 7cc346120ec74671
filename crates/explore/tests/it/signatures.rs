//! Signatures: many failures of one defect have one name, and two defects have two.

use std::collections::BTreeSet;
use std::rc::Rc;

use mta::{BlockState, Build, CloseAction, Shipped};
use simulation::Options;

use crate::fixture::plan;

/// The fixed build with defects planted into it.
#[derive(Clone, Copy, Debug)]
struct Planted {
    /// A late close request is taken for done (Q303102).
    believes: bool,
    /// A close in order leaves the socket open.
    forgets: bool,
}

const SOUND: Shipped = Shipped::EXCHANGE_5_5_2655_16;

impl Build for Planted {
    fn base(&self) -> Shipped {
        SOUND
    }

    fn on_close_request(&self, state: BlockState) -> CloseAction {
        match state {
            BlockState::OutOfService if self.believes => CloseAction::Acknowledge,
            BlockState::Open if self.forgets => CloseAction::ReleaseOnly,
            BlockState::Free
            | BlockState::Allocated
            | BlockState::Connecting
            | BlockState::Listening
            | BlockState::Open
            | BlockState::Closing
            | BlockState::OutOfService => SOUND.on_close_request(state),
        }
    }
}

/// What goes wrong in 16 seeds: the signatures, and how many failures that are raw - told apart by
/// seed, time, host, block and use.
fn found(planted: Planted) -> (BTreeSet<String>, usize) {
    let scenario = plan("0..1", &[]).points[0].scenario.clone();
    let mut signatures = BTreeSet::new();
    let mut raw = BTreeSet::new();
    for seed in 0..16 {
        let planted: Rc<dyn Build> = Rc::new(planted);
        let builds = scenario.hosts.values().map(|_| Rc::clone(&planted));
        let quick = Options {
            keep_records: false,
        };
        let outcome = explore::run_builds(&scenario, seed, &builds.collect::<Vec<_>>(), quick);
        let outcome = outcome.expect("it runs");
        assert_eq!(outcome.exceptions, []);
        signatures.extend(outcome.signatures());
        raw.extend(outcome.violations.iter().map(|it| format!("{seed} {it:?}")));
    }
    (signatures, raw.len())
}

#[test]
fn failures_of_one_defect_have_one_name_and_two_defects_two() {
    let none = Planted {
        believes: false,
        forgets: false,
    };
    let (believes, forgets) = (true, true);
    assert_eq!(found(none).0.len(), 0, "without a defect nothing fails");
    let (leak, leaks) = found(Planted { believes, ..none });
    let (socket, sockets) = found(Planted { forgets, ..none });
    assert_eq!((leak.len(), socket.len()), (1, 1), "{leak:?} {socket:?}");
    assert!(leaks > 8 && sockets > 100, "{leaks} {sockets}");
    assert!(leak.is_disjoint(&socket));
    let (both, _) = found(Planted { believes, forgets });
    assert_eq!(both, leak.union(&socket).cloned().collect());
}
