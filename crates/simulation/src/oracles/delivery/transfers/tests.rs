//! Messages and acknowledgments are found in streams of bytes, in any pieces, and nothing else is.

use super::*;

const HOST: HostId = HostId(1);
const SOCKET: SocketHandle = SocketHandle(8);
const LENGTH: u32 = 3_000;

/// The packets of session units, as one stream.
fn packets(units: &[Spdu<'_>]) -> Vec<u8> {
    let packet = |unit: &Spdu<'_>| {
        let user = unit.encode();
        let tpdu = Tpdu::Data {
            end: true,
            user: &user,
        };
        tpkt::encode(&tpdu.encode())
    };
    units.iter().flat_map(packet).collect()
}

fn give_out(transfers: &mut Transfers, socket: SocketHandle, bytes: &[u8]) {
    let did = SocketDid::GaveOut(socket, bytes.to_vec().into());
    transfers.on_socket(HOST, &did);
}

fn start() -> Spdu<'static> {
    Spdu::ActivityStart {
        message: 7,
        length: LENGTH,
    }
}

#[test]
fn a_message_is_there_when_its_last_byte_has_come_out() {
    let (one, two) = (content::bytes(7, 0, 1_000), content::bytes(7, 1_000, 2_000));
    let stream = packets(&[
        start(),
        Spdu::Data { user: &one },
        Spdu::Data { user: &two },
    ]);
    for piece in [1, 7, 1_400, stream.len()] {
        let mut transfers = Transfers::default();
        let (all_but_one, last) = stream.split_at(stream.len() - 1);
        all_but_one
            .chunks(piece)
            .for_each(|bytes| give_out(&mut transfers, SOCKET, bytes));
        assert!(!transfers.has_message(HOST, 7, LENGTH), "{piece}");
        give_out(&mut transfers, SOCKET, last);
        assert!(transfers.has_message(HOST, 7, LENGTH), "{piece}");
        assert!(!transfers.has_message(HostId(0), 7, LENGTH));
        assert!(!transfers.has_message(HOST, 8, LENGTH));
    }
}

#[test]
fn damaged_and_skipped_bytes_do_not_count() {
    let whole = content::bytes(7, 0, LENGTH);
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    let skipped = Spdu::ActivityResume {
        message: 7,
        length: LENGTH,
        offset: 1_000,
    };
    for (units, place) in [
        (vec![start(), Spdu::Data { user: &damaged }], "damaged"),
        (
            vec![
                skipped,
                Spdu::Data {
                    user: &whole[1_000..],
                },
            ],
            "skipped",
        ),
        (vec![Spdu::Data { user: &whole }], "no activity"),
    ] {
        let mut transfers = Transfers::default();
        give_out(&mut transfers, SOCKET, &packets(&units));
        assert!(!transfers.has_message(HOST, 7, LENGTH), "{place}");
    }
}

/// The rest of a message comes over another connection, whose socket has the same handle.
#[test]
fn a_transfer_is_resumed_on_another_socket() {
    let whole = content::bytes(7, 0, LENGTH);
    let mut transfers = Transfers::default();
    let mut first = packets(&[
        start(),
        Spdu::Data {
            user: &whole[..2_000],
        },
    ]);
    // A packet that never ends.
    first.extend_from_slice(&[3, 0, 1, 0, 2]);
    give_out(&mut transfers, SOCKET, &first);
    transfers.on_socket(HOST, &SocketDid::Closed(SOCKET));
    let rest = Spdu::ActivityResume {
        message: 7,
        length: LENGTH,
        offset: 1_000,
    };
    let user = &whole[1_000..];
    give_out(
        &mut transfers,
        SOCKET,
        &packets(&[rest, Spdu::Data { user }]),
    );
    assert!(transfers.has_message(HOST, 7, LENGTH));
}

#[test]
fn an_acknowledgment_is_known_by_its_serial_number() {
    let mut transfers = Transfers::default();
    assert!(!transfers.has_acknowledgment(HOST, 1_000_007));
    give_out(
        &mut transfers,
        SOCKET,
        &packets(&[Spdu::ActivityEndAck { serial: 7 }]),
    );
    assert!(transfers.has_acknowledgment(HOST, 1_000_007));
}

/// Bytes of other protocols are skipped, without a panic and without a limitless buffer.
#[test]
fn foreign_bytes_are_not_read() {
    let mut transfers = Transfers::default();
    for _ in 0..1_000 {
        give_out(&mut transfers, SOCKET, b"GET / HTTP/1.1\r\n");
    }
    assert!(transfers.hosts[&HOST].streams[&SOCKET].packet.is_empty());
    let far = Spdu::ActivityResume {
        message: 7,
        length: u32::MAX,
        offset: u32::MAX,
    };
    let other = SocketHandle(12);
    give_out(
        &mut transfers,
        other,
        &packets(&[far, Spdu::Data { user: b"far" }]),
    );
    assert!(!transfers.has_message(HOST, 7, 1));
}
