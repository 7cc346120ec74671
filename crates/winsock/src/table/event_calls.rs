//! Event objects and `WSAEventSelect`, `WSAEnumNetworkEvents`.
//!
//! Owns these calls and their failures. When an event is recorded is `selection`'s, whether
//! its condition holds `notification`'s.

use super::{Object, SocketTable};
use crate::error::SocketError;
use crate::event_object::{EventObject, EventReference};
use crate::handle::{EventHandle, SocketHandle};
use crate::network_events::{EnumeratedEvents, NetworkEvents};

impl SocketTable {
    /// `WSACreateEvent`: a manual-reset event object, not signalled.
    ///
    /// # Errors
    /// 10024 if the handle table is full.
    pub fn create_event(&mut self) -> Result<EventHandle, SocketError> {
        let created = self.counters.events.opened;
        let serial = u32::try_from(created).expect("a host creates fewer than 2^32 event objects");
        let number = self
            .handles
            .insert(Object::Event(EventObject::new(serial)))
            .map_err(|_| SocketError::TooManyHandles)?;
        self.counters.events.opened += 1;
        Ok(EventHandle(number))
    }

    /// `WSACloseEvent`. Selections for it stay and signal nobody.
    ///
    /// # Errors
    /// 6 if the handle names no event object.
    pub fn close_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        self.event_at_mut(event)?;
        self.handles.remove(event.0);
        self.counters.events.closed += 1;
        Ok(())
    }

    /// `WSASetEvent`.
    ///
    /// # Errors
    /// 6 if the handle names no event object.
    pub fn set_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        let serial = self.event_at_mut(event)?.serial();
        self.signal(EventReference {
            handle: event,
            serial,
        });
        Ok(())
    }

    /// `WSAResetEvent`.
    ///
    /// # Errors
    /// 6 if the handle names no event object.
    pub fn reset_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        self.event_at_mut(event)?.reset();
        Ok(())
    }

    /// `WSAEventSelect`: from now on the events of `mask` are recorded and signalled to
    /// `event`; an empty mask cancels. The old selection ends and its record is cleared; what
    /// still holds is recorded at once, except CONNECT and CLOSE recorded before: those are
    /// lost (see `selection`).
    ///
    /// # Errors
    /// 10038; 10022 if the mask is not empty and `event` names no event object. Neither
    /// changes anything.
    pub fn event_select(
        &mut self,
        socket: SocketHandle,
        event: EventHandle,
        mask: NetworkEvents,
    ) -> Result<(), SocketError> {
        self.socket_at(socket)?;
        let object = if mask.is_empty() {
            None
        } else {
            let object = self.event_at_mut(event).map_err(|_| SocketError::Invalid)?;
            Some(EventReference {
                handle: event,
                serial: object.serial(),
            })
        };
        self.socket_at_mut(socket)?.selection.select(object, mask);
        self.record_standing(socket);
        Ok(())
    }

    /// `WSAEnumNetworkEvents`: copies the record and clears it, and resets `event` with it.
    ///
    /// # Errors
    /// 10038; 10022 if `event` names no event object. Then neither is done.
    pub fn enum_events(
        &mut self,
        socket: SocketHandle,
        event: Option<EventHandle>,
    ) -> Result<EnumeratedEvents, SocketError> {
        self.socket_at(socket)?;
        if let Some(event) = event {
            self.event_at_mut(event)
                .map_err(|_| SocketError::Invalid)?
                .reset();
        }
        Ok(self.socket_at_mut(socket)?.selection.enumerate())
    }
}
