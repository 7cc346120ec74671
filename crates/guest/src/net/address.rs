//! Addresses: names of hosts, IPv4 addresses, and ports.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use winsock::{SocketAddress, SocketError};

use super::{io_error, own_host, simulated};
use crate::incarnation::Incarnation;
use crate::world::Unresolved;

/// What can be connected to: `"db:5432"`, `("db", 5432)`, a [`SocketAddr`].
pub trait ToSocketAddrs {
    /// What has to be looked up.
    ///
    /// # Errors
    /// If a text has no port.
    fn target(&self) -> io::Result<Target>;
}

/// Addresses, or a name to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(TargetKind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum TargetKind {
    Addresses(Vec<SocketAddr>),
    Name(String, u16),
}

/// Resolves a name, as `tokio::net::lookup_host` does. Names are those of the scenario's hosts, and
/// `localhost`. A name of the scenario's `names` has the addresses of several hosts.
///
/// # Errors
/// If the text has no port, no host of the scenario has that name, or a fault of the scenario makes the
/// lookup fail.
pub async fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    Ok(resolve(host).await?.into_iter())
}

/// The addresses, in the order in which they are tried.
pub(super) async fn resolve<A: ToSocketAddrs>(address: A) -> io::Result<Vec<SocketAddr>> {
    match target(address)?.0 {
        TargetKind::Addresses(addresses) => Ok(addresses),
        TargetKind::Name(host, port) => look_up(&host, port).await,
    }
}

/// Takes the address, so that a future need not keep it.
fn target<A: ToSocketAddrs>(address: A) -> io::Result<Target> {
    address.target()
}

impl ToSocketAddrs for str {
    fn target(&self) -> io::Result<Target> {
        // Before the colon is looked for: `[::1]:80` has several.
        if let Ok(address) = self.parse::<SocketAddr>() {
            return Ok(Target(TargetKind::Addresses(vec![address])));
        }
        let split = self.rsplit_once(':');
        let split = split.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let Some((host, port)) = split else {
            let text = format!("`{self}` is not host:port");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        Ok(named(host, port))
    }
}

impl ToSocketAddrs for String {
    fn target(&self) -> io::Result<Target> {
        self.as_str().target()
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn target(&self) -> io::Result<Target> {
        Ok(named(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        Ok(named(&self.0, self.1))
    }
}

macro_rules! one_address {
    ($($type:ty),*) => {
        $(impl ToSocketAddrs for $type {
            fn target(&self) -> io::Result<Target> {
                Ok(Target(TargetKind::Addresses(vec![SocketAddr::from(*self)])))
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
    fn target(&self) -> io::Result<Target> {
        Ok(Target(TargetKind::Addresses(self.to_vec())))
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn target(&self) -> io::Result<Target> {
        (**self).target()
    }
}

fn named(host: &str, port: u16) -> Target {
    Target(match host.parse::<IpAddr>() {
        Ok(address) => TargetKind::Addresses(vec![SocketAddr::from((address, port))]),
        Err(_) => TargetKind::Name(host.to_owned(), port),
    })
}

/// Asks the resolver, as the host whose code runs. Without a fault of the scenario it answers at once.
async fn look_up(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if name == "localhost" {
        return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]);
    }
    let own = own_host()?;
    let found = simulated(|world| world.look_up(own.host, name))?;
    // A sleep of zero could last to the next whole millisecond: tokio's timers are no finer.
    if !found.takes.is_zero() {
        tokio::time::sleep(found.takes).await;
    }
    match found.addresses {
        Ok(addresses) => {
            let addresses = addresses.into_iter();
            let addresses = addresses.map(|it| socket_addr(SocketAddress::new(it, port)));
            Ok(addresses.collect())
        }
        Err(Unresolved::Fails) => {
            // The text is that of std for EAI_AGAIN.
            let text = "failed to lookup address information: Temporary failure in name resolution";
            Err(io::Error::other(text))
        }
        Err(Unresolved::Unknown(names)) => {
            let text = format!("no host is named `{name}`: the scenario's hosts are {names}");
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
    }
}

/// The address of a peer as the socket layer takes it. Loopback is the host's own address.
pub(super) fn socket_address(address: SocketAddr, own: Incarnation) -> io::Result<SocketAddress> {
    let ip = ipv4(address)?;
    if ip.is_loopback() || ip.is_unspecified() {
        let own = simulated(|world| world.sockets.address(own.host))?;
        return Ok(SocketAddress::new(own, address.port()));
    }
    Ok(SocketAddress::new(ip.into(), address.port()))
}

/// An address of the host whose code runs, to bind a socket to; zero for all of its addresses.
pub(super) fn local_address(wanted: SocketAddr, own: Incarnation) -> io::Result<SocketAddress> {
    if ipv4(wanted)?.is_unspecified() {
        return Ok(SocketAddress::new(0, wanted.port()));
    }
    let local = socket_address(wanted, own)?;
    match simulated(|world| world.sockets.addresses(own.host).contains(&local.host))? {
        true => Ok(local),
        false => Err(io_error(SocketError::AddressNotAvailable)),
    }
}

fn ipv4(address: SocketAddr) -> io::Result<Ipv4Addr> {
    let IpAddr::V4(ip) = address.ip() else {
        let text = "the simulated network carries IPv4 only";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    };
    Ok(ip)
}

pub(super) fn socket_addr(address: SocketAddress) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(
        Ipv4Addr::from(address.host),
        address.port,
    ))
}
