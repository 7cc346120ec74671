//! Checks traces with Perfetto's own Python package.
//!
//! A script reads a trace with the official protocol buffers, and the test compares what it reads with
//! the journal of the same run. `.ci/run` installs the package.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, text};

/// Prints what is in a trace: tracks, and on each how slices begin and end, and the flows.
const READER: &str = r#"
import collections, json, sys
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent
trace = Trace()
trace.ParseFromString(open(sys.argv[1], "rb").read())
names, parents, depth, last = {}, {}, collections.Counter(), {}
counts, wrong = collections.Counter(), []
begun, ended = collections.Counter(), collections.Counter()
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        it = packet.track_descriptor
        names[it.uuid] = it.name
        parents[it.uuid] = it.parent_uuid
        continue
    it = packet.track_event
    track = it.track_uuid
    if track not in names:
        wrong.append("no track %d" % track)
    kind = TrackEvent.Type.Name(it.type)
    depth[track] += {"TYPE_SLICE_BEGIN": 1, "TYPE_SLICE_END": -1}.get(kind, 0)
    if depth[track] < 0:
        wrong.append("%s ends what did not begin" % names[track])
    if kind != "TYPE_INSTANT":
        if packet.timestamp < last.get(track, 0):
            wrong.append("%s steps back" % names[track])
        last[track] = packet.timestamp
    if it.name:
        counts["%s: %s" % (names[parents[track]] if parents[track] else names[track], it.name)] += 1
    begun.update(it.flow_ids)
    ended.update(it.terminating_flow_ids)
wrong += ["%s has %d slices open" % (names[t], d) for t, d in depth.items() if d]
json.dump({
    "tracks": sorted(names.values()),
    "counts": counts,
    "wrong": wrong,
    "flows": len(begun),
    "loose": len([it for it in ended if it not in begun]),
}, sys.stdout)
"#;

#[test]
#[ignore = "needs Python's package perfetto, which .ci/run installs"]
#[expect(clippy::print_stdout, reason = "says how much was read")]
fn official_protocol_buffers_read_the_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let (trace, out) = (folder.path().join("run.pftrace"), folder.path().join("out"));
    let scenario = "sims/casebook/q303102-cb-leak.toml";
    let (file, out_argument) = (argument(&trace), argument(&out));
    code(
        &mtasim(&["run", scenario, "--perfetto", file, "--out", out_argument]),
        0,
    );
    // `.ci/run` installs the package there, if the system's Python does not have it.
    let own = Path::new(crate::ROOT).join("target/perfetto/bin/python3");
    let python = if own.exists() {
        argument(&own)
    } else {
        "python3"
    };
    let read = Command::new(python).args(["-c", READER, file]).output();
    let read = read.expect("python3 is installed");
    assert!(read.status.success(), "{}", text(&read.stderr));
    let read: Json = serde_json::from_slice(&read.stdout).expect("JSON");
    assert_eq!(read["wrong"], Json::Array(Vec::new()));
    assert_eq!(read["loose"], 0, "every arrow begins somewhere");
    let tracks = read["tracks"].to_string();
    for track in [
        "PARIS",
        "MAIN BASE (001)",
        "TCP/IP DRVR (008)",
        "CB 19",
        "link wan",
        "at LYON",
    ] {
        assert!(tracks.contains(track), "no track {track} in {tracks}");
    }
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).expect("a journal");
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for line in journal.lines() {
        let record: Json = serde_json::from_str(line).expect("a line of JSON");
        *kinds
            .entry(record["kind"].as_str().expect("a kind").to_owned())
            .or_default() += 1;
    }
    let counts = read["counts"].as_object().expect("counts");
    let count = |asks: &dyn Fn(&str) -> bool| -> u64 {
        let asked = counts.iter().filter(|(name, _)| asks(name));
        asked
            .map(|(_, count)| count.as_u64().expect("a count"))
            .sum()
    };
    assert_eq!(
        count(&|it| it.contains(": instance ")),
        kinds["block-taken"]
    );
    assert_eq!(
        count(&|it| it.ends_with(": leaked")),
        kinds["violation"] - 1,
        "all but 9156"
    );
    let message = |it: &str, what: &str| it.contains(": message ") && it.ends_with(what);
    assert_eq!(
        count(&|it| message(it, " submitted")),
        kinds["message-submitted"]
    );
    assert_eq!(
        count(&|it| message(it, " arrived")),
        kinds["message-arrived"]
    );
    assert_eq!(
        count(&|it| ["link wan: sent and lost", "link wan: sent again and lost"].contains(&it)),
        kinds["packet-dropped"]
    );
    assert_eq!(
        count(&|it| it.starts_with("link wan: sent")),
        kinds["packet-sent"],
        "packets are shown"
    );
    println!(
        "{} tracks, {} events, {} flows, {} bytes",
        read["tracks"].as_array().expect("tracks").len(),
        count(&|_| true),
        read["flows"],
        std::fs::metadata(&trace).expect("the trace").len()
    );
}
