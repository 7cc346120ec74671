//! The sockets of all hosts, and the tasks that wait for them.

use std::collections::BTreeMap;
use std::task::Waker;

use config::plan::Scenario;
use internet::{Internet, NetworkEvent, uptime};
use kernel::{Instant, key, mix};
use net::HostId;
use simulation::recorder::Recorder;
use winsock::{
    Config, EventHandle, FlowLabel, NetworkEvents, Payload, Signal, SocketAddress, SocketError,
    SocketHandle,
};

use crate::datagrams::Datagrams;
use crate::incarnation::Incarnation;
use crate::scheduled_event::ScheduledEvent;

/// Sockets and event objects that a host may have open. The 16,384 of NT are no limit of others.
const HANDLES: u32 = 1 << 20;
/// Pending connections that a listener holds, as tokio asks for.
const BACKLOG: u32 = 1024;
/// What a connection is woken for.
const CONNECTION_EVENTS: NetworkEvents = NetworkEvents::CONNECT
    .union(NetworkEvents::READ)
    .union(NetworkEvents::WRITE)
    .union(NetworkEvents::CLOSE);

/// The socket layer of a guest's host.
pub(crate) fn socket_config(config: Config) -> Config {
    Config {
        handle_limit: HANDLES,
        ..config
    }
}

/// A socket of a host, with its event object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The run of the program that opened it. After a crash the handles mean other sockets.
    pub(crate) owner: Incarnation,
    handle: SocketHandle,
    event: EventHandle,
}

/// The tasks that wait for one socket.
#[derive(Default)]
struct Waiters {
    handle: Option<SocketHandle>,
    read: Option<Waker>,
    write: Option<Waker>,
    /// How the connect ended.
    connected: Option<Result<(), SocketError>>,
}

pub(crate) struct Sockets {
    internet: Internet<ScheduledEvent>,
    /// By host, then by event object. Handles are multiples of four and are used again.
    waiters: Vec<Vec<Waiters>>,
    /// Whether the host's sockets are those of a guest. Those of an MTA have other owners.
    is_guest: Vec<bool>,
    /// Keys of the hosts' names: their connections' random choices do not depend on other hosts.
    keys: Vec<u64>,
    /// How often a host has connected to an address.
    connects: BTreeMap<(HostId, u32, u16), u64>,
    /// Hosts with socket calls since time last advanced.
    touched: Vec<HostId>,
    pub(crate) datagrams: Datagrams,
}

impl Sockets {
    pub(crate) fn new(internet: Internet<ScheduledEvent>, scenario: &Scenario) -> Self {
        let keys: Vec<u64> = scenario.hosts.keys().map(|name| key(name)).collect();
        let hosts = scenario.hosts.values();
        Self {
            internet,
            is_guest: hosts.map(|host| host.build().is_none()).collect(),
            waiters: keys.iter().map(|_| Vec::new()).collect(),
            keys,
            connects: BTreeMap::new(),
            touched: Vec::new(),
            datagrams: Datagrams::default(),
        }
    }

    pub(crate) fn internet(&self) -> &Internet<ScheduledEvent> {
        &self.internet
    }

    pub(crate) fn internet_mut(&mut self) -> &mut Internet<ScheduledEvent> {
        &mut self.internet
    }

    /// The IPv4 address of a host, or the first of several.
    pub(crate) fn address(&self, host: HostId) -> u32 {
        self.internet.sockets(host).address()
    }

    /// All IPv4 addresses of a host, in the order of the scenario.
    pub(crate) fn addresses(&self, host: HostId) -> &[u32] {
        self.internet.addresses(host)
    }

    /// Handles a network event. Returns its host, and whether a task was woken.
    pub(crate) fn on_network(
        &mut self,
        at: Instant,
        event: NetworkEvent,
        recorder: &mut Recorder,
    ) -> (HostId, bool) {
        let host = self.internet.handle_event(at, event, recorder);
        let is_woken = self.wake_waiters(host) | self.deliver_datagrams(at, recorder);
        (host, is_woken)
    }

    /// Keys the random choices about what a host sends.
    pub(crate) fn key(&self, host: HostId) -> u64 {
        self.keys[host.0 as usize]
    }

    /// Sends what the hosts' calls have left to send. Returns whether a task was woken.
    pub(crate) fn flush_all(&mut self, now: Instant, recorder: &mut Recorder) -> bool {
        // In the order of hosts, not of calls: it must not depend on which task ran first.
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut is_woken = false;
        for host in touched.drain(..) {
            self.internet.flush(now, host, recorder);
            // A flush can end a connection, of which its own tasks learn at once.
            is_woken |= self.wake_waiters(host);
        }
        self.touched = touched;
        is_woken
    }

    /// Turns the signals of a host's sockets into wakes.
    fn wake_waiters(&mut self, host: HostId) -> bool {
        let mut is_woken = false;
        // The signals of an MTA's sockets are for its threads.
        if !self.is_guest[host.0 as usize] {
            return is_woken;
        }
        while let Some(signal) = self.internet.sockets_mut(host).poll_signal() {
            let Signal::Event(event) = signal else {
                continue;
            };
            let Some(waiters) = self.waiters[host.0 as usize].get_mut(slot(event)) else {
                continue;
            };
            let Some(socket) = waiters.handle else {
                continue;
            };
            let sockets = self.internet.sockets_mut(host);
            let Ok(happened) = sockets.enum_events(socket, Some(event)) else {
                continue;
            };
            if happened.events.contains(NetworkEvents::CONNECT) {
                waiters.connected = Some(happened.connect.map_or(Ok(()), Err));
            }
            let is_any = |wanted: NetworkEvents| !happened.events.intersection(wanted).is_empty();
            // An end or a failed connect concerns both directions: a task that waits to write would
            // never be woken by FD_WRITE again.
            let is_over = is_any(NetworkEvents::CLOSE | NetworkEvents::CONNECT);
            if is_over || is_any(NetworkEvents::READ | NetworkEvents::ACCEPT) {
                is_woken |= wake(&mut waiters.read);
            }
            if is_over || is_any(NetworkEvents::WRITE) {
                is_woken |= wake(&mut waiters.write);
            }
        }
        is_woken
    }

    /// A socket that connects to `to`. Zeros in `from` leave the choice to the system: of the address that
    /// leads there, of an ephemeral port.
    pub(crate) fn connect(
        &mut self,
        now: Instant,
        owner: Incarnation,
        from: SocketAddress,
        to: SocketAddress,
    ) -> Result<Socket, SocketError> {
        let host = owner.host;
        let from = match from.host {
            0 => SocketAddress::new(self.internet.source_address(host, to.host), from.port),
            _ => from,
        };
        let socket = self.open(owner, CONNECTION_EVENTS)?;
        let nth = self.connects.entry((host, to.host, to.port)).or_default();
        *nth += 1;
        // Not the local port: which one is free depends on all connections of the host, and with it
        // every draw about the packets would.
        let role = mix(mix(u64::from(to.host), u64::from(to.port)), *nth);
        let label = FlowLabel(mix(self.keys[host.0 as usize], role));
        // A connect sends a SYN.
        self.touched.push(host);
        let sockets = self.internet.sockets_mut(host);
        // From the usual address a socket connects by itself.
        let bound = match from == SocketAddress::new(sockets.address(), 0) {
            true => Ok(()),
            false => sockets.bind_to(socket.handle, from),
        };
        let connected = bound.and_then(|()| sockets.connect(uptime(now), socket.handle, to, label));
        match connected {
            Ok(()) | Err(SocketError::WouldBlock) => Ok(socket),
            Err(error) => {
                self.close(now, socket);
                Err(error)
            }
        }
    }

    /// How a connect ended; `None` while it is under way, and then `waker` is woken at its end.
    pub(crate) fn poll_connected(
        &mut self,
        socket: Socket,
        waker: &Waker,
    ) -> Option<Result<(), SocketError>> {
        let waiters = self.waiters_mut(socket);
        if waiters.connected.is_none() {
            waiters.write = Some(waker.clone());
        }
        waiters.connected
    }

    /// A socket that listens at an address, or at all with zero; port 0 chooses a free one.
    pub(crate) fn listen(
        &mut self,
        owner: Incarnation,
        local: SocketAddress,
    ) -> Result<Socket, SocketError> {
        let socket = self.open(owner, NetworkEvents::empty())?;
        let sockets = self.internet.sockets_mut(owner.host);
        let listening = sockets
            .bind_to(socket.handle, local)
            .and_then(|()| sockets.listen(socket.handle, BACKLOG))
            .and_then(|()| {
                sockets.event_select(socket.handle, socket.event, NetworkEvents::ACCEPT)
            });
        match listening {
            Ok(()) => Ok(socket),
            Err(error) => {
                self.forget(socket, Instant::ZERO);
                Err(error)
            }
        }
    }

    pub(crate) fn accept(
        &mut self,
        listener: Socket,
    ) -> Result<(Socket, SocketAddress), SocketError> {
        let sockets = self.internet.sockets_mut(listener.owner.host);
        let (handle, from) = sockets.accept(listener.handle)?;
        let event = sockets.create_event()?;
        sockets.event_select(handle, event, CONNECTION_EVENTS)?;
        let socket = Socket {
            owner: listener.owner,
            handle,
            event,
        };
        self.seat(socket);
        Ok((socket, from))
    }

    pub(crate) fn receive(
        &mut self,
        now: Instant,
        socket: Socket,
        limit: usize,
    ) -> Result<Payload, SocketError> {
        let sockets = self.touch(socket);
        sockets.receive(uptime(now), socket.handle, limit)
    }

    pub(crate) fn send(
        &mut self,
        now: Instant,
        socket: Socket,
        bytes: &[u8],
    ) -> Result<usize, SocketError> {
        let sockets = self.touch(socket);
        sockets.send(uptime(now), socket.handle, bytes)
    }

    pub(crate) fn shutdown(&mut self, now: Instant, socket: Socket) -> Result<(), SocketError> {
        let sockets = self.touch(socket);
        sockets.shutdown(uptime(now), socket.handle)
    }

    pub(crate) fn set_no_delay(&mut self, socket: Socket, on: bool) -> Result<(), SocketError> {
        let sockets = self.touch(socket);
        sockets.set_no_delay(socket.handle, on)
    }

    pub(crate) fn set_hard_close(&mut self, socket: Socket, on: bool) -> Result<(), SocketError> {
        let sockets = self.touch(socket);
        sockets.set_hard_close(socket.handle, on)
    }

    pub(crate) fn set_keep_alive(
        &mut self,
        now: Instant,
        socket: Socket,
        on: bool,
    ) -> Result<(), SocketError> {
        let sockets = self.touch(socket);
        sockets.set_keep_alive(uptime(now), socket.handle, on)
    }

    /// The own address of a socket; zero for all addresses or an unknown port.
    pub(crate) fn local_address(&self, socket: Socket) -> SocketAddress {
        let sockets = self.internet.sockets(socket.owner.host);
        let local = sockets.local_address(socket.handle).ok().flatten();
        local.unwrap_or(SocketAddress::new(0, 0))
    }

    pub(crate) fn close(&mut self, now: Instant, socket: Socket) {
        self.touched.push(socket.owner.host);
        self.forget(socket, now);
    }

    fn forget(&mut self, socket: Socket, now: Instant) {
        let sockets = self.internet.sockets_mut(socket.owner.host);
        // A destructor has nobody to report an error to, and the socket of a program that was
        // stopped is closed already.
        let _closed = (
            sockets.close(uptime(now), socket.handle),
            sockets.close_event(socket.event),
        );
        // The event's handle may be given out again at once; a task of the old socket must not be
        // woken for the new one.
        *self.waiters_mut(socket) = Waiters::default();
    }

    /// Resets connections of a host: all of them, or those between these addresses.
    pub(crate) fn reset(
        &mut self,
        now: Instant,
        host: HostId,
        between: Option<&[[u32; 2]]>,
        recorder: &mut Recorder,
    ) {
        let sockets = self.internet.sockets_mut(host);
        sockets.reset_connections(uptime(now), between);
        // The resets leave before anything else happens at this time, as from a device on the link.
        self.internet.flush(now, host, recorder);
        self.wake_waiters(host);
    }

    /// The system closes the sockets of a program that has been stopped.
    pub(crate) fn end_process(&mut self, now: Instant, host: HostId) {
        self.internet.sockets_mut(host).end_process(uptime(now));
        self.touched.push(host);
        self.waiters[host.0 as usize].clear();
        self.datagrams.close_all(host);
    }

    /// A host goes off: its sockets are gone, and no peer is notified.
    pub(crate) fn crash(&mut self, host: HostId, config: Config) {
        self.internet.switch_off(host, config);
        self.waiters[host.0 as usize].clear();
        self.datagrams.close_all(host);
    }

    pub(crate) fn wait_readable(&mut self, socket: Socket, waker: &Waker) {
        self.waiters_mut(socket).read = Some(waker.clone());
    }

    pub(crate) fn wait_writable(&mut self, socket: Socket, waker: &Waker) {
        self.waiters_mut(socket).write = Some(waker.clone());
    }

    fn touch(&mut self, socket: Socket) -> &mut winsock::SocketTable {
        self.touched.push(socket.owner.host);
        self.internet.sockets_mut(socket.owner.host)
    }

    fn open(&mut self, owner: Incarnation, events: NetworkEvents) -> Result<Socket, SocketError> {
        let sockets = self.internet.sockets_mut(owner.host);
        let handle = sockets.socket()?;
        let event = sockets.create_event()?;
        sockets.event_select(handle, event, events)?;
        let socket = Socket {
            owner,
            handle,
            event,
        };
        self.seat(socket);
        Ok(socket)
    }

    fn seat(&mut self, socket: Socket) {
        *self.waiters_mut(socket) = Waiters {
            handle: Some(socket.handle),
            ..Waiters::default()
        };
    }

    fn waiters_mut(&mut self, socket: Socket) -> &mut Waiters {
        let slots = &mut self.waiters[socket.owner.host.0 as usize];
        let slot = slot(socket.event);
        if slots.len() <= slot {
            slots.resize_with(slot + 1, Waiters::default);
        }
        &mut slots[slot]
    }
}

fn slot(event: EventHandle) -> usize {
    event.0 as usize / 4
}

fn wake(waker: &mut Option<Waker>) -> bool {
    let waiting = waker.take();
    let is_waiting = waiting.is_some();
    waiting.into_iter().for_each(Waker::wake);
    is_waiting
}
