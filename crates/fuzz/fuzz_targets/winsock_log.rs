//! No text makes the diagnosis panic, and its counts always add up.
//!
//! The first byte of the input sets how many bytes a read returns, and whether the text is also
//! used as the event log.

#![no_main]

use std::io::{self, Read};

use diagnose::{EventLog, LogKind, Parameters, Lines, Reader, Diagnosis};
use libfuzzer_sys::fuzz_target;

/// Gives its bytes a few at a time, as a pipe may.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let take = self.1.min(self.0.len()).min(into.len());
        let (now, later) = self.0.split_at(take);
        into[..take].copy_from_slice(now);
        self.0 = later;
        Ok(take)
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let at_once = usize::from(first % 64) + 1;
    let events = (first & 0x80 != 0).then(|| {
        let (mut lines, mut events) = (Lines::new(text), EventLog::default());
        while let Ok(Some(line)) = lines.next_line() {
            events.on_line(line);
        }
        events.finish();
        events
    });
    let _kind = LogKind::of(text);
    let mut lives = [0_u64; 5];
    let mut last_line = 0;
    let mut take_in = |life: &diagnose::Allocation| {
        let place = Diagnosis::ALL.iter().position(|it| *it == life.diagnosis);
        lives[place.expect("it is one of them")] += 1;
        let evidence = life.evidence.lines();
        assert!(!evidence.is_empty(), "a verdict rests on something");
        assert!(evidence.is_sorted_by(|one, next| one < next));
        last_line = last_line.max(*evidence.last().expect("it is not empty"));
    };
    let limits = Parameters {
        calls_at_once: Some(usize::from(first % 5)).filter(|it| *it > 0),
        ..Parameters::default()
    };
    let (mut lines, mut reader) = (
        Lines::new(Drops(text, at_once)),
        Reader::new(limits, events.as_ref()),
    );
    while let Some(line) = lines.next_line().expect("memory can be read") {
        reader.on_line(line, &mut take_in);
    }
    let summary = reader.finish(&mut take_in);
    let total = summary.total;
    assert_eq!(
        lives,
        [total.leaked, total.suspected, total.unknown, total.in_use, total.closed]
    );
    assert!(total.allocated <= lives.iter().sum());
    assert!(last_line <= summary.lines);
    let _forecast = summary.last.forecast(20, None);
});
