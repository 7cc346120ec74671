//! FreeBSD's suite on each profile, against the tables of docs/conformance.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use packetdrill::{ScriptReport, ScriptVerdict, parse, run};
use winsock::Config;

const PAGE: &str = include_str!("../../../../docs/conformance.md");
const FOLDERS: [&str; 4] = ["rcv-icmp", "snd-syn", "socket-api", "state-event-engine"];

fn profiles() -> [(&'static str, Config); 3] {
    [
        ("nt4", Config::nt4(1)),
        ("w2k", Config::w2k(1)),
        ("linux", Config::linux(1)),
    ]
}

/// The scripts of a folder by their path without the ending, in order.
pub(crate) fn scripts(folder: &Path) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder of scripts") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "pkt") {
                let name = path
                    .strip_prefix(folder)
                    .expect("it is below")
                    .display()
                    .to_string();
                let text = fs::read_to_string(&path).expect("a script is text");
                found.push((name.trim_end_matches(".pkt").to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn freebsd() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/freebsd")
}

/// What came of each script on each profile.
fn reports() -> BTreeMap<(&'static str, String), ScriptReport> {
    let all = scripts(&freebsd());
    assert_eq!(all.len(), 340, "scripts of the suite");
    let mut reports = BTreeMap::new();
    for (name, text) in &all {
        let script = parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let name = name.trim_end_matches("-ipv4");
        for (profile, config) in profiles() {
            reports.insert((profile, name.to_owned()), run(&script, &config));
        }
    }
    reports
}

/// The text between two comments of the page.
fn section(name: &str) -> &'static str {
    let (start, end) = (
        format!("<!-- {name} -->"),
        format!("<!-- end of {name} -->"),
    );
    let (_, rest) = PAGE.split_once(&start).expect("the page has the table");
    rest.split_once(&end).expect("the table ends").0.trim()
}

fn expect_section(name: &str, table: &str) {
    assert_eq!(
        section(name),
        table.trim(),
        "docs/conformance.md must have:\n{table}"
    );
}

#[test]
fn the_page_has_the_matrix_of_a_run() {
    let reports = reports();
    let mut matrix =
        "| folder | profile | passes | deviates | not applicable |\n|---|---|---|---|---|\n"
            .to_owned();
    let mut features: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for folder in FOLDERS {
        for (profile, _) in profiles() {
            let mut counts = [0u32; 3];
            for ((of, name), report) in &reports {
                if *of != profile || !name.starts_with(folder) {
                    continue;
                }
                match &report.verdict {
                    ScriptVerdict::Passes => counts[0] += 1,
                    ScriptVerdict::Deviates(_) => counts[1] += 1,
                    ScriptVerdict::NotApplicable(feature) => {
                        counts[2] += 1;
                        *features
                            .entry(feature)
                            .or_default()
                            .entry(profile)
                            .or_default() += 1;
                    }
                }
            }
            let [passes, deviates, without] = counts;
            matrix +=
                &format!("| `{folder}` | `{profile}` | {passes} | {deviates} | {without} |\n");
        }
    }
    expect_section("matrix", &matrix);
    let mut table = "| feature | `nt4` | `w2k` | `linux` |\n|---|---|---|---|\n".to_owned();
    for (feature, counts) in features {
        let count = |profile| counts.get(profile).copied().unwrap_or(0);
        table += &format!(
            "| {feature} | {} | {} | {} |\n",
            count("nt4"),
            count("w2k"),
            count("linux")
        );
    }
    expect_section("features", &table);
    let left_out: BTreeSet<&String> = reports.values().flat_map(|it| &it.not_compared).collect();
    let names: Vec<String> = left_out.iter().map(|it| format!("`{it}`")).collect();
    expect_section("not compared", &names.join(", "));
}

/// A row of the table of deviations.
struct Row {
    pattern: &'static str,
    profiles: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.trim_matches('|')
            .split('|')
            .map(|it| it.trim())
            .collect()
    };
    let lines = section("deviations").lines().skip(2).map(cells);
    let row = |cells: Vec<&'static str>| {
        assert_eq!(cells.len(), 3, "a row has three cells: {cells:?}");
        assert!(cells[2].len() > 20, "a reason says why: {cells:?}");
        Row {
            pattern: cells[0].trim_matches('`'),
            profiles: cells[1]
                .split(',')
                .map(|it| it.trim().trim_matches('`'))
                .collect(),
        }
    };
    lines.map(row).collect()
}

/// Whether `name` fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| fits(tail, &rest[at..]))
        }),
    }
}

/// Nothing is unexplained, and no reason is too wide: every script that it names deviates.
#[test]
fn every_deviation_has_a_reason() {
    let (reports, rows) = (reports(), rows());
    let mut used = vec![0; rows.len()];
    let mut wrong = Vec::new();
    for ((profile, name), report) in &reports {
        let applies = |row: &Row| row.profiles.contains(profile) && fits(row.pattern, name);
        let matching: Vec<usize> = (0..rows.len()).filter(|at| applies(&rows[*at])).collect();
        match &report.verdict {
            ScriptVerdict::Deviates(difference) if matching.is_empty() => {
                wrong.push(format!("{profile}: {name} has no reason\n{difference}"));
            }
            ScriptVerdict::Deviates(_) => matching.iter().for_each(|at| used[*at] += 1),
            ScriptVerdict::Passes if !matching.is_empty() => {
                wrong.push(format!(
                    "{profile}: {name} passes: {}",
                    rows[matching[0]].pattern
                ));
            }
            ScriptVerdict::Passes | ScriptVerdict::NotApplicable(_) => {}
        }
    }
    for (row, used) in rows.iter().zip(used) {
        if used == 0 {
            wrong.push(format!("no script deviates as {} says", row.pattern));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
