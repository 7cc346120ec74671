//! Logs of two computers in one file: no order of their lines passes for a log of one computer. A log of
//! one computer has no such contradiction, even if a part of it is missing.

use diagnose::consistency::Contradiction;
use diagnose::{Contradictions, Diagnosis, Lines, LogSummary, Parameters, Reader};
use proptest::prelude::*;

/// The log of a service from its start: a listener, and calls that follow each other. Some leak.
fn log(handle: u32, calls: &[bool]) -> Vec<String> {
    let mut log = vec![
        "(008) CB 0 (instance 0) allocated".to_owned(),
        "(008) Use thread cb 0 for Winsock cb 0".to_owned(),
        format!("(008) Wait for cb 0, handle {handle}"),
    ];
    let mut block = 1;
    for (before, leaks) in calls.iter().enumerate() {
        let (instance, own) = (before + 1, handle + 4 + before as u32 % 3 * 4);
        log.extend([
            format!("(001) CB {block} (instance {instance}) allocated"),
            format!("(001) Use thread cb 0 for Winsock cb {block}"),
            format!("(001) Message type 1 for cb {block}"),
            format!("(008) Socket {own} created on cb {block}"),
            format!("(008) Ac/Cl/Cn events for cb {block}, socket {own}, handle {own}"),
        ]);
        if *leaks {
            block += 1;
        } else {
            log.extend([
                format!("(008) Wait for cb 0, handle {handle}"),
                format!("(008) Wait for cb {block}, handle {own}"),
                format!("(008) close socket {own} on cb {block}, handle {own}"),
                format!("(007) Message type 2 for cb {block}"),
                format!("(008) close socket -1 on cb {block}, handle 0"),
            ]);
        }
        log.push(format!("(008) Wait for cb 0, handle {handle}"));
    }
    log
}

fn read(log: &[String]) -> (Vec<Diagnosis>, LogSummary) {
    let text = log.join("\r\n");
    let mut lines = Lines::new(text.as_bytes());
    let mut reader = Reader::new(Parameters::default(), None);
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |it| found.push(it.diagnosis));
    }
    let summary = reader.finish(&mut |it| found.push(it.diagnosis));
    (found, summary)
}

/// The lines of both in the order of `choices`, each with its own computer's lines in order.
fn mixed(one: &[String], other: &[String], choices: &[bool]) -> Vec<String> {
    let (mut one, mut other) = (one.iter(), other.iter());
    let mut all = Vec::new();
    for choice in choices {
        all.extend(if *choice { one.next() } else { other.next() }.cloned());
    }
    all.extend(one.chain(other).cloned());
    all
}

fn kinds(found: &Contradictions) -> Vec<Contradiction> {
    found.found().iter().map(|it| it.what).collect()
}

fn calls() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.2), 3..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Both logs go on for a while beside each other.
    #[test]
    fn two_computers_contradict_each_other(
        one in calls(),
        other in calls(),
        choices in prop::collection::vec(any::<bool>(), 60..100),
    ) {
        let (one, other) = (log(52, &one), log(1052, &other));
        let (found, summary) = read(&mixed(&one, &other, &choices));
        prop_assert!(summary.contradictions.prove_mixture(), "{:?}", summary.contradictions);
        let first = summary.contradictions.found()[0].line;
        prop_assert!(first <= summary.lines);
        // Nothing is certain from there on; the log ends there.
        prop_assert!(found.last() != Some(&Diagnosis::Leaked), "{found:?}");
    }

    #[test]
    fn one_computer_does_not_contradict_itself(calls in calls()) {
        let (_, summary) = read(&log(52, &calls));
        prop_assert!(summary.contradictions.is_empty(), "{:?}", summary.contradictions);
    }

    /// A part that is missing may show, but never as a mixture.
    #[test]
    fn missing_lines_are_no_mixture(calls in calls(), from in 0..100_usize, length in 0..60_usize) {
        let mut log = log(52, &calls);
        let from = from.min(log.len());
        log.drain(from..(from + length).min(log.len()));
        let (_, summary) = read(&log);
        prop_assert!(!summary.contradictions.prove_mixture(), "{:?}", summary.contradictions);
    }

    /// With the names of the computers in front of the lines, these are named.
    #[test]
    fn computers_are_named(choices in prop::collection::vec(any::<bool>(), 10..60)) {
        let calls = [false, true, false];
        let tagged = |host: &str, handle| -> Vec<String> {
            let tag = |line: &String| format!("Jun  6 15:36:27 {host} mta[312]: {line}");
            log(handle, &calls).iter().map(tag).collect()
        };
        let (_, alone) = read(&tagged("paris", 52));
        prop_assert!(alone.hosts.is_empty() && alone.contradictions.is_empty());
        let (_, summary) = read(&mixed(&tagged("paris", 52), &tagged("lyon", 52), &choices));
        let mut names: Vec<&str> = summary.hosts.iter().map(|it| it.0.as_str()).collect();
        names.sort_unstable();
        prop_assert_eq!(names, ["lyon", "paris"]);
        prop_assert_eq!(kinds(&summary.contradictions)[0], Contradiction::SeveralHosts);
    }
}

/// One log after the other, the second cut off at its start: the numbers go back once, as after a restart.
#[test]
fn parts_that_follow_each_other_are_no_mixture() {
    let whole = log(52, &[false; 60]);
    let late = whole[400..].iter().cloned();
    let both: Vec<String> = late.chain(whole.iter().cloned()).collect();
    let (_, summary) = read(&both);
    assert!(!summary.contradictions.prove_mixture());
    // Parts of two services take turns: they come back to where they were.
    let parts = [&whole[400..450], &whole[30..60], &whole[450..490]].concat();
    let (_, summary) = read(&parts);
    assert_eq!(
        kinds(&summary.contradictions)[0],
        Contradiction::InstancesReturn
    );
}
