//! Hosts, the future-event list, and when to come back to a host.
//!
//! Owns [`Internet`] and the order of events: those of the network and those of its owner stand in
//! one list. It refuses a clock of its own: `now` is an argument, and the owner's time.

use std::collections::BTreeMap;

use kernel::{Choices, EventKey, EventQueue, Instant};
use net::{Cut, HostId, LinkConfig, LinkId, Network, NetworkError};
use tcp::Uptime;
use winsock::{Config, SocketTable};

use crate::directory::Directory;
use crate::flights::{Flight, Flights};
use crate::watch::Watch;

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<E> {
    /// In the network: [`Internet::happen`] does it.
    Network(NetworkEvent),
    /// What the owner scheduled.
    Own(E),
}

/// Something that will happen in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// A packet arrives at a host.
    Arrival {
        /// The host.
        at: HostId,
        /// Which packet.
        flight: Flight,
    },
    /// A TCP timer of a host may be due.
    TcpTimer {
        /// The host.
        host: HostId,
        /// Which plan of its timer: only the latest counts.
        generation: u32,
    },
}

impl NetworkEvent {
    /// The place among the events of one instant: packets arrive before timers run out. Classes
    /// below 3 and above 4 are the owner's.
    const fn class(self) -> u8 {
        match self {
            Self::Arrival { .. } => 3,
            Self::TcpTimer { .. } => 4,
        }
    }
}

/// One host as the network sees it.
#[derive(Debug)]
pub struct Station {
    pub(crate) sockets: SocketTable,
    /// Whether it is switched on; what arrives at a host that is not, is gone.
    pub(crate) up: bool,
    /// Numbers this host's simulation events.
    sequence: u64,
    /// The one TCP timer event that counts.
    timer_at: Option<Instant>,
    timer_generation: u32,
}

/// Hosts joined by a network, and what will happen to them.
#[derive(Debug)]
pub struct Internet<E> {
    pub(crate) network: Network,
    pub(crate) stations: Vec<Station>,
    pub(crate) directory: Directory,
    pub(crate) flights: Flights,
    /// By host: those of one island have routes to each other.
    islands: Vec<HostId>,
    queue: EventQueue<Event<E>>,
}

/// A host's own time: it was switched on when the run began.
#[must_use]
pub const fn uptime(at: Instant) -> Uptime {
    Uptime::from_nanos(at.nanos())
}

impl<E> Internet<E> {
    /// Hosts 0, 1, 2... with these socket layers, joined by `links`, at the start of virtual time.
    ///
    /// # Errors
    /// If the network refuses the links.
    ///
    /// # Panics
    /// If two hosts have one address, or a configuration is not as its fields demand.
    pub fn new(
        choices: Choices,
        hosts: Vec<Config>,
        links: &[LinkConfig],
    ) -> Result<Self, NetworkError> {
        let count = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
        let network = Network::new(choices, count, links)?;
        let directory = Directory::new(hosts.iter().map(|config| config.address));
        // Sockets that were told nothing have a route to everybody.
        let together = vec![HostId(0); hosts.len()];
        let mut internet = Self {
            network,
            islands: together,
            stations: hosts.into_iter().map(Station::new).collect(),
            directory,
            flights: Flights::default(),
            queue: EventQueue::new(),
        };
        internet.update_routes();
        Ok(internet)
    }

    /// The links and what they did.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Puts another network between the same hosts and gives the one before back. Packets in
    /// flight still arrive.
    pub fn replace_network(&mut self, network: Network) -> Network {
        let before = std::mem::replace(&mut self.network, network);
        self.update_routes();
        before
    }

    /// From `at` on luck is that of `choices` ([`Network::renew`]); packets in flight still arrive
    /// when they would have.
    ///
    /// # Panics
    /// If a packet was sent after `at`.
    pub fn renew(&mut self, at: Instant, choices: Choices) {
        self.network.renew(at, choices);
    }

    /// Cuts a link, changes how it is cut, or mends it with [`Cut::None`]; every host knows at
    /// once which others it still has a route to.
    pub fn set_cut(&mut self, link: LinkId, cut: Cut) {
        self.network.set_cut(link, cut);
        self.update_routes();
    }

    /// The socket layer of a host.
    #[must_use]
    pub fn sockets(&self, host: HostId) -> &SocketTable {
        &self.stations[host.0 as usize].sockets
    }

    /// The socket layer of a host, for calls; [`Internet::settle`] follows.
    pub fn sockets_mut(&mut self, host: HostId) -> &mut SocketTable {
        &mut self.stations[host.0 as usize].sockets
    }

    /// Whether a host is switched on.
    #[must_use]
    pub fn is_up(&self, host: HostId) -> bool {
        self.stations[host.0 as usize].up
    }

    /// Switches a host on again.
    pub fn switch_on(&mut self, host: HostId) {
        self.stations[host.0 as usize].up = true;
    }

    /// A host stops at once: its connections are forgotten, and no peer is told. It has `config`
    /// when it is switched on again.
    pub fn switch_off(&mut self, host: HostId, config: Config) {
        let station = &mut self.stations[host.0 as usize];
        station.sockets = SocketTable::new(config);
        station.up = false;
        station.timer_at = None;
        station.timer_generation = station.timer_generation.wrapping_add(1);
        self.introduce(host);
    }

    /// Schedules an event of the owner's among those of `host`: at one instant, lower classes come
    /// first. The network's own are 3 (a packet arrives) and 4 (a timer runs out).
    pub fn schedule(&mut self, at: Instant, class: u8, host: HostId, event: E) {
        self.push(at, class, host, Event::Own(event));
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<Instant> {
        self.queue.next_time()
    }

    /// Takes the next event, of the network or of the owner.
    pub fn take_next(&mut self) -> Option<(EventKey, Event<E>)> {
        self.queue.pop()
    }

    /// Whether an event belongs to a plan that has been changed since. Letting it happen changes
    /// nothing.
    #[must_use]
    pub fn is_outdated(&self, event: NetworkEvent) -> bool {
        match event {
            NetworkEvent::Arrival { .. } => false,
            NetworkEvent::TcpTimer { host, generation } => {
                self.stations[host.0 as usize].timer_generation != generation
            }
        }
    }

    /// Lets an event of the network happen, and says at which host. Its sockets may have signals
    /// then, and [`Internet::settle`] is done.
    pub fn happen(&mut self, now: Instant, event: NetworkEvent, watch: &mut impl Watch) -> HostId {
        match event {
            NetworkEvent::Arrival { at, flight } => {
                if self.arrive(now, at, flight, watch) {
                    self.settle(now, at, watch);
                }
                at
            }
            NetworkEvent::TcpTimer { host, .. } => {
                if !self.is_outdated(event) {
                    let station = &mut self.stations[host.0 as usize];
                    station.timer_at = None;
                    station.sockets.on_timeout(uptime(now));
                    self.settle(now, host, watch);
                }
                host
            }
        }
    }

    /// After anything was done to the sockets of a host: sends what is to be sent and plans when
    /// to come back for its timers.
    pub fn settle(&mut self, now: Instant, host: HostId, watch: &mut impl Watch) {
        let place = host.0 as usize;
        while let Some(outgoing) = self.stations[place].sockets.poll_transmit(uptime(now)) {
            self.send_segment(now, host, outgoing, watch);
        }
        let station = &mut self.stations[place];
        let planned = station.timer_at.map_or(Uptime::MAX, uptime);
        let Some(due) = station.sockets.poll_timeout_before(planned) else {
            return;
        };
        let due = Instant::from_nanos(due.nanos()).max(now);
        station.timer_at = Some(due);
        station.timer_generation = station.timer_generation.wrapping_add(1);
        let generation = station.timer_generation;
        self.expect(due, host, NetworkEvent::TcpTimer { host, generation });
    }

    pub(crate) fn expect(&mut self, at: Instant, host: HostId, event: NetworkEvent) {
        self.push(at, event.class(), host, Event::Network(event));
    }

    /// Keys are unique: hosts number their events.
    fn push(&mut self, at: Instant, class: u8, host: HostId, event: Event<E>) {
        let station = &mut self.stations[host.0 as usize];
        station.sequence += 1;
        let key = EventKey {
            at,
            class,
            host: host.0,
            sequence: station.sequence,
        };
        self.queue.push(key, event);
    }

    /// Tells hosts which others they have a route to, or no more: without one, connect() fails at
    /// once with 10051.
    fn update_routes(&mut self) {
        let hosts = (0..self.stations.len() as u32).map(HostId);
        let islands = hosts.map(|host| self.network.island(host)).collect();
        let before = std::mem::replace(&mut self.islands, islands);
        // Hosts that moved alike have the same news for all others: islands are few.
        let mut movements: BTreeMap<(HostId, HostId), Vec<HostId>> = BTreeMap::new();
        for (host, (from, to)) in (0..).zip(before.iter().zip(&self.islands)) {
            movements
                .entry((*from, *to))
                .or_default()
                .push(HostId(host));
        }
        for ((from, to), these) in &movements {
            for ((others_from, others_to), those) in &movements {
                let exists = to == others_to;
                if exists != (from == others_from) {
                    self.set_routes(these, those, exists);
                }
            }
        }
    }

    fn set_routes(&mut self, hosts: &[HostId], others: &[HostId], exists: bool) {
        for host in hosts {
            let sockets = &mut self.stations[host.0 as usize].sockets;
            for other in others {
                sockets.set_route(self.directory.address(*other), exists);
            }
        }
    }

    /// Tells a host that knows nothing of routes which it has not.
    fn introduce(&mut self, host: HostId) {
        let own = self.islands[host.0 as usize];
        let others = (0..).map(HostId).zip(&self.islands);
        let elsewhere: Vec<HostId> = others
            .filter(|(_, island)| **island != own)
            .map(|(other, _)| other)
            .collect();
        self.set_routes(&[host], &elsewhere, false);
    }
}

impl Station {
    fn new(config: Config) -> Self {
        Self {
            sockets: SocketTable::new(config),
            up: true,
            sequence: 0,
            timer_at: None,
            timer_generation: 0,
        }
    }
}
