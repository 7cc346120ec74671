//! Compares the lines with Q303102.

use mta::{BlockId, BlockIndex, Instance, LogLine, MessageType};
use winsock::{EventHandle, NetworkEvents, SocketHandle};

use super::Line;
use simulation::record::ThreadNumber;

/// Every form of line, with the numbers of the article.
#[test]
fn every_form_of_line_is_verbatim() {
    let (two, eighteen) = (BlockIndex(2), BlockIndex(18));
    let (socket, event) = (SocketHandle(11_340), EventHandle(10_848));
    let notified = NetworkEvents::READ.union(NetworkEvents::WRITE);
    let cases = [
        (
            1,
            LogLine::Allocated(BlockId::new(eighteen, Instance(21))),
            "(001) CB 18 (instance 21) allocated",
        ),
        (
            1,
            LogLine::UseThreadBlock(0, eighteen),
            "(001) Use thread cb 0 for Winsock cb 18",
        ),
        (
            1,
            LogLine::Message(MessageType::Open, eighteen),
            "(001) Message type 1 for cb 18",
        ),
        (
            8,
            LogLine::SocketCreated(SocketHandle(13_020), eighteen),
            "(008) Socket 13020 created on cb 18",
        ),
        (
            8,
            LogLine::ConnectEvents(eighteen, SocketHandle(13_020), EventHandle(12_636)),
            "(008) Ac/Cl/Cn events for cb 18, socket 13020, handle 12636",
        ),
        (
            8,
            LogLine::Accepted(socket, two),
            "(008) WSAAccept OK, 0 events on new socket 11340 on cb 2",
        ),
        (
            8,
            LogLine::WaitFor(two, event),
            "(008) Wait for cb 2, handle 10848",
        ),
        (
            1,
            LogLine::Message(MessageType::Receive, two),
            "(001) Message type 243 for cb 2",
        ),
        (
            8,
            LogLine::DataEvents(two, event),
            "(008) R/W/Cl events on cb 2, handle 10848",
        ),
        (
            8,
            LogLine::Notified(notified, two, event),
            "(008) Events 3 notified for cb 2 using handle 10848",
        ),
        (
            8,
            LogLine::ReceiveHeader(two, 0),
            "(008) Receive header for cb 2 at offset 0",
        ),
        (
            8,
            LogLine::HeaderDone(14),
            "(008) Header done, TPKT data length 14 bytes",
        ),
        (
            8,
            LogLine::ReceiveBody(two, 24),
            "(008) WSARecv on cb 2, offset 24",
        ),
        (8, LogLine::Received(14), "(008) WSARecv returned 14 bytes"),
        (8, LogLine::EntireTpkt, "(008) Entire TPKT received"),
        (
            8,
            LogLine::Readable(0, two),
            "(008) ioctlsocket returned 0, cb 2",
        ),
        (8, LogLine::NoMoreData, "(008) No more data"),
        (
            8,
            LogLine::IssueDisconnect(two),
            "(008) Issue Disconnect for cb 2",
        ),
        (
            8,
            LogLine::CloseSocket(Some(socket), two, Some(event)),
            "(008) close socket 11340 on cb 2, handle 10848",
        ),
        (
            7,
            LogLine::Message(MessageType::Close, two),
            "(007) Message type 2 for cb 2",
        ),
        (
            8,
            LogLine::CloseSocket(None, two, None),
            "(008) close socket -1 on cb 2, handle 0",
        ),
    ];
    for (thread, line, text) in cases {
        let thread = ThreadNumber(thread);
        assert_eq!(Line { thread, line }.to_string(), text);
    }
}
