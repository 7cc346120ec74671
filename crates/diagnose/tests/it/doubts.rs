//! What leaves a doubt: a clock that may have been set forward, calls that took too long, lines that are missing,
//! events that may be missing.

use std::fmt::Write as _;
use std::time::Duration;

use diagnose::consistency::Contradiction;
use diagnose::{Allocation, Diagnosis, EventLog, Lines, LogSummary, Parameters, Reader, Reason};

const LISTENER: &str = "(008) CB 0 (instance 0) allocated\n(008) Wait for cb 0, handle 52\n";
const WAIT: &str = "(008) Wait for cb 0, handle 52\n";

fn call(cb: u32, instance: u32) -> String {
    format!(
        "(001) CB {cb} (instance {instance}) allocated\n\
         (001) Use thread cb 0 for Winsock cb {cb}\n\
         (001) Message type 1 for cb {cb}\n\
         (008) Socket 6{cb} created on cb {cb}\n\
         (008) Ac/Cl/Cn events for cb {cb}, socket 6{cb}, handle 5{cb}\n"
    )
}

fn answer(cb: u32) -> String {
    format!(
        "(008) Events 16 notified for cb {cb} using handle 5{cb}\n\
         (008) Receive header for cb {cb} at offset 0\n\
         (008) Entire TPKT received\n"
    )
}

fn close(cb: u32) -> String {
    format!(
        "(008) Issue Disconnect for cb {cb}\n(008) close socket 6{cb} on cb {cb}, handle 5{cb}\n\
         (008) close socket -1 on cb {cb}, handle 0\n"
    )
}

fn at(time: &str, text: &str) -> String {
    let lines = text.lines();
    lines
        .map(|line| format!("2001-03-25 {time} {line}\n"))
        .collect()
}

fn events(ids: &[(u32, &str)]) -> EventLog {
    let text = ids.iter().fold(String::new(), |mut text, (id, time)| {
        let _ = writeln!(
            text,
            "Event ID: {id}\nSource: MSExchangeMTA\nDate: 6/6/2001 {time} AM\n"
        );
        text
    });
    let (mut lines, mut log) = (Lines::new(text.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    log
}

fn with(
    text: &str,
    events: Option<&EventLog>,
    limits: Parameters,
) -> (Vec<Allocation>, LogSummary) {
    let (mut lines, mut reader) = (Lines::new(text.as_bytes()), Reader::new(limits, events));
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |it| found.push(*it));
    }
    let summary = reader.finish(&mut |it| found.push(*it));
    found.sort_by_key(|it| (it.service, it.cb, it.instance));
    (found, summary)
}

/// The reason for the last life of this block.
fn reason(text: &str, events: Option<&EventLog>, cb: u16) -> Reason {
    let (found, _) = with(text, events, Parameters::default());
    let of_block = found.iter().rfind(|it| it.cb == cb);
    of_block.expect("the log names it").reason
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The night in which summer time begins, with one line after it.
#[test]
fn an_age_that_rests_on_one_gap_is_a_suspicion() {
    let text = at("01:59:40", LISTENER) + &at("01:59:50", &call(1, 1)) + &at("03:00:10", WAIT);
    let (age, pause) = (seconds(3_620), seconds(3_620));
    assert_eq!(reason(&text, None, 1), Reason::AcrossPause { age, pause });
    // Later lines decide, even in a log of few lines.
    let later = text + &at("03:02:10", WAIT);
    assert_eq!(reason(&later, None, 1), Reason::TimedOut(seconds(3_740)));
}

/// A call across the same gap, or one whose release and next allocation are missing, seems to take an hour.
#[test]
fn a_call_that_takes_too_long_clears_no_block() {
    let forward = at("01:50:00", LISTENER)
        + &at("01:59:50", &call(1, 1))
        + &at("03:00:05", &(answer(1) + &close(1)))
        + &at("03:05:00", &call(2, 2))
        + &at("03:30:00", WAIT)
        + &at("04:00:00", WAIT);
    let (age, longest) = (seconds(3_300), seconds(3_615));
    let contradicted = Reason::TimerContradicted { age, longest };
    assert_eq!(reason(&forward, None, 2), contradicted);
    assert_eq!(contradicted.diagnosis(), Diagnosis::Suspected);
    let given = Parameters {
        timer_is_given: true,
        ..Parameters::default()
    };
    let (found, summary) = with(&forward, None, given);
    assert_eq!(found[2].reason, Reason::TimedOut(age));
    assert_eq!(summary.longest_call, longest);
}

/// Instance 2 failed and was released in the hole; its event 289 is not that of the call in progress.
#[test]
fn events_do_not_count_if_instance_numbers_are_missing() {
    let log = events(&[(9298, "8:00:00"), (289, "8:05:00"), (289, "8:10:00")]);
    let text = format!("{LISTENER}{}{}{}", call(1, 1), close(1), call(1, 3));
    let (found, summary) = with(&text, Some(&log), Parameters::default());
    assert_eq!(found[2].reason, Reason::LogEndsTooSoon);
    let kinds = summary
        .contradictions
        .found()
        .iter()
        .map(|it| (it.what, it.line, it.earlier));
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [(Contradiction::InstancesMissing, 11, 3)]
    );
    // Threads log their numbers late: nothing is missing.
    let late = format!("{LISTENER}{}{}{}", call(1, 2), call(2, 1), call(3, 3));
    assert!(
        with(&late, None, Parameters::default())
            .1
            .contradictions
            .is_empty()
    );
}

/// A block that is used, but was never allocated, and a start of the service without its first lines.
#[test]
fn missing_lines_show_without_a_gap_in_the_numbers() {
    let kinds = |text: &str| -> Vec<Contradiction> {
        let (_, summary) = with(text, None, Parameters::default());
        summary
            .contradictions
            .found()
            .iter()
            .map(|it| it.what)
            .collect()
    };
    let used = format!("{LISTENER}{}", answer(3));
    assert_eq!(kinds(&used), [Contradiction::NotAllocated]);
    let calls: String = (1..=40).map(|it| call(1, it) + &close(1)).collect();
    let restarted = format!("{LISTENER}{calls}{}", call(2, 3));
    assert_eq!(kinds(&restarted), [Contradiction::StartMissing]);
    // A log that starts late says nothing of what was before.
    assert_eq!(kinds(&answer(3)), []);
}

/// `grep '(001)'` of a stamped log: each block is allocated again and again, and never released.
#[test]
fn no_block_of_a_log_with_missing_lines_is_leaked() {
    let stamp =
        |minute: u32, text: &str| at(&format!("{:02}:{:02}:00", minute / 60, minute % 60), text);
    let calls: String = (1..=60).map(|it| stamp(it, &call(1, it))).collect();
    let log = stamp(0, LISTENER) + &calls + &stamp(70, WAIT) + &stamp(80, WAIT);
    let left: String = log
        .split_inclusive('\n')
        .filter(|it| it.contains("(001)"))
        .collect();
    let left = left
        + &stamp(70, "(001) Message type 1 for cb 2")
        + &stamp(80, "(001) Message type 1 for cb 2");
    assert_eq!(reason(&left, None, 1), Reason::LinesMissing);
}

/// `grep allocated`: no line tells what became of any block.
#[test]
fn a_block_without_a_line_about_its_release_is_not_closed_if_lines_are_missing() {
    let lines = (0..5).map(|it| format!("(001) CB {it} (instance {it}) allocated\n"));
    let text: String = lines.collect();
    assert_eq!(reason(&text, None, 3), Reason::NotAcceptedPerhaps);
    // An incoming call that was not accepted, in a whole log.
    let whole = format!(
        "{LISTENER}{}(008) CB 2 (instance 2) allocated\n{WAIT}",
        call(1, 1)
    );
    assert_eq!(reason(&whole, None, 2), Reason::NotAccepted);
}

/// `sort` of an undated log: the numbers go back again and again, and the last part names one block.
#[test]
fn one_block_in_a_part_of_a_log_is_no_excerpt() {
    let calls: String = (1..=40).map(|it| call(1, it) + &close(1)).collect();
    let text = format!("{LISTENER}{calls}{}", call(2, 3));
    assert_ne!(reason(&text, None, 2).diagnosis(), Diagnosis::Leaked);
    assert_eq!(reason(&call(2, 3), None, 2), Reason::NoFurtherLines);
}

/// A refused call has an event 9156 beside its 289. If calls may have been refused, and there is none, it may have been
/// filtered out.
#[test]
fn calls_that_were_given_up_do_not_count_if_they_may_have_been_refused() {
    let text = format!("{LISTENER}{}{}", call(1, 1), call(2, 2));
    let log = events(&[(9298, "8:00:00"), (289, "8:05:00"), (289, "8:05:10")]);
    assert_eq!(reason(&text, Some(&log), 2), Reason::GivenUp);
    let small = Parameters {
        pool: 3,
        ..Parameters::default()
    };
    let (found, _) = with(&text, Some(&log), small);
    assert_eq!(found[2].reason, Reason::RefusedPerhaps);
    // Without any event 289 nothing tells that no call was given up.
    let log = events(&[(9298, "8:00:00"), (9215, "8:05:00"), (9299, "8:10:00")]);
    assert_eq!(reason(&text, Some(&log), 2), Reason::LogEndsTooSoon);
}

/// The right value of a case that a user has handed in: the service failed before it could release the blocks.
#[test]
fn calls_given_up_in_the_second_of_the_failure_are_in_use() {
    let text = format!("{LISTENER}{}{}{}", call(1, 1), call(2, 2), call(3, 3));
    let failed = [
        (9298, "8:00:00"),
        (289, "8:00:05"),
        (289, "8:00:20"),
        (289, "8:00:20"),
        (9405, "8:00:21"),
    ];
    let log = events(&failed);
    let found = [1, 2, 3].map(|cb| reason(&text, Some(&log), cb));
    let in_failure = Reason::GivenUpInFailure;
    assert_eq!(found, [Reason::GivenUp, in_failure, in_failure]);
    assert_eq!(in_failure.diagnosis(), Diagnosis::InUse);
    // Without the start of the service the events decide nothing.
    let log = events(&failed[1..]);
    assert_eq!(reason(&text, Some(&log), 3), Reason::LogEndsTooSoon);
}
