//! Transfers between two namespaces of the running kernel, through a pair of TUN devices and a relay.
//!
//! - `namespaces`: the two namespaces, their devices and their settings
//! - `relay`: carries packets from one device to the other as the network model says

mod namespaces;
mod relay;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{LinkCase, WATCHED};
use crate::summary::{TransferEnd, TransferSummary};
use namespaces::{ADDRESSES, Namespaces};
use relay::{EndReport, Relay, Relayed};

pub use namespaces::Settings;

/// A transfer that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The link and the octets.
    pub case: LinkCase,
    /// Selects the random choices of the link.
    pub seed: u64,
}

/// The port of the first transfer's server; the others follow.
const FIRST_PORT: u16 = 10_000;
/// The time between the beginnings of two transfers: each must find the relay idle enough.
const APART: Duration = Duration::from_millis(100);
const CHUNK: usize = 16 * 1024;

/// Why transfers are not possible here; `None` if they are.
#[must_use]
pub fn missing() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("it needs root, for network namespaces".into());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("there is no /dev/net/tun".into());
    }
    let has_ip = Command::new("ip").arg("-V").output();
    has_ip
        .err()
        .map(|error| format!("the command ip (iproute2) cannot be run: {error}"))
}

/// Makes all transfers, many at a time. It takes [`WATCHED`] and a tenth of a second for each, or less if all have ended
/// before.
///
/// # Errors
/// If a namespace, a device or a socket cannot be made.
pub fn transfers(settings: Settings, wanted: &[Wanted]) -> io::Result<Vec<TransferSummary>> {
    nix::sys::resource::setrlimit(
        nix::sys::resource::Resource::RLIMIT_NOFILE,
        DESCRIPTORS,
        DESCRIPTORS,
    )?;
    let namespaces = Namespaces::new(settings)?;
    let count = u16::try_from(wanted.len()).map_err(io::Error::other)?;
    namespaces.run_in(1, move || serve(count))??;
    let relay = Relay::new(namespaces.devices(), FIRST_PORT, wanted);
    let (report, ends) = mpsc::channel();
    for index in 0..count {
        let report = report.clone();
        let wait = APART * u32::from(index);
        let octets = wanted[usize::from(index)].case.octets();
        namespaces.start_in(0, move || {
            thread::sleep(wait);
            let ended = call(FIRST_PORT + index, octets);
            // Nobody listens once the time is over.
            let ended = EndReport {
                transfer: usize::from(index),
                is_finished: ended.is_ok(),
                at: Instant::now(),
            };
            report.send(ended).unwrap_or(());
        })?;
    }
    drop(report);
    let watched = Duration::from_nanos(WATCHED.nanos());
    let until = Instant::now() + APART * u32::from(count) + watched;
    let (relayed, ends) = relay.run(until, &ends);
    Ok(summaries(&relayed, &ends, wanted))
}

/// Descriptors of a process: each transfer has two sockets and a listener.
const DESCRIPTORS: u64 = 16_384;

fn summaries(relayed: &[Relayed], ends: &[EndReport], wanted: &[Wanted]) -> Vec<TransferSummary> {
    let one = |(index, (it, wanted)): (usize, (&Relayed, &Wanted))| {
        let end = ends.iter().find(|end| end.transfer == index);
        let end = match (end, it.begun) {
            (Some(end), _) if end.is_finished => TransferEnd::Finished,
            (Some(end), Some(begun)) => {
                TransferEnd::Aborted(relay::duration(end.at.saturating_duration_since(begun)))
            }
            (Some(_), None) | (None, _) => TransferEnd::Unfinished,
        };
        TransferSummary::of(&it.sent, wanted.case.octets(), end)
    };
    relayed.iter().zip(wanted).enumerate().map(one).collect()
}

/// Listens on all ports, and serves each in a thread of its own: it reads to the end and closes.
fn serve(count: u16) -> io::Result<()> {
    for index in 0..count {
        let listener = TcpListener::bind((ADDRESSES[1], FIRST_PORT + index))?;
        thread::Builder::new().stack_size(STACK).spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            let mut buffer = vec![0; CHUNK];
            while stream.read(&mut buffer).is_ok_and(|octets| octets > 0) {}
        })?;
    }
    Ok(())
}

const STACK: usize = 128 * 1024;

/// The client: it sends all octets, shuts down and reads to the end.
fn call(port: u16, octets: u32) -> io::Result<()> {
    let mut stream = TcpStream::connect((ADDRESSES[1], port))?;
    stream.write_all(&vec![0; octets as usize])?;
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}
