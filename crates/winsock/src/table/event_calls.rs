//! Event objects, `WSAEventSelect` and `WSAEnumNetworkEvents`.

use super::{Object, SocketTable};
use crate::error::SocketError;
use crate::events::{EnumeratedEvents, EventObject, EventReference, NetworkEvents};
use crate::handles::{EventHandle, SocketHandle};

impl SocketTable {
    /// `WSACreateEvent`: a manual-reset event object that is not signalled.
    ///
    /// # Errors
    /// 10024 if the handle table is full.
    pub fn create_event(&mut self) -> Result<EventHandle, SocketError> {
        // Never reused, unlike handles.
        let created = self.counters.events.opened;
        let serial = u32::try_from(created).expect("fewer than 2^32 event objects");
        let number = self
            .handles
            .insert(Object::Event(EventObject::new(serial)))
            .map_err(|_| SocketError::TooManyHandles)?;
        self.counters.events.opened += 1;
        Ok(EventHandle(number))
    }

    /// `WSACloseEvent`. Selections for the object remain without effect.
    ///
    /// # Errors
    /// 6 if the handle does not name an event object.
    pub fn close_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        self.event_at_mut(event)?;
        self.handles.remove(event.0);
        self.counters.events.closed += 1;
        Ok(())
    }

    /// `WSASetEvent`.
    ///
    /// # Errors
    /// 6 if the handle does not name an event object.
    pub fn set_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        let serial = self.event_at_mut(event)?.serial();
        // Through `signal`, which also queues a `Signal` for waiting callers.
        self.signal(EventReference {
            handle: event,
            serial,
        });
        Ok(())
    }

    /// `WSAResetEvent`.
    ///
    /// # Errors
    /// 6 if the handle does not name an event object.
    pub fn reset_event(&mut self, event: EventHandle) -> Result<(), SocketError> {
        self.event_at_mut(event)?.reset();
        Ok(())
    }

    /// `WSAEventSelect`: from now on the events of `mask` are recorded and signal `event`. An empty
    /// mask cancels the selection. The record is cleared, and events whose condition holds are
    /// recorded at once. CONNECT and CLOSE that were recorded before are lost: they have no
    /// re-enabling function.
    ///
    /// # Errors
    /// 10038; 10022 if the mask is not empty and `event` does not name an event object. The
    /// selection is unchanged then.
    pub fn event_select(
        &mut self,
        socket: SocketHandle,
        event: EventHandle,
        mask: NetworkEvents,
    ) -> Result<(), SocketError> {
        self.socket_at(socket)?;
        let object = if mask.is_empty() {
            // WSAEventSelect page: "the hEventObject parameter is ignored".
            None
        } else {
            let object = self.event_at_mut(event).map_err(|_| SocketError::Invalid)?;
            Some(EventReference {
                handle: event,
                serial: object.serial(),
            })
        };
        self.socket_at_mut(socket)?.selection.select(object, mask);
        self.record_current(socket);
        Ok(())
    }

    /// `WSAEnumNetworkEvents`: returns and clears the record, and resets `event`.
    ///
    /// # Errors
    /// 10038; 10022 if `event` does not name an event object. Nothing is changed then.
    pub fn enum_events(
        &mut self,
        socket: SocketHandle,
        event: Option<EventHandle>,
    ) -> Result<EnumeratedEvents, SocketError> {
        // Both handles are checked first: on an error nothing may change.
        self.socket_at(socket)?;
        if let Some(event) = event {
            self.event_at_mut(event)
                .map_err(|_| SocketError::Invalid)?
                .reset();
        }
        Ok(self.socket_at_mut(socket)?.selection.enumerate())
    }
}
