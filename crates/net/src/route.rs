//! Which link leads where.
//!
//! Owns the table of shortest paths by number of links; among equals, the link that was
//! configured first. It refuses routing protocols: a withdrawn link is known everywhere at once.
//!
//! Most hosts of a large network have a single link, and nothing leads over them: they need no row.
//! From there everything goes over that link, and to there as to the host at its other end. What is
//! left is a table of the routers, and the rest is linear in hosts and links.

use std::collections::VecDeque;

use crate::link::LinkId;
use crate::packet::HostId;

/// The most hosts.
pub const HOSTS_MAX: u32 = 1 << 14;

/// The most hosts with more than one link: the table has eight bytes for each pair of them (32 MiB
/// at the limit).
pub const ROUTERS_MAX: usize = 2_048;

/// The most links.
pub const LINKS_MAX: usize = 1 << 16;

/// For each pair of hosts, the link that the first host sends on to reach the second.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable {
    hosts: Vec<Seat>,
    /// Links of each host, in their order, with the host at the other end.
    neighbours: Vec<Vec<(LinkId, HostId)>>,
    routers: Vec<HostId>,
    /// At `destination * routers + router`, both by their places among routers.
    first_links: Vec<Option<LinkId>>,
}

/// One host in the net of links.
#[derive(Clone, Copy, Debug)]
struct Seat {
    /// The lowest host that it has a route to, or itself: the same for all that have routes to each
    /// other.
    island: HostId,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Alone,
    /// It has one link, and this is at the other end.
    Leaf(LinkId, HostId),
    Router(u32),
}

/// How many of the hosts have more than one of the links with these ends.
pub(crate) fn routers(hosts: u32, ends: impl Iterator<Item = [HostId; 2]>) -> usize {
    let mut links = vec![0_usize; hosts as usize];
    ends.flatten().for_each(|host| links[host.0 as usize] += 1);
    links.into_iter().filter(|links| *links > 1).count()
}

impl RouteTable {
    /// The table for `hosts` hosts and the links with these ends, all of them usable.
    pub(crate) fn new(hosts: u32, ends: impl Iterator<Item = [HostId; 2]>) -> Self {
        assert!(hosts <= HOSTS_MAX, "{hosts} hosts exceed {HOSTS_MAX}");
        let mut neighbours = vec![Vec::new(); hosts as usize];
        for (link, [first, second]) in (0_u32..).map(LinkId).zip(ends) {
            neighbours[first.0 as usize].push((link, second));
            neighbours[second.0 as usize].push((link, first));
        }
        let mut routers = Vec::new();
        let mut seats = Vec::new();
        for (host, links) in (0..).map(HostId).zip(&neighbours) {
            let place = match links.as_slice() {
                [] => Place::Alone,
                [(link, neighbour)] => Place::Leaf(*link, *neighbour),
                [_, _, ..] => {
                    routers.push(host);
                    Place::Router(routers.len() as u32 - 1)
                }
            };
            seats.push(Seat {
                island: host,
                place,
            });
        }
        let mut table = Self {
            hosts: seats,
            neighbours,
            first_links: vec![None; routers.len() * routers.len()],
            routers,
        };
        table.recompute(|_| true);
        table
    }

    /// The link on which `from` sends what is for `to`; `None` if no way leads there, or if both
    /// are one host.
    pub(crate) fn first_link(&self, from: HostId, to: HostId) -> Option<LinkId> {
        let (here, there) = (self.seat(from), self.seat(to));
        if here.island != there.island || from == to {
            return None;
        }
        let router = match here.place {
            Place::Alone => return None,
            Place::Leaf(link, _) => return Some(link),
            Place::Router(router) => router,
        };
        match there.place {
            Place::Leaf(link, neighbour) if neighbour == from => Some(link),
            Place::Leaf(_, neighbour) => self.between(router, self.seat(neighbour).place),
            place @ (Place::Alone | Place::Router(_)) => self.between(router, place),
        }
    }

    /// The lowest host of those that have routes to each other, `host` among them.
    pub(crate) fn island(&self, host: HostId) -> HostId {
        self.seat(host).island
    }

    fn seat(&self, host: HostId) -> Seat {
        let seat = self.hosts.get(host.0 as usize);
        *seat.unwrap_or_else(|| panic!("there is no host {}", host.0))
    }

    fn between(&self, router: u32, to: Place) -> Option<LinkId> {
        let Place::Router(to) = to else {
            unreachable!("a way from a router to a leaf leads over a router");
        };
        self.first_links[to as usize * self.routers.len() + router as usize]
    }

    /// Finds all routes anew over the links that are `usable`. It takes routers x links steps,
    /// which is for the rare event of a withdrawal.
    pub(crate) fn recompute(&mut self, usable: impl Fn(LinkId) -> bool) {
        self.find_islands(&usable);
        let mut distances = vec![None; self.hosts.len()];
        for (place, destination) in self.routers.iter().enumerate() {
            self.measure(*destination, &mut distances, &usable);
            let row = place * self.routers.len();
            for (router, host) in self.routers.iter().enumerate() {
                let neighbours = &self.neighbours[host.0 as usize];
                let closer = neighbours.iter().find(|(link, neighbour)| {
                    usable(*link)
                        && distances[host.0 as usize].is_some_and(|distance: u32| {
                            distance > 0 && distances[neighbour.0 as usize] == Some(distance - 1)
                        })
                });
                self.first_links[row + router] = closer.map(|(link, _)| *link);
            }
        }
    }

    fn find_islands(&mut self, usable: &impl Fn(LinkId) -> bool) {
        let mut found = vec![false; self.hosts.len()];
        for island in 0..self.hosts.len() {
            let mut frontier = vec![island];
            while let Some(host) = frontier.pop() {
                if std::mem::replace(&mut found[host], true) {
                    continue;
                }
                self.hosts[host].island = HostId(island as u32);
                let usable = self.neighbours[host]
                    .iter()
                    .filter(|(link, _)| usable(*link));
                frontier.extend(usable.map(|(_, neighbour)| neighbour.0 as usize));
            }
        }
    }

    /// How many links each router is away from `destination`, by breadth-first search.
    fn measure(
        &self,
        destination: HostId,
        distances: &mut [Option<u32>],
        usable: &impl Fn(LinkId) -> bool,
    ) {
        distances.fill(None);
        distances[destination.0 as usize] = Some(0);
        let mut frontier = VecDeque::from([(destination, 0)]);
        while let Some((host, distance)) = frontier.pop_front() {
            for (link, neighbour) in &self.neighbours[host.0 as usize] {
                let found = &mut distances[neighbour.0 as usize];
                if usable(*link) && found.is_none() {
                    *found = Some(distance + 1);
                    frontier.push_back((*neighbour, distance + 1));
                }
            }
        }
    }
}
