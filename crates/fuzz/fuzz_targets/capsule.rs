//! A capsule that is read is written again with the same text.

#![no_main]

use explore::Capsule;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(capsule) = Capsule::parse(data) {
        let text = capsule.to_text();
        let again = Capsule::parse(text.as_bytes()).expect("a written capsule can be read");
        assert_eq!(again.to_text(), text);
    }
});
