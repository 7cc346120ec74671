//! The two excerpts of Q303102 have the article's two answers.

use diagnose::event_log::{Weight, meaning};
use diagnose::{Entry, EventLog, Limits, Lines, Reader, Verdict};

const FAILURE: &str = include_str!("failure.txt");
const NORMAL: &str = include_str!("normal.txt");
const RELEASED: &str = include_str!("released.txt");
const EVENTS: &str = include_str!("events.txt");

fn diagnose(text: &str) -> Vec<Entry> {
    let (mut lines, mut reader) = (
        Lines::new(text.as_bytes()),
        Reader::new(Limits::default(), None),
    );
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |life| found.push(*life));
    }
    reader.finish(&mut |life| found.push(*life));
    found.sort_by_key(|life| life.cb);
    found
}

/// Block, instance, verdict and the lines that it rests on.
type Told = (u16, Option<u32>, Verdict, Vec<u64>);

fn told(text: &str) -> Vec<Told> {
    let lives = diagnose(text).into_iter();
    let told = lives.map(|it| (it.cb, it.instance, it.verdict, it.evidence.lines().to_vec()));
    told.collect()
}

fn without_gaps(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('<'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// "Allocated but never used, disconnected, or closed."
#[test]
fn the_failure_is_a_leak() {
    let wanted: Vec<Told> = vec![(18, Some(21), Verdict::Leaked, vec![1, 2, 3, 4, 5])];
    assert_eq!(told(FAILURE), wanted);
    assert_eq!(told(&without_gaps(FAILURE)), wanted);
    assert_eq!(told(&FAILURE.replace('\n', "\r\n")), wanted);
}

/// "A normal example": CB 2 is in use, as are those that the thread waits for besides.
#[test]
fn the_normal_example_is_in_use_until_it_is_released() {
    let verdicts = |text: &str| -> Vec<(u16, Option<u32>, Verdict)> {
        told(text)
            .into_iter()
            .map(|it| (it.0, it.1, it.2))
            .collect()
    };
    let in_use = Verdict::InUse;
    assert_eq!(
        verdicts(NORMAL),
        [(0, None, in_use), (1, None, in_use), (2, Some(2), in_use)]
    );
    let whole = format!("{NORMAL}{RELEASED}");
    assert_eq!(
        verdicts(&whole),
        [
            (0, None, in_use),
            (1, None, in_use),
            (2, Some(2), Verdict::Closed)
        ]
    );
    assert_eq!(verdicts(&whole), verdicts(&without_gaps(&whole)));
    let (.., evidence) = told(&whole).pop().expect("CB 2 is the last");
    let last = whole.lines().count() as u64;
    assert_eq!(evidence.first(), Some(&1));
    assert_eq!(evidence.last(), Some(&last));
}

/// Both in one text, as on the article's page; blocks that it does not name are not known.
#[test]
fn each_keeps_its_answer_beside_the_other() {
    let both = format!("{FAILURE}\n{NORMAL}\n{RELEASED}");
    let leaked: Vec<u16> = diagnose(&both)
        .iter()
        .filter(|it| it.verdict == Verdict::Leaked)
        .map(|it| it.cb)
        .collect();
    assert_eq!(leaked, [18]);
    assert!(
        diagnose(&both)
            .iter()
            .all(|it| it.cb != 2 || it.verdict == Verdict::Closed)
    );
}

/// "The events 9215 and 9214 are not conclusive evidence of this problem."
#[test]
fn its_events_are_symptoms() {
    let (mut lines, mut log) = (Lines::new(EVENTS.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.finish();
    let ids: Vec<u32> = log.events().map(|(id, _)| id).collect();
    assert_eq!(ids, [9214, 9215]);
    assert!(
        ids.iter()
            .all(|id| meaning(*id).map(|it| it.0) == Some(Weight::Symptom))
    );
    assert!(diagnose(EVENTS).is_empty());
}
