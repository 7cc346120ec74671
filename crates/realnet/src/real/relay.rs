//! Carries packets from one device to the other when, and if, the network model says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use net::ipv4::{HEADER_LENGTH, Header};
use tcp::Segment;
use tun_rs::SyncDevice;

use super::Wanted;
use crate::recorded_link::{RecordedLink, Sent};

/// What the relay saw of one transfer.
pub(crate) struct Relayed {
    /// When the first packet came.
    pub(crate) begun: Option<Instant>,
    /// Its segments.
    pub(crate) sent: Vec<Sent>,
}

/// The end of a transfer for the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndReport {
    /// The index of the transfer.
    pub(crate) transfer: usize,
    /// Whether all octets were acknowledged.
    pub(crate) is_finished: bool,
    pub(crate) at: Instant,
}

/// A packet that a device gave.
struct DevicePacket {
    /// The end of the line.
    end: usize,
    at: Instant,
    bytes: Vec<u8>,
}

/// How often an idle relay looks whether all has ended.
const GLANCE: Duration = Duration::from_millis(100);

/// The relay, with a line for each transfer.
pub(crate) struct Relay {
    devices: [Arc<SyncDevice>; 2],
    packets: Receiver<DevicePacket>,
    first_port: u16,
    lines: Vec<(Option<Instant>, RecordedLink)>,
    /// Packets on their way: to which end, and the bytes.
    due: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    count: u64,
}

impl Relay {
    pub(crate) fn new(devices: [Arc<SyncDevice>; 2], first_port: u16, wanted: &[Wanted]) -> Self {
        let (sender, packets) = mpsc::channel();
        for (end, device) in devices.iter().cloned().enumerate() {
            let sender = sender.clone();
            // It ends with the process at the latest: it waits for the device.
            thread::spawn(move || {
                let mut bytes = vec![0; 2048];
                while let Ok(length) = device.recv(&mut bytes) {
                    let packet = DevicePacket {
                        end,
                        at: Instant::now(),
                        bytes: bytes[..length].to_vec(),
                    };
                    if sender.send(packet).is_err() {
                        return;
                    }
                }
            });
        }
        let line = |it: &Wanted| (None, RecordedLink::new(it.case, it.seed));
        Self {
            devices,
            packets,
            first_port,
            lines: wanted.iter().map(line).collect(),
            due: BTreeMap::new(),
            count: 0,
        }
    }

    /// Relays until all transfers have ended, or until the time is over.
    pub(crate) fn run(
        mut self,
        until: Instant,
        ends: &Receiver<EndReport>,
    ) -> (Vec<Relayed>, Vec<EndReport>) {
        let mut ended = Vec::new();
        while ended.len() < self.lines.len() {
            ended.extend(ends.try_iter());
            let now = Instant::now();
            while let Some(entry) = self.due.first_entry()
                && entry.key().0 <= now
            {
                let (to, bytes) = entry.remove();
                // A device that is gone loses the packet, as a line does.
                drop(self.devices[to].send(&bytes));
            }
            if now >= until {
                break;
            }
            let soon = until.min(now + GLANCE);
            let next = self.due.keys().next().map_or(soon, |it| it.0.min(soon));
            match self
                .packets
                .recv_timeout(next.saturating_duration_since(now))
            {
                Ok(packet) => self.on_packet(packet),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let one = |(begun, line): (Option<Instant>, RecordedLink)| Relayed {
            begun,
            sent: line.sent,
        };
        (self.lines.into_iter().map(one).collect(), ended)
    }

    fn on_packet(&mut self, packet: DevicePacket) {
        let DevicePacket {
            end: from,
            at,
            bytes,
        } = packet;
        let Some(segment) = decode(&bytes) else {
            return;
        };
        let port = match from {
            0 => segment.destination_port,
            _ => segment.source_port,
        };
        let index = usize::from(port.wrapping_sub(self.first_port));
        let Some((begun, line)) = self.lines.get_mut(index) else {
            return;
        };
        let begun = *begun.get_or_insert(at);
        let virtual_now = kernel::Instant::ZERO + duration(at.saturating_duration_since(begun));
        let length = bytes.len() as u32;
        if let Some(arrives) = line.send(virtual_now, from, &segment, length) {
            let due = begun + Duration::from_nanos(arrives.nanos());
            self.count += 1;
            self.due.insert((due, self.count), (1 - from, bytes));
        }
    }
}

/// A span of real time as one of virtual time.
pub(crate) fn duration(span: Duration) -> kernel::Duration {
    kernel::Duration::from_nanos(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

/// The TCP segment in a packet; `None` if it is something else, as the kernel sends when a device comes up.
fn decode(bytes: &[u8]) -> Option<Segment> {
    let (header, body) = bytes.split_first_chunk::<HEADER_LENGTH>()?;
    let header = Header::decode(header)?;
    if header.protocol != net::Protocol::Tcp as u8 {
        return None;
    }
    let [source, destination] = [header.source, header.destination].map(u32::from);
    tcp::wire::decode(body, source, destination).ok()
}
