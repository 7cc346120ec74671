//! A segment that is decoded has an encoding that decodes to the same segment.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp::wire::{decode, encode};

const SOURCE: u32 = 0x0A00_0001;
const DESTINATION: u32 = 0x0A00_0002;

fuzz_target!(|data: &[u8]| {
    if let Ok(segment) = decode(data, SOURCE, DESTINATION) {
        let bytes = encode(&segment, SOURCE, DESTINATION);
        let again = decode(&bytes, SOURCE, DESTINATION).expect("an encoded segment can be decoded");
        assert_eq!(again, segment);
    }
});
