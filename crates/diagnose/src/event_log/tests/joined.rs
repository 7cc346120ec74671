//! Several files of one log: parts, copies, exports that overlap, and files of other computers.

use super::*;

/// The events of [`RUN`] from one to another in one form.
fn part(form: &str, from: usize, to: usize) -> String {
    let entries = RUN[from..to].iter().map(|(id, time)| {
        form.replace("{id}", &id.to_string())
            .replace("{time}", time)
    });
    entries.collect()
}

fn joined(parts: &[(String, Option<u32>)]) -> EventLog {
    let mut log = EventLog::default();
    for (number, (text, part)) in parts.iter().enumerate() {
        let mut lines = Lines::new(text.as_bytes());
        while let Some(line) = lines.next_line().expect("memory can be read") {
            log.on_line(line);
        }
        log.end_file(&format!("file {number}"), *part);
    }
    log.finish();
    log
}

fn found(log: &EventLog) -> Option<(u64, u64)> {
    log.given_up(0).map(|it| (it.calls, it.in_doubt))
}

const ARTICLE: &str = "Event ID: {id}\nDate: 6/6/2001 {time} AM\n\n";
const ROW: &str = "6/6/2001,{time} AM,MSExchangeMTA,Error,None,{id},N/A,PARIS,x\n";
const TEXT: &str = "message NMI{id}: X.400 Service Event, severity 12\n\n          \
    (MTA MAIN BASE(1) Proc 26) 06-06-01 {time}am\n          x\n\n";

/// However the events are spread over files, each counts once.
#[test]
fn what_is_in_several_files_counts_once() {
    for (one, other) in [(ARTICLE, ARTICLE), (ROW, ROW), (ARTICLE, ROW), (ROW, TEXT)] {
        for (end, begin) in [
            (5, 0),
            (2, 2),
            (3, 1),
            (4, 2),
            (4, 3),
            (5, 2),
            (2, 0),
            (5, 4),
        ] {
            let (first, second) = (part(one, 0, end), part(other, begin, 5));
            for parts in [[first.clone(), second.clone()], [second, first]] {
                let log = joined(&parts.clone().map(|it| (it, None)));
                assert_eq!(found(&log), Some((3, 2)), "{parts:?}");
                let counts: Vec<u64> = log.events().map(|it| it.1.count).collect();
                assert_eq!(counts, [3, 1, 1], "{parts:?}");
            }
        }
    }
    // One of three was filtered.
    let calls = part(ROW, 1, 4);
    let log = joined(&[part(ROW, 0, 2), calls, part(ROW, 3, 5)].map(|it| (it, None)));
    assert_eq!(found(&log), Some((3, 2)));
}

#[test]
fn only_files_that_count_are_named_and_the_others_have_a_reason() {
    let whole = part(ROW, 0, 5);
    let log = joined(&[whole.clone(), whole.clone()].map(|it| (it, None)));
    assert_eq!(log.used(), ["file 0"]);
    let reason = "file 1: left out, because its 5 events are all in file 0 too";
    assert_eq!(log.notes(), [reason]);
    let log = joined(&[part(ROW, 0, 4), part(ROW, 1, 5)].map(|it| (it, None)));
    assert_eq!(log.used(), ["file 0", "file 1"]);
    let reason = "file 1: 3 of its 4 events are in file 0 too and count once";
    assert_eq!(log.notes(), [reason]);
}

/// EV0.LOG begins in the second in which EV1.LOG ends: its events are others.
#[test]
fn parts_of_a_log_follow_each_other_even_within_a_second() {
    let (old, new) = (part(TEXT, 0, 3), part(TEXT, 3, 5));
    let log = joined(&[(new.clone(), Some(0)), (old.clone(), Some(1))]);
    assert_eq!(found(&log), Some((3, 2)));
    assert_eq!(log.notes(), &[] as &[String]);
    // A copy that was made before the log rolled over.
    let copy = part(TEXT, 0, 4);
    let log = joined(&[(new, Some(0)), (old, Some(1)), (copy, Some(0))]);
    assert_eq!(found(&log), Some((3, 2)));
}

/// Both logs of a computer have the same events, perhaps a second apart.
#[test]
fn the_text_event_log_and_the_application_log_agree_to_the_second() {
    let later = part(TEXT, 0, 5).replace("8:00:05", "8:00:06");
    let log = joined(&[part(ROW, 0, 5), later].map(|it| (it, None)));
    assert_eq!(found(&log), Some((3, 2)));
    // An export without seconds.
    let coarse = ["8:00:00", "8:00:05", "8:00:20", "8:00:21"];
    let coarse = coarse
        .iter()
        .fold(part(ROW, 0, 5), |text, time| text.replace(time, "8:00"));
    let log = joined(&[part(ARTICLE, 0, 5), coarse].map(|it| (it, None)));
    assert_eq!(log.given_up(0).map(|it| it.calls), Some(3));
    // Another call, in the next minute, is another event.
    let next = "6/6/2001,8:01 AM,MSExchangeMTA,Error,None,289,N/A,PARIS,x\n";
    let coarse = "6/6/2001,8:00 AM,MSExchangeMTA,Error,None,289,N/A,PARIS,x\n".to_owned() + next;
    let log = joined(&[part(ARTICLE, 0, 5), coarse].map(|it| (it, None)));
    assert_eq!(log.given_up(0).map(|it| it.calls), Some(4));
}

#[test]
fn files_that_contradict_each_other_decide_nothing() {
    let other = part(ARTICLE, 0, 5)
        .replace("8:00:05", "8:00:07")
        .replace("8:00:20", "8:00:19")
        .replace("8:00:00", "7:59:59")
        .replace("8:00:21", "8:00:40");
    let log = joined(&[part(ARTICLE, 0, 5), other].map(|it| (it, None)));
    assert_eq!(found(&log), None);
    let notes = log.notes();
    assert!(
        notes[0].contains("they may be of two computers"),
        "{notes:?}"
    );
}

#[test]
fn the_events_of_another_computer_are_left_out() {
    let both = part(ROW, 0, 5) + &part(ROW, 0, 3).replace("PARIS", "LYON.org.com");
    let read = |wanted: Option<&str>| {
        let (mut lines, mut log) = (Lines::new(both.as_bytes()), EventLog::default());
        wanted.into_iter().for_each(|it| log.of_computer(it));
        while let Some(line) = lines.next_line().expect("memory can be read") {
            log.on_line(line);
        }
        log.end_file("all.csv", None);
        log.finish();
        log
    };
    let log = read(Some("paris"));
    assert_eq!(found(&log), Some((3, 2)));
    assert_eq!(
        log.notes(),
        ["3 events of other computers than PARIS left out"]
    );
    assert_eq!(found(&read(Some("LYON"))), Some((2, 0)));
    for log in [read(None), read(Some("ROM"))] {
        assert_eq!(found(&log), None);
        assert!(log.notes()[0].starts_with("the events are of 2 computers, LYON, PARIS"));
    }
}

#[test]
fn the_events_of_another_computer_alone_decide_nothing() {
    let mut log = EventLog::default();
    log.of_computer("LYON");
    let text = part(ROW, 0, 5);
    let mut lines = Lines::new(text.as_bytes());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    assert_eq!(found(&log), None);
    let note = "the events are of computer PARIS, and by its name the Winsock.log is of LYON; so they decide \
                nothing";
    assert_eq!(log.notes(), [note]);
}

/// A day above 12 in one file shows the order for all.
#[test]
fn one_file_shows_the_order_of_day_and_month_for_the_others() {
    let text = |day: &str, at: usize| {
        let (id, time) = RUN[at];
        format!("{day}/2001,{time},MSExchangeMTA,Error,None,{id},N/A,PARIS,x\n")
    };
    let first = text("05/06", 0) + &text("05/06", 1);
    let second = text("13/06", 2) + &text("13/06", 3) + &text("13/06", 4);
    let log = joined(&[first, second].map(|it| (it, None)));
    assert_eq!(log.lasted(0), Some(Duration::from_secs(8 * 86_400 + 21)));
}
