//! Entries against the articles that quote them.

use kernel::{Duration, Instant};
use mta::{BlockIndex, BlockState, EventEntry, Function, MessageType};
use net::HostId;
use winsock::SocketError;

use super::{Entry, NtForm, Reader, TextForm, entries};
use crate::outcome::{HostView, Outcome};
use crate::plan::{Build, Connector, Host, Link, Offset, Scenario};
use crate::record::{Record, ThreadNumber};
use crate::world::Options;

/// PARIS with this build, and a second host to have a connector to.
pub(super) fn scenario(build: Build) -> Scenario {
    let mut scenario = Scenario::new("t", "w", Duration::from_secs(1));
    for name in ["LYON", "PARIS"] {
        scenario.hosts.insert(name.to_owned(), Host::new(build));
    }
    let link = Link::new("PARIS", "LYON");
    scenario.links.insert("wan".to_owned(), link);
    let connector = Connector::new("PARIS", "LYON");
    scenario.connectors.insert("mail".to_owned(), connector);
    scenario
}

/// A run that knows its threads and has no records.
pub(super) fn outcome_of(scenario: &Scenario) -> Outcome {
    let options = Options {
        keep_records: false,
    };
    crate::run(scenario, 1, options).expect("nothing is to be calibrated")
}

pub(super) fn viewed(outcome: &Outcome) -> &HostView {
    let host = outcome.host_named("PARIS").expect("it is there");
    &outcome.hosts[host.0 as usize]
}

const PARIS: HostId = HostId(1);

/// What PARIS logs when this thread reports this event, so many seconds after the start.
fn logged(build: Build, thread: u16, event: EventEntry, seconds: u64) -> Entry {
    let scenario = scenario(build);
    let outcome = outcome_of(&scenario);
    let at = Instant::ZERO + Duration::from_secs(seconds);
    let record = Record::Mta(PARIS, ThreadNumber(thread), mta::Record::Event(event));
    let mut reader = Reader::new(&scenario, &outcome);
    let mut entries = reader.read(at, &record);
    let (host, entry) = entries.next().expect("an event is an entry");
    assert!(host == PARIS && entries.next().is_none());
    entry
}

fn socket(function: Function, error: u32, block: u32) -> EventEntry {
    let error = SocketError::ALL.iter().find(|it| it.code() == error);
    EventEntry::Sockets(function, error.copied(), BlockIndex(block))
}

const V4: Build = Build::V4_0_993_6;
const V5: Build = Build::V5_5_2653_23;

#[test]
fn the_events_of_q152941_are_verbatim() {
    let said = |thread, event| logged(V4, thread, event, 0).description();
    assert_eq!(
        said(54, socket(Function::Connect, 10060, 12)),
        "A sockets error 10060 on a connect() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 12. [BASE IL TCP/IP DRVR 54 274] (12)"
    );
    assert_eq!(
        said(10, socket(Function::Connect, 10051, 7)),
        "A sockets error 10051 on a connect() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 7. [BASE IL TCP/IP DRVR 10 274] (12)"
    );
    assert_eq!(
        said(54, socket(Function::Send, 10054, 8)),
        "A sockets error 10054 on a send() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 8. [BASE IL TCP/IP DRVR 54 272] (12)"
    );
}

/// 15:36:27 is 7 h 36 min 27 s after the scenario's epoch.
const TIME_OF_Q303102: u64 = 7 * 3_600 + 36 * 60 + 27;

#[test]
fn the_events_of_q303102_are_verbatim() {
    let connect = logged(V5, 8, socket(Function::Connect, 0, 5), TIME_OF_Q303102);
    let close = logged(
        V5,
        8,
        socket(Function::CloseSocket, 10057, 5),
        TIME_OF_Q303102,
    );
    assert_eq!(
        format!("{}\n{}", TextForm(&connect), TextForm(&close)),
        "\
message NMI9215: Internal Operating System Error, severity 14

          (BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm
          connect() call failed on CB 5
            Socket error   0

message NMI9214: Internal Operating System Error, severity 12

          (BASE IL TCP/IP DRVR(8) Proc 259) 06-06-01 03:36:27pm
          closesocket() call failed on CB 5
            Socket error   10057
"
    );
}

#[test]
fn event_viewers_form_is_the_one_articles_quote() {
    let entry = logged(V5, 8, EventEntry::NoFreeBlocks(20), TIME_OF_Q303102);
    assert_eq!(
        NtForm(&entry).to_string(),
        "\
Event ID: 9156
Source: MSExchangeMTA
Type: Warning
Category: Resource
Computer: PARIS
Date: 6/6/2001 3:36:27 PM
Description: A resource limit has been reached while attempting to open an association. There are \
no free control blocks available for network type 1. The configured count is 20. [BASE IL TCP/IP \
DRVR 8 282] (10)
"
    );
}

#[test]
fn each_other_event_has_the_text_of_its_article() {
    let cases = [
        // Q193380.
        (
            V5,
            8,
            socket(Function::Accept, 0, 1),
            "A sockets error 0 on an accept() call was detected. The MTA will attempt to recover the \
          sockets connection. Control block index: 1. [BASE IL TCP/IP DRVR 8 256] (12)",
        ),
        // Q162674.
        (
            V4,
            10,
            socket(Function::Receive, 10054, 1),
            "A sockets error 10054 on a WSARecvEx() call was detected. The MTA will attempt to \
          recover the sockets connection. Control block index: 1. [BASE IL TCP/IP DRVR 10 262] \
          (12)",
        ),
        // Q170006, garbled as it is.
        (
            V4,
            11,
            socket(Function::Select, 10038, 3),
            "A sockets error BASE IL on a select() call was detected. The MTA will attempt to \
          recover the sockets connection. Control block index: 10038. [TCP/IP ASYNC 11 280 %6] \
          (12)",
        ),
        // Q157701, with the message and state that this model can have.
        (
            V4,
            11,
            EventEntry::BadMessage(MessageType::Open, BlockIndex(42), BlockState::Open),
            "A sockets error was detected. Bad message type 1 for socket control block 42 in state \
          4. [BASE IL TCP/IP ASYNC 11 262] (14)",
        ),
        (
            V4,
            10,
            EventEntry::WrongThread {
                owner: 0,
                caller: 1,
            },
            "An unexpected error has occurred which may cause the MTA to terminate. Error: \
          SBPDSCLS:CB TID=0,calling TID=1. [BASE TCP/IP DRVR 10] (16)",
        ),
        // Q155302.
        (
            V4,
            10,
            EventEntry::HeapFreeFailure,
            "An unexpected error has occurred which may cause the MTA to terminate. Error: \
          ExchHeapFree Failure. [BASE TCP/IP DRVR 10] (16)",
        ),
        // Q193380.
        (
            V5,
            8,
            EventEntry::UnknownCaller(0x91f5_c11b),
            "The message transfer gateway that uses the network address 91F5C11B and the transport \
          stack /o=Org/ou=Site/cn=Configuration/cn=Servers/cn=PARIS/cn=TCP (PARIS) could not be \
          found. Check the configuration of the mail gateway. [BASE IL TCP/IP DRVR 8 218] (10)",
        ),
        // Q194589.
        (
            V5,
            1,
            EventEntry::AssociationLimit {
                connector: 0,
                limit: 9,
            },
            "The limit on the number of associations allowed to and from entity \
          /o=Org/ou=Site/cn=Configuration/cn=Connections/cn=mail has been reached. The limit is \
          9. [MTA MAIN BASE 1 43] (14)",
        ),
    ];
    for (build, thread, event, text) in cases {
        assert_eq!(logged(build, thread, event, 0).description(), text);
    }
}

#[test]
fn a_host_writes_the_time_that_its_own_clock_shows() {
    let mut scenario = scenario(V5);
    let behind = Offset {
        nanos: -90_000_000_000,
    };
    scenario
        .hosts
        .get_mut("PARIS")
        .expect("it is there")
        .clock_offset = behind;
    let mut outcome = outcome_of(&scenario);
    let event = EventEntry::NoFreeBlocks(20);
    let record = Record::Mta(PARIS, ThreadNumber(8), mta::Record::Event(event));
    let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    outcome.records = vec![
        (at(0), record.clone()),
        (at(60), Record::ClockSet(PARIS, 3_600_000_000_000)),
        (at(60), record.clone()),
        (at(120), Record::ClockSet(HostId(0), 0)),
        (at(120), Record::ClosedDown(PARIS)),
    ];
    let shown: Vec<String> = entries(&scenario, &outcome, PARIS)
        .iter()
        .map(|(_, entry)| format!("{} {}", entry.id, entry.at))
        .collect();
    assert_eq!(
        shown,
        [
            "9156 06-06-01 07:58:30am",
            "9156 06-06-01 09:01:00am",
            "9299 06-06-01 09:02:00am"
        ]
    );
}
