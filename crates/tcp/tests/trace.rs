//! RFC 9293 as conversations: what arrives, what is sent, in which state.
//!
//! Owns examples of each check of SEGMENT ARRIVES and each call, with the segments written
//! out. It refuses chance and time-outs (`pair`, `timing`).

use tcp::{
    Connection, Event, Flags, Payload, Profile, ReceiveError, Segment, SendError, SeqNum, State,
    Uptime, reset_for,
};

const NOW: Uptime = Uptime::from_nanos(1_000_000_000);
const ACK: Flags = Flags::ACK;

/// A connection whose numbers start at 100, facing a hand-written peer at 300.
struct Talk(Connection);

impl Talk {
    fn opened() -> Self {
        let connection = Connection::connect(Profile::nt4(), 1025, 102, SeqNum::new(100), NOW);
        let mut talk = Self(connection);
        talk.sends(Flags::SYN, 100, 0, "");
        talk
    }

    fn established() -> Self {
        let mut talk = Self::opened();
        talk.receives(Flags::SYN | ACK, 300, 101, "");
        talk.sends(ACK, 101, 301, "");
        talk.reports(&[Event::Connected]);
        talk
    }

    fn receives(&mut self, flags: Flags, sequence: u32, acknowledgment: u32, text: &str) {
        self.0
            .on_segment(NOW, segment(flags, sequence, acknowledgment, text));
    }

    #[track_caller]
    fn sends(&mut self, flags: Flags, sequence: u32, acknowledgment: u32, text: &str) -> Segment {
        let sent = self
            .0
            .poll_transmit(NOW)
            .expect("something to send")
            .segment;
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let seen = (
            sent.flags.without(Flags::PSH),
            sent.sequence.value(),
            sent.acknowledgment.value(),
            shown(sent.payload.as_slice()),
        );
        assert_eq!(seen, (flags, sequence, acknowledgment, text.to_owned()));
        sent
    }

    #[track_caller]
    fn is_silent(&mut self) {
        assert_eq!(self.0.poll_transmit(NOW), None);
    }

    #[track_caller]
    fn reports(&mut self, events: &[Event]) {
        let seen: Vec<Event> = std::iter::from_fn(|| self.0.poll_event()).collect();
        assert_eq!(seen, events);
    }

    #[track_caller]
    fn is_in(&mut self, state: State) {
        assert_eq!(self.0.state(), state);
    }

    #[track_caller]
    fn reads(&mut self, text: &str) {
        let got = self.0.receive(NOW, 1_000).expect("something to read");
        assert_eq!(got.as_slice(), text.as_bytes());
    }
}

fn segment(flags: Flags, sequence: u32, acknowledgment: u32, text: &str) -> Segment {
    Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: SeqNum::new(sequence),
        acknowledgment: SeqNum::new(acknowledgment),
        flags,
        window: 8760,
        maximum_segment_size: flags.contains(Flags::SYN).then_some(1460),
        payload: Payload::from(text.as_bytes()),
    }
}

/// Figure 8.
#[test]
fn simultaneous_open() {
    let mut talk = Talk::opened();
    talk.receives(Flags::SYN, 300, 0, "");
    talk.is_in(State::SynReceived);
    talk.sends(Flags::SYN | ACK, 100, 301, "");
    talk.receives(Flags::SYN | ACK, 300, 101, "");
    talk.is_in(State::Established);
    talk.reports(&[Event::Connected]);
}

/// Figure 9.
#[test]
fn an_old_duplicate_syn_is_recovered_from() {
    let syn = Segment {
        source_port: 102,
        ..segment(Flags::SYN, 90, 0, "")
    };
    let mut talk = Talk(Connection::accept(
        Profile::nt4(),
        &syn,
        SeqNum::new(100),
        NOW,
    ));
    talk.sends(Flags::SYN | ACK, 100, 91, "");
    talk.receives(Flags::RST, 91, 0, "");
    talk.is_in(State::Closed);
    talk.reports(&[Event::Reset, Event::Closed]);
}

/// Figure 10: a half-open connection answers a SYN with what it expects.
#[test]
fn a_syn_on_a_connection_that_is_up_is_challenged() {
    let mut talk = Talk::established();
    talk.receives(Flags::SYN, 400, 0, "");
    talk.sends(ACK, 101, 301, "");
    talk.is_in(State::Established);
}

#[test]
fn a_repeated_syn_brings_the_syn_ack_again_as_another_attempt() {
    let syn = segment(Flags::SYN, 300, 0, "");
    let mut connection = Connection::accept(Profile::nt4(), &syn, SeqNum::new(100), NOW);
    let first = connection.poll_transmit(NOW).expect("a SYN-ACK");
    connection.on_segment(NOW, syn);
    let again = connection.poll_transmit(NOW).expect("a SYN-ACK again");
    assert_eq!(first.segment, again.segment);
    assert_eq!((first.attempt, again.attempt), (0, 1));
}

#[test]
fn an_acknowledgment_of_nothing_sent_in_the_handshake_is_reset() {
    let mut talk = Talk::opened();
    talk.receives(Flags::SYN | ACK, 300, 900, "");
    talk.sends(Flags::RST, 900, 0, "");
    talk.is_in(State::SynSent);
    talk.receives(Flags::RST | ACK, 0, 900, "");
    talk.is_silent();
    talk.is_in(State::SynSent);
}

/// Figure 12, with text still coming in the half-closed connection.
#[test]
fn half_close() {
    let mut talk = Talk::established();
    assert_eq!(talk.0.send(NOW, b"bye"), Ok(3));
    talk.0.close(NOW);
    talk.is_in(State::FinWait1);
    talk.sends(Flags::FIN | ACK, 101, 301, "bye");
    talk.receives(ACK, 301, 105, "");
    talk.is_in(State::FinWait2);
    talk.receives(ACK, 301, 105, "later");
    talk.reads("later");
    talk.receives(Flags::FIN | ACK, 306, 105, "");
    talk.sends(ACK, 105, 307, "");
    talk.is_in(State::TimeWait);
    talk.reads("");
    talk.reports(&[Event::Readable, Event::PeerClosed]);
    talk.receives(Flags::FIN | ACK, 306, 105, "");
    talk.sends(ACK, 105, 307, "");
}

/// Figure 13.
#[test]
fn simultaneous_close() {
    let mut talk = Talk::established();
    talk.0.close(NOW);
    talk.sends(Flags::FIN | ACK, 101, 301, "");
    talk.receives(Flags::FIN | ACK, 301, 101, "");
    talk.is_in(State::Closing);
    talk.sends(ACK, 102, 302, "");
    talk.receives(ACK, 302, 102, "");
    talk.is_in(State::TimeWait);
}

#[test]
fn the_side_that_closes_second_is_gone_at_the_last_acknowledgment() {
    let mut talk = Talk::established();
    talk.receives(Flags::FIN | ACK, 301, 101, "over");
    talk.sends(ACK, 101, 306, "");
    talk.is_in(State::CloseWait);
    assert_eq!(talk.0.send(NOW, b"out"), Ok(3));
    talk.sends(ACK, 101, 306, "out");
    talk.0.close(NOW);
    talk.is_in(State::LastAck);
    talk.sends(Flags::FIN | ACK, 104, 306, "");
    talk.receives(ACK, 306, 105, "");
    talk.is_in(State::Closed);
    talk.reports(
        &[
            Event::Connected,
            Event::Readable,
            Event::PeerClosed,
            Event::Closed,
        ][1..],
    );
    talk.reads("over");
    talk.reads("");
    assert_eq!(talk.0.send(NOW, b"more"), Err(SendError::Closing));
    assert_eq!(talk.0.poll_timeout(), None, "CLOSED waits for nothing");
}

#[test]
fn a_gap_is_acknowledged_at_once_and_filled_in_order() {
    let mut talk = Talk::established();
    talk.receives(Flags::FIN | ACK, 304, 101, "def");
    talk.sends(ACK, 101, 301, "");
    assert_eq!(talk.0.receive(NOW, 10), Err(ReceiveError::Empty));
    talk.receives(ACK, 301, 101, "abc");
    talk.sends(ACK, 101, 308, "");
    talk.is_in(State::CloseWait);
    talk.reads("abcdef");
}

#[test]
fn duplicate_acknowledgments_bring_the_lost_segment_before_its_time() {
    let mut talk = Talk::established();
    talk.0.set_nagle(false);
    for text in ["one", "two", "three"] {
        talk.0.send(NOW, text.as_bytes()).expect("it takes text");
        talk.0.poll_transmit(NOW).expect("it goes at once");
    }
    talk.receives(ACK, 301, 101, "");
    talk.is_silent();
    talk.receives(ACK, 301, 101, "");
    let again = talk
        .0
        .poll_transmit(NOW)
        .expect("NT takes the second for a loss");
    assert_eq!(again.segment.payload.as_slice(), b"onetwothree");
    assert_eq!(talk.0.retransmissions(), 1);
}

#[test]
fn nagle_lets_one_small_segment_out_at_a_time() {
    let mut talk = Talk::established();
    for text in ["a", "b", "c"] {
        talk.0.send(NOW, text.as_bytes()).expect("it takes text");
    }
    talk.0.poll_transmit(NOW).expect("the first goes");
    talk.0.send(NOW, b"d").expect("it takes text");
    talk.is_silent();
    talk.receives(ACK, 301, 104, "");
    talk.sends(ACK, 104, 301, "d");
}

#[test]
fn a_reset_counts_only_at_the_number_that_is_next() {
    let mut talk = Talk::established();
    talk.receives(Flags::RST, 300, 0, "");
    talk.is_silent();
    talk.receives(Flags::RST, 302, 0, "");
    talk.sends(ACK, 101, 301, "");
    talk.receives(ACK, 301, 101, "lost");
    talk.receives(Flags::RST, 305, 0, "");
    talk.is_in(State::Closed);
    talk.reports(&[Event::Readable, Event::Reset, Event::Closed]);
    assert_eq!(talk.0.receive(NOW, 10), Err(ReceiveError::Reset));
    assert_eq!(talk.0.send(NOW, b"x"), Err(SendError::Reset));
    talk.is_silent();
}

#[test]
fn text_beyond_what_was_sent_cannot_be_acknowledged() {
    let mut talk = Talk::established();
    talk.receives(ACK, 301, 5_000, "evil");
    talk.sends(ACK, 101, 301, "");
    assert_eq!(talk.0.readable(), 0);
}

#[test]
fn an_abort_resets_the_peer_and_then_is_closed() {
    let mut talk = Talk::established();
    talk.0.send(NOW, b"unsent").expect("it takes text");
    talk.0.abort(NOW);
    talk.reports(&[]);
    talk.sends(Flags::RST, 101, 0, "");
    talk.reports(&[Event::Closed]);
    assert_eq!(talk.0.receive(NOW, 1), Err(ReceiveError::Aborted));
    assert_eq!(talk.0.send(NOW, b"x"), Err(SendError::Aborted));
}

#[test]
fn a_close_before_the_handshake_ends_waits_for_it_or_gives_up() {
    let mut opened = Talk::opened();
    opened.0.close(NOW);
    opened.is_in(State::Closed);
    opened.reports(&[Event::Closed]);
    opened.is_silent();

    let syn = segment(Flags::SYN, 300, 0, "");
    let mut accepted = Talk(Connection::accept(
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
fn without_an_application_text_is_answered_by_a_reset() {
    let mut unread = Talk::established();
    unread.receives(ACK, 301, 101, "unread");
    unread.0.detach(NOW);
    unread.sends(Flags::RST, 101, 0, "");

    let mut late = Talk::established();
    late.0.detach(NOW);
    late.sends(Flags::FIN | ACK, 101, 301, "");
    late.receives(ACK, 301, 102, "");
    late.is_in(State::FinWait2);
    let limit = late.0.poll_timeout().expect("nobody waits for ever");
    assert_eq!(limit.since(NOW), Profile::nt4().fin_wait_2);
    late.receives(ACK, 301, 102, "late");
    late.sends(Flags::RST, 102, 0, "");
    late.reports(&[Event::Closed]);
}

#[test]
fn the_window_shuts_and_opens_again_in_worthwhile_steps() {
    let mut talk = Talk::established();
    let octets = "x".repeat(1460);
    for place in 0..6 {
        talk.receives(ACK, 301 + 1460 * place, 101, &octets);
    }
    let full = talk.sends(ACK, 101, 9_061, "");
    assert_eq!(full.window, 0);
    talk.0.receive(NOW, 1_459).expect("text");
    talk.is_silent();
    talk.0.receive(NOW, 1_461).expect("text");
    let open = talk.sends(ACK, 101, 9_061, "");
    assert_eq!(open.window, 2_920);
}

#[test]
fn a_full_send_buffer_says_so_and_tells_when_there_is_room() {
    let mut talk = Talk::established();
    assert_eq!(talk.0.send(NOW, &[0; 10_000]), Ok(8_192));
    assert_eq!(talk.0.send(NOW, &[0; 1]), Ok(0));
    while talk.0.poll_transmit(NOW).is_some() {}
    talk.receives(ACK, 301, 101 + 1460, "");
    talk.reports(&[Event::Writable]);
    assert_eq!(talk.0.writable(), 1_460);
}

/// What a closed port answers is what an open one believes.
#[test]
fn the_reset_of_a_closed_port_is_accepted() {
    let mut talk = Talk::established();
    talk.0.send(NOW, b"anybody?").expect("it takes text");
    let sent = talk.sends(ACK, 101, 301, "anybody?");
    talk.0
        .on_segment(NOW, reset_for(&sent).expect("text is answered"));
    talk.reports(&[Event::Reset, Event::Closed]);
}
