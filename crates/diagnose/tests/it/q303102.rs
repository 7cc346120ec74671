//! The excerpts in KB Q303102 get the diagnoses that the article gives.

use diagnose::event_log::{Weight, meaning};
use diagnose::{Allocation, Diagnosis, EventLog, Lines, Parameters, Reader};

const FAILURE: &str = include_str!("data/failure.txt");
const NORMAL: &str = include_str!("data/normal.txt");
const RELEASED: &str = include_str!("data/released.txt");
const EVENTS: &str = include_str!("data/events.txt");

fn diagnose(text: &str) -> Vec<Allocation> {
    let (mut lines, mut reader) = (
        Lines::new(text.as_bytes()),
        Reader::new(Parameters::default(), None),
    );
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut |it| found.push(*it));
    }
    reader.finish(&mut |it| found.push(*it));
    found.sort_by_key(|it| it.cb);
    found
}

/// Block, instance, diagnosis and the lines that it rests on.
type Found = (u16, Option<u32>, Diagnosis, Vec<u64>);

fn found(text: &str) -> Vec<Found> {
    let found = diagnose(text).into_iter().map(|it| {
        (
            it.cb,
            it.instance,
            it.diagnosis,
            it.evidence.lines().to_vec(),
        )
    });
    found.collect()
}

fn without_gaps(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('<'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// "Allocated but never used, disconnected, or closed."
#[test]
fn the_failure_is_a_leak() {
    let wanted: Vec<Found> = vec![(18, Some(21), Diagnosis::Leaked, vec![1, 2, 3, 4, 5])];
    assert_eq!(found(FAILURE), wanted);
    assert_eq!(found(&without_gaps(FAILURE)), wanted);
    assert_eq!(found(&FAILURE.replace('\n', "\r\n")), wanted);
}

/// "A normal example": CB 2 is in use, and so are the others that the thread waits for.
#[test]
fn the_normal_example_is_in_use_until_it_is_released() {
    let verdicts = |text: &str| -> Vec<(u16, Option<u32>, Diagnosis)> {
        found(text)
            .into_iter()
            .map(|it| (it.0, it.1, it.2))
            .collect()
    };
    let in_use = Diagnosis::InUse;
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
            (2, Some(2), Diagnosis::Closed)
        ]
    );
    assert_eq!(verdicts(&whole), verdicts(&without_gaps(&whole)));
    let (.., evidence) = found(&whole).pop().expect("CB 2 is the last");
    let last = whole.lines().count() as u64;
    assert_eq!(evidence.first(), Some(&1));
    assert_eq!(evidence.last(), Some(&last));
}

/// Both excerpts in one text, as on the article's page.
#[test]
fn each_excerpt_gets_its_diagnosis_next_to_the_other() {
    let both = format!("{FAILURE}\n{NORMAL}\n{RELEASED}");
    let leaked: Vec<u16> = diagnose(&both)
        .iter()
        .filter(|it| it.diagnosis == Diagnosis::Leaked)
        .map(|it| it.cb)
        .collect();
    assert_eq!(leaked, [18]);
    assert!(
        diagnose(&both)
            .iter()
            .all(|it| it.cb != 2 || it.diagnosis == Diagnosis::Closed)
    );
}

/// "The events 9215 and 9214 are not conclusive evidence of this problem."
#[test]
fn the_articles_events_are_symptoms() {
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
