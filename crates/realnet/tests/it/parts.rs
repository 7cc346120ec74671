//! The simulated side, and the measures, where the answer is known.

use kernel::Duration;
use mtasim_realnet::case::LinkCase;
use mtasim_realnet::simulated::{self, transfer};

/// 345 segments of 1,448 octets with 52 octets of headers at 2 Mbit/s, a handshake and the delay back.
#[test]
fn a_clean_transfer_takes_the_time_of_its_bits() {
    let it = transfer(LinkCase::Clean, 1, &simulated::profile());
    let connected = it.connected.expect("nothing is lost");
    assert!(
        connected >= Duration::from_millis(90) && connected < Duration::from_millis(92),
        "{connected}"
    );
    let finished = it.finished.expect("nothing is lost");
    let least = Duration::from_millis(90 + 90 + 2_072);
    assert!(
        finished > least && finished < Duration::from_millis(2_700),
        "{finished}"
    );
    assert_eq!((it.retransmissions, it.timeouts.len()), (0, 0));
}

#[test]
fn losses_are_retransmitted() {
    let all = (0..10).map(|seed| transfer(LinkCase::OnePercent, seed, &simulated::profile()));
    let retransmissions: u32 = all.map(|it| it.retransmissions).sum();
    // 3,450 segments, of which one in a hundred is lost; a timeout sends more again.
    assert!((20..200).contains(&retransmissions), "{retransmissions}");
}

/// 1 + 2 + 4 + 8 + 16 + 32 + 64 s.
#[test]
fn a_connect_that_nobody_answers_fails_after_127_s() {
    let it = transfer(LinkCase::NobodyThere, 1, &simulated::profile());
    assert_eq!(it.aborted, Some(Duration::from_secs(127)));
    assert_eq!((it.repeated_syns, it.connected), (6, None));
}

/// Each timeout is twice the one before. 8 retransmissions stand for 102.2 s after the first (ip-sysctl,
/// `tcp_retries2`).
#[test]
fn a_silent_line_doubles_the_timeout_until_the_connection_fails() {
    let it = transfer(LinkCase::Silent, 1, &simulated::profile());
    let nanos = |it: Duration| it.nanos();
    let timeouts: Vec<u64> = it.timeouts.iter().copied().map(nanos).collect();
    for pair in timeouts[1..].windows(2) {
        assert_eq!(pair[1], 2 * pair[0], "{it:?}");
    }
    let after_first: u64 = timeouts[1..].iter().sum::<u64>();
    let last = 2 * timeouts.last().expect("some");
    assert!(
        after_first < 102_200_000_000 && after_first + last >= 102_200_000_000,
        "{it:?}"
    );
    let aborted = it.aborted.map(nanos).expect("within four minutes");
    assert!(aborted > 1_000_000_000 + after_first + last, "{it:?}");
}

#[test]
fn a_transfer_is_a_function_of_case_and_seed() {
    let once = |seed| transfer(LinkCase::Outages3, seed, &simulated::profile());
    assert_eq!(once(3), once(3));
    assert!((0..10).any(|seed| once(seed) != once(3)));
}
