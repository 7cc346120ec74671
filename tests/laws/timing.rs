//! Law 6: TCP timing is the profile's arithmetic, seen on the wire of whole runs.
//!
//! Owns the reading of packet records. It knows no profile's code, only the numbers of the
//! articles (Q140552, Q175523, Q223450, tcp_syn_retries).

use std::collections::BTreeMap;

use scenario::Outcome;
use scenario::record::{Record, Segment};

use super::{pair, run_with_records};

const SYN: u8 = 0x02;

/// Milliseconds at which the first host sent SYNs, by source port in the order of first use.
fn syns(outcome: &Outcome) -> Vec<Vec<u64>> {
    let mut order: Vec<u16> = Vec::new();
    let mut times: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
    for (at, record) in &outcome.records {
        if let Record::PacketSent(
            _,
            _,
            Segment::Tcp {
                source_port, flags, ..
            },
        ) = record
            && *flags == SYN
        {
            if !times.contains_key(source_port) {
                order.push(*source_port);
            }
            let millis = at.nanos() / 1_000_000;
            times.entry(*source_port).or_default().push(millis);
        }
    }
    order.iter().map(|port| times[port].clone()).collect()
}

/// A dead line, and one message to be sent.
fn dead_line(profile: &str) -> Outcome {
    let profile = format!("host.PARIS.tcp={profile}");
    let settings = [
        profile.as_str(),
        "link.wan.loss=none",
        "fault.dead.cut={ link = \"wan\", silent = true }",
        "fault.dead.window=[\"0s\", \"1h\"]",
        "connector.paris-lyon.session_disconnect=1h",
        "workload.mail.limit=1",
        "duration=1h",
        "workload.mail.end=1h",
    ];
    run_with_records(&pair(&settings), 1)
}

/// SYNs at these seconds, and the next connect() when this one has failed.
fn check_connect(profile: &str, expected: &[u64], fails_at: u64) {
    let syns = syns(&dead_line(profile));
    assert_eq!(
        syns.len(),
        7,
        "{profile}: seven attempts (connect_attempts)"
    );
    for pair in syns.windows(2) {
        let begin = pair[0][0];
        let offsets: Vec<u64> = pair[0].iter().map(|at| (at - begin + 50) / 1_000).collect();
        assert_eq!(offsets, expected, "{profile}");
        // What the driver takes to notice and to try again is well below 50 ms.
        let next = pair[1][0] - begin;
        assert!(
            (fails_at * 1_000..fails_at * 1_000 + 50).contains(&next),
            "{profile}: the next attempt after {next} ms"
        );
    }
}

#[test]
fn nt_4_sends_a_syn_at_0_3_9_21_s_and_gives_up_at_45_s() {
    check_connect("nt4", &[0, 3, 9, 21], 45);
}

#[test]
fn windows_2000_sends_a_syn_at_0_3_9_s_and_gives_up_at_21_s() {
    check_connect("w2k", &[0, 3, 9], 21);
}

#[test]
fn linux_gives_up_at_127_s() {
    check_connect("linux", &[0, 1, 3, 7, 15, 31, 63], 127);
}

/// Data sent into a dead line is repeated five times, each wait twice the one before, and the
/// connection is given up after 63 times the first (Q140552).
#[test]
fn five_data_retransmissions_take_63_times_the_first_wait() {
    let settings = [
        "host.PARIS.tcp=nt4",
        "link.wan.loss=none",
        "connector.paris-lyon.lifetime=1h",
        "workload.mail.size=100",
        "workload.mail.poisson.mean=600s",
        "workload.mail.limit=3",
        "fault.dead.cut={ link = \"wan\", silent = true }",
        "fault.dead.random={ mean_interval = \"1ms\", mean_duration = \"1h\" }",
        "duration=3h",
        "workload.mail.end=3h",
    ];
    // The cut begins once the association is open and idle, before the second message.
    let first = run_with_records(&pair(&settings[..7]), 1);
    let acknowledged = first.messages.acknowledged;
    assert!(acknowledged >= 2, "the line works until it is cut");
    let quiet = first
        .records
        .iter()
        .find_map(|(at, record)| match record {
            Record::Mta(_, _, mta) if format!("{mta:?}").contains("Acknowledged(0)") => Some(*at),
            _ => None,
        })
        .expect("the first message is acknowledged");
    let from = format!(
        "fault.dead.window=[\"{}s\", \"3h\"]",
        quiet.nanos() / 1_000_000_000 + 5
    );
    let mut cut: Vec<&str> = settings.to_vec();
    cut[7] = &from;
    let outcome = run_with_records(&pair(&cut), 1);
    let mut sent: BTreeMap<(u64, u64), Vec<u64>> = BTreeMap::new();
    for (at, record) in &outcome.records {
        if let Record::PacketSent(_, identity, Segment::Tcp { length, .. }) = record
            && *length > 0
            && *at > quiet
        {
            let times = sent.entry((identity.flow, identity.unit)).or_default();
            times.push(at.nanos() / 1_000_000);
        }
    }
    let times = sent
        .values()
        .max_by_key(|times| times.len())
        .expect("data was sent");
    assert_eq!(
        times.len(),
        6,
        "sent once and repeated five times: {times:?}"
    );
    let first_wait = times[1] - times[0];
    for (number, pair) in times.windows(2).enumerate() {
        let wait = pair[1] - pair[0];
        assert!(
            wait.abs_diff(first_wait << number) <= 2 << number,
            "wait {number} of {times:?}"
        );
    }
    let broken = outcome
        .records
        .iter()
        .find_map(|(at, record)| match record {
            Record::Mta(_, _, mta) if format!("{mta:?}").contains("Broken") => {
                Some(at.nanos() / 1_000_000)
            }
            _ => None,
        })
        .expect("the association breaks");
    let lasted = broken - times[0];
    assert!(
        lasted.abs_diff(63 * first_wait) <= 200,
        "given up after {lasted} ms, 63 times {first_wait} ms"
    );
}
