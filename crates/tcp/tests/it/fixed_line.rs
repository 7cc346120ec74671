//! Two connections on a line with a fixed delay, and a log of all segments. A test decides which
//! segments are lost.

use std::collections::VecDeque;

use tcp::{Connection, Event, Profile, Segment, SeqNum, TimeSpan, Transmit, Uptime};

/// A multiple of every profile's tick.
pub(crate) const START: Uptime = Uptime::from_nanos(300_000_000_000);

/// A segment that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Milliseconds since the start.
    pub(crate) at: u64,
    /// The end that sent it.
    pub(crate) from: usize,
    pub(crate) segment: Segment,
}

/// Whether a transmission of an end is lost.
type Loses = dyn FnMut(usize, &Transmit) -> bool;

/// Both ends number from 0.
pub(crate) struct FixedLine {
    pub(crate) ends: [Connection; 2],
    pub(crate) now: Uptime,
    delay: TimeSpan,
    in_flight: VecDeque<(Uptime, usize, Segment)>,
    pub(crate) log: Vec<Sent>,
    pub(crate) events: Vec<(usize, Event)>,
    /// Whether each end reads what arrives.
    pub(crate) reads: [bool; 2],
    /// Whether a transmission of an end is lost.
    pub(crate) loses: Box<Loses>,
}

impl FixedLine {
    /// An open connection between two systems, from end 0 to end 1.
    pub(crate) fn open(profiles: [&Profile; 2], one_way_millis: u64) -> Self {
        let mut caller = Connection::connect(profiles[0], 1025, 102, SeqNum::new(0), START);
        let syn = caller.poll_transmit(START).expect("a SYN").segment;
        let delay = TimeSpan::from_millis(one_way_millis);
        let now = START.after(delay);
        let called = Connection::accept(profiles[1], &syn, SeqNum::new(0), now);
        let mut line = Self {
            ends: [caller, called],
            now,
            delay,
            in_flight: VecDeque::new(),
            log: Vec::new(),
            events: Vec::new(),
            reads: [true; 2],
            loses: Box::new(|_, _| false),
        };
        line.exchange();
        line.run(2_000);
        line
    }

    /// Milliseconds since the start.
    pub(crate) fn millis(&self) -> u64 {
        self.now.since(START).nanos() / 1_000_000
    }

    /// Queues text at an end and sends what can be sent. Returns how many octets were taken.
    pub(crate) fn send(&mut self, end: usize, octets: usize) -> usize {
        let taken = self.ends[end].send(self.now, &vec![7; octets]);
        self.exchange();
        taken.expect("the connection is open")
    }

    /// Handles all calls that an input makes necessary.
    pub(crate) fn exchange(&mut self) {
        for end in 0..2 {
            if self.reads[end] {
                while self.ends[end]
                    .receive(self.now, 1 << 20)
                    .is_ok_and(|it| !it.is_empty())
                {}
            }
            while let Some(transmit) = self.ends[end].poll_transmit(self.now) {
                let is_lost = (self.loses)(end, &transmit);
                let sent = Sent {
                    at: self.millis(),
                    from: end,
                    segment: transmit.segment.clone(),
                };
                self.log.push(sent);
                if !is_lost {
                    let at = self.now.after(self.delay);
                    self.in_flight.push_back((at, 1 - end, transmit.segment));
                }
            }
            while let Some(event) = self.ends[end].poll_event() {
                self.events.push((end, event));
            }
        }
    }

    /// Lets `millis` milliseconds pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now.after(TimeSpan::from_millis(millis));
        loop {
            let arrival = self.in_flight.front().map(|it| it.0);
            let timeouts = self.ends.iter().filter_map(Connection::poll_timeout);
            let next = timeouts.chain(arrival).min();
            let Some(next) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            while self.in_flight.front().is_some_and(|it| it.0 <= self.now) {
                let (_, to, segment) = self.in_flight.pop_front().expect("it is there");
                self.ends[to].on_segment(self.now, segment);
                self.exchange();
            }
            for connection in &mut self.ends {
                connection.on_timeout(self.now);
            }
            self.exchange();
        }
    }

    /// The segments of an end with text, from entry `from` of the log on.
    pub(crate) fn texts(&self, end: usize, from: usize) -> impl Iterator<Item = &Sent> {
        let sent = self.log.iter().skip(from);
        sent.filter(move |it| it.from == end && !it.segment.payload.is_empty())
    }
}
