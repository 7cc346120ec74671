//! Captures that Wireshark reads: pcapng (draft-ietf-opsawg-pcapng).
//!
//! Owns the three blocks that a capture of raw IP packets needs, with nanoseconds and comments.
//! It refuses to make packets: whoever knows the payload hands over the bytes.

use std::io::{self, Write};

use kernel::Instant;

/// The start of virtual time in a capture, in seconds since 1970: 2001-09-09 01:46:40 UTC. Fixed,
/// so that the same run gives the same file.
pub const EPOCH: u64 = 1_000_000_000;

/// The most bytes of one packet.
pub const PACKET_MAX: usize = 65_535;

/// The most bytes of a name or a comment.
pub const TEXT_MAX: usize = 4_096;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const VERSION: [u16; 2] = [1, 0];
const LENGTH_UNKNOWN: u64 = u64::MAX;
/// The packet begins with its IP header.
const LINKTYPE_RAW: u16 = 101;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const OPTION_INTERFACE_NAME: u16 = 2;
const OPTION_APPLICATION: u16 = 4;
const OPTION_TIME_RESOLUTION: u16 = 9;
/// Ten to the minus nine seconds.
const NANOSECONDS: u8 = 9;

/// A place where packets are seen, within one capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceId(u32);

/// A capture that is being written.
#[derive(Debug)]
pub struct Capture<W> {
    sink: W,
    interfaces: u32,
    /// The block under construction.
    block: Vec<u8>,
}

impl<W: Write> Capture<W> {
    /// Begins a capture, written by the application of this name.
    ///
    /// # Errors
    /// If `sink` cannot be written.
    ///
    /// # Panics
    /// If the name exceeds [`TEXT_MAX`].
    pub fn new(sink: W, application: &str) -> io::Result<Self> {
        let mut capture = Self {
            sink,
            interfaces: 0,
            block: Vec::new(),
        };
        capture.block.extend(BYTE_ORDER.to_le_bytes());
        capture
            .block
            .extend(VERSION.map(u16::to_le_bytes).as_flattened());
        capture.block.extend(LENGTH_UNKNOWN.to_le_bytes());
        capture.option(OPTION_APPLICATION, application.as_bytes());
        capture.option(OPTION_END, &[]);
        capture.end_block(SECTION_HEADER)?;
        Ok(capture)
    }

    /// Declares a place where packets are seen.
    ///
    /// # Errors
    /// If the sink cannot be written.
    ///
    /// # Panics
    /// If the name exceeds [`TEXT_MAX`].
    pub fn interface(&mut self, name: &str) -> io::Result<InterfaceId> {
        self.block.extend(LINKTYPE_RAW.to_le_bytes());
        self.block.extend([0; 2]);
        self.block.extend((PACKET_MAX as u32).to_le_bytes());
        self.option(OPTION_INTERFACE_NAME, name.as_bytes());
        self.option(OPTION_TIME_RESOLUTION, &[NANOSECONDS]);
        self.option(OPTION_END, &[]);
        self.end_block(INTERFACE_DESCRIPTION)?;
        self.interfaces += 1;
        Ok(InterfaceId(self.interfaces - 1))
    }

    /// Writes a packet, IP header first, as seen at `at`; an empty comment is none.
    ///
    /// # Errors
    /// If the sink cannot be written.
    ///
    /// # Panics
    /// If the interface is not of this capture, the packet exceeds [`PACKET_MAX`] or the comment
    /// [`TEXT_MAX`].
    pub fn packet(
        &mut self,
        interface: InterfaceId,
        at: Instant,
        packet: &[u8],
        comment: &str,
    ) -> io::Result<()> {
        assert!(
            interface.0 < self.interfaces,
            "an interface of another capture"
        );
        assert!(
            packet.len() <= PACKET_MAX,
            "no IP packet has {} bytes",
            packet.len()
        );
        let nanos = u128::from(EPOCH) * 1_000_000_000 + u128::from(at.nanos());
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        let length = (packet.len() as u32).to_le_bytes();
        self.block.extend(interface.0.to_le_bytes());
        self.block.extend(((nanos >> 32) as u32).to_le_bytes());
        self.block.extend((nanos as u32).to_le_bytes());
        self.block.extend(length);
        self.block.extend(length);
        self.padded(packet);
        if !comment.is_empty() {
            self.option(OPTION_COMMENT, comment.as_bytes());
            self.option(OPTION_END, &[]);
        }
        self.end_block(ENHANCED_PACKET)
    }

    /// Ends the capture and gives the sink back.
    ///
    /// # Errors
    /// If the sink cannot be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        assert!(value.len() <= TEXT_MAX, "a text of {} bytes", value.len());
        self.block.extend(code.to_le_bytes());
        self.block.extend((value.len() as u16).to_le_bytes());
        self.padded(value);
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend(bytes);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Writes the block with its type and, before and after, its length.
    fn end_block(&mut self, kind: u32) -> io::Result<()> {
        const FRAME: usize = 12;
        let length = u32::try_from(self.block.len() + FRAME).expect("blocks are small");
        assert!(length.is_multiple_of(4), "blocks are made of whole words");
        self.sink.write_all(&kind.to_le_bytes())?;
        self.sink.write_all(&length.to_le_bytes())?;
        self.sink.write_all(&self.block)?;
        self.sink.write_all(&length.to_le_bytes())?;
        self.block.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icmp::{Echo, Message};
    use crate::ipv4;
    use kernel::Duration;
    use std::net::Ipv4Addr;

    fn ping() -> Vec<u8> {
        let message = Message::Echo(Echo {
            identifier: 0x0200,
            sequence: 0x0100,
            length: 33,
        });
        let header = ipv4::Header {
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(10, 0, 0, 2),
            protocol: 1,
            length: (ipv4::HEADER_LENGTH + message.length()) as u16,
            time_to_live: 128,
        };
        let mut packet = header.encode().to_vec();
        packet.extend(message.encode());
        packet
    }

    fn capture() -> Vec<u8> {
        let mut capture = Capture::new(Vec::new(), "mtasim").expect("memory takes all");
        let here = capture.interface("here").expect("memory takes all");
        let at = Instant::ZERO + Duration::from_nanos(1_500_000_001);
        capture
            .packet(here, at, &ping(), "dropped: outage")
            .expect("memory takes all");
        capture
            .packet(here, at, &ping(), "")
            .expect("memory takes all");
        capture.finish().expect("memory takes all")
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
    }

    /// A reader that knows only lengths finds the blocks and their ends.
    #[test]
    fn blocks_follow_each_other() {
        let bytes = capture();
        let (mut at, mut kinds) = (0, Vec::new());
        while at < bytes.len() {
            let length = word(&bytes, at + 4) as usize;
            assert_eq!(word(&bytes, at + length - 4) as usize, length);
            kinds.push(word(&bytes, at));
            at += length;
        }
        assert_eq!(at, bytes.len());
        assert_eq!(
            kinds,
            [
                SECTION_HEADER,
                INTERFACE_DESCRIPTION,
                ENHANCED_PACKET,
                ENHANCED_PACKET
            ]
        );
    }

    #[test]
    fn a_packet_has_its_time_and_its_bytes() {
        let bytes = capture();
        let section = word(&bytes, 4) as usize;
        let packet = section + word(&bytes, section + 4) as usize;
        let nanos =
            u64::from(word(&bytes, packet + 12)) << 32 | u64::from(word(&bytes, packet + 16));
        assert_eq!(nanos, 1_000_000_001_500_000_001);
        let length = word(&bytes, packet + 20) as usize;
        assert_eq!(bytes[packet + 28..packet + 28 + length], ping());
    }

    #[test]
    #[should_panic(expected = "an interface of another capture")]
    fn an_interface_belongs_to_its_capture() {
        let mut capture = Capture::new(Vec::new(), "mtasim").expect("memory takes all");
        let _ = capture.packet(InterfaceId(0), Instant::ZERO, &[], "");
    }
}
