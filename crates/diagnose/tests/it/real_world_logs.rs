//! Logs as real machines produce them: started late, cut off, with missing lines, with restarts.

use std::time::Duration;

use diagnose::{Allocation, Diagnosis, EventLog, Lines, LogSummary, Parameters, Reader, Reason};

/// A service that has started and is listening.
const START: &str = "\
(001) CB 0 (instance 0) allocated
(001) Use thread cb 0 for Winsock cb 0
(001) Message type 1 for cb 0
(008) Socket 48 created on cb 0
(008) Ac/Cl/Cn events for cb 0, socket 48, handle 52
(008) Wait for cb 0, handle 52
";

/// A call in progress, or leaked.
fn call(cb: u32, instance: u32) -> String {
    format!(
        "(001) CB {cb} (instance {instance}) allocated\n\
         (001) Use thread cb 0 for Winsock cb {cb}\n\
         (001) Message type 1 for cb {cb}\n\
         (008) Socket 56 created on cb {cb}\n\
         (008) Ac/Cl/Cn events for cb {cb}, socket 56, handle 60\n\
         (008) Wait for cb 0, handle 52\n"
    )
}

/// A call that timed out, and whose block the fixed build released.
fn failed(cb: u32, instance: u32) -> String {
    format!(
        "{}(007) Message type 2 for cb {cb}\n(008) close socket 56 on cb {cb}, handle 60\n",
        call(cb, instance)
    )
}

fn with(
    text: &str,
    limits: Parameters,
    events: Option<&EventLog>,
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

fn diagnose(text: &str) -> Vec<Allocation> {
    with(text, Parameters::default(), None).0
}

fn reasons(found: &[Allocation]) -> Vec<(u16, Option<u32>, Reason)> {
    found
        .iter()
        .map(|it| (it.cb, it.instance, it.reason))
        .collect()
}

fn given_up(count: usize) -> EventLog {
    let start = "Event ID: 9298\nDate: 6/6/2001 8:00:00 AM\n\n";
    let text = format!("{start}{}", "Event ID: 289\n\n".repeat(count));
    let (mut lines, mut log) = (Lines::new(text.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    log
}

/// The criterion of Q303102 leaves one question open: has the last call leaked, or just started?
#[test]
fn the_latest_call_is_unknown_and_those_before_it_are_suspected() {
    let text = format!("{START}{}{}", call(1, 1), call(2, 2));
    let wanted = [
        (0, Some(0), Reason::Listening),
        (1, Some(1), Reason::Passed(1)),
        (2, Some(2), Reason::LogEndsTooSoon),
    ];
    assert_eq!(reasons(&diagnose(&text)), wanted);
    // Who knows how many calls are made at once knows more.
    let one = Parameters {
        calls_at_once: Some(1),
        ..Parameters::default()
    };
    assert_eq!(with(&text, one, None).0[1].reason, Reason::Overtaken);
    let two = Parameters {
        calls_at_once: Some(2),
        ..Parameters::default()
    };
    assert_eq!(with(&text, two, None).0[1].reason, Reason::LogEndsTooSoon);
}

/// Each call that was given up has an event 289; closed calls account for their own.
#[test]
fn the_event_log_tells_how_many_calls_were_given_up() {
    // A packet: a log without these lines does not tell which calls were opened.
    let packet = "(122) Entire TPKT received\n";
    let text = format!(
        "{START}{packet}{}{}{}",
        failed(3, 1),
        call(1, 2),
        call(2, 3)
    );
    for (events, first, second) in [
        (1, Reason::NotGivenUp, Reason::NotGivenUp),
        (2, Reason::GivenUp, Reason::NotGivenUp),
        (3, Reason::GivenUp, Reason::GivenUp),
        // An event log that does not match is ignored.
        (0, Reason::Passed(1), Reason::LogEndsTooSoon),
        (4, Reason::Passed(1), Reason::LogEndsTooSoon),
    ] {
        let together = Parameters {
            saved_together: true,
            ..Parameters::default()
        };
        let found = with(&text, together, Some(&given_up(events))).0;
        assert_eq!(
            (found[1].reason, found[2].reason),
            (first, second),
            "{events}"
        );
    }
    // Saved earlier, perhaps: what was given up is given up, and the rest is open.
    for (events, first, second) in [
        (1, Reason::Passed(1), Reason::LogEndsTooSoon),
        (2, Reason::GivenUp, Reason::LogEndsTooSoon),
        (3, Reason::GivenUp, Reason::GivenUp),
    ] {
        let found = with(&text, Parameters::default(), Some(&given_up(events))).0;
        assert_eq!((found[1].reason, found[2].reason), (first, second));
    }
    let late = text.replacen("(instance 0)", "(instance 1)", 1);
    let found = with(&late, Parameters::default(), Some(&given_up(3))).0;
    assert_eq!(found[2].reason, Reason::LogEndsTooSoon);
}

/// With timestamps, age decides: 120 s (Q200259), or more if the log shows longer calls.
#[test]
fn timestamps_distinguish_old_calls_from_recent_ones() {
    let stamped = |at: &str, text: String| -> String {
        text.lines().map(|line| format!("{at} {line}\n")).collect()
    };
    let wait = "(008) Wait for cb 0, handle 52";
    let text = stamped("10:00:00", START.to_owned())
        + &stamped("10:00:10", call(1, 1))
        + &stamped("10:01:20", call(2, 2))
        + &stamped("10:02:30", wait.to_owned())
        + &stamped("10:03:19", wait.to_owned());
    let (found, summary) = with(&text, Parameters::default(), None);
    let age = Duration::from_secs;
    // 70 s of them may be a clock that was set forward.
    let (silent, pause) = (age(189), age(70));
    assert_eq!(found[1].reason, Reason::AcrossPause { age: silent, pause });
    assert_eq!(found[2].reason, Reason::Recent(age(119)));
    let (found, summary_later) = with(
        &(text.clone() + &stamped("10:03:20", wait.to_owned())),
        Parameters::default(),
        None,
    );
    assert_eq!(found[1].reason, Reason::TimedOut(age(190)));
    assert_eq!(summary.last.lasted, Some(age(199)));
    let summary = summary_later;
    let forecast = summary.last.forecast(20, None).expect("it leaks");
    assert_eq!(forecast.free, 17);
    assert!(forecast.time_left.is_some() && forecast.allocations_per_leak == 3.0);
    // A call was connected after 150 s, so the timer is longer, or lines are missing.
    let slow = stamped("10:00:05", call(3, 1))
        + &stamped(
            "10:02:35",
            "(008) R/W/Cl events on cb 3, handle 60".to_owned(),
        )
        + &stamped("10:02:36", call(4, 2))
        + &stamped("10:04:50", "(008) Wait for cb 0, handle 52".to_owned());
    let slow = stamped("10:00:00", START.to_owned()) + &slow;
    let (silent, longest) = (age(134), age(150));
    let contradicted = Reason::TimerContradicted {
        age: silent,
        longest,
    };
    assert_eq!(diagnose(&slow)[2].reason, contradicted);
    // Who knows the timer knows more; a timer that is given counts.
    let given = |seconds| Parameters {
        disconnect_timer: age(seconds),
        timer_is_given: true,
        ..Parameters::default()
    };
    assert_eq!(
        with(&slow, given(160), None).0[2].reason,
        Reason::Recent(silent)
    );
    let pause = silent;
    assert_eq!(
        with(&slow, given(120), None).0[2].reason,
        Reason::AcrossPause { age: silent, pause }
    );
}

/// "Restarting the MTA clears any Control Blocks in use or waiting" (Q303102).
#[test]
fn a_restart_ends_all_allocations_and_a_leak_before_it_is_still_reported() {
    let text = format!(
        "{START}{}{}(008) Wait for cb 2, handle 60\n{START}{}",
        call(1, 1),
        call(2, 2),
        call(1, 1)
    );
    let (found, summary) = with(&text, Parameters::default(), None);
    let reasons: Vec<(u32, Reason)> = found.iter().map(|it| (it.service, it.reason)).collect();
    let wanted = [
        (1, Reason::ServiceEnded),
        (1, Reason::LogEndsTooSoon),
        (1, Reason::ServiceEnded),
        (2, Reason::Listening),
        (2, Reason::LogEndsTooSoon),
    ];
    assert_eq!(reasons, wanted);
    assert_eq!((summary.services, summary.total.allocated), (2, 5));
    // The line with the restart is evidence.
    assert_eq!(found[0].evidence.lines().last(), Some(&20));
}

/// Without its first lines, a log does not say how its blocks were allocated.
#[test]
fn a_log_that_starts_late_leaves_blocks_unknown() {
    let text = "\
ket 48 created on cb 1
(008) Wait for cb 0, handle 52
(008) Wait for cb 4, handle 80
(008) Ac/Cl/Cn events for cb 2, socket 56, handle 60
(007) Message type 2 for cb 1
(008) close socket -1 on cb 1, handle 0
(001) CB 5 (instance 40) allocated
(001) Use thread cb 0 for Winsock cb 5
(001) Message type 1 for cb 5
(008) Socket 56 created on cb 5
(008) Ac/Cl/Cn eve";
    let wanted = [
        (0, None, Reason::Active),
        (1, None, Reason::Released),
        (2, None, Reason::Passed(1)),
        (3, None, Reason::LogStartsTooLate),
        (4, None, Reason::Active),
        (5, Some(40), Reason::LogEndsTooSoon),
    ];
    assert_eq!(reasons(&diagnose(text)), wanted);
}

/// A block that is allocated again was released, even if the log lacks the lines.
#[test]
fn missing_lines_do_not_make_a_leak() {
    let text = format!("{START}{}{}{}", call(1, 1), call(1, 2), failed(1, 3));
    let wanted = [
        (0, Some(0), Reason::Listening),
        (1, Some(1), Reason::Reallocated),
        (1, Some(2), Reason::Reallocated),
        (1, Some(3), Reason::Released),
    ];
    assert_eq!(reasons(&diagnose(&text)), wanted);
    let without_allocation = failed(2, 4).replace("(001) CB 2 (instance 4) allocated\n", "");
    let found = diagnose(&format!("{START}{without_allocation}"));
    assert_eq!(
        (found[1].instance, found[1].reason),
        (None, Reason::Released)
    );
}

/// The driver allocates a block before it accepts a call; the block of an unknown caller does not leak
/// (Q193380).
#[test]
fn a_call_that_is_not_accepted_is_not_a_leak() {
    let text = format!(
        "{START}(008) CB 1 (instance 1) allocated\n(001) CB 2 (instance 2) allocated\n\
         (008) Wait for cb 0, handle 52\n(001) Use thread cb 0 for Winsock cb 2\n\
         (008) CB 1 (instance 3) allocated\n\
         (008) WSAAccept OK, 0 events on new socket 60 on cb 1\n"
    );
    let wanted = [
        (0, Some(0), Reason::Listening),
        (1, Some(1), Reason::NotAccepted),
        (1, Some(3), Reason::Active),
        (2, Some(2), Reason::LogEndsTooSoon),
    ];
    assert_eq!(reasons(&diagnose(&text)), wanted);
}

/// Threads log independently: a late line about a released block does not start an allocation.
#[test]
fn a_late_line_does_not_start_an_allocation() {
    let text = format!(
        "{START}{}(008) Wait for cb 1, handle 60\n(001) Message type 243 for cb 1\n",
        failed(1, 1)
    );
    let diagnoses: Vec<Diagnosis> = diagnose(&text).iter().map(|it| it.diagnosis).collect();
    assert_eq!(diagnoses, [Diagnosis::InUse, Diagnosis::Closed]);
}

/// `14:05` is anything up to 14:05:59, so a block is silent for up to 60 s more or less.
#[test]
fn times_without_seconds_decide_only_what_is_certain() {
    let reason = |day: &str, minutes: std::ops::RangeInclusive<u32>| {
        let stamped = |minute: u32, text: &str| -> String {
            let (hour, minute) = (14 + minute / 60, minute % 60);
            let lines = text.lines();
            lines
                .map(|line| format!("{day}{hour}:{minute:02} {line}\n"))
                .collect()
        };
        let later = minutes.map(|it| stamped(it, "(008) Wait for cb 0, handle 52"));
        let text = stamped(5, &(START.to_owned() + &call(1, 1))) + &later.collect::<String>();
        let (found, summary) = with(&text, Parameters::default(), None);
        assert_eq!(summary.coarse_stamps, summary.lines);
        let unclear = if day.is_empty() { summary.lines } else { 0 };
        assert_eq!(summary.unclear_stamps, unclear);
        found[1].reason
    };
    let age = Duration::from_secs;
    let day = "2001-06-06 ";
    assert_eq!(reason(day, 5..=5), Reason::Recent(age(0)));
    assert_eq!(reason(day, 5..=6), Reason::LogEndsTooSoon);
    assert_eq!(reason(day, 5..=7), Reason::LogEndsTooSoon);
    // A minute of them may be a clock that was set forward.
    let (silent, pause) = (age(180), age(60));
    assert_eq!(
        reason(day, 5..=8),
        Reason::AcrossPause { age: silent, pause }
    );
    assert_eq!(reason(day, 5..=9), Reason::TimedOut(age(240)));
    // Without a date they may be minutes and seconds: 14:05 and 14:09 are 4 s apart, 14:05 and 16:08 are 123 s.
    assert_eq!(reason("", 5..=5), Reason::Recent(age(0)));
    assert_eq!(reason("", 5..=9), Reason::LogEndsTooSoon);
    assert_eq!(reason("", 5..=128), Reason::TimedOut(age(123 * 60)));
    // With seconds, dots are as good as colons.
    let dots = "14.05.33 (001) CB 1 (instance 1) allocated\n14.07.33 (008) No more data\n\
                14.09.33 (008) No more data\n";
    let found = diagnose(dots);
    assert_eq!(found[0].reason, Reason::TimedOut(age(240)));
}

/// A log in a page of HTML is no excerpt.
#[test]
fn tags_are_no_remark_about_lines_that_were_left_out() {
    let text = format!("<html><pre>\n{START}{}</pre></html>\n", call(1, 1));
    assert_eq!(diagnose(&text)[1].reason, Reason::LogEndsTooSoon);
    let excerpt = text.replace("</pre></html>", "<additional logging removed>");
    assert_eq!(diagnose(&excerpt)[1].reason, Reason::NoFurtherLines);
}

/// Times of day say nothing of the day: the reader does, and the page says so.
#[test]
fn midnights_that_are_inferred_are_counted() {
    let count = |times: &[&str]| {
        let lines = times.iter().map(|at| format!("{at} (008) No more data\n"));
        let text: String = lines.collect();
        with(&text, Parameters::default(), None).1.midnights
    };
    assert_eq!(count(&["22:00:00", "23:00:00"]), 0);
    assert_eq!(count(&["23:59:50", "00:00:50", "12:00:00", "00:00:10"]), 2);
    assert_eq!(count(&["2001-06-06 23:59:50", "2001-06-07 00:00:50"]), 0);
}
