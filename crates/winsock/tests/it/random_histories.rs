//! Invariants of every history of calls over a lossy link.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tcp::Payload;
use winsock::{Call, FlowLabel, NetworkEvents, Reply, SocketError};

use crate::actions::{Action, any_action, opening};
use crate::random_calls::{RandomCalls, byte, lossy_link};
use crate::two_hosts::{CLIENT, Hosts, MILLISECOND, SECOND, SERVER};

/// What a history came to.
struct Reached {
    /// The errors that calls returned.
    errors: BTreeSet<SocketError>,
    /// Bytes received.
    received: usize,
}

/// Runs a history to its end.
fn run(seed: u64, actions: Vec<(usize, Action)>) -> Reached {
    let mut calls = RandomCalls::new(seed);
    for (host, action) in opening().into_iter().chain(actions) {
        calls.run(host, action);
        calls.check();
    }
    let reached = Reached {
        errors: std::mem::take(&mut calls.failures),
        received: calls.received(),
    };
    calls.finish();
    reached
}

/// The random calls must reach every error and transfer enough bytes, or the other tests prove
/// little.
#[test]
fn random_histories_reach_every_error() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let history = proptest::collection::vec((0_usize..2, any_action()), 100);
    let (mut failures, mut bytes) = (BTreeSet::new(), 0);
    for seed in 0..400 {
        let actions = history
            .new_tree(&mut runner)
            .expect("the strategy rejects nothing")
            .current();
        let reached = run(seed, actions);
        failures.extend(reached.errors.iter().map(|error| error.code()));
        bytes += reached.received;
    }
    let expected = [
        6, 87, 10022, 10024, 10035, 10037, 10038, 10048, 10051, 10053, 10054, 10056, 10057, 10058,
    ];
    let missed: Vec<u32> = expected
        .into_iter()
        .filter(|code| !failures.contains(code))
        .collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
    assert!(bytes > 100_000, "only {bytes} bytes were received");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_history_violates_the_invariants(
        seed in any::<u64>(),
        actions in proptest::collection::vec((0_usize..2, any_action()), 0..120),
    ) {
        run(seed, actions);
    }

    /// The same calls on the same link have the same outcome, to the last segment.
    #[test]
    fn a_history_repeats(
        seed in any::<u64>(),
        actions in proptest::collection::vec((0_usize..2, any_action()), 0..40),
    ) {
        let sent = |actions: &[(usize, Action)]| {
            let mut calls = RandomCalls::new(seed);
            for (host, action) in opening().into_iter().chain(actions.iter().cloned()) {
                calls.run(host, action);
            }
            calls.hosts.sent
        };
        prop_assert_eq!(sent(&actions), sent(&actions));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "takes minutes"]
    fn no_long_history_violates_the_invariants(
        seed in any::<u64>(),
        actions in proptest::collection::vec((0_usize..2, any_action()), 0..400),
    ) {
        run(seed, actions);
    }
}

/// A bulk transfer in both directions over a lossy link; the program only reacts to events.
#[test]
fn a_bulk_transfer_driven_by_network_events_is_complete() {
    let mut hosts = Hosts::nt4();
    let (client, server) = hosts.connected();
    hosts.link = lossy_link(5);
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
                panic!("the socket is open")
            };
            assert_eq!(record.close, None, "the connection failed");
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
            // One receive for each notification: FD_READ must be recorded again.
            if record.events.contains(NetworkEvents::READ) {
                for octet in hosts.receive(host, socket) {
                    assert_eq!(octet, byte(FlowLabel(1 - end as u64), received[end]));
                    received[end] += 1;
                }
            }
        }
    }
}
