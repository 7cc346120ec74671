//! One life of a control block while it lasts.
//!
//! Owns what the lines of a life add up to. It refuses to know other blocks, and when a log ends.

use crate::entry::{Entry, Evidence, Reason};
use crate::line::{Block, Said};
use crate::stamp::Stamp;

/// A session's request is answered by the transport's confirm and the session's accept: a call
/// that received fewer packets was never opened (RFC 1006, X.224, X.225).
const PACKETS_TO_OPEN: u8 = 2;

/// Message types (Q303102): 2 is a Close.
const CLOSE: u32 = 2;

/// How far a life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Allocated, and nothing that a leaked block would not have too.
    Silent,
    /// Waited for, connected, read from.
    AtWork,
    /// Its socket is closed, or its Close has come down.
    Closing,
}

/// Who began the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    NotKnown,
    Outgoing,
    Incoming,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) instance: Option<u32>,
    /// When it began.
    pub(crate) began: Option<Stamp>,
    phase: Phase,
    call: Call,
    /// A Close has come down from the transport.
    is_asked_to_close: bool,
    /// Whole packets received, as many as matter.
    packets: u8,
    /// Where its thread went on with something else right after the allocation.
    left_at: Option<u64>,
    lines: Evidence,
    last: u64,
}

impl Life {
    pub(crate) const fn new(instance: Option<u32>, began: Option<Stamp>) -> Self {
        Self {
            instance,
            began,
            phase: Phase::Silent,
            call: Call::NotKnown,
            is_asked_to_close: false,
            packets: 0,
            left_at: None,
            lines: Evidence::new(),
            last: 0,
        }
    }

    /// A line names the block. Whether that ended the life.
    pub(crate) fn on_line(&mut self, number: u64, said: Said) -> bool {
        self.last = number;
        self.left_at = None;
        match said {
            Said::Allocated(..) | Said::UseThread(_) => {}
            Said::Message(CLOSE, _) => {
                self.is_asked_to_close = true;
                self.phase = Phase::Closing;
            }
            Said::Message(..) => {}
            Said::SocketCreated(_) => self.call = Call::Outgoing,
            Said::ConnectEvents(_) => {}
            Said::Accepted(_) => {
                self.call = Call::Incoming;
                self.phase = Phase::AtWork;
            }
            Said::WaitFor(_)
            | Said::DataEvents(_)
            | Said::Notified(_)
            | Said::ReceiveHeader(_)
            | Said::ReceiveBody(_)
            | Said::Readable(_) => {
                if self.phase == Phase::Silent {
                    self.phase = Phase::AtWork;
                    self.lines.push(number);
                }
                return false;
            }
            Said::IssueDisconnect(_) => self.phase = Phase::Closing,
            Said::CloseSocket(_, had_socket) => {
                let ends = self.is_asked_to_close || !had_socket;
                self.phase = Phase::Closing;
                self.lines.push(number);
                return ends;
            }
            Said::EntireTpkt | Said::Nothing | Said::Other => return false,
        }
        self.lines.push(number);
        false
    }

    pub(crate) fn on_packet(&mut self) {
        self.packets = PACKETS_TO_OPEN.min(self.packets + 1);
    }

    /// The thread that allocated it went on with something else at this line.
    pub(crate) fn on_left(&mut self, number: u64) {
        self.left_at = Some(number);
    }

    /// Whether nothing was said of it but what is said of a leaked block.
    pub(crate) fn is_silent(&self) -> bool {
        self.phase == Phase::Silent && self.left_at.is_none()
    }

    /// Whether this MTA made the call.
    pub(crate) fn is_outgoing(&self) -> bool {
        self.call == Call::Outgoing
    }

    /// A call of this MTA that came to an end, or will, without having been opened.
    pub(crate) fn is_failed_call(&self) -> bool {
        self.call == Call::Outgoing && self.packets < PACKETS_TO_OPEN
    }

    /// The line that begins it.
    pub(crate) fn first_line(&self) -> u64 {
        self.lines.lines().first().copied().unwrap_or(self.last)
    }

    /// The last line that names it.
    pub(crate) const fn last_line(&self) -> u64 {
        self.last
    }

    /// What its lines say when no more come, if it is not silent.
    pub(crate) fn reason_at_end(&self) -> Reason {
        match (self.phase, self.left_at) {
            (Phase::Silent, Some(_)) => Reason::NotAccepted,
            (Phase::Closing, _) => Reason::Closing,
            (Phase::Silent | Phase::AtWork, _) => Reason::AtWork,
        }
    }

    /// The entry of a life that ended, or did not, for this reason: `because` of a line that is
    /// not its own.
    pub(crate) fn entry(
        &self,
        (cb, service): (Block, u32),
        reason: Reason,
        because: Option<u64>,
    ) -> Entry {
        let mut evidence = self.lines;
        if self.last > 0 {
            evidence.push(self.last);
        }
        let left_at = self.left_at.filter(|_| reason == Reason::NotAccepted);
        if let Some(line) = left_at.or(because) {
            evidence.push(line);
        }
        Entry {
            cb,
            instance: self.instance,
            service,
            verdict: reason.verdict(),
            reason,
            evidence,
        }
    }
}
