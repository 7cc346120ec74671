//! `mtasim report`: the page needs no other file, is the same for the same run, and works in a browser.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::browser::Browser;
use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/canary/late-close-5.5.toml";
const DAY: &str = "sims/casebook/q303102-cb-leak.toml";
const CRASH: &str = "sims/canary/unguarded-4.0.toml";
const CLEAN: &str = "sims/smoke/clean-link.toml";

fn page_of(folder: &Path, source: &str) -> PathBuf {
    let page = folder.join("page.html");
    let output = mtasim(&["report", source, "-o", argument(&page), "--force"]);
    code(&output, 0);
    assert_eq!(text(&output.stdout), "", "the page is in its file");
    page
}

fn read(page: &Path) -> String {
    fs::read_to_string(page).expect("the page is written")
}

#[test]
fn a_page_is_self_contained_and_the_same_for_the_same_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = read(&page_of(folder.path(), LEAK));
    assert_eq!(page, read(&page_of(folder.path(), LEAK)));
    assert!(page.contains("default-src 'none'"), "nothing is fetched");
    for reference in ["src=", "href=", "url(", "@import", "://"] {
        assert!(!page.contains(reference), "the page refers to {reference}");
    }
    let standard = mtasim(&["report", LEAK, "-o", "-"]);
    assert_eq!(text(&standard.stdout), page);
}

#[test]
fn the_first_screen_says_what_went_wrong_without_a_script() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = read(&page_of(folder.path(), LEAK));
    let (words, _) = page.split_once("type=\"application/json\"").expect("data");
    for said in [
        "<h1>1 control block leaked on PARIS</h1>",
        "it does not happen without",
        "(001) CB ",
        "allocated",
        "a timeout takes block",
        "mtasim run sims/canary/late-close-5.5.toml --seed ",
    ] {
        assert!(words.contains(said), "the page does not say: {said}");
    }
    let clean = read(&page_of(folder.path(), CLEAN));
    assert!(clean.contains("<h1>No failures</h1>"));
}

/// The service restarts at 9 h, and the block is allocated again: that use is another one.
#[test]
fn the_cause_ends_before_the_block_is_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = read(&page_of(folder.path(), DAY));
    let (_, chain) = page.split_once("<ol class=\"chain\">").expect("a cause");
    let (chain, _) = chain.split_once("</ol>").expect("its end");
    let last = chain.rsplit("<li>").next().expect("a sentence");
    assert!(last.contains("the transport forgets block 1"), "{chain}");
}

#[test]
fn folders_capsules_and_files_give_the_same_page_but_for_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let of_file = read(&page_of(folder.path(), LEAK));
    let out = folder.path().join("run");
    code(&mtasim(&["run", LEAK, "--out", argument(&out)]), 0);
    assert_eq!(read(&page_of(folder.path(), argument(&out))), of_file);
    let sweep = folder.path().join("sweep");
    let swept = mtasim(&["sweep", LEAK, "--seeds", "0..1", "--out", argument(&sweep)]);
    assert!(swept.status.code() <= Some(1), "{}", text(&swept.stderr));
    let mut capsules = fs::read_dir(sweep.join("capsules")).expect("a capsule was kept");
    let capsule = capsules.next().expect("one").expect("readable").path();
    let of_capsule = read(&page_of(folder.path(), argument(&capsule)));
    // Not `replay`, which has no options for captures and records.
    assert!(of_capsule.contains(&format!("mtasim run {}", argument(&capsule))));
    assert!(of_capsule.contains("control block leaked on PARIS"));
}

#[test]
fn what_cannot_be_shown_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let report =
        |source: &Path| mtasim(&["report", argument(source), "-o", argument(&page), "--force"]);
    let empty = report(folder.path());
    code(&empty, 2);
    assert!(
        text(&empty.stderr).contains("not a directory written by `run --out`: "),
        "{}",
        text(&empty.stderr)
    );
    let missing = report(&folder.path().join("nothing.toml"));
    code(&missing, 4);
    assert!(text(&missing.stderr).contains("cannot read "));
    let out = folder.path().join("run");
    code(&mtasim(&["run", LEAK, "--out", argument(&out)]), 0);
    let result = fs::read_to_string(out.join("run.json")).expect("a result");
    let parsed: Json = serde_json::from_str(&result).expect("JSON");
    let digest = parsed["digest"].as_str().expect("a digest");
    let other = result.replace(digest, "00000000000000000000000000000000");
    fs::write(out.join("run.json"), other).expect("a file is written");
    let changed = report(&out);
    code(&changed, 3);
    assert!(text(&changed.stderr).contains("this build makes a different run: "));
    assert!(!page.exists(), "nothing is written of it");
}

#[test]
fn texts_of_the_scenario_cannot_become_part_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let evil = "</script><script>alert(1)</script><b>";
    let source = fs::read_to_string(Path::new(crate::ROOT).join(LEAK)).expect("a scenario");
    let (_, rest) = source.split_once("\nwhy").expect("a title, then why");
    let file = folder.path().join("evil.toml");
    fs::write(&file, format!("title = \"{evil}\"\nwhy{rest}")).expect("a file is written");
    let page = read(&page_of(folder.path(), argument(&file)));
    assert!(!page.contains("<script>alert"), "a text became a script");
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "the data and the script end once each"
    );
}

/// Where on the screen a life of a block is.
fn place(browser: &Browser, host: &str, block: u32, instance: u32) -> [i64; 2] {
    let at = browser.run(&format!(
        "return window.timeline.lifetime('{host}', {block}, {instance})"
    ));
    [0, 1].map(|axis| at[axis].as_f64().expect("a place").round() as i64)
}

#[test]
#[ignore = "needs Chromium and its driver, which .ci/run installs"]
#[expect(clippy::print_stdout, reason = "says how large the page is")]
fn a_leaked_block_is_clicked_and_its_log_lines_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    // Without the restart: after it instances count from zero again, and a block and an instance no
    // longer name one life.
    let day = [
        "run",
        DAY,
        "--set",
        "fault={}",
        "--set",
        "expect={ only = false }",
        "--out",
    ];
    code(&mtasim(&[day.as_slice(), &[argument(&out)]].concat()), 0);
    let result = fs::read_to_string(out.join("run.json")).expect("a result");
    let result: Json = serde_json::from_str(&result).expect("JSON");
    let log = fs::read_to_string(out.join("PARIS.Winsock.log")).expect("a log");
    let page = page_of(folder.path(), argument(&out));
    let size = fs::metadata(&page).expect("the page").len();
    assert!(size < 3 << 20, "a working day takes {size} bytes");
    let browser = Browser::open(&page, false);
    let violations = result["violations"].as_array().expect("violations");
    let leaks = violations
        .iter()
        .filter(|it| it["kind"] == "control-block-leak");
    let leaks: Vec<(u32, u32)> = leaks
        .map(|it| [&it["cb"], &it["instance"]].map(|it| it.as_u64().expect("a number") as u32))
        .map(|[block, instance]| (block, instance))
        .collect();
    assert!(leaks.len() > 5, "the day leaks");
    for (block, instance) in leaks {
        browser.click(place(&browser, "PARIS", block, instance));
        let reported = browser.text("detail");
        let title = format!("CB {block} (instance {instance}) on PARIS: leaked");
        assert!(reported.starts_with(&title), "{reported}");
        // The line of its allocation, with its number in the file that `--out` wrote.
        let line = format!("(001) CB {block} (instance {instance}) allocated");
        let number = log
            .lines()
            .position(|it| it == line)
            .expect("the log has it")
            + 1;
        let shown = reported
            .lines()
            .find(|it| it.ends_with(&line))
            .expect("the page has it");
        assert_eq!(
            shown.split_whitespace().next(),
            Some(number.to_string().as_str())
        );
        assert!(reported.contains(&format!("Message type 1 for cb {block}")));
        assert!(
            !reported.contains(&format!("Message type 2 for cb {block}")),
            "it is never closed"
        );
    }
    let fetched = browser.run("return performance.getEntriesByType('resource').length");
    assert_eq!(fetched, 0, "the page fetches nothing");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    println!("the page of a working day: {size} bytes");
}

#[test]
#[ignore = "needs Chromium and its driver, which .ci/run installs"]
fn keys_and_search_reach_what_the_mouse_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = page_of(folder.path(), CRASH);
    let browser = Browser::open(&page, true);
    assert!(
        browser
            .run("return document.querySelector('h1').innerText")
            .to_string()
            .contains("e0020002")
    );
    browser.run("document.getElementById('axis').focus()");
    browser.key('n');
    let first = browser.text("detail");
    assert!(first.starts_with("data race: "), "{first}");
    assert!(
        first.contains("The earlier access, unordered with it:"),
        "{first}"
    );
    let span = browser.text("span");
    browser.key('+');
    assert_ne!(browser.text("span"), span, "plus zooms");
    browser.key('/');
    for letter in "cb 0/0".chars() {
        browser.key(letter);
    }
    assert!(browser.text("results").contains("LYON CB 0 (instance 0)"));
    browser.run("document.querySelector('#results button').click()");
    assert!(browser.text("detail").starts_with("CB 0 (instance 0) on "));
    let theme = "return document.documentElement.dataset.theme";
    assert_eq!(browser.run(theme), "dark", "as the system asks");
    browser.run("document.getElementById('theme').click()");
    assert_eq!(browser.run(theme), "light");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// How long a frame takes while the user moves through a run of more than 100,000 records.
#[test]
#[ignore = "measures, and needs Chromium and its driver, which .ci/run installs"]
#[expect(clippy::print_stdout, reason = "measures")]
fn a_hundred_thousand_records_stay_fluid() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = page_of(folder.path(), "sims/casebook/q152941-fixed.toml");
    let browser = Browser::open(&page, false);
    let measured = browser.run(
        "const took = [];
         for (let i = 0; i < 120; i += 1) {
           const span = 7.2e12 * Math.pow(0.87, i);
           const from = 7.2e12 * 0.37 * (1 - Math.pow(0.87, i));
           window.timeline.show(from, from + span);
           took.push(window.timeline.frame());
         }
         took.sort((a, b) => a - b);
         return [window.timeline.count(), took[60], took[114], took[119]];",
    );
    let number = |place: usize| measured[place].as_f64().expect("a number");
    let (records, median, most) = (number(0), number(1), number(3));
    println!(
        "{records} things on the page; a frame takes {median:.1} ms (median), {:.1} ms (95 of \
         100), {most:.1} ms (longest)",
        number(2)
    );
    assert!(records > 100_000.0, "{records} are too few to say anything");
    // Sixty frames a second on a screen; the software renderer of a busy machine gets four times
    // that.
    assert!(median < 64.0, "a frame takes {median} ms");
}

/// A second pair of hosts that exchanges far more packets than a page draws, from long before the leak to
/// long after it.
const BUSY: &str = r#"
[host.OSLO]
build = "5.5.2655.16"
[host.ROME]
build = "5.5.2655.16"
[link.busy]
between = ["OSLO", "ROME"]
[connector.busy]
from = "OSLO"
to = "ROME"
[workload.busy]
connector = "busy"
every = "1s"
size = "32 KiB"
"#;

/// A column of differences.
fn column(differences: &Json) -> Vec<u64> {
    let differences = differences.as_array().expect("a column");
    let differences = differences.iter().map(|it| it.as_u64().expect("a number"));
    let sums = differences.scan(0, |sum, it| {
        *sum += it;
        Some(*sum)
    });
    sums.collect()
}

#[test]
fn of_a_large_run_the_page_has_all_around_a_failure_and_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("busy.toml");
    let leak = fs::read_to_string(Path::new(crate::ROOT).join(LEAK)).expect("a scenario");
    fs::write(&file, format!("{leak}{BUSY}")).expect("a file");
    let page_with = |limit: &str| {
        let page = folder.path().join(format!("{limit}.html"));
        let limit = format!("limits.records={limit}");
        let mut report = vec!["report", argument(&file), "--explain", "never"];
        report.extend(["--set", &limit, "-o", argument(&page)]);
        code(&mtasim(&report), 0);
        read(&page)
    };
    // The page keeps more than that, and so must the run that it names.
    let of_low_limit = page_with("1000");
    let (_, command) = of_low_limit
        .split_once("For all of them: ")
        .expect("a command");
    assert!(
        command.contains("--set limits.records=1000 --set limits.records="),
        "{command}"
    );
    let page = page_with("10000000");
    let (words, rest) = page.split_once("type=\"application/json\"").expect("data");
    let said = "This page shows 40000 of ";
    let (_, banner) = words.split_once(said).expect("a banner");
    let all = banner.split(' ').next().expect("a number");
    let all: u64 = all.parse().expect("a number");
    assert!(all > 50_000, "{all}");
    // Without a limit: the run has kept everything.
    let all_of_them = "For all of them: mtasim run ";
    let (_, command) = words.split_once(all_of_them).expect("a command");
    let options = "limits.records=10000000 --out run --pcap run.pcapng --perfetto run.pftrace<";
    assert!(command.contains(options), "{command}");
    let (_, data) = rest.split_once('>').expect("an element");
    let (data, _) = data.split_once("</script>").expect("its end");
    let data: Json = serde_json::from_str(data).expect("JSON");
    let at = column(&data["packets"]["at"]);
    assert_eq!(at.len(), 40_000);
    // Around the leak the page has as many packets as the run has on average in that time.
    let found = data["failures"][0][0]["at"].as_u64().expect("a time");
    let second = 1_000_000_000;
    let around = |times: &[u64]| {
        let times = times.iter();
        times.filter(|it| it.abs_diff(found) < 20 * second).count()
    };
    let (near, average) = (around(&at), all as f64 * 40.0 / 1_200.0);
    assert!(near as f64 > 0.9 * average, "{near} of about {average}");
    // The rest is an even sample: no minute is empty.
    for minute in 0..19 {
        let within = at.iter().filter(|it| **it / (60 * second) == minute);
        assert!(within.count() > 100, "minute {minute}");
    }
}
