//! Addresses: names of hosts, IPv4 addresses, and ports.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use winsock::SocketAddress;

use super::simulated;
use crate::incarnation::Incarnation;

/// What can be connected to: `"db:5432"`, `("db", 5432)`, a [`SocketAddr`].
pub trait ToSocketAddrs {
    /// The addresses, in the order in which they are tried.
    ///
    /// # Errors
    /// If the text has no port, or no host of the scenario has that name.
    fn resolve(&self) -> io::Result<Vec<SocketAddr>>;
}

/// Resolves a name, as `tokio::net::lookup_host` does. Names are those of the scenario's hosts, and
/// `localhost`.
///
/// # Errors
/// As [`ToSocketAddrs::resolve`].
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    Ok(host.resolve()?.into_iter())
}

impl ToSocketAddrs for str {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return Ok(vec![address]);
        }
        let split = self.rsplit_once(':');
        let split = split.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let Some((host, port)) = split else {
            let text = format!("`{self}` is not host:port");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        resolve(host, port)
    }
}

impl ToSocketAddrs for String {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().resolve()
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        resolve(self.0, self.1)
    }
}

impl ToSocketAddrs for (String, u16) {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        resolve(&self.0, self.1)
    }
}

macro_rules! one_address {
    ($($type:ty),*) => {
        $(impl ToSocketAddrs for $type {
            fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)])
            }
        })*
    };
}

one_address!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToSocketAddrs for [SocketAddr] {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_vec())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).resolve()
    }
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::from((address, port))]);
    }
    if host == "localhost" {
        return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]);
    }
    let found = simulated(|world| match world.hosts.named(host) {
        Some(id) => Ok(world.sockets.address(id)),
        None => Err(world.hosts.names().join(", ")),
    })?;
    match found {
        Ok(address) => Ok(vec![socket_addr(SocketAddress::new(address, port))]),
        Err(names) => {
            let text = format!("no host is named `{host}`: the scenario's hosts are {names}");
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
    }
}

/// An address as the socket layer takes it. Loopback is the host's own address: it has one
/// interface.
pub(super) fn socket_address(address: SocketAddr, own: Incarnation) -> io::Result<SocketAddress> {
    let IpAddr::V4(ip) = address.ip() else {
        let text = "the simulated network carries IPv4 only";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    };
    if ip.is_loopback() || ip.is_unspecified() {
        let own = simulated(|world| world.sockets.address(own.host))?;
        return Ok(SocketAddress::new(own, address.port()));
    }
    Ok(SocketAddress::new(ip.into(), address.port()))
}

pub(super) fn socket_addr(address: SocketAddress) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(
        Ipv4Addr::from(address.host),
        address.port,
    ))
}
