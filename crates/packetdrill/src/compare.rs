//! A segment of the host against the script's.

use std::collections::BTreeSet;
use std::fmt::Write;

use tcp::{Flags, Segment, SeqNum};

use crate::script::{Packet, TcpOption};

/// How the script's sequence numbers relate to the host's. The peer's are the script's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    /// The host's initial sequence number, once the script has seen its SYN.
    pub(crate) offset: Option<u32>,
}

impl Numbers {
    /// A number of the host in the script's terms.
    pub(crate) fn scripted(self, live: SeqNum) -> u32 {
        live.value().wrapping_sub(self.offset.unwrap_or(0))
    }

    /// A number of the script in the host's terms.
    pub(crate) fn live(self, scripted: u32) -> SeqNum {
        SeqNum::new(scripted.wrapping_add(self.offset.unwrap_or(0)))
    }
}

/// Compares a segment with what the script expects. `Err` has both as text.
pub(crate) fn segment(
    expected: &Packet,
    got: &Segment,
    numbers: &mut Numbers,
    not_compared: &mut BTreeSet<String>,
) -> Result<(), (String, String)> {
    if got.flags.contains(Flags::SYN) && numbers.offset.is_none() {
        let first = expected.sequence.unwrap_or(0);
        numbers.offset = Some(got.sequence.value().wrapping_sub(first));
    }
    let numbers = *numbers;
    let has_ack = got.flags.contains(Flags::ACK);
    let acknowledgment = expected.acknowledgment.unwrap_or(0);
    let is_equal = got.flags == expected.flags
        && expected
            .sequence
            .is_none_or(|it| it == numbers.scripted(got.sequence))
        && u32::try_from(got.payload.len()) == Ok(expected.length)
        && (!has_ack || got.acknowledgment.value() == acknowledgment)
        && expected.window.is_none_or(|it| it == got.window)
        && has_options(expected, got, not_compared);
    if is_equal {
        return Ok(());
    }
    Err((show_expected(expected), show(got, numbers)))
}

/// Whether the options agree, modulo those that the host does not have.
fn has_options(expected: &Packet, got: &Segment, not_compared: &mut BTreeSet<String>) -> bool {
    let Some(options) = &expected.options else {
        return true;
    };
    let mut expected_mss = None;
    for option in options {
        match option {
            TcpOption::MaximumSegmentSize(size) => expected_mss = Some(*size),
            TcpOption::SackPermitted => drop(not_compared.insert("sackOK".to_owned())),
            TcpOption::Sack(_) => drop(not_compared.insert("sack".to_owned())),
            TcpOption::WindowScale(_) => drop(not_compared.insert("wscale".to_owned())),
            TcpOption::Timestamps { .. } => drop(not_compared.insert("TS".to_owned())),
            TcpOption::Padding => {}
            TcpOption::Other(name) => drop(not_compared.insert(name.clone())),
        }
    }
    expected_mss == got.maximum_segment_size
}

fn letters(flags: Flags) -> String {
    let all = [
        (Flags::FIN, 'F'),
        (Flags::SYN, 'S'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::URG, 'U'),
        (Flags::ACK, '.'),
    ];
    let set = all.iter().filter(|(flag, _)| flags.contains(*flag));
    let letters: String = set.map(|(_, letter)| *letter).collect();
    if letters.is_empty() {
        "-".to_owned()
    } else {
        letters
    }
}

fn show_expected(packet: &Packet) -> String {
    let mut text = letters(packet.flags);
    match packet.sequence {
        Some(from) => {
            let end = from.wrapping_add(packet.length);
            let _ = write!(text, " {from}:{end}({})", packet.length);
        }
        None => {
            let _ = write!(text, " ...({})", packet.length);
        }
    }
    if let Some(acknowledgment) = packet.acknowledgment {
        let _ = write!(text, " ack {acknowledgment}");
    }
    if let Some(window) = packet.window {
        let _ = write!(text, " win {window}");
    }
    for option in packet.options.iter().flatten() {
        if let TcpOption::MaximumSegmentSize(size) = option {
            let _ = write!(text, " <mss {size}>");
        }
    }
    text
}

/// A segment of the host as the script would write it.
pub(crate) fn show(segment: &Segment, numbers: Numbers) -> String {
    let from = numbers.scripted(segment.sequence);
    let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
    let end = from.wrapping_add(length);
    let mut text = format!("{} {from}:{end}({length})", letters(segment.flags));
    if segment.flags.contains(Flags::ACK) {
        let _ = write!(text, " ack {}", segment.acknowledgment.value());
    }
    let _ = write!(text, " win {}", segment.window);
    if let Some(size) = segment.maximum_segment_size {
        let _ = write!(text, " <mss {size}>");
    }
    text
}
