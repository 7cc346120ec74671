//! The hosts, the event queue that the network shares with its owner, TCP timers and routes.

use std::collections::BTreeMap;

use kernel::{Choices, EventKey, EventQueue, Instant};
use net::{HostId, LinkConfig, LinkId, LinkState, Network, NetworkError};
use tcp::Uptime;
use winsock::{Config, SocketTable};

use crate::address_table::AddressTable;
use crate::datagram::ReceivedDatagrams;
use crate::in_flight::{InFlight, InFlightId};
use crate::observer::PacketObserver;
use crate::routers::Routers;

/// A scheduled event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<E> {
    /// An event of the network: pass it to [`Internet::handle_event`].
    Network(NetworkEvent),
    /// An event that the owner scheduled.
    User(E),
}

/// A scheduled event of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// A packet arrives at a host.
    Arrival {
        /// The host.
        host: HostId,
        /// The packet.
        packet: InFlightId,
    },
    /// A TCP timer of a host expires, if the number is the host's latest.
    TcpTimer {
        /// The host.
        host: HostId,
        /// Increases whenever the host's timer is set again.
        number: u32,
    },
}

impl NetworkEvent {
    /// The class among the events of one instant: packets arrive before timers expire. The owner
    /// uses classes below 3 and above 4.
    const fn class(self) -> u8 {
        match self {
            Self::Arrival { .. } => 3,
            Self::TcpTimer { .. } => 4,
        }
    }
}

/// One host of the network.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) sockets: SocketTable,
    /// Whether it is switched on. Packets that arrive at a host that is off are lost.
    pub(crate) is_up: bool,
    /// Numbers this host's simulation events.
    sequence: u64,
    /// When the one valid TCP timer event is due.
    timer_at: Option<Instant>,
    timer_number: u32,
}

/// What a network holds in memory at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Pending events and connections. A packet in flight has an event.
    pub things: u64,
    /// About how many bytes they take. The same on every platform.
    pub bytes: u64,
}

/// What [`Internet::held`] counts for a pending event.
const EVENT_BYTES: u64 = 96;

/// Hosts joined by a network, with one event queue for the network and its owner.
///
/// After any call on a host's sockets, call [`Internet::flush`].
#[derive(Debug)]
pub struct Internet<E> {
    pub(crate) network: Network,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) addresses: AddressTable,
    pub(crate) in_flight: InFlight,
    pub(crate) routers: Routers,
    pub(crate) inbox: ReceivedDatagrams,
    /// The connected component of each host, as the hosts' sockets know it.
    components: Vec<HostId>,
    queue: EventQueue<Event<E>>,
}

/// The time on a host's own clock. Every host is switched on when the run begins.
#[must_use]
pub const fn uptime(at: Instant) -> Uptime {
    Uptime::from_nanos(at.nanos())
}

impl<E> Internet<E> {
    /// Hosts 0, 1, 2... with these socket layers, joined by `links`, at the start of virtual time.
    ///
    /// # Errors
    /// If the configuration of the network is invalid.
    ///
    /// # Panics
    /// If two hosts have the same address, or a socket configuration is invalid.
    pub fn new(
        choices: Choices,
        hosts: Vec<Config>,
        links: &[LinkConfig],
    ) -> Result<Self, NetworkError> {
        let count = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
        let network = Network::new(choices, count, links)?;
        let all = |config: &Config| [&[config.address], &config.further_addresses[..]].concat();
        let addresses = AddressTable::new(hosts.iter().map(all));
        // A new socket table has a route to every host: as if all were one component.
        let components = vec![HostId(0); hosts.len()];
        let mut internet = Self {
            network,
            components,
            hosts: hosts.into_iter().map(HostState::new).collect(),
            addresses,
            in_flight: InFlight::default(),
            routers: Routers::default(),
            inbox: ReceivedDatagrams::default(),
            queue: EventQueue::new(),
        };
        internet.update_routes();
        Ok(internet)
    }

    /// The links and their counters.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Replaces the network between the hosts and returns the old one. Packets in flight still
    /// arrive.
    pub fn replace_network(&mut self, network: Network) -> Network {
        let before = std::mem::replace(&mut self.network, network);
        self.routers.clear();
        self.update_routes();
        before
    }

    /// From `at` on, the network's random choices come from `choices` ([`Network::reseed`]). Packets in
    /// flight arrive as decided before.
    ///
    /// # Panics
    /// If a packet was sent after `at`.
    pub fn reseed(&mut self, at: Instant, choices: Choices) {
        self.network.reseed(at, choices);
    }

    /// Takes a link down or up. Every host knows at once to which others it still has a route.
    pub fn set_link_state(&mut self, link: LinkId, state: LinkState) {
        self.network.set_link_state(link, state);
        self.update_routes();
    }

    /// The socket layer of a host.
    #[must_use]
    pub fn sockets(&self, host: HostId) -> &SocketTable {
        &self.hosts[host.0 as usize].sockets
    }

    /// The socket layer of a host, for socket calls. Call [`Internet::flush`] afterwards.
    pub fn sockets_mut(&mut self, host: HostId) -> &mut SocketTable {
        &mut self.hosts[host.0 as usize].sockets
    }

    /// Whether a host is switched on.
    #[must_use]
    pub fn is_up(&self, host: HostId) -> bool {
        self.hosts[host.0 as usize].is_up
    }

    /// Switches a host on again.
    pub fn switch_on(&mut self, host: HostId) {
        self.hosts[host.0 as usize].is_up = true;
    }

    /// Switches a host off at once, as a power failure does: its connections are gone, and no peer is
    /// notified. It has `config` when it is switched on again.
    pub fn switch_off(&mut self, host: HostId, config: Config) {
        let state = &mut self.hosts[host.0 as usize];
        state.sockets = SocketTable::new(config);
        state.is_up = false;
        // The timer event of the old sockets may still be in the queue: make it stale.
        state.timer_at = None;
        state.timer_number = state.timer_number.wrapping_add(1);
        self.set_missing_routes(host);
    }

    /// Schedules an event of the owner for `host`. Among events of one instant, lower classes come
    /// first; the network itself uses 3 (packet arrival) and 4 (TCP timer).
    pub fn schedule(&mut self, at: Instant, class: u8, host: HostId, event: E) {
        self.push(at, class, host, Event::User(event));
    }

    /// What is in memory: pending events, packets in flight and connections. Looks at every
    /// connection.
    #[must_use]
    pub fn held(&self) -> Held {
        let events = self.queue.len() as u64;
        let sockets = || self.hosts.iter().map(|host| &host.sockets);
        Held {
            things: events + sockets().map(SocketTable::connections_held).sum::<u64>(),
            bytes: events * EVENT_BYTES
                + self.in_flight.memory()
                + sockets().map(SocketTable::memory).sum::<u64>(),
        }
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<Instant> {
        self.queue.next_time()
    }

    /// The key of the next event.
    pub fn next_key(&mut self) -> Option<EventKey> {
        self.queue.next_key()
    }

    /// Removes the next event from the queue.
    pub fn pop_event(&mut self) -> Option<(EventKey, Event<E>)> {
        self.queue.pop()
    }

    /// Whether an event is a timer that was set again since. Handling it has no effect.
    #[must_use]
    pub fn is_stale(&self, event: NetworkEvent) -> bool {
        match event {
            NetworkEvent::Arrival { .. } => false,
            NetworkEvent::TcpTimer { host, number } => {
                self.hosts[host.0 as usize].timer_number != number
            }
        }
    }

    /// Handles an event of the network and returns its host. The host's sockets may have signals
    /// afterwards ([`SocketTable::poll_signal`]); it needs no [`Internet::flush`].
    pub fn handle_event(
        &mut self,
        now: Instant,
        event: NetworkEvent,
        observer: &mut impl PacketObserver,
    ) -> HostId {
        match event {
            NetworkEvent::Arrival { host, packet } => {
                if self.on_arrival(now, host, packet, observer) {
                    self.flush(now, host, observer);
                }
                host
            }
            NetworkEvent::TcpTimer { host, .. } => {
                if !self.is_stale(event) {
                    let state = &mut self.hosts[host.0 as usize];
                    state.timer_at = None;
                    state.sockets.on_timeout(uptime(now));
                    self.flush(now, host, observer);
                }
                host
            }
        }
    }

    /// Sends what a host's sockets have to send, and schedules their next timer.
    pub fn flush(&mut self, now: Instant, host: HostId, observer: &mut impl PacketObserver) {
        let index = host.0 as usize;
        while let Some(outgoing) = self.hosts[index].sockets.poll_transmit(uptime(now)) {
            self.send_segment(now, host, outgoing, observer);
        }
        // One timer event for all connections of a host. An earlier deadline replaces it: the old
        // event stays in the queue and is stale by its number. A later deadline needs no new
        // event, since the old one looks for the next deadline when it is due.
        let state = &mut self.hosts[index];
        let scheduled = state.timer_at.map_or(Uptime::MAX, uptime);
        let Some(due) = state.sockets.poll_timeout_before(scheduled) else {
            return;
        };
        // A deadline may have passed already, and no event can be scheduled in the past.
        let due = Instant::from_nanos(due.nanos()).max(now);
        state.timer_at = Some(due);
        state.timer_number = state.timer_number.wrapping_add(1);
        let number = state.timer_number;
        self.schedule_network(due, host, NetworkEvent::TcpTimer { host, number });
    }

    pub(crate) fn schedule_network(&mut self, at: Instant, host: HostId, event: NetworkEvent) {
        self.push(at, event.class(), host, Event::Network(event));
    }

    fn push(&mut self, at: Instant, class: u8, host: HostId, event: Event<E>) {
        // Event keys must be unique: each host numbers its own events, so that events of one host do
        // not shift the keys of another's.
        let state = &mut self.hosts[host.0 as usize];
        state.sequence += 1;
        let key = EventKey {
            at,
            class,
            host: host.0,
            sequence: state.sequence,
        };
        self.queue.push(key, event);
    }

    /// Whether a route leads from a host to an address of `host`.
    pub(crate) fn has_route(&self, from: HostId, to: u32, host: HostId) -> bool {
        let is_joined = self.components[from.0 as usize] == self.components[host.0 as usize];
        is_joined && (from == host || self.is_carried(to))
    }

    /// Whether the address belongs to its host as a whole, or to a link that is not withdrawn.
    fn is_carried(&self, address: u32) -> bool {
        let link = self.network.link_of_address(address);
        link.is_none_or(|link| self.network.link_state(link) != LinkState::Withdrawn)
    }

    /// The addresses of a host, the one from which it usually connects first.
    #[must_use]
    pub fn addresses(&self, host: HostId) -> &[u32] {
        self.addresses.of(host)
    }

    /// The address from which a host sends to `to` if it may choose: one of the link over which it
    /// sends, as hosts choose one of the interface (RFC 1122 section 3.3.4.3), else one that belongs to no link.
    #[must_use]
    pub fn source_address(&self, host: HostId, to: u32) -> u32 {
        let own = self.addresses.of(host);
        // Most hosts have no choice, and this is asked for every datagram.
        if let [only] = own {
            return *only;
        }
        if own.contains(&to) {
            return to;
        }
        let link = self.addresses.find(to).and_then(|destination| {
            let ends = net::Endpoints {
                source: host,
                destination,
                // The source is not chosen yet.
                addresses: [0, to],
            };
            self.network.route(host, ends)
        });
        let of_link = |wanted: Option<LinkId>| {
            let mut own = own.iter().copied();
            own.find(|it| self.network.link_of_address(*it) == wanted)
        };
        // Without a route any address will do.
        link.and_then(|link| of_link(Some(link)))
            .or_else(|| of_link(None))
            .unwrap_or(own[0])
    }

    /// The pairs of addresses, the one of the first host first, whose connections a device on a link between
    /// two hosts sees: those that belong to the link, or to no link at all.
    #[must_use]
    pub fn address_pairs(&self, link: LinkId, [one, other]: [HostId; 2]) -> Vec<[u32; 2]> {
        let own = self.addresses.of(one).iter();
        let pairs = own.flat_map(|own| self.addresses.of(other).iter().map(|peer| [*own, *peer]));
        let passes = |pair: &[u32; 2]| {
            let links = pair.map(|it| self.network.link_of_address(it));
            links.contains(&Some(link)) || links == [None, None]
        };
        pairs.filter(passes).collect()
    }

    /// Reports to the hosts' sockets which routes appeared or disappeared. Without a route, `connect` fails
    /// at once with 10051 (WSAENETUNREACH).
    fn update_routes(&mut self) {
        let hosts = (0..self.hosts.len() as u32).map(HostId);
        let components = hosts.map(|host| self.network.component(host)).collect();
        let before = std::mem::replace(&mut self.components, components);
        // Hosts that moved from the same component to the same component gain and lose the same
        // routes. There are few such groups, while pairs of hosts may be 2^28.
        let mut movements: BTreeMap<(HostId, HostId), Vec<HostId>> = BTreeMap::new();
        for (host, (from, to)) in (0..).zip(before.iter().zip(&self.components)) {
            movements
                .entry((*from, *to))
                .or_default()
                .push(HostId(host));
        }
        for ((from, to), these) in &movements {
            for ((others_from, others_to), those) in &movements {
                let exists = to == others_to;
                // Unchanged pairs need no call.
                if exists != (from == others_from) {
                    self.set_routes(these, those, exists);
                }
            }
        }
        self.update_addresses_of_links();
    }

    /// Reports to the hosts' sockets which addresses of links are reachable.
    fn update_addresses_of_links(&mut self) {
        let of_links = |it: &(u32, HostId)| self.network.link_of_address(it.0).is_some();
        let of_links: Vec<(u32, HostId)> = self.addresses.iter().filter(of_links).collect();
        for (address, owner) in of_links {
            for host in (0..self.hosts.len() as u32).map(HostId) {
                let exists = self.has_route(host, address, owner);
                let sockets = &mut self.hosts[host.0 as usize].sockets;
                sockets.set_route(address, exists);
            }
        }
    }

    fn set_routes(&mut self, hosts: &[HostId], others: &[HostId], exists: bool) {
        for host in hosts {
            let sockets = &mut self.hosts[host.0 as usize].sockets;
            for other in others {
                for address in self.addresses.of(*other) {
                    sockets.set_route(*address, exists);
                }
            }
        }
    }

    /// Removes the missing routes from a new socket table, which has a route to every host.
    fn set_missing_routes(&mut self, host: HostId) {
        let own = self.components[host.0 as usize];
        let others = (0..).map(HostId).zip(&self.components);
        let unreachable: Vec<HostId> = others
            .filter(|(_, component)| **component != own)
            .map(|(other, _)| other)
            .collect();
        self.set_routes(&[host], &unreachable, false);
        self.update_addresses_of_links();
    }
}

impl HostState {
    fn new(config: Config) -> Self {
        Self {
            sockets: SocketTable::new(config),
            is_up: true,
            sequence: 0,
            timer_at: None,
            timer_number: 0,
        }
    }
}
