//! The socket layer of one host: calls and segments in; replies, segments and signals out.

mod event_calls;
mod input;
mod network_events;
mod output;
mod snapshots;
mod socket_calls;
mod stream_calls;
mod wait_calls;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tcp::{Profile, Uptime};

use crate::address::SocketAddress;
use crate::call::{Call, Reply};
use crate::config::Config;
use crate::connections::Connections;
use crate::error::SocketError;
use crate::events::EventObject;
use crate::handles::{EventHandle, HandleTable, SocketHandle};
use crate::ports::HostPorts;
use crate::resets::ResetQueue;
use crate::socket::Socket;
use crate::statistics::Counters;
use crate::wait::Signal;

/// The socket layer of one host, with the handles of the process that uses it.
///
/// Inputs are calls ([`call`](Self::call), or the method of the same name), segments
/// ([`on_segment`](Self::on_segment)), ICMP errors ([`on_unreachable`](Self::on_unreachable)) and
/// expired timers ([`on_timeout`](Self::on_timeout)). After each of them, call
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`,
/// 2. [`poll_signal`](Self::poll_signal) until it returns `None`,
/// 3. [`poll_timeout`](Self::poll_timeout) for when to call `on_timeout`.
#[derive(Debug)]
pub struct SocketTable {
    config: Config,
    /// The profile of `config`, shared by the connections.
    profile: Arc<Profile>,
    handles: HandleTable<Object>,
    ports: HostPorts,
    /// By the address that they are bound to.
    listeners: BTreeMap<SocketAddress, SocketHandle>,
    connections: Connections,
    resets: ResetQueue,
    signals: VecDeque<Signal>,
    /// Addresses without a route.
    unroutable: BTreeSet<u32>,
    counters: Counters,
}

/// What a handle names.
#[derive(Debug)]
enum Object {
    Socket(Socket),
    Event(EventObject),
}

impl SocketTable {
    /// A host without sockets.
    ///
    /// # Panics
    /// If `config` violates the requirements of its fields.
    #[must_use]
    pub fn new(config: Config) -> Self {
        assert!(config.address != 0, "the address is zero");
        assert!(config.backlog_limit > 0, "the backlog limit is zero");
        Self {
            handles: HandleTable::new(config.first_handle, config.handle_limit),
            ports: HostPorts::new(&config),
            profile: Arc::from(&config.profile),
            config,
            listeners: BTreeMap::new(),
            connections: Connections::default(),
            resets: ResetQueue::default(),
            signals: VecDeque::new(),
            unroutable: BTreeSet::new(),
            counters: Counters::default(),
        }
    }

    /// The host's IPv4 address, or the first of several.
    #[must_use]
    pub fn address(&self) -> u32 {
        self.config.address
    }

    /// Sets whether the host has a route to the address `host`. Initially there is a route to every one.
    /// Without a route `connect` fails with 10051; existing connections are not affected.
    pub fn set_route(&mut self, host: u32, exists: bool) {
        if exists {
            self.unroutable.remove(&host);
        } else {
            self.unroutable.insert(host);
        }
    }

    /// Executes one call.
    pub fn call(&mut self, now: Uptime, call: Call) -> Reply {
        self.try_call(now, call).unwrap_or_else(Reply::Failed)
    }

    fn try_call(&mut self, now: Uptime, call: Call) -> Result<Reply, SocketError> {
        let done = |()| Reply::Done;
        // The methods are the calls; this only converts their results.
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
            // Only these two calls can wait.
            Call::Select(sets) => Ok(self.select(&sets)?.map_or(Reply::Pending, Reply::Selected)),
            Call::Wait { events } => {
                Ok(self.wait(&events)?.map_or(Reply::Pending, Reply::Signalled))
            }
        }
    }

    /// The socket of a handle, or 10038.
    fn socket_at(&self, handle: SocketHandle) -> Result<&Socket, SocketError> {
        match self.handles.get(handle.0) {
            Some(Object::Socket(socket)) => Ok(socket),
            Some(Object::Event(_)) | None => Err(SocketError::NotSocket),
        }
    }

    /// The socket of a handle, mutable, or 10038.
    fn socket_at_mut(&mut self, handle: SocketHandle) -> Result<&mut Socket, SocketError> {
        match self.handles.get_mut(handle.0) {
            Some(Object::Socket(socket)) => Ok(socket),
            Some(Object::Event(_)) | None => Err(SocketError::NotSocket),
        }
    }

    /// The event object of a handle, mutable, or 6.
    fn event_at_mut(&mut self, handle: EventHandle) -> Result<&mut EventObject, SocketError> {
        match self.handles.get_mut(handle.0) {
            Some(Object::Event(event)) => Ok(event),
            Some(Object::Socket(_)) | None => Err(SocketError::InvalidEventHandle),
        }
    }
}
