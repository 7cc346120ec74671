//! Removing one connection does not change the traffic of the others, on a link whose random choices
//! are keyed by the identity of a segment. Ports and handles may differ.

use proptest::prelude::*;
use tcp::Payload;
use winsock::{Call, Config, FlowLabel, Outgoing, Reply, SocketHandle};

use crate::two_hosts::{ADDRESSES, CLIENT, Hosts, MILLISECOND, PORT, SERVER, TO_SERVER};

/// Loses a quarter of the segments and delays the others by 1 to 40 ms, keyed by their identity.
fn keyed_link(seed: u64) -> crate::two_hosts::Link {
    Box::new(move |outgoing| {
        let segment = &outgoing.transmit.segment;
        let numbers = [
            outgoing.label.0,
            u64::from(segment.sequence.value()),
            u64::from(segment.acknowledgment.value()),
            u64::from(segment.flags.bits()),
            segment.payload.len() as u64,
            u64::from(outgoing.transmit.attempt),
        ];
        let random = numbers.iter().fold(seed, |hash, number| {
            (hash ^ number)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(29)
        });
        if random % 4 == 0 {
            vec![]
        } else {
            vec![(1 + random / 4 % 40) * MILLISECOND]
        }
    })
}

/// What must not change: everything but the ports.
fn without_ports(at: u64, outgoing: &Outgoing) -> String {
    let transmit = &outgoing.transmit;
    let segment = &transmit.segment;
    let numbers = (
        segment.sequence,
        segment.acknowledgment,
        segment.flags,
        segment.window,
    );
    format!(
        "{at} {:?} {numbers:?} {} {}",
        outgoing.label,
        segment.payload.len(),
        transmit.attempt
    )
}

/// Clients connect one after another, send, and close; the server receives from all. Returns the
/// segments of all connections except `without`.
fn traffic(seed: u64, labels: &[u64], without: Option<u64>) -> Vec<String> {
    let mut hosts = Hosts::new(ADDRESSES.map(Config::nt4));
    hosts.link = keyed_link(seed);
    let listener = hosts.socket(SERVER);
    hosts.expect_done(
        SERVER,
        Call::Bind {
            socket: listener,
            port: PORT,
        },
    );
    hosts.expect_done(
        SERVER,
        Call::Listen {
            socket: listener,
            backlog: 100,
        },
    );
    let mut clients: Vec<Option<SocketHandle>> = vec![None; labels.len()];
    let mut servers = Vec::new();
    for tick in 0..400_usize {
        for (index, label) in labels
            .iter()
            .enumerate()
            .filter(|(_, l)| Some(**l) != without)
        {
            if tick == index {
                let socket = hosts.socket(CLIENT);
                let label = FlowLabel(*label);
                hosts.expect_error(
                    CLIENT,
                    Call::Connect {
                        socket,
                        to: TO_SERVER,
                        label,
                    },
                    10035,
                );
                clients[index] = Some(socket);
            }
            let Some(socket) = clients[index] else {
                continue;
            };
            if tick == 150 + index {
                let bytes = Payload::from(vec![1; 5000]);
                hosts.call(CLIENT, Call::Send { socket, bytes });
            }
            if tick == 300 + index {
                hosts.call(CLIENT, Call::Close { socket });
            }
        }
        while let Reply::Accepted { socket, .. } =
            hosts.call(SERVER, Call::Accept { socket: listener })
        {
            servers.push(socket);
        }
        servers.retain(|socket| {
            let receive = Call::Receive {
                socket: *socket,
                limit: 2000,
            };
            match hosts.call(SERVER, receive) {
                Reply::Received(bytes) => !bytes.is_empty(),
                _ => true,
            }
        });
        hosts.run(100 * MILLISECOND);
    }
    let gone = without.map(FlowLabel);
    let others = hosts.sent.iter().filter(|(.., outgoing)| {
        Some(outgoing.label) != gone && Some(outgoing.label) != gone.map(FlowLabel::reversed)
    });
    let mut others: Vec<String> = others
        .map(|(at, _, outgoing)| without_ports(*at, outgoing))
        .collect();
    // Segments sent at the same time may be in any order.
    others.sort();
    others
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn removing_a_connection_does_not_change_the_others(
        seed in any::<u64>(),
        gone in 0_usize..8,
    ) {
        let labels: Vec<u64> = (100..108).collect();
        let with: Vec<String> = traffic(seed, &labels, None);
        let kept: Vec<String> = with
            .into_iter()
            .filter(|line| {
                let own = FlowLabel(labels[gone]);
                [own, own.reversed()].iter().all(|label| !line.contains(&format!(" {label:?} ")))
            })
            .collect();
        prop_assert!(kept.len() > 50, "too little traffic");
        prop_assert_eq!(kept, traffic(seed, &labels, Some(labels[gone])));
    }
}
