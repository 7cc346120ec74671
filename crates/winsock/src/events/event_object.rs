//! NT event objects as `WSACreateEvent` creates them: manual-reset, initially not signalled.

use crate::handles::EventHandle;

/// A selection's reference to an event object.
///
/// In NT a selected object stays alive after its handle is closed. Therefore a reference must not
/// reach the next object with the same handle: the serial number distinguishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventReference {
    /// The handle by which the object was selected.
    pub(crate) handle: EventHandle,
    /// The number of the object among all ever created on the host.
    pub(crate) serial: u32,
}

/// A manual-reset event object.
#[derive(Debug)]
pub(crate) struct EventObject {
    serial: u32,
    signalled: bool,
    /// A [`Signal`](crate::Signal) for the object is in the queue.
    signal_queued: bool,
}

impl EventObject {
    /// The event object with the number `serial`, counted from 0.
    pub(crate) fn new(serial: u32) -> Self {
        Self {
            serial,
            signalled: false,
            signal_queued: false,
        }
    }

    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled
    }

    /// Signals the object. Returns whether the caller must queue a `Signal`: not if the object was
    /// signalled before, or if a `Signal` for it is queued already.
    pub(crate) fn set(&mut self) -> bool {
        let must_queue = !self.signalled && !self.signal_queued;
        self.signalled = true;
        self.signal_queued |= must_queue;
        must_queue
    }

    pub(crate) fn reset(&mut self) {
        self.signalled = false;
    }

    /// A `Signal` with the object's handle leaves the queue. Returns whether it is for this object
    /// and the object is still signalled.
    pub(crate) fn take_signal(&mut self) -> bool {
        std::mem::take(&mut self.signal_queued) && self.signalled
    }
}
