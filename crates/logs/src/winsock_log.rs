//! Winsock.log, in the exact form that Q303102 shows.
//!
//! The lines have no time stamps, as in the article. If a service is restarted, its logs follow
//! each other in one text; the real program starts a new file.

use std::fmt;

use kernel::{Instant, JournalEntry};
use mta::{BlockId, BlockIndex, LogLine};
use net::HostId;

use simulation::outcome::Outcome;
use simulation::record::{Record, ThreadNumber};

/// A line of Winsock.log: `(001) CB 18 (instance 21) allocated`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The thread that wrote it.
    pub thread: ThreadNumber,
    /// Its contents.
    pub line: LogLine,
}

/// The Winsock.log of a host, in the order of time. Empty if no records were kept.
pub fn lines(outcome: &Outcome, host: HostId) -> impl Iterator<Item = (Instant, Line)> + '_ {
    outcome
        .records
        .iter()
        .filter_map(move |JournalEntry { at, record }| {
            line_of(record, host).map(|line| (*at, line))
        })
}

/// The lines of one use of a control block: from its last allocation before `until` to the end of
/// the process, or of the run. "The Winsock log will indicate the control block is allocated but
/// never used, disconnected, or closed" (Q303102).
#[must_use]
pub fn life(outcome: &Outcome, host: HostId, id: BlockId, until: Instant) -> Vec<Line> {
    let birth = LogLine::Allocated(id);
    let records = &outcome.records;
    let is_birth = |JournalEntry { at, record }: &JournalEntry<Record>| {
        *at <= until && line_of(record, host).is_some_and(|it| it.line == birth)
    };
    // Instances count from the start of a process, so an earlier process may have had the same one.
    let Some(first) = records.iter().rposition(is_birth) else {
        return Vec::new();
    };
    // A block number means another block after a restart.
    let of_this_process = |entry: &&JournalEntry<Record>| !ends_process(&entry.record, host);
    records[first..]
        .iter()
        .take_while(of_this_process)
        .filter_map(|entry| line_of(&entry.record, host))
        // By index, since lines after the allocation do not name the instance. A block that leaked
        // is not allocated again.
        .filter(|line| block(line.line) == Some(id.index))
        .collect()
}

fn line_of(record: &Record, host: HostId) -> Option<Line> {
    let Record::Mta(writer, thread, mta::Record::Log(line)) = record else {
        return None;
    };
    (*writer == host).then_some(Line {
        thread: *thread,
        line: *line,
    })
}

fn ends_process(record: &Record, host: HostId) -> bool {
    matches!(record, Record::Exception(ended, ..) | Record::ClosedDown(ended) if *ended == host)
}

/// The control block that a line names, if it names one.
#[must_use]
pub const fn block(line: LogLine) -> Option<BlockIndex> {
    match line {
        LogLine::Allocated(BlockId { index: block, .. })
        | LogLine::UseThreadBlock(_, block)
        | LogLine::Message(_, block)
        | LogLine::SocketCreated(_, block)
        | LogLine::ConnectEvents(block, ..)
        | LogLine::Accepted(_, block)
        | LogLine::WaitFor(block, _)
        | LogLine::DataEvents(block, _)
        | LogLine::Notified(_, block, _)
        | LogLine::ReceiveHeader(block, _)
        | LogLine::ReceiveBody(block, _)
        | LogLine::Readable(_, block)
        | LogLine::IssueDisconnect(block)
        | LogLine::CloseSocket(_, block, _) => Some(block),
        // These lines name no block in the real log either: a reader must follow the thread.
        LogLine::HeaderDone(_)
        | LogLine::Received(_)
        | LogLine::EntireTpkt
        | LogLine::NoMoreData => None,
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The wording is that of the excerpts in Q303102, abbreviations included: people search for
        // it.
        write!(out, "({:03}) ", self.thread.0)?;
        match self.line {
            LogLine::Allocated(block) => write!(out, "{block} allocated"),
            LogLine::UseThreadBlock(thread, block) => {
                write!(out, "Use thread cb {thread} for Winsock cb {block}")
            }
            LogLine::Message(kind, block) => {
                write!(out, "Message type {} for cb {block}", kind.number())
            }
            LogLine::SocketCreated(socket, block) => {
                write!(out, "Socket {socket} created on cb {block}")
            }
            LogLine::ConnectEvents(block, socket, event) => {
                write!(
                    out,
                    "Ac/Cl/Cn events for cb {block}, socket {socket}, handle {event}"
                )
            }
            LogLine::Accepted(socket, block) => {
                write!(
                    out,
                    "WSAAccept OK, 0 events on new socket {socket} on cb {block}"
                )
            }
            LogLine::WaitFor(block, event) => write!(out, "Wait for cb {block}, handle {event}"),
            LogLine::DataEvents(block, event) => {
                write!(out, "R/W/Cl events on cb {block}, handle {event}")
            }
            LogLine::Notified(events, block, event) => {
                let bits = events.bits();
                write!(
                    out,
                    "Events {bits} notified for cb {block} using handle {event}"
                )
            }
            LogLine::ReceiveHeader(block, offset) => {
                write!(out, "Receive header for cb {block} at offset {offset}")
            }
            LogLine::HeaderDone(length) => {
                write!(out, "Header done, TPKT data length {length} bytes")
            }
            LogLine::ReceiveBody(block, offset) => {
                write!(out, "WSARecv on cb {block}, offset {offset}")
            }
            LogLine::Received(length) => write!(out, "WSARecv returned {length} bytes"),
            LogLine::EntireTpkt => out.write_str("Entire TPKT received"),
            LogLine::Readable(left, block) => {
                write!(out, "ioctlsocket returned {left}, cb {block}")
            }
            LogLine::NoMoreData => out.write_str("No more data"),
            LogLine::IssueDisconnect(block) => write!(out, "Issue Disconnect for cb {block}"),
            LogLine::CloseSocket(socket, block, event) => {
                // `INVALID_SOCKET` is ~0, which the MTA prints as a signed number.
                let socket = socket.map_or(-1, |socket| i64::from(socket.0));
                let event = event.map_or(0, |event| event.0);
                write!(out, "close socket {socket} on cb {block}, handle {event}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
