//! A connection whose peer is the test: segments in, segments and events out.

use tcp::{Connection, Event, Flags, Payload, Profile, Segment, SeqNum, State, Uptime};

pub(crate) const NOW: Uptime = Uptime::from_nanos(1_000_000_000);
pub(crate) const ACK: Flags = Flags::ACK;

/// A connection with ISS 100. The test plays its peer, whose ISS is 300.
pub(crate) struct Exchange(pub(crate) Connection);

impl Exchange {
    pub(crate) fn syn_sent() -> Self {
        Self::syn_sent_on(Profile::nt4())
    }

    pub(crate) fn syn_sent_on(profile: &Profile) -> Self {
        let connection = Connection::connect(profile, 1025, 102, SeqNum::new(100), NOW);
        let mut exchange = Self(connection);
        exchange.sends(Flags::SYN, 100, 0, "");
        exchange
    }

    pub(crate) fn established() -> Self {
        Self::established_on(Profile::nt4())
    }

    pub(crate) fn established_on(profile: &Profile) -> Self {
        let mut exchange = Self::syn_sent_on(profile);
        exchange.receives(Flags::SYN | ACK, 300, 101, "");
        exchange.sends(ACK, 101, 301, "");
        exchange.reports(&[Event::Connected]);
        exchange
    }

    pub(crate) fn receives(
        &mut self,
        flags: Flags,
        sequence: u32,
        acknowledgment: u32,
        text: &str,
    ) {
        self.0
            .on_segment(NOW, segment(flags, sequence, acknowledgment, text));
    }

    #[track_caller]
    pub(crate) fn sends(
        &mut self,
        flags: Flags,
        sequence: u32,
        acknowledgment: u32,
        text: &str,
    ) -> Segment {
        let sent = self
            .0
            .poll_transmit(NOW)
            .expect("a segment to send")
            .segment;
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let seen = (
            sent.flags.difference(Flags::PSH),
            sent.sequence.value(),
            sent.acknowledgment.value(),
            shown(sent.payload.as_slice()),
        );
        assert_eq!(seen, (flags, sequence, acknowledgment, text.to_owned()));
        sent
    }

    #[track_caller]
    pub(crate) fn is_silent(&mut self) {
        assert_eq!(self.0.poll_transmit(NOW), None);
    }

    #[track_caller]
    pub(crate) fn reports(&mut self, events: &[Event]) {
        let seen: Vec<Event> = std::iter::from_fn(|| self.0.poll_event()).collect();
        assert_eq!(seen, events);
    }

    #[track_caller]
    pub(crate) fn is_in(&mut self, state: State) {
        assert_eq!(self.0.state(), state);
    }

    #[track_caller]
    pub(crate) fn reads(&mut self, text: &str) {
        let got = self.0.receive(NOW, 1_000).expect("text to receive");
        assert_eq!(got.as_slice(), text.as_bytes());
    }
}

/// A segment of the peer, with a window of 8760.
pub(crate) fn segment(flags: Flags, sequence: u32, acknowledgment: u32, text: &str) -> Segment {
    Segment {
        source_port: 102,
        destination_port: 1025,
        sequence: SeqNum::new(sequence),
        acknowledgment: SeqNum::new(acknowledgment),
        flags,
        window: 8760,
        maximum_segment_size: flags.contains(Flags::SYN).then_some(1460),
        options: None,
        payload: Payload::from(text.as_bytes()),
    }
}
