//! Shortest-path routes by number of links; among equal paths, the link configured first wins.
//!
//! There is no routing protocol: every host knows of a withdrawn link at once.
//!
//! The table holds routers only. Most hosts of a large network have one link and forward nothing:
//! such a leaf sends everything over its link, and is reached through its neighbour. The rest of
//! the state is linear in hosts and links.

use std::collections::VecDeque;

use crate::link::LinkId;
use crate::packet::HostId;

/// The largest number of hosts.
pub const HOSTS_MAX: u32 = 1 << 14;

/// The largest number of hosts with more than one link. The table has eight bytes for each pair of
/// them, 32 MiB at the limit.
pub const ROUTERS_MAX: usize = 2_048;

/// The largest number of links.
pub const LINKS_MAX: usize = 1 << 16;

/// For each pair of hosts, the link on which the first host forwards to the second.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable {
    hosts: Vec<Node>,
    /// The links of each host in order of configuration, with the host at the other end.
    neighbours: Vec<Vec<(LinkId, HostId)>>,
    routers: Vec<HostId>,
    /// At `destination * routers + router`, both as indices into `routers`.
    first_links: Vec<Option<LinkId>>,
}

/// One host as a node of the graph of links.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The lowest host of the connected component: equal for two hosts exactly if they have a
    /// route to each other.
    component: HostId,
    kind: NodeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeKind {
    Isolated,
    /// A host with one link, and the host at its other end.
    Leaf(LinkId, HostId),
    /// A host with several links: its index into `routers`.
    Router(u32),
}

/// How many hosts have more than one of the links with these ends.
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
        let mut nodes = Vec::new();
        for (host, links) in (0..).map(HostId).zip(&neighbours) {
            let kind = match links.as_slice() {
                [] => NodeKind::Isolated,
                [(link, neighbour)] => NodeKind::Leaf(*link, *neighbour),
                [_, _, ..] => {
                    routers.push(host);
                    NodeKind::Router(routers.len() as u32 - 1)
                }
            };
            nodes.push(Node {
                component: host,
                kind,
            });
        }
        let mut table = Self {
            hosts: nodes,
            neighbours,
            // Rows for routers alone: a leaf has one link for everything, and the table of all pairs of ten thousand
            // hosts would have 10^8 entries.
            first_links: vec![None; routers.len() * routers.len()],
            routers,
        };
        table.recompute(|_| true);
        table
    }

    /// The link on which `from` sends a packet for `to`; `None` if there is no route, or if both
    /// are the same host.
    pub(crate) fn first_link(&self, from: HostId, to: HostId) -> Option<LinkId> {
        let (here, there) = (self.node(from), self.node(to));
        // Components first: a leaf has a link even if a withdrawn one cuts it off from `to`.
        if here.component != there.component || from == to {
            return None;
        }
        let router = match here.kind {
            NodeKind::Isolated => return None,
            NodeKind::Leaf(link, _) => return Some(link),
            NodeKind::Router(router) => router,
        };
        match there.kind {
            NodeKind::Leaf(link, neighbour) if neighbour == from => Some(link),
            NodeKind::Leaf(_, neighbour) => self.between(router, self.node(neighbour).kind),
            kind @ (NodeKind::Isolated | NodeKind::Router(_)) => self.between(router, kind),
        }
    }

    /// The lowest host in the connected component of `host`.
    pub(crate) fn component(&self, host: HostId) -> HostId {
        self.node(host).component
    }

    fn node(&self, host: HostId) -> Node {
        let node = self.hosts.get(host.0 as usize);
        *node.unwrap_or_else(|| panic!("there is no host {}", host.0))
    }

    fn between(&self, router: u32, to: NodeKind) -> Option<LinkId> {
        let NodeKind::Router(to) = to else {
            unreachable!("a path from a router to a leaf passes the leaf's neighbour, a router");
        };
        self.first_links[to as usize * self.routers.len() + router as usize]
    }

    /// Computes all routes over the links that are `usable`: one breadth-first search for each
    /// router. That is expensive, but links are withdrawn rarely.
    pub(crate) fn recompute(&mut self, usable: impl Fn(LinkId) -> bool) {
        self.find_components(&usable);
        let mut distances = vec![None; self.hosts.len()];
        for (index, destination) in self.routers.iter().enumerate() {
            self.measure(*destination, &mut distances, &usable);
            let row = index * self.routers.len();
            for (router, host) in self.routers.iter().enumerate() {
                // Neighbours are in order of configuration, so `find` breaks ties the same way on
                // every run.
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

    fn find_components(&mut self, usable: &impl Fn(LinkId) -> bool) {
        let mut found = vec![false; self.hosts.len()];
        for component in 0..self.hosts.len() {
            let mut frontier = vec![component];
            // Hosts are visited in ascending order, so a component is named by its lowest host.
            while let Some(host) = frontier.pop() {
                if std::mem::replace(&mut found[host], true) {
                    continue;
                }
                self.hosts[host].component = HostId(component as u32);
                let usable = self.neighbours[host]
                    .iter()
                    .filter(|(link, _)| usable(*link));
                frontier.extend(usable.map(|(_, neighbour)| neighbour.0 as usize));
            }
        }
    }

    /// The distance of each host from `destination` in links, by breadth-first search.
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
