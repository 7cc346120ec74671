//! Packets for the page, each with a short description of its content and outcome.

use kernel::Instant;
use logs::sentence::drop_reason;
use serde::Serialize;
use simulation::observers::packet_capture::{ArrivingCopy, CapturedPacket, Fate};

use crate::finished_run::FinishedRun;
use crate::sent_again::SentAgain;

use super::columns::{Texts, Times};
use super::selection::{self, DrawnCount};

/// Packets on the page.
const PACKETS_MAX: usize = 40_000;
/// Bytes of an IPv4 header without options, and the protocol numbers of TCP and UDP in it.
const IP_HEADER: usize = 20;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// The latency of a packet that never arrives intact.
const NEVER: i64 = -1;

/// Packets in the order of sending, as columns.
#[derive(Debug, Default, Serialize)]
pub(super) struct Packets {
    at: Times,
    /// Twice the index of the link, plus one if its second host sends.
    direction: Vec<u32>,
    /// Nanoseconds until the first intact copy arrives, or [`NEVER`].
    latency: Vec<i64>,
    text: Vec<u32>,
    attempt: Vec<u32>,
}

/// The packets of a run, around findings at these times and thinned out elsewhere.
pub(super) fn packets(
    run: &FinishedRun<'_>,
    findings: &[u64],
    texts: &mut Texts,
) -> (Packets, DrawnCount) {
    let mut packets = Packets::default();
    let links: Vec<_> = run.scenario.links.values().collect();
    let captured = run.observations.packets.iter();
    // A damaged copy is captured a second time where it arrives, and what a router answers to its own
    // host is on no link.
    let sent = captured.filter(|it| matches!(it.fate, Fate::Carried(_) | Fate::Lost(_)));
    let sent: Vec<&CapturedPacket> = sent.collect();
    let mut numbers = SentAgain::default();
    let again: Vec<bool> = sent.iter().map(|it| numbers.is_again(it)).collect();
    let times: Vec<Instant> = sent.iter().map(|it| it.at).collect();
    let is_drawn = selection::selected(&times, findings, PACKETS_MAX);
    let all = sent.len() as u64;
    let drawn = sent.into_iter().zip(again).zip(is_drawn);
    for ((packet, again), _) in drawn.filter(|(_, drawn)| *drawn) {
        let end = &run.outcome.hosts[packet.end.0 as usize].name;
        let is_second = links[packet.link.0 as usize].between[1] == *end;
        let text = content(&packet.bytes) + &fate(packet);
        packets.at.push(packet.at);
        packets
            .direction
            .push(packet.link.0 * 2 + u32::from(is_second));
        packets.latency.push(latency(packet));
        packets.text.push(texts.index(text));
        // The page takes zero for "not sent again", and a segment that was cut anew has attempt number zero.
        let attempt = packet.identity.attempt.max(1);
        packets.attempt.push(if again { attempt } else { 0 });
    }
    let drawn = DrawnCount {
        drawn: packets.direction.len() as u64,
        // Packets beyond `limits.records` are counted, but not kept.
        all: all + run.observations.dropped,
    };
    (packets, drawn)
}

fn intact(packet: &CapturedPacket) -> Option<&ArrivingCopy> {
    match &packet.fate {
        Fate::Carried(copies) => copies.iter().find(|copy| !copy.is_damaged),
        Fate::Lost(_) | Fate::Damaged { .. } | Fate::FromRouter => None,
    }
}

fn latency(packet: &CapturedPacket) -> i64 {
    intact(packet).map_or(NEVER, |copy| {
        let nanos = copy.at.saturating_since(packet.at).nanos();
        i64::try_from(nanos).unwrap_or(i64::MAX)
    })
}

/// What happens to a packet; empty if it just arrives.
fn fate(packet: &CapturedPacket) -> String {
    match &packet.fate {
        Fate::Lost(reason) => format!(", dropped: {}", drop_reason(*reason)),
        Fate::Damaged { .. } => ", damaged".to_owned(),
        Fate::FromRouter => ", made by the router".to_owned(),
        Fate::Carried(_) if intact(packet).is_none() => ", arrives damaged".to_owned(),
        Fate::Carried(copies) if copies.len() > 1 => ", arrives twice".to_owned(),
        Fate::Carried(_) => String::new(),
    }
}

/// The content of an IP packet: `SYN 1025>102`, `ACK DT 1025>102 1460 bytes`.
fn content(packet: &[u8]) -> String {
    let Some((header, body)) = packet.split_at_checked(IP_HEADER) else {
        return "truncated packet".to_owned();
    };
    if let (UDP, Some(&[a, b, c, d])) = (header[9], body.first_chunk()) {
        let [source, destination] = [[a, b], [c, d]].map(u16::from_be_bytes);
        let bytes = body.len().saturating_sub(8);
        return format!("UDP {source}>{destination} {bytes} bytes");
    }
    // The network carries UDP, TCP and the answers of routers, which are all ICMP.
    if header[9] != TCP {
        return "ICMP unreachable".to_owned();
    }
    let (Some(&offset), Some(&flags)) = (body.get(12), body.get(13)) else {
        return "truncated segment".to_owned();
    };
    let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let (source, destination) = (port(0), port(2));
    // The data offset counts words of four bytes.
    let payload = body.get(usize::from(offset >> 4) * 4..).unwrap_or_default();
    const FLAGS: [(u8, &str); 4] = [(2, "SYN"), (1, "FIN"), (4, "RST"), (16, "ACK")];
    let set = FLAGS.iter().filter(|(bit, _)| flags & bit != 0);
    let mut names: Vec<&str> = set.map(|(_, name)| *name).collect();
    names.extend(tpdu(payload));
    let names = names.join(" ");
    match payload.len() {
        0 => format!("{names} {source}>{destination}"),
        bytes => format!("{names} {source}>{destination} {bytes} bytes"),
    }
}

/// The type of the TPDU at the start of a payload (RFC 1006, X.224 section 13).
fn tpdu(payload: &[u8]) -> Option<&'static str> {
    // TPKT: version 3, reserved, length. Then the TPDU's length indicator and code.
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
