//! Hosts joined by links.
//!
//! Owns routes, cuts and the lines of every link, and joins them in [`Network::transmit`]: one
//! packet, one hop, one [`Transit`]. It refuses to schedule arrivals or to answer for routers;
//! both are the world's.

use std::fmt;

use kernel::{Choices, Instant};

use crate::line::Line;
use crate::link::{Cut, LinkConfig, LinkFault, LinkId, Loss, Way};
use crate::loss::PacketLoss;
use crate::outage::Window;
use crate::packet::{HostId, LENGTH_MAX, Packet};
use crate::route::{self, HOSTS_MAX, LINKS_MAX, ROUTERS_MAX, RouteTable};
use crate::statistics::Statistics;
use crate::verdict::{DropReason, Transit, Verdict};

/// All links of a run.
#[derive(Clone, Debug)]
pub struct Network {
    links: Vec<Link>,
    routes: RouteTable,
}

#[derive(Clone, Debug)]
struct Link {
    ends: [HostId; 2],
    cut: Cut,
    lines: [Line; 2],
    /// One for both ways, or one each.
    losses: PacketLosses,
}

#[derive(Clone, Debug)]
enum PacketLosses {
    Shared(PacketLoss),
    PerDirection([PacketLoss; 2]),
}

/// Why a network cannot be built so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// More than [`HOSTS_MAX`] hosts.
    TooManyHosts(u32),
    /// More than [`LINKS_MAX`] links.
    TooManyLinks(usize),
    /// More than [`ROUTERS_MAX`] hosts with more than one link.
    TooManyRouters(usize),
    /// Two links have one key and would have the same luck.
    SameKey(LinkId, LinkId),
    /// A link's settings are refused.
    Link(LinkId, LinkFault),
}

impl Network {
    /// The network of hosts `0..hosts`, all links up, at the start of virtual time.
    ///
    /// # Errors
    /// If a limit is exceeded, two links share a key or a link's settings are refused.
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
                .map_err(|fault| NetworkError::Link(link, fault))?;
        }
        check_keys(links)?;
        let ends = || links.iter().map(|link| link.ends);
        let routers = route::routers(hosts, ends());
        if routers > ROUTERS_MAX {
            return Err(NetworkError::TooManyRouters(routers));
        }
        Ok(Self {
            links: links.iter().map(|link| Link::new(choices, link)).collect(),
            routes: RouteTable::new(hosts, ends()),
        })
    }

    /// The link on which `from` sends what is for `to`; `None` if none leads there.
    ///
    /// # Panics
    /// If a host does not exist.
    #[must_use]
    pub fn route(&self, from: HostId, to: HostId) -> Option<LinkId> {
        self.routes.first_link(from, to)
    }

    /// The lowest of the hosts that have routes to each other, `host` among them: two hosts with
    /// different answers have none.
    ///
    /// # Panics
    /// If the host does not exist.
    #[must_use]
    pub fn island(&self, host: HostId) -> HostId {
        self.routes.island(host)
    }

    /// Offers `packet` to the link that leads on from `at`, where it was made or has to be
    /// forwarded. Forwarding takes one from its time to live.
    ///
    /// The luck of a packet depends on the seed, the link's key, the way and the packet's
    /// identity. What depends on other traffic as well is physics: room in the queue, waiting
    /// behind others, and the state of a chain that steps by packet.
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
            // RFC 1812 section 5.3.1: a router discards what it would send on with zero.
            packet.time_to_live = packet.time_to_live.saturating_sub(1);
        }
        if packet.time_to_live == 0 {
            return Transit::nowhere(DropReason::TtlExceeded);
        }
        let Some(link) = self.routes.first_link(at, packet.destination) else {
            return Transit::nowhere(DropReason::NoRoute);
        };
        let way = self.links[link.0 as usize].way_from(at);
        self.links[link.0 as usize].offer(now, way, packet, link)
    }

    /// Cuts a link, changes how it is cut, or mends it with [`Cut::None`].
    ///
    /// # Panics
    /// If the link does not exist.
    pub fn set_cut(&mut self, link: LinkId, cut: Cut) {
        let before = std::mem::replace(&mut self.links[link.0 as usize].cut, cut);
        if (before == Cut::Withdrawn) != (cut == Cut::Withdrawn) {
            let links = &self.links;
            self.routes
                .recompute(|link| links[link.0 as usize].cut != Cut::Withdrawn);
        }
    }

    /// From `at` on luck is that of `choices`. What was decided stays: packets under way, and the
    /// state - not the rest - of an outage or of a chain that steps by packet. The timeline
    /// before `at` must not be asked for any more.
    ///
    /// # Panics
    /// If a packet was offered after `at`.
    pub fn renew(&mut self, at: Instant, choices: Choices) {
        let lines = self.links.iter_mut().flat_map(|link| &mut link.lines);
        lines.for_each(|line| line.renew(at, choices));
    }

    /// How a link is cut.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn cut(&self, link: LinkId) -> Cut {
        self.links[link.0 as usize].cut
    }

    /// Whether no outage, of the model or pinned, interrupts this way at `now`. Cuts and loss
    /// by packet do not count.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn is_up(&self, link: LinkId, way: Way, now: Instant) -> bool {
        !self
            .line(link, way)
            .interruptions()
            .is_some_and(|it| it.was_out(now))
    }

    /// The first instant after `now` at which [`Network::is_up`] changes; `None` if never.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn next_outage_change(&self, link: LinkId, way: Way, now: Instant) -> Option<Instant> {
        self.line(link, way).interruptions()?.next_change(now)
    }

    /// The outages of one way from `from` on, in order. One that is under way begins at `from`;
    /// one that never ends does so at [`Instant::MAX`]. The sequence may be endless.
    ///
    /// # Panics
    /// If the link does not exist.
    pub fn outages(
        &self,
        link: LinkId,
        way: Way,
        from: Instant,
    ) -> impl Iterator<Item = Window> + use<> {
        let outages = self.line(link, way).interruptions();
        outages.map(|it| it.outages(from)).into_iter().flatten()
    }

    /// What one way of a link did so far.
    ///
    /// # Panics
    /// If the link does not exist.
    #[must_use]
    pub fn statistics(&self, link: LinkId, way: Way) -> &Statistics {
        &self.line(link, way).statistics
    }

    fn line(&self, link: LinkId, way: Way) -> &Line {
        &self.links[link.0 as usize].lines[way.index()]
    }
}

fn check_keys(links: &[LinkConfig]) -> Result<(), NetworkError> {
    let mut keys: Vec<(u64, LinkId)> = links
        .iter()
        .map(|link| link.key)
        .zip((0..).map(LinkId))
        .collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(NetworkError::SameKey(pair[0].1, pair[1].1)),
        None => Ok(()),
    }
}

impl Link {
    fn new(choices: Choices, config: &LinkConfig) -> Self {
        Self {
            ends: config.ends,
            cut: Cut::None,
            lines: Way::BOTH.map(|way| Line::new(choices, config, way)),
            losses: match config.loss {
                Loss::Shared(model) => {
                    PacketLosses::Shared(PacketLoss::new(model, choices, config.key))
                }
                Loss::PerDirection { .. } => PacketLosses::PerDirection(Way::BOTH.map(|way| {
                    PacketLoss::new(config.loss.model(way), choices, way.key(config.key))
                })),
            },
        }
    }

    fn way_from(&self, host: HostId) -> Way {
        assert!(
            self.ends.contains(&host),
            "a route leads over the host's own links"
        );
        if self.ends[0] == host {
            Way::Forward
        } else {
            Way::Backward
        }
    }

    fn offer<P>(&mut self, now: Instant, way: Way, packet: &Packet<P>, link: LinkId) -> Transit {
        let line = &mut self.lines[way.index()];
        let (first, second) = match self.cut {
            Cut::Silent => (Verdict::Drop(DropReason::Cut), None),
            Cut::None => {
                let loss = match &mut self.losses {
                    PacketLosses::Shared(loss) => loss,
                    PacketLosses::PerDirection(losses) => &mut losses[way.index()],
                };
                line.carry(now, packet.length, packet.identity, loss)
            }
            Cut::Withdrawn => unreachable!("no route leads over a withdrawn link"),
        };
        let transit = Transit {
            link: Some(link),
            next: Some(self.ends[1 - way.index()]),
            first,
            second,
        };
        line.statistics.count(packet.length, transit.fates());
        transit
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyHosts(hosts) => write!(formatter, "{hosts} hosts exceed {HOSTS_MAX}"),
            Self::TooManyLinks(links) => write!(formatter, "{links} links exceed {LINKS_MAX}"),
            Self::TooManyRouters(routers) => {
                write!(
                    formatter,
                    "{routers} hosts with several links exceed {ROUTERS_MAX}"
                )
            }
            Self::SameKey(LinkId(first), LinkId(second)) => {
                write!(formatter, "links {first} and {second} have the same key")
            }
            Self::Link(LinkId(link), fault) => write!(formatter, "link {link}: {fault}"),
        }
    }
}

impl std::error::Error for NetworkError {}
