//! The report page: its bundle matches its sources, and its data matches the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use config::file;
use config::plan::Scenario;
use serde_json::Value as Json;
use simulation::Observe;
use view::FinishedRun;

fn page_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("page")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The JavaScript files below a folder, by their path from there.
fn scripts(folder: &Path, prefix: &str) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder of scripts") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            found.extend(scripts(&path, &format!("{prefix}{name}/")));
        } else if name.ends_with(".js") {
            found.insert(format!("{prefix}{name}"), path.clone());
        }
    }
    found
}

/// FNV-1a over all sources, as `page/build.js` computes it.
#[test]
fn the_bundle_is_up_to_date() {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in scripts(&page_folder().join("src"), "").into_values() {
        for byte in fs::read(path).expect("a script") {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    let bundle = read(&page_folder().join("report.js"));
    let head = bundle.lines().next().expect("a line");
    assert!(
        head.ends_with(&format!("Sources: {hash:016x}")),
        "page/report.js is out of date: run `npm ci && npm run build` in crates/view/page"
    );
}

/// The interfaces of `data.d.ts`: each property with its type.
fn contract() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = read(&page_folder().join("src/data.d.ts"));
    let mut interfaces: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("export interface ") {
            current = rest.trim_end_matches(" {").to_owned();
        } else if let Some((name, kind)) = line.trim().split_once(": ")
            && line.ends_with(';')
        {
            let properties = interfaces.entry(current.clone()).or_default();
            properties.insert(name.to_owned(), kind.trim_end_matches(';').to_owned());
        }
    }
    interfaces
}

/// Compares a value with a type of the contract. Counts what was compared, by interface.
fn compare(
    value: &Json,
    kind: &str,
    path: &str,
    contract: &BTreeMap<String, BTreeMap<String, String>>,
    seen: &mut BTreeMap<String, u32>,
) {
    if let Some(kind) = kind.strip_suffix(" | null") {
        if !value.is_null() {
            compare(value, kind, path, contract, seen);
        }
    } else if let Some(kind) = kind.strip_suffix("[]") {
        let kind = kind.trim_start_matches('(').trim_end_matches(')');
        for item in value
            .as_array()
            .unwrap_or_else(|| panic!("{path} is no list"))
        {
            compare(item, kind, path, contract, seen);
        }
    } else if let Some(interface) = contract.get(kind) {
        *seen.entry(kind.to_owned()).or_default() += 1;
        let object = value
            .as_object()
            .unwrap_or_else(|| panic!("{path} is no object"));
        let keys: BTreeSet<&String> = object.keys().collect();
        assert_eq!(keys, interface.keys().collect(), "{path} is not a {kind}");
        for (name, kind) in interface {
            compare(
                &object[name],
                kind,
                &format!("{path}.{name}"),
                contract,
                seen,
            );
        }
    } else {
        let is_right = match kind {
            "number" => value.is_number(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            other => panic!("{path}: the contract has no type {other}"),
        };
        assert!(is_right, "{path} is no {kind}: {value}");
    }
}

/// A link with more outages than a page has, and a failure long after the first of them.
const LATE: &str = r#"
title = "A late leak"
why = "What led to it must be on the page."
duration = "16h"
[host.PARIS]
build = "5.5.2653.23"
[host.LYON]
build = "5.5.2655.16"
[link.wan]
between = ["PARIS", "LYON"]
delay = "20ms"
loss.outages = { ping_success = "1/8", mean_outage = "4s" }
[connector.c]
from = "PARIS"
to = "LYON"
[workload.m]
connector = "c"
every = "1m"
start = "15h"
"#;

#[test]
fn the_outages_around_a_late_failure_are_drawn() {
    let scenario = file::load("late", LATE.as_bytes(), &[]).expect("a scenario");
    let (page, failed_at) = page_of(&scenario);
    assert!(failed_at > 15 * 3_600_000_000_000, "{failed_at}");
    let data = data_of(&page);
    let outages = data["links"][0]["outages"].as_array().expect("a list");
    let times: Vec<u64> = outages.iter().filter_map(Json::as_u64).collect();
    assert!(times.len() <= 2 * 10_000 && times.is_sorted());
    let every = simulation::timeline::outages_around(
        &scenario,
        scenario.seed,
        kernel::Instant::MAX,
        &[],
        usize::MAX,
    );
    let every = &every.expect("the outages")[0];
    assert!(every.all > 10_000, "{}", every.all);
    // Every one of the last 100 before the failure, and the next ones.
    let before = every
        .windows
        .partition_point(|it| it.from.nanos() <= failed_at);
    for window in &every.windows[before - 100..(before + 30).min(every.windows.len())] {
        assert!(times.contains(&window.from.nanos()), "{window:?}");
    }
    let drawn = times.len() / 2;
    let words = format!("{drawn} of {} outages of link wan", every.all);
    assert!(page.contains(&words), "{words}");
    assert!(page.contains("For all of them: mtasim run --perfetto run.pftrace"));
}

/// The page of a scenario, and when its first failure was found.
fn page_of(scenario: &Scenario) -> (String, u64) {
    let observe = Observe {
        packets: true,
        threads: true,
    };
    let (outcome, observations) =
        explore::run_observed(scenario, scenario.seed, observe).expect("it runs");
    let run = FinishedRun {
        scenario,
        outcome: &outcome,
        observations: &observations,
        command: "mtasim run",
    };
    let first = outcome.violations.iter().map(|it| it.at.nanos()).min();
    (view::report(&run, None), first.unwrap_or(0))
}

/// The data inside a page.
fn data_of(page: &str) -> Json {
    let (_, rest) = page.split_once("id=\"run\">").expect("the page has data");
    let (json, _) = rest.split_once("</script>").expect("the data ends");
    serde_json::from_str(json).expect("the data is JSON")
}

/// The data of a scenario's page.
fn data(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../sims")
        .join(name);
    let scenario = file::load(name, read(&path).as_bytes(), &[]).expect("a scenario");
    data_of(&page_of(&scenario).0)
}

#[test]
fn the_data_matches_the_contract_of_the_scripts() {
    let contract = contract();
    let mut seen = BTreeMap::new();
    for name in ["canary/late-close-5.5.toml", "canary/unguarded-4.0.toml"] {
        compare(&data(name), "Data", "data", &contract, &mut seen);
    }
    let missing: Vec<&String> = contract
        .keys()
        .filter(|it| !seen.contains_key(*it))
        .collect();
    assert!(missing.is_empty(), "no run has any {missing:?}");
}

/// The scripts need no regular expressions to know what a line is about.
#[test]
fn log_lines_have_the_thread_and_the_control_block_of_their_text() {
    let data = data("canary/late-close-5.5.toml");
    let lines = &data["log_lines"];
    let column = |name: &str| lines[name].as_array().expect("a column").clone();
    let (texts, threads, blocks) = (column("text"), column("thread"), column("block"));
    assert!(texts.len() > 20 && texts.len() == threads.len() && texts.len() == blocks.len());
    let mut with_block = 0;
    for ((text, thread), block) in texts.iter().zip(&threads).zip(&blocks) {
        let text = data["texts"][text.as_u64().expect("an index") as usize].as_str();
        let text = text.expect("a text").to_lowercase();
        assert!(text.starts_with(&format!("({:03}) ", thread.as_u64().expect("a number"))));
        if let Some(block) = block.as_u64() {
            with_block += 1;
            assert!(text.contains(&format!("cb {block}")), "{text}");
        }
    }
    assert!(with_block > 10);
}
