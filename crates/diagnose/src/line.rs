//! What a line of Winsock.log says.
//!
//! Owns the forms of its lines, all that Q303102 shows, and the time that a collector may have put
//! before them. It refuses meaning: what a line proves is the judge's to say. Nothing is
//! allocated for a line.

use crate::stamp::{self, Stamp};

/// Blocks are numbered below this: "2000 in total" (Q166602) is the most that any build takes.
pub const BLOCKS_MAX: usize = 2_000;
/// Threads are numbered below this; the log prints three digits.
pub const THREADS_MAX: usize = 1_000;

/// The number of a control block, below [`BLOCKS_MAX`].
pub type Block = u16;

/// One line of Winsock.log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, if somebody put that down: the log itself does not.
    pub at: Option<Stamp>,
    /// The thread that wrote it.
    pub thread: u16,
    /// What it says.
    pub said: Said,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// `CB 18 (instance 21) allocated`
    Allocated(Block, u32),
    /// `Use thread cb 0 for Winsock cb 18`
    UseThread(Block),
    /// `Message type 1 for cb 18`
    Message(u32, Block),
    /// `Socket 13020 created on cb 18`
    SocketCreated(Block),
    /// `Ac/Cl/Cn events for cb 18, socket 13020, handle 12636`
    ConnectEvents(Block),
    /// `WSAAccept OK, 0 events on new socket 11340 on cb 2`
    Accepted(Block),
    /// `Wait for cb 2, handle 10848`
    WaitFor(Block),
    /// `R/W/Cl events on cb 2, handle 10848`
    DataEvents(Block),
    /// `Events 3 notified for cb 2 using handle 10848`
    Notified(Block),
    /// `Receive header for cb 2 at offset 0`
    ReceiveHeader(Block),
    /// `WSARecv on cb 2, offset 24`
    ReceiveBody(Block),
    /// `Entire TPKT received`
    EntireTpkt,
    /// `ioctlsocket returned 0, cb 2`
    Readable(Block),
    /// `Issue Disconnect for cb 2`
    IssueDisconnect(Block),
    /// `close socket 11340 on cb 2, handle 10848`, or `-1`: whether there was a socket.
    CloseSocket(Block, bool),
    /// A line that names no block: `Header done…`, `WSARecv returned…`, `No more data`.
    Nothing,
    /// A line of a form that no article shows.
    Other,
}

/// Reads a line. `None`: it does not begin as a line of Winsock.log does, `(008) `.
///
/// A line whose end is missing may have lost digits of a number at its end: such a number is
/// not read, and the line says nothing.
#[must_use]
pub fn parse(bytes: &[u8], is_ended: bool) -> Option<LogLine> {
    let bytes = bytes.trim_ascii();
    let (at, rest) = match bytes.first()? {
        b'(' => (None, bytes),
        _ => stamp::take(bytes).map(|(stamp, rest)| (Some(stamp), rest.trim_ascii_start()))?,
    };
    let (thread, rest) = number(rest.strip_prefix(b"(")?)?;
    let rest = rest.strip_prefix(b") ")?;
    let thread = u16::try_from(thread).ok()?;
    if usize::from(thread) >= THREADS_MAX {
        return None;
    }
    let may_be_cut = !is_ended && rest.last().is_some_and(u8::is_ascii_digit);
    let said = Words(rest).said();
    let said = said.filter(|said| !may_be_cut || ends_with_another_number(*said));
    let said = said.unwrap_or(Said::Other);
    Some(LogLine { at, thread, said })
}

/// Whether a handle or an offset is last, so that the block before it is whole.
const fn ends_with_another_number(said: Said) -> bool {
    matches!(
        said,
        Said::ConnectEvents(_)
            | Said::WaitFor(_)
            | Said::DataEvents(_)
            | Said::Notified(_)
            | Said::ReceiveHeader(_)
            | Said::ReceiveBody(_)
            | Said::CloseSocket(..)
    )
}

/// A cursor over what a thread wrote.
#[derive(Clone, Copy)]
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    /// The first letter tells most forms apart; the commonest line comes first.
    fn said(mut self) -> Option<Said> {
        let said = match self.0.first()? {
            b'W' if self.skip(b"Wait for cb ") => Said::WaitFor(self.block()?),
            b'W' if self.skip(b"WSARecv on cb ") => Said::ReceiveBody(self.block()?),
            b'W' if self.skip(b"WSARecv returned ") => Said::Nothing,
            b'W' if self.skip(b"WSAAccept OK, ") => {
                self.number()?;
                self.skip_to(b" events on new socket ")?;
                self.number()?;
                self.skip_to(b" on cb ")?;
                Said::Accepted(self.block()?)
            }
            b'E' if self.skip(b"Events ") => {
                self.number()?;
                self.skip_to(b" notified for cb ")?;
                Said::Notified(self.block()?)
            }
            b'E' if self.skip(b"Entire TPKT received") => Said::EntireTpkt,
            b'R' if self.skip(b"Receive header for cb ") => Said::ReceiveHeader(self.block()?),
            b'R' if self.skip(b"R/W/Cl events on cb ") => Said::DataEvents(self.block()?),
            b'H' if self.skip(b"Header done, TPKT data length ") => Said::Nothing,
            b'i' if self.skip(b"ioctlsocket returned ") => {
                self.number()?;
                self.skip_to(b", cb ")?;
                Said::Readable(self.block()?)
            }
            b'N' if self.skip(b"No more data") => Said::Nothing,
            b'C' if self.skip(b"CB ") => {
                let block = self.block()?;
                self.skip_to(b" (instance ")?;
                let instance = self.number()?;
                self.skip_to(b") allocated")?;
                Said::Allocated(block, instance)
            }
            b'U' if self.skip(b"Use thread cb ") => {
                self.number()?;
                self.skip_to(b" for Winsock cb ")?;
                Said::UseThread(self.block()?)
            }
            b'M' if self.skip(b"Message type ") => {
                let kind = self.number()?;
                self.skip_to(b" for cb ")?;
                Said::Message(kind, self.block()?)
            }
            b'S' if self.skip(b"Socket ") => {
                self.number()?;
                self.skip_to(b" created on cb ")?;
                Said::SocketCreated(self.block()?)
            }
            b'A' if self.skip(b"Ac/Cl/Cn events for cb ") => Said::ConnectEvents(self.block()?),
            b'I' if self.skip(b"Issue Disconnect for cb ") => Said::IssueDisconnect(self.block()?),
            b'c' if self.skip(b"close socket ") => {
                let had_socket = !self.skip(b"-");
                self.number()?;
                self.skip_to(b" on cb ")?;
                Said::CloseSocket(self.block()?, had_socket)
            }
            _ => return None,
        };
        Some(said)
    }

    fn skip(&mut self, words: &[u8]) -> bool {
        let rest = self.0.strip_prefix(words);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip_to(&mut self, words: &[u8]) -> Option<()> {
        self.skip(words).then_some(())
    }

    fn number(&mut self) -> Option<u32> {
        let (value, rest) = number(self.0)?;
        self.0 = rest;
        Some(value)
    }

    /// The number of a block; one that no pool has is none.
    fn block(&mut self) -> Option<Block> {
        let value = self.number()?;
        let block = Block::try_from(value).ok()?;
        (usize::from(block) < BLOCKS_MAX).then_some(block)
    }
}

/// The decimal number that `bytes` begin with, and what follows it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0_u32;
    let mut at = 0;
    while let Some(digit) = bytes.get(at).filter(|it| it.is_ascii_digit()) {
        value = value
            .checked_mul(10)?
            .checked_add(u32::from(digit - b'0'))?;
        at += 1;
    }
    (at > 0).then(|| (value, &bytes[at..]))
}

#[cfg(test)]
mod tests;
