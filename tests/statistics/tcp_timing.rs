//! The timing of TCP in whole runs is that of the profile.
//!
//! The test reads packet records and knows only the numbers of the articles (Q140552, Q175523, Q223450,
//! tcp_syn_retries), not the profile's code.

use kernel::JournalEntry;
use std::collections::BTreeMap;

use simulation::Outcome;
use simulation::record::{PacketSummary, Record};

use super::{pair, run_with_records};

const SYN: u8 = 0x02;

/// Milliseconds at which SYNs were sent, for each connect() in turn: each is a separate
/// flow, though all of one open request use the same port.
fn syns(outcome: &Outcome) -> Vec<Vec<u64>> {
    let mut order: Vec<u64> = Vec::new();
    let mut times: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for JournalEntry { at, record } in &outcome.records {
        if let Record::PacketSent(_, identity, PacketSummary::Tcp { flags: SYN, .. }) = record {
            if !times.contains_key(&identity.flow) {
                order.push(identity.flow);
            }
            let millis = at.nanos() / 1_000_000;
            times.entry(identity.flow).or_default().push(millis);
        }
    }
    order.iter().map(|flow| times[flow].clone()).collect()
}

/// A dead link, and one message to send.
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
    assert!(syns.len() > 7, "{profile}: seven attempts, and seven again");
    for pair in syns[..7].windows(2) {
        let begin = pair[0][0];
        let offsets: Vec<u64> = pair[0].iter().map(|at| (at - begin + 50) / 1_000).collect();
        assert_eq!(offsets, expected, "{profile}");
        // NT's TCP checks its timers every 100 ms; the driver retries at once.
        let next = pair[1][0] - begin;
        assert!(
            (fails_at * 1_000..fails_at * 1_000 + 150).contains(&next),
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

/// Data sent into a dead link is repeated five times, each wait twice the one before, and the
/// connection is given up after 63 times the first (Q140552).
#[test]
fn five_data_retransmissions_take_63_times_the_first_wait() {
    // The first message opens the association; the link is cut while it idles.
    let settings = [
        "host.PARIS.tcp=nt4",
        "link.wan.loss=none",
        "connector.paris-lyon.lifetime=2h",
        "workload.mail={ connector = \"paris-lyon\", at = [\"10s\", \"600s\"], size = 100 }",
        "fault.dead.cut={ link = \"wan\", silent = true }",
        "fault.dead.window=[\"300s\", \"1h\"]",
        "duration=1h",
    ];
    let outcome = run_with_records(&pair(&settings), 1);
    assert_eq!(outcome.messages.acknowledged, 1);
    let mut times: Vec<u64> = Vec::new();
    let mut broken = None;
    for JournalEntry { at, record } in &outcome.records {
        let millis = at.nanos() / 1_000_000;
        // A retransmission may hold more than the first segment: times count, not packets.
        if let Record::PacketSent(_, _, PacketSummary::Tcp { length: 1.., .. }) = record
            && millis >= 600_000
            && times.last().is_none_or(|last| millis - last > 50)
        {
            times.push(millis);
        }
        if let Record::Mta(_, _, written) = record
            && format!("{written:?}").contains("EndedAbnormally")
        {
            broken = broken.or(Some(millis));
        }
    }
    let broken = broken.expect("the association breaks");
    times.retain(|time| *time < broken);
    assert_eq!(
        times.len(),
        6,
        "sent once and repeated five times: {times:?}"
    );
    // The 100 ms granularity of TCP's timers affects the first wait most.
    let first_wait = (times[5] - times[4]) / 16;
    for (number, pair) in times.windows(2).enumerate() {
        let wait = pair[1] - pair[0];
        assert!(
            wait.abs_diff(first_wait << number) <= 100,
            "wait {number} of {times:?}"
        );
    }
    let lasted = broken - times[0];
    assert!(
        lasted.abs_diff(63 * first_wait) <= 200,
        "given up after {lasted} ms, 63 times {first_wait} ms"
    );
}
