//! `mtasim ping`: its output, and its errors.

use serde_json::Value as Json;

use crate::program::{code, mtasim, text};

const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";
const CLEAN: &str = "sims/smoke/clean-link.toml";

#[test]
fn replies_and_time_outs_look_as_on_nt() {
    let output = mtasim(&["ping", CLEAN, "--link", "wan"]);
    code(&output, 0);
    insta::assert_snapshot!("clean", text(&output.stdout));
    let output = mtasim(&[
        "ping", LEAK, "--link", "wan", "--count", "12", "--seed", "0x4",
    ]);
    code(&output, 0);
    insta::assert_snapshot!("bursty", text(&output.stdout));
}

#[test]
fn a_quick_reply_is_below_the_tick_of_nts_clock() {
    let set = "link.wan.delay=4999us";
    let output = mtasim(&["ping", CLEAN, "--link", "wan", "--count", "1", "--set", set]);
    let shown = text(&output.stdout);
    // The first host of the link asks the second; LYON comes first by name.
    assert!(
        shown.contains("Reply from 10.0.0.1: bytes=32 time<10ms TTL=128\n"),
        "{shown}"
    );
}

#[test]
fn programs_get_an_object() {
    let output = mtasim(&[
        "ping", LEAK, "--link", "wan", "--count", "500", "--format", "json",
    ]);
    code(&output, 0);
    let json: Json = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["schema_version"], 2);
    assert_eq!(json["link"], "wan");
    assert_eq!(json["sent"], 500);
    let times = json["round_trip_ns"].as_array().expect("a list");
    let answered = times.iter().filter(|time| !time.is_null()).count();
    assert_eq!(times.len(), 500);
    assert_eq!(json["received"], answered);
    let form = json["closed_form"].as_f64().expect("a share");
    assert!((form - 0.125).abs() < 1e-6, "{form}");
}

/// A cut link answers no ping, and what is sent into it counts as lost, by cause.
#[test]
fn a_cut_link_loses_what_is_sent_into_it() {
    const FAULTS: &str = "sims/smoke/faults.toml";
    let pings = |at: &str| {
        let output = mtasim(&["ping", FAULTS, "--link", "wan", "--count", "2", "--at", at]);
        code(&output, 0);
        text(&output.stdout).to_owned()
    };
    assert_eq!(pings("9m").matches("Reply from").count(), 2);
    assert_eq!(
        pings("10m")
            .matches("Destination host unreachable.\n")
            .count(),
        2
    );
    assert_eq!(pings("30m").matches("Request timed out.\n").count(), 2);
    assert!(pings("30m").contains("Received = 0, Lost = 2 (100% loss)"));
    let run = |format: &[&str]| {
        let output = mtasim(&[&["run", FAULTS][..], format].concat());
        code(&output, 0);
        text(&output.stdout).to_owned()
    };
    let json: Json = serde_json::from_str(&run(&["--format", "json"])).expect("it is JSON");
    let wan = &json["links"]["wan"];
    let by = |cause: &str| wan["lost_by"][cause].as_u64().unwrap_or_default();
    assert!(by("cut") > 0 && by("no-route") > 0, "{wan}");
    assert_eq!(wan["lost"], by("cut") + by("no-route"), "{wan}");
    let line = format!(
        "{} lost ({} x cut link, {} x no route)",
        wan["lost"],
        by("cut"),
        by("no-route")
    );
    assert!(run(&[]).contains(&line), "{line}");
}

#[test]
fn a_link_that_is_none_is_wrong_usage() {
    let output = mtasim(&["ping", CLEAN, "--link", "lan"]);
    code(&output, 2);
    assert_eq!(
        text(&output.stderr),
        format!("mtasim: {CLEAN}: the scenario has no link `lan`; its links are: wan\n")
    );
    code(&mtasim(&["ping", CLEAN]), 2);
    code(&mtasim(&["ping", "nowhere.toml", "--link", "wan"]), 4);
}
