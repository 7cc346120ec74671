//! A host with several addresses: binds, demultiplexing and the addresses of what it sends.

use tcp::Flags;
use winsock::{Config, FlowLabel, SocketAddress, SocketError, SocketTable};

use crate::two_hosts::{ADDRESSES, PORT};

const PEER: u32 = ADDRESSES[0];
const FIRST: u32 = ADDRESSES[1];
const SECOND: u32 = 0x0A00_0103;

fn table() -> SocketTable {
    SocketTable::new(Config {
        further_addresses: vec![SECOND],
        ephemeral_ports: 2_000..=2_002,
        ..Config::nt4(FIRST)
    })
}

fn bound(table: &mut SocketTable, host: u32, port: u16) -> Result<SocketAddress, SocketError> {
    let socket = table.socket().expect("there is room");
    table.bind_to(socket, SocketAddress::new(host, port))?;
    let local = table.local_address(socket).expect("it is open");
    Ok(local.expect("it is bound"))
}

#[test]
fn a_port_is_bound_once_for_each_address_or_once_for_all() {
    let mut table = table();
    assert!(bound(&mut table, FIRST, PORT).is_ok());
    assert!(bound(&mut table, SECOND, PORT).is_ok());
    assert_eq!(bound(&mut table, 0, PORT), Err(SocketError::AddressInUse));
    assert!(bound(&mut table, 0, 80).is_ok());
    for host in [0, FIRST, SECOND] {
        assert_eq!(bound(&mut table, host, 80), Err(SocketError::AddressInUse));
    }
    let foreign = bound(&mut table, PEER, 81);
    assert_eq!(foreign, Err(SocketError::AddressNotAvailable));
}

#[test]
fn an_ephemeral_port_of_all_addresses_is_free_on_each() {
    let mut table = table();
    for port in [2_000, 2_001] {
        assert_eq!(bound(&mut table, SECOND, 0).map(|it| it.port), Ok(port));
    }
    assert_eq!(bound(&mut table, FIRST, 0).map(|it| it.port), Ok(2_000));
    assert_eq!(bound(&mut table, 0, 0).map(|it| it.port), Ok(2_002));
    assert_eq!(bound(&mut table, 0, 0), Err(SocketError::NoBufferSpace));
    assert_eq!(bound(&mut table, FIRST, 0).map(|it| it.port), Ok(2_001));
}

#[test]
fn a_closed_socket_of_all_addresses_leaves_its_port_on_each() {
    let mut table = table();
    let socket = table.socket().expect("there is room");
    table.bind(socket, PORT).expect("the port is free");
    table.close(tcp::Uptime::ZERO, socket).expect("it is open");
    assert!(bound(&mut table, FIRST, PORT).is_ok());
    assert!(bound(&mut table, SECOND, PORT).is_ok());
}

#[test]
fn a_segment_reaches_the_listener_of_its_address_and_is_answered_from_there() {
    let mut table = table();
    let now = tcp::Uptime::ZERO;
    let listener = table.socket().expect("there is room");
    let local = SocketAddress::new(SECOND, PORT);
    table.bind_to(listener, local).expect("the port is free");
    table.listen(listener, 5).expect("it is bound");
    // A SYN as another host sends it.
    let mut client = SocketTable::new(Config::nt4(PEER));
    let socket = client.socket().expect("there is room");
    let connecting = client.connect(now, socket, local, FlowLabel(1));
    assert_eq!(connecting, Err(SocketError::WouldBlock));
    let syn = client.poll_transmit(now).expect("a SYN").transmit.segment;
    for (to, flags) in [
        (SECOND, Flags::SYN | Flags::ACK),
        (FIRST, Flags::RST | Flags::ACK),
    ] {
        table.on_segment(now, [PEER, to], FlowLabel(1), syn.clone());
        let answer = table.poll_transmit(now).expect("an answer");
        assert_eq!((answer.from, answer.to), (to, PEER));
        assert_eq!(answer.transmit.segment.flags, flags);
        assert!(table.poll_transmit(now).is_none());
    }
}

#[test]
fn a_socket_connects_from_the_address_that_it_is_bound_to() {
    let mut table = table();
    let now = tcp::Uptime::ZERO;
    let to = SocketAddress::new(PEER, PORT);
    for (bound, from) in [(None, FIRST), (Some(0), FIRST), (Some(SECOND), SECOND)] {
        let socket = table.socket().expect("there is room");
        if let Some(host) = bound {
            let local = SocketAddress::new(host, 0);
            table.bind_to(socket, local).expect("a port is free");
        }
        let connecting = table.connect(now, socket, to, FlowLabel(1));
        assert_eq!(connecting, Err(SocketError::WouldBlock));
        assert_eq!(table.poll_transmit(now).map(|it| it.from), Some(from));
        let local = table.local_address(socket).expect("it is open");
        assert_eq!(local.map(|it| it.host), Some(from));
    }
}
