//! The matrix of states and events of RFC 9293 section 3.10.7, with the rules of RFC 793 (NT) and of
//! RFC 5961 (Linux) for resets, SYNs and old acknowledgments. The cells are those of the state-event
//! engine of freebsd-net/tcp-testsuite, whose "insecure" scripts are RFC 793 and "secure" ones RFC 5961.

use super::exchange::{ACK, Exchange, NOW, segment};
use tcp::{Connection, Event, Flags, Profile, SeqNum, State, Validation};

const FIN: Flags = Flags::FIN.union(Flags::ACK);
const WINDOW: u32 = 8760;

/// The states in which segments are checked against the window.
const STATES: [State; 8] = [
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// Linux's rules with the window of NT, so that both have the same numbers.
fn profiles() -> [Profile; 2] {
    let linux = Profile {
        receive_window: WINDOW,
        ..*Profile::linux()
    };
    [*Profile::nt4(), linux]
}

fn challenges(profile: &Profile) -> bool {
    profile.validation == Validation::Rfc5961
}

/// A connection in `state`, and its RCV.NXT. It has reported its events.
fn in_state(profile: &Profile, state: State) -> (Exchange, u32) {
    let mut it = if state == State::SynReceived {
        let syn = segment(Flags::SYN, 300, 0, "");
        let mut it = Exchange(Connection::accept(profile, &syn, SeqNum::new(100), NOW));
        it.sends(Flags::SYN | ACK, 100, 301, "");
        it
    } else {
        Exchange::established_on(profile)
    };
    match state {
        State::SynReceived | State::Established => {}
        State::FinWait1 | State::FinWait2 | State::Closing | State::TimeWait => {
            it.0.close(NOW);
            it.sends(FIN, 101, 301, "");
        }
        State::CloseWait | State::LastAck => {
            it.receives(FIN, 301, 101, "");
            it.sends(ACK, 101, 302, "");
        }
        State::SynSent | State::Closed => unreachable!("not in the matrix"),
    }
    match state {
        State::FinWait2 => it.receives(ACK, 301, 102, ""),
        State::Closing => {
            it.receives(FIN, 301, 101, "");
            it.sends(ACK, 102, 302, "");
        }
        State::TimeWait => {
            it.receives(FIN, 301, 102, "");
            it.sends(ACK, 102, 302, "");
        }
        State::LastAck => {
            it.0.close(NOW);
            it.sends(FIN, 101, 302, "");
        }
        State::SynReceived
        | State::Established
        | State::FinWait1
        | State::CloseWait
        | State::SynSent
        | State::Closed => {}
    }
    while it.0.poll_event().is_some() {}
    it.is_in(state);
    let rcv_nxt = it.0.rcv_nxt().value();
    (it, rcv_nxt)
}

/// SND.NXT in a state.
fn snd_nxt(state: State) -> u32 {
    let before_fin = [State::SynReceived, State::Established, State::CloseWait];
    if before_fin.contains(&state) {
        101
    } else {
        102
    }
}

/// The numbers left of the window as it was advertised. The peer's FIN has used one.
fn window_left(state: State) -> u32 {
    let after_fin = [
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];
    WINDOW - u32::from(after_fin.contains(&state))
}

#[test]
fn a_reset_is_accepted_in_the_window_by_rfc_793_and_at_its_left_edge_by_rfc_5961() {
    for profile in profiles() {
        for state in STATES {
            let wnd = window_left(state);
            for (ahead, is_inside) in [
                (-1_i64, false),
                (0, true),
                (1, true),
                (i64::from(wnd) - 1, true),
                (i64::from(wnd), false),
            ] {
                let (mut it, rcv_nxt) = in_state(&profile, state);
                let at = rcv_nxt.wrapping_add(ahead as u32);
                it.receives(Flags::RST, at, 0, "");
                let what = format!(
                    "{state:?}, {ahead} from RCV.NXT, RFC 5961: {}",
                    challenges(&profile)
                );
                if is_inside && (ahead == 0 || !challenges(&profile)) {
                    assert_eq!(it.0.state(), State::Closed, "{what}");
                    it.is_silent();
                    // Both sides have closed: nothing is lost, and nothing is reported.
                    let is_reported =
                        !matches!(state, State::Closing | State::LastAck | State::TimeWait);
                    let reset = is_reported.then_some(Event::Reset);
                    let expected: Vec<Event> = reset.into_iter().chain([Event::Closed]).collect();
                    it.reports(&expected);
                } else {
                    assert_eq!(it.0.state(), state, "{what}");
                    if is_inside {
                        it.sends(ACK, snd_nxt(state), rcv_nxt, "");
                    }
                    it.is_silent();
                }
            }
        }
    }
}

#[test]
fn a_syn_in_the_window_ends_the_connection_by_rfc_793_and_is_challenged_by_rfc_5961() {
    for profile in profiles() {
        for state in STATES {
            for (ahead, is_inside) in [(0, true), (WINDOW / 2, true), (WINDOW + 9, false)] {
                let (mut it, rcv_nxt) = in_state(&profile, state);
                it.receives(Flags::SYN, rcv_nxt + ahead, 0, "");
                if is_inside && !challenges(&profile) && state != State::TimeWait {
                    it.sends(Flags::RST, snd_nxt(state), 0, "");
                    it.reports(&[Event::Reset, Event::Closed]);
                    it.is_in(State::Closed);
                } else {
                    it.sends(ACK, snd_nxt(state), rcv_nxt, "");
                    it.is_in(state);
                }
                it.is_silent();
            }
        }
    }
}

#[test]
fn an_acknowledgment_of_what_was_never_sent_is_answered_and_its_text_dropped() {
    for profile in profiles() {
        for state in STATES {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            it.receives(ACK, rcv_nxt, 4_000, "evil");
            if state == State::SynReceived {
                it.sends(Flags::RST, 4_000, 0, "");
            } else {
                it.sends(ACK, snd_nxt(state), rcv_nxt, "");
            }
            it.is_in(state);
            assert_eq!(it.0.readable(), 0);
        }
    }
}

/// RFC 5961 section 5.2. By RFC 793 an old acknowledgment is ignored, and its segment is not.
#[test]
fn text_with_an_ancient_acknowledgment_is_dropped_by_rfc_5961() {
    for profile in profiles() {
        let (mut it, rcv_nxt) = in_state(&profile, State::Established);
        it.receives(ACK, rcv_nxt, 101_u32.wrapping_sub(WINDOW + 1), "old?");
        let expected = if challenges(&profile) { 0 } else { 4 };
        assert_eq!(it.0.readable(), expected);
        let (mut it, rcv_nxt) = in_state(&profile, State::Established);
        it.receives(ACK, rcv_nxt, 101_u32.wrapping_sub(WINDOW), "fine");
        assert_eq!(it.0.readable(), 4);
    }
}

#[test]
fn a_segment_without_ack_is_dropped_after_the_handshake() {
    for profile in profiles() {
        for state in STATES {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            it.receives(Flags::FIN, rcv_nxt, 0, "text");
            it.is_in(state);
            it.is_silent();
            assert_eq!(it.0.readable(), 0);
        }
    }
}

/// State, does the segment acknowledge our FIN, and the state after the peer's FIN.
const AFTER_FIN: [(State, bool, State); 5] = [
    (State::SynReceived, false, State::CloseWait),
    (State::Established, false, State::CloseWait),
    (State::FinWait1, false, State::Closing),
    (State::FinWait1, true, State::TimeWait),
    (State::FinWait2, true, State::TimeWait),
];

#[test]
fn a_fin_in_each_state() {
    for profile in profiles() {
        for (state, acknowledges, next) in AFTER_FIN {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            it.receives(FIN, rcv_nxt, if acknowledges { 102 } else { 101 }, "end");
            it.is_in(next);
            it.sends(ACK, snd_nxt(state), rcv_nxt + 4, "");
            it.is_silent();
            it.reads("end");
            it.reads("");
        }
    }
}

/// The FIN again, because our acknowledgment was lost.
#[test]
fn a_repeated_fin_is_acknowledged_and_changes_nothing() {
    for profile in profiles() {
        for state in [
            State::CloseWait,
            State::Closing,
            State::LastAck,
            State::TimeWait,
        ] {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            let later = NOW.after(tcp::TimeSpan::from_secs(10));
            let acknowledged = if state == State::TimeWait { 102 } else { 101 };
            let repeated = segment(FIN, rcv_nxt - 1, acknowledged, "");
            let before = it.0.poll_timeout();
            it.0.on_segment(later, repeated);
            it.is_in(state);
            it.sends(ACK, snd_nxt(state), rcv_nxt, "");
            if state == State::TimeWait {
                assert!(it.0.poll_timeout() > before, "2 MSL begins again");
            }
        }
    }
}

#[test]
fn the_acknowledgment_of_our_fin_in_each_state() {
    for profile in profiles() {
        for (state, next) in [
            (State::FinWait1, State::FinWait2),
            (State::Closing, State::TimeWait),
            (State::LastAck, State::Closed),
        ] {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            it.receives(ACK, rcv_nxt, 102, "");
            it.is_in(next);
            it.is_silent();
        }
    }
}

/// Text after the peer's FIN should not occur; it is ignored (section 3.10.7.4, seventh check).
#[test]
fn text_behind_a_fin_is_ignored() {
    for profile in profiles() {
        for state in [
            State::CloseWait,
            State::Closing,
            State::LastAck,
            State::TimeWait,
        ] {
            let (mut it, rcv_nxt) = in_state(&profile, state);
            let acknowledged = if state == State::TimeWait { 102 } else { 101 };
            it.receives(ACK, rcv_nxt, acknowledged, "more");
            it.is_in(state);
            assert_eq!(it.0.readable(), 0);
            assert_eq!(it.0.rcv_nxt(), SeqNum::new(rcv_nxt));
        }
    }
}

#[test]
fn what_syn_sent_ignores_answers_and_accepts() {
    for profile in profiles() {
        let it = || Exchange::syn_sent_on(&profile);
        // A reset without ACK, or with the acknowledgment of something else.
        for (flags, acknowledgment) in [
            (Flags::RST, 0),
            (Flags::RST | ACK, 100),
            (Flags::RST | ACK, 102),
            (FIN, 101),
            (ACK, 101),
        ] {
            let mut it = it();
            it.receives(flags, 300, acknowledgment, "");
            it.is_silent();
            it.is_in(State::SynSent);
        }
        for acknowledgment in [100, 102, 99_999] {
            let mut it = it();
            it.receives(Flags::SYN | ACK, 300, acknowledgment, "");
            it.sends(Flags::RST, acknowledgment, 0, "");
            it.is_in(State::SynSent);
        }
        // The SYN-ACK may carry text and a FIN.
        let mut it = it();
        it.receives(Flags::SYN | FIN, 300, 101, "all");
        it.is_in(State::CloseWait);
        it.sends(ACK, 101, 305, "");
        it.reads("all");
        it.reads("");
    }
}

/// Figure 7, from both ends at once, with each segment lost once.
#[test]
fn simultaneous_open_survives_every_single_loss() {
    for profile in profiles() {
        for lost in 0..6 {
            let open = |local, remote| {
                Connection::connect(profile, local, remote, SeqNum::new(u32::from(local)), NOW)
            };
            let mut ends = [open(1, 2), open(2, 1)];
            let (mut now, mut sent) = (NOW, 0);
            for _ in 0..200 {
                // Both send before either receives, as in the figure.
                let segments = [0, 1].map(|end| {
                    std::iter::from_fn(|| ends[end].poll_transmit(now)).collect::<Vec<_>>()
                });
                let is_quiet = segments.iter().all(Vec::is_empty);
                for (end, transmitted) in segments.into_iter().enumerate() {
                    for transmit in transmitted {
                        if sent != lost {
                            ends[1 - end].on_segment(now, transmit.segment);
                        }
                        sent += 1;
                    }
                }
                if is_quiet {
                    let next = ends.iter().filter_map(Connection::poll_timeout).min();
                    let Some(next) = next else { break };
                    now = next;
                    ends.iter_mut().for_each(|end| end.on_timeout(now));
                }
            }
            for end in &ends {
                assert_eq!(end.state(), State::Established, "segment {lost} is lost");
            }
            assert!(sent < 12, "{sent} segments");
        }
    }
}

/// RFC 9293 section 3.10.7.4, fifth and eighth check: a FIN in TIME-WAIT is acknowledged, and the time
/// starts again. An acknowledgment with RCV.NXT is not answered, or two ends would never be quiet.
#[test]
fn time_wait_acknowledges_a_fin_and_what_lies_beyond_the_next_number() {
    for profile in profiles() {
        for (flags, ahead, is_answered) in [
            (ACK, 0, false),
            (ACK, 1, true),
            (FIN, 0, true),
            (FIN, 1, true),
        ] {
            let (mut it, rcv_nxt) = in_state(&profile, State::TimeWait);
            it.receives(flags, rcv_nxt + ahead, 102, "");
            if is_answered {
                it.sends(ACK, 102, rcv_nxt, "");
            }
            it.is_silent();
            it.is_in(State::TimeWait);
        }
    }
}
