//! Signatures: all failures of one defect share one signature, and two defects have two.

use std::collections::BTreeSet;
use std::rc::Rc;

use mta::{BlockState, Build, CloseAction, Shipped};
use simulation::Options;

use crate::fixture::plan;

/// The fixed build with planted defects.
#[derive(Clone, Copy, Debug)]
struct Planted {
    /// A late close request is dropped (Q303102).
    ignores_late_close: bool,
    /// An orderly close leaves the socket open.
    leaves_socket_open: bool,
}

const SOUND: Shipped = Shipped::EXCHANGE_5_5_2655_16;

impl Build for Planted {
    fn base(&self) -> Shipped {
        SOUND
    }

    fn on_close_request(&self, state: BlockState) -> CloseAction {
        match state {
            BlockState::OutOfService if self.ignores_late_close => CloseAction::Drop,
            BlockState::Open if self.leaves_socket_open => CloseAction::ReleaseOnly,
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

/// The failures of 16 seeds: the signatures, and the number of failures distinguished by seed,
/// time, host, block and instance.
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
        ignores_late_close: false,
        leaves_socket_open: false,
    };
    let (ignores_late_close, leaves_socket_open) = (true, true);
    assert_eq!(found(none).0.len(), 0, "without a defect nothing fails");
    let (leak, leaks) = found(Planted {
        ignores_late_close,
        ..none
    });
    let (socket, sockets) = found(Planted {
        leaves_socket_open,
        ..none
    });
    assert_eq!((leak.len(), socket.len()), (1, 1), "{leak:?} {socket:?}");
    assert!(leaks > 8 && sockets > 100, "{leaks} {sockets}");
    assert!(leak.is_disjoint(&socket));
    let (both, _) = found(Planted {
        ignores_late_close,
        leaves_socket_open,
    });
    assert_eq!(both, leak.union(&socket).cloned().collect());
}
