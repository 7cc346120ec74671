//! On a line that loses nothing and delays evenly, nothing is sent again.

use super::fixed_line::FixedLine;
use proptest::prelude::*;
use tcp::{Connection, Flags, Payload, Profile, Segment, SeqNum, TimeSpan, Uptime};

const PROFILES: [fn() -> &'static Profile; 4] =
    [Profile::nt351, Profile::nt4, Profile::w2k, Profile::linux];

/// Linux bounds the variance term of the retransmission timeout and not the sum: the probes of
/// google/packetdrill's `slow-start-after-win-update.pkt` (round trips of 100 ms) come after 300 ms,
/// then 600, then 1200.
#[test]
fn linux_probes_a_window_that_closes_after_round_trips_of_100_ms_as_packetdrill_says() {
    let at = |millis: u64| Uptime::from_nanos((300_000 + millis) * 1_000_000);
    let segment = |flags, acknowledgment, window, maximum_segment_size| Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: SeqNum::new(if acknowledgment == 0 { 0 } else { 1 }),
        acknowledgment: SeqNum::new(acknowledgment),
        flags,
        window,
        maximum_segment_size,
        options: None,
        payload: Payload::empty(),
    };
    let drain = |it: &mut Connection, now| while it.poll_transmit(now).is_some() {};
    let syn = segment(Flags::SYN, 0, 65_535, Some(1_000));
    let mut it = Connection::accept(Profile::linux(), &syn, SeqNum::new(0), at(0));
    drain(&mut it, at(0));
    it.on_segment(at(100), segment(Flags::ACK, 1, 65_408, None));
    it.send(at(100), &[0; 26_000]).expect("it is open");
    drain(&mut it, at(100));
    it.on_segment(at(200), segment(Flags::ACK, 10_001, 65_408, None));
    drain(&mut it, at(200));
    it.on_segment(at(300), segment(Flags::ACK, 21_001, 0, None));
    it.send(at(300), &[0; 20_000]).expect("it is open");
    drain(&mut it, at(300));
    let probes = [300, 900, 2_100, 4_500].map(|_| {
        let now = it.poll_timeout().expect("a probe is due");
        it.on_timeout(now);
        drain(&mut it, now);
        now.since(at(300)).nanos() / 1_000_000
    });
    assert_eq!(probes, [300, 900, 2_100, 4_500]);
}

/// Round trips measured on segments that are acknowledged at once, then segments that are
/// acknowledged late.
#[test]
fn a_delayed_acknowledgment_after_many_prompt_ones_comes_in_time() {
    for profile in PROFILES {
        for round_trip in [2, 40, 190, 390, 1_000] {
            let mut line = FixedLine::open([profile(); 2], round_trip / 2);
            line.ends[0].set_nagle(false);
            for _ in 0..60 {
                line.send(0, 2_920);
                line.run(3_000);
            }
            for _ in 0..20 {
                line.send(0, 100);
                line.run(3_000);
            }
            assert_eq!(line.ends[0].retransmissions(), 0, "{round_trip} ms");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Ends of one system with ticks that are out of step, any steady delay, any requests.
    #[test]
    fn nothing_is_sent_again_on_a_clean_line(
        profile in 0usize..4,
        // Below the initial timeout of a SYN, 1 s on Linux.
        delay in 1u64..480,
        phases in [0u64..100, 0u64..100],
        requests in prop::collection::vec((0usize..2, 1usize..9_000, 0u64..4_000), 1..40),
    ) {
        let profiles = phases.map(|phase| {
            let profile = *PROFILES[profile]();
            let tick = profile.timer_granularity.nanos();
            Profile { tick_phase: TimeSpan::from_nanos(phase * 1_000_000 % tick), ..profile }
        });
        let mut line = FixedLine::open([&profiles[0], &profiles[1]], delay);
        for (end, octets, pause) in requests {
            line.send(end, octets);
            line.run(pause);
        }
        line.run(60_000);
        let again = [0, 1].map(|end| line.ends[end].retransmissions());
        prop_assert_eq!(again, [0, 0], "{:#?}", line.log);
    }
}
