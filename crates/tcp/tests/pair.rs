//! Two connections and a bad link: the law of a byte stream.
//!
//! Owns the properties that hold whatever is lost: every octet arrives once and in order, both
//! ends are CLOSED in the end, and no two transmissions share a name. It refuses examples.

mod link;

use std::collections::BTreeSet;

use link::{Chance, Link, Weather};
use proptest::prelude::*;
use tcp::{
    Connection, Event, Flags, Profile, ReceiveError, Segment, SeqNum, Span, State, Uptime,
    reset_for,
};

/// Two windows of one octet move a few octets a step.
const STEPS: usize = 2_000_000;

/// An application that sends its text in random portions, reads when it likes, and closes.
struct Application {
    text: Vec<u8>,
    sent: usize,
    closed: bool,
    received: Vec<u8>,
    ended: bool,
    wake: Uptime,
    chance: Chance,
    events: Vec<Event>,
}

impl Application {
    fn new(length: usize, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        Self {
            text: (0..length).map(|_| chance.below(256) as u8).collect(),
            sent: 0,
            closed: false,
            received: Vec::new(),
            ended: false,
            wake: Uptime::ZERO,
            chance,
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
        let pause = Span::from_nanos(self.chance.below(400_000_000));
        self.wake = now.after(pause);
        let portion = (1 + self.chance.below(4_000)) as usize;
        if self.sent < self.text.len() {
            let end = (self.sent + portion).min(self.text.len());
            self.sent += connection
                .send(now, &self.text[self.sent..end])
                .expect("an open connection takes text");
        } else if !self.closed {
            connection.close(now);
            self.closed = true;
        }
        if self.chance.below(3) > 0 {
            self.read(now, connection);
        }
    }

    fn read(&mut self, now: Uptime, connection: &mut Connection) {
        let limit = (1 + self.chance.below(6_000)) as usize;
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
    names: BTreeSet<(u8, u32, u32, usize, u32)>,
    answer: Option<Segment>,
}

impl Side {
    fn new(connection: Option<Connection>, application: Application) -> Self {
        Self {
            connection,
            application,
            names: BTreeSet::new(),
            answer: None,
        }
    }

    fn arrive(&mut self, now: Uptime, segment: Segment, profile: &Profile, first: SeqNum) {
        match &mut self.connection {
            // TIME-WAIT may end before a FIN sent again arrives; the host answers for it.
            Some(connection) if connection.state() == State::Closed => {
                self.answer = reset_for(&segment);
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
        if let Some(reset) = self.answer.take() {
            link.send(now, reset);
        }
        connection.on_timeout(now);
        self.application.act(now, connection);
        while let Some(transmit) = connection.poll_transmit(now) {
            let segment = transmit.segment;
            let name = (
                segment.flags.without(Flags::PSH).bits(),
                segment.sequence.value(),
                segment.acknowledgment.value(),
                segment.payload.len(),
                transmit.attempt,
            );
            assert!(self.names.insert(name), "two transmissions named {name:?}");
            link.send(now, segment);
        }
        assert!(
            connection.poll_timeout().is_none_or(|at| at > now),
            "a timer stuck"
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

/// A profile that does not give up before the weather does.
fn patient(profile: &Profile) -> Profile {
    Profile {
        syn_retries: 30,
        syn_ack_retries: 30,
        data_retries: 30,
        ..*profile
    }
}

fn converse(weather: Weather, lengths: (usize, usize), profiles: (Profile, Profile), seed: u64) {
    let mut chance = Chance::new(seed);
    let mut number = || SeqNum::new(chance.below(1 << 32) as u32);
    let (iss, irs) = (number(), number());
    let opener = Connection::connect(profiles.0, 1025, 102, iss, Uptime::ZERO);
    let mut left = Side::new(Some(opener), Application::new(lengths.0, seed ^ 1));
    let mut right = Side::new(None, Application::new(lengths.1, seed ^ 2));
    let (mut there, mut back) = (Link::new(weather, seed ^ 3), Link::new(weather, seed ^ 4));
    let mut now = Uptime::ZERO;
    for _ in 0..STEPS {
        while let Some(segment) = there.arrived(now) {
            right.arrive(now, segment, &profiles.1, irs);
            right.run(now, &mut back);
        }
        while let Some(segment) = back.arrived(now) {
            left.arrive(now, segment, &profiles.0, iss);
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
            .expect("somebody still wants something");
        now = next.max(now.after(Span::from_nanos(1)));
    }
    assert!(
        left.is_done() && right.is_done(),
        "the conversation never ended"
    );
    assert_eq!(left.application.received, right.application.text);
    assert_eq!(right.application.received, left.application.text);
    for side in [&left, &right] {
        let events = &side.application.events;
        assert_eq!(events[0], Event::Connected);
        assert!(!events.contains(&Event::Reset) && !events.contains(&Event::TimedOut));
    }
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let documented = prop::sample::select(vec![
        *Profile::nt351(),
        *Profile::nt4(),
        *Profile::w2k(),
        *Profile::linux(),
    ]);
    let changes = (any::<bool>(), 1u16..9_000, 1u32..9_000, 1u16..1_461);
    (documented, any::<bool>(), changes).prop_map(|(base, plain, (nagle, window, buffer, mss))| {
        match plain {
            true => patient(&base),
            false => Profile {
                nagle,
                receive_window: window,
                send_buffer: buffer,
                maximum_segment_size: mss.max(40),
                ..patient(&base)
            },
        }
    })
}

fn any_weather() -> impl Strategy<Value = Weather> {
    (0u64..250, 0u64..200, 0u64..300, 0u64..300).prop_map(|(lost, doubled, delay, jitter)| {
        Weather {
            lost_per_mille: lost,
            doubled_per_mille: doubled,
            delay: Span::from_millis(delay),
            jitter: Span::from_millis(jitter),
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
        weather in any_weather(),
        lengths in (0usize..20_000, 0usize..20_000),
        profiles in (any_profile(), any_profile()),
        seed: u64,
    ) {
        converse(weather, lengths, profiles, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[ignore = "a campaign of minutes"]
    fn every_octet_arrives_in_a_long_campaign(
        weather in any_weather(),
        lengths in (0usize..60_000, 0usize..60_000),
        profiles in (any_profile(), any_profile()),
        seed: u64,
    ) {
        converse(weather, lengths, profiles, seed);
    }
}
