//! Statements of each kind, and the message for each that cannot be read.

use tcp::Flags;

use super::parse;
use crate::script::{Base, ScriptStep, TcpOption, Time};

fn only(text: &str) -> crate::script::Statement {
    let script = parse(text).expect("the text is a statement");
    assert_eq!(script.statements.len(), 1);
    script.statements[0].clone()
}

fn relative(from: u64) -> Time {
    Time {
        base: Base::Previous,
        from,
        to: None,
        end: None,
    }
}

#[test]
fn a_segment_is_read_with_its_numbers_and_options() {
    let statement =
        only("\n+0.25 > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 6,TS val 7 ecr 3>");
    assert_eq!(statement.line, 2);
    assert_eq!(statement.time, relative(250_000));
    let ScriptStep::Outbound(packet) = statement.step else {
        panic!("not a segment: {statement:?}");
    };
    assert_eq!(packet.flags, Flags::SYN | Flags::ACK);
    assert_eq!((packet.sequence, packet.length), (Some(0), 0));
    assert_eq!(
        (packet.acknowledgment, packet.window),
        (Some(1), Some(65_535))
    );
    let timestamps = TcpOption::Timestamps { value: 7, echo: 3 };
    let options = packet.options.expect("the options are given");
    assert!(options.contains(&timestamps) && options.contains(&TcpOption::WindowScale(6)));
}

#[test]
fn times_are_absolute_relative_any_or_ranges() {
    let time = |text: &str| only(&format!("{text} close(3) = 0")).time;
    assert_eq!(time("+.5"), relative(500_000));
    assert_eq!(time("*").base, Base::Any);
    assert_eq!(time("1").base, Base::Start);
    assert_eq!(time("1.00...6.00").end, Some(6_000_000));
    assert_eq!(time("+1~+2.5").to, Some(2_500_000));
}

#[test]
fn a_call_is_read_with_nested_arguments_and_its_error() {
    let ScriptStep::Call(call) =
        only("+0 connect(3, ..., [1, 2]) = -1 EINPROGRESS (in progress)").step
    else {
        panic!("not a call");
    };
    assert_eq!(call.arguments, ["3", "...", "[1, 2]"]);
    assert_eq!(
        (call.result, call.error.as_deref()),
        (Some(-1), Some("EINPROGRESS"))
    );
}

#[test]
fn an_icmp_message_names_its_code_mtu_and_segment() {
    let ScriptStep::Icmp(icmp) = only("+0 < icmp unreachable frag_needed mtu 1234 [5:6(1)]").step
    else {
        panic!("not an ICMP message");
    };
    assert_eq!(
        (icmp.kind.as_str(), icmp.code.as_str()),
        ("unreachable", "frag_needed")
    );
    assert_eq!((icmp.mtu, icmp.sequence), (Some(1234), Some(5)));
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_line() {
    let message = |text: &str| parse(text).expect_err("no statement").to_string();
    for (text, expected) in [
        ("\nhello", "line 2: expected a time, such as +0.10"),
        (
            "+0 < S 0:0",
            "line 1: a segment's numbers are `first:end(length)`",
        ),
        ("+0 > X 0:0(0)", "line 1: no control bit has the letter `X`"),
        (
            "+0 < S 0:0(0) win 65536",
            "line 1: the window exceeds 65535",
        ),
        (
            "+0 < S 0:0(0) <mss x>",
            "line 1: the option `mss x` cannot be read",
        ),
        ("+0 close(3", "line 1: the arguments of a call have no end"),
        ("+0 close(3) 0", "line 1: a call has no result"),
        ("+0 `sleep", "line 1: a command has no end"),
        ("+0 %{ assert", "line 1: code has no end"),
        (
            "+99999999999999999 close(3) = 0",
            "line 1: the time is too large",
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}
