//! A packet capture of all links, as pcapng.
//!
//! The file has one interface for each end of each link. A packet is captured once, where it is put
//! on the link; a comment says what happens to it. Two captures of each packet would make an
//! analyzer report every segment as a retransmission. A packet that arrives damaged is captured a
//! second time, at the receiving end. There is no link layer: packets start with the IP header.
//!
//! Time stamps count from the date at which the scenario's logs start, not from a host's clock.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness, PcapError, PcapResult};

use config::untrusted_text;
use kernel::Instant;
use logs::sentence::drop_reason;
use logs::wall_clock::WallTime;
use simulation::observers::packet_capture::{CapturedPacket, Fate};

use crate::finished_run::FinishedRun;
use crate::sent_again::SentAgain;

/// The longest IP packet: packets are captured whole.
const SNAPLEN: u32 = 65_535;
/// `if_tsresol`: time stamps are in units of 10^-9 s.
const NANOSECONDS: u8 = 9;
/// `epb_flags`, bits 0 and 1: the packet's direction.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// Writes the observed packets as a pcapng file.
///
/// # Errors
/// If `out` cannot be written.
pub fn capture(run: &FinishedRun<'_>, out: &mut impl Write) -> io::Result<()> {
    // The library wraps errors of the file: the caller gets the one of the system.
    write(run, out).map_err(|error| {
        if let PcapError::IoError(error) = error {
            error
        } else {
            io::Error::other(error)
        }
    })
}

fn write(run: &FinishedRun<'_>, out: &mut impl Write) -> PcapResult<()> {
    let section = SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Comment(Cow::Owned(about(run))),
            SectionHeaderOption::UserApplication(Cow::Borrowed(concat!(
                "mtasim ",
                env!("CARGO_PKG_VERSION")
            ))),
        ],
        ..SectionHeaderBlock::default()
    };
    let mut file = PcapNgWriter::with_section_header(out, section)?;
    for (name, link) in &run.scenario.links {
        // An interface for each end: Wireshark then tells at which host a packet was seen.
        for (end, other) in [(0, 1), (1, 0)] {
            let interface = interface(run, name, &link.between[end], &link.between[other]);
            file.write_block(&interface.into_block())?;
        }
    }
    let start = WallTime::since_1970(run.scenario.epoch);
    let mut sent = SentAgain::default();
    for packet in &run.observations.packets {
        let nanos = start.saturating_add(packet.at.nanos());
        let block = EnhancedPacketBlock {
            interface_id: interface_of(run, packet),
            timestamp: Duration::from_nanos(nanos),
            original_len: u32::try_from(packet.bytes.len()).unwrap_or(SNAPLEN),
            data: Cow::Borrowed(&packet.bytes),
            options: options(packet, sent.is_again(packet)),
        };
        file.write_block(&block.into_block())?;
    }
    Ok(())
}

fn about(run: &FinishedRun<'_>) -> String {
    let (title, seed) = (untrusted_text::line(&run.scenario.title), run.outcome.seed);
    let (digest, command) = (run.outcome.digest, run.command);
    let mut about = format!("{title}\nseed {seed}, digest {digest}\nto reproduce: {command}");
    let dropped = run.observations.dropped;
    if dropped > 0 {
        about += &format!("\n{dropped} more packets or thread intervals, beyond limits.records");
    }
    about
}

fn interface(
    run: &FinishedRun<'_>,
    link: &str,
    end: &str,
    other: &str,
) -> InterfaceDescriptionBlock<'static> {
    let mut options = vec![
        InterfaceDescriptionOption::IfName(Cow::Owned(format!("{link}@{end}"))),
        InterfaceDescriptionOption::IfDescription(Cow::Owned(format!(
            "link {link} at {end}: packets sent to {other}, packets that arrive damaged, and answers of \
             the router here"
        ))),
        InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
    ];
    for address in addresses(run, link, end) {
        // The mask of a single address: links are point to point and have no network number.
        let bytes = [address.to_be_bytes(), [255; 4]].concat();
        options.push(InterfaceDescriptionOption::IfIpv4Addr(Cow::Owned(bytes)));
    }
    InterfaceDescriptionBlock {
        // Not RAW, which libpcap cannot read from a file with several interfaces.
        linktype: DataLink::IPV4,
        snaplen: SNAPLEN,
        options,
    }
}

/// The addresses of a host that belong to this link; without any, the host's usual one.
fn addresses(run: &FinishedRun<'_>, link: &str, host: &str) -> Vec<u32> {
    let plan = &run.scenario.hosts[host];
    let of_link = run.scenario.links[link].addresses.as_deref();
    let of_link = of_link.unwrap_or_default();
    let own = plan.all_addresses().filter(|it| of_link.contains(it));
    let own: Vec<u32> = own.map(u32::from).collect();
    if !own.is_empty() {
        return own;
    }
    let views = run.outcome.hosts.iter().filter(|view| view.name == host);
    views.map(|view| view.address).collect()
}

/// Two interfaces for each link, in the order in which they are written.
fn interface_of(run: &FinishedRun<'_>, packet: &CapturedPacket) -> u32 {
    let mut links = run.scenario.links.values();
    let link = links.nth(packet.link.0 as usize);
    let link = link.expect("a packet is on a link of the scenario");
    let end = &run.outcome.hosts[packet.end.0 as usize].name;
    packet.link.0 * 2 + u32::from(link.between[1] == *end)
}

fn options(packet: &CapturedPacket, is_again: bool) -> Vec<EnhancedPacketOption<'static>> {
    // As the host at this end sees it: what the network damaged or made comes in.
    let direction = match packet.fate {
        Fate::Damaged { .. } | Fate::FromRouter => INBOUND,
        Fate::Carried(_) | Fate::Lost(_) => OUTBOUND,
    };
    let mut options = vec![EnhancedPacketOption::Flags(direction)];
    let comments = comments(packet, is_again).into_iter();
    options.extend(comments.map(|it| EnhancedPacketOption::Comment(Cow::Owned(it))));
    options
}

/// Comments on a packet; none if it just arrives.
fn comments(packet: &CapturedPacket, is_again: bool) -> Vec<String> {
    let mut comments = Vec::new();
    if is_again {
        comments.push(match packet.identity.attempt {
            0 => "sent again: cut anew, or with a newer acknowledgment".to_owned(),
            attempt => format!("sent again: attempt {}", attempt + 1),
        });
    }
    match &packet.fate {
        Fate::Lost(reason) => comments.push(format!("dropped: {}", drop_reason(*reason))),
        Fate::Damaged { bit } => {
            comments.push(format!(
                "damaged on the way: bit {bit} behind the IP header"
            ));
        }
        Fate::FromRouter => comments.push("made by the router at this end".to_owned()),
        Fate::Carried(copies) => {
            let after = |at: Instant| at.saturating_since(packet.at).nanos() as f64 / 1e9;
            if let [first, second] = copies.as_slice() {
                let (first, second) = (after(first.at), after(second.at));
                comments.push(format!(
                    "duplicated: arrives {first:.9} s and {second:.9} s later"
                ));
            }
            if copies.iter().any(|copy| copy.is_damaged) {
                comments.push("arrives damaged".to_owned());
            }
        }
    }
    comments
}
