//! Two connections over a lossy link, with arbitrary profiles: every octet arrives once and in order,
//! both ends reach CLOSED, and no two transmissions have the same identity.

use std::collections::BTreeSet;

use super::lossy_link::{Impairments, Link, Rng};
use proptest::prelude::*;
use tcp::{
    Connection, Event, Flags, Profile, ReceiveError, Segment, SeqNum, State, TimeSpan, Uptime,
    reset_for,
};

/// A bound on the loop. With windows of one octet an iteration moves only a few octets.
const ITERATIONS: usize = 2_000_000;

/// An application that sends its text in random portions, reads at random times, and closes.
struct Application {
    text: Vec<u8>,
    sent: usize,
    closed: bool,
    received: Vec<u8>,
    ended: bool,
    wake: Uptime,
    rng: Rng,
    events: Vec<Event>,
}

impl Application {
    fn new(length: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        Self {
            text: (0..length).map(|_| rng.below(256) as u8).collect(),
            sent: 0,
            closed: false,
            received: Vec::new(),
            ended: false,
            wake: Uptime::ZERO,
            rng,
            events: Vec::new(),
        }
    }

    fn act(&mut self, now: Uptime, connection: &mut Connection) {
        while let Some(event) = connection.poll_event() {
            self.events.push(event);
        }
        let up = self.events.first() == Some(&Event::Connected);
        if !up || now < self.wake || (self.closed && self.ended) {
            return;
        }
        let pause = TimeSpan::from_nanos(self.rng.below(400_000_000));
        self.wake = now.after(pause);
        let portion = (1 + self.rng.below(4_000)) as usize;
        if self.sent < self.text.len() {
            let end = (self.sent + portion).min(self.text.len());
            self.sent += connection
                .send(now, &self.text[self.sent..end])
                .expect("SEND is possible before CLOSE");
        } else if !self.closed {
            connection.close(now);
            self.closed = true;
        }
        if self.rng.below(3) > 0 {
            self.read(now, connection);
        }
    }

    fn read(&mut self, now: Uptime, connection: &mut Connection) {
        let limit = (1 + self.rng.below(6_000)) as usize;
        let ready = connection.readable();
        match connection.receive(now, limit) {
            Ok(text) if text.is_empty() => self.ended = true,
            Ok(text) => {
                assert_eq!(text.len(), limit.min(ready));
                self.received.extend_from_slice(text.as_slice());
            }
            Err(ReceiveError::Empty) => assert_eq!(ready, 0),
            Err(error) => panic!("{error}"),
        }
    }
}

struct Side {
    connection: Option<Connection>,
    application: Application,
    /// The identities of all transmissions so far.
    transmissions: BTreeSet<(u8, u32, u32, usize, u32)>,
    /// A reset to send for a CLOSED connection.
    reset: Option<Segment>,
}

impl Side {
    fn new(connection: Option<Connection>, application: Application) -> Self {
        Self {
            connection,
            application,
            transmissions: BTreeSet::new(),
            reset: None,
        }
    }

    fn arrive(&mut self, now: Uptime, segment: Segment, profile: &Profile, first: SeqNum) {
        match &mut self.connection {
            // TIME-WAIT can end before a retransmitted FIN arrives. The host answers it.
            Some(connection) if connection.state() == State::Closed => {
                self.reset = reset_for(&segment);
            }
            Some(connection) => connection.on_segment(now, segment),
            None if segment.flags == Flags::SYN => {
                self.connection = Some(Connection::accept(profile, &segment, first, now));
            }
            None => {}
        }
    }

    fn run(&mut self, now: Uptime, link: &mut Link<Segment>) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Some(reset) = self.reset.take() {
            link.send(now, reset);
        }
        connection.on_timeout(now);
        self.application.act(now, connection);
        while let Some(transmit) = connection.poll_transmit(now) {
            let segment = transmit.segment;
            let identity = (
                segment.flags.difference(Flags::PSH).bits(),
                segment.sequence.value(),
                segment.acknowledgment.value(),
                segment.payload.len(),
                transmit.attempt,
            );
            assert!(
                self.transmissions.insert(identity),
                "two transmissions have the identity {identity:?}"
            );
            link.send(now, segment);
        }
        assert!(
            connection.poll_timeout().is_none_or(|at| at > now),
            "a timer is left in the past"
        );
    }

    fn next_at(&self) -> Option<Uptime> {
        let connection = self.connection.as_ref()?;
        let up = !self.application.events.is_empty();
        let busy = up && !(self.application.closed && self.application.ended);
        let wake = busy.then_some(self.application.wake);
        [connection.poll_timeout(), wake]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_done(&self) -> bool {
        let closed = |it: &Connection| it.state() == State::Closed;
        self.connection.as_ref().is_some_and(closed)
            && self.application.ended
            && self.application.events.last() == Some(&Event::Closed)
    }
}

/// A profile whose retries outlast the losses of the link.
fn patient(profile: &Profile) -> Profile {
    Profile {
        syn_retries: 30,
        syn_ack_retries: 30,
        data_retries: 30,
        ..*profile
    }
}

/// At most 500 portions in each direction, where a buffer or a window takes no more than a portion at once: with a
/// window of one octet and losses, each octet can wait minutes for a probe.
fn in_portions(lengths: [usize; 2], profiles: &[Profile; 2]) -> [usize; 2] {
    let most = |from: usize| {
        let window = profiles[1 - from].receive_window;
        500 * window.min(profiles[from].send_buffer) as usize
    };
    [lengths[0].min(most(0)), lengths[1].min(most(1))]
}

/// Transfers `lengths` octets in the two directions and checks what arrives.
fn transfer(impairments: Impairments, lengths: [usize; 2], profiles: [Profile; 2], seed: u64) {
    let lengths = in_portions(lengths, &profiles);
    let mut rng = Rng::new(seed);
    let mut number = || SeqNum::new(rng.below(1 << 32) as u32);
    let (iss, irs) = (number(), number());
    let opener = Connection::connect(profiles[0], 1025, 102, iss, Uptime::ZERO);
    let mut left = Side::new(Some(opener), Application::new(lengths[0], seed ^ 1));
    let mut right = Side::new(None, Application::new(lengths[1], seed ^ 2));
    let (mut there, mut back) = (
        Link::new(impairments, seed ^ 3),
        Link::new(impairments, seed ^ 4),
    );
    let mut now = Uptime::ZERO;
    for _ in 0..ITERATIONS {
        while let Some(segment) = there.arrived(now) {
            right.arrive(now, segment, &profiles[1], irs);
            right.run(now, &mut back);
        }
        while let Some(segment) = back.arrived(now) {
            left.arrive(now, segment, &profiles[0], iss);
            left.run(now, &mut there);
        }
        left.run(now, &mut there);
        right.run(now, &mut back);
        if left.is_done() && right.is_done() {
            break;
        }
        let next = [
            there.next_at(),
            back.next_at(),
            left.next_at(),
            right.next_at(),
        ];
        let next = next
            .into_iter()
            .flatten()
            .min()
            .expect("a timer or a packet is pending");
        now = next.max(now.after(TimeSpan::from_nanos(1)));
    }
    assert!(
        left.is_done() && right.is_done(),
        "the transfer did not end"
    );
    assert_eq!(left.application.received, right.application.text);
    assert_eq!(right.application.received, left.application.text);
    for side in [&left, &right] {
        let events = &side.application.events;
        assert_eq!(events[0], Event::Connected);
        assert!(!events.contains(&Event::Reset) && !events.contains(&Event::TimedOut));
    }
}

/// A shift that a window of this size has several units with. A window of less than one unit is always closed, and
/// each octet waits for a probe.
fn shift_for(window: u32) -> u8 {
    let bits = u32::BITS - window.leading_zeros();
    u8::try_from(bits.saturating_sub(8)).expect("at most 24")
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let documented = prop::sample::select(vec![
        *Profile::nt351(),
        *Profile::nt4(),
        *Profile::w2k(),
        *Profile::linux(),
    ]);
    let changes = (any::<bool>(), 1u32..90_000, 1u32..9_000, 1u16..1_461);
    (documented, any::<bool>(), changes).prop_map(|(base, plain, (nagle, window, buffer, mss))| {
        match plain {
            true => patient(&base),
            false => {
                let mut options = base.options;
                options.window_scale = options.window_scale.map(|it| it.min(shift_for(window)));
                Profile {
                    nagle,
                    receive_window: window,
                    send_buffer: buffer,
                    maximum_segment_size: mss.max(40),
                    options,
                    ..patient(&base)
                }
            }
        }
    })
}

fn any_impairments() -> impl Strategy<Value = Impairments> {
    (0u64..250, 0u64..200, 0u64..300, 0u64..300).prop_map(|(lost, duplicated, delay, jitter)| {
        Impairments {
            lost_per_mille: lost,
            duplicated_per_mille: duplicated,
            delay: TimeSpan::from_millis(delay),
            jitter: TimeSpan::from_millis(jitter),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_octet_arrives_once_and_in_order_and_both_ends_close(
        impairments in any_impairments(),
        lengths in [0usize..20_000, 0usize..20_000],
        profiles in [any_profile(), any_profile()],
        seed: u64,
    ) {
        transfer(impairments, lengths, profiles, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "takes minutes"]
    fn every_octet_arrives_in_many_long_transfers(
        impairments in any_impairments(),
        lengths in [0usize..60_000, 0usize..60_000],
        profiles in [any_profile(), any_profile()],
        seed: u64,
    ) {
        transfer(impairments, lengths, profiles, seed);
    }
}
