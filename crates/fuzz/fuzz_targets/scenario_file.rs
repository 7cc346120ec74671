//! No file makes the reader panic; a scenario that is read is written as a file with the same plan;
//! and mistakes are reported within the file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match config::file::load("fuzz.toml", data, &[]) {
        Ok(scenario) => {
            let text = scenario.to_toml();
            match config::file::load("again.toml", text.as_bytes(), &[]) {
                Ok(again) => assert_eq!(again, scenario),
                Err(mistakes) => panic!("{}\n{text}", mistakes.to_human(false)),
            }
        }
        Err(mistakes) => assert!(!mistakes.to_human(false).is_empty()),
    }
});
