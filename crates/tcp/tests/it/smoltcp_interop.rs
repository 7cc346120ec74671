//! Interoperation with an independent implementation: smoltcp's TCP at the other end of a lossy link.
//! Two ends of our own could share a misunderstanding of RFC 9293.

use std::collections::VecDeque;

use super::lossy_link::{Impairments, Link, Rng};
use ::tcp::{Connection, Flags, Profile, ReceiveError, SeqNum, State, TimeSpan, Uptime, wire};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, ChecksumCapabilities, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const OURS: u32 = 0x0a00_0001;
const THEIRS: u32 = 0x0a00_0002;
const OUR_PORT: u16 = 1025;
const THEIR_PORT: u16 = 102;
const IP_HEADER: usize = 20;

/// A network device that consists of two queues of IP packets.
#[derive(Default)]
struct PacketDevice {
    arrived: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

struct RxPacket(Vec<u8>);
struct TxQueue<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for RxPacket {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl phy::TxToken for TxQueue<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for PacketDevice {
    type RxToken<'a> = RxPacket;
    type TxToken<'a> = TxQueue<'a>;

    fn receive(&mut self, _: Instant) -> Option<(RxPacket, TxQueue<'_>)> {
        let packet = self.arrived.pop_front()?;
        Some((RxPacket(packet), TxQueue(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<TxQueue<'_>> {
        Some(TxQueue(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        // `packet` leaves the IP checksum out. TCP checksums are verified.
        capabilities.checksum = ChecksumCapabilities::default();
        capabilities.checksum.ipv4 = phy::Checksum::None;
        capabilities
    }
}

struct Smoltcp {
    device: PacketDevice,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
}

fn instant(now: Uptime) -> Instant {
    let micros = now.nanos().div_ceil(1_000);
    Instant::from_micros(i64::try_from(micros).expect("a short run"))
}

impl Smoltcp {
    fn new(opens: bool, seed: u64) -> Self {
        let mut device = PacketDevice::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut device, instant(Uptime::ZERO));
        interface.update_ip_addrs(|addresses| {
            let address = IpCidr::new(IpAddress::v4(10, 0, 0, 2), 24);
            addresses.push(address).expect("room for one address");
        });
        let buffer = || tcp::SocketBuffer::new(vec![0; 20_000]);
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(tcp::Socket::new(buffer(), buffer()));
        let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
        if opens {
            let remote = (IpAddress::v4(10, 0, 0, 1), OUR_PORT);
            let connected = socket.connect(interface.context(), remote, THEIR_PORT);
            connected.expect("a fresh socket connects");
        } else {
            socket.listen(THEIR_PORT).expect("a fresh socket listens");
        }
        Self {
            device,
            interface,
            sockets,
            handle,
        }
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn poll(&mut self, now: Uptime, link: &mut Link<Vec<u8>>) {
        self.interface
            .poll(instant(now), &mut self.device, &mut self.sockets);
        for packet in self.device.sent.drain(..) {
            link.send(now, packet);
        }
    }

    fn next_at(&mut self, now: Uptime) -> Option<Uptime> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        let micros = u64::try_from(at.total_micros()).expect("after the start");
        Some(Uptime::from_nanos(micros * 1_000))
    }
}

fn packet(segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(IP_HEADER + segment.len()).expect("one packet");
    let mut bytes = vec![0x45, 0];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend_from_slice(&OURS.to_be_bytes());
    bytes.extend_from_slice(&THEIRS.to_be_bytes());
    bytes.extend_from_slice(segment);
    bytes
}

/// A transfer in both directions. Pairs are (ours, smoltcp's).
struct Transfer {
    ours: Option<Connection>,
    profile: Profile,
    first: SeqNum,
    theirs: Smoltcp,
    out: Vec<u8>,
    back: Vec<u8>,
    sent: (usize, usize),
    received: (Vec<u8>, Vec<u8>),
    closed: (bool, bool),
    ended: bool,
}

impl Transfer {
    fn new(profile: &Profile, we_open: bool, octets: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let first = SeqNum::new(rng.below(1 << 32) as u32);
        let mut text = || -> Vec<u8> { (0..octets).map(|_| rng.below(256) as u8).collect() };
        let opener = Connection::connect(profile, OUR_PORT, THEIR_PORT, first, Uptime::ZERO);
        Self {
            ours: we_open.then_some(opener),
            profile: *profile,
            first,
            theirs: Smoltcp::new(!we_open, seed),
            out: text(),
            back: text(),
            sent: (0, 0),
            received: (Vec::new(), Vec::new()),
            closed: (false, false),
            ended: false,
        }
    }

    fn on_packet(&mut self, now: Uptime, packet: &[u8]) {
        let segment = wire::decode(&packet[IP_HEADER..], THEIRS, OURS).expect("smoltcp's segment");
        match &mut self.ours {
            Some(ours) => ours.on_segment(now, segment),
            None if segment.flags == Flags::SYN => {
                self.ours = Some(Connection::accept(self.profile, &segment, self.first, now));
            }
            None => {}
        }
    }

    fn run_ours(&mut self, now: Uptime, link: &mut Link<Vec<u8>>) {
        let Some(ours) = &mut self.ours else {
            return;
        };
        ours.on_timeout(now);
        if ours.state().is_synchronized() {
            if self.sent.0 < self.out.len() {
                let taken = ours.send(now, &self.out[self.sent.0..]);
                self.sent.0 += taken.expect("SEND is possible before CLOSE");
            } else if !self.closed.0 {
                ours.close(now);
                self.closed.0 = true;
            }
        }
        loop {
            match ours.receive(now, 4_096) {
                Ok(text) if text.is_empty() => break self.ended = true,
                Ok(text) => self.received.0.extend_from_slice(text.as_slice()),
                Err(ReceiveError::Empty) => break,
                Err(error) => panic!("{error}"),
            }
        }
        while let Some(transmit) = ours.poll_transmit(now) {
            link.send(now, packet(&wire::encode(&transmit.segment, OURS, THEIRS)));
        }
    }

    fn run_theirs(&mut self, now: Uptime, link: &mut Link<Vec<u8>>) {
        self.theirs.poll(now, link);
        let (sent, text, received) = (&mut self.sent.1, &self.back, &mut self.received.1);
        let socket = self
            .theirs
            .sockets
            .get_mut::<tcp::Socket<'_>>(self.theirs.handle);
        while socket.can_recv() {
            let taken = socket.recv(|text| (text.len(), text.to_vec()));
            received.extend_from_slice(&taken.expect("it can receive"));
        }
        if socket.can_send() && *sent < text.len() {
            *sent += socket.send_slice(&text[*sent..]).expect("it can send");
        }
        if *sent == text.len() && socket.may_send() && !self.closed.1 {
            socket.close();
            self.closed.1 = true;
        }
        self.theirs.poll(now, link);
    }

    fn is_done(&mut self) -> bool {
        let gone = |ours: &Connection| ours.state() == State::Closed;
        self.ours.as_ref().is_some_and(gone) && self.theirs.socket().state() == tcp::State::Closed
    }
}

fn run_transfer(
    profile: &Profile,
    we_open: bool,
    octets: usize,
    impairments: Impairments,
    seed: u64,
) {
    let patient = Profile {
        syn_retries: 30,
        syn_ack_retries: 30,
        data_retries: 30,
        ..*profile
    };
    let mut transfer = Transfer::new(&patient, we_open, octets, seed);
    let (mut out, mut back): (Link<Vec<u8>>, Link<Vec<u8>>) = (
        Link::new(impairments, seed ^ 1),
        Link::new(impairments, seed ^ 2),
    );
    let mut now = Uptime::ZERO;
    for _ in 0..2_000_000 {
        while let Some(packet) = back.arrived(now) {
            transfer.on_packet(now, &packet);
            transfer.run_ours(now, &mut out);
        }
        while let Some(packet) = out.arrived(now) {
            transfer.theirs.device.arrived.push_back(packet);
        }
        transfer.run_ours(now, &mut out);
        transfer.run_theirs(now, &mut back);
        if transfer.is_done() {
            break;
        }
        let timeout = transfer.ours.as_ref().and_then(Connection::poll_timeout);
        let next = [
            out.next_at(),
            back.next_at(),
            timeout,
            transfer.theirs.next_at(now),
        ];
        let Some(next) = next.into_iter().flatten().min() else {
            break;
        };
        now = next.max(now.after(TimeSpan::from_nanos(1_000)));
    }
    let states = (
        transfer.ours.as_ref().map(Connection::state),
        transfer.theirs.socket().state(),
    );
    assert!(transfer.is_done(), "seed {seed}: {states:?} at {now:?}");
    assert!(transfer.ended, "seed {seed}: no end of stream");
    let again = transfer
        .ours
        .as_ref()
        .map_or(0, |ours| ours.retransmissions());
    assert!(
        again > 0 || octets < 100_000,
        "seed {seed}: nothing was lost"
    );
    assert!(
        transfer.received.1 == transfer.out,
        "seed {seed}: what smoltcp received differs"
    );
    assert!(
        transfer.received.0 == transfer.back,
        "seed {seed}: what we received differs"
    );
}

fn lossy(lost_per_mille: u64) -> Impairments {
    Impairments {
        lost_per_mille,
        duplicated_per_mille: 20,
        delay: TimeSpan::from_millis(5),
        jitter: TimeSpan::from_millis(6),
    }
}

const PROFILES: [fn() -> &'static Profile; 4] =
    [Profile::nt351, Profile::nt4, Profile::w2k, Profile::linux];

#[test]
fn a_mebibyte_in_each_direction_over_a_lossy_link() {
    for seed in 0..8 {
        let profile = PROFILES[seed % 4]();
        run_transfer(profile, seed < 4, 1 << 20, lossy(30), seed as u64);
    }
}

#[test]
fn short_transfers_over_a_very_lossy_link() {
    for seed in 0..200 {
        let octets = seed * 13 % 4_000;
        let profile = PROFILES[seed % 4]();
        run_transfer(profile, seed % 8 < 4, octets, lossy(250), seed as u64);
    }
}

#[test]
#[ignore = "takes minutes"]
fn transfers_with_many_seeds() {
    for seed in 100..1_100 {
        let lost = 5 + seed as u64 * 7 % 200;
        run_transfer(
            PROFILES[seed % 4](),
            seed % 8 < 4,
            1 << 18,
            lossy(lost),
            seed as u64,
        );
    }
}
