//! The TCP ports of a host: who holds a port of which address, and which ephemeral port is next.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::address::SocketAddress;
use crate::config::Config;
use crate::error::SocketError;

/// The ports of each address of a host. A socket that is bound to no address holds its port of all.
#[derive(Debug)]
pub(crate) struct HostPorts(Vec<(u32, Ports)>);

impl HostPorts {
    /// No port in use.
    ///
    /// # Panics
    /// If the range of ephemeral ports is empty or includes port zero.
    pub(crate) fn new(config: &Config) -> Self {
        let addresses = [config.address].into_iter();
        let addresses = addresses.chain(config.further_addresses.iter().copied());
        let ports = |address| (address, Ports::new(config.ephemeral_ports.clone()));
        Self(addresses.map(ports).collect())
    }

    /// Binds a socket to a port of one address, or of all if the address is zero. Port zero chooses an
    /// ephemeral one.
    ///
    /// # Errors
    /// 10049 if the host does not have the address, 10048 if another open socket is bound to it,
    /// 10055 if no ephemeral port is free.
    pub(crate) fn bind(&mut self, wanted: SocketAddress) -> Result<SocketAddress, SocketError> {
        let port = match wanted.host {
            0 => self.bind_all(wanted.port)?,
            address => self.find(address)?.bind(wanted.port)?,
        };
        Ok(SocketAddress { port, ..wanted })
    }

    fn bind_all(&mut self, port: u16) -> Result<u16, SocketError> {
        let port = match port {
            0 => self.ephemeral_of_all()?,
            port => port,
        };
        if self.0.iter().any(|(_, ports)| ports.holders(port).bound) {
            return Err(SocketError::AddressInUse);
        }
        for (_, ports) in &mut self.0 {
            ports.bind(port)?;
        }
        Ok(port)
    }

    /// An ephemeral port that is free on all addresses.
    fn ephemeral_of_all(&mut self) -> Result<u16, SocketError> {
        let (_, first) = &self.0[0];
        // Each turn tries another port of the circle, which has as many as the range.
        for _ in first.ephemeral.clone() {
            let port = self.0[0].1.next_ephemeral()?;
            if !self.0.iter().any(|(_, it)| it.holders(port).is_held()) {
                return Ok(port);
            }
        }
        Err(SocketError::NoBufferSpace)
    }

    /// Releases what [`HostPorts::bind`] has bound.
    pub(crate) fn unbind(&mut self, bound: SocketAddress) {
        let is_meant = |address: u32| bound.host == 0 || bound.host == address;
        for (_, ports) in self.0.iter_mut().filter(|(it, _)| is_meant(*it)) {
            ports.unbind(bound.port);
        }
    }

    /// Adds a connection with this local address.
    pub(crate) fn hold(&mut self, local: SocketAddress) {
        self.of(local.host).hold(local.port);
    }

    /// Removes a connection with this local address.
    pub(crate) fn release(&mut self, local: SocketAddress) {
        self.of(local.host).release(local.port);
    }

    fn of(&mut self, address: u32) -> &mut Ports {
        let found = self.find(address);
        found.expect("connections have an address of the host")
    }

    fn find(&mut self, address: u32) -> Result<&mut Ports, SocketError> {
        let mut all = self.0.iter_mut();
        let found = all.find(|(own, _)| *own == address);
        Ok(&mut found.ok_or(SocketError::AddressNotAvailable)?.1)
    }
}

/// The holders of each port of one address in use.
///
/// A connection holds its port until TCP forgets it, TIME-WAIT included (Q149532). Only an open
/// socket prevents another from binding the port [I]: an NT server restarts on port 102 while its
/// old connections are in TIME-WAIT.
#[derive(Debug)]
struct Ports {
    /// Holders of ephemeral ports, up to the highest ever assigned. Most changes are here, and a
    /// vector is faster than the map.
    ephemeral_holders: Vec<Holders>,
    /// Holders of all other ports in use.
    others: BTreeMap<u16, Holders>,
    ephemeral: RangeInclusive<u16>,
    /// The next ephemeral port to try.
    next: u16,
    /// Ephemeral ports with a holder.
    ephemeral_held: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holders {
    /// An open socket is bound to the port.
    bound: bool,
    /// Connections on the port that TCP has not forgotten.
    connections: u32,
}

impl Ports {
    /// No port in use.
    ///
    /// # Panics
    /// If the range is empty or includes port zero.
    fn new(ephemeral: RangeInclusive<u16>) -> Self {
        assert!(!ephemeral.is_empty(), "the ephemeral range is empty");
        assert!(
            *ephemeral.start() > 0,
            "the ephemeral range includes port zero"
        );
        let next = *ephemeral.start();
        Self {
            ephemeral_holders: Vec::new(),
            others: BTreeMap::new(),
            ephemeral,
            next,
            ephemeral_held: 0,
        }
    }

    /// Binds a socket to `port`, or to an ephemeral port if it is zero.
    ///
    /// # Errors
    /// 10048 if another open socket is bound to it, 10055 if no ephemeral port is free.
    fn bind(&mut self, port: u16) -> Result<u16, SocketError> {
        let port = if port == 0 {
            self.next_ephemeral()?
        } else {
            port
        };
        // Connections do not count here: a server may bind its port again during their TIME-WAIT.
        if self.holders(port).bound {
            return Err(SocketError::AddressInUse);
        }
        self.change(port, |holders| holders.bound = true);
        Ok(port)
    }

    /// Releases `port` by its socket.
    fn unbind(&mut self, port: u16) {
        self.change(port, |holders| {
            assert!(holders.bound, "port {port} is not bound");
            holders.bound = false;
        });
    }

    /// Adds a connection on `port`.
    fn hold(&mut self, port: u16) {
        self.change(port, |holders| holders.connections += 1);
    }

    /// Removes a connection on `port`.
    fn release(&mut self, port: u16) {
        self.change(port, |holders| {
            assert!(holders.connections > 0, "port {port} has no connection");
            holders.connections -= 1;
        });
    }

    /// The next free ephemeral port. Ports are assigned in a circle, so that a port just freed is
    /// reused last.
    fn next_ephemeral(&mut self) -> Result<u16, SocketError> {
        let (first, last) = (*self.ephemeral.start(), *self.ephemeral.end());
        // The number of ports is last - first + 1. This check bounds the loop below.
        if self.ephemeral_held > u32::from(last - first) {
            return Err(SocketError::NoBufferSpace);
        }
        for _ in first..=last {
            let port = self.next;
            self.next = if port == last { first } else { port + 1 };
            // A connection in TIME-WAIT holds its port: four minutes on NT (Q149532).
            if !self.holders(port).is_held() {
                return Ok(port);
            }
        }
        panic!(
            "no ephemeral port is free, but only {} are held",
            self.ephemeral_held
        );
    }

    fn holders(&self, port: u16) -> Holders {
        let found = match self.ephemeral_index(port) {
            Some(index) => self.ephemeral_holders.get(index),
            None => self.others.get(&port),
        };
        found.copied().unwrap_or_default()
    }

    fn ephemeral_index(&self, port: u16) -> Option<usize> {
        let (first, last) = (*self.ephemeral.start(), *self.ephemeral.end());
        (first..=last)
            .contains(&port)
            .then(|| usize::from(port - first))
    }

    fn change(&mut self, port: u16, change: impl FnOnce(&mut Holders)) {
        if let Some(index) = self.ephemeral_index(port) {
            if self.ephemeral_holders.len() <= index {
                self.ephemeral_holders.resize(index + 1, Holders::default());
            }
            let holders = &mut self.ephemeral_holders[index];
            let was_held = holders.is_held();
            change(holders);
            let is_held = holders.is_held();
            self.ephemeral_held = self.ephemeral_held + u32::from(is_held) - u32::from(was_held);
        } else {
            let holders = self.others.entry(port).or_default();
            change(holders);
            if !holders.is_held() {
                self.others.remove(&port);
            }
        }
    }
}

impl Holders {
    fn is_held(self) -> bool {
        self.bound || self.connections > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ephemeral_ports_are_assigned_in_a_circle() {
        let mut ports = Ports::new(1024..=1026);
        assert_eq!(ports.bind(0), Ok(1024));
        ports.unbind(1024);
        assert_eq!(ports.bind(0), Ok(1025));
        assert_eq!(ports.bind(0), Ok(1026));
        assert_eq!(ports.bind(0), Ok(1024));
    }

    #[test]
    fn a_connection_holds_its_ephemeral_port() {
        let mut ports = Ports::new(1024..=1025);
        for _ in 0..2 {
            let port = ports.bind(0).unwrap();
            ports.hold(port);
            ports.unbind(port);
        }
        assert_eq!(ports.bind(0), Err(SocketError::NoBufferSpace));
        ports.release(1025);
        assert_eq!(ports.bind(0), Ok(1025));
    }

    #[test]
    fn a_port_is_bound_once_but_old_connections_do_not_prevent_it() {
        let mut ports = Ports::new(1024..=5000);
        assert_eq!(ports.bind(102), Ok(102));
        assert_eq!(ports.bind(102), Err(SocketError::AddressInUse));
        ports.hold(102);
        ports.unbind(102);
        assert_eq!(ports.bind(102), Ok(102), "a restart during TIME-WAIT");
    }

    #[test]
    fn a_bound_ephemeral_port_is_skipped() {
        let mut ports = Ports::new(1024..=1026);
        ports.bind(1025).unwrap();
        assert_eq!([ports.bind(0), ports.bind(0)], [Ok(1024), Ok(1026)]);
        assert_eq!(ports.bind(0), Err(SocketError::NoBufferSpace));
    }
}
