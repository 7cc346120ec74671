//! The user calls SEND, RECEIVE, CLOSE and ABORT (RFC 9293 sections 3.10.2 to 3.10.5).
//!
//! No call blocks. If a call has nothing to return yet, an event reports when to call again.

use std::sync::Arc;

use super::event::{ConnectionFailure, ReceiveError, SendError};
use super::state::{State, Transition};
use super::timers::Timer;
use super::{Connection, PendingOutput};
use crate::segment::Payload;
use crate::time::Uptime;

impl Connection {
    /// SEND: takes as many of `bytes` as the send buffer has room for, and returns how many; 0
    /// means that the buffer is full. If not all were taken,
    /// [`Event::Writable`](crate::Event::Writable) follows once there is room. Before the
    /// connection is established, text is queued.
    ///
    /// # Errors
    /// If this side has closed, or if the connection has failed.
    pub fn send(&mut self, _now: Uptime, bytes: &[u8]) -> Result<usize, SendError> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        if self.state == State::Closed || self.state.has_closed() || self.requests.close {
            return Err(SendError::Closing);
        }
        let taken = bytes.len().min(self.writable());
        if taken > 0 {
            self.send_buffer.push(Payload::from(&bytes[..taken]));
        }
        self.requests.writable_event = taken < bytes.len();
        Ok(taken)
    }

    /// RECEIVE: returns up to `limit` octets in order. An empty payload is the end of the stream
    /// (the peer's FIN).
    ///
    /// # Errors
    /// [`ReceiveError::Empty`] if no text has arrived or `limit` is 0; otherwise how the
    /// connection failed.
    pub fn receive(&mut self, _now: Uptime, limit: usize) -> Result<Payload, ReceiveError> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        if limit == 0 {
            // An empty payload would look like the end of the stream.
            return Err(ReceiveError::Empty);
        }
        if self.readable() > 0 {
            let text = self.reassembly.take(limit);
            if self.state.can_receive() && self.needs_window_update() {
                self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
            }
            return Ok(text);
        }
        match self.rcv.fin {
            Some(fin) if self.rcv.nxt.after(fin) => Ok(Payload::empty()),
            _ => Err(ReceiveError::Empty),
        }
    }

    /// CLOSE: sends a FIN after the queued text. RECEIVE stays possible. Without effect if this
    /// side has closed already.
    pub fn close(&mut self, _now: Uptime) {
        match self.state {
            State::SynSent => self.fail(ConnectionFailure::Aborted),
            // Section 3.10.4 allows to queue the CLOSE until ESTABLISHED.
            State::SynReceived => self.requests.close = true,
            State::Established | State::CloseWait => self.transition(Transition::Close),
            State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => {}
        }
    }

    /// CLOSE by an application that will not call RECEIVE again, as when it closes its last
    /// handle. Text that is unread or still arrives is answered with a reset (RFC 1122 section
    /// 4.2.2.13), and FIN-WAIT-2 ends after the profile's time.
    pub fn detach(&mut self, now: Uptime) {
        if self.state == State::Closed {
            return;
        }
        self.detached = true;
        if self.readable() > 0 {
            self.abort(now);
            return;
        }
        self.close(now);
        if self.state == State::FinWait2 {
            self.start(Timer::TwoMsl, now, self.profile.fin_wait_2);
        }
    }

    /// ABORT: drops all queues and, if the peer has a record of the connection, sends a reset.
    pub fn abort(&mut self, _now: Uptime) {
        match self.state {
            State::Closed => {}
            State::SynSent => self.fail(ConnectionFailure::Aborted),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait => {
                self.pending_reset = Some(self.snd.acceptable_sequence());
                self.fail(ConnectionFailure::Aborted);
            }
            // Section 3.10.5: no reset is needed, since both sides have closed.
            State::Closing | State::LastAck | State::TimeWait => {
                self.reassembly.discard_ready();
                self.delete();
            }
        }
    }

    /// Turns keep-alives (RFC 1122 section 4.2.3.6) on or off. They are off at first.
    pub fn set_keep_alive(&mut self, now: Uptime, on: bool) {
        self.requests.keep_alive = on;
        self.timers.stop(Timer::KeepAlive);
        if on && self.state.is_synchronized() && self.state != State::TimeWait {
            self.start(Timer::KeepAlive, now, self.profile.keep_alive_time);
        }
    }

    /// Turns Nagle's algorithm (RFC 9293 section 3.7.4) on or off. The profile determines the
    /// initial setting.
    pub fn set_nagle(&mut self, on: bool) {
        // The profile is shared: this connection gets its own copy.
        Arc::make_mut(&mut self.profile).nagle = on;
    }
}
