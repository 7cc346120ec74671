//! A row of a sweep that is read is written again with the same bytes, or was not ours; and a row that
//! is sealed with a right checksum is never a panic, whatever it holds.

#![no_main]

use explore::run_result::RunResult;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(result) = RunResult::from_line(text) {
        let line = result.to_line();
        assert_eq!(RunResult::from_line(&line), Ok(result));
    }
    // What someone writes by hand and seals.
    if let Ok(result) = serde_json::from_str::<RunResult>(text) {
        let line = result.to_line();
        assert_eq!(RunResult::from_line(&line), Ok(result));
    }
});
