//! What must be true of every history of calls over a bad wire.
//!
//! Owns the laws and how many histories are tried; the histories are `trial`'s.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tcp::Payload;
use winsock::{Call, FlowLabel, NetworkEvents, Reply, SocketError};

use crate::hosts::{CLIENT, Hosts, MILLISECOND, SECOND, SERVER};
use crate::trial::{Step, Trial, any_step, bad_wire, byte, opening};

/// Runs a history to its end; answers the failures it met and the bytes it received.
fn run(seed: u64, steps: Vec<(usize, Step)>) -> (BTreeSet<SocketError>, usize) {
    let mut trial = Trial::new(seed);
    for (host, step) in opening().into_iter().chain(steps) {
        trial.step(host, step);
        trial.check();
    }
    let met = (std::mem::take(&mut trial.failures), trial.received());
    trial.wind_up();
    met
}

/// The laws above are worth what the histories reach: each failure a call can answer, and
/// bytes enough to be mixed up.
#[test]
fn random_histories_reach_the_failures() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let history = proptest::collection::vec((0_usize..2, any_step()), 100);
    let (mut failures, mut bytes) = (BTreeSet::new(), 0);
    for seed in 0..400 {
        let steps = history
            .new_tree(&mut runner)
            .expect("any history will do")
            .current();
        let (met, received) = run(seed, steps);
        failures.extend(met.iter().map(|error| error.code()));
        bytes += received;
    }
    let expected = [
        6, 87, 10022, 10024, 10035, 10037, 10038, 10048, 10051, 10053, 10054, 10056, 10057, 10058,
    ];
    let missed: Vec<u32> = expected
        .into_iter()
        .filter(|code| !failures.contains(code))
        .collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
    assert!(bytes > 100_000, "only {bytes} bytes were received");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_history_breaks_the_laws(
        seed in any::<u64>(),
        steps in proptest::collection::vec((0_usize..2, any_step()), 0..120),
    ) {
        run(seed, steps);
    }

    /// The same calls on the same wire have the same outcome, to the last segment.
    #[test]
    fn a_history_repeats(
        seed in any::<u64>(),
        steps in proptest::collection::vec((0_usize..2, any_step()), 0..40),
    ) {
        let sent = |steps: &[(usize, Step)]| {
            let mut trial = Trial::new(seed);
            for (host, step) in opening().into_iter().chain(steps.iter().cloned()) {
                trial.step(host, step);
            }
            trial.hosts.sent
        };
        prop_assert_eq!(sent(&steps), sent(&steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "a campaign of minutes"]
    fn no_long_history_breaks_the_laws(
        seed in any::<u64>(),
        steps in proptest::collection::vec((0_usize..2, any_step()), 0..400),
    ) {
        run(seed, steps);
    }
}

/// A bulk transfer over the bad wire, both ways at once, the program driven by events alone.
#[test]
fn a_bulk_transfer_driven_by_network_events_arrives_whole() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.fate = bad_wire(5);
    let ends = [(CLIENT, client), (SERVER, server)];
    let mask = NetworkEvents::READ | NetworkEvents::WRITE | NetworkEvents::CLOSE;
    let events = ends.map(|(host, socket)| hosts.select(host, socket, mask));
    const TOTAL: usize = 60_000;
    let (mut sent, mut received) = ([0_usize; 2], [0_usize; 2]);
    while received != [TOTAL; 2] {
        hosts.run(50 * MILLISECOND);
        assert!(
            hosts.nanos() < 3000 * SECOND,
            "stalled at {received:?} of {sent:?}"
        );
        for (end, (host, socket)) in ends.into_iter().enumerate() {
            let call = Call::EnumEvents {
                socket,
                event: Some(events[end]),
            };
            let Reply::Events(record) = hosts.call(host, call) else {
                panic!("it is open")
            };
            assert_eq!(record.close, None, "the connection died");
            let own = FlowLabel(end as u64);
            while record.events.contains(NetworkEvents::WRITE) && sent[end] < TOTAL {
                let upto = TOTAL.min(sent[end] + 1000);
                let bytes: Vec<u8> = (sent[end]..upto).map(|at| byte(own, at)).collect();
                match hosts.call(
                    host,
                    Call::Send {
                        socket,
                        bytes: Payload::from(bytes),
                    },
                ) {
                    Reply::Sent(taken) => sent[end] += taken,
                    Reply::Failed(SocketError::WouldBlock) => break,
                    other => panic!("send answered {other:?}"),
                }
            }
            // One receive a notification: FD_READ must come back by itself.
            if record.events.contains(NetworkEvents::READ) {
                for octet in hosts.receive(host, socket) {
                    assert_eq!(octet, byte(FlowLabel(1 - end as u64), received[end]));
                    received[end] += 1;
                }
            }
        }
    }
}
