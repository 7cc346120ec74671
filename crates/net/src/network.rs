//! Hosts joined by links: routes, link states, and [`Network::transmit`] for one hop of a packet.

mod link_direction;
mod routing;

use kernel::{Choices, Instant};
use thiserror::Error;

use crate::keep_alive::KeepAliveState;
use crate::link::{Direction, LinkConfig, LinkConfigError, LinkId, LinkState, Loss};
use crate::loss::PacketLoss;
use crate::loss::outage::OutageInterval;
use crate::packet::{Endpoints, HostId, LENGTH_MAX, Packet};
use crate::statistics::Statistics;
use crate::verdict::{DropReason, Transit, Verdict};
use link_direction::{Copies, LinkDirection};
use routing::RouteTable;

pub use routing::{HOSTS_MAX, LINKS_MAX, ROUTERS_MAX};

/// Hosts, the links between them and the routes over these links.
#[derive(Clone, Debug)]
pub struct Network {
    links: Vec<Link>,
    routes: RouteTable,
    /// The routes with all links up, from the first withdrawal of a link on: they say which link a
    /// packet without a route would have taken. Boxed: most networks never need them.
    routes_of_all_links: Option<Box<RouteTable>>,
    /// The link to which an address belongs, sorted by address. Most networks have none.
    links_of_addresses: Vec<(u32, LinkId)>,
}

#[derive(Clone, Debug)]
struct Link {
    ends: [HostId; 2],
    state: LinkState,
    directions: [LinkDirection; 2],
    losses: PacketLosses,
    /// Boxed: most links have none, and every packet touches this struct.
    keep_alive: Option<Box<KeepAliveState>>,
    mtu: Option<u32>,
}

/// The packet-wise loss model of a link: one state for both directions, or one each.
#[derive(Clone, Debug)]
enum PacketLosses {
    Shared(PacketLoss),
    PerDirection([PacketLoss; 2]),
}

/// Why a network cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// More than [`HOSTS_MAX`] hosts.
    #[error("{0} hosts exceed {HOSTS_MAX}")]
    TooManyHosts(u32),
    /// More than [`LINKS_MAX`] links.
    #[error("{0} links exceed {LINKS_MAX}")]
    TooManyLinks(usize),
    /// More than [`ROUTERS_MAX`] hosts with more than one link.
    #[error("{0} hosts with several links exceed {ROUTERS_MAX}")]
    TooManyRouters(usize),
    /// Two links have the same key and would make the same random choices.
    #[error("links {} and {} have the same key", .0.0, .1.0)]
    SameKey(LinkId, LinkId),
    /// An address belongs to two links, or twice to one.
    #[error("the address {} belongs to link {} and to link {}", std::net::Ipv4Addr::from(*.0), .1.0, .2.0)]
    SameAddress(u32, LinkId, LinkId),
    /// The configuration of a link is invalid.
    #[error("link {}: {error}", .0.0, error = .1)]
    Link(LinkId, LinkConfigError),
}

impl Network {
    /// The network of hosts `0..hosts`, with all links up, at the start of virtual time.
    ///
    /// # Errors
    /// If a limit is exceeded, two links have the same key, or the configuration of a link is
    /// invalid.
    pub fn new(choices: Choices, hosts: u32, links: &[LinkConfig]) -> Result<Self, NetworkError> {
        if hosts > HOSTS_MAX {
            return Err(NetworkError::TooManyHosts(hosts));
        }
        if links.len() > LINKS_MAX {
            return Err(NetworkError::TooManyLinks(links.len()));
        }
        for (link, config) in (0..).map(LinkId).zip(links) {
            config
                .check(hosts)
                .map_err(|error| NetworkError::Link(link, error))?;
        }
        check_keys(links)?;
        let links_of_addresses = links_of_addresses(links)?;
        let ends = || links.iter().map(|link| link.ends);
        let routers = routing::routers(hosts, ends());
        if routers > ROUTERS_MAX {
            return Err(NetworkError::TooManyRouters(routers));
        }
        Ok(Self {
            links: links.iter().map(|link| Link::new(choices, link)).collect(),
            routes: RouteTable::new(hosts, ends()),
            routes_of_all_links: None,
            links_of_addresses,
        })
    }

    /// The link on which `at` sends a packet on; `None` if there is no route.
    ///
    /// # Panics
    /// If a host does not exist.
    #[must_use]
    pub fn route(&self, at: HostId, ends: Endpoints) -> Option<LinkId> {
        // Few networks have addresses of links, and this is asked for every packet.
        if self.links_of_addresses.is_empty() {
            return self.routes.first_link(at, ends.destination);
        }
        let last = self.link_of_address(ends.addresses[1]);
        if last.is_some_and(|last| self.is_withdrawn(last)) {
            return None;
        }
        let own = self.link_of_address(ends.addresses[0]);
        let Some(own) = own.filter(|_| at == ends.source && at != ends.destination) else {
            return self.towards(at, ends);
        };
        // RFC 1122 section 3.3.4.2, the strong model of a host with several interfaces: a packet leaves by
        // the interface that has its source address. So both directions of a connection pass one link.
        match self.comes_back(own, ends) {
            // The neighbour on this link would send it back: the link does not lead there.
            true => self.towards(at, ends),
            false => Some(own).filter(|link| !self.is_withdrawn(*link)),
        }
    }

    /// The link to which an address belongs, if it does not belong to its whole host.
    #[must_use]
    pub fn link_of_address(&self, address: u32) -> Option<LinkId> {
        let all = &self.links_of_addresses;
        let index = all.binary_search_by_key(&address, |entry| entry.0).ok()?;
        Some(all[index].1)
    }

    /// The link on which `at` sends a packet on, wherever the packet comes from.
    fn towards(&self, at: HostId, ends: Endpoints) -> Option<LinkId> {
        let Some(last) = self.link_of_address(ends.addresses[1]) else {
            return self.routes.first_link(at, ends.destination);
        };
        if at == ends.destination {
            return None;
        }
        match self.other_end(last, ends.destination) {
            before if before == at => Some(last),
            before => self.routes.first_link(at, before),
        }
    }

    /// Whether a packet that its source puts on `link` would come back to the source.
    fn comes_back(&self, link: LinkId, ends: Endpoints) -> bool {
        let mut at = self.other_end(link, ends.source);
        // Each hop is closer to the destination, so this ends.
        while at != ends.destination {
            let Some(next) = self.towards(at, ends) else {
                return false;
            };
            at = self.other_end(next, at);
            if at == ends.source {
                return true;
            }
        }
        false
    }

    fn other_end(&self, link: LinkId, host: HostId) -> HostId {
        let [one, other] = self.links[link.0 as usize].ends;
        if one == host { other } else { one }
    }

    fn is_withdrawn(&self, link: LinkId) -> bool {
        self.links[link.0 as usize].state == LinkState::Withdrawn
    }

    /// The connected component of a host, named by its lowest host. Two hosts have a route to each
    /// other exactly if their components are equal.
    ///
    /// # Panics
    /// If the host does not exist.
    #[must_use]
    pub fn component(&self, host: HostId) -> HostId {
        self.routes.component(host)
    }

    /// Sends `packet` from `at`, its source or a router, over one link. Forwarding decrements the
    /// time to live.
    ///
    /// The random choices about a packet depend on the seed, the link's key, the direction and the
    /// packet's identity. What depends on other traffic as well are room in the queue, waiting
    /// time, and the state of a Gilbert-Elliott chain.
    ///
    /// # Panics
    /// If `at` is the destination, a host does not exist or the packet is longer than
    /// [`LENGTH_MAX`].
    pub fn transmit<P>(&mut self, now: Instant, at: HostId, packet: &mut Packet<P>) -> Transit {
        assert_ne!(at, packet.destination, "the packet has arrived");
        assert!(
            packet.length <= LENGTH_MAX,
            "no IP packet has {} bytes",
            packet.length
        );
        if at != packet.source {
            // RFC 1812 section 5.3.1: a router decrements the time to live and discards a packet
            // that reaches zero. The source sends it undiminished.
            packet.time_to_live = packet.time_to_live.saturating_sub(1);
        }
        if packet.time_to_live == 0 {
            return Transit::nowhere(DropReason::TtlExceeded);
        }
        let Some(link) = self.route(at, packet.endpoints()) else {
            self.count_without_route(at, packet);
            return Transit::nowhere(DropReason::NoRoute);
        };
        let direction = self.links[link.0 as usize].direction_from(at);
        self.links[link.0 as usize].transmit(now, direction, packet, link)
    }

    /// Counts a packet without a route at the withdrawn link that is in its way.
    fn count_without_route<P>(&mut self, at: HostId, packet: &Packet<P>) {
        if let Some((link, from)) = self.withdrawn_link_of_addresses(at, packet.endpoints()) {
            return self.links[link.0 as usize].count_without_route(from, packet.length);
        }
        let Some(routes) = &self.routes_of_all_links else {
            return;
        };
        let mut at = at;
        // Hosts without any path to the destination have no first link.
        while let Some(id) = routes.first_link(at, packet.destination) {
            let link = &mut self.links[id.0 as usize];
            if link.state == LinkState::Withdrawn {
                return link.count_without_route(at, packet.length);
            }
            let direction = link.direction_from(at).index();
            at = link.ends[1 - direction];
        }
    }

    /// The link of one of the addresses that is withdrawn, and from which end the packet would pass it.
    fn withdrawn_link_of_addresses(&self, at: HostId, ends: Endpoints) -> Option<(LinkId, HostId)> {
        let own = self.link_of_address(ends.addresses[0]);
        let own = own.filter(|_| at == ends.source);
        let last = self.link_of_address(ends.addresses[1]);
        let last = last.map(|link| (link, self.other_end(link, ends.destination)));
        let mut both = own.map(|link| (link, at)).into_iter().chain(last);
        both.find(|(link, _)| self.is_withdrawn(*link))
    }

    /// The longest packet that the next link from `at` carries; `None` if any fits.
    ///
    /// # Panics
    /// If a host does not exist.
    #[must_use]
    pub fn mtu(&self, at: HostId, ends: Endpoints) -> Option<u32> {
        let link = self.route(at, ends)?;
        self.links[link.0 as usize].mtu
    }

    /// Takes a link down or up.
    ///
    /// # Panics
    /// If the link does not exist.
    pub fn set_link_state(&mut self, link: LinkId, state: LinkState) {
        if state == LinkState::Withdrawn && self.routes_of_all_links.is_none() {
            // No link was withdrawn before: these are the routes with all links up.
            self.routes_of_all_links = Some(Box::new(self.routes.clone()));
        }
        let before = std::mem::replace(&mut self.links[link.0 as usize].state, state);
        // A black hole keeps its routes, so only a withdrawal changes the table.
        if (before == LinkState::Withdrawn) != (state == LinkState::Withdrawn) {
            let links = &self.links;
            self.routes
                .recompute(|link| links[link.0 as usize].state != LinkState::Withdrawn);
        }
    }

    /// From `at` on, random choices come from `choices`. What was decided before stays: packets
    /// under way, and the state of an outage or a Gilbert-Elliott chain, but not how long an outage
    /// still lasts. Do not ask for the time before `at` afterwards.
    ///
    /// # Panics
    /// If a packet was sent after `at`.
    pub fn reseed(&mut self, at: Instant, choices: Choices) {
        for link in &mut self.links {
            for direction in &mut link.directions {
                direction.reseed(at, choices);
            }
            if let Some(keep_alive) = &mut link.keep_alive {
                keep_alive.reseed(at, choices);
            }
        }
    }

    /// Since when the routers at the ends of a link know connections: see
    /// [`crate::KeepAliveConfig::reset_after`]. `None` if they pass every packet on. Ask in the order of
    /// time.
    ///
    /// # Panics
    /// If the link does not exist.
    pub fn session_since(&mut self, link: LinkId, now: Instant) -> Option<Instant> {
        self.links[link.0 as usize]
            .keep_alive
            .as_mut()?
            .session_since(now)
    }

    /// Counts a packet that the router at this end of `link` does not put on it, because it does not
    /// know its connection.
    ///
    /// # Panics
    /// If `from` is not an end of the link.
    pub fn refuse<P>(&mut self, link: LinkId, from: HostId, packet: &Packet<P>) -> Transit {
        let link_state = &mut self.links[link.0 as usize];
        let index = link_state.direction_from(from).index();
        let verdict = Verdict::Drop(DropReason::UnknownConnection);
        let statistics = &mut link_state.directions[index].statistics;
        statistics.count(packet.length, verdict, None);
        Transit {
            link: Some(link),
            next: Some(link_state.ends[1 - index]),
            verdict,
            duplicate: None,
        }
    }

    /// Whether a link is up or down.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn link_state(&self, link: LinkId) -> LinkState {
        self.links[link.0 as usize].state
    }

    /// Whether no outage, of the loss model or scheduled, interrupts this direction at `now`. The
    /// link's state and packet-wise loss do not count.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn is_up(&self, link: LinkId, direction: Direction, now: Instant) -> bool {
        !self
            .direction(link, direction)
            .outages()
            .is_some_and(|outages| outages.was_out(now))
    }

    /// The outages of one direction from `from` on, in order. One that is under way begins at
    /// `from`; one that never ends has [`Instant::MAX`] as its end. The sequence may be endless.
    ///
    /// # Panics
    /// If the link does not exist.
    pub fn outages(
        &self,
        link: LinkId,
        direction: Direction,
        from: Instant,
    ) -> impl Iterator<Item = OutageInterval> + use<> {
        let outages = self.direction(link, direction).outages();
        outages.map(|it| it.intervals(from)).into_iter().flatten()
    }

    /// The counters of one direction.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn statistics(&self, link: LinkId, direction: Direction) -> &Statistics {
        &self.direction(link, direction).statistics
    }

    fn direction(&self, link: LinkId, direction: Direction) -> &LinkDirection {
        &self.links[link.0 as usize].directions[direction.index()]
    }
}

fn check_keys(links: &[LinkConfig]) -> Result<(), NetworkError> {
    let mut keys: Vec<(u64, LinkId)> = links
        .iter()
        .map(|link| link.key)
        .zip((0..).map(LinkId))
        .collect();
    // Sorted by key and then by index: the error names the first pair, on every run the same.
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(NetworkError::SameKey(pair[0].1, pair[1].1)),
        None => Ok(()),
    }
}

/// The link of each address that belongs to one, sorted by address.
fn links_of_addresses(links: &[LinkConfig]) -> Result<Vec<(u32, LinkId)>, NetworkError> {
    let links = (0..).map(LinkId).zip(links);
    let of_link = |(link, config): (LinkId, &LinkConfig)| {
        let addresses = config.addresses.clone();
        addresses.into_iter().map(move |address| (address, link))
    };
    let mut found: Vec<(u32, LinkId)> = links.flat_map(of_link).collect();
    found.sort_unstable();
    match found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let (address, one) = pair[0];
            Err(NetworkError::SameAddress(address, one, pair[1].1))
        }
        None => Ok(found),
    }
}

impl Link {
    fn new(choices: Choices, config: &LinkConfig) -> Self {
        let per_direction = |direction: Direction| {
            PacketLoss::new(
                config.loss.model(direction),
                choices,
                direction.key(config.key),
            )
        };
        let directions = Direction::BOTH.map(|it| LinkDirection::new(choices, config, it));
        let outages = match directions.each_ref().map(LinkDirection::outages) {
            [Some(forward), Some(backward)] => Some(forward.clone().or(backward)),
            [one, other] => one.or(other).cloned(),
        };
        Self {
            ends: config.ends,
            state: LinkState::Up,
            keep_alive: outages
                .and_then(|outages| KeepAliveState::new(config.keep_alive, outages))
                .map(Box::new),
            directions,
            mtu: config.mtu,
            losses: match config.loss {
                Loss::Shared(model) => {
                    PacketLosses::Shared(PacketLoss::new(model, choices, config.key))
                }
                Loss::PerDirection { .. } => {
                    PacketLosses::PerDirection(Direction::BOTH.map(per_direction))
                }
            },
        }
    }

    fn direction_from(&self, host: HostId) -> Direction {
        assert!(
            self.ends.contains(&host),
            "a route leads over the host's own links"
        );
        if self.ends[0] == host {
            Direction::Forward
        } else {
            Direction::Backward
        }
    }

    /// Counts a packet that `from` cannot send, because the link is withdrawn.
    fn count_without_route(&mut self, from: HostId, length: u32) {
        let direction = self.direction_from(from).index();
        let verdict = Verdict::Drop(DropReason::NoRoute);
        let statistics = &mut self.directions[direction].statistics;
        statistics.count(length, verdict, None);
    }

    fn is_known_down(&mut self, now: Instant) -> bool {
        let keep_alive = self.keep_alive.as_mut();
        keep_alive.is_some_and(|it| it.is_known_down(now))
    }

    fn transmit<P>(
        &mut self,
        now: Instant,
        direction: Direction,
        packet: &Packet<P>,
        link: LinkId,
    ) -> Transit {
        let index = direction.index();
        let state = self.state;
        let Copies {
            packet: verdict,
            duplicate,
        } = match state {
            // Before the loss model, which is not asked: a packet that never reaches the medium does not
            // move a Gilbert-Elliott chain.
            LinkState::BlackHole => Copies::dropped(DropReason::BlackHole),
            LinkState::BlackHoleOneWay(lost) if lost == direction => {
                Copies::dropped(DropReason::BlackHole)
            }
            LinkState::Up | LinkState::BlackHoleOneWay(_) if self.is_known_down(now) => {
                Copies::dropped(DropReason::LineDown)
            }
            LinkState::Up | LinkState::BlackHoleOneWay(_)
                if self.mtu.is_some_and(|mtu| packet.length > mtu) =>
            {
                Copies::dropped(DropReason::TooLong)
            }
            LinkState::Up | LinkState::BlackHoleOneWay(_) => {
                let loss = match &mut self.losses {
                    PacketLosses::Shared(loss) => loss,
                    PacketLosses::PerDirection(losses) => &mut losses[index],
                };
                self.directions[index].carry(now, packet.length, packet.identity, loss)
            }
            LinkState::Withdrawn => unreachable!("no route leads over a withdrawn link"),
        };
        self.directions[index]
            .statistics
            .count(packet.length, verdict, duplicate);
        Transit {
            link: Some(link),
            next: Some(self.ends[1 - index]),
            verdict,
            duplicate,
        }
    }
}
