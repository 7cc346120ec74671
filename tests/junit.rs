//! `sweep --format junit` against the elements and attributes of the Jenkins xUnit plugin's junit-10.xsd that it
//! uses. The schema itself is not in the repository.

use crate::program::{code, mtasim, text};

const LEAK: &str = "sims/canary/late-close-5.5.toml";

/// An element of the schema, as far as we write it.
struct Element {
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// In this order.
    children: &'static [&'static str],
}

const fn element(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    children: &'static [&'static str],
) -> Element {
    Element {
        name,
        required,
        optional,
        children,
    }
}

const SCHEMA: [Element; 6] = [
    element("testsuites", &[], &["name"], &["testsuite"]),
    element(
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["skipped"],
        &["testcase", "system-out"],
    ),
    element(
        "testcase",
        &["name"],
        &["classname"],
        &["skipped", "failure"],
    ),
    element("skipped", &[], &[], &[]),
    element("failure", &[], &["message"], &[]),
    element("system-out", &[], &[], &[]),
];

/// Whether text between tags or in an attribute has only characters and entities of XML.
fn is_text(text: &str) -> bool {
    let is_entity = |rest: &str| {
        let name = rest.split_once(';').map(|(name, _)| name);
        let known = ["amp", "lt", "gt", "quot", "apos"];
        name.is_some_and(|it| known.contains(&it) || it.starts_with('#'))
    };
    // XML 1.0 section 2.2.
    let is_character = |it: char| matches!(it, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    !text.contains('<') && text.chars().all(is_character) && text.split('&').skip(1).all(is_entity)
}

/// The names and values of attributes; `None` if they are not well-formed.
fn attributes(mut text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.trim_start().split_once("=\"")?;
        let (value, rest) = rest.split_once('"')?;
        found.push((name, value));
        text = rest;
    }
    Some(found)
}

/// What is wrong with the document.
fn check(xml: &str) -> Result<(), String> {
    let body = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .ok_or("no declaration")?;
    // With the place of the last child among the children of its kind.
    let mut open: Vec<(&Element, usize)> = Vec::new();
    let (mut cases, mut failed, mut said) = (0_usize, 0_usize, Vec::new());
    for part in body.split('<').skip(1) {
        let (tag, after) = part.split_once('>').ok_or("a tag has no end")?;
        if !is_text(after) {
            return Err(format!("not text: {after}"));
        }
        if let Some(name) = tag.strip_prefix('/') {
            let (ended, _) = open.pop().ok_or("more ends than starts")?;
            if ended.name != name {
                return Err(format!("{name} ends {}", ended.name));
            }
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |it| (it, true));
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let children = open.last().map_or(&["testsuites"][..], |it| it.0.children);
        let place = children.iter().position(|it| *it == name);
        let place = place.ok_or(format!("{name} is not expected here"))?;
        if let Some((_, last)) = open.last_mut() {
            if place < *last {
                return Err(format!("{name} comes too late"));
            }
            *last = place;
        }
        let element = SCHEMA.iter().find(|it| it.name == name);
        let element = element.ok_or(format!("{name} is not described"))?;
        let given = attributes(rest).ok_or(format!("attributes: {rest}"))?;
        let names: Vec<&str> = given.iter().map(|it| it.0).collect();
        let is_known = |it: &&str| element.required.contains(it) || element.optional.contains(it);
        if !names.iter().all(is_known)
            || !element.required.iter().all(|it| names.contains(it))
            || !given.iter().all(|it| is_text(it.1))
        {
            return Err(format!("attributes of {name}: {given:?}"));
        }
        cases += usize::from(name == "testcase");
        failed += usize::from(name == "failure");
        let counts = given
            .iter()
            .filter(|it| matches!(it.0, "tests" | "failures"));
        said.extend(counts.filter_map(|it| it.1.parse::<usize>().ok()));
        if !is_empty {
            open.push((element, 0));
        }
    }
    if !open.is_empty() || said != [cases, failed] {
        return Err(format!(
            "{} open, {said:?} said, {cases} cases, {failed} failed",
            open.len()
        ));
    }
    Ok(())
}

#[test]
fn every_outcome_has_the_form_of_the_schema() {
    let sweep = ["sweep", LEAK, "--seeds", "0..2", "--format", "junit"];
    let title = "title=<a b=\"c\">&amp;]]>\u{1b}[31m\u{fffe}</testsuite>'";
    let cases: [(&[&str], i32); 4] = [
        (&[], 0),
        (&["--set", "expect.violations.control-block-leak=\"0\""], 1),
        (&["--set", "limits.events=1"], 5),
        (&["--set", title, "--set", "expect={}"], 1),
    ];
    for (more, expected) in cases {
        let output = mtasim(&[&sweep[..], more].concat());
        code(&output, expected);
        let xml = text(&output.stdout);
        assert_eq!(check(xml), Ok(()), "{xml}");
    }
}

#[test]
fn the_check_of_the_form_can_fail() {
    let whole = |inside: &str, failures: usize| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"n\" tests=\"1\" \
             failures=\"{failures}\" errors=\"0\">{inside}</testsuite>\n</testsuites>\n"
        )
    };
    assert_eq!(check(&whole("<testcase name=\"t\"/>", 0)), Ok(()));
    for (inside, failures) in [
        ("<testcase name=\"t\"/>", 1),
        ("<testcase/>", 0),
        ("<testcase name=\"t\" since=\"1\"/>", 0),
        ("<testcase name=\"a & b\"/>", 0),
        ("<testcase name=\"t\"/>\u{1}", 0),
        ("<testcase name=\"t\">", 0),
        ("<system-out>x</system-out><testcase name=\"t\"/>", 0),
        ("<failure>why</failure><testcase name=\"t\"/>", 1),
        (
            "<testcase name=\"t\"><system-out>x</system-out></testcase>",
            0,
        ),
        (
            "<testcase name=\"t\"><failure message=\"x\">&lt;&nbsp;</failure></testcase>",
            1,
        ),
    ] {
        assert!(check(&whole(inside, failures)).is_err(), "{inside}");
    }
}
