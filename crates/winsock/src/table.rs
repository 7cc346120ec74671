//! One host's socket layer: calls and segments in, replies, segments and signals out.
//!
//! Owns every handle, port and connection of the host and the dispatch of [`Call`]s. What the
//! calls answer is in the submodules, by the part of a socket's life they belong to. It never
//! learns which thread calls, and sends and schedules nothing itself.

mod arrival;
mod departure;
mod event_calls;
mod facts;
mod lifecycle;
mod notification;
mod stream;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tcp::{Profile, Uptime};

use crate::audit::Counters;
use crate::call::{Call, Reply};
use crate::config::Config;
use crate::connections::Connections;
use crate::error::SocketError;
use crate::event_object::EventObject;
use crate::handle::{EventHandle, HandleTable, SocketHandle};
use crate::ports::Ports;
use crate::refusal::Refusals;
use crate::socket::Socket;
use crate::turns::Turns;
use crate::wait::Signal;

/// The socket layer of one host, with the handles of the one process that uses it.
///
/// After every call, segment or timeout the owner asks [`poll_transmit`](Self::poll_transmit)
/// until it has nothing left, then [`poll_signal`](Self::poll_signal) likewise, and then
/// [`poll_timeout`](Self::poll_timeout) for when to come back.
#[derive(Debug)]
pub struct SocketTable {
    config: Config,
    /// The configuration's profile, as its connections share it.
    profile: Arc<Profile>,
    handles: HandleTable<Object>,
    ports: Ports,
    listeners: BTreeMap<u16, SocketHandle>,
    connections: Connections,
    refusals: Refusals,
    signals: Turns<Signal>,
    unroutable: BTreeSet<u32>,
    counters: Counters,
}

/// What a handle can name.
#[derive(Debug)]
enum Object {
    Socket(Socket),
    Event(EventObject),
}

impl SocketTable {
    /// A host with no socket.
    ///
    /// # Panics
    /// If the configuration is not as its fields demand.
    #[must_use]
    pub fn new(config: Config) -> Self {
        assert!(config.address != 0, "address zero names no host");
        assert!(config.backlog_limit > 0, "a host that takes no connection");
        Self {
            handles: HandleTable::new(config.first_handle, config.handle_limit),
            ports: Ports::new(config.ephemeral_ports.clone()),
            profile: Arc::from(&config.profile),
            config,
            listeners: BTreeMap::new(),
            connections: Connections::default(),
            refusals: Refusals::default(),
            signals: Turns::default(),
            unroutable: BTreeSet::new(),
            counters: Counters::default(),
        }
    }

    /// The host's IPv4 address.
    #[must_use]
    pub fn address(&self) -> u32 {
        self.config.address
    }

    /// Whether the host has a route to `host`; at first it has one to every host. Without a
    /// route `connect` fails at once with 10051; connections that exist are not touched.
    pub fn set_route(&mut self, host: u32, exists: bool) {
        if exists {
            self.unroutable.remove(&host);
        } else {
            self.unroutable.insert(host);
        }
    }

    /// Answers one call.
    pub fn call(&mut self, now: Uptime, call: Call) -> Reply {
        self.answer(now, call).unwrap_or_else(Reply::Failed)
    }

    fn answer(&mut self, now: Uptime, call: Call) -> Result<Reply, SocketError> {
        let done = |()| Reply::Done;
        match call {
            Call::Socket => self.socket().map(Reply::Socket),
            Call::Bind { socket, port } => self.bind(socket, port).map(done),
            Call::Listen { socket, backlog } => self.listen(socket, backlog).map(done),
            Call::Connect { socket, to, label } => self.connect(now, socket, to, label).map(done),
            Call::Accept { socket } => self
                .accept(socket)
                .map(|(socket, from)| Reply::Accepted { socket, from }),
            Call::Send { socket, bytes } => {
                self.send(now, socket, bytes.as_slice()).map(Reply::Sent)
            }
            Call::Receive { socket, limit } => {
                self.receive(now, socket, limit).map(Reply::Received)
            }
            Call::BytesReadable { socket } => self.bytes_readable(socket).map(Reply::BytesReadable),
            Call::Shutdown { socket } => self.shutdown(now, socket).map(done),
            Call::Close { socket } => self.close(now, socket).map(done),
            Call::SetKeepAlive { socket, on } => self.set_keep_alive(now, socket, on).map(done),
            Call::SetHardClose { socket, on } => self.set_hard_close(socket, on).map(done),
            Call::CreateEvent => self.create_event().map(Reply::Event),
            Call::CloseEvent { event } => self.close_event(event).map(done),
            Call::SetEvent { event } => self.set_event(event).map(done),
            Call::ResetEvent { event } => self.reset_event(event).map(done),
            Call::EventSelect {
                socket,
                event,
                mask,
            } => self.event_select(socket, event, mask).map(done),
            Call::EnumEvents { socket, event } => {
                self.enum_events(socket, event).map(Reply::Events)
            }
            Call::Select(sets) => Ok(self.select(&sets)?.map_or(Reply::Pending, Reply::Selected)),
            Call::Wait { events } => {
                Ok(self.wait(&events)?.map_or(Reply::Pending, Reply::Signalled))
            }
        }
    }

    /// The open socket behind a handle, or 10038.
    fn socket_at(&self, handle: SocketHandle) -> Result<&Socket, SocketError> {
        match self.handles.get(handle.0) {
            Some(Object::Socket(socket)) => Ok(socket),
            Some(Object::Event(_)) | None => Err(SocketError::NotSocket),
        }
    }

    /// The open socket behind a handle, to change it, or 10038.
    fn socket_at_mut(&mut self, handle: SocketHandle) -> Result<&mut Socket, SocketError> {
        match self.handles.get_mut(handle.0) {
            Some(Object::Socket(socket)) => Ok(socket),
            Some(Object::Event(_)) | None => Err(SocketError::NotSocket),
        }
    }

    /// The event object behind a handle, or 6.
    fn event_at_mut(&mut self, handle: EventHandle) -> Result<&mut EventObject, SocketError> {
        match self.handles.get_mut(handle.0) {
            Some(Object::Event(event)) => Ok(event),
            Some(Object::Socket(_)) | None => Err(SocketError::InvalidEventHandle),
        }
    }
}
