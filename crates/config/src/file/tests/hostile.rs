//! Malicious and random files: every one is answered with a bounded list of diagnostics.

use proptest::prelude::*;

use super::super::{Code, load};
use super::{FULL, SMALL};
use crate::format::document::SIZE_MAX;

/// Loads the file and renders the diagnostics, whose size must be bounded.
fn survive(bytes: &[u8], overrides: &[String]) -> Vec<Code> {
    match load("x.toml", bytes, overrides) {
        Ok(scenario) => {
            let again = load("again", scenario.to_toml().as_bytes(), &[]);
            assert_eq!(again.as_ref().ok(), Some(&scenario));
            Vec::new()
        }
        Err(found) => {
            assert!(found.diagnostics.len() <= 100);
            assert!(found.to_human(false).len() < 400_000);
            assert!(!found.to_json().to_string().is_empty());
            found.diagnostics.iter().map(|found| found.code).collect()
        }
    }
}

#[test]
fn invalid_or_oversized_text_is_rejected() {
    assert_eq!(survive(b"title = \"\xff\"", &[]), [Code::NotText]);
    assert_eq!(survive(&[0xfe, 0xff, 0, b't'], &[]), [Code::NotText]);
    assert_eq!(survive(&vec![b' '; 10 << 20], &[]), [Code::TooLarge]);
    assert_eq!(survive(&vec![b'#'; SIZE_MAX + 1], &[]), [Code::TooLarge]);
    assert!(survive(&vec![b'\n'; SIZE_MAX], &[]).contains(&Code::MissingKey));
    assert!(survive(b"", &[]).contains(&Code::MissingKey));
    assert!(survive(&[0; 100], &[]).contains(&Code::Syntax));
}

#[test]
fn depth_and_breadth_are_bounded() {
    let cases = [
        "[".repeat(SIZE_MAX - 10),
        format!("a = {}", "[".repeat(SIZE_MAX - 10)),
        format!("a = {}", "{a=".repeat(SIZE_MAX / 4)),
        format!("a = {}{}", "[".repeat(70), "]".repeat(70)),
        format!("a{} = 1", ".a".repeat(70)),
        format!("a{} = 1", ".a".repeat(SIZE_MAX / 3)),
        format!("[a{}]", ".a".repeat(79)),
        {
            let keys = ["a"; 75].join(".");
            format!("{}1{}", format!("{keys} = {{ ").repeat(60), " }".repeat(60))
        },
        "=\n".repeat(SIZE_MAX / 2 - 1),
        "a=\n".repeat(20_000),
        format!("x = \"{}", "\\".repeat(SIZE_MAX - 10)),
        format!("title = \"{}\"", "t".repeat(SIZE_MAX - 20)),
        (0..60_000).map(|index| format!("k{index} = 1\n")).collect(),
        (0..30_000)
            .map(|index| format!("[host.h{index}]\n"))
            .collect(),
        "[[host]]\n".repeat(100_000),
        format!(
            "{SMALL}[workload.w]\nconnector = \"c\"\nat = [{}]",
            "\"1s\",".repeat(150_000)
        ),
        format!("{SMALL}[pin]\ndrop = [{}]", "{},".repeat(200_000)),
    ];
    for text in cases {
        assert!(
            text.len() <= SIZE_MAX,
            "the size is not what is tested here"
        );
        let codes = survive(text.as_bytes(), &[]);
        assert!(!codes.is_empty(), "{:.60}", text);
    }
}

/// What would take seconds to read is refused for its size, and a little less is read.
#[test]
fn keys_and_tables_are_bounded() {
    let link = |index| format!("[link.w{index}]\nbetween = [\"A\", \"B\"]\n");
    let links = |count| SMALL.to_owned() + &(0..count).map(link).collect::<String>();
    assert_eq!(survive(links(20_001).as_bytes(), &[]), [Code::TooMany]);
    assert_eq!(survive(links(500).as_bytes(), &[]), []);
    let keys = "a=1\n".repeat(500_001);
    assert_eq!(survive(keys.as_bytes(), &[]), [Code::TooMany]);
    let comment = format!("{SMALL}# {}\n", "=".repeat(500_001));
    assert_eq!(survive(comment.as_bytes(), &[]), []);
}

#[test]
fn numbers_at_the_limits_are_rejected_or_kept() {
    for value in [
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "0xffffffffffffffff",
        "0b1",
        "1e3",
        "inf",
        "nan",
        "\"0x\"",
        "\"0xg\"",
        "\"0x11111111111111111\"",
        "\"\"",
        "\" \"",
        "\"1/18446744073709551615\"",
        "\"18446744073709551615/18446744073709551615\"",
        "\"1/0\"",
        "\"0/1\"",
        "\"18446744073709551615ns\"",
        "\"18446744073709551615h\"",
        "\"0s\"",
        "\"-0s\"",
        "\"-18446744073709551615ns\"",
        "\"18446744073709551615GiB\"",
        "\"0bit/s\"",
        "\"..\"",
        "\"18446744073709551615..18446744073709551615\"",
        "\"0..18446744073709551616\"",
        "9999-99-99",
        "1979-05-27T07:32:00Z",
        "00:00:00",
        "[]",
        "[[]]",
        "{}",
        "true",
        "\"\\u0000\"",
    ] {
        for path in [
            "seed",
            "duration",
            "healing",
            "epoch",
            "title",
            "host.LYON.cpus",
            "host.LYON.quantum",
            "host.LYON.clock_offset",
            "host.LYON.address",
            "host.LYON.call_jitter",
            "link.wan.bandwidth",
            "link.wan.queue",
            "link.wan.loss",
            "link.wan.between",
            "link.ring.loss.gilbert-elliott.good_to_bad",
            "workload.mail.size",
            "workload.mail.omit",
            "workload.listed.at",
            "workload.rush.burst.count",
            "fault.dig.window",
            "fault.reset-host.at",
            "pin.drop",
            "expect.events.9156",
            "limits.events",
            "host",
            "connector",
        ] {
            survive(FULL.as_bytes(), &[format!("{path}={value}")]);
        }
    }
}

#[test]
fn a_mark_in_the_middle_of_a_long_line_is_shown_in_its_surroundings() {
    let padding = "é".repeat(200_000);
    let text = format!("title = \"t\" # {padding}\nwhy = [\"{padding}\", 1]\n");
    let found = load("x.toml", text.as_bytes(), &[]).expect_err("wrong");
    let rendered = found.to_human(false);
    assert!(
        rendered.contains("`why`: expected a string, found an array"),
        "{rendered}"
    );
    assert!(rendered.len() < 4_000, "{}", rendered.len());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survive(&bytes, &[]);
    }

    #[test]
    fn any_toml_like_text_is_answered(text in "([a-z.\\[\\]{}=\", 0-9\n-]|host|link|loss|at|é){0,120}") {
        survive(text.as_bytes(), &[]);
    }

    #[test]
    fn any_override_is_answered(text in "(host|link|seed|fault|[.=a-zA-Z0-9\"'\\[\\]{} é]){0,30}") {
        survive(FULL.as_bytes(), &[text]);
    }

    #[test]
    fn a_good_file_gone_wrong_is_answered(
        at in 0..FULL.len(),
        length in 0_usize..40,
        new in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut bytes = FULL.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, new);
        survive(&bytes, &[]);
    }

    #[test]
    fn a_file_cut_short_is_answered(end in 0..FULL.len()) {
        survive(&FULL.as_bytes()[..end], &[]);
    }

    #[test]
    fn lines_in_any_order_are_answered(seed in proptest::collection::vec(0_usize..150, 1..40)) {
        let lines: Vec<&str> = FULL.lines().collect();
        let text: String = seed
            .iter()
            .map(|index| format!("{}\n", lines[index % lines.len()]))
            .collect();
        survive(text.as_bytes(), &[]);
    }
}

/// What is written of a scenario can be read again.
#[test]
fn a_scenario_that_would_be_printed_too_large_is_refused() {
    // A space is printed after each comma.
    let times = "\"1ms\",".repeat(90_000);
    let workload = |number| format!("[workload.w{number}]\nconnector = \"c\"\nat = [{times}]\n");
    let workloads: String = (0..15).map(workload).collect();
    let text = format!("{SMALL}{workloads}");
    assert!(text.len() < SIZE_MAX, "the file itself is small enough");
    assert_eq!(survive(text.as_bytes(), &[]), [Code::TooLarge]);
}
