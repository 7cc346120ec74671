//! The application's calls: SEND, RECEIVE, CLOSE and ABORT (RFC 9293 section 3.10).
//!
//! Owns what they answer. It refuses to block or to wait: a call that cannot be met now says
//! so, and an event tells when to ask again.

use std::sync::Arc;

use crate::connection::{Connection, Demand};
use crate::event::{Failure, ReceiveError, SendError};
use crate::payload::Payload;
use crate::state::{State, Step};
use crate::timer::Timer;
use crate::uptime::Uptime;

impl Connection {
    /// Takes as many of `bytes` as the send buffer has room for and returns how many; 0 is a
    /// full buffer. After a short answer [`Event::Writable`](crate::Event::Writable) follows
    /// when there is room. Before the connection is up, text is queued.
    ///
    /// # Errors
    /// If this side has closed, or the connection has failed.
    pub fn send(&mut self, _now: Uptime, bytes: &[u8]) -> Result<usize, SendError> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        if self.state == State::Closed || self.state.has_closed() || self.wishes.close {
            return Err(SendError::Closing);
        }
        let taken = bytes.len().min(self.writable());
        if taken > 0 {
            self.outgoing.push(Payload::from(&bytes[..taken]));
        }
        self.wishes.writable = taken < bytes.len();
        Ok(taken)
    }

    /// Gives up to `limit` octets of what arrived in order; an empty payload is the end of
    /// the stream (the peer's FIN).
    ///
    /// # Errors
    /// [`ReceiveError::Empty`] if nothing waits yet, or `limit` is 0; else how the connection
    /// failed.
    pub fn receive(&mut self, _now: Uptime, limit: usize) -> Result<Payload, ReceiveError> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        if limit == 0 {
            return Err(ReceiveError::Empty);
        }
        if self.readable() > 0 {
            let taken = self.incoming.take(limit);
            if self.state.receives() && self.owes_window_update() {
                self.demand.add(Demand::ACKNOWLEDGE);
            }
            return Ok(taken);
        }
        match self.receive.fin {
            Some(fin) if self.receive.nxt.after(fin) => Ok(Payload::empty()),
            _ => Err(ReceiveError::Empty),
        }
    }

    /// CLOSE: nothing more will be sent; a FIN follows the text that is queued. Receiving
    /// goes on. A second CLOSE, or one without connection, changes nothing.
    pub fn close(&mut self, _now: Uptime) {
        match self.state {
            State::SynSent => self.fail(Failure::Aborted),
            State::SynReceived => self.wishes.close = true,
            State::Established | State::CloseWait => self.step(Step::Close),
            State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => {}
        }
    }

    /// CLOSE by an application that will not receive either, as when its last handle is
    /// gone: text that waits or still comes is answered by a reset (RFC 1122 section
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
            self.start(Timer::Linger, now, self.profile.fin_wait_2);
        }
    }

    /// ABORT: queues are dropped and the peer, if it knows of the connection, gets a reset.
    pub fn abort(&mut self, _now: Uptime) {
        match self.state {
            State::Closed => {}
            State::SynSent => self.fail(Failure::Aborted),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait => {
                self.reset = Some(self.send.max);
                self.fail(Failure::Aborted);
            }
            State::Closing | State::LastAck | State::TimeWait => {
                self.incoming.discard_ready();
                self.delete();
            }
        }
    }

    /// Turns keep-alives (RFC 1122 section 4.2.3.6) on or off; they are off at first.
    pub fn set_keep_alive(&mut self, now: Uptime, on: bool) {
        self.wishes.keep_alive = on;
        self.timers.stop(Timer::KeepAlive);
        if on && self.state.is_synchronized() && self.state != State::TimeWait {
            self.start(Timer::KeepAlive, now, self.profile.keep_alive_time);
        }
    }

    /// Turns Nagle's algorithm on or off; the profile says how it is at first.
    pub fn set_nagle(&mut self, on: bool) {
        Arc::make_mut(&mut self.profile).nagle = on;
    }
}
