//! Files of the largest size that are made to be slow. A campaign, since it measures time:
//! `cargo test --release -p mtasim-config --lib slow_files -- --ignored --nocapture`.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a campaign measures time and reports its figures"
)]

use std::time::{Duration, Instant};

use super::super::load;
use super::SMALL;
use crate::format::document::SIZE_MAX;

/// How long a file may take in the release build.
const LONGEST: Duration = Duration::from_secs(1);

/// `head`, then as many items as fit into the largest file, at most `count`, then `tail`.
fn filled(head: &str, count: usize, item: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for item in (0..count).map(item) {
        if text.len() + item.len() + tail.len() > SIZE_MAX {
            break;
        }
        text += &item;
    }
    text + tail
}

/// Lookups of names that no host has, among many aliases.
fn lookups() -> String {
    let alias = |index| format!("\"a{index}\",");
    let guest = format!("{SMALL}[host.G]\nguest = true\naliases = [");
    let hosts = filled(&guest, 99_999, alias, "]\n");
    let fault = |index| {
        format!(
            "[fault.f{index}]\nlookup = {{ name = \"a{index}b\", for = \"1s\" }}\nat = \"1s\"\n"
        )
    };
    filled(&hosts, 49_990, fault, "")
}

fn tables() -> Vec<(&'static str, String)> {
    let alike = |index: usize| format!("{}{index:06}", "x".repeat(50));
    let many = usize::MAX;
    let hosts = |count| {
        let host = |index| format!("[host.{}]\nbuild = \"5.5.2653.23\"\n", alike(index));
        filled(
            "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n",
            count,
            host,
            "",
        )
    };
    let lost = |index| {
        format!(
            "[connector.c{index}]\nfrom = \"{}y\"\nto = \"A\"\n",
            alike(index)
        )
    };
    let fault = |link: &str, index| {
        format!("[fault.f{index}]\ncut = {{ link = \"{link}\" }}\nat = \"1s\"\n")
    };
    vec![
        ("hosts", hosts(many)),
        ("lookups of aliases", lookups()),
        (
            "too many links",
            filled(
                SMALL,
                65_000,
                |index| format!("[link.w{index}]\nbetween = [\"A\", \"B\"]\n"),
                "",
            ),
        ),
        (
            "too many tables",
            filled(SMALL, many, |index| format!("host.h{index}.cpus=1\n"), ""),
        ),
        (
            "connectors without hosts",
            filled(&hosts(16_000), many, lost, ""),
        ),
        (
            "faults",
            filled(SMALL, 49_990, |index| fault("l", index), ""),
        ),
        (
            "faults of no link",
            filled(SMALL, 49_990, |index| fault(&alike(index), index), ""),
        ),
        (
            "unknown keys",
            filled(
                SMALL,
                49_990,
                |index| format!("[host.h{index}]\nbuild = \"5.5.2653.23\"\ncpuz = 1\n"),
                "",
            ),
        ),
        (
            "unknown builds and keys",
            filled(
                SMALL,
                49_000,
                |index| {
                    let keys = "a=1\nb=1\nd=1\ne=1\nf=1\ng=1\nh=1\n";
                    format!("[host.h{index}]\nbuild = \"5.5.2653.24\"\n{keys}")
                },
                "",
            ),
        ),
        (
            "unknown tables",
            filled(SMALL, many, |index| format!("[hots.h{index}]\na = 1\n"), ""),
        ),
        (
            "wrong units",
            filled(
                SMALL,
                49_990,
                |index| {
                    format!(
                        "[link.w{index}]\nbetween = [\"A\", \"B\"]\ndelay = \"{index}parsecs\"\n"
                    )
                },
                "",
            ),
        ),
        (
            "calibrated links",
            filled(
                SMALL,
                49_990,
                |index| {
                    format!(
                        "[link.w{index}]\nbetween = [\"A\", \"B\"]\nloss.outages = {{ ping_success = \"1/{}\", mean_outage = \"30s\" }}\n",
                        index + 2
                    )
                },
                "",
            ),
        ),
    ]
}

fn lists() -> Vec<(&'static str, String)> {
    let many = usize::MAX;
    let vary = format!("{SMALL}[swarm]\nvary = [");
    let values = |key: &str, count: usize| {
        let values: String = (1..=count).map(|value| format!("\"{value}ms\",")).collect();
        format!("{{ key = \"{key}\", values = [{values}] }},")
    };
    vec![
        (
            "variations",
            filled(&vary, many, |_| values("link.l.delay", 1), "]\n"),
        ),
        (
            "variations of many values",
            filled(&vary, many, |_| values("link.l.delay", 999), "]\n"),
        ),
        (
            "variations of unknown keys",
            filled(
                &vary,
                many,
                |index| values(&format!("link.l.dely{index}"), 1),
                "]\n",
            ),
        ),
        (
            "names",
            filled(
                &format!("{SMALL}[swarm]\nalways = ["),
                many,
                |index| format!("\"fault.f{index}\","),
                "]\n",
            ),
        ),
        (
            "pinned packets",
            filled(
                &format!("{SMALL}[pin]\ndrop = ["),
                90_000,
                |index| format!("{{ link = \"l\", flow = {index}, unit = 1 }},"),
                "]\n",
            ),
        ),
        (
            "pinned outages",
            filled(
                &format!("{SMALL}[pin]\noutages = ["),
                90_000,
                |index| {
                    format!(
                        "{{ link = \"l\", from = \"{}ms\", to = \"{}ms\" }},",
                        2 * index,
                        2 * index + 1
                    )
                },
                "]\n",
            ),
        ),
        (
            "expected events",
            filled(
                &format!("{SMALL}[expect.events]\n"),
                many,
                |index| format!("{index} = \"1..\"\n"),
                "",
            ),
        ),
        (
            "empty arrays",
            filled(&format!("{SMALL}x = ["), many, |_| "[],".to_owned(), "]\n"),
        ),
        (
            "inline tables",
            filled(
                &format!("{SMALL}x = ["),
                many,
                |_| "{ a = 1 },".to_owned(),
                "]\n",
            ),
        ),
        (
            "escapes",
            filled(
                &format!("{SMALL}x = \""),
                many,
                |_| "\\\"".to_owned(),
                "\"\n",
            ),
        ),
        (
            "a long key",
            filled(SMALL, many, |_| "k".to_owned(), " = 1\n"),
        ),
        (
            "dotted keys",
            filled(&format!("{SMALL}[host.A"), many, |_| ".a".to_owned(), "]\n"),
        ),
        ("lines", filled("", many, |_| "\n".to_owned(), "")),
    ]
}

#[test]
#[ignore = "campaign: it measures time"]
fn every_file_is_answered_within_a_second() {
    let mut slow = Vec::new();
    for (name, text) in tables().into_iter().chain(lists()) {
        let start = Instant::now();
        let checked = load("x.toml", text.as_bytes(), &[]);
        let mistakes = match checked {
            Ok(_) => 0,
            Err(found) => found.to_human(false).lines().count(),
        };
        let took = start.elapsed();
        println!(
            "{name}: {} bytes, {mistakes} lines of mistakes, {took:?}",
            text.len()
        );
        if took > LONGEST {
            slow.push(name);
        }
    }
    assert!(slow.is_empty(), "too slow: {slow:?}");
}
