//! Hosts with sockets, joined by a network, in virtual time.
//!
//! [`Internet`] connects the socket layers of several hosts ([`winsock`]) over a [`net::Network`]:
//! segments become packets, packets cross links and routers, TCP timers expire, routers report
//! unreachable hosts. The caller makes socket calls, schedules its own events in the same event
//! queue, and handles one event after the other. A [`PacketObserver`] sees what happens to packets.
//!
//! | module | contents |
//! |---|---|
//! | `internet` | [`Internet`]: hosts, the event queue, TCP timers, routes |
//! | `traffic` | packets: sending, forwarding, arrival, ICMP errors |
//! | `in_flight` | packets in flight, and their payloads |
//! | `routers` | what the routers of a line know and answer |
//! | `address_table` | IPv4 addresses of hosts |
//! | `datagram`, [`udp`] | datagrams |
//! | [`wire`] | packets as bytes |
//! | `observer` | [`PacketObserver`], [`PacketEvent`], [`Offer`] |
//!
//! Two hosts on a link with 20 ms of delay; the first sends five bytes to the second:
//!
//! ```
//! use internet::{Event, Internet, uptime};
//! use kernel::{Choices, Duration, Instant};
//! use net::{DirectionConfig, HostId, KeepAliveConfig, LinkConfig, Loss, LossModel};
//! use winsock::{Config, FlowLabel, SocketAddress, SocketError};
//!
//! let (client, server) = (HostId(0), HostId(1));
//! let direction = DirectionConfig { delay: Duration::from_millis(20), ..DirectionConfig::default() };
//! let link = LinkConfig {
//!     key: kernel::key("link"),
//!     ends: [client, server],
//!     addresses: Vec::new(),
//!     forward: direction.clone(),
//!     backward: direction,
//!     loss: Loss::Shared(LossModel::None),
//!     keep_alive: KeepAliveConfig::default(),
//!     mtu: None,
//! };
//! let hosts = vec![Config::nt4(0x0A00_0001), Config::nt4(0x0A00_0002)];
//! let mut internet: Internet<()> = Internet::new(Choices::new(1), hosts, &[link])?;
//!
//! let sockets = internet.sockets_mut(server);
//! let listener = sockets.socket()?;
//! sockets.bind(listener, 7)?;
//! sockets.listen(listener, 5)?;
//!
//! let sockets = internet.sockets_mut(client);
//! let caller = sockets.socket()?;
//! let to = SocketAddress::new(0x0A00_0002, 7);
//! // A non-blocking connect returns WSAEWOULDBLOCK (10035) and goes on in the background.
//! let begun = sockets.connect(uptime(Instant::ZERO), caller, to, FlowLabel(7));
//! assert_eq!(begun, Err(SocketError::WouldBlock));
//! internet.flush(Instant::ZERO, client, &mut ());
//!
//! let (mut is_sent, mut connection, mut received) = (false, None, None);
//! while let Some((key, event)) = internet.pop_event() {
//!     let Event::Network(event) = event else { unreachable!("the caller schedules nothing") };
//!     let host = internet.handle_event(key.at, event, &mut ());
//!     let (now, sockets) = (uptime(key.at), internet.sockets_mut(host));
//!     // Calls fail with WSAENOTCONN or WSAEWOULDBLOCK until they can be answered.
//!     if host == client {
//!         is_sent = is_sent || sockets.send(now, caller, b"hello").is_ok();
//!     } else if let Some(socket) = connection {
//!         if let Ok(bytes) = sockets.receive(now, socket, 5) {
//!             received = received.or(Some((bytes.as_slice().to_vec(), key.at)));
//!         }
//!     } else if let Ok((socket, _)) = sockets.accept(listener) {
//!         connection = Some(socket);
//!     }
//!     internet.flush(key.at, host, &mut ());
//! }
//! // SYN, SYN-ACK and the segment with the data take 20 ms each.
//! assert_eq!(received, Some((b"hello".to_vec(), Instant::ZERO + Duration::from_millis(60))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::float_arithmetic)]

mod address_table;
mod datagram;
mod in_flight;
mod internet;
mod observer;
mod routers;
mod traffic;
pub mod udp;
pub mod wire;

pub use in_flight::{InFlightId, PacketContent};
pub use internet::{Event, Held, Internet, NetworkEvent, uptime};
pub use observer::{Offer, PacketEvent, PacketObserver};
