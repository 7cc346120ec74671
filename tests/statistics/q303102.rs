//! Article Q303102, sentence by sentence: each test holds one row of the table in docs/model.md.

#![expect(
    clippy::print_stdout,
    reason = "prints the shares that docs/model.md gives"
)]

use config::plan::ViolationKind;
use kernel::{Duration, Instant, JournalEntry};
use logs::winsock_log;
use mta::{BlockState, EventEntry, Fact, Record as MtaRecord, SocketFunction, Stimulus};
use mtasim::winsock::SocketError;
use simulation::Outcome;
use simulation::outcome::Violation;
use simulation::record::Record;

use super::{leaks_of, read, run, run_with_records};

const LEAK: &str = include_str!("../../sims/casebook/q303102-cb-leak.toml");
const FIXED: &str = include_str!("../../sims/casebook/q303102-fixed.toml");
const CLOSES: &str = include_str!("../../sims/canary/late-close-5.5.toml");
const CROSSED: &str = include_str!("../../sims/canary/crossed-closes-5.5.toml");

/// The link of the article's normal sample.
const LAN: &str = r#"
title = "A local network"
why = "The normal sample of Q303102"
duration = "1h"
[host.PARIS]
build = "5.5.2653.23"
[host.LYON]
build = "5.5.2653.23"
[link.lan]
between = ["PARIS", "LYON"]
delay = "500us"
bandwidth = "10 Mbit/s"
[connector.paris-lyon]
from = "PARIS"
to = "LYON"
lifetime = "15s"
[workload.mail]
connector = "paris-lyon"
poisson = { mean = "60s" }
size = "4 KiB"
"#;

const RESTART: Instant = Instant::from_nanos(9 * 3_600 * 1_000_000_000);

/// A line of Winsock.log with `#` for each number, but for thread numbers, message types and -1.
fn form(line: &str) -> String {
    let (thread, rest) = line.split_at(6);
    let kept = [
        "Message type 1 ",
        "Message type 2 ",
        "Message type 243 ",
        "Events 3 ",
    ];
    let kept = kept
        .into_iter()
        .find(|it| rest.starts_with(it))
        .unwrap_or("");
    let mut form = format!("{thread}{kept}");
    for word in rest[kept.len()..].split_inclusive([' ', ',', ')']) {
        let number = word.trim_end_matches([' ', ',', ')']);
        match !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()) {
            true => form += &format!("#{}", &word[number.len()..]),
            false => form += word,
        }
    }
    form
}

fn lines(outcome: &Outcome, host: &str) -> Vec<String> {
    let host = outcome.host_named(host).expect("it is in the scenario");
    winsock_log::lines(outcome, host)
        .map(|(_, line)| line.to_string())
        .collect()
}

fn leaks_in(outcome: &Outcome) -> impl Iterator<Item = &Violation> {
    let violations = outcome.violations.iter();
    violations.filter(|it| it.kind == ViolationKind::ControlBlockLeak)
}

/// "(001) CB 18 (instance 21) allocated", four more lines, and no other about this block.
#[test]
fn the_log_of_a_leaked_block_is_the_failing_sample() {
    let sample = [
        "(001) CB # (instance #) allocated",
        "(001) Use thread cb # for Winsock cb #",
        "(001) Message type 1 for cb #",
        "(008) Socket # created on cb #",
        "(008) Ac/Cl/Cn events for cb #, socket #, handle #",
    ];
    let mut seen = 0;
    for seed in 1..=5 {
        let outcome = run_with_records(&read(LEAK, &[]), seed);
        let host = outcome.host_named("PARIS").expect("it is in the scenario");
        for leak in leaks_in(&outcome) {
            let block = leak.block.expect("a leak names its block");
            let life = winsock_log::life(&outcome, host, block, leak.at);
            let life: Vec<String> = life.iter().map(|it| form(&it.to_string())).collect();
            assert_eq!(life, sample, "seed {seed}, {block}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} leaks");
}

/// "<additional logging entries will continue but the CB will not be returned to use>": other blocks' lines
/// follow, but for the last leaks before the restart or the end.
#[test]
fn the_log_goes_on_without_the_leaked_block() {
    let (mut followed, mut all) = (0, 0);
    for seed in 1..=5 {
        let outcome = run_with_records(&read(LEAK, &[]), seed);
        let host = outcome.host_named("PARIS").expect("it is in the scenario");
        for leak in leaks_in(&outcome) {
            let leaked = leak.block.expect("a leak names its block").index;
            let ends = if leak.at < RESTART {
                RESTART
            } else {
                Instant::MAX
            };
            let mut later = winsock_log::lines(&outcome, host)
                .filter(|(at, _)| (leak.at..ends).contains(at))
                .filter_map(|(_, line)| winsock_log::block(line.line))
                .peekable();
            all += 1;
            followed += u32::from(later.peek().is_some());
            assert!(later.all(|it| it != leaked), "seed {seed}, block {leaked}");
        }
    }
    println!("{followed} of {all} leaks are followed by lines of other blocks");
    assert!(followed * 10 > all * 9, "{followed} of {all}");
}

/// "The MTA may not release Winsock Control Blocks when a connection timeout occurs before the close
/// request is received from the transport layer to WinSock": each block leaks whose session timed out while
/// connect() was tried. Where connect() has failed before, the transport's answer releases the block. Both
/// are common.
#[test]
fn a_block_leaks_if_the_timeout_comes_first_and_not_otherwise() {
    let (mut timeout_first, mut failure_first) = (0, 0);
    for seed in 1..=20 {
        let outcome = run(&read(LEAK, &[]), seed);
        let found = |state, stimulus| outcome.coverage.of(Some(state), stimulus);
        let timeouts = found(BlockState::Connecting, Stimulus::SessionTimeout);
        // The request arrives at WinSock's entry, and is dropped there.
        assert_eq!(
            found(BlockState::OutOfService, Stimulus::CloseRequest),
            timeouts
        );
        assert_eq!(found(BlockState::OutOfService, Stimulus::CloseMessage), 0);
        assert_eq!(leaks_of(&outcome), timeouts, "seed {seed}");
        timeout_first += timeouts;
        failure_first += found(BlockState::Connecting, Stimulus::Disconnect);
    }
    let share = timeout_first as f64 / (timeout_first + failure_first) as f64;
    println!(
        "timeout first: {timeout_first}, failure of connect() first: {failure_first}, {share:.2}"
    );
    assert!((0.3..0.8).contains(&share), "{share}");
}

/// The same in reading A and B with two runs that differ in one second without processor time.
#[test]
fn the_order_alone_decides() {
    // Reading A: one attempt fails at 75.1 s. The session's timer expires at 75 s, unless MAIN BASE
    // hears of it only after the driver's failure.
    let one_attempt = [
        "host.PARIS.connect_attempts=1",
        "connector.paris-lyon.session_disconnect=45s",
        "expect={}",
    ];
    let late = [
        "fault={ busy = { stall = { host = \"PARIS\", thread = \"MAIN BASE\", for = \"1s\" }, at = \"74500ms\" } }",
    ];
    let in_time = read(CLOSES, &one_attempt);
    let too_late = read(CLOSES, &[one_attempt.as_slice(), &late].concat());
    assert_eq!(leaks_of(&run(&in_time, 1)), 1);
    assert_eq!(leaks_of(&run(&too_late, 1)), 0);
    // Reading B: the request crosses the driver's indication only if the transport is busy.
    assert_eq!(leaks_of(&run(&read(CROSSED, &[]), 1)), 1);
    assert_eq!(
        leaks_of(&run(&read(CROSSED, &["fault={}", "expect={}"]), 1)),
        0
    );
}

/// "The problem is a timing issue caused by disruptions to network communications."
#[test]
fn without_disruptions_nothing_leaks() {
    for seed in 1..=5 {
        let outcome = run(&read(LEAK, &["link.wan.loss=none", "expect={}"]), seed);
        assert_eq!(outcome.violations, [], "seed {seed}");
    }
}

/// "... continues to allocate WinSock Control Blocks until all available Control Blocks are
/// allocated", and "restarting the MTA clears any Control Blocks in use or waiting".
#[test]
fn all_blocks_are_allocated_and_a_restart_clears_them() {
    let (mut exhausted, mut recovered) = (0, 0);
    const SEEDS: u64 = 40;
    for seed in 1..=SEEDS {
        let outcome = run_with_records(&read(LEAK, &[]), seed);
        let mut violations = outcome.violations.iter();
        exhausted +=
            u64::from(violations.any(|it| it.kind == ViolationKind::ControlBlockExhaustion));
        recovered += u64::from(opens_after(&outcome, RESTART));
    }
    println!("exhausted: {exhausted}, outgoing calls after the restart: {recovered} of {SEEDS}");
    assert!(exhausted >= SEEDS / 2, "{exhausted} of {SEEDS}");
    assert!(recovered >= SEEDS * 95 / 100, "{recovered} of {SEEDS}");
}

/// Whether PARIS, which is never called, opens an association after `from`.
fn opens_after(outcome: &Outcome, from: Instant) -> bool {
    let paris = outcome.host_named("PARIS").expect("it is in the scenario");
    outcome.records.iter().any(|JournalEntry { at, record }| {
        let is_open = matches!(record, Record::Mta(host, _, MtaRecord::Fact(Fact::AssociationOpened(_))) if *host == paris);
        is_open && *at > from
    })
}

/// Events 9215, socket error 0, and 9214, 10057, on one block in one second "will occur when the above
/// problem exists (but can also happen when this problem does not occur)".
#[test]
fn the_pair_of_events_appears_with_and_without_the_leak() {
    let mut with_pair = [0, 0];
    const SEEDS: u64 = 10;
    for seed in 1..=SEEDS {
        for (text, with_pair) in [LEAK, FIXED].into_iter().zip(&mut with_pair) {
            let outcome = run_with_records(&read(text, &[]), seed);
            assert_eq!(leaks_of(&outcome) > 0, text == LEAK, "seed {seed}");
            *with_pair += u64::from(has_pair(&outcome));
        }
    }
    println!("runs with the pair, leaking and fixed: {with_pair:?} of {SEEDS}");
    assert!(
        with_pair.iter().all(|it| *it >= SEEDS * 9 / 10),
        "{with_pair:?}"
    );
}

fn has_pair(outcome: &Outcome) -> bool {
    let mut failed = None;
    outcome.records.iter().any(|JournalEntry { at, record }| {
        let Record::Mta(host, _, MtaRecord::Event(EventEntry::Sockets(function, error, block))) =
            record
        else {
            return false;
        };
        match (function, error) {
            (SocketFunction::ConnectEvent, None) => {
                failed = Some((*host, *block, *at));
                false
            }
            (SocketFunction::CloseSocket, Some(SocketError::NotConnected)) => {
                failed.is_some_and(|(on, of, before)| {
                    (on, of) == (*host, *block) && *at <= before + Duration::from_secs(1)
                })
            }
            _ => false,
        }
    })
}

/// The normal sample of the article, from the accepted call to the first TPDU.
#[test]
fn an_accepted_call_on_a_local_network_is_the_normal_sample() {
    let sample = "\
(008) CB # (instance #) allocated
(008) WSAAccept OK, # events on new socket # on cb #
(008) Ac/Cl/Cn events for cb #, socket #, handle #
(008) Use thread cb # for Winsock cb #
(008) Wait for cb #, handle #
(008) Wait for cb #, handle #
(001) Message type 1 for cb #
(001) Message type 243 for cb #
(008) R/W/Cl events on cb #, handle #
(008) Wait for cb #, handle #
(008) Wait for cb #, handle #
(008) Events 3 notified for cb # using handle #
(008) Receive header for cb # at offset #
(008) Header done, TPKT data length # bytes
(008) WSARecv on cb #, offset #
(008) WSARecv returned # bytes
(008) Entire TPKT received
(008) ioctlsocket returned #, cb #
(008) No more data
";
    most_common(sample, "(008) CB # (instance #) allocated");
}

/// The normal sample of the article, "later in the log".
#[test]
fn a_release_on_a_local_network_is_the_normal_sample() {
    let sample = "\
(008) Issue Disconnect for cb #
(008) close socket # on cb #, handle #
(008) Wait for cb #, handle #
(007) Message type 2 for cb #
(008) close socket -1 on cb #, handle #
";
    most_common(sample, "(008) Issue Disconnect for cb #");
}

/// More than half of the places in LYON's log that begin with `first` go on as `sample`. The sample
/// of the article has one more block in use, so it has one more `Wait for cb` line.
fn most_common(sample: &str, first: &str) {
    let sample: Vec<&str> = sample.lines().collect();
    let (mut same, mut all) = (0, 0);
    for seed in 1..=5 {
        let outcome = run_with_records(&read(LAN, &[]), seed);
        let forms: Vec<String> = lines(&outcome, "LYON").iter().map(|it| form(it)).collect();
        let starts = (0..forms.len()).filter(|at| forms[*at] == first);
        for start in starts {
            all += 1;
            same += u64::from(forms[start..].iter().take(sample.len()).eq(sample.iter()));
        }
    }
    println!("{same} of {all}");
    assert!(all > 50 && same * 2 > all, "{same} of {all}");
}

/// The fix: 5.5.2655.16. The campaign of `clean_runs` has 10,000 seeds.
#[test]
fn the_fix_releases_every_block() {
    for seed in 1..=10 {
        let outcome = run(&read(FIXED, &[]), seed);
        assert_eq!(outcome.violations, [], "seed {seed}");
        let late = outcome
            .coverage
            .of(Some(BlockState::OutOfService), Stimulus::CloseMessage);
        assert!(late > 0, "seed {seed}: no close request came late");
    }
}
