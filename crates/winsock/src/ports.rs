//! The TCP ports of a host: who holds a port, and which ephemeral port is next.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::SocketError;

/// The holders of each port in use.
///
/// A connection holds its port until TCP forgets it, TIME-WAIT included (Q149532). Only an open
/// socket prevents another from binding the port [I]: an NT server restarts on port 102 while its
/// old connections are in TIME-WAIT.
#[derive(Debug)]
pub(crate) struct Ports {
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
    pub(crate) fn new(ephemeral: RangeInclusive<u16>) -> Self {
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
    pub(crate) fn bind(&mut self, port: u16) -> Result<u16, SocketError> {
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
    pub(crate) fn unbind(&mut self, port: u16) {
        self.change(port, |holders| {
            assert!(holders.bound, "port {port} is not bound");
            holders.bound = false;
        });
    }

    /// Adds a connection on `port`.
    pub(crate) fn hold(&mut self, port: u16) {
        self.change(port, |holders| holders.connections += 1);
    }

    /// Removes a connection on `port`.
    pub(crate) fn release(&mut self, port: u16) {
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
