//! Hosts' socket layers joined by a network, in virtual time.
//!
//! [`Internet`] carries what the sockets of one host say to those of another: segments become
//! packets, packets take their verdicts and arrive, TCP's timers run out, routers answer for what
//! they cannot deliver. Whoever owns it makes the socket calls, schedules events of its own among
//! those of the network, and takes one event after the other.
//!
//! It never knows who calls a socket, and nothing below it is judged: what becomes of packets is
//! told to a [`Watch`].
//!
//! | module | owns |
//! |---|---|
//! | `world` | [`Internet`]: hosts, the future-event list, when to come back to a host |
//! | `traffic`, `flights` | packets from host to host |
//! | [`wire`] | packets as bytes |
//! | `directory` | which host has an address |
//! | `watch` | [`Watch`], [`News`], [`Offer`]: who looks on |
//!
//! Two hosts, and one byte from the first to the second:
//!
//! ```
//! use internet::{Event, Internet};
//! use kernel::{Choices, Duration, Instant};
//! use net::{Direction, HostId, LinkConfig, Loss, LossModel};
//! use winsock::{Config, FlowLabel, SocketAddress};
//!
//! let (caller, listener) = (HostId(0), HostId(1));
//! let way = Direction { delay: Duration::from_millis(20), ..Direction::default() };
//! let link = LinkConfig {
//!     key: kernel::key("line"),
//!     ends: [caller, listener],
//!     forward: way.clone(),
//!     backward: way,
//!     loss: Loss::Shared(LossModel::None),
//! };
//! let hosts = vec![Config::nt4(0x0A00_0001), Config::nt4(0x0A00_0002)];
//! let mut internet: Internet<()> = Internet::new(Choices::new(1), hosts, &[link])?;
//!
//! let now = internet::uptime(Instant::ZERO);
//! let sockets = internet.sockets_mut(listener);
//! let ear = sockets.socket()?;
//! sockets.bind(ear, 102)?;
//! sockets.listen(ear, 5)?;
//! let sockets = internet.sockets_mut(caller);
//! let mouth = sockets.socket()?;
//! let to = SocketAddress::new(0x0A00_0002, 102);
//! // A connect well begun answers 10035.
//! let begun = sockets.connect(now, mouth, to, FlowLabel(7));
//! assert_eq!(begun, Err(winsock::SocketError::WouldBlock));
//! internet.settle(Instant::ZERO, caller, &mut ());
//!
//! let mut arrived = None;
//! while let Some((key, event)) = internet.take_next() {
//!     let Event::Network(event) = event else { unreachable!("nobody scheduled anything") };
//!     let host = internet.happen(key.at, event, &mut ());
//!     if host == listener && arrived.is_none() {
//!         arrived = internet.sockets_mut(listener).accept(ear).ok().map(|_| key.at);
//!     }
//! }
//! // SYN, SYN-ACK and ACK take 20 ms each.
//! assert_eq!(arrived, Some(Instant::ZERO + Duration::from_millis(60)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::float_arithmetic)]

mod directory;
mod flights;
mod traffic;
mod watch;
pub mod wire;
mod world;

pub use flights::{Flight, Payload};
pub use watch::{News, Offer, Watch};
pub use world::{Event, Internet, NetworkEvent, Station, uptime};
