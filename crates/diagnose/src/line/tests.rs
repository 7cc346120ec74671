//! Tests of line parsing.

use super::*;

fn form(text: &str) -> Option<LineForm> {
    parse(text.as_bytes(), true).map(|line| line.form)
}

/// Every form of Q303102, with its own numbers.
#[test]
fn every_form_of_the_article_is_read() {
    let cases = [
        (
            "(001) CB 18 (instance 21) allocated",
            LineForm::Allocated(18, 21),
        ),
        (
            "(001) Use thread cb 0 for Winsock cb 18",
            LineForm::UseThread(18),
        ),
        ("(001) Message type 1 for cb 18", LineForm::Message(1, 18)),
        (
            "(008) Socket 13020 created on cb 18",
            LineForm::SocketCreated(18),
        ),
        (
            "(008) Ac/Cl/Cn events for cb 18, socket 13020, handle 12636",
            LineForm::ConnectEvents(18),
        ),
        (
            "(008) WSAAccept OK, 0 events on new socket 11340 on cb 2",
            LineForm::Accepted(2),
        ),
        ("(008) Wait for cb 2, handle 10848", LineForm::WaitFor(2)),
        ("(001) Message type 243 for cb 2", LineForm::Message(243, 2)),
        (
            "(008) R/W/Cl events on cb 2, handle 10848",
            LineForm::DataEvents(2),
        ),
        (
            "(008) Events 3 notified for cb 2 using handle 10848",
            LineForm::Notified(2),
        ),
        (
            "(008) Receive header for cb 2 at offset 0",
            LineForm::ReceiveHeader(2),
        ),
        (
            "(008) Header done, TPKT data length 14 bytes",
            LineForm::NoBlock,
        ),
        ("(008) WSARecv on cb 2, offset 24", LineForm::ReceiveBody(2)),
        ("(008) WSARecv returned 14 bytes", LineForm::NoBlock),
        ("(008) Entire TPKT received", LineForm::EntireTpkt),
        ("(008) ioctlsocket returned 0, cb 2", LineForm::Readable(2)),
        ("(008) No more data", LineForm::NoBlock),
        (
            "(008) Issue Disconnect for cb 2",
            LineForm::IssueDisconnect(2),
        ),
        (
            "(008) close socket 11340 on cb 2, handle 10848",
            LineForm::CloseSocket(2, true),
        ),
        ("(007) Message type 2 for cb 2", LineForm::Message(2, 2)),
        (
            "(008) close socket -1 on cb 2, handle 0",
            LineForm::CloseSocket(2, false),
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(form(text), Some(wanted), "{text}");
        let thread = text[1..4].parse().expect("three digits");
        let stamped = format!("  [2001-06-06 15:36:27] {text}\t");
        let line = parse(stamped.as_bytes(), true).expect("it is the same line");
        assert_eq!((line.thread, line.form), (thread, wanted));
        assert!(line.at.is_some());
    }
}

#[test]
fn other_text_is_not_a_line_of_unknown_form() {
    for text in [
        "",
        "No more data",
        "8) No more data",
        "(8",
        "(x) No",
        "(1000) No more data",
    ] {
        assert_eq!(form(text), None, "{text}");
    }
    for text in [
        "(008) ",
        "(008) select() failed",
        "(008) Wait for cb ",
        "(008) Wait for cb 2000, handle 4",
        "(008) Message type 99999999999 for cb 1",
        "(008) CB 3 (instance 4) freed",
    ] {
        let wanted = if text == "(008) " {
            None
        } else {
            Some(LineForm::Unknown)
        };
        assert_eq!(form(text), wanted, "{text}");
    }
}

/// A collector may put anything in front; only lines whose form is known are taken then.
#[test]
fn what_is_in_front_of_a_line_is_left_out() {
    let read = |text: &str| parse(text.as_bytes(), true).map(|it| (it.at.is_some(), it.form));
    for text in [
        "991841787.250 (008) No more data",
        "Winsock.log:12:(008) No more data",
        "20010606 153627 | (008) No more data",
    ] {
        assert_eq!(read(text), Some((false, LineForm::NoBlock)), "{text}");
        let line = parse(text.as_bytes(), true).expect(text);
        assert!(line.has_unread_prefix, "{text}");
    }
    let quoted = "\"2001-06-06 15:36:27\",\"(008) Wait for cb 2, handle 4\"";
    assert_eq!(read(quoted), Some((true, LineForm::WaitFor(2))));
    assert_eq!(read("the thread (008) waits"), None);
}

/// A log that is copied while it is written ends anywhere.
#[test]
fn a_number_that_may_have_lost_digits_is_not_read() {
    let cut = |text: &str| parse(text.as_bytes(), false).map(|line| line.form);
    assert_eq!(
        cut("(007) Message type 2 for cb 1"),
        Some(LineForm::Unknown)
    );
    assert_eq!(
        cut("(008) Socket 13020 created on cb 1"),
        Some(LineForm::Unknown)
    );
    assert_eq!(
        cut("(008) Wait for cb 2, handle 1"),
        Some(LineForm::WaitFor(2))
    );
    assert_eq!(
        cut("(008) close socket -1 on cb 2, handle 0"),
        Some(LineForm::CloseSocket(2, false))
    );
    assert_eq!(
        cut("(001) CB 18 (instance 21) allocated"),
        Some(LineForm::Allocated(18, 21))
    );
    assert_eq!(cut("(008) No more dat"), Some(LineForm::Unknown));
}

/// A damaged number is no other number, and a damaged line may be about any block.
#[test]
fn a_line_of_an_unknown_form_says_which_blocks_it_may_be_about() {
    for (text, about) in [
        ("(008) Wait for cb 1O, handle 52", AboutBlocks::Any),
        ("(008) close socket 61 on", AboutBlocks::Any),
        ("(008) \u{1}\u{2}", AboutBlocks::Any),
        ("(008) WSASend returned 0 on cb 3", AboutBlocks::One(3)),
        ("(008) Select returned 3", AboutBlocks::None),
    ] {
        let read = parse(text.as_bytes(), true).expect("a thread wrote it");
        assert_eq!(
            (read.form, read.about),
            (LineForm::Unknown, about),
            "{text}"
        );
    }
    // The log ends before a line that is cut off.
    let cut = parse(b"(008) close socket 61 on", false).expect("a thread wrote it");
    assert_eq!(cut.about, AboutBlocks::None);
}
