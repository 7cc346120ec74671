//! The state of one allocation of a control block while the log is read.

use crate::allocation::{Allocation, LineNumbers, Reason};
use crate::clock::Timestamp;
use crate::consistency::{AllocationHandles, Contradiction};
use crate::line::{BlockNumber, LineForm};

/// Opening a session takes two packets from the peer: the transport's connection confirm and the
/// session's accept (RFC 1006, X.224, X.225). A call that received fewer was never opened.
const PACKETS_TO_OPEN: u8 = 2;

/// The type of a Close message (Q303102).
const CLOSE: u32 = 2;

/// How far the use of the block has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Allocated, with no more lines than a leaked block has.
    Unused,
    /// A thread waits for it, or it is connected, or data was read.
    Active,
    /// Its socket is closed, or a Close message has arrived.
    Closing,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallDirection {
    Unknown,
    Outgoing,
    Incoming,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAllocation {
    pub(crate) instance: Option<u32>,
    /// The time of its first line.
    pub(crate) began: Option<Timestamp>,
    /// Whether a line before its first one is later: its other lines may be above, too.
    pub(crate) is_overlapped: bool,
    /// Whether the clock went back, or may have, since its first line.
    pub(crate) is_across: bool,
    /// The latest time before nothing told any more how much time passed.
    pub(crate) known_until: Option<Timestamp>,
    /// The first line below its first one that cannot be read and may be about it.
    pub(crate) unread_at: Option<u64>,
    /// Later allocations that came and went while this one was unused.
    pub(crate) outlived: u64,
    phase: Phase,
    call: CallDirection,
    /// A Close message from the transport has arrived.
    is_asked_to_close: bool,
    /// Complete packets received, up to [`PACKETS_TO_OPEN`].
    packets: u8,
    /// The line at which the allocating thread turned to something else right after the allocation.
    left_at: Option<u64>,
    lines: LineNumbers,
    last: u64,
    handles: AllocationHandles,
}

impl OpenAllocation {
    pub(crate) const fn new(instance: Option<u32>, began: Option<Timestamp>) -> Self {
        Self {
            instance,
            began,
            is_overlapped: false,
            is_across: false,
            known_until: None,
            unread_at: None,
            outlived: 0,
            phase: Phase::Unused,
            call: CallDirection::Unknown,
            is_asked_to_close: false,
            packets: 0,
            left_at: None,
            lines: LineNumbers::new(),
            last: 0,
            handles: AllocationHandles::NONE,
        }
    }

    /// Takes in a line that names the block. Returns whether it ends the allocation.
    pub(crate) fn on_line(&mut self, number: u64, form: LineForm) -> bool {
        self.last = number;
        self.left_at = None;
        match form {
            LineForm::Allocated(..) | LineForm::UseThread(_) => {}
            LineForm::Message(CLOSE, _) => {
                self.is_asked_to_close = true;
                self.phase = Phase::Closing;
            }
            LineForm::Message(..) => {}
            LineForm::SocketCreated(_) => self.call = CallDirection::Outgoing,
            LineForm::ConnectEvents(_) => {}
            LineForm::Accepted(_) => {
                self.call = CallDirection::Incoming;
                self.phase = Phase::Active;
            }
            LineForm::WaitFor(_)
            | LineForm::DataEvents(_)
            | LineForm::Notified(_)
            | LineForm::ReceiveHeader(_)
            | LineForm::ReceiveBody(_)
            | LineForm::Readable(_) => {
                if self.phase == Phase::Unused {
                    self.phase = Phase::Active;
                    self.lines.push(number);
                }
                return false;
            }
            LineForm::IssueDisconnect(_) => self.phase = Phase::Closing,
            // Q303102 shows two such lines for one block: the first closes the socket; after the
            // transport's Close message the second, without a socket (-1), releases the block. If the
            // Close message comes first, as for a call that fails, one line does both.
            LineForm::CloseSocket(_, had_socket) => {
                let ends = self.is_asked_to_close || !had_socket;
                self.phase = Phase::Closing;
                self.lines.push(number);
                return ends;
            }
            LineForm::EntireTpkt | LineForm::NoBlock | LineForm::Unknown => return false,
        }
        self.lines.push(number);
        false
    }

    /// Takes in the handle of the block in a line. Returns what it contradicts.
    pub(crate) fn on_handle(&mut self, number: u64, handle: u32) -> Option<(Contradiction, u64)> {
        self.handles.add(handle, number)
    }

    pub(crate) fn on_packet(&mut self) {
        self.packets = PACKETS_TO_OPEN.min(self.packets + 1);
    }

    /// The thread that allocated it turned to something else at this line.
    pub(crate) fn on_left(&mut self, number: u64) {
        self.left_at = Some(number);
    }

    /// Whether the log says no more of it than of a leaked block.
    pub(crate) fn is_unused(&self) -> bool {
        self.phase == Phase::Unused && self.left_at.is_none()
    }

    /// Whether this MTA made the call.
    pub(crate) fn is_outgoing(&self) -> bool {
        self.call == CallDirection::Outgoing
    }

    /// Whether this is a call of this MTA that was not opened. If it ends so, event 289 is logged.
    pub(crate) fn is_failed_call(&self) -> bool {
        self.call == CallDirection::Outgoing && self.packets < PACKETS_TO_OPEN
    }

    /// Whether it may be a call of this MTA that was not opened: the lines that tell are missing.
    pub(crate) fn is_perhaps_failed_call(&self) -> bool {
        self.call == CallDirection::Unknown && self.packets < PACKETS_TO_OPEN
    }

    /// Its first line.
    pub(crate) fn first_line(&self) -> u64 {
        self.lines.lines().first().copied().unwrap_or(self.last)
    }

    /// The last line that names the block.
    pub(crate) const fn last_line(&self) -> u64 {
        self.last
    }

    /// The reason for its diagnosis if no more lines follow. Unused blocks are left to
    /// [`crate::unused`].
    pub(crate) fn reason_at_end(&self) -> Reason {
        // Once used, it may have been released by a line that cannot be read.
        let unread = self.unread_at.filter(|_| self.phase != Phase::Unused);
        if let Some(line) = unread {
            return Reason::LinesUnread(line);
        }
        match (self.phase, self.left_at) {
            (Phase::Unused, Some(_)) => Reason::NotAccepted,
            (Phase::Closing, _) => Reason::Closing,
            (Phase::Unused | Phase::Active, _) => Reason::Active,
        }
    }

    /// The diagnosed allocation. `because` is a line about something else that decided the reason, such
    /// as the start of the next service run.
    pub(crate) fn diagnose(
        &self,
        cb: BlockNumber,
        service: u32,
        reason: Reason,
        because: Option<u64>,
    ) -> Allocation {
        let mut evidence = self.lines;
        if self.last > 0 {
            evidence.push(self.last);
        }
        let left_at = self.left_at.filter(|_| reason == Reason::NotAccepted);
        if let Some(line) = left_at.or(because) {
            evidence.push(line);
        }
        Allocation {
            cb,
            instance: self.instance,
            service,
            diagnosis: reason.diagnosis(),
            reason,
            evidence,
        }
    }
}
