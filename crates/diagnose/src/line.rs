//! Parses one line of Winsock.log: all forms that Q303102 shows, with an optional time in front.
//!
//! Parsing allocates no memory.

use crate::timestamp::{self, Stamp};

/// Block numbers are below this: "2000 in total" (Q166602) is the largest pool of any build.
pub const BLOCKS_MAX: usize = 2_000;
/// Thread numbers are below this: the log prints three digits.
pub const THREADS_MAX: usize = 1_000;

/// The number of a control block, below [`BLOCKS_MAX`].
pub type BlockNumber = u16;

/// One line of Winsock.log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedLine<'a> {
    /// When it was written, if a collector has added the time. The log itself has none.
    pub at: Option<Stamp>,
    /// Whether it begins with something else that is not a time of a known form.
    pub has_unread_prefix: bool,
    /// The thread that wrote it.
    pub thread: u16,
    /// What a collector has put in front of it besides the time, such as the computer.
    pub tag: &'a [u8],
    /// The handle that its control block has, if it tells.
    pub handle: Option<u32>,
    /// Which blocks a line of an unknown form may be about.
    pub about: AboutBlocks,
    /// What it reports.
    pub form: LineForm,
}

/// Which blocks a line may be about whose form is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AboutBlocks {
    /// None: it is complete, and names no block.
    None,
    /// This one, which it names.
    One(BlockNumber),
    /// Any: it begins like a form with a block, and is damaged.
    Any,
}

/// The form of a line, with the numbers that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineForm {
    /// `CB 18 (instance 21) allocated`
    Allocated(BlockNumber, u32),
    /// `Use thread cb 0 for Winsock cb 18`
    UseThread(BlockNumber),
    /// `Message type 1 for cb 18`
    Message(u32, BlockNumber),
    /// `Socket 13020 created on cb 18`
    SocketCreated(BlockNumber),
    /// `Ac/Cl/Cn events for cb 18, socket 13020, handle 12636`
    ConnectEvents(BlockNumber),
    /// `WSAAccept OK, 0 events on new socket 11340 on cb 2`
    Accepted(BlockNumber),
    /// `Wait for cb 2, handle 10848`
    WaitFor(BlockNumber),
    /// `R/W/Cl events on cb 2, handle 10848`
    DataEvents(BlockNumber),
    /// `Events 3 notified for cb 2 using handle 10848`
    Notified(BlockNumber),
    /// `Receive header for cb 2 at offset 0`
    ReceiveHeader(BlockNumber),
    /// `WSARecv on cb 2, offset 24`
    ReceiveBody(BlockNumber),
    /// `Entire TPKT received`
    EntireTpkt,
    /// `ioctlsocket returned 0, cb 2`
    Readable(BlockNumber),
    /// `Issue Disconnect for cb 2`
    IssueDisconnect(BlockNumber),
    /// `close socket 11340 on cb 2, handle 10848`; `false` for socket `-1`, which is none.
    CloseSocket(BlockNumber, bool),
    /// A line that names no block: `Header done…`, `WSARecv returned…`, `No more data`.
    NoBlock,
    /// A line of a form that no article shows.
    Unknown,
}

/// Parses a line; `None` if it does not begin like a line of Winsock.log, `(008) `, with or without a time
/// in front.
///
/// If the end of the line is missing, a number at its end may have lost digits: a line that ends with
/// a block number then counts as [`LineForm::Unknown`].
#[must_use]
pub fn parse(bytes: &[u8], is_ended: bool) -> Option<ParsedLine<'_>> {
    let bytes = bytes.trim_ascii();
    if bytes.first()? == &b'(' {
        return unstamped(bytes, is_ended);
    }
    // A table of a collector has its columns in quotes.
    let inner = bytes.strip_prefix(b"\"").unwrap_or(bytes);
    if let Some((stamp, rest)) = timestamp::take(inner) {
        let (tag, rest) = split_tag(rest.trim_ascii_start())?;
        let line = unstamped(rest, is_ended)?;
        let at = Some(stamp);
        return Some(ParsedLine { at, tag, ..line });
    }
    let (tag, rest) = split_tag(bytes)?;
    let line = unstamped(rest, is_ended)?;
    (line.form != LineForm::Unknown).then_some(ParsedLine {
        has_unread_prefix: true,
        tag,
        ..line
    })
}

/// Parses what the MTA itself writes.
fn unstamped(bytes: &[u8], is_ended: bool) -> Option<ParsedLine<'_>> {
    let (thread, rest) = number(bytes.strip_prefix(b"(")?)?;
    let rest = rest.strip_prefix(b") ")?;
    let thread = u16::try_from(thread).ok()?;
    if usize::from(thread) >= THREADS_MAX {
        return None;
    }
    let may_be_cut = !is_ended && rest.last().is_some_and(u8::is_ascii_digit);
    let form = LineCursor(rest).form();
    let form = form.filter(|form| !may_be_cut || ends_with_another_number(*form));
    let about = match form {
        None if is_ended => about_blocks(rest),
        // The log ends before a line that is cut off at its end.
        _ => AboutBlocks::None,
    };
    Some(ParsedLine {
        at: None,
        has_unread_prefix: false,
        thread,
        tag: &[],
        about,
        handle: form.filter(|_| is_ended).and_then(|it| handle(it, rest)),
        form: form.unwrap_or(LineForm::Unknown),
    })
}

/// Which blocks a line may be about that is of no known form.
fn about_blocks(rest: &[u8]) -> AboutBlocks {
    // What the forms with a block begin with.
    const BEGINNINGS: [&[u8]; 14] = [
        b"Wait",
        b"WSARecv on",
        b"WSAAccept",
        b"Events",
        b"Receive",
        b"R/W",
        b"ioctl",
        b"CB",
        b"Use",
        b"Message",
        b"Socket",
        b"Ac/Cl",
        b"Issue",
        b"close",
    ];
    let is_text = rest.iter().all(|it| (b' '..=b'~').contains(it));
    let named = memchr::memmem::rfind(rest, b"cb ").map(|at| LineCursor(&rest[at + 3..]).block());
    let begins = |it: &&[u8]| {
        let start = rest.get(..it.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(it))
    };
    let is_damaged = BEGINNINGS.iter().any(begins);
    match named {
        Some(Some(block)) if is_text => AboutBlocks::One(block),
        Some(_) => AboutBlocks::Any,
        None if is_damaged || !is_text => AboutBlocks::Any,
        None => AboutBlocks::None,
    }
}

/// The handle at the end of a line.
fn handle(form: LineForm, rest: &[u8]) -> Option<u32> {
    let has_handle = matches!(
        form,
        LineForm::ConnectEvents(_)
            | LineForm::WaitFor(_)
            | LineForm::DataEvents(_)
            | LineForm::Notified(_)
    );
    if !has_handle {
        return None;
    }
    let digits = rest.iter().rev().take_while(|it| it.is_ascii_digit());
    let (words, digits) = rest.split_at(rest.len() - digits.count());
    let (value, _) = number(digits)?;
    words.ends_with(b"handle ").then_some(value)
}

/// What a collector adds after the time, such as the host and the program of syslog, and the line.
fn split_tag(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if rest.first() == Some(&b'(') {
        return Some((&[], rest));
    }
    let is_thread = |bytes: &[u8]| match bytes {
        [b'(', digits @ .., b')', b' '] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // `(008) `: the log prints three digits.
    let at = rest.windows(6).position(is_thread)?;
    Some(rest.split_at(at))
}

/// Whether a handle or an offset follows the block number, so that the block number is complete.
const fn ends_with_another_number(form: LineForm) -> bool {
    matches!(
        form,
        LineForm::ConnectEvents(_)
            | LineForm::WaitFor(_)
            | LineForm::DataEvents(_)
            | LineForm::Notified(_)
            | LineForm::ReceiveHeader(_)
            | LineForm::ReceiveBody(_)
            | LineForm::CloseSocket(..)
    )
}

/// A cursor over the rest of a line.
#[derive(Clone, Copy)]
struct LineCursor<'a>(&'a [u8]);

impl LineCursor<'_> {
    fn form(mut self) -> Option<LineForm> {
        // The first letter distinguishes most forms, and the most frequent form comes first: logs have
        // gigabytes.
        let form = match self.0.first()? {
            b'W' if self.skip(b"Wait for cb ") => LineForm::WaitFor(self.block()?),
            b'W' if self.skip(b"WSARecv on cb ") => LineForm::ReceiveBody(self.block()?),
            b'W' if self.skip(b"WSARecv returned ") => LineForm::NoBlock,
            b'W' if self.skip(b"WSAAccept OK, ") => {
                self.number()?;
                self.skip_to(b" events on new socket ")?;
                self.number()?;
                self.skip_to(b" on cb ")?;
                LineForm::Accepted(self.block()?)
            }
            b'E' if self.skip(b"Events ") => {
                self.number()?;
                self.skip_to(b" notified for cb ")?;
                LineForm::Notified(self.block()?)
            }
            b'E' if self.skip(b"Entire TPKT received") => LineForm::EntireTpkt,
            b'R' if self.skip(b"Receive header for cb ") => LineForm::ReceiveHeader(self.block()?),
            b'R' if self.skip(b"R/W/Cl events on cb ") => LineForm::DataEvents(self.block()?),
            b'H' if self.skip(b"Header done, TPKT data length ") => LineForm::NoBlock,
            b'i' if self.skip(b"ioctlsocket returned ") => {
                self.number()?;
                self.skip_to(b", cb ")?;
                LineForm::Readable(self.block()?)
            }
            b'N' if self.skip(b"No more data") => LineForm::NoBlock,
            b'C' if self.skip(b"CB ") => {
                let block = self.block()?;
                self.skip_to(b" (instance ")?;
                let instance = self.number()?;
                self.skip_to(b") allocated")?;
                LineForm::Allocated(block, instance)
            }
            b'U' if self.skip(b"Use thread cb ") => {
                self.number()?;
                self.skip_to(b" for Winsock cb ")?;
                LineForm::UseThread(self.block()?)
            }
            b'M' if self.skip(b"Message type ") => {
                let kind = self.number()?;
                self.skip_to(b" for cb ")?;
                LineForm::Message(kind, self.block()?)
            }
            b'S' if self.skip(b"Socket ") => {
                self.number()?;
                self.skip_to(b" created on cb ")?;
                LineForm::SocketCreated(self.block()?)
            }
            b'A' if self.skip(b"Ac/Cl/Cn events for cb ") => LineForm::ConnectEvents(self.block()?),
            b'I' if self.skip(b"Issue Disconnect for cb ") => {
                LineForm::IssueDisconnect(self.block()?)
            }
            b'c' if self.skip(b"close socket ") => {
                // The only negative socket is -1, none.
                let had_socket = !self.skip(b"-");
                self.number()?;
                self.skip_to(b" on cb ")?;
                LineForm::CloseSocket(self.block()?, had_socket)
            }
            _ => return None,
        };
        Some(form)
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
        // `1O` is no 1.
        let is_whole = !rest.first().is_some_and(u8::is_ascii_alphanumeric);
        is_whole.then_some(value)
    }

    /// A block number; `None` if it is above that of any pool.
    fn block(&mut self) -> Option<BlockNumber> {
        let value = self.number()?;
        let block = BlockNumber::try_from(value).ok()?;
        (usize::from(block) < BLOCKS_MAX).then_some(block)
    }
}

/// The decimal number at the start of `bytes`, and the rest.
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
