//! The host's TCP ports: who holds one, and which is given out next.
//!
//! Owns the ephemeral range and the count of holders of each port. A connection holds its port
//! until TCP forgets it, TIME_WAIT included (Q149532), but only an open socket keeps another
//! from binding the port [modelling decision: an NT server restarts on port 102 while its old
//! connections are still in TIME_WAIT].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::error::SocketError;

/// Holders of each port in use.
#[derive(Debug)]
pub(crate) struct Ports {
    /// Of the ports of the ephemeral range, as far as it was ever given out: most changes are here.
    given: Vec<Holders>,
    /// Of all other ports in use.
    others: BTreeMap<u16, Holders>,
    ephemeral: RangeInclusive<u16>,
    next: u16,
    ephemeral_held: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holders {
    bound: bool,
    connections: u32,
}

impl Ports {
    /// No port in use.
    ///
    /// # Panics
    /// If the range is empty or has port zero.
    pub(crate) fn new(ephemeral: RangeInclusive<u16>) -> Self {
        assert!(!ephemeral.is_empty(), "no ephemeral port");
        assert!(*ephemeral.start() > 0, "port zero names no port");
        let next = *ephemeral.start();
        Self {
            given: Vec::new(),
            others: BTreeMap::new(),
            ephemeral,
            next,
            ephemeral_held: 0,
        }
    }

    /// Binds a socket to `port`, or to a port of the host's choice if it is zero.
    ///
    /// # Errors
    /// 10048 if another open socket is bound to it, 10055 if no ephemeral port is free.
    pub(crate) fn bind(&mut self, port: u16) -> Result<u16, SocketError> {
        let port = if port == 0 { self.choose()? } else { port };
        if self.holders(port).bound {
            return Err(SocketError::AddressInUse);
        }
        self.change(port, |holders| holders.bound = true);
        Ok(port)
    }

    /// The socket bound to `port` closed.
    pub(crate) fn unbind(&mut self, port: u16) {
        self.change(port, |holders| {
            assert!(holders.bound, "port {port} was unbound twice");
            holders.bound = false;
        });
    }

    /// A connection begins on `port`.
    pub(crate) fn hold(&mut self, port: u16) {
        self.change(port, |holders| holders.connections += 1);
    }

    /// A connection on `port` is forgotten.
    pub(crate) fn release(&mut self, port: u16) {
        self.change(port, |holders| {
            assert!(
                holders.connections > 0,
                "port {port} was released too often"
            );
            holders.connections -= 1;
        });
    }

    /// The next port of the range that nobody holds, in turn, so that a port just freed rests
    /// longest.
    fn choose(&mut self) -> Result<u16, SocketError> {
        let (first, last) = (*self.ephemeral.start(), *self.ephemeral.end());
        if self.ephemeral_held > u32::from(last - first) {
            return Err(SocketError::NoBufferSpace);
        }
        for _ in first..=last {
            let port = self.next;
            self.next = if port == last { first } else { port + 1 };
            if !self.holders(port).hold() {
                return Ok(port);
            }
        }
        panic!(
            "{} ephemeral ports are held, yet none is free",
            self.ephemeral_held
        );
    }

    fn holders(&self, port: u16) -> Holders {
        let found = match self.place(port) {
            Some(place) => self.given.get(place),
            None => self.others.get(&port),
        };
        found.copied().unwrap_or_default()
    }

    /// The place of a port of the ephemeral range.
    fn place(&self, port: u16) -> Option<usize> {
        let (first, last) = (*self.ephemeral.start(), *self.ephemeral.end());
        (first..=last)
            .contains(&port)
            .then(|| usize::from(port - first))
    }

    fn change(&mut self, port: u16, change: impl FnOnce(&mut Holders)) {
        if let Some(place) = self.place(port) {
            if self.given.len() <= place {
                self.given.resize(place + 1, Holders::default());
            }
            let holders = &mut self.given[place];
            let held_before = holders.hold();
            change(holders);
            let held = holders.hold();
            self.ephemeral_held = self.ephemeral_held + u32::from(held) - u32::from(held_before);
        } else {
            let holders = self.others.entry(port).or_default();
            change(holders);
            if !holders.hold() {
                self.others.remove(&port);
            }
        }
    }
}

impl Holders {
    fn hold(self) -> bool {
        self.bound || self.connections > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_given_in_turn_and_a_freed_one_rests() {
        let mut ports = Ports::new(1024..=1026);
        assert_eq!(ports.bind(0), Ok(1024));
        ports.unbind(1024);
        assert_eq!(ports.bind(0), Ok(1025));
        assert_eq!(ports.bind(0), Ok(1026));
        assert_eq!(ports.bind(0), Ok(1024));
    }

    #[test]
    fn a_connection_alone_keeps_a_port_from_the_ephemeral_range() {
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
    fn one_open_socket_a_port_but_connections_do_not_hinder_it() {
        let mut ports = Ports::new(1024..=5000);
        assert_eq!(ports.bind(102), Ok(102));
        assert_eq!(ports.bind(102), Err(SocketError::AddressInUse));
        ports.hold(102);
        ports.unbind(102);
        assert_eq!(ports.bind(102), Ok(102), "restarted over TIME_WAIT");
    }

    #[test]
    fn a_bound_port_of_the_range_is_passed_over() {
        let mut ports = Ports::new(1024..=1026);
        ports.bind(1025).unwrap();
        assert_eq!([ports.bind(0), ports.bind(0)], [Ok(1024), Ok(1026)]);
        assert_eq!(ports.bind(0), Err(SocketError::NoBufferSpace));
    }
}
