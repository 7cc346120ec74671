//! Packets between hosts, for the page.
//!
//! Owns what a packet is called by its bytes: flags, and the transport's unit if one begins in
//! it. It refuses the bytes themselves, which a capture has.

use logs::sentence::drop_reason;
use serde::Serialize;
use simulation::observers::packet_capture::{CapturedPacket, Fate};

use crate::shown::Shown;

use super::columns::{Texts, Times};

/// Packets in the page.
const PACKETS_MAX: usize = 40_000;
const IP_HEADER: usize = 20;
const TCP: u8 = 6;

/// Packets in the order of their being put on a link.
#[derive(Debug, Default, Serialize)]
pub(super) struct Packets {
    at: Times,
    /// Twice the link's number, and one more from its second end.
    way: Vec<u32>,
    /// Nanoseconds until it arrives; nothing is negative but "never".
    takes: Vec<i64>,
    text: Vec<u32>,
    attempt: Vec<u32>,
}

/// The packets of a run, and how many are left out.
pub(super) fn packets(run: &Shown<'_>, texts: &mut Texts) -> (Packets, u64) {
    let mut packets = Packets::default();
    let links: Vec<_> = run.scenario.links.values().collect();
    let passages = run.seen.packets.iter();
    let mut sent = passages.filter(|it| !matches!(it.fate, Fate::Damaged { .. }));
    for passage in sent.by_ref().take(PACKETS_MAX) {
        let end = &run.outcome.hosts[passage.end.0 as usize].name;
        let is_second = links[passage.link.0 as usize].between[1] == *end;
        let (takes, fate) = fate(passage);
        packets.at.push(passage.at);
        packets.way.push(passage.link.0 * 2 + u32::from(is_second));
        packets.takes.push(takes);
        packets
            .text
            .push(texts.number(content(&passage.bytes) + &fate));
        packets.attempt.push(passage.identity.attempt);
    }
    (packets, sent.count() as u64)
}

/// How long it takes, and what else is to be said.
fn fate(passage: &CapturedPacket) -> (i64, String) {
    match &passage.fate {
        Fate::Lost(reason) => (-1, format!(", dropped: {}", drop_reason(*reason))),
        Fate::Damaged { .. } => (-1, ", damaged".to_owned()),
        Fate::Carried(copies) => {
            let whole = copies.iter().find(|copy| !copy.is_damaged);
            let nanos = |copy: &simulation::observers::packet_capture::ArrivingCopy| {
                let takes = copy.at.saturating_since(passage.at).nanos();
                i64::try_from(takes).unwrap_or(i64::MAX)
            };
            let told = match (copies.len(), whole) {
                (2.., Some(_)) => ", arrives twice",
                (_, Some(_)) => "",
                (_, None) => ", arrives damaged",
            };
            (whole.map_or(-1, nanos), told.to_owned())
        }
    }
}

/// `SYN`, `ACK`, `DT 1460 bytes`: what an IP packet carries.
fn content(packet: &[u8]) -> String {
    let Some((header, body)) = packet.split_at_checked(IP_HEADER) else {
        return "no packet".to_owned();
    };
    if header[9] != TCP {
        return "ICMP unreachable".to_owned();
    }
    let (Some(&offset), Some(&flags)) = (body.get(12), body.get(13)) else {
        return "TCP".to_owned();
    };
    let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let payload = body.get(usize::from(offset >> 4) * 4..).unwrap_or_default();
    const NAMES: [(u8, &str); 4] = [(2, "SYN"), (1, "FIN"), (4, "RST"), (16, "ACK")];
    let named = NAMES.iter().filter(|(bit, _)| flags & bit != 0);
    let mut names: Vec<&str> = named.map(|(_, name)| *name).collect();
    names.extend(unit(payload));
    let what = names.join(" ");
    match payload.len() {
        0 => format!("{what} {}>{}", port(0), port(2)),
        bytes => format!("{what} {}>{} {bytes} bytes", port(0), port(2)),
    }
}

/// The transport's unit that begins with this payload (RFC 1006, X.224 section 13).
fn unit(payload: &[u8]) -> Option<&'static str> {
    let &[3, 0, _, _, _, code, ..] = payload else {
        return None;
    };
    match code & 0xF0 {
        0xE0 => Some("CR"),
        0xD0 => Some("CC"),
        0x80 => Some("DR"),
        0xF0 => Some("DT"),
        0x70 => Some("ER"),
        _ => None,
    }
}
