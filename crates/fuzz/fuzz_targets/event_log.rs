//! No text makes the reader of event logs panic.

#![no_main]

use diagnose::{EventLog, Lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (mut lines, mut events) = (Lines::new(data), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        events.on_line(line);
    }
    events.finish();
    let ids: Vec<u32> = events.events().map(|(id, _)| id).collect();
    assert_eq!(ids.is_empty(), events.is_empty());
    for from_end in 0..3 {
        let _given_up = events.given_up(from_end);
        let _lasted = events.lasted(from_end);
    }
});
