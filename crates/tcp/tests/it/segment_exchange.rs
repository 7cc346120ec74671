//! The exchanges of RFC 9293 segment by segment: each check of SEGMENT ARRIVES and each user call.

use super::exchange::{ACK, Exchange, NOW, segment};
use tcp::{
    Connection, Event, Flags, Profile, ReceiveError, Segment, SendError, SeqNum, State, reset_for,
};

/// Figure 7.
#[test]
fn simultaneous_open() {
    let mut exchange = Exchange::syn_sent();
    exchange.receives(Flags::SYN, 300, 0, "");
    exchange.is_in(State::SynReceived);
    exchange.sends(Flags::SYN | ACK, 100, 301, "");
    exchange.receives(Flags::SYN | ACK, 300, 101, "");
    exchange.is_in(State::Established);
    exchange.reports(&[Event::Connected]);
}

/// Figure 8.
#[test]
fn the_reset_of_an_old_duplicate_syn_ends_the_connection() {
    let syn = Segment {
        source_port: 102,
        ..segment(Flags::SYN, 90, 0, "")
    };
    let mut exchange = Exchange(Connection::accept(
        Profile::nt4(),
        &syn,
        SeqNum::new(100),
        NOW,
    ));
    exchange.sends(Flags::SYN | ACK, 100, 91, "");
    exchange.receives(Flags::RST, 91, 0, "");
    exchange.is_in(State::Closed);
    exchange.reports(&[Event::Reset, Event::Closed]);
}

/// Figure 9: a half-open connection answers a SYN with the number it expects.
#[test]
fn a_syn_on_an_established_connection_is_challenged() {
    let mut exchange = Exchange::established();
    exchange.receives(Flags::SYN, 90_000, 0, "");
    exchange.sends(ACK, 101, 301, "");
    exchange.is_in(State::Established);
}

#[test]
fn a_retransmitted_syn_is_answered_with_the_syn_ack_again() {
    let syn = segment(Flags::SYN, 300, 0, "");
    let mut connection = Connection::accept(Profile::nt4(), &syn, SeqNum::new(100), NOW);
    let first = connection.poll_transmit(NOW).expect("a SYN-ACK");
    connection.on_segment(NOW, syn);
    let again = connection.poll_transmit(NOW).expect("a SYN-ACK again");
    assert_eq!(first.segment, again.segment);
    assert_eq!((first.attempt, again.attempt), (0, 1));
}

#[test]
fn an_unacceptable_acknowledgment_in_the_handshake_is_reset() {
    let mut exchange = Exchange::syn_sent();
    exchange.receives(Flags::SYN | ACK, 300, 900, "");
    exchange.sends(Flags::RST, 900, 0, "");
    exchange.is_in(State::SynSent);
    exchange.receives(Flags::RST | ACK, 0, 900, "");
    exchange.is_silent();
    exchange.is_in(State::SynSent);
}

/// Figure 12, with text from the peer after our FIN.
#[test]
fn half_close() {
    let mut exchange = Exchange::established();
    assert_eq!(exchange.0.send(NOW, b"bye"), Ok(3));
    exchange.0.close(NOW);
    exchange.is_in(State::FinWait1);
    exchange.sends(Flags::FIN | ACK, 101, 301, "bye");
    exchange.receives(ACK, 301, 105, "");
    exchange.is_in(State::FinWait2);
    exchange.receives(ACK, 301, 105, "later");
    exchange.reads("later");
    exchange.receives(Flags::FIN | ACK, 306, 105, "");
    exchange.sends(ACK, 105, 307, "");
    exchange.is_in(State::TimeWait);
    exchange.reads("");
    exchange.reports(&[Event::Readable, Event::PeerClosed]);
    exchange.receives(Flags::FIN | ACK, 306, 105, "");
    exchange.sends(ACK, 105, 307, "");
}

/// Figure 13.
#[test]
fn simultaneous_close() {
    let mut exchange = Exchange::established();
    exchange.0.close(NOW);
    exchange.sends(Flags::FIN | ACK, 101, 301, "");
    exchange.receives(Flags::FIN | ACK, 301, 101, "");
    exchange.is_in(State::Closing);
    exchange.sends(ACK, 102, 302, "");
    exchange.receives(ACK, 302, 102, "");
    exchange.is_in(State::TimeWait);
}

#[test]
fn the_side_that_closes_second_is_closed_by_the_last_acknowledgment() {
    let mut exchange = Exchange::established();
    exchange.receives(Flags::FIN | ACK, 301, 101, "over");
    exchange.sends(ACK, 101, 306, "");
    exchange.is_in(State::CloseWait);
    assert_eq!(exchange.0.send(NOW, b"out"), Ok(3));
    exchange.sends(ACK, 101, 306, "out");
    exchange.0.close(NOW);
    exchange.is_in(State::LastAck);
    exchange.sends(Flags::FIN | ACK, 104, 306, "");
    exchange.receives(ACK, 306, 105, "");
    exchange.is_in(State::Closed);
    exchange.reports(
        &[
            Event::Connected,
            Event::Readable,
            Event::PeerClosed,
            Event::Closed,
        ][1..],
    );
    exchange.reads("over");
    exchange.reads("");
    assert_eq!(exchange.0.send(NOW, b"more"), Err(SendError::Closing));
    assert_eq!(exchange.0.poll_timeout(), None, "no timer runs in CLOSED");
}

#[test]
fn a_gap_is_acknowledged_at_once_and_filled_in_order() {
    let mut exchange = Exchange::established();
    exchange.receives(Flags::FIN | ACK, 304, 101, "def");
    exchange.sends(ACK, 101, 301, "");
    assert_eq!(exchange.0.receive(NOW, 10), Err(ReceiveError::Empty));
    exchange.receives(ACK, 301, 101, "abc");
    exchange.sends(ACK, 101, 308, "");
    exchange.is_in(State::CloseWait);
    exchange.reads("abcdef");
}

#[test]
fn duplicate_acknowledgments_trigger_fast_retransmit() {
    let mut exchange = Exchange::established();
    exchange.0.set_nagle(false);
    for text in ["one", "two", "three"] {
        exchange
            .0
            .send(NOW, text.as_bytes())
            .expect("SEND is possible");
        exchange.0.poll_transmit(NOW).expect("Nagle is off");
    }
    exchange.receives(ACK, 301, 101, "");
    exchange.is_silent();
    exchange.receives(ACK, 301, 101, "");
    let again = exchange
        .0
        .poll_transmit(NOW)
        .expect("NT retransmits at the second duplicate");
    assert_eq!(again.segment.payload.as_slice(), b"onetwothree");
    assert_eq!(exchange.0.retransmissions(), 1);
}

#[test]
fn nagle_allows_one_small_segment_in_flight() {
    let mut exchange = Exchange::established();
    for text in ["a", "b", "c"] {
        exchange
            .0
            .send(NOW, text.as_bytes())
            .expect("SEND is possible");
    }
    exchange.0.poll_transmit(NOW).expect("nothing is in flight");
    exchange.0.send(NOW, b"d").expect("SEND is possible");
    exchange.is_silent();
    exchange.receives(ACK, 301, 104, "");
    exchange.sends(ACK, 104, 301, "d");
}

#[test]
fn a_reset_drops_what_was_received() {
    let mut exchange = Exchange::established();
    exchange.receives(ACK, 301, 101, "lost");
    exchange.receives(Flags::RST, 305, 0, "");
    exchange.is_in(State::Closed);
    exchange.reports(&[Event::Readable, Event::Reset, Event::Closed]);
    assert_eq!(exchange.0.receive(NOW, 10), Err(ReceiveError::Reset));
    assert_eq!(exchange.0.send(NOW, b"x"), Err(SendError::Reset));
    exchange.is_silent();
}

#[test]
fn text_with_an_acknowledgment_beyond_snd_nxt_is_dropped() {
    let mut exchange = Exchange::established();
    exchange.receives(ACK, 301, 5_000, "evil");
    exchange.sends(ACK, 101, 301, "");
    assert_eq!(exchange.0.readable(), 0);
}

#[test]
fn an_abort_sends_a_reset_before_it_reports_closed() {
    let mut exchange = Exchange::established();
    exchange.0.send(NOW, b"unsent").expect("SEND is possible");
    exchange.0.abort(NOW);
    exchange.reports(&[]);
    exchange.sends(Flags::RST, 101, 0, "");
    exchange.reports(&[Event::Closed]);
    assert_eq!(exchange.0.receive(NOW, 1), Err(ReceiveError::Aborted));
    assert_eq!(exchange.0.send(NOW, b"x"), Err(SendError::Aborted));
}

#[test]
fn a_close_before_established_is_queued_or_ends_the_attempt() {
    let mut syn_sent = Exchange::syn_sent();
    syn_sent.0.close(NOW);
    syn_sent.is_in(State::Closed);
    syn_sent.reports(&[Event::Closed]);
    syn_sent.is_silent();

    let syn = segment(Flags::SYN, 300, 0, "");
    let mut accepted = Exchange(Connection::accept(
        Profile::nt4(),
        &syn,
        SeqNum::new(100),
        NOW,
    ));
    accepted.sends(Flags::SYN | ACK, 100, 301, "");
    accepted.0.close(NOW);
    accepted.is_silent();
    accepted.receives(ACK, 301, 101, "");
    accepted.is_in(State::FinWait1);
    accepted.sends(Flags::FIN | ACK, 101, 301, "");
}

/// RFC 1122 section 4.2.2.13.
#[test]
fn a_detached_connection_answers_text_with_a_reset() {
    let mut unread = Exchange::established();
    unread.receives(ACK, 301, 101, "unread");
    unread.0.detach(NOW);
    unread.sends(Flags::RST, 101, 0, "");

    let mut late = Exchange::established();
    late.0.detach(NOW);
    late.sends(Flags::FIN | ACK, 101, 301, "");
    late.receives(ACK, 301, 102, "");
    late.is_in(State::FinWait2);
    let limit = late.0.poll_timeout().expect("FIN-WAIT-2 has a limit");
    assert_eq!(limit.since(NOW), Profile::nt4().fin_wait_2);
    late.receives(ACK, 301, 102, "late");
    late.sends(Flags::RST, 102, 0, "");
    late.reports(&[Event::Closed]);
}

#[test]
fn the_window_closes_and_opens_by_at_least_a_segment() {
    let mut exchange = Exchange::established();
    let octets = "x".repeat(1460);
    for index in 0..6 {
        exchange.receives(ACK, 301 + 1460 * index, 101, &octets);
    }
    let full = exchange.sends(ACK, 101, 9_061, "");
    assert_eq!(full.window, 0);
    exchange.0.receive(NOW, 1_459).expect("text");
    exchange.is_silent();
    exchange.0.receive(NOW, 1_461).expect("text");
    let open = exchange.sends(ACK, 101, 9_061, "");
    assert_eq!(open.window, 2_920);
}

#[test]
fn a_full_send_buffer_reports_when_there_is_room() {
    let mut exchange = Exchange::established();
    assert_eq!(exchange.0.send(NOW, &[0; 10_000]), Ok(8_192));
    assert_eq!(exchange.0.send(NOW, &[0; 1]), Ok(0));
    while exchange.0.poll_transmit(NOW).is_some() {}
    exchange.receives(ACK, 301, 101 + 1460, "");
    exchange.reports(&[Event::Writable]);
    assert_eq!(exchange.0.writable(), 1_460);
}

#[test]
fn the_reset_of_a_closed_port_ends_the_connection() {
    let mut exchange = Exchange::established();
    exchange.0.send(NOW, b"hello?").expect("SEND is possible");
    let sent = exchange.sends(ACK, 101, 301, "hello?");
    exchange.0.on_segment(
        NOW,
        reset_for(&sent).expect("text is answered with a reset"),
    );
    exchange.reports(&[Event::Reset, Event::Closed]);
}
