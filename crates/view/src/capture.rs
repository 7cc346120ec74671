//! What the links carried, for Wireshark.
//!
//! Owns the form of a capture: a pcapng section with one interface for each end of each link. A
//! packet stands once, on the interface of the end that puts it on the link, at the time it does
//! so; comments say what becomes of it. Only what arrives damaged stands a second time, as the
//! other end sees it. Two vantage points in one file would make every segment a retransmission to
//! an analyser. It refuses a link layer: packets are raw IP.
//!
//! Times count from the date at which the scenario's logs begin, by no host's clock.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness, PcapError, PcapResult};

use kernel::Instant;
use logs::sentence::drop_reason;
use logs::wall_clock::WallTime;
use simulation::observers::packet_capture::{CapturedPacket, Fate};

use crate::shown::Shown;

/// Bytes of a packet that are kept: all that an IP packet can have.
const SNAPLEN: u32 = 65_535;
/// Times are nanoseconds: 10 to the minus ninth.
const NANOSECONDS: u8 = 9;
/// The packet came in, or went out (pcapng's `epb_flags`, bits 0 and 1).
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// Writes the packets that were seen as a pcapng file.
///
/// # Errors
/// If `out` refuses.
pub fn capture(run: &Shown<'_>, out: &mut impl Write) -> io::Result<()> {
    write(run, out).map_err(|error| {
        if let PcapError::IoError(error) = error {
            error
        } else {
            io::Error::other(error)
        }
    })
}

fn write(run: &Shown<'_>, out: &mut impl Write) -> PcapResult<()> {
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
        for (end, other) in [(0, 1), (1, 0)] {
            let interface = interface(run, name, &link.between[end], &link.between[other]);
            file.write_block(&interface.into_block())?;
        }
    }
    let start = WallTime::since_1970(run.scenario.epoch);
    for passage in &run.seen.packets {
        let nanos = start.saturating_add(passage.at.nanos());
        let packet = EnhancedPacketBlock {
            interface_id: interface_of(run, passage),
            timestamp: Duration::from_nanos(nanos),
            original_len: u32::try_from(passage.bytes.len()).unwrap_or(SNAPLEN),
            data: Cow::Borrowed(&passage.bytes),
            options: options(passage),
        };
        file.write_block(&packet.into_block())?;
    }
    Ok(())
}

fn about(run: &Shown<'_>) -> String {
    let (title, seed) = (&run.scenario.title, run.outcome.seed);
    let (digest, repeat) = (run.outcome.digest, run.repeat);
    let mut about = format!("{title}\nseed {seed}, digest {digest}\nrepeat: {repeat}");
    if run.seen.dropped > 0 {
        let missed = run.seen.dropped;
        write!(
            about,
            "\n{missed} packets more, beyond the limit of records"
        )
        .expect("a string takes everything");
    }
    about
}

fn interface(
    run: &Shown<'_>,
    link: &str,
    end: &str,
    other: &str,
) -> InterfaceDescriptionBlock<'static> {
    let mut options = vec![
        InterfaceDescriptionOption::IfName(Cow::Owned(format!("{link}@{end}"))),
        InterfaceDescriptionOption::IfDescription(Cow::Owned(format!(
            "link {link}, the end of {end}: what it sends to {other}, and what comes damaged"
        ))),
        InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
    ];
    let view = run.outcome.hosts.iter().find(|view| view.name == end);
    if let Some(view) = view {
        // The address, and a mask that says nothing of networks: links join two hosts.
        let bytes = [view.address.to_be_bytes(), [255; 4]].concat();
        options.push(InterfaceDescriptionOption::IfIpv4Addr(Cow::Owned(bytes)));
    }
    InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: SNAPLEN,
        options,
    }
}

/// Interfaces are numbered as they are written: two for each link.
fn interface_of(run: &Shown<'_>, passage: &CapturedPacket) -> u32 {
    let mut links = run.scenario.links.values();
    let link = links.nth(passage.link.0 as usize);
    let link = link.expect("a passage is on a link of the scenario");
    let end = &run.outcome.hosts[passage.end.0 as usize].name;
    passage.link.0 * 2 + u32::from(link.between[1] == *end)
}

fn options(passage: &CapturedPacket) -> Vec<EnhancedPacketOption<'static>> {
    let is_in = matches!(passage.fate, Fate::Damaged { .. });
    let mut options = vec![EnhancedPacketOption::Flags(if is_in {
        INBOUND
    } else {
        OUTBOUND
    })];
    let comments = comments(passage).into_iter();
    options.extend(comments.map(|it| EnhancedPacketOption::Comment(Cow::Owned(it))));
    options
}

/// What a reader is told of a packet; nothing of one that simply arrives.
fn comments(passage: &CapturedPacket) -> Vec<String> {
    let mut told = Vec::new();
    let attempt = passage.identity.attempt;
    if attempt > 0 && passage.is_made_here && !matches!(passage.fate, Fate::Damaged { .. }) {
        told.push(format!("sent again: attempt {}", attempt + 1));
    }
    match &passage.fate {
        Fate::Lost(reason) => told.push(format!("dropped: {}", drop_reason(*reason))),
        Fate::Damaged { bit } => {
            told.push(format!(
                "damaged on the way: bit {bit} behind the IP header"
            ));
        }
        Fate::Carried(copies) => {
            let after = |at: Instant| Instant::from_nanos(at.saturating_since(passage.at).nanos());
            if let [first, second] = copies.as_slice() {
                let (first, second) = (after(first.at), after(second.at));
                told.push(format!(
                    "duplicated: arrives {first} s and {second} s later"
                ));
            }
            if copies.iter().any(|copy| copy.is_damaged) {
                told.push("arrives damaged".to_owned());
            }
        }
    }
    told
}
