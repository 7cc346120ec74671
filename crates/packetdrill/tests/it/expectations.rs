//! The interpreter itself: what a script expects is compared, and the first difference is shown.

use packetdrill::{ScriptVerdict, parse, run};
use winsock::Config;

const OPEN: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0.1 < S 0:0(0) win 32767 <mss 1460>
+0 > S. 0:0(0) ack 1 <mss 1460>
+0.1 < . 1:1(0) ack 1 win 32767
+0 accept(3, ..., ...) = 4
";

fn verdict(tail: &str) -> ScriptVerdict {
    let script = parse(&format!("{OPEN}{tail}")).expect("a script");
    run(&script, &Config::linux(1)).verdict
}

/// The difference as a user sees it.
fn difference(tail: &str) -> String {
    match verdict(tail) {
        ScriptVerdict::Deviates(difference) => difference.to_string(),
        other @ (ScriptVerdict::Passes | ScriptVerdict::NotApplicable(_)) => {
            panic!("{tail}: {other:?}")
        }
    }
}

#[test]
fn each_part_of_a_segment_is_compared() {
    let text = "+0.1 < P. 1:5(4) ack 1 win 32767\n";
    // Linux delays the acknowledgment of a single segment by 40 ms.
    assert_eq!(
        verdict(&format!("{text}+.04 > . 1:1(0) ack 5 win 65531")),
        ScriptVerdict::Passes
    );
    for wrong in [
        "+.04 > F. 1:1(0) ack 5",
        "+.04 > . 2:2(0) ack 5",
        "+.04 > . 1:2(1) ack 5",
        "+.04 > . 1:1(0) ack 4",
        "+.04 > . 1:1(0) ack 5 win 1",
        "+.04 > . 1:1(0) ack 5 <mss 1460>",
    ] {
        assert!(
            difference(&format!("{text}{wrong}")).contains("got      . 1:1(0) ack 5 win 65531")
        );
    }
}

#[test]
fn the_first_difference_is_shown_with_its_line() {
    assert_eq!(
        difference("+0.1 < P. 1:5(4) ack 1 win 32767\n+0.3 > . 1:1(0) ack 5"),
        "line 9: +0.3 > . 1:1(0) ack 5\n  expected at 0.600 s\n  got      at 0.340 s"
    );
    assert_eq!(
        difference("+0.1 > F. 1:1(0) ack 1"),
        "line 8: +0.1 > F. 1:1(0) ack 1\n  expected a segment\n  got      no segment by 0.325 s"
    );
    assert_eq!(
        difference("+0.1 read(4, ..., 10) = 3"),
        "line 8: +0.1 read(4, ..., 10) = 3\n  expected 3\n  got      10035 (WSAEWOULDBLOCK)"
    );
    assert_eq!(
        difference("+0.1 < R 1:1(0) win 0\n+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"),
        "line 9: +0 getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n  expected [0]\n  \
         got      [WSAECONNRESET]"
    );
    assert_eq!(
        difference("+0 %{ assert tcpi_state == TCPI_CLOSE_WAIT }%"),
        "line 8: +0 %{ assert tcpi_state == TCPI_CLOSE_WAIT }%\n  expected TCPI_CLOSE_WAIT\n  \
         got      TCPI_ESTABLISHED"
    );
    assert_eq!(
        difference("+0 `sockstat -4 -P tcp -s | grep -c TIME_WAIT | grep 1`"),
        "line 8: +0 `sockstat -4 -P tcp -s | grep -c TIME_WAIT | grep 1`\n  \
         expected 1 in TIME_WAIT\n  got      0; connections: [Established]"
    );
}

#[test]
fn an_unexpected_segment_is_found_at_the_next_that_is_expected() {
    let shown =
        difference("+0.1 < S 9:9(0) win 9\n+0.1 write(4, ..., 3) = 3\n+0 > P. 1:4(3) ack 1");
    assert!(
        shown.ends_with("got      . 1:1(0) ack 1 win 65535"),
        "{shown}"
    );
}

#[test]
fn a_call_that_blocks_returns_when_the_script_says() {
    let read = "0.3...0.5 read(4, ..., 10) = 4\n0.5 < P. 1:5(4) ack 1 win 32767";
    assert_eq!(verdict(read), ScriptVerdict::Passes);
    let late =
        "0.3...0.4 read(4, ..., 10) = 4\n0.5 < P. 1:5(4) ack 1 win 32767\n*  > . 1:1(0) ack 5";
    let shown = difference(late);
    assert!(shown.contains("expected a return at 0.400 s"), "{shown}");
    let never = difference("0.3...0.4 read(4, ..., 10) = 4");
    assert!(
        never.ends_with("got      a call that still blocks"),
        "{never}"
    );
}

#[test]
fn what_the_simulator_does_not_have_is_named() {
    for (statement, feature) in [
        (
            "+0 > (tos 0x10) . 1:1(0) ack 1",
            "type of service or time to live",
        ),
        ("+0 < SEW 0:0(0) win 9", "ECN"),
        (
            "+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0",
            "the option TCP_CORK",
        ),
        ("+0 shutdown(4, SHUT_RD) = 0", "shutdown SHUT_RD"),
        ("+0 splice(4, NULL, 5, NULL, 9, 0) = 9", "the call splice"),
        ("+0 recv(4, ..., 9, MSG_PEEK) = 9", "recv with MSG_PEEK"),
        ("+0 `tc qdisc add`", "the command tc"),
        ("+0 %{ assert tcpi_rtt == 7 }%", "assertions about tcp_info"),
        ("+0 < . 1:1(0) ack 1 win 9 <md5 valid>", "option md5"),
    ] {
        assert_eq!(
            verdict(statement),
            ScriptVerdict::NotApplicable(feature.to_owned())
        );
    }
}
