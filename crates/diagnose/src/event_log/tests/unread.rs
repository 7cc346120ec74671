//! Events that cannot be read are counted, and decide nothing.

use super::*;

const ROW: &str = "6/6/2001,{time} AM,MSExchangeMTA,Error,None,{id},N/A,PARIS,x\n";
const HEADING: &str = "Date,Time,Source,Type,Category,Event,User,Computer,Description\n";

fn read_file(text: &str) -> EventLog {
    let (mut lines, mut log) = (Lines::new(text.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.end_file("f", None);
    log.finish();
    log
}

#[test]
fn a_row_without_an_id_is_counted_and_named() {
    for row in [
        "6/6/2001,8:00:10 AM,MSExchangeMTA,Error,None,2x9,N/A,PARIS,x",
        "6/6/2001,8:00:10 AM,MSExch",
        "6/6/2001,,,,,,",
    ] {
        let text = {
            let rows = in_form(ROW);
            let (first, rest) = rows.split_once('\n').expect("several rows");
            format!("{HEADING}{first}\n{row}\n{rest}")
        };
        let log = read_file(&text);
        assert_eq!(log.given_up(0), None, "{row}");
        assert_eq!(log.unread(), 1, "{row}");
        let note = "f: 1 event cannot be read, the first of them in line 3; so the events of that run \
                    of the service decide nothing";
        assert_eq!(log.notes(), [note], "{row}");
        // A copy in which all can be read makes up for it.
        let mut both = EventLog::default();
        for text in [text, in_form(ROW)] {
            let mut lines = Lines::new(text.as_bytes());
            while let Some(line) = lines.next_line().expect("memory can be read") {
                both.on_line(line);
            }
            both.end_file("f", None);
        }
        both.finish();
        assert_eq!(both.given_up(0).map(|it| it.calls), Some(3), "{row}");
    }
}

#[test]
fn a_row_without_a_time_counts_at_its_place() {
    for (from, to) in [
        ("6/6/2001,8:00:05 AM", "32/13/2001,8:00:05 AM"),
        ("6/6/2001,8:00:05 AM", "6/6/2001,8:0:5 AN"),
        ("6/6/2001,8:00:05 AM", ","),
    ] {
        let text = format!("{HEADING}{}", in_form(ROW).replace(from, to));
        let log = read_file(&text);
        let found = log.given_up(0).map(|it| (it.calls, it.in_doubt));
        assert_eq!(found, Some((3, 2)), "{to}");
        let note = "f: 1 event has no time that can be read, the first of them in line 3; the order of \
                    the file counts";
        assert_eq!(log.notes(), [note], "{to}");
    }
}

#[test]
fn entries_that_lost_a_line_are_counted() {
    let clipboard = "Event Type:\tError\nEvent Source:\tMSExchangeMTA\nEvent ID:\t{id}\n\
                     Date:\t\t6/6/2001\nTime:\t\t{time} AM\nDescription:\nx\n\n";
    let text = in_form(clipboard).replacen("Event ID:\t289\n", "", 1);
    let log = read_file(&text);
    assert_eq!((log.unread(), log.given_up(0)), (1, None));
    assert!(log.notes()[0].contains("1 event cannot be read, the first of them in line 9;"));
    let ev0 = "message NMI{id}: X.400 Service Event, severity 12\n\n          \
               (MTA MAIN BASE(1) Proc 26) 06-06-01 {time}am\n          x\n\n";
    for (from, to) in [
        ("message NMI289: X.400 Service Event, severity 12\n", ""),
        ("message NMI289", "message NMI"),
    ] {
        let log = read_file(&in_form(ev0).replacen(from, to, 1));
        assert_eq!((log.unread(), log.given_up(0)), (1, None), "{to}");
    }
    // A log that was cut off at its start has lost nothing of a whole run.
    let cut = format!("x\n\n{}", in_form(ev0));
    let log = read_file(&cut);
    assert_eq!(log.given_up(0).map(|it| it.calls), Some(3));
    assert_eq!(
        log.notes(),
        ["f: 1 line is of no event, the first of them line 1"]
    );
}

#[test]
fn lines_of_the_other_log_are_counted() {
    let text = format!("{}(008) Wait for cb 0, handle 52\n", in_form(ROW));
    let log = read_file(&text);
    assert_eq!(log.unread(), 1);
    assert!(
        log.notes()[0].contains("1 line is of a Winsock.log and left out"),
        "{:?}",
        log.notes()
    );
}

/// Newest first, as Event Viewer saves them: read from above, all calls would have been given up before the
/// start.
#[test]
fn a_start_below_other_events_decides_nothing_without_times() {
    // A date of no known form, of one start alone, and one time for all.
    for [at_call, at_start] in [
        ["18 Prairial IX 08:05:00", "18 Prairial IX 08:00:00"],
        ["18 Prairial IX 08:05:00", "6/6/2001 08:00:00"],
        ["6/6/2001 08:00", "6/6/2001 08:00"],
    ] {
        let event =
            |id: u32, at: &str| format!("Event ID: {id}\nSource: MSExchangeMTA\nDate: {at}\n\n");
        let (call, start) = (event(289, at_call), event(9298, at_start));
        let log = read_file(&format!("{call}{start}"));
        assert_eq!(log.given_up(0), None);
        let note = "f: no two of its times differ, so the first event may be the oldest or the newest \
                    one, and the events decide nothing.";
        let notes = log.notes();
        assert!(notes.iter().any(|it| it.starts_with(note)), "{notes:?}");
        // Oldest first, as articles quote them.
        let log = read_file(&format!("{start}{call}"));
        assert_eq!(log.given_up(0).map(|it| it.calls), Some(1));
    }
}

/// Calls that were given up in the second of the failure are no leaks; without times nothing tells which.
#[test]
fn a_failure_without_a_time_decides_nothing() {
    let form = "Event ID: {id}\nSource: MSExchangeMTA\nDate: 18 Prairial IX {time}\n\n";
    let log = read_file(&in_form(form));
    assert_eq!(log.given_up(0), None);
    let note =
        "the failure of the service in line 17, or the call that was given up before it, has no";
    let notes = log.notes();
    assert!(notes.iter().any(|it| it.starts_with(note)), "{notes:?}");
}

/// Two exports in one file, each with its newest event first, the older export above.
#[test]
fn a_file_of_several_exports_is_put_into_the_order_of_time() {
    let rows = |day: u32| {
        let rows = in_form(ROW).replace("6/6/2001", &format!("6/{day}/2001"));
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.reverse();
        rows.join("\n")
    };
    let log = read_file(&format!("{HEADING}{}\n{}\n", rows(13), rows(14)));
    for run in [0, 1] {
        let found = log.given_up(run).map(|it| (it.calls, it.in_doubt));
        assert_eq!(found, Some((3, 2)));
    }
    let note = "f: the times jump at line 6; its events are put into the order of their times";
    assert_eq!(log.notes(), [note]);
}
