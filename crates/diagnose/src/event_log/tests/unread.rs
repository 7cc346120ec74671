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

/// Exports in one file that overlap, each with its newest event first, the older one above.
#[test]
fn exports_that_overlap_in_one_file_count_each_event_once() {
    let rows = in_form(ROW);
    let rows: Vec<&str> = rows.lines().collect();
    let newest_first = |from: usize, to: usize| -> String {
        let rows = rows[from..to].iter().rev();
        rows.map(|it| format!("{it}\n")).collect()
    };
    let text = format!("{HEADING}{}{}", newest_first(0, 4), newest_first(2, 5));
    let log = read_file(&text);
    let found = log.given_up(0).map(|it| (it.calls, it.in_doubt));
    assert_eq!(found, Some((3, 2)));
    let note = "f: the times go back at line 5: it has several exports, put into the order of their times; \
                2 events are in two of them and count once";
    assert_eq!(log.notes(), [note]);
    // Once from each end: the event in the middle may be one or two.
    let log = read_file(&format!(
        "{HEADING}{}\n{}",
        newest_first(0, 5),
        in_form(ROW)
    ));
    assert_eq!(log.given_up(0), None);
    // One event of the common time is in one of them alone.
    let other = newest_first(0, 5).replace("8:00:05", "8:00:06");
    let log = read_file(&format!("{HEADING}{}{other}", newest_first(0, 5)));
    assert_eq!(log.given_up(0), None);
}

/// A start of the service before or after the clock was set back: the order of times would move calls.
#[test]
fn a_clock_that_was_set_back_decides_only_what_both_orders_say() {
    let row = |id: u32, time: &str| ROW.replace("{id}", &id.to_string()).replace("{time}", time);
    let before = row(9298, "1:00:00") + &row(289, "1:30:00") + &row(289, "1:50:00");
    let harmless = read_file(&(before.clone() + &row(9215, "1:10:00") + &row(9215, "1:55:00")));
    assert_eq!(harmless.given_up(0).map(|it| it.calls), Some(2));
    let said = "f: the times go back at line 4: the clock was set back, or its events are not in order; they \
                say the same in the order of the file and in that of their times";
    assert_eq!(harmless.notes(), [said]);
    let restarted = read_file(&(before + &row(9298, "1:10:00") + &row(289, "1:55:00")));
    assert_eq!([0, 1].map(|it| restarted.given_up(it)), [None; 2]);
    assert!(
        restarted.notes()[0].contains("so they decide nothing"),
        "{:?}",
        restarted.notes()
    );
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
    let notes = log.notes();
    assert!(
        notes[0].starts_with("f: the times go back at line 6: "),
        "{notes:?}"
    );
}

/// A table of PowerShell that a mail program has changed: what cannot be read for certain is counted, and no
/// other number is taken for an id.
#[test]
fn a_row_whose_columns_are_moved_is_read_right_or_not_at_all() {
    let heading = "EventID TimeGenerated         Index Source        Message\n\
                   ------- -------------         ----- ------        -------\n";
    let rows: Vec<String> = (0..)
        .zip(RUN)
        .map(|(index, (id, time))| {
            format!(
                "{id:>7} 6/6/2001 {time} AM   {:>5} MSExchangeMTA a 289 b\n",
                9_156 + index
            )
        })
        .collect();
    let whole = read_file(&format!("{heading}{}", rows.concat()));
    let counts =
        |log: &EventLog| -> Vec<(u32, u64)> { log.events().map(|it| (it.0, it.1.count)).collect() };
    let wanted = counts(&whole);
    assert_eq!((wanted.len(), whole.unread()), (3, 0));
    for (at, row) in rows.iter().enumerate() {
        let space = |it: &usize| row.as_bytes()[*it] == b' ';
        let mut changed = Vec::new();
        for place in 0..row.len() - 1 {
            for put in [" ", "  ", "\t", "        "] {
                changed.push(format!("{}{put}{}", &row[..place], &row[place..]));
            }
            changed.push(format!("{}\n", &row[..place]));
        }
        for place in (0..row.len()).filter(space) {
            changed.push(format!("{}{}", &row[..place], &row[place + 1..]));
            changed.push(format!("{}\t{}", &row[..place], &row[place + 1..]));
        }
        let words: Vec<&str> = row.split_ascii_whitespace().collect();
        changed.push(words.join(" ") + "\n");
        changed.push(words.join("\t") + "\n");
        for row in changed.iter().filter(|it| !it.trim().is_empty()) {
            let mut rows = rows.clone();
            rows[at].clone_from(row);
            let log = read_file(&format!("{heading}{}", rows.concat()));
            let found = counts(&log);
            let most = |id: u32| wanted.iter().find(|it| it.0 == id).map_or(0, |it| it.1);
            assert!(found.iter().all(|it| it.1 <= most(it.0)), "{row}{found:?}");
            let read: u64 = found.iter().map(|it| it.1).sum();
            assert_eq!(read + log.unread(), 5, "{row}{found:?}");
        }
    }
    // All rows are moved against the heading.
    let moved: String = rows.iter().map(|it| format!(" {it}")).collect();
    let log = read_file(&format!("{heading}{moved}"));
    assert_eq!((log.is_empty(), log.unread()), (true, 5));
}

/// A syslog says `repeated` instead of an event; other programs write into it, too.
#[test]
fn lines_of_a_syslog_that_stand_for_events_are_unread() {
    let event =
        |id: u32, second: u32| format!("Jun  6 08:05:{second:02} PARIS MSExchangeMTA: {id}: x\n");
    let other = "Jun  6 08:05:11 PARIS sshd[17]: x\n";
    let log = read_file(&(event(9298, 0) + &event(289, 10) + other + &event(289, 20)));
    assert_eq!(log.given_up(0).map(|it| it.calls), Some(2));
    let repeated = "Jun  6 08:05:11 PARIS last message repeated 3 times\n";
    let log = read_file(&(event(9298, 0) + &event(289, 10) + repeated + &event(289, 20)));
    assert_eq!((log.given_up(0), log.unread()), (None, 1));
}

/// A row that ends with its id: `28` may be the start of `289`.
#[test]
fn an_id_at_the_end_of_a_cut_row_is_no_id() {
    let rows = in_form(ROW);
    let (first, _) = rows.split_once('\n').expect("several rows");
    let cut = "6/6/2001,8:00:10 AM,MSExchangeMTA,Error,None,28";
    for heading in ["", HEADING] {
        let log = read_file(&format!("{heading}{first}\n{cut}\n"));
        let ids: Vec<u32> = log.events().map(|it| it.0).collect();
        assert_eq!((ids, log.unread()), (vec![9298], 1), "{heading}");
    }
}
