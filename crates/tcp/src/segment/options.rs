//! TCP options besides MSS: selective acknowledgments (RFC 2018), window scale and timestamps (RFC
//! 7323).

use super::SeqNum;

/// The largest shift of a window (RFC 7323 section 2.3).
pub(crate) const MAXIMUM_SHIFT: u8 = 14;

/// The maximum number of blocks in one option: 40 octets of options leave room for four.
pub(crate) const MAXIMUM_BLOCKS: usize = 4;

/// The options of a segment besides MSS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// SACK-permitted (RFC 2018 section 2); only with SYN.
    pub sack_permitted: bool,
    /// The shift of later windows (RFC 7323 section 2); only with SYN.
    pub window_scale: Option<u8>,
    /// Timestamps (RFC 7323 section 3).
    pub timestamps: Option<Timestamps>,
    /// Blocks of text that arrived beyond a gap (RFC 2018 section 3). At most four.
    pub sack: Vec<SackBlock>,
}

/// A block of text that arrived beyond a gap (RFC 2018 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlock {
    /// The number of its first octet.
    pub left_edge: SeqNum,
    /// The number behind that of its last octet.
    pub right_edge: SeqNum,
}

impl SackBlock {
    /// How many octets it has.
    pub(crate) const fn octets(&self) -> u32 {
        self.right_edge.since(self.left_edge)
    }
}

/// The timestamps option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval: the sender's clock, milliseconds.
    pub value: u32,
    /// TSecr: the peer's clock as it was received; only significant with ACK.
    pub echo: u32,
}

impl TcpOptions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The octets in the header. Each option is padded to a multiple of four, except that SACK-permitted
    /// takes the place of the padding of timestamps, as Linux does.
    #[must_use]
    pub fn length(&self) -> usize {
        let flags = 4 * usize::from(self.sack_permitted && self.timestamps.is_none());
        let scale = self.window_scale.map_or(0, |_| 4);
        let timestamps = self.timestamps.map_or(0, |_| 12);
        let sack = match self.sack.len() {
            0 => 0,
            blocks => 4 + 8 * blocks,
        };
        flags + scale + timestamps + sack
    }

    /// Appends the octets of the options to `bytes`.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        const NOP: u8 = 1;
        // Padded to words of four octets, as RFC 7323 appendix A suggests. On a SYN, SACK-permitted takes the place of
        // the padding, as in Linux.
        match self.timestamps {
            Some(Timestamps { value, echo }) => {
                bytes.extend_from_slice(match self.sack_permitted {
                    true => &[4, 2, 8, 10],
                    false => &[NOP, NOP, 8, 10],
                });
                bytes.extend_from_slice(&value.to_be_bytes());
                bytes.extend_from_slice(&echo.to_be_bytes());
            }
            None if self.sack_permitted => bytes.extend_from_slice(&[NOP, NOP, 4, 2]),
            None => {}
        }
        if let Some(shift) = self.window_scale {
            bytes.extend_from_slice(&[NOP, 3, 3, shift]);
        }
        if !self.sack.is_empty() {
            let blocks = &self.sack[..self.sack.len().min(MAXIMUM_BLOCKS)];
            let length = 2 + 8 * blocks.len() as u8;
            bytes.extend_from_slice(&[NOP, NOP, 5, length]);
            for block in blocks {
                bytes.extend_from_slice(&block.left_edge.value().to_be_bytes());
                bytes.extend_from_slice(&block.right_edge.value().to_be_bytes());
            }
        }
    }

    /// Takes one option of this kind, with its length octet passed. Others, and those of another
    /// length than the RFC's, are ignored.
    pub(crate) fn decode(&mut self, kind: u8, value: &[u8]) {
        let word = |at: usize| {
            let octets = [value[at], value[at + 1], value[at + 2], value[at + 3]];
            u32::from_be_bytes(octets)
        };
        match (kind, value.len()) {
            (3, 1) => self.window_scale = Some(value[0]),
            (4, 0) => self.sack_permitted = true,
            (5, 8 | 16 | 24 | 32) => {
                let blocks = (0..value.len()).step_by(8);
                let block = |at| SackBlock {
                    left_edge: SeqNum::new(word(at)),
                    right_edge: SeqNum::new(word(at + 4)),
                };
                self.sack = blocks.map(block).collect();
            }
            (8, 8) => {
                self.timestamps = Some(Timestamps {
                    value: word(0),
                    echo: word(4),
                });
            }
            _ => {}
        }
    }
}
