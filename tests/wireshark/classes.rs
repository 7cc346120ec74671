//! tshark's analysis of every frame, compared with the numbers of the frames alone and with the journal.
//!
//! What tshark says of a frame follows from the frames before it. This file works the same out from the
//! rules in Wireshark's manual (section 7.5, "TCP Analysis"), and knows the two cases in which tshark goes
//! by more or by less than the numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::{EPOCH, Run, THOROUGH, WINDOW_UPDATES, nanos, tshark};
use crate::program::scenario_file;

/// What tshark can say of a frame beside that it is sent again, which `agrees` compares.
const CLASSES: [&str; 10] = [
    "keep_alive_ack",
    "zero_window",
    "window_full",
    "window_update",
    "zero_window_probe",
    "zero_window_probe_ack",
    "duplicate_ack",
    "lost_segment",
    "ack_lost_segment",
    "reused_ports",
];

const FIN: u32 = 1;
const SYN: u32 = 2;
const RST: u32 = 4;
const ACK: u32 = 16;

/// A frame, and what tshark says of it.
#[derive(Debug)]
struct Frame {
    number: String,
    at: u64,
    stream: String,
    sender: (String, String),
    receiver: (String, String),
    sequence: u32,
    acknowledgment: u32,
    text: u32,
    window: u32,
    flags: u32,
    host: String,
    classes: BTreeSet<&'static str>,
}

/// One side of a connection so far.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    end: Option<u32>,
    acknowledgment: Option<u32>,
    window: u32,
    /// How far it had sent before it sent old and new text in one segment.
    cut_anew: Option<u32>,
}

fn frames(capture: &str) -> Vec<Frame> {
    const FIELDS: [&str; 13] = [
        "frame.number",
        "frame.time_epoch",
        "tcp.stream",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.len",
        "tcp.window_size",
        "tcp.flags",
        "frame.interface_name",
    ];
    let mut arguments = vec!["-r", capture, "-Y", "tcp && !icmp", "-T", "fields"];
    arguments.extend(["-E", "separator=|"]);
    arguments.extend(THOROUGH);
    let analysis: Vec<String> = CLASSES
        .iter()
        .map(|it| format!("tcp.analysis.{it}"))
        .collect();
    let fields = FIELDS
        .into_iter()
        .chain(analysis.iter().map(String::as_str));
    arguments.extend(fields.flat_map(|field| ["-e", field]));
    let listed = tshark(&arguments);
    let frame = |line: &str| {
        let cells: Vec<&str> = line.split('|').collect();
        let number = |at: usize| cells[at].parse::<u32>().expect("a number");
        let flags = cells[11].trim_start_matches("0x");
        let said = CLASSES.iter().zip(&cells[FIELDS.len()..]);
        Frame {
            number: cells[0].to_owned(),
            at: nanos(cells[1]),
            stream: cells[2].to_owned(),
            sender: (cells[3].to_owned(), cells[4].to_owned()),
            receiver: (cells[5].to_owned(), cells[6].to_owned()),
            sequence: number(7),
            acknowledgment: number(8),
            text: number(9),
            window: number(10),
            flags: u32::from_str_radix(flags, 16).expect("flags"),
            host: cells[12].split('@').nth(1).expect("link@host").to_owned(),
            classes: said
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(class, _)| *class)
                .collect(),
        }
    };
    listed.lines().map(frame).collect()
}

const fn is_before(one: u32, other: u32) -> bool {
    (one.wrapping_sub(other) as i32) < 0
}

/// What the numbers say of a frame.
fn classes_of(frame: &Frame, side: Side, other: Side) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let size = frame.text + (frame.flags & FIN) + (frame.flags >> 1 & 1);
    let end = frame.sequence.wrapping_add(size);
    let is_plain = frame.flags & (SYN | FIN | RST) == 0;
    let repeats = side.acknowledgment == Some(frame.acknowledgment) && side.end == Some(end);
    if is_plain && size == 0 && repeats {
        found.insert(match side.window == frame.window {
            true => "duplicate_ack",
            false => "window_update",
        });
    }
    if is_plain && frame.window == 0 {
        found.insert("zero_window");
    }
    let limit = other.acknowledgment.map(|it| it.wrapping_add(other.window));
    if is_plain && frame.text > 0 && limit == Some(end) {
        found.insert("window_full");
    }
    let is_ahead = side.end.is_some_and(|it| is_before(it, frame.sequence));
    if is_ahead && frame.flags & (SYN | RST) == 0 {
        found.insert("lost_segment");
    }
    let is_beyond = |it: u32| is_before(it, frame.acknowledgment);
    if frame.flags & ACK != 0 && other.end.is_some_and(is_beyond) {
        found.insert("ack_lost_segment");
    }
    found
}

/// What tshark says of a frame although the numbers do not, and why.
fn explanation(class: &str, frame: &Frame, other: Side, used: bool) -> Option<&'static str> {
    match class {
        // tshark looks at the ports of earlier connections, too.
        "reused_ports" if frame.flags & SYN != 0 && used => {
            Some("the ports had a connection before")
        }
        // Of a segment that carries old and new text, tshark takes the whole as sent again. From there on it
        // does not expect that newer text is acknowledged, until it is.
        "ack_lost_segment"
            if other
                .cut_anew
                .is_some_and(|it| is_before(it, frame.acknowledgment)) =>
        {
            Some("it acknowledges text that was sent with text that was sent again")
        }
        _ => None,
    }
}

/// Compares a link's capture; how often each class was said, and each explanation given.
fn compare(run: &Run, link: &str) -> BTreeMap<String, usize> {
    let mut said = BTreeMap::new();
    let mut sides: BTreeMap<(String, (String, String)), Side> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for frame in frames(&run.link(link)) {
        let keys = [&frame.sender, &frame.receiver].map(|it| (frame.stream.clone(), it.clone()));
        let [side, other] =
            [0, 1].map(|it: usize| sides.get(&keys[it]).copied().unwrap_or_default());
        let ours = classes_of(&frame, side, other);
        let ports = (frame.sender.clone(), frame.receiver.clone());
        for class in &frame.classes {
            let why = match ours.contains(class) {
                true => None,
                false => {
                    let why = explanation(class, &frame, other, used.contains(&ports));
                    assert!(
                        why.is_some(),
                        "only tshark says {class} of frame {}: {frame:?}",
                        frame.number
                    );
                    why
                }
            };
            let name = why.map_or_else(|| (*class).to_owned(), |it| format!("{class}: {it}"));
            *said.entry(name).or_default() += 1;
        }
        let missed: Vec<&&str> = ours.difference(&frame.classes).collect();
        assert!(
            missed.is_empty(),
            "tshark does not say {missed:?} of frame {}: {frame:?}",
            frame.number
        );
        if frame.flags & RST != 0 {
            *said.entry("reset".to_owned()).or_default() += 1;
        }
        used.insert(ports);
        if frame.classes.contains("ack_lost_segment") {
            sides.entry(keys[1].clone()).or_default().cut_anew = None;
        }
        take_in(sides.entry(keys[0].clone()).or_default(), &frame);
    }
    said
}

fn take_in(side: &mut Side, frame: &Frame) {
    let size = frame.text + (frame.flags & FIN) + (frame.flags >> 1 & 1);
    let end = frame.sequence.wrapping_add(size);
    let is_new = side.end.is_none_or(|it| is_before(it, end));
    if is_new && side.end.is_some_and(|it| is_before(frame.sequence, it)) {
        side.cut_anew = side.cut_anew.or(side.end);
    }
    if is_new {
        side.end = Some(end);
    }
    side.acknowledgment = Some(frame.acknowledgment);
    side.window = frame.window;
}

/// The resets of a capture are those of the journal.
fn resets_are_those_of_the_journal(run: &Run, link: &str) -> usize {
    let mut journal: Vec<(u64, String)> = Vec::new();
    for packet in run.journal.iter().filter(|it| it["kind"] == "packet-sent") {
        let flags = packet["flags"].as_u64().unwrap_or_default();
        if flags & u64::from(RST) != 0 {
            let host = packet["host"].as_str().expect("a host").to_owned();
            journal.push((packet["at_ns"].as_u64().expect("a time"), host));
        }
    }
    let frames = frames(&run.link(link));
    let resets = frames.iter().filter(|it| it.flags & RST != 0);
    let mut count = 0;
    for frame in resets {
        let key = (frame.at - EPOCH, frame.host.clone());
        // A packet that is forwarded was sent on another link.
        let is_sent = journal.contains(&key);
        assert!(is_sent || run.is_forwarded(&frame.host), "{frame:?}");
        count += 1;
    }
    count
}

#[test]
#[ignore = "needs tshark, which .ci/run installs"]
#[expect(clippy::print_stdout, reason = "says what was compared")]
fn every_frame_has_the_class_that_its_numbers_give_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let updates = scenario_file(&folder, "updates.toml", WINDOW_UPDATES);
    let mut total: BTreeMap<String, usize> = BTreeMap::new();
    for (scenario, links) in [
        ("sims/smoke/clean-link.toml", &["wan"][..]),
        ("sims/smoke/bad-links.toml", &["paris-lyon", "lyon-nice"]),
        ("sims/smoke/faults.toml", &["wan"]),
        ("sims/casebook/q303102-cb-leak.toml", &["wan"]),
        ("sims/casebook/q303102-fixed.toml", &["wan"]),
        ("sims/casebook/q200259-disconnect-timer.toml", &["wan"]),
        ("sims/canary/late-close-5.5.toml", &["wan"]),
        (&updates, &["wan"]),
    ] {
        let run = Run::of(scenario);
        for link in links {
            let said = compare(&run, link);
            let resets = resets_are_those_of_the_journal(&run, link);
            println!("{scenario} {link}: {said:?}, {resets} resets");
            for (class, count) in said {
                *total.entry(class).or_default() += count;
            }
        }
    }
    for class in [
        "window_update",
        "window_full",
        "duplicate_ack",
        "lost_segment",
    ] {
        assert!(total.contains_key(class), "no {class}: {total:?}");
    }
}
