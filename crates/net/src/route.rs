//! Which link leads where.
//!
//! Owns the table of shortest paths by number of links; among equals, the link that was
//! configured first. It refuses routing protocols: a withdrawn link is known everywhere at once.

use std::collections::VecDeque;

use crate::link::LinkId;
use crate::packet::HostId;

/// The most hosts: the table has eight bytes for each pair of them (32 MiB at the limit).
pub const HOSTS_MAX: u32 = 2_048;

/// The most links.
pub const LINKS_MAX: usize = 1 << 16;

/// For each pair of hosts, the link that the first host sends on to reach the second.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable {
    /// Links of each host, in their order, with the host at the other end.
    neighbours: Vec<Vec<(LinkId, HostId)>>,
    /// At `destination * hosts + host`.
    first_links: Vec<Option<LinkId>>,
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
        let mut table = Self {
            first_links: vec![None; neighbours.len() * neighbours.len()],
            neighbours,
        };
        table.recompute(|_| true);
        table
    }

    /// The link on which `from` sends what is for `to`; `None` if no way leads there, or if both
    /// are one host.
    pub(crate) fn first_link(&self, from: HostId, to: HostId) -> Option<LinkId> {
        let hosts = self.neighbours.len();
        assert!((from.0 as usize) < hosts, "there is no host {}", from.0);
        assert!((to.0 as usize) < hosts, "there is no host {}", to.0);
        self.first_links[to.0 as usize * hosts + from.0 as usize]
    }

    /// Finds all routes anew over the links that are `usable`. It takes hosts x links steps,
    /// which is for the rare event of a withdrawal.
    pub(crate) fn recompute(&mut self, usable: impl Fn(LinkId) -> bool) {
        let hosts = self.neighbours.len();
        let mut distances = vec![None; hosts];
        for destination in 0..hosts {
            self.measure(destination, &mut distances, &usable);
            for host in 0..hosts {
                let closer = self.neighbours[host].iter().find(|(link, neighbour)| {
                    usable(*link)
                        && distances[host].is_some_and(|distance: u32| {
                            distance > 0 && distances[neighbour.0 as usize] == Some(distance - 1)
                        })
                });
                self.first_links[destination * hosts + host] = closer.map(|(link, _)| *link);
            }
        }
    }

    /// How many links each host is away from `destination`, by breadth-first search.
    fn measure(
        &self,
        destination: usize,
        distances: &mut [Option<u32>],
        usable: &impl Fn(LinkId) -> bool,
    ) {
        distances.fill(None);
        distances[destination] = Some(0);
        let mut frontier = VecDeque::from([(destination, 0)]);
        while let Some((host, distance)) = frontier.pop_front() {
            for (link, neighbour) in &self.neighbours[host] {
                let found = &mut distances[neighbour.0 as usize];
                if usable(*link) && found.is_none() {
                    *found = Some(distance + 1);
                    frontier.push_back((neighbour.0 as usize, distance + 1));
                }
            }
        }
    }
}
