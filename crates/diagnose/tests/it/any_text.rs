//! Properties of the diagnosis of any text: it never panics, counts add up, the encoding does not matter,
//! and missing lines about one block do not change the diagnosis of another.

use std::collections::BTreeMap;

use diagnose::{Allocation, Diagnosis, EventLog, Lines, LogSummary, Parameters, Reader, Reason};
use proptest::prelude::*;

fn diagnose(text: &[u8], events: Option<&EventLog>) -> (Vec<Allocation>, LogSummary) {
    let (mut lines, mut reader) = (Lines::new(text), Reader::new(Parameters::default(), events));
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |it| found.push(*it));
    }
    let summary = reader.finish(&mut |it| found.push(*it));
    (found, summary)
}

fn events(text: &[u8]) -> EventLog {
    let (mut lines, mut log) = (Lines::new(text), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    log
}

/// A line of any form, about one of a few blocks.
fn line() -> impl Strategy<Value = String> {
    let forms = [
        "CB {cb} (instance {n}) allocated",
        "Use thread cb 0 for Winsock cb {cb}",
        "Message type 1 for cb {cb}",
        "Message type 2 for cb {cb}",
        "Message type 243 for cb {cb}",
        "Socket 48 created on cb {cb}",
        "Ac/Cl/Cn events for cb {cb}, socket 48, handle 52",
        "WSAAccept OK, 0 events on new socket 48 on cb {cb}",
        "Wait for cb {cb}, handle 52",
        "R/W/Cl events on cb {cb}, handle 52",
        "Events 1 notified for cb {cb} using handle 52",
        "Receive header for cb {cb} at offset 0",
        "WSARecv on cb {cb}, offset 24",
        "Entire TPKT received",
        "ioctlsocket returned 0, cb {cb}",
        "No more data",
        "Issue Disconnect for cb {cb}",
        "close socket 48 on cb {cb}, handle 52",
        "close socket -1 on cb {cb}, handle 0",
        "an unknown line",
    ];
    let stamp = prop_oneof![Just(None), (0..86_400_u32).prop_map(Some)];
    (
        prop::sample::select(forms.to_vec()),
        0..6_u32,
        0..40_u32,
        prop::sample::select(vec![1, 7, 8, 122]),
        stamp,
    )
        .prop_map(|(form, cb, n, thread, stamp)| {
            let form = form
                .replace("{cb}", &cb.to_string())
                .replace("{n}", &n.to_string());
            let at = stamp.map_or_else(String::new, |at| {
                format!("{:02}:{:02}:{:02} ", at / 3_600, at / 60 % 60, at % 60)
            });
            format!("{at}({thread:03}) {form}\n")
        })
}

/// Checks what holds for every text.
fn assert_consistent(found: &[Allocation], summary: &LogSummary) {
    let mut by_diagnosis: BTreeMap<Diagnosis, u64> = BTreeMap::new();
    for allocation in found {
        *by_diagnosis.entry(allocation.diagnosis).or_default() += 1;
        assert_eq!(allocation.diagnosis, allocation.reason.diagnosis());
        let lines = allocation.evidence.lines();
        assert!(!lines.is_empty() && lines.is_sorted_by(|one, next| one < next));
        assert!(lines.iter().all(|line| (1..=summary.lines).contains(line)));
    }
    let count = |diagnosis| by_diagnosis.get(&diagnosis).copied().unwrap_or(0);
    let total = summary.total;
    assert_eq!(count(Diagnosis::Leaked), total.leaked);
    assert_eq!(count(Diagnosis::InUse), total.in_use);
    assert_eq!(count(Diagnosis::Closed), total.closed);
    assert_eq!(count(Diagnosis::Unknown), total.unknown);
    let unnamed = found
        .iter()
        .filter(|it| it.reason == Reason::LogStartsTooLate)
        .count();
    assert_eq!(total.allocated + unnamed as u64, found.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let (found, summary) = diagnose(&bytes, Some(&events(&bytes)));
        assert_consistent(&found, &summary);
    }

    #[test]
    fn counts_add_up(lines in prop::collection::vec(line(), 0..200)) {
        let text = lines.concat();
        let (found, summary) = diagnose(text.as_bytes(), None);
        prop_assert_eq!(summary.log_lines, lines.len() as u64);
        assert_consistent(&found, &summary);
    }

    #[test]
    fn the_encoding_does_not_matter(lines in prop::collection::vec(line(), 0..60)) {
        let text = lines.concat();
        let wanted = diagnose(text.as_bytes(), None);
        let dos = text.replace('\n', "\r\n");
        prop_assert_eq!(&diagnose(dos.as_bytes(), None), &wanted);
        let wide: Vec<u8> = "\u{feff}".chars().chain(dos.chars())
            .flat_map(|it| (it as u16).to_le_bytes()).collect();
        prop_assert_eq!(&diagnose(&wide, None), &wanted);
    }

    /// A block whose lines are all present gets the same diagnosis, whatever lines about others are missing.
    #[test]
    fn lost_lines_of_one_block_leave_the_others_alone(
        lines in prop::collection::vec(line(), 0..120),
        lost in prop::collection::vec(any::<bool>(), 120),
    ) {
        // Lines are related by thread and by service run: use one thread per block, and one run.
        let about = |line: &String| {
            let (_, rest) = line.rsplit_once("cb ")?;
            rest[..1].parse::<u32>().ok()
        };
        let lines: Vec<(u32, String)> = lines.into_iter()
            .filter_map(|line| Some((about(&line)?, line)))
            .map(|(cb, line)| {
                let (_, form) = line.split_once(") ").expect("a thread wrote it");
                (cb, format!("({:03}) {form}", 10 + cb))
            })
            .collect();
        let of_five = |found: Vec<Allocation>| -> Vec<(Diagnosis, bool)> {
            found.into_iter().filter(|it| it.cb == 5 && it.reason != Reason::LogStartsTooLate)
                .map(|it| (it.diagnosis, it.instance.is_some()))
                .filter(|it| it.0 == Diagnosis::Closed).collect()
        };
        let whole: String = lines.iter().map(|it| it.1.as_str()).collect();
        let rest: String = lines.iter().zip(&lost)
            .filter(|((cb, _), lost)| *cb == 5 || !**lost)
            .map(|((_, line), _)| line.as_str()).collect();
        prop_assert_eq!(
            of_five(diagnose(whole.as_bytes(), None).0),
            of_five(diagnose(rest.as_bytes(), None).0)
        );
    }
}
