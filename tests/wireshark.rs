//! Checks captures with tshark: its analysis is compared with the journal of the same run.
//!
//! The tests need tshark; `.ci/run` installs it and runs them.

mod classes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, scenario_file, text};

/// Checksums are verified, and segments out of order are reassembled before the layers above TCP are
/// dissected.
const THOROUGH: [&str; 6] = [
    "-o",
    "tcp.reassemble_out_of_order:TRUE",
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
];

/// One frame as tshark shows it.
#[derive(Debug)]
struct Frame {
    /// Nanoseconds since 1970.
    at: u64,
    stream: String,
    /// Sender and receiver.
    addresses: (String, String),
    interface: String,
    comment: String,
    sequence: u32,
    /// Sequence numbers it takes, SYN and FIN included.
    length: u32,
    is_syn: bool,
    is_reset: bool,
    /// `retransmission`, `out_of_order` or `keep_alive`, if tshark says so.
    marks: BTreeSet<&'static str>,
}

/// A run with its capture and its journal.
struct Run {
    folder: tempfile::TempDir,
    journal: Vec<Json>,
}

impl Run {
    fn of(scenario: &str) -> Self {
        Self::with(scenario, &[])
    }

    fn with(scenario: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (capture, out) = (folder.path().join("all.pcapng"), folder.path().join("out"));
        let (capture, out) = (argument(&capture), argument(&out));
        let arguments = ["run", scenario, "--pcap", capture, "--out", out];
        let output = mtasim(&[&arguments, options].concat());
        code(&output, 0);
        let journal = std::fs::read_to_string(Path::new(out).join("journal.jsonl"));
        let journal = journal.expect("the journal is written");
        let lines = journal.lines();
        let journal = lines.map(|line| serde_json::from_str(line).expect("a line of JSON"));
        Self {
            journal: journal.collect(),
            folder,
        }
    }

    /// Whether a host forwards packets of others: it is an end of two links.
    fn is_forwarded(&self, host: &str) -> bool {
        let interfaces = tshark(&[
            "-r",
            &self.capture(),
            "-T",
            "fields",
            "-e",
            "frame.interface_name",
        ]);
        let ends: BTreeSet<&str> = interfaces.lines().collect();
        let of_host = |it: &&&str| it.split('@').nth(1) == Some(host);
        ends.iter().filter(of_host).count() > 1
    }

    fn capture(&self) -> String {
        argument(&self.folder.path().join("all.pcapng")).to_owned()
    }

    /// The capture of one link alone, without damaged packets, so that a TCP analyser can
    /// follow it.
    fn link(&self, name: &str) -> String {
        let file = self.folder.path().join(format!("{name}.pcapng"));
        let filter = format!(
            "frame.interface_name matches \"^{name}@\" && !(frame.comment contains \"damaged on\")"
        );
        tshark(&["-r", &self.capture(), "-Y", &filter, "-w", argument(&file)]);
        argument(&file).to_owned()
    }

    /// The packets sent according to the journal, with attempt, by time and sender.
    fn sent(&self) -> BTreeMap<(u64, String), Vec<u64>> {
        let mut sent: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        let packets = self.journal.iter().filter(|it| it["kind"] == "packet-sent");
        for packet in packets {
            let flags = packet["flags"].as_u64().unwrap_or_default();
            let takes_numbers = flags & 3 != 0 || packet["bytes"] != 0;
            if takes_numbers && packet["protocol"].is_null() {
                let host = packet["host"].as_str().expect("a host").to_owned();
                let attempt = packet["attempt"].as_u64().expect("an attempt");
                let at = packet["at_ns"].as_u64().expect("a time");
                sent.entry((at, host)).or_default().push(attempt);
            }
        }
        sent
    }
}

fn tshark(arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .args(arguments)
        .output()
        .expect("tshark is installed: apt-get install --no-install-recommends tshark");
    assert!(output.status.success(), "tshark: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn count(capture: &str, filter: &str) -> usize {
    let arguments = [&["-r", capture, "-Y", filter][..], &THOROUGH].concat();
    tshark(&arguments).lines().count()
}

/// `12.5` seconds as nanoseconds, exactly.
fn nanos(seconds: &str) -> u64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part = format!("{part:0<9}");
    whole.parse::<u64>().expect("seconds") * 1_000_000_000 + part.parse::<u64>().expect("nanos")
}

fn frames(capture: &str) -> Vec<Frame> {
    const FIELDS: [&str; 12] = [
        "frame.time_epoch",
        "tcp.stream",
        "ip.src",
        "ip.dst",
        "frame.interface_name",
        "frame.comment",
        "tcp.seq_raw",
        "tcp.len",
        "tcp.flags",
        "tcp.analysis.retransmission",
        "tcp.analysis.out_of_order",
        "tcp.analysis.keep_alive",
    ];
    let mut arguments = vec![
        "-r",
        capture,
        "-Y",
        "tcp && !icmp",
        "-T",
        "fields",
        "-E",
        "separator=|",
    ];
    arguments.extend(THOROUGH);
    arguments.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    let listed = tshark(&arguments);
    let frame = |line: &str| {
        let cells: Vec<&str> = line.split('|').collect();
        let number = |cell: &str| cell.parse::<u32>().expect("a number");
        let flags = u32::from_str_radix(cells[8].trim_start_matches("0x"), 16).expect("flags");
        let marks = ["retransmission", "out_of_order", "keep_alive"];
        let marks = marks.into_iter().zip(&cells[9..]);
        Frame {
            at: nanos(cells[0]),
            stream: cells[1].to_owned(),
            addresses: (cells[2].to_owned(), cells[3].to_owned()),
            interface: cells[4].to_owned(),
            comment: cells[5].to_owned(),
            sequence: number(cells[6]),
            length: number(cells[7]) + (flags & 1) + (flags >> 1 & 1),
            is_syn: flags & 2 != 0,
            is_reset: flags & 4 != 0,
            marks: marks
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(mark, _)| mark)
                .collect(),
        }
    };
    listed.lines().map(frame).collect()
}

/// Which frames carry sequence numbers that their side of the connection had sent before, by the
/// numbers alone.
fn repeated(frames: &[Frame]) -> Vec<bool> {
    let mut ends: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut answer = Vec::new();
    for frame in frames {
        let end = frame.sequence.wrapping_add(frame.length);
        let side = (frame.stream.as_str(), frame.addresses.0.as_str());
        let before = ends.get(&side).copied();
        let is_before = |one: u32, other: u32| (one.wrapping_sub(other) as i32) < 0;
        let is_again = before.is_some_and(|sent| is_before(frame.sequence, sent));
        answer.push(frame.length > 0 && is_again);
        // A reset can have a number of an earlier connection of the same ports.
        if !frame.is_reset && before.is_none_or(|sent| is_before(sent, end)) {
            ends.insert(side, end);
        }
    }
    answer
}

/// Compares tshark's analysis of a link with the numbers, and both with the journal. Returns
/// how many retransmissions the three agree on.
#[expect(clippy::print_stdout, reason = "says what was compared")]
fn agrees(run: &Run, link: &str, epoch: u64) -> usize {
    let frames = frames(&run.link(link));
    assert!(!frames.is_empty(), "{link} carried nothing");
    let repeated = repeated(&frames);
    let mut sent = run.sent();
    let mut agreed = 0;
    let (mut sides, mut misled, mut of_misled) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (frame, is_repeated) in frames.iter().zip(repeated) {
        assert_eq!(
            !frame.marks.is_empty(),
            is_repeated,
            "tshark's marks and the numbers: {frame:?}"
        );
        // tshark begins a stream with a SYN of ports that had a connection. If the other side still answers
        // from the earlier connection, those numbers mislead it about all that follow: the journal decides.
        let side = (&frame.stream, &frame.addresses.0);
        let is_first = sides.insert(side);
        if is_first && (!frame.is_syn || frame.comment.contains("sent again")) {
            misled.insert(side);
        }
        let is_misled = misled.contains(&side);
        of_misled += usize::from(is_misled);
        assert!(
            is_misled || frame.comment.contains("sent again") == is_repeated,
            "our comment and the numbers ({is_repeated}): {frame:?}"
        );
        let end = frame
            .interface
            .split('@')
            .nth(1)
            .expect("link@end")
            .to_owned();
        if frame.length == 0 {
            continue;
        }
        // Forwarded packets were sent elsewhere.
        let Some(attempts) = sent.get_mut(&(frame.at - epoch, end)) else {
            continue;
        };
        // An attempt above the first is the same numbers with the same acknowledgment. A segment
        // retransmitted with a newer one, or segmented anew, counts as a first attempt.
        let numbered = frame.comment.contains("sent again: attempt");
        let place = attempts.iter().position(|it| (*it > 0) == numbered);
        let attempt = attempts.swap_remove(place.expect("the journal has this packet"));
        assert!(
            attempt == 0 || is_repeated || is_misled,
            "the journal repeats {frame:?}"
        );
        agreed += usize::from(attempt > 0 && is_repeated);
    }
    assert!(
        of_misled * 10 < frames.len(),
        "{of_misled} frames of {link}"
    );
    let left: usize = sent.values().flatten().filter(|it| **it > 0).count();
    println!(
        "{link}: {} frames, {agreed} repeated by journal and tshark, {} by tshark with a newer \
         acknowledgment or cut anew, {of_misled} on sides whose stream began with an earlier connection, {left} of the \
         journal on other links or never on one",
        frames.len(),
        frames.iter().filter(|it| !it.marks.is_empty()).count() - agreed,
    );
    agreed
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn ports_that_are_used_again_begin_anew() {
    // In seed 3 a host resets a connection of the ports from which it has just begun another.
    let again: Vec<usize> = ["1", "2", "3", "4", "5"]
        .into_iter()
        .map(|seed| {
            let run = Run::with("sims/casebook/q152941-heap-race.toml", &["--seed", seed]);
            agrees(&run, "wan", EPOCH)
        })
        .collect();
    assert!(again.iter().all(|it| *it > 0), "{again:?}");
}

/// 2001-06-06 08:00:00, when logs begin unless a scenario says otherwise.
const EPOCH: u64 = 991_814_400_000_000_000;

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_clean_capture_is_clean() {
    let run = Run::of("sims/smoke/clean-link.toml");
    let capture = run.capture();
    assert_eq!(count(&capture, "_ws.malformed"), 0);
    assert_eq!(
        count(&capture, "tcp.checksum.status==0 || ip.checksum.status==0"),
        0
    );
    assert_eq!(count(&capture, "frame.comment contains \"dropped\""), 0);
    for layer in [
        "tcp && !icmp",
        "tpkt",
        "cotp.type==0x0e",
        "cotp.type==0x0d",
        "cotp.type==0x0f",
    ] {
        assert!(count(&capture, layer) > 0, "no {layer}");
    }
    agrees(&run, "wan", EPOCH);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn a_bursty_link_loses_what_the_journal_says() {
    let run = Run::of("sims/casebook/q303102-cb-leak.toml");
    let capture = run.capture();
    assert_eq!(count(&capture, "_ws.malformed"), 0);
    assert_eq!(
        count(&capture, "tcp.checksum.status==0 || ip.checksum.status==0"),
        0
    );
    let dropped = run
        .journal
        .iter()
        .filter(|it| it["kind"] == "packet-dropped");
    let dropped = dropped.filter(|it| it["reason"] == "outage").count();
    assert_eq!(
        count(&capture, "frame.comment contains \"dropped: outage\""),
        dropped
    );
    assert!(dropped > 0 && agrees(&run, "wan", EPOCH) > 0);
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
fn only_ordered_corruption_breaks_checksums() {
    let run = Run::of("sims/smoke/bad-links.toml");
    let capture = run.capture();
    let damaged = "frame.comment contains \"damaged on the way\"";
    let broken = "tcp.checksum.status==0 || ip.checksum.status==0";
    assert_eq!(count(&capture, &format!("!({damaged}) && ({broken})")), 0);
    let is = |kind: &'static str| run.journal.iter().filter(move |it| it["kind"] == kind);
    let refused = is("packet-damaged").count();
    assert!(refused > 0, "corruption is ordered");
    assert_eq!(count(&capture, damaged), refused);
    // A flipped bit may make the header's length nonsense; its checksum is not checked then.
    let malformed = "_ws.malformed";
    assert_eq!(count(&capture, &format!("!({damaged}) && {malformed}")), 0);
    let seen = count(
        &capture,
        &format!("{damaged} && ({broken} || tcp.hdr_len < 20)"),
    );
    assert_eq!(seen, refused, "each damaged frame is seen to be");
    let twice = "frame.comment matches \"duplicated: arrives 0.[0-9]{9} s and 0.[0-9]{9} s later\"";
    assert!(count(&capture, twice) > 0, "the link duplicates");
    let agreed = ["paris-lyon", "lyon-nice"].map(|link| agrees(&run, link, EPOCH));
    assert!(agreed[0] > 0, "a lossy link makes TCP repeat itself");
}

/// Large messages over a line that loses nothing: windows close and open, and thousands of segments
/// without a length have the numbers of others.
const WINDOW_UPDATES: &str = r#"
title = "Window updates"
why = "Segments of length zero are not sent again."
duration = "20m"
[host.PARIS]
build = "5.5.2655.16"
[host.LYON]
build = "5.5.2655.16"
[link.wan]
between = ["PARIS", "LYON"]
[connector.c]
from = "PARIS"
to = "LYON"
[workload.m]
connector = "c"
every = "10s"
size = "64 KiB"
"#;

#[test]
#[ignore = "needs tshark and tcpdump, which .ci/run installs"]
fn a_window_update_is_not_sent_again_and_every_reader_reads_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Run::of(&scenario_file(&folder, "updates.toml", WINDOW_UPDATES));
    let capture = run.capture();
    assert!(count(&capture, "tcp.analysis.window_update") > 100);
    assert_eq!(count(&capture, "frame.comment contains \"sent again\""), 0);
    assert_eq!(count(&capture, "tcp.analysis.retransmission"), 0);
    agrees(&run, "wan", EPOCH);
    // tcpdump refuses files whose interfaces have different link types.
    let read = Command::new("tcpdump")
        .args(["-nn", "-r", &capture])
        .output()
        .expect("tcpdump is installed: apt-get install --no-install-recommends tcpdump");
    assert!(read.status.success(), "{}", text(&read.stderr));
    assert_eq!(text(&read.stdout).lines().count(), count(&capture, "frame"));
}
