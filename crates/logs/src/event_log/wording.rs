//! The text of each event.
//!
//! Texts are those of the articles, for 4.0, and for 5.5 and Exchange 2000 where they differ. Texts
//! without a source say so.

use std::net::Ipv4Addr;

use mta::{EventEntry, Generation, SocketFunction, Version};

use super::{Category, Entry, EntryType, Origin, Source, Writer, socket_error_gap};
use simulation::record::ThreadNumber;

/// The parts of an entry that depend on the event.
struct Wording {
    kind: EntryType,
    category: Category,
    severity: u8,
    product: &'static str,
    procedure: Option<u32>,
    text: String,
    /// The lines in EV0.LOG; `None` for the description.
    short: Option<Vec<String>>,
}

/// The entry for an event that a thread of the MTA logs.
pub(super) fn entry(writer: &Writer<'_>, thread: ThreadNumber, event: &EventEntry) -> Entry {
    let wording = wording(writer, event);
    let calls_select = matches!(event, EventEntry::Sockets(SocketFunction::Select, ..));
    let mut entry = Entry {
        at: writer.clock,
        computer: writer.view.name.clone(),
        source: Source::Mta,
        id: event.id(),
        kind: wording.kind,
        category: wording.category,
        severity: wording.severity,
        origin: Some(Origin {
            product: wording.product,
            thread: writer.thread(thread, calls_select).to_owned(),
            number: thread.0,
            procedure: wording.procedure,
        }),
        short: wording.short.unwrap_or_else(|| vec![wording.text.clone()]),
        text: wording.text,
    };
    if let EventEntry::Sockets(SocketFunction::Select, error, _) = event {
        shift_insertions(&mut entry, error.map_or(0, winsock::SocketError::code));
    }
    entry
}

fn wording(writer: &Writer<'_>, event: &EventEntry) -> Wording {
    match event {
        EventEntry::Sockets(function, error, block) => {
            let code = error.map_or(0, winsock::SocketError::code);
            sockets(*function, code, block.0, writer.view.generation)
        }
        EventEntry::NoFreeBlocks(count) => Wording {
            // Q230497, Q166602, Q229643.
            text: format!(
                "A resource limit has been reached while attempting to open an association. There \
                 are no free control blocks available for network type 1. The configured count is \
                 {count}."
            ),
            ..warning(Category::Resource, 10, 282)
        },
        EventEntry::BadMessage(message, block, state) => {
            let (message, state) = (message.number(), state.word());
            Wording {
                // Q157701; the form of EV0.LOG is that of Q151626.
                text: format!(
                    "A sockets error was detected. Bad message type {message} for socket control \
                     block {block} in state {state}."
                ),
                short: Some(vec![format!(
                    "Bad message type {message} for socket CB {block} in state {state}"
                )]),
                ..warning(Category::InternalProcessing, 14, 262)
            }
        }
        EventEntry::UnknownCaller(address) => unknown_caller(&writer.view.name, *address),
        EventEntry::WrongThread { owner, caller } => {
            unexpected_error(&format!("SBPDSCLS:CB TID={owner},calling TID={caller}."))
        }
        EventEntry::HeapFreeFailure => unexpected_error("ExchHeapFree Failure."),
        EventEntry::StartupComplete(version) => {
            service(&format!("{SERVICE} startup complete"), *version, 14)
        }
        EventEntry::ClosedownComplete(version) => {
            service("Service closedown complete", *version, 16)
        }
        EventEntry::AssociationLimit { connector, limit } => {
            let name = distinguished_name(writer, *connector);
            Wording {
                // Q194589.
                text: format!(
                    "The limit on the number of associations allowed to and from entity {name} \
                     has been reached. The limit is {limit}."
                ),
                product: "MTA",
                ..warning(Category::X400Service, 14, 43)
            }
        }
        EventEntry::NotOpened { connector } => Wording {
            // Q196381, there on thread XFER-IN.
            text: format!(
                "A connection to {} could not be opened.",
                distinguished_name(writer, *connector)
            ),
            product: "MTA",
            ..warning(Category::X400Service, 12, 26)
        },
        EventEntry::EndedAbnormally { connector } => Wording {
            // Q157630, with the numbers that precede the product there.
            text: format!(
                "An association with entity {} ended abnormally.",
                distinguished_name(writer, *connector)
            ),
            product: "198 1 0 1 PLATFORM",
            ..warning(Category::X400Service, 10, 130)
        },
        EventEntry::NonDelivery { connector, message } => {
            let (host, name) = (&writer.view.name, distinguished_name(writer, *connector));
            Wording {
                // Q230497 and Q254818, there on thread DISP:RESULT. A message here is known by
                // its number alone and has one recipient, whom the connector represents.
                text: format!(
                    "A non-delivery report (reason code transfer-failure and diagnostic code \
                     MTS-congestion) is being generated for message C=US;A= ;P=Org;\
                     L={host}-{message}. It was originally destined for DN:{name} (recipient \
                     number 1), and was to be redirected to DN:{name}."
                ),
                product: "MTA",
                ..warning(Category::X400Service, 12, 136)
            }
        }
    }
}

fn warning(category: Category, severity: u8, procedure: u32) -> Wording {
    Wording {
        kind: EntryType::Warning,
        category,
        severity,
        product: "BASE IL",
        procedure: Some(procedure),
        text: String::new(),
        short: None,
    }
}

/// 9202, 9214, 9215, 9221, 9224 and 9234. Procedures: accept 256, closesocket 259, connect 274
/// (262 with severity 14 where a network event says so, Q303102), receive 262, send 272, select
/// 280. Only the short form of 9214 is quoted anywhere (Q303102); the long one goes by analogy.
fn sockets(function: SocketFunction, code: u32, block: u32, generation: Generation) -> Wording {
    let (name, article, procedure) = match function {
        SocketFunction::Accept => ("accept", "an", 256),
        SocketFunction::CloseSocket => ("closesocket", "a", 259),
        SocketFunction::Connect => ("connect", "a", 274),
        // 4.0 has one procedure for both (Q152941); 5.5 handles the event elsewhere (Q303102).
        SocketFunction::ConnectEvent => ("connect", "a", 274),
        SocketFunction::Receive => ("WSARecvEx", "a", 262),
        SocketFunction::Send => ("send", "a", 272),
        SocketFunction::Select => ("select", "a", 280),
    };
    let (severity, procedure) = match (function, generation) {
        (SocketFunction::ConnectEvent, Generation::Single) => (14, 262),
        _ => (12, procedure),
    };
    let gap = socket_error_gap(generation);
    Wording {
        text: format!(
            "A sockets error {code} on {article} {name}() call was detected. The MTA will attempt \
             to recover the sockets connection. Control block index: {block}."
        ),
        short: Some(vec![
            format!("{name}() call failed on CB {block}"),
            format!("Socket error{gap}{code}"),
        ]),
        ..warning(Category::OperatingSystem, severity, procedure)
    }
}

/// The MTA logs 9234 without the index of a block, so each insertion string moves up by one, and
/// the last placeholder stays (Q170006).
fn shift_insertions(entry: &mut Entry, code: u32) {
    let origin = entry.origin.take().expect("the MTA's entries have one");
    let Origin {
        product,
        thread,
        number,
        procedure,
    } = &origin;
    entry.text = format!(
        "A sockets error {product} on a select() call was detected. The MTA will attempt to \
         recover the sockets connection. Control block index: {code}. [{thread} {number} {} %6] \
         ({})",
        procedure.expect("select has its own"),
        entry.severity
    );
    entry.short[0] = "select() call failed".to_owned();
}

/// 9301 (Q193380, Q189345): the address in hexadecimal, and the transport stack.
fn unknown_caller(host: &str, address: u32) -> Wording {
    let octets = Ipv4Addr::from(address).octets();
    let address: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    Wording {
        kind: EntryType::Information,
        text: format!(
            "The message transfer gateway that uses the network address {address} and the \
             transport stack {SERVERS}/cn={host}/cn=TCP ({host}) could not be found. Check the \
             configuration of the mail gateway."
        ),
        ..warning(Category::Configuration, 10, 218)
    }
}

/// 9405: its frame around what is wrong. It names no procedure.
pub(super) fn unexpected_text(error: &str) -> String {
    format!("An unexpected error has occurred which may cause the MTA to terminate. Error: {error}")
}

fn unexpected_error(error: &str) -> Wording {
    Wording {
        kind: EntryType::Error,
        product: "BASE",
        procedure: None,
        text: unexpected_text(error),
        ..warning(Category::FieldEngineering, 16, 0)
    }
}

/// 9298 and 9299 (Q174695). 4.0 calls itself "version 4" (Q146397).
fn service(complete: &str, version: Version, severity: u8) -> Wording {
    let Version {
        major,
        minor,
        build,
        revision,
    } = version;
    let product = match (major, minor) {
        (4, 0) => major.to_string(),
        _ => format!("{major}.{minor}"),
    };
    Wording {
        kind: EntryType::Information,
        text: format!("{complete}, version {product} (build {build}.{revision})."),
        ..warning(Category::X400Service, severity, 490)
    }
}

const SERVICE: &str = "Microsoft Exchange Server MTA Service";
const SERVERS: &str = "/o=Org/ou=Site/cn=Configuration/cn=Servers";
const CONNECTIONS: &str = "/o=Org/ou=Site/cn=Configuration/cn=Connections";

/// The directory's name of a connector.
fn distinguished_name(writer: &Writer<'_>, connector: u32) -> String {
    let name = &writer.view.connectors[connector as usize];
    format!("{CONNECTIONS}/cn={name}")
}
