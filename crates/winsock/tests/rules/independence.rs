//! Taking one association away leaves the traffic of all others as it was.
//!
//! Owns a wire whose luck depends on a segment's identity alone: label, numbers, attempt.
//! Ports and handles may shift; what is sent, and when, may not.

use proptest::prelude::*;
use tcp::Payload;
use winsock::{Call, Config, FlowLabel, Outgoing, Reply, SocketHandle};

use crate::hosts::{ADDRESSES, CLIENT, Hosts, MILLISECOND, PORT, SERVER, TO_SERVER};

/// Loses a quarter and delays by 1 to 40 ms, by the identity of the segment.
fn keyed_wire(seed: u64) -> crate::hosts::Fate {
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
        let luck = numbers.iter().fold(seed, |hash, number| {
            (hash ^ number)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(29)
        });
        if luck % 4 == 0 {
            vec![]
        } else {
            vec![(1 + luck / 4 % 40) * MILLISECOND]
        }
    })
}

/// What others could notice of a segment: not its ports.
fn identity(at: u64, outgoing: &Outgoing) -> String {
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

/// Clients call one after another, say something, and hang up; the server listens to them all.
/// Answers all that was sent by and to those not in `without`.
fn traffic(seed: u64, labels: &[u64], without: Option<u64>) -> Vec<String> {
    let mut hosts = Hosts::new(ADDRESSES.map(Config::nt4));
    hosts.fate = keyed_wire(seed);
    let listener = hosts.socket(SERVER);
    hosts.does(
        SERVER,
        Call::Bind {
            socket: listener,
            port: PORT,
        },
    );
    hosts.does(
        SERVER,
        Call::Listen {
            socket: listener,
            backlog: 100,
        },
    );
    let mut clients: Vec<Option<SocketHandle>> = vec![None; labels.len()];
    let mut servers = Vec::new();
    for tick in 0..400_usize {
        for (place, label) in labels
            .iter()
            .enumerate()
            .filter(|(_, l)| Some(**l) != without)
        {
            if tick == place {
                let socket = hosts.socket(CLIENT);
                let label = FlowLabel(*label);
                hosts.fails(
                    CLIENT,
                    Call::Connect {
                        socket,
                        to: TO_SERVER,
                        label,
                    },
                    10035,
                );
                clients[place] = Some(socket);
            }
            let Some(socket) = clients[place] else {
                continue;
            };
            if tick == 150 + place {
                let bytes = Payload::from(vec![1; 5000]);
                hosts.call(CLIENT, Call::Send { socket, bytes });
            }
            if tick == 300 + place {
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
        .map(|(at, _, outgoing)| identity(*at, outgoing))
        .collect();
    // At one moment the order is that of the calls; it is of no consequence.
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
    fn an_association_taken_away_leaves_the_others_alone(
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
        prop_assert!(kept.len() > 50, "hardly any traffic");
        prop_assert_eq!(kept, traffic(seed, &labels, Some(labels[gone])));
    }
}
