//! Compares entries with the articles that quote them.

use kernel::{Duration, Instant, JournalEntry};
use mta::{BlockIndex, BlockState, EventEntry, MessageType, SocketFunction};
use net::HostId;
use winsock::SocketError;

use super::{Entry, EventLogBuilder, NtForm, TextForm, entries};
use config::plan::{Build, Connector, Host, Link, Offset, Scenario};
use simulation::Options;
use simulation::outcome::{HostView, Outcome};
use simulation::record::{Record, ThreadNumber};

/// PARIS with this build, and a second host for a connector.
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

/// A run without records; its hosts know their threads.
pub(super) fn outcome_of(scenario: &Scenario) -> Outcome {
    let options = Options {
        keep_records: false,
    };
    simulation::run(scenario, 1, options).expect("nothing is to be calibrated")
}

pub(super) fn viewed(outcome: &Outcome) -> &HostView {
    let host = outcome.host_named("PARIS").expect("it is there");
    &outcome.hosts[host.0 as usize]
}

const PARIS: HostId = HostId(1);

/// The entry of PARIS when this thread reports this event, `seconds` after the start.
fn logged(build: Build, thread: u16, event: EventEntry, seconds: u64) -> Entry {
    let scenario = scenario(build);
    let outcome = outcome_of(&scenario);
    let at = Instant::ZERO + Duration::from_secs(seconds);
    let record = Record::Mta(PARIS, ThreadNumber(thread), mta::Record::Event(event));
    let mut builder = EventLogBuilder::new(&scenario, &outcome);
    let mut entries = builder.entries_of(at, &record);
    let (host, entry) = entries.next().expect("an event is an entry");
    assert!(host == PARIS && entries.next().is_none());
    entry
}

fn socket(function: SocketFunction, error: u32, block: u32) -> EventEntry {
    let error = SocketError::ALL.iter().find(|it| it.code() == error);
    EventEntry::Sockets(function, error.copied(), BlockIndex(block))
}

const V4: Build = Build::V4_0_993_6;
const V5: Build = Build::V5_5_2653_23;

#[test]
fn the_events_of_q152941_are_verbatim() {
    let said = |thread, event| logged(V4, thread, event, 0).description();
    assert_eq!(
        said(54, socket(SocketFunction::Connect, 10060, 12)),
        "A sockets error 10060 on a connect() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 12. [BASE IL TCP/IP DRVR 54 274] (12)"
    );
    assert_eq!(
        said(10, socket(SocketFunction::Connect, 10051, 7)),
        "A sockets error 10051 on a connect() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 7. [BASE IL TCP/IP DRVR 10 274] (12)"
    );
    assert_eq!(
        said(54, socket(SocketFunction::Send, 10054, 8)),
        "A sockets error 10054 on a send() call was detected. The MTA will attempt to recover \
         the sockets connection. Control block index: 8. [BASE IL TCP/IP DRVR 54 272] (12)"
    );
}

/// 15:36:27 is 7 h 36 min 27 s after the scenario's epoch.
const TIME_OF_Q303102: u64 = 7 * 3_600 + 36 * 60 + 27;

#[test]
fn the_events_of_q303102_are_verbatim() {
    let connect = logged(
        V5,
        8,
        socket(SocketFunction::ConnectEvent, 0, 5),
        TIME_OF_Q303102,
    );
    let close = logged(
        V5,
        8,
        socket(SocketFunction::CloseSocket, 10057, 5),
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
fn the_form_of_event_viewer_is_that_of_the_articles() {
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
            socket(SocketFunction::Accept, 0, 1),
            "A sockets error 0 on an accept() call was detected. The MTA will attempt to recover the \
          sockets connection. Control block index: 1. [BASE IL TCP/IP DRVR 8 256] (12)",
        ),
        // Q162674.
        (
            V4,
            10,
            socket(SocketFunction::Receive, 10054, 1),
            "A sockets error 10054 on a WSARecvEx() call was detected. The MTA will attempt to \
          recover the sockets connection. Control block index: 1. [BASE IL TCP/IP DRVR 10 262] \
          (12)",
        ),
        // Q170006, garbled as it is.
        (
            V4,
            11,
            socket(SocketFunction::Select, 10038, 3),
            "A sockets error BASE IL on a select() call was detected. The MTA will attempt to \
          recover the sockets connection. Control block index: 10038. [TCP/IP ASYNC 11 280 %6] \
          (12)",
        ),
        // Q157701.
        (
            V4,
            11,
            EventEntry::BadMessage(MessageType::Open, BlockIndex(42), BlockState::Open),
            "A sockets error was detected. Bad message type 1 for socket control block 42 in state \
          4. [BASE IL TCP/IP DRVR 11 262] (14)",
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
        // Q230497 and Q254818.
        (
            V5,
            1,
            EventEntry::NonDelivery {
                connector: 0,
                message: 7,
            },
            "A non-delivery report (reason code transfer-failure and diagnostic code \
          MTS-congestion) is being generated for message C=US;A= ;P=Org;L=PARIS-7. It was \
          originally destined for DN:/o=Org/ou=Site/cn=Configuration/cn=Connections/cn=mail \
          (recipient number 1), and was to be redirected to \
          DN:/o=Org/ou=Site/cn=Configuration/cn=Connections/cn=mail. [MTA MAIN BASE 1 136] (12)",
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

/// Every event of the socket layer that this model logs, in both forms. 4097 is missing: Dr. Watson
/// does not write into EV0.LOG.
#[test]
fn every_event_of_the_socket_layer_has_both_forms() {
    let operating = (
        "Warning",
        "Operating System",
        "Internal Operating System Error",
    );
    let internal = (
        "Warning",
        "Internal Processing",
        "Internal Processing Error",
    );
    let service = ("Information", "X.400 Service", "X.400 Service Event");
    let resource = ("Warning", "Resource", "Resource Event");
    let unexpected = ("Error", "Field Engineering", "Field Engineering Event");
    let sockets = |code, call: &str, block| {
        format!(
            "A sockets error {code} on {call}() call was detected. The MTA will attempt to recover \
             the sockets connection. Control block index: {block}."
        )
    };
    let full = "A resource limit has been reached while attempting to open an association. There \
                are no free control blocks available for network type 1. The configured count is \
                20.";
    let wrong = "An unexpected error has occurred which may cause the MTA to terminate. Error: \
                 SBPDSCLS:CB TID=0,calling TID=1.";
    let up = EventEntry::StartupComplete(V5_VERSION);
    let down = EventEntry::ClosedownComplete(V5_VERSION);
    let old = EventEntry::StartupComplete(V4_VERSION);
    let bad = EventEntry::BadMessage(MessageType::Open, BlockIndex(1), BlockState::Connecting);
    let torn = EventEntry::WrongThread {
        owner: 0,
        caller: 1,
    };
    let started = "Microsoft Exchange Server MTA Service startup complete, version";
    let cases = [
        Case { id: 9156, from: (V5, 1), event: EventEntry::NoFreeBlocks(20), words: resource, text: full.to_owned(), tail: ("BASE IL MAIN BASE 1 282", 10), short: &[] },
        Case { id: 9202, from: (V5, 8), event: socket(SocketFunction::Accept, 0, 203), words: operating, text: sockets(0, "an accept", 203), tail: ("BASE IL TCP/IP DRVR 8 256", 12), short: &["accept() call failed on CB 203", "Socket error   0"] },
        Case { id: 9214, from: (V5, 8), event: socket(SocketFunction::CloseSocket, 10057, 5), words: operating, text: sockets(10057, "a closesocket", 5), tail: ("BASE IL TCP/IP DRVR 8 259", 12), short: &["closesocket() call failed on CB 5", "Socket error   10057"] },
        Case { id: 9215, from: (V5, 8), event: socket(SocketFunction::ConnectEvent, 0, 5), words: operating, text: sockets(0, "a connect", 5), tail: ("BASE IL TCP/IP DRVR 8 262", 14), short: &["connect() call failed on CB 5", "Socket error   0"] },
        Case { id: 9215, from: (V5, 8), event: socket(SocketFunction::Connect, 10061, 6), words: operating, text: sockets(10061, "a connect", 6), tail: ("BASE IL TCP/IP DRVR 8 274", 12), short: &["connect() call failed on CB 6", "Socket error   10061"] },
        Case { id: 9215, from: (V4, 54), event: socket(SocketFunction::ConnectEvent, 10060, 12), words: operating, text: sockets(10060, "a connect", 12), tail: ("BASE IL TCP/IP DRVR 54 274", 12), short: &["connect() call failed on CB 12", "Socket error 10060"] },
        Case { id: 9221, from: (V4, 10), event: socket(SocketFunction::Receive, 10054, 1), words: operating, text: sockets(10054, "a WSARecvEx", 1), tail: ("BASE IL TCP/IP DRVR 10 262", 12), short: &["WSARecvEx() call failed on CB 1", "Socket error 10054"] },
        Case { id: 9224, from: (V4, 54), event: socket(SocketFunction::Send, 10053, 22), words: operating, text: sockets(10053, "a send", 22), tail: ("BASE IL TCP/IP DRVR 54 272", 12), short: &["send() call failed on CB 22", "Socket error 10053"] },
        Case { id: 9225, from: (V4, 54), event: bad, words: internal, text: "A sockets error was detected. Bad message type 1 for socket control block 1 in state 2.".to_owned(), tail: ("BASE IL TCP/IP DRVR 54 262", 14), short: &["Bad message type 1 for socket CB 1 in state 2"] },
        Case { id: 9405, from: (V4, 10), event: torn, words: unexpected, text: wrong.to_owned(), tail: ("BASE TCP/IP DRVR 10", 16), short: &[] },
        Case { id: 9298, from: (V5, 1), event: up, words: service, text: format!("{started} 5.5 (build 2653.23)."), tail: ("BASE IL MAIN BASE 1 490", 14), short: &[] },
        Case { id: 9298, from: (V4, 1), event: old, words: service, text: format!("{started} 4 (build 993.6)."), tail: ("BASE IL MAIN BASE 1 490", 14), short: &[] },
        Case { id: 9299, from: (V5, 1), event: down, words: service, text: "Service closedown complete, version 5.5 (build 2653.23).".to_owned(), tail: ("BASE IL MAIN BASE 1 490", 16), short: &[] },
    ];
    for case in cases {
        let Case {
            id,
            from: (build, thread),
            event,
            words: (kind, category, phrase),
            text,
            tail: (brackets, severity),
            short,
        } = case;
        let entry = logged(build, thread, event, TIME_OF_Q303102);
        assert_eq!(
            NtForm(&entry).to_string(),
            format!(
                "Event ID: {id}\nSource: MSExchangeMTA\nType: {kind}\nCategory: {category}\n\
                 Computer: PARIS\nDate: 6/6/2001 3:36:27 PM\n\
                 Description: {text} [{brackets}] ({severity})\n"
            )
        );
        let number = format!(" {thread}");
        let origin = match brackets.rsplit_once(' ') {
            Some((rest, procedure)) if rest.ends_with(&number) => {
                format!(
                    "{}({thread}) Proc {procedure}",
                    &rest[..rest.len() - number.len()]
                )
            }
            _ => format!("{}({thread})", &brackets[..brackets.len() - number.len()]),
        };
        let mut expected = format!(
            "message NMI{id}: {phrase}, severity {severity}\n\n          ({origin}) 06-06-01 \
             03:36:27pm\n"
        );
        let lines = if short.is_empty() {
            vec![text.as_str()]
        } else {
            short.to_vec()
        };
        for (line, indent) in lines.into_iter().zip(["          ", "            "]) {
            expected.push_str(&format!("{indent}{line}\n"));
        }
        assert_eq!(TextForm(&entry).to_string(), expected);
    }
}

/// One event in both forms.
struct Case<'a> {
    id: u32,
    /// The build, and the thread that reports it.
    from: (Build, u16),
    event: EventEntry,
    words: Words,
    text: String,
    /// The text in the brackets, and the severity.
    tail: (&'a str, u8),
    /// What EV0.LOG says; nothing if it says the same.
    short: &'a [&'a str],
}

/// Type and category in Event Viewer, and the phrase in EV0.LOG.
type Words = (&'static str, &'static str, &'static str);

const V4_VERSION: mta::Version = mta::Version::new(4, 0, 993, 6);
const V5_VERSION: mta::Version = mta::Version::new(5, 5, 2653, 23);

#[test]
fn an_entry_has_the_time_of_its_hosts_clock() {
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
    let entry = |seconds, record| JournalEntry {
        at: Instant::ZERO + Duration::from_secs(seconds),
        record,
    };
    outcome.records = vec![
        entry(0, record.clone()),
        entry(60, Record::ClockSet(PARIS, 3_600_000_000_000)),
        entry(60, record.clone()),
        entry(120, Record::ClockSet(HostId(0), 0)),
        entry(120, Record::ClosedDown(PARIS)),
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
