//! The words of the protocol: messages, steps, and what steps leave in the records.

/// One use of a control block: "CB 18 (instance 21)". Each block counts its own instances, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u8, pub u32);

#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockState { Free, Allocated, Connecting, Open, Closing, OutOfService }

/// MAIN BASE (001), POP4 UP (007) and TCP/IP DRVR (008).
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thread { Session, Transport, Driver }

/// Messages between the same two threads arrive in order, after any time.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    Opening, Open, Accepted, Called, Receive, Disconnect, CloseIndication, Close, CloseConfirm, Ended,
}

#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Opens(Id), Accepts(Id), RefusesCall(Id), Connects(Id), ConnectFails(Id), Breaks(Id),
    TimesOut(Id), Disconnects(Id), Takes { from: Thread, by: Thread },
}

/// What a step leaves in the records, in part as lines of Winsock.log.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordLine {
    Allocated(Id), Bound(Id), TransportBegun(Id), ConnectEvents(u8), DataEvents(u8), OutOfService(Id),
    IssueDisconnect(u8), CloseDropped(Id), MessageType2(u8), CloseApplied(Id), CloseSocket(u8), Released(Id),
    BadMessage(u8), TransportEnded(Id), AssociationEnded(Id),
}

/// What no build may do.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forbidden { ReleasesFreeBlock, ReleasesOtherInstance, LeavesSocket }
