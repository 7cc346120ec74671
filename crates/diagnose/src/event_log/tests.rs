//! Tests of reading the application event log.

use super::*;
use crate::text::Lines;

fn read(text: &str) -> EventLog {
    let (mut lines, mut log) = (Lines::new(text.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    log
}

mod forms;
mod joined;
mod unread;

const EVENT_VIEWER: &str = "\
Event ID: 9298
Source: MSExchangeMTA
Date: 6/6/2001 8:00:00 AM
Description: Microsoft Exchange Server MTA Service startup complete, version 5.5.

Event ID: 9156
Date: 6/6/2001 8:10:00 AM
Description: There are no free control blocks available for network type 1. The configured count is 20. [BASE IL MAIN BASE 1 282] (10)

Event ID: 289
Date: 6/6/2001 8:10:00 AM
Description: A connection to X could not be opened. [MTA MAIN BASE 1 26] (12)

Event ID: 9156
Date: 6/6/2001 8:20:00 AM
Description: There are no free control blocks available for network type 1. The
configured count is 20. [BASE IL TCP/IP DRVR 8 282] (10)

Event ID: 289
Date: 6/6/2001 8:30:00 AM
Description: A connection to X could not be opened. [MTA MAIN BASE 1 26] (12)
";

const EV0: &str = "\
message NMI9298: X.400 Service Event, severity 14

          (BASE IL MAIN BASE(1) Proc 490) 06-06-01 08:00:00am
          Microsoft Exchange Server MTA Service startup complete, version 5.5.

message NMI9156: Resource Event, severity 10

          (BASE IL MAIN BASE(1) Proc 282) 06-06-01 08:10:00am
          There are no free control blocks available. The configured count is 20.

message NMI289: X.400 Service Event, severity 12

          (MTA MAIN BASE(1) Proc 26) 06-06-01 08:10:00am
          A connection to X could not be opened.

message NMI9156: Resource Event, severity 10

          (BASE IL TCP/IP DRVR(8) Proc 282) 06-06-01 08:20:00am
          There are no free control blocks available. The configured count is 20.

message NMI289: X.400 Service Event, severity 12

          (MTA MAIN BASE(1) Proc 26) 06-06-01 08:30:00am
          A connection to X could not be opened.
";

#[test]
fn both_forms_say_the_same() {
    for text in [EVENT_VIEWER, EV0, &EVENT_VIEWER.replace('\n', "\r\n")] {
        let log = read(text);
        let counts: Vec<(u32, u64)> = log.events().map(|(id, it)| (id, it.count)).collect();
        assert_eq!(counts, [(289, 2), (9156, 2), (9298, 1)]);
        assert_eq!(log.pool(), Some(20));
        // One of the two was refused for want of a block; an incoming call has no 289.
        assert_eq!(log.given_up(0).map(|it| it.calls), Some(1));
        assert_eq!(log.lasted(0), Some(Duration::from_secs(1_800)));
        assert_eq!(log.given_up(1), None);
    }
}

#[test]
fn a_log_that_starts_late_does_not_say_how_many_calls_were_given_up() {
    let late = EVENT_VIEWER.replacen("Event ID: 9298", "Event ID: 9215", 1);
    assert_eq!(read(&late).given_up(0), None);
    let restarted = format!("{late}\n{EVENT_VIEWER}");
    assert!(read(&restarted).given_up(0).is_some());
    assert_eq!(read(&restarted).given_up(1), None);
    assert!(read("no event\n").is_empty());
}

/// "The events 9215 and 9214 are not conclusive evidence of this problem" (Q303102).
#[test]
fn the_articles_events_are_symptoms() {
    for id in [9214, 9215] {
        assert_eq!(meaning(id).map(|it| it.0), Some(Weight::Symptom));
    }
    assert_eq!(meaning(4), None);
}

/// A process that failed in the very second may not have come to close the blocks of its calls.
#[test]
fn calls_given_up_as_the_process_failed_are_in_doubt() {
    let text = |seconds: &[(u32, u32)]| -> String {
        let entries = seconds
            .iter()
            .map(|(id, second)| format!("Event ID: {id}\nDate: 6/6/2001 8:00:{second:02} AM\n\n"));
        entries.collect()
    };
    let given_up = |seconds: &[(u32, u32)]| {
        let found = read(&text(seconds)).given_up(0);
        found.map(|it| (it.calls, it.in_doubt))
    };
    let start = (9298, 0);
    let both = [start, (289, 5), (289, 20), (289, 20), (9405, 21)];
    assert_eq!(given_up(&both), Some((3, 2)));
    assert_eq!(given_up(&[start, (289, 20), (9405, 30)]), Some((1, 0)));
    // It went on: the check failed, and that was all.
    let went_on = [start, (289, 20), (9405, 20), (9221, 40)];
    assert_eq!(given_up(&went_on), Some((1, 0)));
    let another = [start, (289, 20), (9405, 20), (289, 50)];
    assert_eq!(given_up(&another), Some((2, 0)));
}

/// The calls given up by one service run, of which the last two in the second of its failure.
const RUN: [(u32, &str); 5] = [
    (9298, "8:00:00"),
    (289, "8:00:05"),
    (289, "8:00:20"),
    (289, "8:00:20"),
    (9405, "8:00:21"),
];

/// The events of [`RUN`] in one form. `{id}` and `{time}` stand for what differs.
fn in_form(form: &str) -> String {
    let entries = RUN.iter().map(|(id, time)| {
        form.replace("{id}", &id.to_string())
            .replace("{time}", time)
    });
    entries.collect()
}

#[test]
fn every_form_that_people_have_says_the_same() {
    let forms = [
        // Articles.
        "Event ID: {id}\nSource: MSExchangeMTA\nDate: 6/6/2001 {time} AM\n\n",
        "Event ID {id}\nDate: 6/6/2001 {time} AM\n\n",
        // The clipboard of Windows 2000, in three languages.
        "Event Type:\tError\nEvent Source:\tMSExchangeMTA\nEvent Category:\tX.400 Service\n\
         Event ID:\t{id}\nDate:\t\t6/6/2001\nTime:\t\t{time} AM\nUser:\t\tN/A\nComputer:\tPARIS\n\
         Description:\nDate: 1/1/1999, source: unknown\n\n",
        "Ereignistyp:\tFehler\r\nEreignisquelle:\tMSExchangeMTA\r\nEreigniskennung:\t{id}\r\n\
         Datum:\t\t06.06.2001\r\nZeit:\t\t{time}\r\nBenutzer:\tN/V\r\nBeschreibung:\r\nx\r\n",
        "Type d'\u{e9}v\u{e9}nement :\tErreur\nSource de l'\u{e9}v\u{e9}nement :\tMSExchangeMTA\n\
         ID de l'\u{e9}v\u{e9}nement :\t{id}\nDate :\t\t06/06/2001\nHeure :\t\t{time}\nDescription :\nx\n",
        // Tables that Event Viewer saves: text, CSV, the columns of later versions.
        "6/6/2001\t{time} AM\tMSExchangeMTA\tError\tX.400 Service \t{id}\tN/A\tPARIS\tA text, with 2 commas, \n",
        "6/6/2001,{time} AM,MSExchangeMTA,Error,X.400 Service ,{id},N/A,PARIS,\"A text\nof two lines\"\n",
        "06.06.2001;{time};MSExchangeMTA;Fehler;(2);{id};N/V;PARIS;x\n",
        "Error,6/6/2001,{time} AM,MSExchangeMTA,X.400 Service ,{id},N/A,PARIS,x\n",
        "Error,6/6/2001 {time} AM,MSExchangeMTA,{id},(2),x\n",
        // Commas in the text of a table with semicolons, lines in quotes that look like other rows.
        "06.06.2001;{time};MSExchangeMTA;Fehler;(2);{id};N/V;PARIS;a, b, c, d, e, f\n",
        "6/6/2001,{time} AM,MSExchangeMTA,Error,(2),{id},N/A,PARIS,\"A text\n1,2,3,4,5,6\nEvent ID: 289\"\n",
        // `dumpel -t` and `psloglist -s`.
        "6/6/2001\t{time} AM\t2\t2\t{id}\tMSExchangeMTA\tN/A\tPARIS\tx\n",
        "17,Application,MSExchangeMTA,WARNING,PARIS,6/6/2001 {time} AM,{id},None,x\n",
        "message NMI{id}: X.400 Service Event, severity 12\n\n          \
         (MTA MAIN BASE(1) Proc 26) 06-06-01 {time}am\n          x\n\n",
    ];
    for form in forms {
        let log = read(&in_form(form));
        let found = log.given_up(0).map(|it| (it.calls, it.in_doubt));
        assert_eq!(found, Some((3, 2)), "{form}");
        assert_eq!(log.lasted(0), Some(Duration::from_secs(21)), "{form}");
        // Latin-1 and UTF-8 do not matter.
        let latin: Vec<u8> = in_form(form).chars().map(|it| it as u8).collect();
        let (mut lines, mut narrow) = (Lines::new(&latin[..]), EventLog::default());
        while let Some(line) = lines.next_line().expect("memory can be read") {
            narrow.on_line(line);
        }
        narrow.finish();
        assert_eq!(narrow.given_up(0), log.given_up(0), "{form}");
    }
}

/// `Export-Csv`: the columns are known by their heading alone.
#[test]
fn a_heading_tells_where_the_columns_are() {
    let rows =
        in_form("{id},PARIS.org.com,1,(2),Warning,\"a, b\",MSExchangeMTA,6/6/2001 {time} AM,\n");
    let heading =
        "EventID,MachineName,Index,Category,EntryType,Message,Source,TimeGenerated,UserName";
    let log = read(&format!("{heading}\n{rows}"));
    let found = log.given_up(0).map(|it| (it.calls, it.in_doubt));
    assert_eq!(found, Some((3, 2)));
    assert_eq!(log.lasted(0), Some(Duration::from_secs(21)));
}

#[test]
fn a_description_may_name_another_event() {
    let text = in_form(
        "Event Type:\tError\nEvent Source:\tMSExchangeMTA\nEvent ID:\t{id}\nDate:\t6/6/2001\n\
         Time:\t{time} AM\nDescription:\nSee also:\nEvent ID: 289\n\n",
    );
    assert_eq!(read(&text).given_up(0).map(|it| it.calls), Some(3));
    // What follows in the form of articles is an event.
    let text = format!("{text}Event ID: 289\nDate: 6/6/2001 8:00:30 AM\n");
    assert_eq!(read(&text).given_up(0).map(|it| it.calls), Some(4));
}

#[test]
fn a_log_that_is_saved_newest_first_is_read_oldest_first() {
    let form = "6/6/2001,{time} AM,MSExchangeMTA,Error,X.400 Service ,{id},N/A,PARIS,x\n";
    let text = in_form(form);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    let header = "Date,Time,Source,Type,Category,Event,User,Computer,Description";
    let log = read(&format!("{header}\n{}\n", lines.join("\n")));
    let found = log.given_up(0).map(|it| (it.calls, it.in_doubt));
    assert_eq!(found, Some((3, 2)));
}

#[test]
fn events_of_other_programs_do_not_count() {
    let form = "6/6/2001,{time} AM,MSExchangeMTA,Error,None,{id},N/A,PARIS,x\n";
    let other = "6/6/2001,8:00:06 AM,MSExchangeIS,Error,None,289,N/A,PARIS,x\n";
    let log = read(&format!("{}{other}", in_form(form)));
    assert_eq!(log.given_up(0).map(|it| it.calls), Some(3));
    assert_eq!(log.notes().len(), 1, "{:?}", log.notes());
}

#[test]
fn a_column_of_times_may_have_no_seconds_or_dots() {
    let forms = [
        "6/6/2001,{time} AM,MSExchangeMTA,Error,None,{id},N/A,PARIS,x\n",
        "Error,6/6/2001 {time} AM,MSExchangeMTA,{id},(2),x\n",
        "06.06.2001;{time};MSExchangeMTA;Fehler;(2);{id};N/V;PARIS;x\n",
        "Event ID:\t{id}\nDate:\t6/6/2001\nTime:\t{time} AM\n\n",
    ];
    for form in forms {
        for times in [["8:00", "8:10"], ["8.00.00", "8.10.00"]] {
            let entry = |id: &str, time| form.replace("{id}", id).replace("{time}", time);
            let log = read(&format!(
                "{}{}",
                entry("9298", times[0]),
                entry("289", times[1])
            ));
            assert_eq!(
                log.lasted(0),
                Some(Duration::from_secs(600)),
                "{form} {times:?}"
            );
        }
    }
}
