//! Times, retransmissions and timeouts of one transfer, from the segments on the line. Both sides are measured by the
//! same code, which sees what a capture at the client's end would show.

use kernel::{Duration, Instant};
use tcp::Flags;

use crate::recorded_link::Sent;

/// How a transfer ended for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEnd {
    /// All octets were acknowledged.
    Finished,
    /// The connection failed after this time.
    Aborted(Duration),
    /// Neither, as long as it was watched.
    Unfinished,
}

/// One transfer, as the client's end of the line sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSummary {
    /// From the first SYN to the arrival of the answer.
    pub connected: Option<Duration>,
    /// From the first SYN to the arrival of the last acknowledgment.
    pub finished: Option<Duration>,
    /// From the first SYN to the failure.
    pub aborted: Option<Duration>,
    /// SYNs after the first.
    pub repeated_syns: u32,
    /// Segments with text that was sent before.
    pub retransmissions: u32,
    /// The retransmission timeouts that expired after the SYN's, in order.
    pub timeouts: Vec<Duration>,
}

/// A segment that leaves less than this after an acknowledgment or after another segment is an answer to it.
const PROMPT: Duration = Duration::from_millis(20);

impl TransferSummary {
    /// The summary of a transfer of `octets`.
    #[must_use]
    pub fn of(sent: &[Sent], octets: u32, end: TransferEnd) -> Self {
        let mut reader = SegmentReader::new(octets);
        let mut events: Vec<(Instant, bool, &Sent)> = Vec::new();
        for it in sent {
            match (it.from, it.arrives) {
                (0, _) => events.push((it.at, true, it)),
                (_, Some(at)) => events.push((at, false, it)),
                (_, None) => {}
            }
        }
        // What arrives comes before what it causes. The sort is stable.
        events.sort_by_key(|(at, is_sent, _)| (*at, *is_sent));
        for (at, is_sent, it) in events {
            match is_sent {
                true => reader.sent(at, it),
                false => reader.arrived(at, it),
            }
        }
        if let TransferEnd::Aborted(after) = end {
            reader.summary.aborted = Some(after);
        }
        reader.summary
    }
}

struct SegmentReader {
    octets: u32,
    summary: TransferSummary,
    begun: Option<Instant>,
    /// The lowest number that is not acknowledged, and the highest that was sent.
    unacknowledged: u32,
    highest: u32,
    /// When anything arrived last, and when anything was sent last.
    arrived: Instant,
    sent: Instant,
    /// Since when the retransmission timer runs.
    running: Instant,
}

impl SegmentReader {
    fn new(octets: u32) -> Self {
        Self {
            octets,
            summary: TransferSummary {
                connected: None,
                finished: None,
                aborted: None,
                repeated_syns: 0,
                retransmissions: 0,
                timeouts: vec![],
            },
            begun: None,
            unacknowledged: 0,
            highest: 0,
            arrived: Instant::ZERO,
            sent: Instant::ZERO,
            running: Instant::ZERO,
        }
    }

    fn since_begin(&self, at: Instant) -> Option<Duration> {
        self.begun.map(|begun| at.saturating_since(begun))
    }

    fn sent(&mut self, at: Instant, it: &Sent) {
        if it.flags.contains(Flags::SYN) {
            if self.begun.is_some() {
                self.summary.repeated_syns += 1;
            }
            self.begun.get_or_insert(at);
            self.highest = 1;
        } else if it.octets > 0 {
            if it.sequence >= self.highest {
                // An idle timer starts with the first segment on its way.
                if self.unacknowledged == self.highest {
                    self.running = at;
                }
            } else {
                self.summary.retransmissions += 1;
                let is_answer = at.saturating_since(self.arrived.max(self.sent)) < PROMPT;
                if it.sequence <= self.unacknowledged && !is_answer {
                    let timeout = at.saturating_since(self.running);
                    self.summary.timeouts.push(timeout);
                    self.running = at;
                }
            }
            self.highest = self.highest.max(it.sequence + it.octets);
            self.sent = at;
        }
    }

    fn arrived(&mut self, at: Instant, it: &Sent) {
        self.arrived = at;
        if it.flags.contains(Flags::SYN) && self.summary.connected.is_none() {
            self.summary.connected = self.since_begin(at);
        }
        if it.acknowledgment > self.unacknowledged {
            self.unacknowledged = it.acknowledgment;
            self.running = at;
        }
        if self.unacknowledged > self.octets && self.summary.finished.is_none() {
            self.summary.finished = self.since_begin(at);
        }
    }
}
