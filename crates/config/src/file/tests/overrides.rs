//! `--set` overrides.

use kernel::Duration;

use super::super::load;
use super::{FULL, SMALL, rendered};
use crate::plan::{Loss, Scenario};

fn overridden(text: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    load("test.toml", text.as_bytes(), &overrides)
        .unwrap_or_else(|found| panic!("{}", found.to_human(false)))
}

#[test]
fn an_override_is_as_if_the_file_said_so() {
    let written = super::load(&SMALL.replace("[connector", "delay = \"180ms\"\n[connector"));
    for value in ["180ms", "\"180ms\"", " 180ms ", "'180ms'"] {
        let text = format!("link.l.delay={value}");
        assert_eq!(overridden(SMALL, &[&text]), written, "{value}");
    }
}

#[test]
fn overrides_add_replace_and_follow_each_other() {
    let scenario = overridden(
        FULL,
        &[
            "seed=7",
            "seed=8",
            "link.wan.loss=none",
            "host.LYON.cpus=4",
            "workload.mail.omit=[1, 2]",
            "expect.violations.socket-leak=0",
            "epoch=2000-01-01T00:00:00",
        ],
    );
    assert_eq!(scenario.seed, 8);
    assert_eq!(scenario.links["wan"].forward.loss, Loss::None);
    assert_eq!(scenario.hosts["LYON"].cpus, 4);
    assert_eq!(scenario.workloads["mail"].omit, [1, 2]);
    assert_eq!(scenario.expect.violations.len(), 4);
    assert_eq!(scenario.epoch.0.year(), 2000);
}

#[test]
fn an_override_can_make_a_table() {
    let scenario = overridden(
        SMALL,
        &["fault.f.cut.link=l", "fault.f.window=[\"1s\", \"2s\"]"],
    );
    assert_eq!(scenario.faults.len(), 1);
    let scenario = overridden(SMALL, &["limits={ events = 5 }"]);
    assert_eq!(scenario.limits.events, 5);
    let scenario = overridden(SMALL, &["healing=1h30m"]);
    assert_eq!(scenario.healing, Some(Duration::from_secs(5_400)));
}

#[test]
fn a_wrong_override_is_shown_as_it_was_typed() {
    assert_eq!(
        rendered(SMALL.as_bytes(), &["seed=3", "link.l.delay=20"]),
        "\
error[MTA0007]: `link.l.delay`: expected a length of time such as \"90s\" or \"1h30m\": the unit is missing
 --> --set:1:14
  |
1 | link.l.delay=20
  |              ^^
  |
  = help: units are d, h, m, s, ms, us, ns

test.toml: 1 error
"
    );
    for (text, message) in [
        ("seed", "an override has no `=`"),
        ("=3", "the path of an override is not a dotted key"),
        ("a b=3", "the path of an override is not a dotted key"),
        ("[a]=3", "the path of an override is not a dotted key"),
        (
            "title.x=3",
            "the path leads into a string, which has no keys",
        ),
        ("link.l.dealy=20ms", "`link.l` has no key `dealy`"),
        (
            "link.l.loss.outages={ x = [1, }",
            "`link.l.loss.outages`: expected a table, found a string",
        ),
    ] {
        let rendered = rendered(SMALL.as_bytes(), &[text]);
        assert!(
            rendered.contains(message) && rendered.contains("--> --set:1:"),
            "{rendered}"
        );
    }
}

#[test]
fn overrides_are_not_dropped_where_they_are_too_many() {
    let overrides = vec!["seed=1".to_owned(); 1_001];
    let found = load("test.toml", SMALL.as_bytes(), &overrides).expect_err("too many");
    assert_eq!(found.diagnostics[0].message, "more than 1000 overrides");
}
