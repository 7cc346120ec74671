//! Whatever the text, the diagnosis ends, and says of each life what the text says.
//!
//! Owns the properties: no bytes make it panic, the encoding does not matter, a log that was cut
//! or lost lines costs no more than those lines.

use std::collections::BTreeMap;

use diagnose::{Entry, EventLog, Limits, Lines, Reader, Reason, Summary, Verdict};
use proptest::prelude::*;

fn diagnose(text: &[u8], events: Option<&EventLog>) -> (Vec<Entry>, Summary) {
    let (mut lines, mut reader) = (Lines::new(text), Reader::new(Limits::default(), events));
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |life| found.push(*life));
    }
    let summary = reader.finish(&mut |life| found.push(*life));
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
        "what nobody knows",
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
            let said = form
                .replace("{cb}", &cb.to_string())
                .replace("{n}", &n.to_string());
            let at = stamp.map_or_else(String::new, |at| {
                format!("{:02}:{:02}:{:02} ", at / 3_600, at / 60 % 60, at % 60)
            });
            format!("{at}({thread:03}) {said}\n")
        })
}

/// What must hold of every answer.
fn balances(found: &[Entry], summary: &Summary) {
    let mut by_verdict: BTreeMap<Verdict, u64> = BTreeMap::new();
    for life in found {
        *by_verdict.entry(life.verdict).or_default() += 1;
        assert_eq!(life.verdict, life.reason.verdict());
        let lines = life.evidence.lines();
        assert!(!lines.is_empty() && lines.is_sorted_by(|one, next| one < next));
        assert!(lines.iter().all(|line| (1..=summary.lines).contains(line)));
    }
    let count = |verdict| by_verdict.get(&verdict).copied().unwrap_or(0);
    let total = summary.total;
    assert_eq!(count(Verdict::Leaked), total.leaked);
    assert_eq!(count(Verdict::InUse), total.in_use);
    assert_eq!(count(Verdict::Closed), total.closed);
    assert_eq!(count(Verdict::Unknown), total.unknown);
    let unnamed = found
        .iter()
        .filter(|it| it.reason == Reason::StartsTooLate)
        .count();
    assert_eq!(total.allocated + unnamed as u64, found.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let (found, summary) = diagnose(&bytes, Some(&events(&bytes)));
        balances(&found, &summary);
    }

    #[test]
    fn the_books_balance_whatever_is_said(lines in prop::collection::vec(line(), 0..200)) {
        let text = lines.concat();
        let (found, summary) = diagnose(text.as_bytes(), None);
        prop_assert_eq!(summary.log_lines, lines.len() as u64);
        balances(&found, &summary);
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

    /// A block whose lines are all there is judged the same, whichever of the others' are not.
    #[test]
    fn lost_lines_of_one_block_leave_the_others_alone(
        lines in prop::collection::vec(line(), 0..120),
        lost in prop::collection::vec(any::<bool>(), 120),
    ) {
        // Threads tie lines together, and starts of the service: one thread a block, no start.
        let about = |line: &String| {
            let (_, rest) = line.rsplit_once("cb ")?;
            rest[..1].parse::<u32>().ok()
        };
        let lines: Vec<(u32, String)> = lines.into_iter()
            .filter_map(|line| Some((about(&line)?, line)))
            .map(|(cb, line)| {
                let (_, said) = line.split_once(") ").expect("a thread wrote it");
                (cb, format!("({:03}) {said}", 10 + cb))
            })
            .collect();
        let of_five = |found: Vec<Entry>| -> Vec<(Verdict, bool)> {
            found.into_iter().filter(|it| it.cb == 5 && it.reason != Reason::StartsTooLate)
                .map(|it| (it.verdict, it.instance.is_some()))
                .filter(|it| it.0 == Verdict::Closed).collect()
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
