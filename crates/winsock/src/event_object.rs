//! NT event objects, as `WSACreateEvent` makes them: manual reset, not signalled at first.
//!
//! Owns the signal state of one object and the reference a selection keeps to it. Handles
//! belong to `handle.rs`, waiting to `table`.

use crate::handle::EventHandle;

/// A selection's reference to an event object. NT keeps the object alive without its handle,
/// so a reference never reaches the next object that gets the same handle number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventReference {
    /// The handle the object was selected by.
    pub(crate) handle: EventHandle,
    /// Which of all objects ever created it is.
    pub(crate) serial: u32,
}

/// One manual-reset event object.
#[derive(Debug)]
pub(crate) struct EventObject {
    serial: u32,
    signalled: bool,
    announced: bool,
}

impl EventObject {
    /// The `serial`-th object created on this host.
    pub(crate) fn new(serial: u32) -> Self {
        Self {
            serial,
            signalled: false,
            announced: false,
        }
    }

    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled
    }

    /// Signals the object; answers whether the change is news nobody was told of.
    pub(crate) fn set(&mut self) -> bool {
        let news = !self.signalled && !self.announced;
        self.signalled = true;
        self.announced |= news;
        news
    }

    pub(crate) fn reset(&mut self) {
        self.signalled = false;
    }

    /// News of this handle is being told now; answers whether it is this object's, told for the
    /// first time, and still true.
    pub(crate) fn announce(&mut self) -> bool {
        std::mem::take(&mut self.announced) && self.signalled
    }
}
